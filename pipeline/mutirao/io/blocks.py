"""Blocks of working arrays: one zipped Zarr group a task, written whole; some arrays or a window can be read alone."""

from __future__ import annotations

import zipfile
from collections.abc import Collection, Mapping
from pathlib import Path

import numpy as np
import zarr
from zarr.core.buffer import Buffer
from zarr.storage import MemoryStore, ZipStore

from mutirao.io.faults import patient

SUFFIX = ".zarr.zip"
CHUNK = 512
"""Side of the chunks of a map in pixels: a tile beside this one reads little more than the margin that it needs."""
_NO_DATE = (1980, 1, 1, 0, 0, 0)
"""Equal arrays give equal bytes, whenever they are written."""


def write_block(path: Path, arrays: Mapping[str, np.ndarray]) -> None:
    """Write named arrays, in chunks of all years, compressed with Zstandard."""
    members: dict[str, Buffer] = {}
    group = zarr.create_group(MemoryStore(members))
    for name, array in arrays.items():
        group.create_array(name, data=np.ascontiguousarray(array), chunks=_chunks(array.shape))
    with zipfile.ZipFile(path, "w") as archive:
        for name in sorted(members):
            archive.writestr(zipfile.ZipInfo(name, _NO_DATE), members[name].to_bytes())


def _chunks(shape: tuple[int, ...]) -> tuple[int, ...]:
    """Return the sides of a chunk: a map of years is cut in y and x, anything else is one chunk."""
    sides = (shape[0], *(min(side, CHUNK) for side in shape[1:])) if len(shape) == 3 else shape
    return tuple(max(side, 1) for side in sides)  # a table may have no rows, a chunk may not


@patient
def read_block(path: Path, names: Collection[str] | None = None) -> dict[str, np.ndarray]:
    """Read the named arrays of a block, or every one."""
    with ZipStore(path, mode="r") as store:
        group = zarr.open_group(store, mode="r")
        return {name: np.asarray(array[...]) for name, array in group.arrays() if names is None or name in names}


@patient
def read_window(path: Path, name: str, window: tuple[slice, slice]) -> np.ndarray:
    """Read rows and columns of one (year, y, x) array of a block."""
    with ZipStore(path, mode="r") as store:
        array = zarr.open_group(store, mode="r")[name]
        assert isinstance(array, zarr.Array), "a block is flat"
        return np.asarray(array[:, *window])
