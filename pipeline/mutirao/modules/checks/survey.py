"""The survey: everything the checks want to know of the pixels, in one pass.

All years are read in bands of rows from north to south, so that memory holds one band of each year however tall the map
is. Reading, and what is counted by year, goes to threads by year; what is counted over the years goes to threads by
runs of rows. Years that cannot be placed on the collection's grid are counted by value only.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass, field

import numpy as np

from mutirao.errors import Finding
from mutirao.grid import Grid, Tile
from mutirao.io.rasters import RasterError
from mutirao.modules.checks import kernels
from mutirao.modules.checks.beside import Beside, BesideSums
from mutirao.modules.checks.kernels import LandSums, SeriesSums, YearSums
from mutirao.modules.checks.others import Others
from mutirao.modules.checks.patches import SmallPatches
from mutirao.modules.checks.stream import Plane, Recoding, Tally, reading

CELLS = 256
"""Cells along the longer side of the map, at most; what has a place is kept by cell."""
MOST_BYTES = 256 << 20
"""Of the classes of one band, all years together."""
BAND = 512
"""Rows of a band, unless that takes too much memory: a row of blocks of most files."""
THREADS = min(4, os.cpu_count() or 1)


@dataclass(frozen=True, slots=True)
class Task:
    """What is to be surveyed."""

    grid: Grid
    """The collection's."""
    planes: Mapping[int, Plane]
    """uint8 values as handed in, by year; all years that can be decoded."""
    placed: Sequence[int]
    """Years that lie on the module's grid, in order."""
    recoding: Recoding | None
    """From values to numbers of `codes` on the collection's grid; none if the module's grid does not nest in it."""
    codes: tuple[int, ...]
    """Legend code by number; the first is 0."""
    territory: np.ndarray | None = None
    """(y, x) bool on the collection's grid; none if it is not known."""
    previous: Mapping[int, Plane] = field(default_factory=dict)
    """Legend codes on the collection's grid of the version before, by year."""
    smallest_ha: float | None = None
    """Minimum mapping unit."""
    watched: tuple[tuple[int, int], ...] = ()
    """Numbers of classes that hardly follow each other, of which the places are wanted."""
    others: Others = field(default_factory=Others)
    """Maps of others to compare with."""
    most_years: int = 5
    """Years that are weighed under the rules and compared with a release."""


@dataclass(frozen=True, slots=True)
class Survey:
    """What one pass over the pixels found; see `kernels` for the sums. Arrays by year are in the order of `years`."""

    grid: Grid
    codes: tuple[int, ...]
    years: tuple[int, ...]
    """Years on the grid."""
    cell: int
    """Side of a cell [pixels]."""
    counts: Mapping[int, dict[int, int]]
    """Pixels by local value, by year."""
    digests: Mapping[int, str]
    """sha256 of the local values, by year."""
    unreadable: Mapping[int, Finding]
    """M202 by year whose file opens and cannot be decoded to its end."""
    by_year: tuple[YearSums, ...]
    land: tuple[LandSums, ...]
    """Empty if the territory is not known."""
    land_ha: float
    """Hectares of the territory; of the map if the territory is not known."""
    series: SeriesSums
    small_ha: np.ndarray | None
    """(year, class) hectares in patches below the minimum mapping unit; none if there is none."""
    compared: tuple[int, ...]
    """Years that the version before has too."""
    from_to_ha: np.ndarray
    """(compared year, class, class) hectares by class before and now, where they differ."""
    difference_cells: np.ndarray
    """(compared year, cell row, cell column) pixels that differ."""
    beside: BesideSums = field(default_factory=BesideSums)
    """What was found in maps of others."""

    @property
    def area_ha(self) -> np.ndarray:
        """(year, class) float64 hectares; the first column is no claim."""
        return np.array([sums.area_ha for sums in self.by_year]).reshape(len(self.years), len(self.codes))

    @property
    def pixels(self) -> np.ndarray:
        """(year, class) int64 pixels."""
        return np.array([sums.pixels for sums in self.by_year]).reshape(len(self.years), len(self.codes))


def take_survey(task: Task) -> Survey:
    """Read everything once.

    A year of which a block cannot be decoded is left out, named in `unreadable`, and the pass begins again.
    """
    unreadable: dict[int, Finding] = {}
    while True:
        planes = {year: plane for year, plane in task.planes.items() if year not in unreadable}
        try:
            return _Pass(task, planes).run(unreadable)
        except _Broken as broken:
            unreadable[broken.year] = broken.finding


class _Broken(Exception):  # noqa: N818 - it begins the pass again, it is no error of the program
    """A year cannot be decoded."""

    def __init__(self, year: int, finding: Finding) -> None:
        self.year, self.finding = year, finding


class _Pass:
    """One pass: the arrays that sums are added to, and the bands."""

    def __init__(self, task: Task, planes: Mapping[int, Plane]) -> None:
        self.task, self.planes = task, planes
        self.years = tuple(year for year in task.placed if year in planes and task.recoding)
        self.compared = tuple(year for year in self.years if year in task.previous)
        rows, columns = task.grid.shape
        self.cell = max(1, -(-max(rows, columns) // CELLS))
        self.cells = (-(-rows // self.cell), -(-columns // self.cell))
        self.watched = np.zeros((len(task.codes), len(task.codes)), bool)
        for pair in task.watched:
            self.watched[pair] = True
        self._make_room(rows, columns, len(task.codes))
        self.beside = Beside(task.others, task.grid, self.years, task.codes, self.cell, self.cells, task.most_years)

    def _make_room(self, rows: int, columns: int, classes: int) -> None:
        task, years = self.task, self.years
        self.by_year = tuple(_year_sums(rows, columns, classes, self.cells) for _ in years)
        self.land = tuple(_land_sums(self.cells) for _ in years) if task.territory is not None else ()
        self.land_ha = 0.0
        self.series = [_series_sums(len(years), classes, self.cells) for _ in range(THREADS)]
        smallest = task.smallest_ha
        self.patches = [SmallPatches(classes, columns, smallest) for _ in years] if smallest is not None else []
        self.from_to_ha = np.zeros((len(self.compared), classes, classes))
        self.difference_cells = np.zeros((len(self.compared), *self.cells), np.int32)
        self.steps = np.diff(np.array(years, np.int64)) == 1
        self.rank = np.zeros(256, np.uint8)
        self.rank[list(task.codes)] = np.arange(classes)

    def run(self, unreadable: Mapping[int, Finding]) -> Survey:
        """Go over the rows of all years once; `unreadable` are the years that could not be opened."""
        with ExitStack() as stack, ThreadPoolExecutor(THREADS) as self.pool:
            self.tallies = {year: Tally(self._open(stack, year), plane.shape[0]) for year, plane in self.planes.items()}
            self.before = {year: stack.enter_context(reading(self.task.previous[year])) for year in self.compared}
            if self.years:
                for top, cube in self._bands():
                    self._count(top, cube)
                    self.beside.add(top, cube, self.pool)
            digests = dict(zip(self.planes, self.pool.map(self._finish, self.planes), strict=True))
        return self._result(digests, unreadable)

    def _open(self, stack: ExitStack, year: int):  # type: ignore[no-untyped-def]
        try:
            return stack.enter_context(reading(self.planes[year]))
        except RasterError as err:
            raise _Broken(year, err.findings[0]) from err

    def _finish(self, year: int) -> str:
        try:
            return self.tallies[year].finish()
        except RasterError as err:
            raise _Broken(year, err.findings[0]) from err

    def _bands(self) -> Iterator[tuple[int, np.ndarray]]:
        """Yield the first row and (year, row + 2, x) numbers of classes of bands that follow each other.

        The last two rows of a band are kept: one of them becomes the first row that counts, the other its halo.
        """
        height, width = self.task.grid.shape
        side = int(np.clip(MOST_BYTES // (len(self.years) * width), 1, BAND))
        buffer = np.zeros((len(self.years), side + 3, width), np.uint8)
        held, first = 1, -1
        for top in range(0, height, side):
            bottom = min(top + side, height)
            list(self.pool.map(lambda k: self._fill(k, buffer, held, top, bottom), range(len(self.years))))  # noqa: B023
            held += bottom - top
            if bottom == height:
                buffer[:, held] = 0
                held += 1
            if held > 2:
                yield first + 1, buffer[:, :held]
            first += held - 2
            buffer[:, :2] = buffer[:, held - 2 : held].copy()
            held = 2

    def _fill(self, k: int, buffer: np.ndarray, held: int, top: int, bottom: int) -> None:
        year, recoding = self.years[k], self.task.recoding
        assert recoding  # without one there are no years here
        try:
            buffer[k, held : held + bottom - top] = recoding.rows(self.tallies[year], top, bottom)
        except RasterError as err:
            raise _Broken(year, err.findings[0]) from err

    def _count(self, top: int, cube: np.ndarray) -> None:
        rows, columns = cube.shape[1] - 2, cube.shape[2]
        window = Tile("band", top, top + rows, 0, columns)
        pixel_ha = np.broadcast_to(self.task.grid.areas_ha(window), (rows, columns))
        territory = self.task.territory
        inside = np.ones((rows, columns), bool) if territory is None else territory[top : top + rows]
        self.land_ha += float(pixel_ha.sum(where=inside))
        list(self.pool.map(lambda k: self._count_year(k, top, cube[k], pixel_ha, inside), range(len(cube))))
        edges = np.linspace(0, rows, THREADS + 1).astype(int)
        list(self.pool.map(lambda k: self._count_series(k, top, cube, pixel_ha, inside, edges), range(THREADS)))

    def _count_year(self, k: int, top: int, plane: np.ndarray, pixel_ha: np.ndarray, inside: np.ndarray) -> None:
        kernels.count_year(plane, pixel_ha, top, self.cell, self.by_year[k])
        core, year = plane[1:-1], self.years[k]
        if self.land:
            kernels.count_land(core, inside, pixel_ha, top, self.cell, self.land[k])
        if self.patches:
            self.patches[k].add(core, pixel_ha)
        if year in self.before:
            old = kernels.recode(self.before[year](top, top + len(core)), self.rank)
            place = self.compared.index(year)
            sums = self.from_to_ha[place], self.difference_cells[place]
            kernels.count_difference(old, core, pixel_ha, top, self.cell, *sums)

    def _count_series(
        self, k: int, top: int, cube: np.ndarray, pixel_ha: np.ndarray, inside: np.ndarray, edges: np.ndarray
    ) -> None:
        rows = slice(edges[k], edges[k + 1])
        core = cube[:, 1:-1][:, rows]
        kernels.count_series(
            core, inside[rows], pixel_ha[rows], top + edges[k], self.cell, self.steps, self.watched, self.series[k]
        )

    def _result(self, digests: Mapping[int, str], unreadable: Mapping[int, Finding]) -> Survey:
        small = np.array([patches.finish() for patches in self.patches]) if self.patches else None
        return Survey(
            grid=self.task.grid,
            codes=self.task.codes,
            years=self.years,
            cell=self.cell,
            counts={year: _found(tally.counts) for year, tally in self.tallies.items()},
            digests=digests,
            unreadable=unreadable,
            by_year=self.by_year,
            land=self.land,
            land_ha=self.land_ha,
            series=SeriesSums(*(np.sum(parts, axis=0) for parts in zip(*self.series, strict=True))),
            small_ha=small,
            compared=self.compared,
            from_to_ha=self.from_to_ha,
            difference_cells=self.difference_cells,
            beside=self.beside.finish(),
        )


def _found(counts: np.ndarray) -> dict[int, int]:
    return {int(value): int(counts[value]) for value in np.flatnonzero(counts)}


def _year_sums(rows: int, columns: int, classes: int, cells: tuple[int, int]) -> YearSums:
    by_class = np.zeros(classes, np.int64), np.zeros(classes), np.zeros(classes, np.int64)
    return YearSums(*by_class, np.zeros(cells, np.int32), np.zeros(columns, np.int32), np.zeros(rows, np.int32))


def _land_sums(cells: tuple[int, int]) -> LandSums:
    nowhere = np.tile(np.array([np.iinfo(np.int64).max, -1] * 2), (2, 1))
    return LandSums(np.zeros(cells), np.zeros(cells), np.zeros(1, np.int64), nowhere)


def _series_sums(years: int, classes: int, cells: tuple[int, int]) -> SeriesSums:
    steps = max(years - 1, 0)
    return SeriesSums(
        np.zeros((steps, classes, classes)),
        np.zeros(steps, np.int64),
        np.zeros((steps, *cells), np.int32),
        np.zeros((steps, *cells), np.int32),
        np.zeros((years, classes)),
        np.zeros(cells, np.int64),
        np.zeros(years),
        np.zeros(max(years, 1), np.int64),
        np.zeros(2),
        np.zeros(cells),
    )
