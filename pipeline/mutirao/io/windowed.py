"""Rasters of one band that are read in windows and nowhere held whole."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from mutirao.errors import ResourceError
from mutirao.grid import Tile
from mutirao.io import rasters

_Signature = tuple[int, int, int, int]


@dataclass(frozen=True)
class WindowedRaster:
    """The first band of a file on the grid; looks like a (y, x) array of which only windows are taken.

    The file must stay what it was when this was made: keys of tiles speak of those pixels. Threads may read at once.
    """

    path: Path
    shape: tuple[int, int] = field(init=False)
    dtype: np.dtype = field(init=False)
    _signature: _Signature = field(init=False, repr=False)

    def __post_init__(self) -> None:
        """Read the header; `RasterError` as of `rasters.info`."""
        header = rasters.info(self.path)
        object.__setattr__(self, "shape", header.shape)
        object.__setattr__(self, "dtype", np.dtype(header.dtype))
        object.__setattr__(self, "_signature", _signature(self.path))

    def __getitem__(self, window: tuple[slice, slice]) -> np.ndarray:
        """Return the (y, x) pixels of half-open ranges of rows and columns, with steps of one.

        Raises
        ------
        RasterError
            M202: the file cannot be read.
        ResourceError
            R218: the file is another than when this was made.
        """
        (top, bottom, _), (left, right, _) = (part.indices(size) for part, size in zip(window, self.shape, strict=True))
        pixels = rasters.read(self.path, Tile("window", top, bottom, left, right))
        if _signature(self.path) != self._signature:  # asked after reading, so that what was read is the old file
            remedy = "leave the files of the collection alone while a command runs, and run it again"
            raise ResourceError.because("R218", "the file changed meanwhile", where=str(self.path), remedy=remedy)
        return pixels


def _signature(path: Path) -> _Signature:
    found = path.stat()
    return found.st_size, found.st_mtime_ns, found.st_ctime_ns, found.st_ino
