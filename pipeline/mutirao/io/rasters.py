"""Read and write rasters: windows, single-band COGs, the history COG, and digests of decoded pixels."""

from __future__ import annotations

import hashlib
import uuid
import warnings
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import rasterio
import rasterio.shutil
from affine import Affine
from rasterio.errors import NotGeoreferencedWarning, RasterioError
from rasterio.io import DatasetReader, MemoryFile
from rasterio.windows import Window

from mutirao.errors import Finding, MutiraoError
from mutirao.grid import Grid, Tile
from mutirao.io.faults import patient

BLOCK = 512
_STRIP = 4 * BLOCK
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
def info(path: Path | str) -> RasterInfo:
    """Read a raster's header."""
    with opened(path) as src:
        crs = src.crs.to_wkt() if src.crs else ""
        return RasterInfo(crs, src.transform, (src.height, src.width), src.count, src.dtypes[0], src.nodata)


@patient
def read(path: Path | str, tile: Tile | None = None, band: int = 1) -> np.ndarray:
    """Read one band at full resolution, whole or in a window.

    Returns
    -------
    (y, x) array in the file's dtype.

    Raises
    ------
    RasterError
        M202: the file cannot be opened or decoded (truncated, not a raster, missing).
    """
    with opened(path) as src:
        return np.asarray(src.read(band, window=_window(tile)))


@patient
def read_bands(path: Path | str, tile: Tile | None = None) -> np.ndarray:
    """Read all bands as (band, y, x) in the file's dtype."""
    with opened(path) as src:
        return np.asarray(src.read(window=_window(tile)))


@contextmanager
def opened(path: Path | str) -> Iterator[DatasetReader]:
    """Open a raster; any failure of GDAL becomes a `RasterError` that names the file."""
    try:
        with warnings.catch_warnings():
            # A raster without a place is found by the grid checks, with a remedy.
            warnings.simplefilter("ignore", NotGeoreferencedWarning)
            src = rasterio.open(path)
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
    header = f"{grid.crs}|{tuple(grid.transform)[:6]}|{pixels.shape}|{pixels.dtype.str}|{nodata}"
    digest = hashlib.sha256(header.encode())
    digest.update(pixels.data)
    return digest.hexdigest()


def stored_pixel_digests(path: Path | str, grid: Grid, nodata: int = 0) -> frozenset[str]:
    """Return `pixel_digest` of a file, read in strips; that of one band is both that of (y, x) and of (1, y, x).

    Empty if the file does not have the grid's shape: nothing of it is decoded then, however large it says it is.
    """
    with opened(path) as src:
        height, width = src.height, src.width
        if (height, width) != grid.shape:
            return frozenset()
        shapes = [(src.count, height, width), *([(height, width)] if src.count == 1 else [])]
        kind, place = np.dtype(src.dtypes[0]).str, tuple(grid.transform)[:6]
        digests = [hashlib.sha256(f"{grid.crs}|{place}|{shape}|{kind}|{nodata}".encode()) for shape in shapes]
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
def file_digest(path: Path) -> str:
    """Return the sha256 of a file's bytes."""
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def write_cog(
    path: Path,
    pixels: np.ndarray,
    grid: Grid,
    *,
    colormap: Mapping[int, Rgba] | None = None,
    tags: Mapping[str, str] | None = None,
) -> None:
    """Write one (y, x) array of codes as a COG: DEFLATE 6, 512 blocks, mode overviews, nodata 0, no predictor.

    The file appears under its name only when it is complete.
    """
    with MemoryFile() as memory:
        with memory.open(**_profile(grid, pixels)) as dst:
            dst.write(pixels, 1)
            if colormap and pixels.dtype == np.uint8:
                dst.write_colormap(1, dict(colormap))
            dst.update_tags(**(tags or {}))
        _copy_as_cog(memory, path, BLOCKSIZE=BLOCK, OVERVIEW_RESAMPLING="MODE")


def write_history_cog(
    path: Path, pixels: np.ndarray, grid: Grid, *, names: Sequence[str], tags: Mapping[str, str] | None = None
) -> None:
    """Write (year, y, x) codes as one COG, one band a year, 256 blocks, mode overviews.

    The COG driver keeps the bands of a pixel side by side, so one read gives a pixel's whole history.
    """
    with MemoryFile() as memory:
        with memory.open(**_profile(grid, pixels), interleave="pixel") as dst:
            dst.write(pixels)
            for band, name in enumerate(names, start=1):
                dst.set_band_description(band, name)
            dst.update_tags(**(tags or {}))
        _copy_as_cog(memory, path, BLOCKSIZE=256, OVERVIEW_RESAMPLING="MODE")


def _profile(grid: Grid, pixels: np.ndarray) -> dict[str, object]:
    if pixels.shape[-2:] != grid.shape:  # GDAL would write the rows it is given and leave the rest empty
        raise ValueError(f"pixels have shape {pixels.shape}, the grid has {grid.shape}")
    height, width = grid.shape
    shape = {"height": height, "width": width, "count": 1 if pixels.ndim == 2 else len(pixels)}
    return {
        "driver": "GTiff",
        "crs": grid.crs,
        "transform": grid.transform,
        "dtype": pixels.dtype,
        "nodata": 0,
        **shape,
    }


def _copy_as_cog(memory: MemoryFile, path: Path, **options: object) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_name(f".{path.name}.{uuid.uuid4().hex}.tif")
    try:
        rasterio.shutil.copy(
            memory.name, partial, driver="COG", COMPRESS="DEFLATE", LEVEL=6, BIGTIFF="IF_SAFER", **options
        )
        partial.replace(path)
    finally:
        partial.unlink(missing_ok=True)
