"""Digests of the layers of a build, tile by tile, so that no layer is ever whole in memory.

The digest of a layer is that of the digests of its rows of pixels, by row and year. Along a row of tiles only the state
of these is kept, some hundred bytes each; and the digest does not depend on the tiling.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import groupby

import numpy as np

from mutirao.engine.cluster import run_tasks
from mutirao.engine.tileprogram import LAYERS
from mutirao.grid import Grid, Tile
from mutirao.io import rasters

Read = Callable[[Tile, str], np.ndarray]
"""Returns one layer of a tile, (year, y, x)."""
SCHEME = "rows:"
"""Begins every such digest; those of earlier versions are `io.rasters.pixel_digest` of the whole layer."""


@dataclass(frozen=True, slots=True)
class _Rows:
    """Digests of the rows of a band of tiles in one layer, by row and year."""

    dtype: str
    digests: list[bytes]


def layer_digests(read: Read, grid: Grid, years: int, workers: int | None = None) -> dict[str, str]:
    """Return the digest of the decoded pixels of all years by layer; a thread holds one layer of one tile at a time."""
    bands = [list(band) for _, band in groupby(grid.tiles(), key=lambda tile: tile.top)]
    tasks = [(name, band) for name in LAYERS for band in bands]
    rows = run_tasks(lambda task: _digest_rows(read, *task), tasks, lambda: None, workers)
    by_layer = (rows[first : first + len(bands)] for first in range(0, len(rows), len(bands)))
    return {name: _joined(found, grid, years) for name, found in zip(LAYERS, by_layer, strict=True)}


def digest_like(known: str, layer: np.ndarray, grid: Grid) -> str:
    """Return the digest of a whole (year, y, x) layer, made in the way of another one."""
    if not known.startswith(SCHEME):
        return rasters.pixel_digest(layer, grid)
    return _joined([_digest_rows(lambda *_: layer, "", [grid.whole])], grid, len(layer))


def _digest_rows(read: Read, name: str, band: Sequence[Tile]) -> _Rows:
    """Digest the rows of a band of tiles from west to east."""
    hashes: list[list[hashlib._Hash]] = []
    dtype = ""
    for tile in band:
        values = np.ascontiguousarray(read(tile, name))
        hashes = hashes or [[hashlib.sha256() for _ in values] for _ in range(tile.shape[0])]
        dtype = values.dtype.str
        for plane, years in zip(values, zip(*hashes, strict=True), strict=True):
            for row, digest in zip(plane, years, strict=True):
                digest.update(row.data)
    return _Rows(dtype, [digest.digest() for row in hashes for digest in row])


def _joined(bands: Sequence[_Rows], grid: Grid, years: int) -> str:
    header = f"{grid.crs}|{tuple(grid.transform)[:6]}|{(years, *grid.shape)}|{bands[0].dtype}"
    digest = hashlib.sha256(header.encode())
    for band in bands:
        digest.update(b"".join(band.digests))
    return SCHEME + digest.hexdigest()
