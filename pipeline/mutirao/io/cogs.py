"""Write COGs as their pixels come: windows go to a plain tiled file under a temporary name, which then becomes a COG.

Memory does not grow with the map. The draft is cheaply compressed; its overviews lie beside it, where GDAL looks for
them: `map.ovr` is the first level of `map`, `map.ovr.ovr` the second. What the COG driver writes of them is, byte for
byte, what it writes when it makes mode overviews itself.
"""

from __future__ import annotations

import glob
import threading
import uuid
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Self

import numpy as np
import rasterio
import rasterio.shutil
from affine import Affine
from rasterio.io import DatasetReader
from rasterio.windows import Window

from mutirao.errors import ResourceError
from mutirao.grid import Grid, Tile
from mutirao.io.overviews import coarsen, level_shapes, source_of, windows
from mutirao.io.rasters import Rgba, begin_pixel_digest, opened

BLOCK = 512
SMALL_BLOCK = 256
"""Side of the blocks of a stack, which hold all its bands, and of maps that are read by tiles with a margin."""
_DRAFT = {
    "driver": "GTiff",
    "tiled": True,
    "blockxsize": BLOCK,
    "blockysize": BLOCK,
    "compress": "zstd",
    "zstd_level": 1,
    "interleave": "band",
    "bigtiff": "yes",
    "sparse_ok": True,
}
_WRAP = 1 << 64
"""Sums of pixels are taken modulo this."""
_PIECE = 8 * BLOCK
"""Columns that are made coarser at once."""


class Draft:
    """A raster under way. Threads may write at the same time; what is not finished vanishes with the context."""

    def __init__(
        self,
        path: Path,
        grid: Grid,
        dtype: type[np.integer] | np.dtype,
        *,
        bands: Sequence[str] = (),
        colormap: Mapping[int, Rgba] | None = None,
        tags: Mapping[str, str] | None = None,
        for_tiles: bool = False,
    ) -> None:
        """Begin a file.

        Parameters
        ----------
        path : its final name, given to it when it is complete.
        bands : names of the bands of a stack; without them the file is a map of one band.
        colormap : colour by code; only for a map of uint8.
        for_tiles : the file is read by tiles with a margin, from within: blocks are small, those of nodata left out.
        """
        self.path, self.grid, self.dtype, self.bands = path, grid, np.dtype(dtype), tuple(bands)
        self._block = SMALL_BLOCK if bands or for_tiles else BLOCK
        self._sparse = for_tiles
        self._file = path.with_name(f".{path.name}.{uuid.uuid4().hex}.tif")
        self._lock = threading.Lock()
        self._sums = [0] * max(len(bands), 1)
        path.parent.mkdir(parents=True, exist_ok=True)
        self._raster = rasterio.open(self._file, "w", **self._profile(grid.shape))
        for number, name in enumerate(bands, start=1):
            self._raster.set_band_description(number, name)
        if colormap and not bands and self.dtype == np.uint8:
            self._raster.write_colormap(1, dict(colormap))
        self._raster.update_tags(**(tags or {}))

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.discard()

    @property
    def shape(self) -> tuple[int, ...]:
        """Shape of all pixels: (y, x) of a map, (band, y, x) of a stack."""
        return (len(self.bands), *self.grid.shape) if self.bands else self.grid.shape

    def write(self, pixels: np.ndarray, window: Tile | None = None) -> None:
        """Write a window, or everything.

        Parameters
        ----------
        pixels : (y, x) of a map, (band, y, x) of a stack, in the type of the file.
        """
        window = window or self.grid.whole
        expected = (*self.shape[:-2], *window.shape)
        if pixels.shape != expected or pixels.dtype != self.dtype:  # GDAL would resample or cast without a word
            raise ValueError(f"pixels are {pixels.shape} {pixels.dtype}, the window has {expected} {self.dtype}")
        stack = pixels.reshape(-1, *window.shape)
        with self._lock:
            self._raster.write(stack, window=_gdal(window))
            for band, plane in enumerate(stack):
                self._sums[band] += _sum(plane)

    def finish(self) -> str:
        """Make the COG, give it its name, and return the `pixel_digest` of what it holds.

        Raises
        ------
        ResourceError
            R207: the draft does not hold what was written; storage is full.
        """
        self._raster.close()
        with opened(self._file) as draft:
            digest = self._digest(draft)
        for level in range(len(level_shapes(self.grid.shape, self._block))):
            self._add_level(level)
        partial = self._file.with_suffix(".cog.tif")
        rasterio.shutil.copy(
            str(self._file),
            partial,
            driver="COG",
            COMPRESS="DEFLATE",
            LEVEL=6,
            BIGTIFF="IF_SAFER",
            BLOCKSIZE=self._block,
            SPARSE_OK=self._sparse,
            OVERVIEW_RESAMPLING="MODE",
        )
        partial.replace(self.path)
        self.discard()
        return digest

    def discard(self) -> None:
        """Remove all temporary files."""
        self._raster.close()
        for file in self.path.parent.glob(f"{glob.escape(self._file.stem)}*"):
            file.unlink(missing_ok=True)

    def _profile(self, shape: tuple[int, int]) -> dict[str, object]:
        height, width = self.grid.shape
        place = {
            "crs": self.grid.crs,
            "transform": self.grid.transform @ Affine.scale(width / shape[1], height / shape[0]),
        }
        size = {"height": shape[0], "width": shape[1], "count": max(len(self.bands), 1)}
        return {**_DRAFT, **place, **size, "dtype": self.dtype, "nodata": 0}

    def _digest(self, draft: DatasetReader) -> str:
        """Digest band after band, in strips."""
        digest = begin_pixel_digest(self.grid, self.shape, self.dtype)
        for band, expected in enumerate(self._sums, start=1):
            total = 0
            for strip in _strips(draft, band):
                digest.update(np.ascontiguousarray(strip).data)
                total += _sum(strip)
            if (total - expected) % _WRAP:  # GDAL keeps to itself what it could not write while it closes a file
                remedy = "free space and run the command again"
                message = "what was written is not there: storage is full or damaged"
                raise ResourceError.because("R207", message, where=str(self.path), remedy=remedy)
        return digest.hexdigest()

    def _add_level(self, level: int) -> None:
        """Write the overviews of a level, made from the level before."""
        finer, shape = [self.grid.shape, *level_shapes(self.grid.shape, self._block)][level : level + 2]
        finer_file, file = (self._file.with_name(self._file.name + ".ovr" * n) for n in (level, level + 1))
        with opened(finer_file) as src, rasterio.open(file, "w", **self._profile(shape)) as dst:
            for window in windows(shape, BLOCK, _PIECE):
                source = source_of(window, shape, finer)
                for band in range(1, src.count + 1):
                    pixels = src.read(band, window=_gdal(source))
                    dst.write(coarsen(pixels, source, window, shape, finer), band, window=_gdal(window))


def write_cog(
    path: Path,
    pixels: np.ndarray,
    grid: Grid,
    *,
    colormap: Mapping[int, Rgba] | None = None,
    tags: Mapping[str, str] | None = None,
    for_tiles: bool = False,
) -> str:
    """Write one (y, x) array of codes as a COG: DEFLATE 6, 512 blocks, mode overviews, nodata 0, no predictor.

    With `for_tiles` blocks have 256 pixels and those of nodata are left out; see `Draft`. The file appears under its
    name only when it is complete. Returns the `pixel_digest`.
    """
    with Draft(path, grid, pixels.dtype, colormap=colormap, tags=tags, for_tiles=for_tiles) as draft:
        draft.write(pixels)
        return draft.finish()


def _sum(pixels: np.ndarray) -> int:
    return int(pixels.sum(dtype=np.uint64))


def _strips(src: DatasetReader, band: int) -> Iterator[np.ndarray]:
    for top in range(0, src.height, BLOCK):
        yield src.read(band, window=Window(0, top, src.width, min(BLOCK, src.height - top)))


def _gdal(window: Tile) -> Window:
    return Window(window.left, window.top, window.shape[1], window.shape[0])
