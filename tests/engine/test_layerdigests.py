"""Digests of layers are made tile by tile, depend on the pixels and their place, and can be made on another tiling."""

from __future__ import annotations

import hashlib

import numpy as np
import pytest

from mutirao.engine.layerdigests import digest_like, layer_digests, tile_digests
from mutirao.grid import Grid, Tile

GRID = Grid(crs="EPSG:31983", resolution=30, origin=(300_000, 7_800_000), shape=(36, 40), tile=16)
PIXELS = np.random.default_rng(1).integers(0, 9, (3, 36, 40)).astype(np.uint16)


def digest(pixels: np.ndarray, grid: Grid = GRID) -> str:
    tiles = (tile_digests([pixels[:, *tile.slices]]) for tile in grid.tiles())
    return layer_digests(["class"], tiles, grid, len(pixels))["class"]


def test_digest_is_that_of_the_tiles_written_out():
    tiles = b""
    for rows in (range(16), range(16, 32), range(32, 36)):
        for columns in (range(16), range(16, 32), range(32, 40)):
            written = b"".join(PIXELS[t, y, x].tobytes() for t in range(3) for y in rows for x in columns)
            tiles += hashlib.sha256(f"<u2|{(3, len(rows), len(columns))}|".encode() + written).digest()
    header = f"{GRID.crs}|{tuple(GRID.transform)[:6]}|(3, 36, 40)|"
    assert digest(PIXELS) == "tiles16:" + hashlib.sha256(header.encode() + tiles).hexdigest()


def test_each_layer_has_its_own():
    found = layer_digests(["one", "other"], [tile_digests([PIXELS, PIXELS + 1])], GRID, 3)
    assert list(found) == ["one", "other"]
    assert found["one"] != found["other"]


def test_one_pixel_another_dtype_or_place_makes_another_digest():
    other = PIXELS.copy()
    other[2, 35, 39] += 1
    moved = GRID.model_copy(update={"origin": (300_030, 7_800_000)})
    found = {digest(pixels) for pixels in (PIXELS, other, PIXELS.astype(np.uint8), PIXELS[::-1])}
    assert len({*found, digest(PIXELS, moved)}) == 5


@pytest.mark.parametrize("tile", [16, 17, 20, 40, 64])
def test_digest_can_be_made_on_the_tiling_of_another(tile):
    def read(window: Tile) -> np.ndarray:
        return PIXELS[:, *window.slices]

    known = digest(PIXELS, GRID.model_copy(update={"tile": tile}))
    assert digest_like(known, read, GRID, 3) == known
    assert digest_like(known, lambda window: read(window) + 1, GRID, 3) != known


@pytest.mark.parametrize("unknown", ["", "0" * 64, "tiles16:", "tiles:" + "0" * 64])
def test_what_is_no_such_digest_is_compared_with_nothing(unknown):
    assert digest_like(unknown, lambda _: PIXELS, GRID, 3) is None
