"""Rasters: what is written is what is read, and a broken file says so."""

from __future__ import annotations

import numpy as np
import pytest

from mutirao.grid import Grid, Tile
from mutirao.io import cogs, rasters

GRID = Grid(crs="EPSG:31983", resolution=30, origin=(300_000, 7_800_000), shape=(700, 600))


@pytest.fixture
def classes():
    return np.random.default_rng(5).choice([0, 3, 15], size=GRID.shape).astype(np.uint8)


def test_window_is_read_at_full_resolution(tmp_path, classes):
    path = tmp_path / "map.tif"
    cogs.write_cog(path, classes, GRID)
    tile = Tile("t", 500, 700, 130, 600)
    assert (rasters.read(path, tile) == classes[tile.slices]).all()


def test_digest_is_of_pixels_and_place_not_of_bytes(tmp_path, classes):
    digest = rasters.pixel_digest(classes, GRID)
    path = tmp_path / "map.tif"
    cogs.write_cog(path, classes, GRID)
    assert rasters.pixel_digest(rasters.read(path), GRID) == digest
    moved = GRID.model_copy(update={"origin": (300_030, 7_800_000)})
    other = classes.copy()
    other[0, 0] ^= 3
    assert len({digest, rasters.pixel_digest(classes, moved), rasters.pixel_digest(other, GRID)}) == 3


def test_truncated_file_is_refused_with_its_name(tmp_path, classes):
    path = tmp_path / "map.tif"
    cogs.write_cog(path, classes, GRID)
    path.write_bytes(path.read_bytes()[:-20_000])
    with pytest.raises(rasters.RasterError, match=r"map\.tif: M202"):
        rasters.read(path)


def test_missing_file_is_refused(tmp_path):
    with pytest.raises(rasters.RasterError, match="M202"):
        rasters.info(tmp_path / "no.tif")
