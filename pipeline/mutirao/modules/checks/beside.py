"""The part of the survey that looks at others: neighbours, rules and the last release, strip by strip.

The maps of others are read in the same pass as the submission's own. Of a neighbour only the box is read in which both
territories can meet; if those boxes are large, fewer years. Under the rules, and against the release, a few years are
looked at (`Limits.compared_years`), all pixels of them. So the cost is bounded: at most `MOST_MAPS` maps of each year
for all neighbours together, `compared_years` maps of each module, and twice as many of the release.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import Executor
from dataclasses import dataclass, field

import numpy as np

from mutirao.errors import MutiraoError
from mutirao.grid import Grid, Tile
from mutirao.integration.compile import Program, integrate
from mutirao.modules.checks import borders
from mutirao.modules.checks.others import Neighbour, Others, Released, Ruling, spread

MOST_MAPS = 2
"""Times the map that is read of each year for all neighbours together."""


@dataclass(frozen=True, slots=True)
class SeamSums:
    """What was found beside one neighbour."""

    neighbour: Neighbour
    years: tuple[int, ...]
    sums: np.ndarray
    """(year, 4, 2) int64: see `borders.count_seam`."""
    cells: np.ndarray
    """(2, cell row, cell column) int32: differences in the overlap and across the border, all years together."""


@dataclass(frozen=True, slots=True)
class ContestSums:
    """What was found under the rules."""

    ruling: Ruling
    years: tuple[int, ...]
    won_ha: np.ndarray
    lost_ha: np.ndarray
    """(year, 256, 256) float64: see `borders.count_contest`; modules are counted from 1."""
    claimed_ha: np.ndarray
    """(year, 256) float64, hectares by claimed code."""
    theirs_ha: np.ndarray
    """(year, module) float64, hectares that each module claims."""


@dataclass(frozen=True, slots=True)
class ReleaseSums:
    """What was found against the last release."""

    released: Released
    years: tuple[int, ...]
    from_to_ha: np.ndarray
    """(year, 256, 256) float64: see `borders.count_released`."""


@dataclass(frozen=True, slots=True)
class BesideSums:
    """What was found beside the submission."""

    seams: tuple[SeamSums, ...] = ()
    contest: ContestSums | None = None
    release: ReleaseSums | None = None
    failed: tuple[str, ...] = ()
    """What could not be read, in lines for `skipped`."""


@dataclass
class Beside:
    """Adds up bands of one pass. `years` are those of the pass, `codes` the legend code by number of a class."""

    others: Others
    grid: Grid
    years: tuple[int, ...]
    codes: tuple[int, ...]
    cell: int
    cells: tuple[int, int]
    most_years: int
    failed: dict[str, str] = field(default_factory=dict)
    """Why something could not be read, by the words for it."""

    def __post_init__(self) -> None:
        self.code = np.zeros(256, np.uint8)
        self.code[: len(self.codes)] = self.codes
        self.rank = np.zeros(256, np.uint8)
        self.rank[list(self.codes)] = np.arange(len(self.codes))
        self.seams = [_Seam(self, neighbour, years) for neighbour, years in self._looked_at()]
        contest, release = self.others.ruling, self.others.released
        few = spread(self.years, self.most_years)
        self.pixel_ha = np.zeros((0, 0))
        """(y, x) float64 hectares of the pixels of the strip that is looked at."""
        self.contest = _Contest(self, contest, few) if contest and few else None
        common = spread(set(self.years) & set(release.classes), self.most_years) if release else ()
        self.release = _Release(self, release, common) if release and common else None

    def _looked_at(self) -> Iterator[tuple[Neighbour, tuple[int, ...]]]:
        """Yield the neighbours and their years that are looked at."""
        rows, columns = self.grid.shape
        size = sum(neighbour.box.shape[0] * neighbour.box.shape[1] for neighbour in self.others.neighbours)
        share = min(1.0, MOST_MAPS * rows * columns / max(size, 1))
        for neighbour in self.others.neighbours:
            common = sorted(set(self.years) & set(neighbour.planes))
            years = spread(common, max(self.most_years, int(share * len(common))))
            if years:
                yield neighbour, years

    def add(self, top: int, cube: np.ndarray, pool: Executor) -> None:
        """Look at a band of the pass: (year, row + 2, x) numbers of classes, of which row `top` is the second.

        Bands are taken a row later than the pass takes them, so that rows of others are read as their files hold them.
        """
        rows, height = cube.shape[1] - 2, self.grid.shape[0]
        start, stop = (top + 1 if top else 0), min(top + rows + 1, height)
        if start >= stop or not self._parts():
            return
        strip = Tile("strip", start, stop, 0, self.grid.shape[1])
        above = cube[:, start - top : stop - top + 1]
        self.pixel_ha = np.broadcast_to(self.grid.areas_ha(strip), strip.shape)  # takes as long as a job; all share it
        jobs = [job for part in self._parts() for job in part.jobs(strip, above)]
        for _ in pool.map(self._run, jobs):
            pass

    def _parts(self) -> list[_Seam | _Contest | _Release]:
        rest = [part for part in (self.contest, self.release) if part is not None]
        return [part for part in (*self.seams, *rest) if part.words not in self.failed]

    def _run(self, job: _Job) -> None:
        words, work = job
        if words not in self.failed:
            try:
                work()
            except MutiraoError as err:  # a damaged map of others is no fault of the submission
                self.failed[words] = err.findings[0].message

    def finish(self) -> BesideSums:
        """Return what was found; what could not be read to its end is left out."""
        left = self._parts()
        return BesideSums(
            tuple(part.result() for part in left if isinstance(part, _Seam)),
            self.contest.result() if self.contest in left and self.contest else None,
            self.release.result() if self.release in left and self.release else None,
            tuple(f"{words}: {reason}" for words, reason in sorted(self.failed.items())),
        )


_Job = tuple[str, Callable[[], None]]
"""What is read, in words, and the work; jobs of one strip touch different sums."""


class _Seam:
    """Sums beside one neighbour."""

    def __init__(self, beside: Beside, neighbour: Neighbour, years: Sequence[int]) -> None:
        self.beside, self.neighbour, self.years = beside, neighbour, tuple(years)
        self.words = f"M901 and M902 with {neighbour.module}"
        self.sums = np.zeros((len(self.years), *borders.new_seam().shape), np.int64)
        self.cells = np.zeros((len(self.years), 2, *self._cells()), np.int32)
        self.kept = np.zeros((len(self.years), neighbour.box.shape[1]), np.uint8)

    def _cells(self) -> tuple[int, int]:
        box, cell = self.neighbour.box, self.beside.cell
        return -(-box.bottom // cell) - box.top // cell, -(-box.right // cell) - box.left // cell

    def jobs(self, strip: Tile, above: np.ndarray) -> Iterator[_Job]:
        """Yield the work of one strip, a job a year."""
        window = strip.common(self.neighbour.box)
        if min(window.shape) > 0:
            for k, year in enumerate(self.years):
                plane = above[self.beside.years.index(year)]
                yield self.words, lambda k=k, year=year, plane=plane: self._add(k, year, window, strip, plane)  # type: ignore[misc]

    def _add(self, k: int, year: int, window: Tile, strip: Tile, plane: np.ndarray) -> None:
        box, cell = self.neighbour.box, self.beside.cell
        columns = slice(window.left, window.right)
        mine = plane[window.top - strip.top : window.bottom - strip.top + 1, columns].copy()
        if window.top == box.top:
            mine[0] = 0
        theirs = np.empty_like(mine)
        theirs[0] = self.kept[k]
        theirs[1:] = self.beside.rank[self.neighbour.planes[year](window)]
        self.kept[k] = theirs[-1]
        place = window.top - box.top // cell * cell, window.left - box.left // cell * cell
        borders.count_seam(mine, theirs, *place, cell, self.sums[k], self.cells[k])

    def result(self) -> SeamSums:
        """Return the sums, with cells of the whole map."""
        cells, (rows, columns) = np.zeros((2, *self.beside.cells), np.int32), self._cells()
        top, left = self.neighbour.box.top // self.beside.cell, self.neighbour.box.left // self.beside.cell
        cells[:, top : top + rows, left : left + columns] = self.cells.sum(axis=0)
        return SeamSums(self.neighbour, self.years, self.sums, cells)


class _Contest:
    """Sums under the rules."""

    words = "M911 and M912"

    def __init__(self, beside: Beside, ruling: Ruling, years: Sequence[int]) -> None:
        self.beside, self.ruling, self.years = beside, ruling, tuple(years)
        self.programs: Mapping[int, Program] = {year: ruling.program(year) for year in years}
        self.won_ha, self.lost_ha = np.zeros((2, len(self.years), 256, 256))
        self.claimed_ha = np.zeros((len(self.years), 256))
        self.theirs_ha = np.zeros((len(self.years), len(ruling.modules)))

    def jobs(self, strip: Tile, above: np.ndarray) -> Iterator[_Job]:
        """Yield the work of one strip, a job a year."""
        for k, year in enumerate(self.years):
            plane = above[self.beside.years.index(year), 1:]
            yield self.words, lambda k=k, year=year, plane=plane: self._add(k, year, strip, plane)  # type: ignore[misc]

    def _add(self, k: int, year: int, strip: Tile, plane: np.ndarray) -> None:
        ruling, pixel_ha = self.ruling, self.beside.pixel_ha
        claims = np.zeros((len(ruling.modules), 1, *strip.shape), np.uint8)
        for number, module in enumerate(ruling.modules):
            if year in ruling.claims.get(module, {}):
                claims[number] = ruling.claims[module][year](strip)
                self.theirs_ha[k, number] += borders.count_claims(claims[number, 0], pixel_ha)
        empty = np.zeros((0, *strip.shape), np.uint8)
        layers = np.stack([read(strip) for read in ruling.layers]) if ruling.layers else empty
        without = integrate(self.programs[year], claims, layers)
        mine = claims[ruling.me, 0] = self.beside.code[plane]
        ruled = integrate(self.programs[year], claims, layers)
        outcome, alone = ((side.classes[0], side.source[0]) for side in (ruled, without))
        won, lost, claimed = self.won_ha[k], self.lost_ha[k], self.claimed_ha[k]
        borders.count_contest(mine, outcome, alone, pixel_ha, ruling.me + 1, won, lost, claimed)

    def result(self) -> ContestSums:
        """Return the sums."""
        return ContestSums(self.ruling, self.years, self.won_ha, self.lost_ha, self.claimed_ha, self.theirs_ha)


class _Release:
    """Sums against the last release."""

    words = "M851"

    def __init__(self, beside: Beside, released: Released, years: Sequence[int]) -> None:
        self.beside, self.released, self.years = beside, released, tuple(years)
        self.from_to_ha = np.zeros((len(self.years), 256, 256))

    def jobs(self, strip: Tile, above: np.ndarray) -> Iterator[_Job]:
        """Yield the work of one strip, a job a year."""
        for k, year in enumerate(self.years):
            plane = above[self.beside.years.index(year), 1:]
            yield self.words, lambda k=k, year=year, plane=plane: self._add(k, year, strip, plane)  # type: ignore[misc]

    def _add(self, k: int, year: int, strip: Tile, plane: np.ndarray) -> None:
        mine, pixel_ha = self.beside.code[plane], self.beside.pixel_ha
        classes, source = self.released.classes[year](strip), self.released.sources[year](strip)
        borders.count_released(mine, classes, source, pixel_ha, self.released.number, self.from_to_ha[k])

    def result(self) -> ReleaseSums:
        """Return the sums."""
        return ReleaseSums(self.released, self.years, self.from_to_ha)
