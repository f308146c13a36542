"""Whether two rasters lie on the same pixels, and if not, by how much. Pure functions."""

from __future__ import annotations

import functools
import math
import warnings

from affine import Affine, TransformNotInvertibleError
from pyproj import CRS, Transformer
from pyproj.exceptions import CRSError

from mutirao.grid import SHIFT_TOLERANCE_PX, Grid


@functools.lru_cache(maxsize=256)
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
    """Return whether a transform's pixels are the grid's: the drift over the whole grid stays under the tolerance.

    A transform of which a coefficient is infinite or not a number has no pixels, so it is not.
    """
    if not all(map(math.isfinite, transform)):
        return False
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


def whole_offset(base: Affine, other: Affine, shape: tuple[int, int]) -> tuple[int, int] | None:
    """Return the row and column of one lattice of pixels on which a raster of another begins; none if it is another.

    Over the whole raster pixels may drift a hundredth of a pixel apart.
    """
    try:
        relative = ~base @ other
    except TransformNotInvertibleError:
        return None
    drift = max(abs(relative.a - 1), abs(relative.e - 1), abs(relative.b), abs(relative.d)) * max(shape)
    places = relative.c, relative.f
    if not all(map(math.isfinite, (drift, *places))):
        return None
    shift = max(abs(place - round(place)) for place in places)
    return None if max(drift, shift) > SHIFT_TOLERANCE_PX else (round(relative.f), round(relative.c))


def transform_text(transform: Affine) -> str:
    """Return a transform as origin and pixel size, for messages."""
    turn = f", rotated ({transform.b:g}, {transform.d:g})" if transform.b or transform.d else ""
    return f"origin ({transform.c:.10g}, {transform.f:.10g}), pixel ({transform.a:.10g}, {transform.e:.10g}){turn}"


def pixels_per_pixel(crs: str, transform: Affine, grid: Grid) -> float:
    """Return how many pixels of a raster lie along a side of a pixel in the middle of a grid; not a number if unknown.

    It is the square root of the ratio of areas, so that turned and flipped rasters have one, too.
    """
    column, row = grid.shape[1] / 2, grid.shape[0] / 2
    try:
        to_raster = Transformer.from_crs(grid.pyproj_crs, CRS.from_user_input(crs), always_xy=True)
        corners = [grid.transform @ (column + dx, row + dy) for dx, dy in ((0, 0), (1, 0), (0, 1))]
        places = [~transform @ to_raster.transform(*corner) for corner in corners]
    except (CRSError, TransformNotInvertibleError):
        return math.nan
    (x0, y0), (x1, y1), (x2, y2) = places
    area = abs((x1 - x0) * (y2 - y0) - (x2 - x0) * (y1 - y0))
    return math.sqrt(area) if math.isfinite(area) else math.nan
