"""Connected patches of equal class in a map, by runs: stretches of one class in a row are joined from row to row.

A union-find forest over the runs holds the patches; a link always leads to the run with the smaller number, so that
one look back in ascending order flattens it. Run 0 stands for all patches that need no further counting: joining
stops as soon as a patch reaches a given size, which is early for nearly all pixels of a class map. Nodata lies in run
0 from the start.
"""

from __future__ import annotations

from typing import NamedTuple

import numba
import numpy as np

EDGES = ((-1, 0), (1, 0), (0, -1), (0, 1))
CORNERS = ((-1, -1), (-1, 1), (1, -1), (1, 1))
ENDLESS = np.iinfo(np.int64).max
"""A size that no patch reaches."""


class Runs(NamedTuple):
    """Runs of a map of (y, x); each row ends with an empty run that begins behind its last pixel. 16 bytes a run."""

    first: np.ndarray
    """(y + 1,) int64, number of the first run of each row, and one behind the last run."""
    start: np.ndarray
    """(run,) int32, first column."""
    parent: np.ndarray
    """(run,) int32, a run of the same patch, or 0."""
    size: np.ndarray
    """(run,) int64, size of the patch, where the run is its own parent."""


def reserve(classes: np.ndarray, runs: Runs | None = None) -> Runs:
    """Return room for the runs of a (y, x) map: that of another map of this shape if it suffices."""
    needed = _count(classes)
    if runs is not None and len(runs.start) >= needed:
        return runs
    room = needed + needed // 8  # the next year has about as many
    first = np.zeros(len(classes) + 1, np.int64)
    return Runs(first, np.empty(room, np.int32), np.zeros(room, np.int32), np.zeros(room, np.int64))


@numba.njit(nogil=True, cache=True)
def _count(classes):  # type: ignore[no-untyped-def]
    """Return the number of runs, with run 0 and those that end the rows."""
    rows, columns = classes.shape
    count = 1 + 2 * rows
    for y in range(rows):
        row, changes = classes[y], np.int32(0)
        for x in range(1, columns):
            changes += np.int32(row[x] != row[x - 1])
        count += changes
    return count


@numba.njit(nogil=True, cache=True)
def label(classes, units, stop, eight, runs):  # type: ignore[no-untyped-def]
    """Find the patches of a map.

    Parameters
    ----------
    classes : (y, x) uint8, class codes, 0 for nodata.
    units : (y, x) int64, size of each pixel.
    stop : (256,) int64, size by class at which a patch needs no further counting; its runs then lie in run 0.
    eight : whether pixels that touch at a corner belong together.
    runs : is filled; every parent is the first run of its patch, or 0.
    """
    rows, columns = classes.shape
    _find_runs(classes, runs)
    even = columns < 2 or units.strides[1] == 0
    for y in range(rows):
        for i in range(runs.first[y], runs.first[y + 1] - 1):
            begin, end, code = runs.start[i], runs.start[i + 1], classes[y, runs.start[i]]
            size = (end - begin) * units[y, 0] if even else units[y, begin:end].sum()
            runs.size[i] = size
            runs.parent[i] = 0 if code == 0 or size >= stop[code] else i
        if y > 0:
            _join_rows(classes, y, stop, eight, runs)
    for i in range(1, runs.first[rows]):
        runs.parent[i] = runs.parent[runs.parent[i]]


@numba.njit(nogil=True, cache=True)
def _find_runs(classes, runs):  # type: ignore[no-untyped-def]
    rows, columns = classes.shape
    count = 1
    runs.parent[0], runs.size[0] = 0, ENDLESS
    for y in range(rows):
        row = classes[y]
        runs.first[y] = count
        runs.start[count] = 0
        count += 1
        for x in range(1, columns):
            runs.start[count] = x  # written over unless a run begins here: no branch to guess
            count += row[x] != row[x - 1]
        runs.start[count], runs.parent[count] = columns, 0
        count += 1
    runs.first[rows] = count


@numba.njit(nogil=True, cache=True)
def _join_rows(classes, y, stop, eight, runs):  # type: ignore[no-untyped-def]
    """Join the runs of a row with those of the row above."""
    columns = classes.shape[1]
    above, below = classes[y - 1], classes[y]
    i, j = runs.first[y - 1], runs.first[y]
    while runs.start[i] < columns:
        code = below[runs.start[j]]
        if above[runs.start[i]] == code:
            _join(i, j, stop[code], runs)
        end_i, end_j = runs.start[i + 1], runs.start[j + 1]
        if eight and end_i == end_j and end_i < columns:
            if above[end_i] == code:
                _join(i + 1, j, stop[code], runs)
            if above[runs.start[i]] == below[end_j]:
                _join(i, j + 1, stop[below[end_j]], runs)
        i += end_i <= end_j
        j += end_j <= end_i


@numba.njit(nogil=True, cache=True)
def _join(i, j, stop, runs):  # type: ignore[no-untyped-def]
    if runs.parent[i] == 0 and runs.parent[j] == 0:
        return
    low, high = _root(i, runs.parent), _root(j, runs.parent)
    if low == high:
        return
    if low > high:
        low, high = high, low
    runs.parent[high] = low
    if low > 0:
        runs.size[low] += runs.size[high]
        if runs.size[low] >= stop:
            runs.parent[low] = 0


@numba.njit(nogil=True, cache=True)
def _root(i, parent):  # type: ignore[no-untyped-def]
    while parent[i] != i:
        parent[i] = parent[parent[i]]
        i = parent[i]
    return i


@numba.njit(nogil=True, cache=True)
def run_at(y, x, runs):  # type: ignore[no-untyped-def]
    """Return the number of the run that holds a pixel."""
    low, high = runs.first[y], runs.first[y + 1] - 1
    while high - low > 1:
        middle = (low + high) // 2
        if runs.start[middle] <= x:
            low = middle
        else:
            high = middle
    return low
