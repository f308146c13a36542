"""From the sheets of a year to one plane that is read as if it were one file on the module's grid."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field, replace

import numpy as np
from affine import Affine

from mutirao.grid import Grid
from mutirao.io.delivered import Bundle, FilePlane, Readable, Rows
from mutirao.io.places import Place
from mutirao.io.rasters import RasterInfo
from mutirao.io.resampling import resampled
from mutirao.io.strips import StripPlane, Strips, strip_rows
from mutirao.modules.georeference import pixels_per_pixel, same_crs, whole_offset
from mutirao.modules.joined import JoinedPlane, Piece, join
from mutirao.modules.regrid import Method
from mutirao.modules.sheets import Sheet

MOST_BLOCK_BYTES = 256 << 20
"""Of a block, decoded, all bands that lie in it: GDAL makes room for all of it before it reads a pixel."""
MOST_PIXELS = 4
"""Times the pixels of the module's grid that a raster may have and still be decoded, to say which values it has."""
MOST_FINER = 64
"""Pixels along a side of the grid's, or the other way round, at which a raster is still resampled."""
FINER = 2
"""Pixels along a side of the grid's from which a majority means something; below, the nearest one is taken."""


@dataclass(frozen=True, slots=True)
class Resampling:
    """How rasters on another grid became rasters on the module's."""

    crs: str
    transform: Affine
    shape: tuple[int, int]
    method: Method
    """What was done: also on request of a majority the nearest pixel is taken where pixels are no finer."""


@dataclass(frozen=True, slots=True)
class ResampledPlane:
    """A plane of the module's grid that was made from one on another, and how."""

    plane: Readable
    how: Resampling

    @property
    def name(self) -> str:
        """The file, for messages."""
        return self.plane.name

    @property
    def shape(self) -> tuple[int, int]:
        """Rows and columns."""
        return self.plane.shape

    @property
    def dtype(self) -> np.dtype:
        """Of the values."""
        return self.plane.dtype

    def reading(self) -> AbstractContextManager[Rows]:
        """Make the rows readable; see `Strips.reading`."""
        return self.plane.reading()


@dataclass(frozen=True, slots=True)
class YearPlane:
    """What a year becomes."""

    header: RasterInfo
    """Of the whole year: on the module's grid if it was joined or resampled."""
    plane: Readable | None
    missing: str = ""
    """Why there is no plane."""
    joined: JoinedPlane | None = None
    """The tiles, if it came in tiles."""
    resampling: Resampling | None = None


@dataclass(frozen=True, slots=True)
class Planes:
    """Makes planes; files with several years are opened for all of them together."""

    grid: Grid
    """The module's."""
    nodata: int
    is_tiled: bool
    method: Method | None
    """How rasters on other grids are resampled; none: they are left where they lie."""
    bundles: Mapping[Place, tuple[int, ...]]
    """Bands that are wanted, by file whose bands lie side by side."""
    _strips: dict[Place, Strips] = field(default_factory=dict)

    def of_year(self, sheets: Sequence[Sheet]) -> YearPlane:
        """Return one plane for the sheets of a year."""
        first = sheets[0].header
        if problem := next((words for sheet in sheets if (words := self._unfit(sheet))), ""):
            return YearPlane(first, None, problem)
        if self.is_tiled:
            return self._joined(sheets)
        return self._resampled(YearPlane(first, self._plane(sheets[0])))

    def _unfit(self, sheet: Sheet) -> str:
        header = sheet.header
        if header.dtype != "uint8":
            return f"{header.dtype} values, not uint8"
        if header.count != 1:
            return f"{header.count} bands, not 1"
        too_large = is_too_large(header, self.grid, is_resampled=self.method is not None)
        return "too large to be decoded" if too_large or sheet.facts.block_bytes > MOST_BLOCK_BYTES else ""

    def _plane(self, sheet: Sheet) -> Readable:
        header, wanted = sheet.header, self.bundles.get(sheet.path, ())
        if len(wanted) < 2:
            return FilePlane(sheet.path, header.shape, np.dtype(np.uint8), sheet.band)
        strips = self._strips.get(sheet.path)
        if strips is None:
            rows = strip_rows(len(wanted), header.shape[1], sheet.facts.block[0])
            strips = Strips(Bundle(sheet.path, wanted).reading, len(wanted), header.shape, rows)
            self._strips[sheet.path] = strips
        return StripPlane(sheet.name, strips, wanted.index(sheet.band))

    def _joined(self, sheets: Sequence[Sheet]) -> YearPlane:
        """Lay tiles on the module's grid, or else, if they are to be resampled, on the one that they share."""
        first, name = sheets[0].header, sheets[0].name
        pieces = self._pieces(sheets, self.grid.transform, self.grid.crs)
        if pieces and all(is_within(piece, self.grid.shape) for piece in pieces):
            joined = join(name, pieces, self.grid.shape, self.nodata)
            return YearPlane(self._own_header(), joined, joined=joined)
        pieces = self._pieces(sheets, first.transform, first.crs) if self.method else None
        if not pieces:
            return YearPlane(first, None, "its tiles do not lie on the module's grid")
        top, left = min(piece.top for piece in pieces), min(piece.left for piece in pieces)
        shape = max(piece.bottom for piece in pieces) - top, max(piece.right for piece in pieces) - left
        header = replace(first, transform=first.transform @ Affine.translation(left, top), shape=shape)
        if is_too_large(header, self.grid, is_resampled=True):
            return YearPlane(first, None, "its tiles lie too far apart")
        moved = [Piece(piece.plane, piece.top - top, piece.left - left) for piece in pieces]
        joined = join(name, moved, shape, self.nodata)
        return self._resampled(YearPlane(header, joined, joined=joined))

    def _pieces(self, sheets: Sequence[Sheet], base: Affine, crs: str) -> list[Piece] | None:
        """Return the tiles on one lattice of pixels; none if one of them lies on another."""
        pieces = []
        for sheet in sheets:
            place = whole_offset(base, sheet.header.transform, sheet.header.shape)
            if place is None or not same_crs(sheet.header.crs, crs):
                return None
            pieces.append(Piece(self._plane(sheet), *place))
        return pieces

    def _own_header(self) -> RasterInfo:
        return RasterInfo(self.grid.crs, self.grid.transform, self.grid.shape, 1, "uint8", self.nodata)

    def _resampled(self, year: YearPlane) -> YearPlane:
        """Resample a year that lies elsewhere, if that is wanted and makes sense."""
        header, source = year.header, year.plane
        if self.method is None or source is None or lies_on(header, self.grid):
            return year
        scale = pixels_per_pixel(header.crs, header.transform, self.grid)
        if not 1 / MOST_FINER <= scale <= MOST_FINER:  # nor if it is not a number
            return year
        method = self.method if scale >= FINER else "nearest"
        plane = resampled(source, header.crs, header.transform, self.grid, method, self.nodata)
        how = Resampling(header.crs, header.transform, header.shape, method)
        return replace(year, header=self._own_header(), plane=ResampledPlane(plane, how), resampling=how)


def is_within(piece: Piece, shape: tuple[int, int]) -> bool:
    """Return whether a tile has no pixel beyond a whole."""
    return piece.top >= 0 and piece.left >= 0 and piece.bottom <= shape[0] and piece.right <= shape[1]


def is_too_large(header: RasterInfo, grid: Grid, *, is_resampled: bool) -> bool:
    """Return whether a raster has far more pixels than a grid, or than one as fine as the raster if it is resampled."""
    scale = pixels_per_pixel(header.crs, header.transform, grid) if is_resampled else 1.0
    finer = min(max(scale, 1.0), MOST_FINER) if math.isfinite(scale) else 1.0
    most = MOST_PIXELS * grid.shape[0] * grid.shape[1] * finer**2 + 1_000_000
    return header.shape[0] * header.shape[1] > most


def lies_on(header: RasterInfo, grid: Grid) -> bool:
    """Return whether a raster is one band on exactly a grid."""
    fits = header.count == 1 and header.shape == grid.shape and same_crs(header.crs, grid.crs)
    return fits and whole_offset(grid.transform, header.transform, grid.shape) == (0, 0)
