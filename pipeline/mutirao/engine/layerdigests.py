"""Digests of the layers of a build, made of those of its tiles, so that nobody reads a layer again for its digest.

A tile is digested while it is made. The digest of a layer names the side of the tiles that it is made of; on another
tiling the same pixels have another digest, which `digest_like` makes.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Iterable, Sequence

import numpy as np

from mutirao.grid import Grid, Tile

_SCHEME = re.compile(r"tiles(\d+):[0-9a-f]{64}")


def tile_digests(layers: Iterable[np.ndarray]) -> np.ndarray:
    """Return (layer, 32) uint8: the sha256 of each layer of a tile, (year, y, x), with its type and shape."""
    return np.stack([np.frombuffer(_digest(layer), np.uint8) for layer in layers])


def layer_digests(names: Sequence[str], tiles: Iterable[np.ndarray], grid: Grid, years: int) -> dict[str, str]:
    """Return the digest of the decoded pixels of all years by layer.

    Parameters
    ----------
    names : of the layers, in the order in which each tile has them.
    tiles : `tile_digests` of every tile, in the order of the grid.
    """
    by_layer = np.stack(list(tiles), axis=1)
    return {name: _joined(map(bytes, rows), grid, years) for name, rows in zip(names, by_layer, strict=True)}


def digest_like(known: str, read: Callable[[Tile], np.ndarray], grid: Grid, years: int) -> str | None:
    """Return the digest of a layer, made in the way of another one; none if that way is not known.

    Parameters
    ----------
    read : returns a window of the layer, (year, y, x).
    """
    scheme = _SCHEME.fullmatch(known)
    if scheme is None:
        return None
    as_there = grid.model_copy(update={"tile": int(scheme[1])})
    return _joined((_digest(read(tile)) for tile in as_there.tiles()), as_there, years)


def _digest(layer: np.ndarray) -> bytes:
    digest = hashlib.sha256(f"{layer.dtype.str}|{layer.shape}|".encode())
    digest.update(np.ascontiguousarray(layer).data)
    return digest.digest()


def _joined(tiles: Iterable[bytes], grid: Grid, years: int) -> str:
    digest = hashlib.sha256(f"{grid.crs}|{tuple(grid.transform)[:6]}|{(years, *grid.shape)}|".encode())
    for tile in tiles:
        digest.update(tile)
    return f"tiles{grid.tile}:{digest.hexdigest()}"
