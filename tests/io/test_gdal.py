"""What GDAL says when it cannot write: storage that is full is told as such, and nothing else is."""

from __future__ import annotations

import resource
import signal
from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np
import pytest
import rasterio
import xarray as xr
from rasterio.errors import RasterioIOError

from mutirao.errors import ResourceError
from mutirao.grid import Grid
from mutirao.io import cogs, rasters
from mutirao.io.downloads import write_clip
from mutirao.io.gdal import room_for_rasters
from mutirao.io.storage import whole_folder

GRID = Grid(crs="EPSG:31983", resolution=30, origin=(300_000, 7_800_000), shape=(1200, 1000))
CLASSES = np.random.default_rng(3).integers(0, 255, GRID.shape, np.uint8)
FULL = r"R207 (storage is full|what was written is not there)"


@contextmanager
def largest_file(size: int) -> Iterator[None]:
    """Let the system refuse to write more than so many bytes to one file, as a full disk does."""
    before, action = resource.getrlimit(resource.RLIMIT_FSIZE), signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
        signal.signal(signal.SIGXFSZ, action)


# GDAL fails in another way at each: while it writes, closes the draft, or makes the COG.
@pytest.mark.parametrize("size", [0, 100, 70_000, 600_000, 1_190_000, 1_200_000, 1_210_000])
def test_full_disk_is_told_where_a_release_and_a_download_are_written(tmp_path, size):
    target, clip = tmp_path / "release", tmp_path / "clip.tif"
    rows, columns = np.arange(GRID.shape[0]) + 0.5, np.arange(GRID.shape[1]) + 0.5
    places = {"y": GRID.origin[1] - 30 * rows, "x": GRID.origin[0] + 30 * columns}
    year = xr.DataArray(CLASSES, places, ("y", "x"))
    with largest_file(size):
        with pytest.raises(ResourceError, match=FULL), whole_folder(target) as partial:
            cogs.write_cog(partial / "map.tif", CLASSES, GRID)
        with pytest.raises(ResourceError, match=FULL):
            write_clip(clip, year, GRID, None, {})
    assert list(tmp_path.iterdir()) == []
    with whole_folder(target) as partial:
        cogs.write_cog(partial / "map.tif", CLASSES, GRID)
    assert (rasters.read(target / "map.tif") == CLASSES).all()


def test_other_failures_of_gdal_stay_what_they_are(tmp_path):
    (tmp_path / "text.tif").write_text("no raster")
    with pytest.raises(RasterioIOError, match="not recognized"), room_for_rasters(tmp_path):
        rasterio.open(tmp_path / "text.tif")
    with pytest.raises(RasterioIOError), room_for_rasters(tmp_path):
        rasterio.open(tmp_path / "nowhere" / "map.tif", "w", "GTiff", 1, 1, 1, dtype="uint8")
    with pytest.raises(rasters.RasterError, match="M202"), room_for_rasters(tmp_path):
        rasters.info(tmp_path / "text.tif")
    with pytest.raises(ValueError, match="write it down"), room_for_rasters(tmp_path):
        raise ValueError("write it down")
