"""Whether two rasters lie on the same pixels, and if not, by how much. Pure functions."""

from __future__ import annotations

import warnings

from affine import Affine
from pyproj import CRS
from pyproj.exceptions import CRSError

from mutirao.grid import SHIFT_TOLERANCE_PX, Grid


def same_crs(one: str, other: str) -> bool:
    """Return whether two CRS texts mean the same coordinates, whatever they are called.

    Two WKTs of one projection often differ in names only; then their PROJ parameters agree. An empty or unknown text
    is equal to nothing.
    """
    try:
        first, second = CRS.from_user_input(one), CRS.from_user_input(other)
    except CRSError:
        return False
    return first.equals(second, ignore_axis_order=True) or _parameters(first) == _parameters(second)


def _parameters(crs: CRS) -> dict[str, object]:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)  # PROJ text loses names and areas of use, which is what we want
        parameters = crs.to_dict()
    parameters.pop("type", None)
    return parameters


def same_resolution(transform: Affine, grid: Grid) -> bool:
    """Return whether a transform's pixels are the grid's: the drift over the whole grid stays under the tolerance."""
    pixels = max(grid.shape)
    drift_x = abs(transform.a / grid.resolution - 1) * pixels
    drift_y = abs(-transform.e / grid.resolution - 1) * pixels
    turned = (abs(transform.b) + abs(transform.d)) / grid.resolution * pixels
    return max(drift_x, drift_y, turned) <= SHIFT_TOLERANCE_PX


def is_aligned(transform: Affine, grid: Grid) -> bool:
    """Return whether a transform's origin lies on a pixel corner of the grid, to a hundredth of a pixel."""
    return max(abs(offset) for offset in grid.offset_px(transform)) <= SHIFT_TOLERANCE_PX


def whole_pixels(transform: Affine, grid: Grid) -> tuple[int, int]:
    """Return how many whole pixels (x, y) a transform's origin lies right of and below the grid's."""
    column, row = ~grid.transform @ (transform.c, transform.f)
    return round(column), round(row)


def transform_text(transform: Affine) -> str:
    """Return a transform as origin and pixel size, for messages."""
    turn = f", rotated ({transform.b:g}, {transform.d:g})" if transform.b or transform.d else ""
    return f"origin ({transform.c:.10g}, {transform.f:.10g}), pixel ({transform.a:.10g}, {transform.e:.10g}){turn}"
