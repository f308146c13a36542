"""Hectares by kind, where a kind is a row of small whole numbers: added up tile by tile, in the order they come."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

WORD = 64
"""Bits that a kind has room in."""
_PENDING = 1 << 18
"""Rows that wait before they are added up, so that many small tiles do not each sort all kinds anew."""


class KindSums:
    """Adds up tables of kinds. The sums are those of one row after the other, however many are added at a time."""

    def __init__(self, bits: Sequence[int]) -> None:
        """Begin with nothing.

        Parameters
        ----------
        bits : width of each column of a kind, `WORD` in all at most.

        Raises
        ------
        ValueError
            The columns are wider together.
        """
        if sum(bits) > WORD:
            raise ValueError(f"columns of {tuple(bits)} bits are {sum(bits)} together, and a kind has {WORD}")
        self._bits = tuple(bits)
        self._packed: np.ndarray = np.zeros(0, np.uint64)
        self._area_ha: np.ndarray = np.zeros(0)
        self._waiting: list[tuple[np.ndarray, np.ndarray]] = []

    def add(self, kinds: np.ndarray, area_ha: np.ndarray) -> None:
        """Add (n, column) kinds and their (n,) hectares."""
        self._waiting.append((self._pack(kinds), area_ha))
        if sum(len(packed) for packed, _ in self._waiting) > _PENDING:
            self._merge()

    def table(self) -> tuple[np.ndarray, np.ndarray]:
        """Return (n, column) int64 kinds, each once, in ascending order, and their (n,) float64 hectares."""
        self._merge()
        kinds, rest = np.empty((len(self._packed), len(self._bits)), np.int64), self._packed
        for column, bits in reversed(list(enumerate(self._bits))):
            kinds[:, column] = rest & np.uint64((1 << bits) - 1)
            rest = rest >> np.uint64(bits)
        return kinds, self._area_ha

    def _pack(self, kinds: np.ndarray) -> np.ndarray:
        packed = np.zeros(len(kinds), np.uint64)
        for column, bits in zip(kinds.T, self._bits, strict=True):
            packed = packed << np.uint64(bits) | column.astype(np.uint64)
        return packed

    def _merge(self) -> None:
        packed, areas = zip((self._packed, self._area_ha), *self._waiting, strict=True)
        self._packed, kind = np.unique(np.concatenate(packed), return_inverse=True)
        self._area_ha = np.bincount(kind, weights=np.concatenate(areas), minlength=len(self._packed))
        self._waiting.clear()
