"""Read rasters: headers, bands, windows, and digests of decoded pixels."""

from __future__ import annotations

import hashlib
import sys
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import numpy as np
import rasterio
from affine import Affine
from rasterio.errors import NotGeoreferencedWarning, RasterioError
from rasterio.io import DatasetReader
from rasterio.windows import Window

from mutirao.errors import Finding, MutiraoError
from mutirao.grid import Grid, Tile
from mutirao.io.faults import patient
from mutirao.io.gdal import gdal_name
from mutirao.io.places import ObjectPlace, Place
from mutirao.io.storage import streamed_digest

_STRIP = 2048
"""Rows that are held in memory while a file is digested."""
_AT_ONCE = 1 << 30
"""Bytes of bands side by side that are decoded at once; more would be decoded anew for each band."""
Rgba = tuple[int, int, int, int]


class RasterError(MutiraoError):
    """A raster cannot be opened or decoded."""


@dataclass(frozen=True, slots=True)
class RasterInfo:
    """What a raster's header says."""

    crs: str
    transform: Affine
    shape: tuple[int, int]
    count: int
    dtype: str
    nodata: float | None


@patient
def info(path: Place | str) -> RasterInfo:
    """Read a raster's header."""
    with opened(path) as src:
        crs = src.crs.to_wkt() if src.crs else ""
        return RasterInfo(crs, src.transform, (src.height, src.width), src.count, src.dtypes[0], src.nodata)


@patient
def read(path: Place | str, tile: Tile | None = None, band: int = 1, out: np.ndarray | None = None) -> np.ndarray:
    """Read one band at full resolution, whole or in a window.

    Parameters
    ----------
    out : (y, x) array that is filled and returned, if it is given; values are cast to its type.

    Returns
    -------
    (y, x) array in the file's dtype.

    Raises
    ------
    RasterError
        M202: the file cannot be opened or decoded (truncated, not a raster, missing).
    """
    with opened(path) as src:
        return np.asarray(src.read(band, window=_window(tile), out=out))


@contextmanager
def many_opened() -> Iterator[None]:
    """Keep GDAL's settings in force for a block of this thread that opens many files: each would set them anew."""
    with rasterio.Env():
        yield


@patient
def read_bands(path: Place | str, tile: Tile | None = None) -> np.ndarray:
    """Read all bands as (band, y, x) in the file's dtype."""
    with opened(path) as src:
        return np.asarray(src.read(window=_window(tile)))


@contextmanager
def opened(path: Place | str) -> Iterator[DatasetReader]:
    """Open a raster; any failure of GDAL becomes a `RasterError` that names the file."""
    try:
        with gdal_name(path) as name:
            with warnings.catch_warnings():
                # A raster without a place is found by the grid checks, with a remedy.
                warnings.simplefilter("ignore", NotGeoreferencedWarning)
                src = rasterio.open(name)
            with src:
                yield src
    except (RasterioError, OSError) as err:
        reason = str(err.__cause__ or err).splitlines()[0]
        remedy = "export or copy the file again and compare its size with the original"
        finding = Finding("M202", f"cannot be read as a raster: {reason}", str(path), remedy)
        raise RasterError(finding) from err


def _window(tile: Tile | None) -> Window | None:
    if tile is None:
        return None
    return Window(tile.left, tile.top, tile.shape[1], tile.shape[0])


def pixel_digest(bands: np.ndarray, grid: Grid, nodata: int = 0) -> str:
    """Return the sha256 of decoded pixels with grid, dtype and nodata.

    Encoded bytes differ between GDAL builds for equal pixels; this digest does not.

    Parameters
    ----------
    bands : (y, x) or (band, y, x) array.
    """
    pixels = np.ascontiguousarray(bands)
    digest = begin_pixel_digest(grid, pixels.shape, pixels.dtype, nodata)
    digest.update(pixels.data)
    return digest.hexdigest()


def begin_pixel_digest(grid: Grid, shape: tuple[int, ...], dtype: np.dtype, nodata: int = 0) -> hashlib._Hash:
    """Return the state of a `pixel_digest` before the first pixel, for pixels that come piece by piece."""
    return hashlib.sha256(f"{grid.crs}|{tuple(grid.transform)[:6]}|{shape}|{dtype.str}|{nodata}".encode())


def stored_pixel_digests(path: Place | str, grid: Grid, nodata: int = 0) -> frozenset[str]:
    """Return `pixel_digest` of a file, read in strips; that of one band is both that of (y, x) and of (1, y, x).

    Empty if the file does not have the grid's shape: nothing of it is decoded then, however large it says it is.
    """
    with opened(path) as src:
        height, width = src.height, src.width
        if (height, width) != grid.shape:
            return frozenset()
        shapes = [(src.count, height, width), *([(height, width)] if src.count == 1 else [])]
        digests = [begin_pixel_digest(grid, shape, np.dtype(src.dtypes[0]), nodata) for shape in shapes]
        for strip in _strips(src):
            for digest in digests:
                digest.update(np.ascontiguousarray(strip).data)
    return frozenset(digest.hexdigest() for digest in digests)


def _strips(src: DatasetReader) -> Iterator[np.ndarray]:
    """Yield all pixels, band after band; bands that lie side by side are read at once if memory allows."""
    size = src.count * src.height * src.width * np.dtype(src.dtypes[0]).itemsize
    if src.count > 1 and size <= _AT_ONCE:
        yield src.read()
        return
    for band in range(1, src.count + 1):
        for top in range(0, src.height, _STRIP):
            yield src.read(band, window=Window(0, top, src.width, min(_STRIP, src.height - top)))


@patient
def file_digest(path: Place) -> str:
    """Return the sha256 of a file's bytes."""
    if isinstance(path, ObjectPlace):
        return streamed_digest(path, sys.maxsize)[1]
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()
