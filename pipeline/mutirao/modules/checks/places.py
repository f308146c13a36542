"""From cells and pixels to boxes on the map."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache

import numba
import numpy as np
from pyproj import Transformer

from mutirao.errors import Place
from mutirao.grid import Grid

MOST = 5
"""Places of one finding."""
_DIGITS = 6
"""Of degrees: a tenth of a metre."""


def place_of(grid: Grid, rows: tuple[int, int], columns: tuple[int, int]) -> Place:
    """Return the box of half-open ranges of rows and columns."""
    west, north = grid.transform @ (columns[0], rows[0])
    east, south = grid.transform @ (columns[1], rows[1])
    box = _to_lonlat(grid.crs).transform_bounds(west, south, east, north, densify_pts=5)
    west, south, east, north = (round(float(value), _DIGITS) for value in box)
    return Place((west, south, east, north), rows, columns)


@lru_cache(maxsize=4)
def _to_lonlat(crs: str) -> Transformer:
    """Return the way to WGS 84 degrees; making one takes longer than all that is done with it."""
    return Transformer.from_crs(crs, 4326, always_xy=True)


def worst_places(cells: np.ndarray, grid: Grid, cell: int, *, most: int = MOST) -> tuple[Place, ...]:
    """Return boxes around groups of cells that touch, the group with the largest sum first.

    Parameters
    ----------
    cells : (cell row, cell column) numbers, 0 where nothing is.
    cell : side of a cell [pixels].
    """
    sums, boxes = _groups(cells)
    worst = np.argsort(-sums, kind="stable")[:most]
    return tuple(_cells_place(boxes[number], grid, cell) for number in worst)


def group_sums(cells: np.ndarray) -> list[float]:
    """Return the sums of the groups of `worst_places`, the largest first."""
    return sorted(_groups(cells)[0].tolist(), reverse=True)


def _cells_place(box: np.ndarray, grid: Grid, cell: int) -> Place:
    top, bottom, left, right = (int(edge) * cell for edge in box)
    rows, columns = grid.shape
    return place_of(grid, (top, min(bottom, rows)), (left, min(right, columns)))


def _groups(cells: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return the sum of each group of cells as float64, and its half-open box as (group, 4): rows, then columns.

    Cells of a group are above 0 and touch by a side or a corner.
    """
    rows, columns = cells.shape
    most = (rows + 1) // 2 * ((columns + 1) // 2)  # no two of a block of four are apart
    sums, boxes = np.zeros(most), np.zeros((most, 4), np.int64)
    found = _find_groups(cells.astype(np.float64), cells > 0, np.empty((cells.size, 2), np.int64), sums, boxes)
    return sums[:found], boxes[:found]


@numba.njit(cache=True)
def _find_groups(cells, left, queue, sums, boxes):  # type: ignore[no-untyped-def]
    """Walk through each group from its first cell on; `left` are the cells that no group has yet."""
    rows, columns = cells.shape
    found = 0
    for y in range(rows):
        for x in range(columns):
            if not left[y, x]:
                continue
            left[y, x] = False
            done, known, box = 0, 1, boxes[found]
            queue[0, 0], queue[0, 1] = y, x
            box[0], box[1], box[2], box[3] = y, y + 1, x, x + 1
            while done < known:
                v, u = queue[done]
                done += 1
                sums[found] += cells[v, u]
                box[0], box[1], box[2], box[3] = min(box[0], v), max(box[1], v + 1), min(box[2], u), max(box[3], u + 1)
                known = _take_near(left, v, u, queue, known)
            found += 1
    return found


@numba.njit(cache=True)
def _take_near(left, v, u, queue, known):  # type: ignore[no-untyped-def]
    for y in range(max(v - 1, 0), min(v + 2, left.shape[0])):
        for x in range(max(u - 1, 0), min(u + 2, left.shape[1])):
            if left[y, x]:
                left[y, x] = False
                queue[known, 0], queue[known, 1] = y, x
                known += 1
    return known


def box_text(grid: Grid, box: Sequence[int]) -> str:
    """Return a box of `kernels.LandSums` in the CRS of the grid."""
    top, bottom, left, right = (int(value) for value in box)
    west, north = grid.transform @ (left, top)
    east, south = grid.transform @ (right + 1, bottom + 1)
    return f"{west:.10g}, {south:.10g}, {east:.10g}, {north:.10g} (west south east north, {grid.crs[:40]})"


def lonlat_text(place: Place) -> str:
    """Return a place in degrees."""
    west, south, east, north = place.bbox
    return f"lon {west:.4f} to {east:.4f}, lat {south:.4f} to {north:.4f}"
