"""Sums over the finished tiles of a build: areas, transitions, conflicts, effect of the chain. Memory does not grow
with the map."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from itertools import pairwise

import numpy as np
import pandas as pd

from mutirao.change.transitions import crosstab_ha
from mutirao.engine.chaintables import ChainSums
from mutirao.engine.inputs import Inputs
from mutirao.engine.tileprogram import KINDS, KINDS_HA, LAYERS, tally_in
from mutirao.grid import Tile
from mutirao.io.vectors import Zones
from mutirao.legend import NODATA
from mutirao.statistics.areas import areas_by_zone

Block = Mapping[str, np.ndarray]
WHOLE = "all"


class Summary:
    """Adds up blocks and gives tables with names instead of codes."""

    def __init__(self, inputs: Inputs) -> None:
        self.inputs = inputs
        years, modules = len(inputs.years), len(inputs.modules)
        whole = Zones(
            WHOLE, (WHOLE,), (inputs.collection.title,), np.ones(inputs.collection.grid.shape, np.uint16), None
        )
        self.levels = (whole, *inputs.zones)
        self.areas = [np.zeros((len(zones.ids) + 1, years, 256)) for zones in self.levels]
        self.transitions = {pair: np.zeros((256, 256)) for pair in pairs_of(inputs.years)}
        self.decided = np.zeros((years, modules + 1, 256, modules + 1))
        self.conflicts: defaultdict[tuple[int, ...], float] = defaultdict(float)
        self.chain = ChainSums(inputs.steps, inputs.years, inputs.legend)

    def add(self, tile: Tile, block: Block) -> None:
        """Add one finished tile."""
        pixel_ha = np.broadcast_to(self.inputs.collection.grid.areas_ha(tile), tile.shape)
        for zones, areas in zip(self.levels, self.areas, strict=True):
            areas += areas_by_zone(block["class"], zones.codes[tile.slices], pixel_ha, len(zones.ids))
        first = self.inputs.years[0]
        for (before, after), table in self.transitions.items():
            table += crosstab_ha(block["class"][before - first], block["class"][after - first], pixel_ha)
        for t in range(len(self.inputs.years)):
            self._add_year(t, {name: block[name][t] for name in LAYERS}, pixel_ha)
        for kind, area in zip(block[KINDS].tolist(), block[KINDS_HA].tolist(), strict=True):
            self.conflicts[tuple(kind)] += area
        self.chain.add(tally_in(block))

    def _add_year(self, t: int, block: Block, pixel_ha: np.ndarray) -> None:
        np.add.at(self.decided[t], (block["source"], block["integrated"], block["conflict"]), pixel_ha)

    def hole_ha(self) -> float:
        """Hectares and years that no rule took and the chain did not fill, in the worst year."""
        return float(self.areas[0][1, :, NODATA].max())

    @property
    def unconfirmed(self) -> tuple[int, ...]:
        """Last years that no step of the chain judges."""
        return self.chain.unconfirmed

    def tables(self) -> dict[str, pd.DataFrame]:
        """Return the tables of the build by name."""
        return {
            "areas": self._area_table(),
            "transitions": self._transition_table(),
            "decisions": self._decision_table(),
            "conflicts": self._conflict_table(),
            **self.chain.tables(),
        }

    def _area_table(self) -> pd.DataFrame:
        rows = [
            (zones.level, zone_id, name, year, code, self._name(code), areas[zone, t, code])
            for zones, areas in zip(self.levels, self.areas, strict=True)
            for zone, (zone_id, name) in enumerate(zip(zones.ids, zones.names, strict=True), start=1)
            for t, year in enumerate(self.inputs.years)
            for code in np.flatnonzero(areas[zone].any(axis=0)).tolist()
        ]
        place = ("territory_level", "territory_id", "territory_name")
        return _frame(rows, (*place, "year", "class_code", "class_name", "area_ha"))

    def _transition_table(self) -> pd.DataFrame:
        rows = [
            (first, last, *self._pair(old, new), table[old, new])
            for (first, last), table in self.transitions.items()
            for old, new in np.argwhere(table).tolist()
        ]
        return _frame(rows, ("year_from", "year_to", *_PAIR, "area_ha"))

    def _decision_table(self) -> pd.DataFrame:
        names = ["", *(module.id for module in self.inputs.modules)]
        rows = [
            (
                self.inputs.years[t],
                names[source],
                code,
                self._name(code),
                conflicts,
                self.decided[t, source, code, conflicts],
            )
            for t, source, code, conflicts in np.argwhere(self.decided).tolist()
        ]
        return _frame(rows, ("year", "module", "class_code", "class_name", "modules_against", "area_ha"))

    def _conflict_table(self) -> pd.DataFrame:
        modules = ["", *(module.id for module in self.inputs.modules)]
        rules = ["", *(rule.id for rule in self.inputs.rules)]
        rows = [
            (
                self.inputs.years[t],
                modules[a],
                *self._class(in_a),
                modules[b],
                *self._class(in_b),
                modules[w],
                rules[r],
                ha,
            )
            for (t, a, in_a, b, in_b, w, r), ha in sorted(self.conflicts.items())
        ]
        sides = ("module_a", "class_a", "name_a", "module_b", "class_b", "name_b")
        frame = _frame(rows, ("year", *sides, "winner", "rule", "area_ha"))
        return frame.sort_values("area_ha", ascending=False, kind="stable", ignore_index=True)

    def _pair(self, old: int, new: int) -> tuple[int, str, int, str]:
        return *self._class(old), *self._class(new)

    def _class(self, code: int) -> tuple[int, str]:
        return code, self._name(code)

    def _name(self, code: int) -> str:
        known = self.inputs.legend.by_code.get(code)
        return known.title() if known else "No data"


_PAIR = ("class_from", "name_from", "class_to", "name_to")


def pairs_of(years: tuple[int, ...]) -> list[tuple[int, int]]:
    """Return each pair of consecutive years, and the first with the last."""
    pairs = list(pairwise(years))
    return pairs if len(years) < 3 else [*pairs, (years[0], years[-1])]


def _frame(rows: Iterable[tuple[object, ...]], columns: tuple[str, ...]) -> pd.DataFrame:
    frame = pd.DataFrame(list(rows), columns=list(columns))
    return frame.assign(area_ha=frame["area_ha"].astype(float).round(6))
