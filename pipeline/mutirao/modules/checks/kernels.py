"""What is counted in one pass over the pixels. Kernels over bands of rows, all years at once.

Classes are numbered: 0 is no claim, the others are places in a list of codes. A band is (year, row, x) uint8 and
has one row above and one below the rows that count (its *core*); beyond the map these hold 0. Sums are added to what
is given, so that one set of arrays serves all bands, and no kernel holds a lock: years, or runs of rows, go to threads.
The plain meaning of each sum is in `checks.plain`.
"""

from __future__ import annotations

from typing import NamedTuple

import numba
import numpy as np


class YearSums(NamedTuple):
    """Of one year; see `plain.count_year`."""

    pixels: np.ndarray
    """(class,) int64."""
    area_ha: np.ndarray
    """(class,) float64."""
    isolated: np.ndarray
    """(class,) int64, pixels of which no neighbour, of eight, has the class."""
    isolated_cells: np.ndarray
    """(cell row, cell column) int32, the same by cell."""
    column_edges: np.ndarray
    """(x,) int32, rows in which the pixel and the one before it are claimed and differ."""
    row_edges: np.ndarray
    """(y,) int32, columns in which the pixel and the one above it are claimed and differ."""


class LandSums(NamedTuple):
    """Claims of one year and the territory; see `plain.count_land`."""

    gap_cells: np.ndarray
    """(cell row, cell column) float64, hectares of the territory that are not claimed."""
    outside_cells: np.ndarray
    """(cell row, cell column) float64, hectares that are claimed beyond the territory."""
    outside: np.ndarray
    """(1,) int64, pixels claimed beyond the territory."""
    boxes: np.ndarray
    """(2, 4) int64: first row, last row, first column, last column of the gaps and of what lies outside."""


class SeriesSums(NamedTuple):
    """Of all years together; see `plain.count_series`."""

    transitions_ha: np.ndarray
    """(year - 1, class, class) float64, hectares from class to class; nothing on the diagonal."""
    changed: np.ndarray
    """(year - 1,) int64, pixels that differ from the year before, claims that come or go included."""
    changed_cells: np.ndarray
    """(year - 1, cell row, cell column) int32, the same by cell."""
    watched_cells: np.ndarray
    """(year - 1, cell row, cell column) int32, pixels that change between classes that are watched."""
    flicker_ha: np.ndarray
    """(year, class) float64, hectares of a class that is there for that year only, between two of one other class."""
    flicker_cells: np.ndarray
    """(cell row, cell column) int64, such pixels of all years."""
    apart_ha: np.ndarray
    """(year,) float64, hectares whose class differs between the year before and the year after."""
    changes: np.ndarray
    """(year,) int64, pixels by how often their class changes from one claimed year to the next."""
    series: np.ndarray
    """(2,) float64: hectares claimed in any year, and of these with a flicker."""
    empty_cells: np.ndarray
    """(cell row, cell column) float64, hectares of the territory that are claimed in no year."""


@numba.njit(nogil=True, cache=True)
def count_values(values, counts):  # type: ignore[no-untyped-def]
    """Add the pixels of (row, x) uint8 by value to (256,) int64."""
    four = np.zeros((4, 256), np.int64)  # equal neighbours would wait for each other's sum
    for row in values:
        whole = len(row) // 4 * 4
        for x in range(0, whole, 4):
            four[0, row[x]] += 1
            four[1, row[x + 1]] += 1
            four[2, row[x + 2]] += 1
            four[3, row[x + 3]] += 1
        for x in range(whole, len(row)):
            four[0, row[x]] += 1
    counts += four.sum(axis=0)


@numba.njit(nogil=True, cache=True)
def recode(values, table):  # type: ignore[no-untyped-def]
    """Return (row, x) uint8 values looked up in a table of (256,) uint8."""
    new = np.empty_like(values)
    for y in range(len(values)):
        for x in range(values.shape[1]):
            new[y, x] = table[values[y, x]]
    return new


@numba.njit(nogil=True, cache=True)
def count_year(plane, pixel_ha, top, cell, sums):  # type: ignore[no-untyped-def]
    """Add up one year of a band.

    Parameters
    ----------
    plane : (row + 2, x) uint8, numbers of classes.
    pixel_ha : (row, x) float64.
    top : row of the map that the core begins with.
    cell : side of a cell [pixels].
    sums : `YearSums`; added to.
    """
    rows, columns = pixel_ha.shape
    alike = np.empty(columns, np.bool_)
    for y in range(rows):
        above, row, below = plane[y], plane[y + 1], plane[y + 2]
        _count_row(row, pixel_ha[y], sums.pixels, sums.area_ha)
        _find_alike(above, row, below, alike)
        for x in range(columns):
            if not alike[x] and row[x]:
                sums.isolated[row[x]] += 1
                sums.isolated_cells[(top + y) // cell, x // cell] += 1
        edges = 0
        for x in range(columns):
            edges += (row[x] != above[x]) & (row[x] != 0) & (above[x] != 0)
        sums.row_edges[top + y] += edges
        for x in range(1, columns):
            sums.column_edges[x] += (row[x] != row[x - 1]) & (row[x] != 0) & (row[x - 1] != 0)


@numba.njit(nogil=True, cache=True)
def _count_row(row, pixel_ha, pixels, area_ha):  # type: ignore[no-untyped-def]
    """Add runs of a class, not pixels: most neighbours are alike, and sums of one class would wait for each other."""
    code, first, held = row[0], 0, 0.0
    for x in range(len(row)):
        if row[x] != code:
            pixels[code] += x - first
            area_ha[code] += held
            code, first, held = row[x], x, 0.0
        held += pixel_ha[x]
    pixels[code] += len(row) - first
    area_ha[code] += held


@numba.njit(nogil=True, cache=True)
def _find_alike(above, row, below, alike):  # type: ignore[no-untyped-def]
    last = len(row) - 1
    for x in range(1, last):
        code = row[x]
        same = (above[x] == code) | (below[x] == code) | (row[x - 1] == code) | (row[x + 1] == code)
        same |= (above[x - 1] == code) | (above[x + 1] == code)
        alike[x] = same | (below[x - 1] == code) | (below[x + 1] == code)
    for x in (0, last):
        alike[x] = above[x] == row[x] or below[x] == row[x]
        for side in range(max(x - 1, 0), min(x + 2, last + 1)):
            if side != x:
                alike[x] |= row[side] == row[x] or above[side] == row[x] or below[side] == row[x]


@numba.njit(nogil=True, cache=True)
def count_land(plane, inside, pixel_ha, top, cell, sums):  # type: ignore[no-untyped-def]
    """Compare the claims of one year with the territory.

    Parameters
    ----------
    plane : (row, x) uint8, numbers of classes.
    inside : (row, x) bool, the territory.
    pixel_ha, top, cell : see `count_year`.
    sums : `LandSums`; added to.
    """
    for y in range(len(plane)):
        row, land = plane[y], inside[y]
        wrong = 0
        for x in range(len(row)):
            wrong += (row[x] != 0) != land[x]
        for x in range(len(row) if wrong else 0):
            if (row[x] != 0) == land[x]:
                continue
            if land[x]:
                sums.gap_cells[(top + y) // cell, x // cell] += pixel_ha[y, x]
                _grow(sums.boxes[0], top + y, x)
            else:
                sums.outside_cells[(top + y) // cell, x // cell] += pixel_ha[y, x]
                sums.outside[0] += 1
                _grow(sums.boxes[1], top + y, x)


@numba.njit(nogil=True, cache=True)
def _grow(box, y, x):  # type: ignore[no-untyped-def]
    box[0], box[1] = min(box[0], y), max(box[1], y)
    box[2], box[3] = min(box[2], x), max(box[3], x)


@numba.njit(nogil=True, cache=True)
def count_series(cube, inside, pixel_ha, top, cell, steps, watched, sums):  # type: ignore[no-untyped-def]
    """Add up what happens from year to year in rows of a band.

    Parameters
    ----------
    cube : (year, row, x) uint8, numbers of classes.
    inside : (row, x) bool, the territory.
    pixel_ha, top, cell : see `count_year`.
    steps : (year - 1,) bool, whether a year follows the one before it in the calendar.
    watched : (class, class) bool, changes of which the places are wanted.
    sums : `SeriesSums`; added to.
    """
    years, rows, columns = cube.shape
    changes = np.empty(columns, np.int64)
    marks = np.empty(columns, np.uint8)
    for y in range(rows):
        changes[:] = 0
        marks[:] = 0
        cell_row = (top + y) // cell
        for t in range(years):
            now, then = cube[t, y], cube[max(t - 1, 0), y]
            for x in range(columns):
                marks[x] |= now[x] != 0
            if t > 0:
                _count_step(then, now, pixel_ha[y], t - 1, cell_row, cell, watched, changes, sums)
            if t > 1 and steps[t - 1] and steps[t - 2]:
                before = cube[t - 2, y]
                _count_visit(before, then, now, pixel_ha[y], t - 1, cell_row, cell, marks, sums)
        _close_row(changes, marks, inside[y], pixel_ha[y], cell_row, cell, sums)


@numba.njit(nogil=True, cache=True)
def _count_step(then, now, pixel_ha, t, cell_row, cell, watched, changes, sums):  # type: ignore[no-untyped-def]
    for x in range(len(now)):
        if now[x] != then[x]:
            sums.transitions_ha[t, then[x], now[x]] += pixel_ha[x]
            sums.changed[t] += 1
            sums.changed_cells[t, cell_row, x // cell] += 1
            sums.watched_cells[t, cell_row, x // cell] += watched[then[x], now[x]]
            if now[x] and then[x]:
                changes[x] += 1


@numba.njit(nogil=True, cache=True)
def _count_visit(before, then, now, pixel_ha, t, cell_row, cell, marks, sums):  # type: ignore[no-untyped-def]
    """Look at three years in a row, of which the one in the middle is number `t`."""
    for x in range(len(now)):
        if before[x] == then[x] == now[x] or not before[x] or not now[x]:
            continue
        if before[x] != now[x]:
            sums.apart_ha[t] += pixel_ha[x]
        elif then[x]:
            sums.flicker_ha[t, then[x]] += pixel_ha[x]
            sums.flicker_cells[cell_row, x // cell] += 1
            marks[x] |= 2


@numba.njit(nogil=True, cache=True)
def _close_row(changes, marks, inside, pixel_ha, cell_row, cell, sums):  # type: ignore[no-untyped-def]
    for x in range(len(marks)):
        if marks[x]:
            sums.changes[changes[x]] += 1
            sums.series[0] += pixel_ha[x]
            if marks[x] & 2:
                sums.series[1] += pixel_ha[x]
        elif inside[x]:
            sums.empty_cells[cell_row, x // cell] += pixel_ha[x]


@numba.njit(nogil=True, cache=True)
def count_difference(old, new, pixel_ha, top, cell, from_to_ha, cells):  # type: ignore[no-untyped-def]
    """Compare two versions of one year.

    Parameters
    ----------
    old, new : (row, x) uint8, numbers of classes.
    pixel_ha, top, cell : see `count_year`.
    from_to_ha : (class, class) float64, hectares by old and new class where they differ; added to.
    cells : (cell row, cell column) int32, pixels that differ; added to.
    """
    for y in range(len(new)):
        for x in range(new.shape[1]):
            if old[y, x] != new[y, x]:
                from_to_ha[old[y, x], new[y, x]] += pixel_ha[y, x]
                cells[(top + y) // cell, x // cell] += 1
