"""Sums over the finished tiles of a build: areas, transitions, conflicts, effect of the chain, digests. Memory does not
grow with the map."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd

from mutirao.engine.chaintables import ChainSums
from mutirao.engine.inputs import Inputs
from mutirao.engine.layerdigests import layer_digests
from mutirao.engine.tileprogram import CHANGES, DECISIONS, DIGESTS, KINDS, KINDS_HA, LAYERS, TALLY, tally_in
from mutirao.filters.tally import Sums
from mutirao.grid import Tile
from mutirao.io.vectors import Zones
from mutirao.legend import NODATA
from mutirao.statistics.areas import areas_by_zone
from mutirao.statistics.kinds import KindSums

Block = Mapping[str, np.ndarray]
Kinds = tuple[np.ndarray, np.ndarray]
"""(n, column) integers and (n,) float64, hectares."""
WHOLE = "all"
NEEDED = ("class", KINDS, KINDS_HA, *TALLY, *CHANGES, *DECISIONS, DIGESTS)
"""Arrays of a finished tile that are summed up."""


@dataclass(frozen=True, slots=True)
class TileSums:
    """What one tile adds to a summary, in hectares."""

    areas: list[tuple[np.ndarray, np.ndarray]]
    """By level: numbers of the territories that the tile holds, and (territory, year, class) of these."""
    transitions: Kinds
    """By index of two years and class in each."""
    decided: Kinds
    """By index of the year, module, class and modules against it."""
    conflicts: Kinds
    """By kind, as `integration.conflicts.Conflicts`."""
    chain: Sums
    digests: np.ndarray
    """(layer, 32) uint8"""


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
        everywhere = np.broadcast_to(np.uint16(1), inputs.collection.grid.shape)
        whole = Zones(WHOLE, (WHOLE,), (inputs.collection.title,), everywhere, "")
        self.levels = (whole, *inputs.zones)
        self.areas = [np.zeros((len(zones.ids) + 1, len(inputs.years), 256)) for zones in self.levels]
        self.transitions, self.decided = KindSums((16, 16, 8, 8)), KindSums((16, 16, 8, 16))
        self.conflicts = KindSums((8, 8, 8, 8, 8, 8, 16))
        self.digests: list[np.ndarray] = []
        self.names = np.array([self._name(code) for code in range(256)], object)
        self.chain = ChainSums(inputs.steps, inputs.years, inputs.legend)

    def add(self, tile: Tile, block: Block) -> None:
        """Add one finished tile, as `sums_of` and `add_sums`."""
        self.add_sums(self.sums_of(tile, block))

    def sums_of(self, tile: Tile, block: Block) -> TileSums:
        """Sum up one finished tile, given its arrays `NEEDED`; threads may do it for several tiles at once."""
        pixel_ha = np.broadcast_to(self.inputs.collection.grid.areas_ha(tile), tile.shape)
        return TileSums(
            areas=[_areas_here(block["class"], zones.codes[tile.slices], pixel_ha) for zones in self.levels],
            transitions=_kinds_in(block, CHANGES),
            decided=_kinds_in(block, DECISIONS),
            conflicts=_kinds_in(block, (KINDS, KINDS_HA)),
            chain=tally_in(block),
            digests=block[DIGESTS],
        )

    def add_sums(self, sums: TileSums) -> None:
        """Add the sums of one tile; tiles come in the order of the grid."""
        for areas, (zones, here) in zip(self.areas, sums.areas, strict=True):
            areas[zones] += here
        self.transitions.add(*sums.transitions)
        self.decided.add(*sums.decided)
        self.conflicts.add(*sums.conflicts)
        self.chain.add(sums.chain)
        self.digests.append(sums.digests)

    def hole_ha(self) -> float:
        """Hectares and years that no rule took and the chain did not fill, in the worst year."""
        return float(self.areas[0][1, :, NODATA].max())

    @property
    def unconfirmed(self) -> tuple[int, ...]:
        """Last years that no step of the chain judges."""
        return self.chain.unconfirmed

    def pixels(self) -> dict[str, str]:
        """Return the digest of all pixels by layer."""
        return layer_digests(LAYERS, self.digests, self.inputs.collection.grid, len(self.inputs.years))

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
        return pd.DataFrame(
            {
                "territory_level": zones.level,
                "territory_id": np.array(zones.ids, object)[zone],
                "territory_name": np.array(zones.names, object)[zone],
                "year": self._year(t),
                **self._class("class_code", "class_name", code),
                "area_ha": areas[zone, t, code].round(6),
            }
        )

    def _transition_table(self) -> pd.DataFrame:
        (before, after, old, new), area_ha = _columns(self.transitions)
        classes = self._class("class_from", "name_from", old) | self._class("class_to", "name_to", new)
        years = {"year_from": self._year(before), "year_to": self._year(after)}
        return pd.DataFrame({**years, **classes, "area_ha": area_ha})

    def _decision_table(self) -> pd.DataFrame:
        (t, module, code, against), area_ha = _columns(self.decided)
        who = {"year": self._year(t), "module": self._modules()[module]}
        what = self._class("class_code", "class_name", code)
        return pd.DataFrame({**who, **what, "modules_against": against, "area_ha": area_ha})

    def _conflict_table(self) -> pd.DataFrame:
        (t, a, in_a, b, in_b, winner, rule), area_ha = _columns(self.conflicts)
        modules, rules = self._modules(), np.array(["", *(rule.id for rule in self.inputs.rules)], object)
        frame = pd.DataFrame(
            {
                "year": self._year(t),
                "module_a": modules[a],
                **self._class("class_a", "name_a", in_a),
                "module_b": modules[b],
                **self._class("class_b", "name_b", in_b),
                "winner": modules[winner],
                "rule": rules[rule],
                "area_ha": area_ha,
            }
        )
        return frame.sort_values("area_ha", ascending=False, kind="stable", ignore_index=True)

    def _year(self, t: np.ndarray) -> np.ndarray:
        return np.array(self.inputs.years).take(t)

    def _modules(self) -> np.ndarray:
        return np.array(["", *(module.id for module in self.inputs.modules)], object)

    def _class(self, code_column: str, name_column: str, codes: np.ndarray) -> dict[str, np.ndarray]:
        return {code_column: codes, name_column: self.names[codes]}

    def _name(self, code: int) -> str:
        known = self.inputs.legend.by_code.get(code)
        return known.title() if known else "No data"


def _kinds_in(block: Block, names: tuple[str, str]) -> Kinds:
    kinds, area_ha = (block[name] for name in names)
    return kinds, area_ha


def _columns(sums: KindSums) -> Kinds:
    """Return the columns of all kinds, and hectares as tables tell them."""
    kinds, area_ha = sums.table()
    return kinds.T, area_ha.round(6)
