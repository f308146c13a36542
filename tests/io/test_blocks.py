"""Blocks are plain Zarr: what is written is what zarr reads, and what zarr writes is read."""

from __future__ import annotations

import json
import zipfile
from pathlib import Path

import numpy as np
import pytest
import zarr
from hypothesis import given, settings
from hypothesis import strategies as st
from zarr.storage import ZipStore

from mutirao.io.blocks import CHUNK, read_block, read_window, write_block

ARRAYS = {
    "class": np.arange(2 * 600 * 520, dtype=np.int64).reshape(2, 600, 520).astype(np.uint8),
    "rule": (np.arange(2 * 3 * 4, dtype=np.int64).reshape(2, 3, 4) * 300).astype(np.uint16),
    "empty": np.zeros((2, 30, 40), np.uint8),
    "table": np.zeros((0, 7), np.uint16),
    "hectares": np.array([0.5, 1.25]),
    "swapped": np.array([1, 256], ">u2"),
}


def test_zarr_reads_what_is_written(tmp_path: Path):
    write_block(tmp_path / "block.zarr.zip", ARRAYS)
    with ZipStore(tmp_path / "block.zarr.zip", mode="r") as store:
        group = zarr.open_group(store, mode="r")
        assert dict(group.arrays()).keys() == ARRAYS.keys()
        for name, array in ARRAYS.items():
            found = group[name]
            assert (found[...] == array).all()
            assert found.shape == array.shape
            assert found.dtype == array.dtype.newbyteorder("=")


def test_what_zarr_writes_is_read(tmp_path: Path):
    with ZipStore(tmp_path / "block.zarr.zip", mode="w") as store:
        group = zarr.create_group(store)
        for name in ("class", "rule", "hectares"):
            chunks = (2, 512, 512) if name == "class" else ARRAYS[name].shape
            group.create_array(name, data=ARRAYS[name], chunks=chunks)
    found = read_block(tmp_path / "block.zarr.zip")
    assert found.keys() == {"class", "rule", "hectares"}
    assert all((found[name] == ARRAYS[name]).all() for name in found)


def test_chunks_of_zeros_take_no_room_and_equal_arrays_give_equal_bytes(tmp_path: Path):
    for name in ("one", "two"):
        write_block(tmp_path / name, ARRAYS)
    assert (tmp_path / "one").read_bytes() == (tmp_path / "two").read_bytes()
    with zipfile.ZipFile(tmp_path / "one") as archive:
        members = archive.namelist()
        chunk = json.loads(archive.read("class/zarr.json"))["chunk_grid"]["configuration"]["chunk_shape"]
    assert [name for name in members if name.startswith("empty")] == ["empty/zarr.json"]
    assert sorted(name for name in members if name.startswith("class/c")) == [
        f"class/c/0/{y}/{x}" for y in (0, 1) for x in (0, 1)
    ]
    assert chunk == [2, CHUNK, CHUNK]


def test_arrays_can_be_read_alone(tmp_path: Path):
    write_block(tmp_path / "block.zarr.zip", ARRAYS)
    assert read_block(tmp_path / "block.zarr.zip", ["rule", "unknown"]).keys() == {"rule"}


def test_a_chunk_that_is_no_zstandard_is_an_error(tmp_path: Path):
    path = tmp_path / "block.zarr.zip"
    write_block(path, {"hectares": ARRAYS["hectares"]})
    with zipfile.ZipFile(path) as archive:
        metadata = archive.read("hectares/zarr.json")
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("hectares/zarr.json", metadata)
        archive.writestr("hectares/c/0", b"nonsense")
    with pytest.raises(RuntimeError):
        read_block(path)


@settings(max_examples=25, deadline=None)
@given(st.data())
def test_any_window_is_the_same_as_of_the_whole(tmp_path_factory: pytest.TempPathFactory, data: st.DataObject):
    height, width = ARRAYS["class"].shape[1:]
    top, left = data.draw(st.integers(0, height - 1)), data.draw(st.integers(0, width - 1))
    bottom, right = data.draw(st.integers(top + 1, height)), data.draw(st.integers(left + 1, width))
    path = tmp_path_factory.getbasetemp() / "window.zarr.zip"
    if not path.is_file():
        write_block(path, ARRAYS)
    window = (slice(top, bottom), slice(left, right))
    assert (read_window(path, "class", window) == ARRAYS["class"][:, *window]).all()
