"""Hectares in small patches, counted while rows stream by.

A patch is made of pixels of one class that touch by a side or a corner. Only patches that reach the last row of a band
are remembered, so memory does not grow with the map; the result does not depend on the bands.
"""

from __future__ import annotations

import numba
import numpy as np


class SmallPatches:
    """Hectares by class of one year that lie in patches below a smallest area; bands come from north to south."""

    def __init__(self, classes: int, columns: int, smallest_ha: float) -> None:
        self.area_ha = np.zeros(classes)
        """(class,) float64; complete after `finish`."""
        self._smallest_ha = smallest_ha
        self._above, self._count = np.zeros((2, 3, columns), np.int32), 0
        self._codes, self._sizes = np.zeros(1, np.uint8), np.zeros(1)

    def add(self, plane: np.ndarray, pixel_ha: np.ndarray) -> None:
        """Take the next rows: (row, x) uint8 numbers of classes and float64 hectares of each pixel."""
        room = plane.size + len(self._codes)  # every pixel may be a patch of its own
        parent, codes, sizes = np.empty(room, np.int32), np.empty(room, np.uint8), np.empty(room)
        used = len(self._codes)
        parent[:used] = np.arange(used)
        codes[:used], sizes[:used] = self._codes, self._sizes
        used, self._count = _label(plane, pixel_ha, self._above, self._count, parent, codes, sizes, used)
        labels = self._above[len(plane) % 2, 2, : self._count]
        kept = _settle(labels, parent, codes, sizes, used, self._smallest_ha, self.area_ha)
        self._above[0] = self._above[len(plane) % 2]
        self._codes, self._sizes = codes[:kept].copy(), sizes[:kept].copy()

    def finish(self) -> np.ndarray:
        """Count the patches that reach the last row too, and return the hectares by class."""
        small = self._sizes[1:] < self._smallest_ha
        np.add.at(self.area_ha, self._codes[1:][small], self._sizes[1:][small])
        self._codes, self._sizes = self._codes[:1], self._sizes[:1]
        return self.area_ha


@numba.njit(nogil=True, cache=True)
def _label(plane, pixel_ha, runs, count, parent, codes, sizes, used):  # type: ignore[no-untyped-def]
    """Label runs of equal pixels below a labelled row; return how many labels there are, and runs of the last row.

    Parameters
    ----------
    runs : (2, 3, x) int32, start, end and label of each run of the row above (first half at the beginning) and of this
        row; the halves take turns.
    count : runs of the row above.
    """
    rows, columns = plane.shape
    for y in range(rows):
        above, here, row = runs[y % 2], runs[(y + 1) % 2], plane[y]
        found, first, x = 0, 0, 0
        while x < columns:
            code, start, area_ha = row[x], x, 0.0
            while x < columns and row[x] == code:
                area_ha += pixel_ha[y, x]
                x += 1
            if code == 0:
                continue
            while first < count and above[1, first] < start:  # runs that end a pixel before touch by a corner
                first += 1
            label, i = np.int32(0), first
            while i < count and above[0, i] <= x:
                if codes[above[2, i]] == code:
                    label = _join(label, above[2, i], parent, sizes) if label else _root(above[2, i], parent)
                i += 1
            if label == 0:
                label = np.int32(used)
                parent[used], codes[used], sizes[used] = used, code, 0.0
                used += 1
            sizes[label] += area_ha
            here[0, found], here[1, found], here[2, found] = start, x, label
            found += 1
        count = found
    return used, count


@numba.njit(nogil=True, cache=True)
def _root(label, parent):  # type: ignore[no-untyped-def]
    while parent[label] != label:
        parent[label] = parent[parent[label]]
        label = parent[label]
    return label


@numba.njit(nogil=True, cache=True)
def _join(one, other, parent, sizes):  # type: ignore[no-untyped-def]
    low, high = _root(one, parent), _root(other, parent)
    if low == high:
        return low
    if low > high:
        low, high = high, low
    parent[high] = low
    sizes[low] += sizes[high]
    return low


@numba.njit(nogil=True, cache=True)
def _settle(above, parent, codes, sizes, used, smallest_ha, area_ha):  # type: ignore[no-untyped-def]
    """Count the patches that end above the last row, number the others anew from 1, and return how many labels stay."""
    reach = np.zeros(used, np.int32)
    for x in range(len(above)):
        if above[x]:
            reach[_root(above[x], parent)] = 1
    kept = 1
    for label in range(1, used):
        if parent[label] != label:
            continue
        if reach[label]:
            reach[label] = kept
            kept += 1
        elif sizes[label] < smallest_ha:
            area_ha[codes[label]] += sizes[label]
    for x in range(len(above)):
        above[x] = reach[_root(above[x], parent)]
    for label in range(1, used):  # a patch never moves up, so nothing is written over before it is read
        if parent[label] == label and reach[label]:
            codes[reach[label]], sizes[reach[label]] = codes[label], sizes[label]
    return kept
