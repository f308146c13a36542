"""Connected sets of pixels on one map, for the steps that look at neighbours.

Whether a connected set has at least n pixels is decided within n - 1 pixels of any of its pixels: if the set leaves
that square, a path of n pixels leads to its edge. So a step that asks only for sizes up to n has an exact halo of n -
1.
"""

from __future__ import annotations

import numba
import numpy as np

from mutirao.filters.labels import CORNERS, EDGES

Pixel = tuple[int, int]


def neighbours(connectivity: int) -> tuple[Pixel, ...]:
    """Return (dy, dx) of the 4 or 8 neighbours of a pixel."""
    return EDGES if connectivity == 4 else EDGES + CORNERS


def steps_of(connectivity: int) -> np.ndarray:
    """Return (4 or 8, 2) int64: `neighbours` for kernels."""
    return np.array(neighbours(connectivity), np.int64)


def scratch(shape: tuple[int, int]) -> tuple[np.ndarray, np.ndarray]:
    """Return what `gather` works with: (y, x) bool pixels seen, and a queue (pixel, 2) int32 for all pixels."""
    return np.zeros(shape, bool), np.empty((shape[0] * shape[1], 2), np.int32)


def near(pixel: Pixel, shape: tuple[int, ...], connectivity: int) -> list[Pixel]:
    """Return the neighbours of a pixel that lie on the map."""
    around = [(pixel[0] + dy, pixel[1] + dx) for dy, dx in neighbours(connectivity)]
    return [(y, x) for y, x in around if 0 <= y < shape[0] and 0 <= x < shape[1]]


def components(codes: np.ndarray, connectivity: int) -> list[list[Pixel]]:
    """Return the connected sets of equal codes of a (y, x) map in plain Python; 0 belongs to none."""
    seen: set[Pixel] = set()
    found = []
    for start in ((int(y), int(x)) for y, x in zip(*np.nonzero(codes), strict=True)):
        if start not in seen:
            seen.add(start)
            patch = [start]
            for pixel in patch:
                fresh = [
                    q for q in near(pixel, codes.shape, connectivity) if q not in seen and codes[q] == codes[start]
                ]
                seen.update(fresh)
                patch.extend(fresh)
            found.append(patch)
    return found


@numba.njit(nogil=True, cache=True)
def gather(codes, seen, queue, y, x, steps):  # type: ignore[no-untyped-def]
    """Mark the connected set of equal codes around a pixel as seen, and return its size.

    Parameters
    ----------
    codes : (y, x) integers.
    seen : (y, x) bool; the set must not be seen yet. Changed in place.
    queue : (pixel, 2) int32; holds row and column of the set's pixels at its head afterwards.
    steps : (neighbour, 2) int64, see `steps_of`.
    """
    rows, columns = codes.shape
    code = codes[y, x]
    seen[y, x] = True
    queue[0, 0], queue[0, 1] = y, x
    head, size = 0, 1
    while head < size:
        for i in range(len(steps)):
            near_y, near_x = queue[head, 0] + steps[i, 0], queue[head, 1] + steps[i, 1]
            if not (0 <= near_y < rows and 0 <= near_x < columns):
                continue
            if not seen[near_y, near_x] and codes[near_y, near_x] == code:
                seen[near_y, near_x] = True
                queue[size, 0], queue[size, 1] = near_y, near_x
                size += 1
        head += 1
    return size
