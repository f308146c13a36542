"""Small pictures of large rasters, read from the overviews of a file: little more than the picture is decoded."""

from __future__ import annotations

import numpy as np
from rasterio.enums import Resampling
from rasterio.windows import Window

from mutirao.grid import Tile
from mutirao.io.faults import patient
from mutirao.io.places import Place
from mutirao.io.rasters import opened


def small_shape(window: Tile, side: int) -> tuple[int, int]:
    """Return rows and columns of a window whose longer side is at most `side`; it is never enlarged."""
    share = min(1.0, side / max(window.shape))
    return max(1, round(window.shape[0] * share)), max(1, round(window.shape[1] * share))


@patient
def read_small(path: Place | str, window: Tile, side: int) -> np.ndarray:
    """Read a window of the first band made small, each pixel the most frequent value below it.

    Returns
    -------
    (y, x) array in the file's dtype, of `small_shape`.

    Raises
    ------
    RasterError
        M202: the file cannot be opened or decoded.
    """
    part = Window(window.left, window.top, window.shape[1], window.shape[0])
    with opened(path) as src:
        return np.asarray(src.read(1, window=part, out_shape=small_shape(window, side), resampling=Resampling.mode))
