"""The windows in which a release reads a build."""

from __future__ import annotations

from mutirao.grid import Grid, Tile
from mutirao.io.blocks import CHUNK


def strips(grid: Grid) -> list[Tile]:
    """Return windows that cover a grid, as high as the chunks of a tile's arrays: each chunk is decoded once.

    All years of a layer in one of them take a byte a pixel and year: 43 MB for 41 years and tiles of 2048 pixels.
    """
    return [
        Tile(tile.id, top, min(top + CHUNK, tile.bottom), tile.left, tile.right)
        for tile in grid.tiles()
        for top in range(tile.top, tile.bottom, CHUNK)
    ]
