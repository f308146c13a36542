"""Blocks of working arrays: one zipped Zarr group a task, read and written whole."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import numpy as np
import zarr
from zarr.storage import ZipStore

SUFFIX = ".zarr.zip"


def write_block(path: Path, arrays: Mapping[str, np.ndarray]) -> None:
    """Write named arrays, one chunk each, compressed with Zstandard."""
    with ZipStore(path, mode="w") as store:
        group = zarr.create_group(store)
        for name, array in arrays.items():
            chunks = tuple(max(side, 1) for side in array.shape)  # a table may have no rows, a chunk may not
            group.create_array(name, data=np.ascontiguousarray(array), chunks=chunks)


def read_block(path: Path) -> dict[str, np.ndarray]:
    """Read every array of a block."""
    with ZipStore(path, mode="r") as store:
        group = zarr.open_group(store, mode="r")
        return {name: np.asarray(array[...]) for name, array in group.arrays()}
