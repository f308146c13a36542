"""From cells and pixels to boxes on the map."""

from __future__ import annotations

from collections.abc import Sequence

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
    to_lonlat = Transformer.from_crs(grid.pyproj_crs, 4326, always_xy=True)
    box = to_lonlat.transform_bounds(west, south, east, north, densify_pts=5)
    west, south, east, north = (round(float(value), _DIGITS) for value in box)
    return Place((west, south, east, north), rows, columns)


def box_place(grid: Grid, box: Sequence[int]) -> Place:
    """Return the place of a box of `kernels.LandSums`: first and last row, first and last column."""
    top, bottom, left, right = (int(value) for value in box)
    return place_of(grid, (top, bottom + 1), (left, right + 1))


def worst_places(cells: np.ndarray, grid: Grid, cell: int, *, most: int = MOST) -> tuple[Place, ...]:
    """Return boxes around groups of cells that touch, the group with the largest sum first.

    Parameters
    ----------
    cells : (cell row, cell column) numbers, 0 where nothing is.
    cell : side of a cell [pixels].
    """
    groups = sorted(_groups(cells > 0), key=lambda group: -float(cells[group].sum()))
    return tuple(_cells_place(group, grid, cell) for group in groups[:most])


def group_sums(cells: np.ndarray) -> list[float]:
    """Return the sums of the groups of `worst_places`, the largest first."""
    return sorted((float(cells[group].sum()) for group in _groups(cells > 0)), reverse=True)


def _cells_place(group: tuple[np.ndarray, np.ndarray], grid: Grid, cell: int) -> Place:
    ranges = [
        (int(index.min()) * cell, min((int(index.max()) + 1) * cell, side))
        for index, side in zip(group, grid.shape, strict=True)
    ]
    return place_of(grid, ranges[0], ranges[1])


def _groups(mask: np.ndarray) -> list[tuple[np.ndarray, np.ndarray]]:
    """Return rows and columns of each group of cells that touch by a side or a corner."""
    left, groups = mask.copy(), []
    for start in zip(*np.nonzero(mask), strict=True):
        if not left[start]:
            continue
        left[start] = False
        group = [start]
        for y, x in group:  # grows while it is gone through
            rows, columns = slice(max(y - 1, 0), y + 2), slice(max(x - 1, 0), x + 2)
            near = np.nonzero(left[rows, columns])
            left[rows, columns] = False
            group += [(rows.start + dy, columns.start + dx) for dy, dx in zip(*near, strict=True)]
        ys, xs = np.array(group).T
        groups.append((ys, xs))
    return groups


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
