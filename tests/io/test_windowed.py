"""Rasters that are read in windows: the pixels of the array, and never those of another file."""

from __future__ import annotations

import numpy as np
import pytest

from mutirao.errors import ResourceError
from mutirao.grid import Grid
from mutirao.io.cogs import write_cog
from mutirao.io.rasters import RasterError
from mutirao.io.windowed import WindowedRaster

GRID = Grid(crs="EPSG:31983", resolution=30, origin=(300_000, 7_800_000), shape=(30, 20))
PIXELS = np.arange(600, dtype=np.uint16).reshape(30, 20)


def test_windows_are_those_of_the_array(tmp_path):
    write_cog(tmp_path / "a.tif", PIXELS, GRID)
    raster = WindowedRaster(tmp_path / "a.tif")
    assert (raster.shape, raster.dtype) == ((30, 20), np.uint16)
    assert (raster[3:7, 5:20] == PIXELS[3:7, 5:20]).all()
    assert (raster[:, -2:] == PIXELS[:, -2:]).all()


def test_a_file_that_changed_or_is_no_raster_is_refused(tmp_path):
    write_cog(tmp_path / "a.tif", PIXELS, GRID)
    raster = WindowedRaster(tmp_path / "a.tif")
    write_cog(tmp_path / "a.tif", PIXELS + np.uint16(1), GRID)
    with pytest.raises(ResourceError, match="R218 the file changed meanwhile"):
        raster[0:1, 0:1]
    (tmp_path / "a.tif").write_bytes(b"no")
    with pytest.raises(RasterError, match="M202"):
        WindowedRaster(tmp_path / "a.tif")
