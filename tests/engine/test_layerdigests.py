"""Digests of layers depend on the pixels and their place, not on tiles or threads."""

from __future__ import annotations

import hashlib

import numpy as np
import pytest

from mutirao.engine.layerdigests import SCHEME, digest_like, layer_digests
from mutirao.engine.tileprogram import LAYERS
from mutirao.grid import Grid
from mutirao.io.rasters import pixel_digest

GRID = Grid(crs="EPSG:31983", resolution=30, origin=(300_000, 7_800_000), shape=(36, 40), tile=16)
PIXELS = np.random.default_rng(1).integers(0, 9, (3, 36, 40)).astype(np.uint16)


def digests(pixels: np.ndarray, tile: int) -> dict[str, str]:
    grid = GRID.model_copy(update={"tile": tile})
    return layer_digests(lambda window, _: pixels[:, *window.slices], grid, len(pixels), 2)


def test_digest_is_that_of_the_rows_written_out():
    series = [[PIXELS[t, y, x] for x in range(40) for t in range(3)] for y in range(36)]
    rows = b"".join(hashlib.sha256(b"".join(value.tobytes() for value in row)).digest() for row in series)
    header = f"{GRID.crs}|{tuple(GRID.transform)[:6]}|(3, 36, 40)|<u2"
    expected = SCHEME + hashlib.sha256(header.encode() + rows).hexdigest()
    assert digests(PIXELS, 16) == dict.fromkeys(LAYERS, expected)


@pytest.mark.parametrize("tile", [17, 20, 40, 64])
def test_digest_is_the_same_on_any_tiling(tile):
    assert digests(PIXELS, tile) == digests(PIXELS, 16)


def test_one_pixel_or_another_dtype_makes_another_digest():
    other = PIXELS.copy()
    other[2, 35, 39] += 1
    found = {digests(pixels, 16)["class"] for pixels in (PIXELS, other, PIXELS.astype(np.uint8), PIXELS[::-1])}
    assert len(found) == 4


def test_digest_can_be_made_in_the_way_of_another():
    assert digest_like(digests(PIXELS, 16)["class"], PIXELS, GRID) == digests(PIXELS, 16)["class"]
    assert digest_like("0" * 64, PIXELS, GRID) == pixel_digest(PIXELS, GRID)
