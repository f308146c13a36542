"""Rows of a year, as they are handed in and as classes, read once from north to south."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass

import numpy as np

from mutirao.errors import QualityError
from mutirao.io.delivered import Readable, Rows
from mutirao.legend import NODATA
from mutirao.modules.checks.kernels import count_values, recode
from mutirao.modules.regrid import Regrid, regrid

Plane = np.ndarray | Readable
"""(y, x) values of a year: an array, or a file of which rows are read when they are wanted."""
_STRIP = 512
"""Rows that are read at a time where no grid says otherwise."""


@contextmanager
def reading(plane: Plane) -> Iterator[Rows]:
    """Make the rows of a plane readable."""
    if isinstance(plane, np.ndarray):
        yield lambda top, bottom: plane[top:bottom]
    else:
        with plane.reading() as rows:
            yield rows


class Tally:
    """Reads rows of one year, and counts and digests each of them the first time it is read."""

    def __init__(self, rows: Rows, height: int) -> None:
        self._rows, self._height = rows, height
        self._seen = 0
        self._digest = hashlib.sha256()
        self.counts = np.zeros(256, np.int64)
        """(256,) pixels by value of the rows read so far."""

    def read(self, top: int, bottom: int) -> np.ndarray:
        """Return (row, x) uint8; rows may be asked for again, but none is passed over."""
        while self._seen < min(top, self._height):
            self._take(self._seen, min(self._seen + _STRIP, top))
        return self._take(top, bottom)

    def _take(self, top: int, bottom: int) -> np.ndarray:
        values = np.ascontiguousarray(self._rows(top, bottom))
        fresh = values[self._seen - top :] if self._seen < bottom else values[:0]
        if len(fresh):
            count_values(fresh, self.counts)
            self._digest.update(fresh.data)
            self._seen = bottom
        return values

    def finish(self) -> str:
        """Read what is left, and return the sha256 of all values in order."""
        while self._seen < self._height:
            self._take(self._seen, min(self._seen + _STRIP, self._height))
        return self._digest.hexdigest()


@dataclass(frozen=True, slots=True)
class Recoding:
    """How local values on a module's grid become other values on the collection's."""

    table: np.ndarray
    """(256,) uint8: new value by local value; 0 stays no claim."""
    how: Regrid
    """From the module's grid to the collection's."""
    height: int
    """Rows of the module's grid."""

    def rows(self, tally: Tally, top: int, bottom: int) -> np.ndarray:
        """Return rows of the collection's grid, (row, x) uint8."""
        start, stop, how = self.how.band(top, bottom)
        first, last = min(max(start, 0), self.height), min(max(stop, 0), self.height)
        own = recode(tally.read(first, last), self.table) if first < last else None
        if own is None:
            return np.full(how.shape, NODATA, np.uint8)
        if how.factor == 1 and how.offset == (0, 0) and own.shape == how.shape:
            return np.asarray(own)
        above, below = (
            np.zeros((first - start, own.shape[1]), np.uint8),
            np.zeros((stop - last, own.shape[1]), np.uint8),
        )
        return regrid(np.concatenate([above, own, below]), how)


class ClassPlanes(Mapping[int, np.ndarray]):
    """Legend codes on the collection's grid by year, (y, x) uint8, read and recoded whenever one is asked for.

    A year whose values are no longer those that were checked is refused: M213.
    """

    def __init__(self, planes: Mapping[int, Plane], recoding: Recoding, digests: Mapping[int, str]) -> None:
        self.planes, self._recoding, self._digests = planes, recoding, digests

    def __getitem__(self, year: int) -> np.ndarray:
        plane = self.planes[year]
        with reading(plane) as rows:
            tally = Tally(rows, plane.shape[0])
            classes = self._recoding.rows(tally, 0, self._recoding.how.shape[0])
            if tally.finish() != self._digests[year]:
                where = f"array of {year}" if isinstance(plane, np.ndarray) else plane.name
                raise QualityError.because(
                    "M213",
                    "the pixels changed while they were checked",
                    where=where,
                    remedy="wait until nothing writes the file any more, and submit it again",
                )
        return classes

    def __iter__(self) -> Iterator[int]:
        return iter(self.planes)

    def __len__(self) -> int:
        return len(self.planes)
