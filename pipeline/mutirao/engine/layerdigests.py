"""Digests of the layers of a build, tile by tile, so that no layer is ever whole in memory.

The digest of a layer is that of the digests of its rows, in which the years of a pixel stand together. Along a row of
tiles only the state of these is kept, some hundred bytes each; and the digest does not depend on the tiling.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import groupby

import numba
import numpy as np

from mutirao.engine.cluster import run_tasks
from mutirao.engine.tileprogram import LAYERS
from mutirao.grid import Grid, Tile
from mutirao.io import rasters

Read = Callable[[Tile, str], np.ndarray]
"""Returns one layer of a tile, (year, y, x)."""
SCHEME = "series:"
"""Begins every such digest; those of earlier versions are `io.rasters.pixel_digest` of the whole layer."""


@dataclass(frozen=True, slots=True)
class _Rows:
    """Digests of the rows of a band of tiles in one layer."""

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
    digests = [hashlib.sha256() for _ in range(band[0].shape[0])]
    dtype = ""
    for tile in band:
        values = read(tile, name)
        series, dtype = np.empty((values.shape[2], len(values)), values.dtype), values.dtype.str
        for y, digest in enumerate(digests):
            _interleave(values[:, y], series)
            digest.update(series.data)
    return _Rows(dtype, [digest.digest() for digest in digests])


@numba.njit(nogil=True, cache=True)
def _interleave(row, series):  # type: ignore[no-untyped-def]
    """Write (year, x) values as (x, year), eight times as fast as numpy; other threads may go on."""
    years, columns = row.shape
    for t in range(years):
        for x in range(columns):
            series[x, t] = row[t, x]


def _joined(bands: Sequence[_Rows], grid: Grid, years: int) -> str:
    header = f"{grid.crs}|{tuple(grid.transform)[:6]}|{(years, *grid.shape)}|{bands[0].dtype}"
    digest = hashlib.sha256(header.encode())
    for band in bands:
        digest.update(b"".join(band.digests))
    return SCHEME + digest.hexdigest()
