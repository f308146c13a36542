"""The grid that every raster of a collection lies on, and its tiles. Pure values, no files.

Axis order is (y, x) for shapes and indices and (x, y) for coordinates; rows run from north to south. A tile's
pixel ranges are half-open: the first row and column belong to it, the last do not.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Protocol

import numpy as np
from affine import Affine
from pydantic import Field, field_validator
from pyproj import CRS, Geod, Proj, Transformer
from pyproj.exceptions import CRSError

from mutirao.errors import GridError
from mutirao.model import Frozen

SHIFT_TOLERANCE_PX = 0.01
"""Largest offset from the grid, in pixels, that is taken for rounding in a file's transform."""
_LATTICE = 32
"""Pixels between the points at which the areal scale of a projection is evaluated; they are counted from the origin of
the grid, so that the area of a pixel is the same through whichever tile it is asked."""
_SURVEY = 33
"""Lattice points a side, at most, from which bounds for the whole grid are taken."""
_SAME_SCALE = 1e-9
"""Areal scales that differ by less are one: the projection is equal-area."""


class Grid(Frozen):
    """CRS, resolution, origin, size and tiling, declared once per collection."""

    crs: str = Field(description="EPSG code such as EPSG:3035, or any PROJ or WKT text.")
    resolution: float = Field(gt=0, description="Pixel side in units of the CRS; pixels are square.")
    origin: tuple[float, float] = Field(description="x and y of the outer upper left corner of the first pixel.")
    shape: tuple[int, int] = Field(description="Rows and columns.")
    tile: int = Field(default=2048, ge=16, description="Tile side in pixels, the unit of work.")

    @field_validator("crs")
    @classmethod
    def _crs_is_known(cls, value: str) -> str:
        try:
            CRS.from_user_input(value)
        except CRSError as err:
            raise ValueError("no CRS that PROJ knows; write for example EPSG:31983") from err
        return value

    @field_validator("shape")
    @classmethod
    def _shape_is_positive(cls, value: tuple[int, int]) -> tuple[int, int]:
        if min(value) < 1:
            raise ValueError("rows and columns must be at least 1")
        return value

    @cached_property
    def transform(self) -> Affine:
        """Affine from (column, row) to (x, y)."""
        return Affine(self.resolution, 0, self.origin[0], 0, -self.resolution, self.origin[1])

    @cached_property
    def bounds(self) -> tuple[float, float, float, float]:
        """(west, south, east, north) in the CRS."""
        west, north = self.origin
        return west, north - self.shape[0] * self.resolution, west + self.shape[1] * self.resolution, north

    @cached_property
    def pyproj_crs(self) -> CRS:
        """The CRS as pyproj knows it."""
        return CRS.from_user_input(self.crs)

    def lonlat_bounds(self) -> tuple[float, float, float, float]:
        """Return (west, south, east, north) in WGS 84 degrees, with curved edges taken into account."""
        to_lonlat = Transformer.from_crs(self.pyproj_crs, 4326, always_xy=True)
        return to_lonlat.transform_bounds(*self.bounds, densify_pts=21)

    def index(self, lon: float, lat: float) -> tuple[int, int]:
        """Return (row, column) of the pixel at a WGS 84 place.

        Raises
        ------
        GridError
            The place lies outside the grid.
        """
        x, y = Transformer.from_crs(4326, self.pyproj_crs, always_xy=True).transform(lon, lat)
        column, row = (math.floor(value) for value in ~self.transform @ (x, y))
        if not (0 <= row < self.shape[0] and 0 <= column < self.shape[1]):
            remedy = (
                f"choose a place inside {', '.join(f'{v:.5f}' for v in self.lonlat_bounds())} (west south east north)"
            )
            raise GridError.because("G101", f"lon {lon}, lat {lat} lies outside the map", where="grid", remedy=remedy)
        return row, column

    def tiles(self) -> Iterator[Tile]:
        """Yield the tiles, row by row."""
        for row in range(math.ceil(self.shape[0] / self.tile)):
            for column in range(math.ceil(self.shape[1] / self.tile)):
                yield self._tile(row, column)

    def _tile(self, row: int, column: int) -> Tile:
        top, left = row * self.tile, column * self.tile
        bottom, right = min(top + self.tile, self.shape[0]), min(left + self.tile, self.shape[1])
        return Tile(f"{row}_{column}", top, bottom, left, right)

    def tiles_meeting(self, window: Tile) -> Iterator[Tile]:
        """Yield the tiles that share a pixel with a window, row by row."""
        for row in range(window.top // self.tile, math.ceil(window.bottom / self.tile)):
            for column in range(window.left // self.tile, math.ceil(window.right / self.tile)):
                yield self._tile(row, column)

    @cached_property
    def whole(self) -> Tile:
        """The whole grid as one tile."""
        return Tile("whole", 0, self.shape[0], 0, self.shape[1])

    def window_around(self, tile: Tile, halo: int) -> Tile:
        """Return a tile grown by `halo` pixels on each side, cut at the edge of the grid."""
        top, left = max(tile.top - halo, 0), max(tile.left - halo, 0)
        bottom, right = min(tile.bottom + halo, self.shape[0]), min(tile.right + halo, self.shape[1])
        return Tile(tile.id, top, bottom, left, right)

    def window_of(self, bounds: tuple[float, float, float, float]) -> Tile:
        """Return the pixels that meet bounds (west, south, east, north) in WGS 84 degrees, cut at the grid's edge.

        The window has no rows or no columns if the bounds lie outside.
        """
        to_grid = Transformer.from_crs(4326, self.pyproj_crs, always_xy=True)
        west, south, east, north = to_grid.transform_bounds(*bounds, densify_pts=21)
        left, top = (math.floor(value + 1e-9) for value in ~self.transform @ (west, north))
        right, bottom = (math.ceil(value - 1e-9) for value in ~self.transform @ (east, south))
        top, left = max(top, 0), max(left, 0)
        return Tile("window", top, max(min(bottom, self.shape[0]), top), left, max(min(right, self.shape[1]), left))

    def offset_px(self, transform: Affine) -> tuple[float, float]:
        """Return how far, in pixels (x, y), another transform's origin lies from the nearest corner of this grid."""
        column, row = ~self.transform @ (transform.c, transform.f)
        return column - round(column), row - round(row)

    def areas_ha(self, tile: Tile) -> np.ndarray:
        """Return the true area of each pixel of a tile on the ellipsoid.

        Returns
        -------
        (y, x) or (y, 1) or (1, 1) float64, hectares; broadcast against the tile.

        Notes
        -----
        Geographic grids: the exact area of the cell between two parallels, one value a row. Projected grids: the
        plane area divided by the areal scale of the projection at the pixel (one value for an equal-area
        projection; else interpolated between lattice points 32 pixels apart).
        """
        if self.pyproj_crs.is_geographic:
            return self._row_areas_ha(tile)[:, None]
        return self._projected_areas_ha(tile)

    def pixel_ha_range(self) -> tuple[float, float]:
        """Return bounds that no pixel's area lies outside [ha], without computing the areas.

        Notes
        -----
        Geographic and equal-area grids: the smallest and the largest area. Other projections: the extremes over at most
        33 x 33 lattice points, widened by what a smooth surface can leave the points by, twice the largest second
        differences along both axes (an eighth of each bounds linear interpolation).
        """
        if self.pyproj_crs.is_geographic:
            areas = self._row_areas_ha(self.whole)
            return float(areas.min()), float(areas.max())
        if self._even_scale is not None:
            return self._plane_ha / self._even_scale, self._plane_ha / self._even_scale
        scale = self._surveyed_scale
        bends = [np.abs(np.diff(scale, 2, axis=axis)) for axis in (0, 1)]
        margin = 2 * sum(float(np.nanmax(bend)) for bend in bends if bend.size) + 1e-12
        return self._plane_ha / (float(np.nanmax(scale)) + margin), self._plane_ha / (float(np.nanmin(scale)) - margin)

    def _row_areas_ha(self, tile: Tile) -> np.ndarray:
        ellipsoid = self.pyproj_crs.get_geod() or Geod(ellps="WGS84")
        edges = np.radians(self.origin[1] - np.arange(tile.top, tile.bottom + 1) * self.resolution)
        strip = ellipsoid.b**2 * math.radians(self.resolution) * _authalic(np.sin(edges), math.sqrt(ellipsoid.es))
        return (strip[:-1] - strip[1:]) / 10_000

    @cached_property
    def _plane_ha(self) -> float:
        unit = self.pyproj_crs.axis_info[0].unit_conversion_factor
        return float((self.resolution * unit) ** 2 / 10_000)

    @cached_property
    def _surveyed_scale(self) -> np.ndarray:
        """Areal scale at a few points of the whole grid; where the projection has no place it is not a number."""
        rows, columns = (np.linspace(0, size, min(_SURVEY, len(_knots(0, size, size)))) for size in self.shape)
        scale = self._areal_scale(rows, columns)
        return np.where(np.isfinite(scale), scale, np.nan)

    @cached_property
    def _even_scale(self) -> float | None:
        """Areal scale of an equal-area projection."""
        low, high = float(np.nanmin(self._surveyed_scale)), float(np.nanmax(self._surveyed_scale))
        return (low + high) / 2 if high - low < _SAME_SCALE else None

    def _projected_areas_ha(self, tile: Tile) -> np.ndarray:
        if self._even_scale is not None:
            return np.full((1, 1), self._plane_ha / self._even_scale)
        rows = _knots(tile.top, tile.bottom, self.shape[0])
        columns = _knots(tile.left, tile.right, self.shape[1])
        return self._plane_ha / _interpolate(self._areal_scale(rows, columns), rows, columns, tile)

    def _areal_scale(self, rows: np.ndarray, columns: np.ndarray) -> np.ndarray:
        x = self.origin[0] + columns * self.resolution
        y = self.origin[1] - rows * self.resolution
        xx, yy = np.meshgrid(x, y)
        lon, lat = Proj(self.pyproj_crs)(xx, yy, inverse=True)
        return np.asarray(Proj(self.pyproj_crs).get_factors(lon, lat).areal_scale)


@dataclass(frozen=True, slots=True)
class Tile:
    """A window of the grid in pixels, half-open."""

    id: str
    top: int
    bottom: int
    left: int
    right: int

    @property
    def shape(self) -> tuple[int, int]:
        """Rows and columns."""
        return self.bottom - self.top, self.right - self.left

    @property
    def slices(self) -> tuple[slice, slice]:
        """Index of the tile in a whole (y, x) array."""
        return slice(self.top, self.bottom), slice(self.left, self.right)

    def within(self, window: Tile) -> tuple[slice, slice]:
        """Return the index of this tile in the array of a window that contains it."""
        rows = slice(self.top - window.top, self.bottom - window.top)
        return rows, slice(self.left - window.left, self.right - window.left)

    def common(self, other: Tile) -> Tile:
        """Return the pixels that two windows share, with this one's id; they must meet."""
        top, bottom = max(self.top, other.top), min(self.bottom, other.bottom)
        return Tile(self.id, top, bottom, max(self.left, other.left), min(self.right, other.right))

    def meets(self, other: Tile) -> bool:
        """Return whether two windows share a pixel."""
        rows = self.top < other.bottom and other.top < self.bottom
        return rows and self.left < other.right and other.left < self.right


class Pixels(Protocol):
    """(y, x) values over a whole grid, of which windows are taken: an array, or a file that is read in windows."""

    def __getitem__(self, window: tuple[slice, slice], /) -> Any:
        """Return the array of half-open ranges of rows and columns, such as `Tile.slices`."""


def _authalic(sine: np.ndarray, eccentricity: float) -> np.ndarray:
    """Area of a zone from the equator, for unit minor axis and one radian of longitude (Snyder 1987, eq. 3-12)."""
    if eccentricity < 1e-12:
        return sine
    e_sine = eccentricity * sine
    return sine / (2 * (1 - e_sine**2)) + np.log((1 + e_sine) / (1 - e_sine)) / (4 * eccentricity)


def _knots(start: int, stop: int, size: int) -> np.ndarray:
    """Places of the lattice of an axis of `size` pixels that enclose `start` to `stop`; its last is the end."""
    return np.minimum(np.arange(start // _LATTICE, math.ceil(stop / _LATTICE) + 1) * _LATTICE, size)


def _interpolate(values: np.ndarray, rows: np.ndarray, columns: np.ndarray, tile: Tile) -> np.ndarray:
    """Bilinear interpolation from lattice points to the centres of a tile's pixels."""
    centre_rows = np.arange(tile.top, tile.bottom) + 0.5
    centre_columns = np.arange(tile.left, tile.right) + 0.5
    along_x = np.stack([np.interp(centre_columns, columns, row) for row in values])
    return np.stack([np.interp(centre_rows, rows, column) for column in along_x.T], axis=1)
