"""A picture inside a page: PNG with a palette, as a data address."""

from __future__ import annotations

import base64
import struct
import zlib
from collections.abc import Sequence

import numpy as np

SIGNATURE = b"\x89PNG\r\n\x1a\n"
Color = tuple[int, int, int, int]
_FEW = 16
"""Colours that fit into half a byte a pixel."""


def data_address(marks: np.ndarray, colors: Sequence[Color]) -> str:
    """Return (y, x) uint8 numbers of colours as `data:image/png;base64,…`."""
    return "data:image/png;base64," + base64.b64encode(png(marks, colors)).decode("ascii")


def png(marks: np.ndarray, colors: Sequence[Color]) -> bytes:
    """Encode (y, x) uint8 numbers of colours; red, green, blue and opacity are 0 to 255."""
    height, width = marks.shape
    bits = 4 if len(colors) <= _FEW else 8
    header = struct.pack(">IIBBBBB", width, height, bits, 3, 0, 0, 0)  # 3: the values are numbers of a palette
    rows = np.pad(_packed(marks, bits), ((0, 0), (1, 0)))  # each row begins with the number of its filter: 0, none
    palette = bytes(value for color in colors for value in color[:3])
    chunks = (b"IHDR", header), (b"PLTE", palette), (b"tRNS", bytes(color[3] for color in colors))
    body = (b"IDAT", zlib.compress(rows.tobytes(), 9)), (b"IEND", b"")
    return SIGNATURE + b"".join(_chunk(name, data) for name, data in (*chunks, *body))


def _packed(marks: np.ndarray, bits: int) -> np.ndarray:
    """Return (y, byte) uint8; of two pixels in a byte the left one is in the upper half."""
    if bits == 8:
        return marks.astype(np.uint8)
    even = np.pad(marks, ((0, 0), (0, marks.shape[1] % 2))).astype(np.uint8)
    return even[:, ::2] << 4 | even[:, 1::2]


def _chunk(name: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))
