"""Blocks of working arrays: one zipped Zarr group a task, written whole; some arrays or a window can be read alone.

The format is Zarr 3, plain: little-endian chunks under Zstandard, chunks of nothing but zeros left out, every member
of the zip stored as it is. It is written and read here chunk by chunk, straight between arrays and the zip: through
zarr's event loop the same bytes take five times the time, and threads wait for each other.
"""

from __future__ import annotations

import json
import zipfile
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from itertools import product
from pathlib import Path
from typing import Any

import numpy as np
from numcodecs.zstd import Zstd

from mutirao.io.faults import patient

SUFFIX = ".zarr.zip"
CHUNK = 512
"""Side of the chunks of a map in pixels: a tile beside this one reads little more than the margin that it needs."""
LEVEL = 0
"""Of Zstandard: its own default. Lower ones are no faster on maps of classes, and take half as much again."""
_META = "zarr.json"
_NO_DATE = (1980, 1, 1, 0, 0, 0)
"""Equal arrays give equal bytes, whenever they are written."""
Shape = tuple[int, ...]
Slices = tuple[slice, ...]


def write_block(path: Path, arrays: Mapping[str, np.ndarray]) -> None:
    """Write named arrays of numbers, in chunks of all years, compressed with Zstandard."""
    with zipfile.ZipFile(path, "w") as archive:
        for name, array in sorted(arrays.items()):
            layout = _Layout.of(array)
            for key, place in layout.chunks(layout.whole):
                part = array[place]
                if part.any():
                    _put(archive, f"{name}/{key}", Zstd(LEVEL).encode(_filled(part, layout.chunk)))
            _put(archive, f"{name}/{_META}", _json(layout.metadata()))
        _put(archive, _META, _json({"attributes": {}, "zarr_format": 3, "node_type": "group"}))


def _put(archive: zipfile.ZipFile, name: str, data: bytes) -> None:
    archive.writestr(zipfile.ZipInfo(name, _NO_DATE), data)


def _json(value: Mapping[str, Any]) -> bytes:
    return json.dumps(value, indent=2).encode()


def _filled(part: np.ndarray, shape: Shape) -> np.ndarray:
    """Return a chunk of its full shape, C-ordered and little-endian: at the edges of an array zeros follow."""
    little = part.dtype.newbyteorder("<")
    if part.shape == shape:
        return np.ascontiguousarray(part, little)
    chunk = np.zeros(shape, little)
    chunk[tuple(slice(size) for size in part.shape)] = part
    return chunk


@patient
def read_block(path: Path, names: Collection[str] | None = None) -> dict[str, np.ndarray]:
    """Read the named arrays of a block, or every one."""
    with zipfile.ZipFile(path) as archive:
        found = (member.removesuffix(f"/{_META}") for member in archive.namelist() if member.endswith(f"/{_META}"))
        wanted = sorted(name for name in found if names is None or name in names)
        return {name: _read(archive, name) for name in wanted}


@patient
def read_window(path: Path, name: str, window: tuple[slice, slice]) -> np.ndarray:
    """Read rows and columns of one (year, y, x) array of a block."""
    with zipfile.ZipFile(path) as archive:
        return _read(archive, name, window)


def _read(archive: zipfile.ZipFile, name: str, window: Slices | None = None) -> np.ndarray:
    """Read an array, or rows and columns of one of three dimensions."""
    layout = _Layout.stored(json.loads(archive.read(f"{name}/{_META}")))
    wanted = layout.whole if window is None else (layout.whole[0], *window)
    out = np.zeros(tuple(part.stop - part.start for part in wanted), layout.dtype)
    chunk, members = np.empty(layout.chunk, layout.dtype), set(archive.namelist())
    for key, place in layout.chunks(wanted):
        if f"{name}/{key}" in members:
            Zstd().decode(archive.read(f"{name}/{key}"), chunk)
            shared = [(max(a.start, b.start), min(a.stop, b.stop)) for a, b in zip(place, wanted, strict=True)]
            of_chunk = tuple(slice(i - a.start, j - a.start) for (i, j), a in zip(shared, place, strict=True))
            of_out = tuple(slice(i - b.start, j - b.start) for (i, j), b in zip(shared, wanted, strict=True))
            out[of_out] = chunk[of_chunk]
    return out


@dataclass(frozen=True, slots=True)
class _Layout:
    """How an array lies in a zip."""

    dtype: np.dtype[Any]
    shape: Shape
    chunk: Shape

    @classmethod
    def of(cls, array: np.ndarray) -> _Layout:
        """Return how an array is written: a map of years is cut in y and x, anything else is one chunk."""
        shape = array.shape
        sides = (shape[0], *(min(side, CHUNK) for side in shape[1:])) if len(shape) == 3 else shape
        return cls(array.dtype, shape, tuple(max(side, 1) for side in sides))  # a table may have no rows, a chunk not

    @classmethod
    def stored(cls, metadata: Mapping[str, Any]) -> _Layout:
        """Return how an array was written."""
        chunk = tuple(metadata["chunk_grid"]["configuration"]["chunk_shape"])
        return cls(np.dtype(metadata["data_type"]).newbyteorder("<"), tuple(metadata["shape"]), chunk)

    @property
    def whole(self) -> Slices:
        """All of the array."""
        return tuple(slice(0, size) for size in self.shape)

    def chunks(self, wanted: Slices) -> Iterator[tuple[str, Slices]]:
        """Yield key and place of the chunks that share something with a part of the array."""
        spans = zip(wanted, self.chunk, strict=True)
        numbers = (range(part.start // side, -(-part.stop // side)) for part, side in spans)
        for index in product(*numbers):
            corners = zip(index, self.chunk, self.shape, strict=True)
            place = tuple(slice(i * side, min((i + 1) * side, size)) for i, side, size in corners)
            yield "/".join(("c", *map(str, index))), place

    def metadata(self) -> dict[str, Any]:
        """Return the array's `zarr.json`."""
        bytes_codec: dict[str, Any] = {"name": "bytes"}
        if self.dtype.itemsize > 1:
            bytes_codec["configuration"] = {"endian": "little"}
        return {
            "shape": self.shape,
            "data_type": self.dtype.name,
            "chunk_grid": {"name": "regular", "configuration": {"chunk_shape": self.chunk}},
            "chunk_key_encoding": {"name": "default", "configuration": {"separator": "/"}},
            "fill_value": 0.0 if self.dtype.kind == "f" else 0,
            "codecs": [bytes_codec, {"name": "zstd", "configuration": {"level": LEVEL, "checksum": False}}],
            "attributes": {},
            "zarr_format": 3,
            "node_type": "array",
            "storage_transformers": [],
        }
