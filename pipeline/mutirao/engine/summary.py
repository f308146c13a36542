"""Sums over the finished tiles of a build: areas, transitions, conflicts, effect of the chain. Memory does not grow
with the map."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import pandas as pd

from mutirao.change.transitions import crosstab_ha
from mutirao.engine.chaintables import ChainSums
from mutirao.engine.inputs import Inputs
from mutirao.engine.tileprogram import KINDS, KINDS_HA, tally_in
from mutirao.filters.tally import Sums
from mutirao.grid import Tile
from mutirao.io.vectors import Zones
from mutirao.legend import NODATA
from mutirao.statistics.areas import areas_by_zone
from mutirao.statistics.decided import decided_ha

Block = Mapping[str, np.ndarray]
WHOLE = "all"


@dataclass(frozen=True, slots=True)
class TileSums:
    """What one tile adds to a summary, in hectares."""

    areas: list[tuple[np.ndarray, np.ndarray]]
    """By level: numbers of the territories that the tile holds, and (territory, year, class) of these."""
    transitions: dict[tuple[int, int], np.ndarray]
    """(class before, class after) by pair of years."""
    decided: np.ndarray
    """(year, module, class, modules against)"""
    conflicts: list[tuple[tuple[int, ...], float]]
    """By kind, as `integration.conflicts.Conflicts`."""
    chain: Sums


def _areas_here(classes: np.ndarray, codes: np.ndarray, pixel_ha: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return the territories of a tile and the areas of these alone; there may be thousands elsewhere."""
    present = np.flatnonzero(np.bincount(codes.ravel()))
    places = np.zeros(int(present[-1]) + 1, np.int32)
    places[present] = np.arange(len(present))
    return present, areas_by_zone(classes, places[codes], pixel_ha, len(present) - 1)


class Summary:
    """Adds up blocks and gives tables with names instead of codes."""

    def __init__(self, inputs: Inputs) -> None:
        self.inputs = inputs
        years, modules = len(inputs.years), len(inputs.modules)
        everywhere = np.broadcast_to(np.uint16(1), inputs.collection.grid.shape)
        whole = Zones(WHOLE, (WHOLE,), (inputs.collection.title,), everywhere, "")
        self.levels = (whole, *inputs.zones)
        self.areas = [np.zeros((len(zones.ids) + 1, years, 256)) for zones in self.levels]
        self.transitions = {pair: np.zeros((256, 256)) for pair in pairs_of(inputs.years)}
        self.decided = np.zeros((years, modules + 1, 256, modules + 1))
        self.conflicts: defaultdict[tuple[int, ...], float] = defaultdict(float)
        self.chain = ChainSums(inputs.steps, inputs.years, inputs.legend)

    def add(self, tile: Tile, block: Block) -> None:
        """Add one finished tile."""
        self.add_sums(self.sums_of(tile, block))

    def sums_of(self, tile: Tile, block: Block) -> TileSums:
        """Sum up one finished tile; changes nothing, so that threads may do it for several tiles at once."""
        pixel_ha = np.broadcast_to(self.inputs.collection.grid.areas_ha(tile), tile.shape)
        classes, first = block["class"], self.inputs.years[0]
        return TileSums(
            areas=[_areas_here(classes, zones.codes[tile.slices], pixel_ha) for zones in self.levels],
            transitions={
                (before, after): crosstab_ha(classes[before - first], classes[after - first], pixel_ha)
                for before, after in self.transitions
            },
            decided=decided_ha(
                block["source"], block["integrated"], block["conflict"], pixel_ha, len(self.inputs.modules)
            ),
            conflicts=list(zip(map(tuple, block[KINDS].tolist()), block[KINDS_HA].tolist(), strict=True)),
            chain=tally_in(block),
        )

    def add_sums(self, sums: TileSums) -> None:
        """Add the sums of one tile."""
        for areas, (zones, here) in zip(self.areas, sums.areas, strict=True):
            areas[zones] += here
        for pair, table in sums.transitions.items():
            self.transitions[pair] += table
        self.decided += sums.decided
        for kind, area in sums.conflicts:
            self.conflicts[kind] += area
        self.chain.add(sums.chain)

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
        return pd.concat(
            [self._areas_of(zones, areas[1:]) for zones, areas in zip(self.levels, self.areas, strict=True)],
            ignore_index=True,
        )

    def _areas_of(self, zones: Zones, areas: np.ndarray) -> pd.DataFrame:
        """Return the rows of one level; a class that a territory has in any year is told for all years."""
        present = np.broadcast_to(areas.any(axis=1, keepdims=True), areas.shape)
        zone, t, code = np.nonzero(present)
        names = np.array([self._name(code) for code in range(256)], object)
        return pd.DataFrame(
            {
                "territory_level": zones.level,
                "territory_id": np.array(zones.ids, object)[zone],
                "territory_name": np.array(zones.names, object)[zone],
                "year": np.array(self.inputs.years)[t],
                "class_code": code,
                "class_name": names[code],
                "area_ha": areas[zone, t, code].round(6),
            }
        )

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
