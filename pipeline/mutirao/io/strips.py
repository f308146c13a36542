"""Strips of rows that are made once, for several planes that can only be made together, and kept to be read again.

Two things are too dear to be done anew for each year and each pass: decoding a file whose bands lie side by side
(thirty years would decode it thirty times), and resampling. What is made goes, compressed, to a temporary folder.
"""

from __future__ import annotations

import tempfile
import threading
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import zarr
from zarr.codecs import BloscCodec

from mutirao.errors import MutiraoError
from mutirao.io.delivered import Rows
from mutirao.io.faults import room_for

Make = Callable[[int, int], np.ndarray]
"""Return (plane, row, x) uint8 of the rows from a first one up to, and without, a last one."""
STRIP = 512
"""Rows of a strip, unless that takes too much memory."""
MOST_BYTES = 128 << 20
"""Of a strip of all planes, unless a single row of blocks has more."""
_HOT = 2
"""Strips that are kept as they are, for those who ask for them at nearly the same time."""


def strip_rows(planes: int, width: int, block: int) -> int:
    """Return the rows of a strip: whole rows of blocks, as many as fit."""
    fit = min(STRIP, MOST_BYTES // max(planes * width, 1))
    return block * max(1, fit // block)


class Strips:
    """Planes of one size that are made strip by strip, always in the same strips.

    Any thread may ask for any rows of any plane. A strip that is not there yet is made by the first who asks, the
    others wait. What goes wrong once goes wrong for everybody who asks afterwards.
    """

    def __init__(
        self, open_maker: Callable[[], AbstractContextManager[Make]], planes: int, shape: tuple[int, int], rows: int
    ) -> None:
        self._open_maker, self._planes, self.shape, self._rows = open_maker, planes, shape, rows
        self._lock = threading.RLock()
        self._users = 0
        self._maker = ExitStack()
        self._make: Make | None = None
        self._failure: MutiraoError | None = None
        self._hot: dict[int, np.ndarray] = {}
        self._kept = np.zeros(-(-shape[0] // rows), bool)
        self._folder: tempfile.TemporaryDirectory[str] | None = None
        self._array: zarr.Array | None = None  # type: ignore[type-arg]  # its metadata are of no concern

    @contextmanager
    def reading(self, plane: int) -> Iterator[Rows]:
        """Make the rows of a plane readable; what makes them is open while somebody reads.

        Raises
        ------
        MutiraoError
            What the maker raises, also later from the function that is given. ResourceError R207: no room is left.
        """
        if self._failure:
            raise self._failure
        with self._lock:
            self._users += 1
        try:
            yield lambda top, bottom: self._read(plane, top, bottom)
        finally:
            with self._lock:
                self._users -= 1
                if not self._users:
                    self._close()

    def _close(self) -> None:
        self._maker.close()
        self._make = None
        self._hot.clear()

    def _read(self, plane: int, top: int, bottom: int) -> np.ndarray:
        out = np.empty((bottom - top, self.shape[1]), np.uint8)
        for number in range(top // self._rows, -(-bottom // self._rows)):
            start = number * self._rows
            first, last = max(top, start), min(bottom, start + self._rows)
            out[first - top : last - top] = self._strip(plane, number)[first - start : last - start]
        return out

    def _strip(self, plane: int, number: int) -> np.ndarray:
        with self._lock:
            strip = self._hot.get(number)
            if strip is None and not self._kept[number]:
                strip = self._made(number)
            if strip is not None:
                return np.asarray(strip[plane])
        return np.asarray(self._store()[plane, self._span(number)])

    def _span(self, number: int) -> slice:
        return slice(number * self._rows, min((number + 1) * self._rows, self.shape[0]))

    def _made(self, number: int) -> np.ndarray:
        """Make a strip, and keep it."""
        if self._failure:
            raise self._failure
        span = self._span(number)
        try:
            if self._make is None:
                self._make = self._maker.enter_context(self._open_maker())
            strip = self._make(span.start, span.stop)
        except MutiraoError as err:
            self._failure = err
            raise
        store = self._store()
        with room_for(Path(tempfile.gettempdir())):
            store[:, span] = strip
        self._kept[number] = True
        while len(self._hot) >= _HOT:
            del self._hot[next(iter(self._hot))]
        self._hot[number] = strip
        return strip

    def _store(self) -> zarr.Array:  # type: ignore[type-arg]
        if self._array is None:
            with room_for(Path(tempfile.gettempdir())):
                self._folder = tempfile.TemporaryDirectory(prefix="mutirao-strips-")  # goes with this object
                self._array = zarr.create_array(
                    self._folder.name,
                    shape=(self._planes, *self.shape),
                    chunks=(1, min(self._rows, self.shape[0]), self.shape[1]),
                    dtype=np.uint8,
                    compressors=BloscCodec(cname="lz4", clevel=1, shuffle="noshuffle"),
                )
        return self._array


@dataclass(frozen=True, slots=True)
class StripPlane:
    """One of the planes of `Strips`."""

    name: str
    strips: Strips
    plane: int

    @property
    def shape(self) -> tuple[int, int]:
        """Rows and columns."""
        return self.strips.shape

    @property
    def dtype(self) -> np.dtype:
        """Of the values."""
        return np.dtype(np.uint8)

    def reading(self) -> AbstractContextManager[Rows]:
        """Make the rows readable; see `Strips.reading`."""
        return self.strips.reading(self.plane)
