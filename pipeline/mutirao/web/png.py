"""A picture inside a page: PNG with a palette, as a data address."""

from __future__ import annotations

import base64
import struct
import zlib
from collections.abc import Sequence

import numpy as np

SIGNATURE = b"\x89PNG\r\n\x1a\n"
Color = tuple[int, int, int, int]


def data_address(marks: np.ndarray, colors: Sequence[Color]) -> str:
    """Return (y, x) uint8 numbers of colours as `data:image/png;base64,…`."""
    return "data:image/png;base64," + base64.b64encode(png(marks, colors)).decode("ascii")


def png(marks: np.ndarray, colors: Sequence[Color]) -> bytes:
    """Encode (y, x) uint8 numbers of colours; red, green, blue and opacity are 0 to 255."""
    height, width = marks.shape
    header = struct.pack(">IIBBBBB", width, height, 8, 3, 0, 0, 0)  # eight bits a pixel, with a palette
    rows = np.pad(marks, ((0, 0), (1, 0)))  # each row begins with the number of its filter: 0, none
    palette = bytes(value for color in colors for value in color[:3])
    chunks = (b"IHDR", header), (b"PLTE", palette), (b"tRNS", bytes(color[3] for color in colors))
    body = (b"IDAT", zlib.compress(rows.astype(np.uint8).tobytes(), 9)), (b"IEND", b"")
    return SIGNATURE + b"".join(_chunk(name, data) for name, data in (*chunks, *body))


def _chunk(name: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))
