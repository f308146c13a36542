"""What a chain did to a map, for people: tables, years that it cannot judge yet, and where it rewrote how often."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import pandas as pd

from mutirao.engine.build import Build
from mutirao.engine.stack import ChainOnStack
from mutirao.errors import UsageError
from mutirao.grid import Grid, Tile

_REWRITE = ("year", "name_from", "name_to", "area_ha")
MAX_SIDE = 1024
"""Of the picture, in cells; a cell of several pixels shows the highest of their counts."""


class StepRow(NamedTuple):
    """A row of `chaintables.FILTER_STEPS`."""

    step: int
    title: str
    kind: str
    """The filter; nothing for the whole chain."""
    series: int
    series_ha: float
    rewritten_ha: float
    changes_before: float
    changes_after: float


class Rewrite(NamedTuple):
    """Hectares from one class to another."""

    name_from: str
    name_to: str
    area_ha: float
    by_year: list[float]


@dataclass(frozen=True)
class ChainReport:
    """A chain's work on one map."""

    title: str
    """Of what, in words."""
    years: tuple[int, ...]
    steps: pd.DataFrame
    """`chaintables.FILTER_STEPS`; row 0 is the whole chain."""
    filters: pd.DataFrame
    """Rewrites by step, year and classes: `chaintables.FILTERS`."""
    net: pd.DataFrame
    """What the rewrites come to in the end, by year and classes."""
    judged: pd.DataFrame
    """`chaintables.FILTER_YEARS`."""
    picture: np.ndarray
    """(y, x) uint16, how often the chain rewrote a pixel, summed over steps and years."""

    @property
    def unconfirmed(self) -> list[int]:
        """Last years that no step can judge before later years are known."""
        return [int(year) for year in self.judged["year"][self.judged["unconfirmed"]]]

    def rows(self) -> list[StepRow]:
        """Return what each step did; the first row is the whole chain."""
        return [StepRow(*values) for values in self.steps.itertuples(index=False, name=None)]

    def rewrites(self, step: int) -> list[Rewrite]:
        """Return the rewrites of a step, or those of the whole chain for 0; largest first."""
        rows = self.filters[self.filters["step"] == step] if step else self.net
        found: defaultdict[tuple[str, str], dict[int, float]] = defaultdict(dict)
        for year, old, new, area_ha in zip(*(rows[name] for name in _REWRITE), strict=True):
            found[old, new][year] = area_ha
        listed = (
            Rewrite(*names, sum(by_year.values()), [by_year.get(year, 0.0) for year in self.years])
            for names, by_year in found.items()
        )
        return sorted(listed, key=lambda rewrite: -rewrite.area_ha)

    def as_json(self) -> dict[str, object]:
        """Return everything but the picture as plain values."""
        tables = {"steps": self.steps, "filters": self.filters, "net": self.net, "years": self.judged}
        return {
            "of": self.title,
            "unconfirmed": self.unconfirmed,
            **{name: frame.to_dict(orient="records") for name, frame in tables.items()},
        }


def report_of_build(build: Build) -> ChainReport:
    """Return what the chain of a build did.

    Raises
    ------
    UsageError
        B110: the build was made before builds kept that.
    """
    if not (build.folder / "tables" / "filter_steps.parquet").is_file():
        remedy = f"make it again with 'mutirao build {build.record.collection}'"
        message = "the build is of an older version of mutirao and does not tell what each step did"
        raise UsageError.because("B110", message, where=str(build.folder), remedy=remedy)
    names = ("filter_steps", "filters", "filter_chain", "filter_years")
    tables = {name: build.table(name) for name in names}
    title = f"{build.record.collection}, build {build.folder.name}"
    return _report(title, build.record.years, tables, picture_of(build.grid, build.rewrites()))


def report_of_stack(chain: ChainOnStack) -> ChainReport:
    """Run a chain on yearly rasters and return what it did."""
    sums, rewrites = chain.run()
    grid = chain.stack.grid
    return _report(chain.title, chain.stack.years, sums.tables(), picture_of(grid, [(grid.whole, rewrites)]))


def _report(title: str, years: tuple[int, ...], tables: Mapping[str, pd.DataFrame], picture: np.ndarray) -> ChainReport:
    return ChainReport(
        title=title,
        years=years,
        steps=tables["filter_steps"],
        filters=tables["filters"],
        net=tables["filter_chain"],
        judged=tables["filter_years"],
        picture=picture,
    )


def picture_of(grid: Grid, tiles: Iterable[tuple[Tile, np.ndarray]]) -> np.ndarray:
    """Return counts in no more than `MAX_SIDE` rows and columns; a cell shows the highest of its pixels."""
    cell = -(-max(grid.shape) // MAX_SIDE)
    picture = np.zeros([-(-side // cell) for side in grid.shape], np.uint16)
    for tile, counts in tiles:
        rows, columns = np.ogrid[tile.slices]
        np.maximum.at(picture, (rows // cell, columns // cell), counts)
    return picture
