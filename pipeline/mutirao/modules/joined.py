"""One year of many files: tiles on one lattice of pixels become one plane, read from north to south."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field

import numpy as np

from mutirao.io.delivered import Readable, Rows

_Opened = tuple[AbstractContextManager[Rows], Rows]
"""Tile that is open, and what reads its rows."""


@dataclass(frozen=True, slots=True)
class Piece:
    """A tile, and where it lies."""

    plane: Readable
    top: int
    """First row of the whole that it has."""
    left: int
    """First column."""

    @property
    def bottom(self) -> int:
        """First row below it."""
        return self.top + self.plane.shape[0]

    @property
    def right(self) -> int:
        """First column right of it."""
        return self.left + self.plane.shape[1]

    def meets(self, other: Piece) -> bool:
        """Return whether two tiles share a pixel."""
        rows = self.top < other.bottom and other.top < self.bottom
        return rows and self.left < other.right and other.left < self.right


@dataclass(frozen=True, slots=True)
class Disagreement:
    """Two tiles claim different things where they overlap."""

    first: str
    second: str
    """The file that was not believed."""
    pixels: int
    rows: tuple[int, int]
    """First row of the whole, and the first after them."""
    columns: tuple[int, int]


@dataclass(frozen=True, slots=True)
class JoinedPlane:
    """Tiles as one (y, x) plane. Of two that overlap the first counts, unless it has no claim there."""

    name: str
    pieces: tuple[Piece, ...]
    shape: tuple[int, int]
    nodata: int
    """Value that means 'no claim', also where no tile lies."""
    laid_over: frozenset[int]
    """Numbers of the tiles that share pixels with one before them."""
    _clashes: dict[tuple[int, int], np.ndarray] = field(default_factory=dict)
    """(row, 3) pixels, first and last column that differ, by number of two tiles; written again by who reads again."""

    @property
    def dtype(self) -> np.dtype:
        """Of the values."""
        return np.dtype(np.uint8)

    @property
    def disagreements(self) -> tuple[Disagreement, ...]:
        """What was found in the rows that were read so far."""
        return tuple(self._told(*pair, table) for pair, table in sorted(self._clashes.items()))

    def _told(self, i: int, j: int, table: np.ndarray) -> Disagreement:
        rows = np.flatnonzero(table[:, 0])
        columns = int(table[rows, 1].min()), int(table[rows, 2].max()) + 1
        names = self.pieces[i].plane.name, self.pieces[j].plane.name
        return Disagreement(*names, int(table[:, 0].sum()), (int(rows[0]), int(rows[-1]) + 1), columns)

    @contextmanager
    def reading(self) -> Iterator[Rows]:
        """Make the rows readable; a tile is open only while its rows are wanted.

        Raises
        ------
        RasterError
            M202: from the function that is given, if a tile cannot be opened or decoded.
        """
        opened: dict[int, _Opened] = {}
        try:
            yield lambda top, bottom: self._rows(opened, top, bottom)
        finally:
            for number in list(opened):
                _close(opened, number)

    def _rows(self, opened: dict[int, _Opened], top: int, bottom: int) -> np.ndarray:
        out = np.full((bottom - top, self.shape[1]), self.nodata, np.uint8)
        owner = np.zeros(out.shape, np.int32) if self.laid_over else None
        for number, piece in enumerate(self.pieces):
            first, last = max(top, piece.top), min(bottom, piece.bottom)
            if first >= last:
                _close(opened, number)
                continue
            if number not in opened:
                context = piece.plane.reading()
                opened[number] = context, context.__enter__()
            values = opened[number][1](first - piece.top, last - piece.top)
            place = np.s_[first - top : last - top, piece.left : piece.right]
            if owner is None:
                out[place] = values
            else:
                self._lay(number, values, out[place], owner[place], first)
        return out

    def _lay(self, number: int, values: np.ndarray, place: np.ndarray, owner: np.ndarray, top: int) -> None:
        """Lay a tile's rows under those of the tiles before it; `owner` has the number of the one that was believed."""
        if number in self.laid_over:
            differs = (place != values) & (place != self.nodata) & (values != self.nodata)
            for other in np.unique(owner[differs]):
                self._note(int(other), number, differs & (owner == other), top)
        free = (place == self.nodata) & (values != self.nodata)
        place[free] = values[free]
        owner[free] = number

    def _note(self, i: int, j: int, differs: np.ndarray, top: int) -> None:
        table = self._clashes.setdefault((i, j), np.zeros((self.shape[0], 3), np.int32))
        for row in np.flatnonzero(differs.any(axis=1)):
            columns = np.flatnonzero(differs[row]) + self.pieces[j].left
            table[top + row] = len(columns), columns[0], columns[-1]


def _close(opened: dict[int, _Opened], number: int) -> None:
    if number in opened:
        opened.pop(number)[0].__exit__(None, None, None)


def join(name: str, pieces: Sequence[Piece], shape: tuple[int, int], nodata: int) -> JoinedPlane:
    """Return tiles as one plane; those that lie outside it must be left out."""
    over = {j for j, piece in enumerate(pieces) if any(piece.meets(other) for other in pieces[:j])}
    return JoinedPlane(name, tuple(pieces), shape, nodata, frozenset(over))
