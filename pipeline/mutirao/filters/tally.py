"""What a chain did, counted while it runs: hectares from class to class by step and year, series, rewrites, changes.

Every rewrite counts, also one that a later step rewrites again. A *series* is the classes of one pixel in all years. A
*change* is a year whose class is not that of the year before; nodata is a class here, so that a gap is two changes and
filling it takes them away. What lies in the halo of a tile is not counted: each pixel counts once, in its own tile.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import NamedTuple

import numba
import numpy as np

from mutirao.legend import NODATA

KIND_COLUMNS = ("step", "year", "class_from", "class_to")
"""What a kind of rewrite is: number of the step (0: the whole chain, taken as one step), index of the year, codes."""
STEP_COLUMNS = ("series", "series_ha", "changes_before", "changes_after")
"""Series that a step changed, in pixels and in hectares; changes in time of all series before and after it, each
weighted by the hectares of its pixel. Row 0 is the whole chain, taken as one step."""
MOST_REWRITES = np.iinfo(np.uint16).max
"""Larger counts of rewrites of one pixel are kept as this."""
_STRIP = 4096
"""Pixels compared at a time, so that their years stay in the cache."""
_KINDS = 1024
"""Kinds for which room is made at first."""


@dataclass(frozen=True, slots=True)
class Sums:
    """What a chain did to a block."""

    kinds: np.ndarray
    """(n, 4) uint16, the values of `KIND_COLUMNS`; each row once, in ascending order."""
    area_ha: np.ndarray
    """(n,) float64, hectares by kind; hectares of several years add up."""
    steps: np.ndarray
    """(step + 1, 4) float64, the values of `STEP_COLUMNS`."""
    whole: np.ndarray
    """(2,) float64: pixels and hectares of the series that have a class in some year, before or after the chain."""
    rewrites: np.ndarray
    """(y, x) uint16, how often a pixel was rewritten, summed over steps and years."""


@dataclass(frozen=True, slots=True)
class Part:
    """What the first steps of a chain did to a block, so that a later run of the steps that follow can go on."""

    kinds: np.ndarray
    """(n, 4) uint16, as those of `Sums`."""
    area_ha: np.ndarray
    """(n,) float64"""
    series: np.ndarray
    """(step + 1, 3) float64: pixels and hectares of the series that a step changed, and the changes in time it added,
    in hectares; row 0 is empty."""
    rewrites: np.ndarray
    """(y, x) uint16"""


def reference(stages: Sequence[np.ndarray], pixel_ha: np.ndarray) -> Sums:
    """Count in plain Python: `stages` are (year, y, x) before the chain and after each step, `pixel_ha` (y, x)."""
    kinds: Counter[tuple[int, int, int, int]] = Counter()
    steps = np.zeros((len(stages), len(STEP_COLUMNS)))
    whole, rewrites = np.zeros(2), np.zeros(pixel_ha.shape, np.int64)
    for y, x in np.ndindex(*pixel_ha.shape):
        ha, series = float(pixel_ha[y, x]), [stage[:, y, x].tolist() for stage in stages]
        whole += (1, ha) if any(series[0]) or any(series[-1]) else (0, 0)
        for number, (old, new) in enumerate([(series[0], series[-1]), *pairwise(series)]):
            differing = [t for t in range(len(old)) if old[t] != new[t]]
            for t in differing:
                kinds[number, t, old[t], new[t]] += ha  # type: ignore[assignment]
            rewrites[y, x] += len(differing) if number else 0
            touched = (1, ha) if differing else (0, 0)
            steps[number] += (*touched, ha * _changes(old), ha * _changes(new))
    ordered = np.array(sorted(kinds), np.uint16).reshape(-1, len(KIND_COLUMNS))
    area_ha = np.array([kinds[kind] for kind in sorted(kinds)], np.float64)
    return Sums(ordered, area_ha, steps, whole, np.minimum(rewrites, MOST_REWRITES).astype(np.uint16))


def _changes(series: Sequence[int]) -> int:
    return sum(a != b for a, b in pairwise(series))


class Tally:
    """Watches a chain run over one window; see `filters.apply.Watch`. One tally is for one run in one thread."""

    def __init__(self, steps: int, years: int, pixel_ha: np.ndarray, core: tuple[slice, slice]) -> None:
        """Make room.

        Parameters
        ----------
        steps, years : of the chain and of the series.
        pixel_ha : (y, x) float64 of the window, hectares; may be a broadcast view.
        core : rows and columns of the window that count.
        """
        self._pixel_ha, self._core = pixel_ha, core
        (self._top, bottom, _), (self._left, right, _) = (
            part.indices(side) for part, side in zip(core, pixel_ha.shape, strict=True)
        )
        self._rewrites = np.zeros((bottom - self._top, right - self._left), np.uint16)
        self._numbers = np.zeros((years, 256 * 256), np.int32)
        self._areas = np.zeros((_KINDS, steps + 1))
        self._used = 0
        self._series = np.zeros((steps + 1, 3))
        """By step: pixels and hectares of the series it changed, and the changes in time it added, in hectares."""

    def see(self, number: int, before: np.ndarray, after: np.ndarray, first: int) -> None:
        """Count what a step (numbered from 1) made of the pixels from a flat index on; both (year, pixel) uint8."""
        corner = (first, self._top, self._left)
        self._add(number, before, after, self._pixel_ha, corner, self._rewrites)

    def part(self, steps: int) -> Part:
        """Return what was seen, of a chain of which the first `steps` steps have run."""
        return Part(*self._kinds(), self._series[: steps + 1].copy(), self._rewrites)

    def resume(self, part: Part) -> None:
        """Go on from what another tally saw in the same core; nothing was seen so far."""
        pairs = part.kinds[:, 1].astype(np.int64) << 16 | part.kinds[:, 2].astype(np.int64) << 8 | part.kinds[:, 3]
        known, place = np.unique(pairs, return_inverse=True)
        self._used = len(known)
        self._numbers.ravel()[known] = np.arange(1, self._used + 1)
        self._areas = np.zeros((max(_KINDS, self._used), self._areas.shape[1]))
        self._areas[place, part.kinds[:, 0]] = part.area_ha
        self._series[: len(part.series)] = part.series
        self._rewrites[:] = part.rewrites

    def finish(self, before: np.ndarray, after: np.ndarray) -> Sums:
        """Return the sums, given the (year, y, x) classes of the core before and after the chain."""
        ha = self._pixel_ha[self._core]
        old, new = (np.ascontiguousarray(classes).reshape(len(classes), -1) for classes in (before, after))
        self._add(0, old, new, ha, (0, 0, 0), np.zeros_like(self._rewrites))
        changes_ha, pixels, held_ha = _survey(old, new, np.ascontiguousarray(ha).ravel())
        kinds, area_ha = self._kinds()
        return Sums(kinds, area_ha, self._steps(changes_ha), np.array([pixels, held_ha]), self._rewrites)

    def _add(
        self,
        number: int,
        before: np.ndarray,
        after: np.ndarray,
        pixel_ha: np.ndarray,
        corner: tuple[int, int, int],
        rewrites: np.ndarray,
    ) -> None:
        grown = _count(
            number, before, after, pixel_ha, corner, rewrites, self._numbers, self._areas, self._used, self._series
        )
        self._areas, self._used = grown

    def _kinds(self) -> tuple[np.ndarray, np.ndarray]:
        years, pairs = np.nonzero(self._numbers)
        rows = self._areas[self._numbers[years, pairs] - 1].T
        step, kind = np.nonzero(rows)
        columns = (step, years[kind], pairs[kind] // 256, pairs[kind] % 256)
        return np.stack(columns, axis=1).astype(np.uint16), rows[step, kind]

    def _steps(self, changes_ha: float) -> np.ndarray:
        added = self._series[1:, 2]
        after = changes_ha + np.cumsum(added)
        rows = np.zeros((len(self._series), len(STEP_COLUMNS)))
        rows[:, :2] = self._series[:, :2]
        rows[:, 2] = changes_ha
        rows[1:, 2], rows[1:, 3] = after - added, after
        rows[0, 3] = changes_ha + self._series[0, 2]
        return rows


class _Hits(NamedTuple):
    """Pixels of a strip that a step changed, of which there may be `_STRIP`."""

    pixel: np.ndarray
    """int64, place in the run of pixels."""
    cell: np.ndarray
    """int64, flat place in the core."""
    ha: np.ndarray
    """float64"""
    times: np.ndarray
    """int64, years in which it was rewritten."""
    added: np.ndarray
    """int64, changes in time that the step added."""


@numba.njit(nogil=True, cache=True)
def _count(number, before, after, pixel_ha, corner, rewrites, numbers, areas, used, series):  # type: ignore[no-untyped-def]
    """Count what a step made of a run of pixels, and return the areas, which may have grown, and the kinds in use.

    Most pixels are not changed; those that are, are gathered first and then looked at year by year, in the order in
    which they lie in memory.

    Parameters
    ----------
    number : of the step.
    before, after : (year, pixel) uint8.
    pixel_ha : (y, x) float64 of the window that the pixels lie in.
    corner : flat index of the first pixel in the window, row and column of the window at which the core begins.
    rewrites : (y, x) uint16 of the core; is added to.
    numbers : (year, 65536) int32, number from 1 of a kind of rewrite by year and pair of classes; is added to.
    areas : (kind, step) float64, hectares; is added to.
    used : number of kinds.
    series : (step, 3) float64; see `Tally`; is added to.
    """
    years, pixels = before.shape
    hits = _Hits(
        np.empty(_STRIP, np.int64),
        np.empty(_STRIP, np.int64),
        np.empty(_STRIP, np.float64),
        np.empty(_STRIP, np.int64),
        np.empty(_STRIP, np.int64),
    )
    hit, cells = np.empty(_STRIP, np.bool_), rewrites.reshape(rewrites.size)
    for start in range(0, pixels, _STRIP):
        stop = min(start + _STRIP, pixels)
        if not _differ(before[:, start:stop], after[:, start:stop], hit):
            continue
        found = _gather(hit, start, stop, pixel_ha, corner, rewrites.shape, hits)
        for t in range(years):
            areas = _room(areas, used + found)
            now, last = (before[t], after[t]), (before[max(t - 1, 0)], after[max(t - 1, 0)])
            used = _count_year(now, last, found, hits, numbers[t], areas[:, number], used)
        for k in range(found):
            cells[hits.cell[k]] = min(np.int64(cells[hits.cell[k]]) + hits.times[k], MOST_REWRITES)
            series[number, 0] += 1
            series[number, 1] += hits.ha[k]
            series[number, 2] += hits.added[k] * hits.ha[k]
    return areas, used


@numba.njit(nogil=True, cache=True)
def _gather(hit, start, stop, pixel_ha, corner, shape, hits):  # type: ignore[no-untyped-def]
    """Write where the changed pixels of a strip lie that belong to the core; return how many they are."""
    (first, top, left), found = corner, 0
    for p in range(start, stop):
        y, x = (first + p) // pixel_ha.shape[1], (first + p) % pixel_ha.shape[1]
        row, column = y - top, x - left
        if hit[p - start] and 0 <= row < shape[0] and 0 <= column < shape[1]:
            hits.pixel[found], hits.cell[found] = p, row * shape[1] + column
            hits.ha[found], hits.times[found], hits.added[found] = pixel_ha[y, x], 0, 0
            found += 1
    return found


@numba.njit(nogil=True, cache=True)
def _count_year(now, last, found, hits, numbers, areas, used):  # type: ignore[no-untyped-def]
    """Count a year and return the kinds in use; `now` and `last` are pixels before and after the step, a year apart."""
    (old, new), (old_last, new_last) = now, last
    for k in range(found):
        p = hits.pixel[k]
        hits.added[k] += int(new[p] != new_last[p]) - int(old[p] != old_last[p])
        if old[p] != new[p]:
            hits.times[k] += 1
            pair = np.int64(old[p]) * 256 + new[p]
            if numbers[pair] == 0:
                used += 1
                numbers[pair] = used
            areas[numbers[pair] - 1] += hits.ha[k]
    return used


@numba.njit(nogil=True, cache=True)
def _differ(before, after, hit):  # type: ignore[no-untyped-def]
    """Write into `hit` which pixels differ in any year, and return whether any does.

    Most strips are not changed at all: the first pass has no branch inside a year, so that it runs on whole vectors.
    """
    found = False
    for t in range(len(before)):
        old, new = before[t], after[t]
        bits = np.uint8(0)
        for p in range(len(old)):
            bits |= old[p] ^ new[p]
        if bits != 0:
            if not found:
                hit[:] = False
                found = True
            for p in range(len(old)):
                hit[p] |= old[p] != new[p]
    return found


@numba.njit(nogil=True, cache=True)
def _room(areas, rows):  # type: ignore[no-untyped-def]
    """Return the table of areas, or a longer one if it has fewer rows than may be needed."""
    if rows <= len(areas):
        return areas
    longer = np.zeros((2 * rows, areas.shape[1]))
    longer[: len(areas)] = areas
    return longer


@numba.njit(nogil=True, cache=True)
def _survey(before, after, pixel_ha):  # type: ignore[no-untyped-def]
    """Return changes in time before the chain [ha], and pixels and hectares of series that have a class.

    Parameters
    ----------
    before, after : (year, pixel) uint8.
    pixel_ha : (pixel,) float64.
    """
    changes_ha, series, series_ha = 0.0, 0, 0.0
    changes, seen = np.empty(_STRIP, np.uint16), np.empty(_STRIP, np.uint8)
    for start in range(0, len(pixel_ha), _STRIP):
        ha = pixel_ha[start : start + _STRIP]
        changes[:], seen[:] = 0, 0
        for t in range(len(before)):
            now, last = before[t, start : start + _STRIP], before[max(t - 1, 0), start : start + _STRIP]
            final = after[t, start : start + _STRIP]
            for p in range(len(ha)):
                changes[p] += now[p] != last[p]
                seen[p] |= now[p] | final[p]
        for p in range(len(ha)):
            changes_ha += changes[p] * ha[p]
            if seen[p] != NODATA:
                series += 1
                series_ha += ha[p]
    return changes_ha, series, series_ha
