"""A raster on any grid, resampled to another one, in strips."""

from __future__ import annotations

import math
import warnings
from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np
from affine import Affine
from pyproj import CRS, Transformer
from rasterio.enums import Resampling
from rasterio.errors import NotGeoreferencedWarning, RasterioError
from rasterio.warp import reproject

from mutirao.errors import Finding
from mutirao.grid import SHIFT_TOLERANCE_PX, Grid
from mutirao.io.delivered import Readable, Rows
from mutirao.io.rasters import RasterError
from mutirao.io.strips import Make, StripPlane, Strips

STRIP = 256
"""Rows that are resampled at once: always the same, so that what comes out does not depend on who reads."""
_EDGE_POINTS = 65
"""Points along each edge of a strip that are followed back to the source."""


def resampled(source: Readable, crs: str, transform: Affine, grid: Grid, method: str, nodata: int) -> StripPlane:
    """Return a plane resampled to a grid.

    Parameters
    ----------
    source : (y, x) uint8 codes.
    crs, transform : where the source lies; rows may run any way, as long as the transform can be inverted.
    method : `nearest` takes the pixel that holds the centre. `mode` takes the value that most source pixels have, and
        no claim is a value like the others; it means something only where source pixels are finer.
    nodata : value where the source has nothing.

    Notes
    -----
    GDAL's warper, with coordinates exact to a hundredth of a pixel. Memory holds, besides a strip, the source rows that
    it touches.
    """
    back = Transformer.from_crs(grid.pyproj_crs, CRS.from_user_input(crs), always_xy=True)

    @contextmanager
    def open_maker() -> Iterator[Make]:
        with source.reading() as rows:
            yield lambda top, bottom: _strip(rows, top, bottom)[None]

    def _strip(rows: Rows, top: int, bottom: int) -> np.ndarray:
        out = np.full((bottom - top, grid.shape[1]), nodata, np.uint8)
        target = grid.transform @ Affine.translation(0, top)
        first, last = _source_rows(back, target, out.shape, transform, source.shape[0])
        if first < last:
            _warp(
                rows(first, last), transform @ Affine.translation(0, first), crs, out, target, grid.crs, method, source
            )
        return out

    return StripPlane(source.name, Strips(open_maker, 1, grid.shape, STRIP), 0)


def _source_rows(
    back: Transformer, target: Affine, shape: tuple[int, int], transform: Affine, height: int
) -> tuple[int, int]:
    """Return the first source row that a strip touches, and the first after it that it does not."""
    down, across = (np.linspace(0, side, _EDGE_POINTS) for side in shape)
    columns = np.concatenate([across, across, np.zeros_like(down), np.full_like(down, shape[1])])
    lines = np.concatenate([np.zeros_like(across), np.full_like(across, shape[0]), down, down])
    x, y = back.transform(target.a * columns + target.c, target.e * lines + target.f)
    inverse = ~transform
    rows = inverse.d * np.asarray(x) + inverse.e * np.asarray(y) + inverse.f
    rows = rows[np.isfinite(rows)]
    if not rows.size:
        return 0, 0
    margin = 2 + math.ceil(np.ptp(rows) / shape[0])
    return max(math.floor(rows.min()) - margin, 0), min(math.ceil(rows.max()) + margin, height)


def _warp(
    values: np.ndarray,
    transform: Affine,
    crs: str,
    out: np.ndarray,
    target: Affine,
    target_crs: str,
    method: str,
    source: Readable,
) -> None:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", NotGeoreferencedWarning)  # of an array on its way, not of the file
            reproject(
                values,
                out,
                src_transform=transform,
                src_crs=crs,
                dst_transform=target,
                dst_crs=target_crs,
                resampling=Resampling[method],
                init_dest_nodata=False,
                tolerance=SHIFT_TOLERANCE_PX,
            )
    except (RasterioError, OSError) as err:
        remedy = "look at CRS and transform of the file, or reproject it yourself"
        finding = Finding("M202", f"cannot be resampled: {err}", source.name, remedy)
        raise RasterError(finding) from err
