"""Overviews of class maps: the most frequent value under each pixel of the next coarser level.

These are the pixels that the COG driver of GDAL makes with mode resampling, level from level; its own loop takes five
sixths of the time that a stack of years takes to encode.
"""

from __future__ import annotations

import numba
import numpy as np

from mutirao.grid import Tile

NODATA = 0
_ALMOST = 1e-8
"""A pixel's edge that lies so near to another's counts as the same; the tolerance of GDAL."""


def level_shapes(shape: tuple[int, int], block: int) -> list[tuple[int, int]]:
    """Return (rows, columns) of each coarser level: halved, odd ones rounded down, until one block holds the map."""
    shapes = []
    while max(shape) > block:
        shape = max(shape[0] // 2, 1), max(shape[1] // 2, 1)
        shapes.append(shape)
    return shapes


def spans(fine: int, coarse: int, start: int, stop: int) -> tuple[np.ndarray, np.ndarray]:
    """Return first and end of the fine pixels under each coarse one from `start` to `stop` along an axis.

    Parameters
    ----------
    fine, coarse : number of pixels of the whole axis. Where `fine` is odd, most spans are three pixels and overlap.
    """
    ratio, places = fine / coarse, np.arange(start, stop)
    first = (places * ratio + _ALMOST).astype(np.int64)
    end = np.ceil((places + 1) * ratio - _ALMOST).astype(np.int64)
    return first, np.minimum(np.maximum(end, first + 1), fine)


def source_of(window: Tile, shape: tuple[int, int], finer: tuple[int, int]) -> Tile:
    """Return the window of the finer level that decides a window of a level; both shapes are (rows, columns)."""
    tops, bottoms = spans(finer[0], shape[0], window.top, window.bottom)
    lefts, rights = spans(finer[1], shape[1], window.left, window.right)
    return Tile(window.id, int(tops[0]), int(bottoms[-1]), int(lefts[0]), int(rights[-1]))


def coarsen(
    pixels: np.ndarray, source: Tile, window: Tile, shape: tuple[int, int], finer: tuple[int, int]
) -> np.ndarray:
    """Return a window of a level.

    Parameters
    ----------
    pixels : (y, x) integers of the finer level in `source`, which `source_of` returned for the window.

    Returns
    -------
    (y, x) of the same type: of the values but 0 under a pixel the first, row by row, to come as often as any does.
    """
    coarse = np.empty(window.shape, pixels.dtype)
    if finer == (2 * shape[0], 2 * shape[1]):
        _halve(pixels, coarse)
        return coarse
    tops, bottoms = spans(finer[0], shape[0], window.top, window.bottom)
    lefts, rights = spans(finer[1], shape[1], window.left, window.right)
    _fill(pixels, tops - source.top, bottoms - source.top, lefts - source.left, rights - source.left, coarse)
    return coarse


def windows(shape: tuple[int, int], rows: int, columns: int) -> list[Tile]:
    """Return the windows of a level of this shape, cut in blocks of so many rows and columns."""
    return [
        Tile(f"{top}_{left}", top, min(top + rows, shape[0]), left, min(left + columns, shape[1]))
        for top in range(0, shape[0], rows)
        for left in range(0, shape[1], columns)
    ]


@numba.njit(nogil=True, cache=True)
def _halve(pixels, coarse):  # type: ignore[no-untyped-def]
    """Fill with the modes of 2 x 2 pixels; without branches, so that the loop is vectorised.

    Whatever comes three times is in the first pair that a reader of the four pixels completes, so that pair decides;
    the pairs are tried from the last to the first. Without a pair it is the first pixel that holds a value.
    """
    for y in range(coarse.shape[0]):
        above, below = pixels[2 * y], pixels[2 * y + 1]
        for x in range(coarse.shape[1]):
            a, b, c, d = above[2 * x], above[2 * x + 1], below[2 * x], below[2 * x + 1]
            mode = a if a != NODATA else b if b != NODATA else c if c != NODATA else d
            mode = c if (c == d) & (c != NODATA) else mode
            mode = b if (b == d) & (b != NODATA) else mode
            mode = a if (a == d) & (a != NODATA) else mode
            mode = b if (b == c) & (b != NODATA) else mode
            mode = a if (a == c) & (a != NODATA) else mode
            coarse[y, x] = a if (a == b) & (a != NODATA) else mode


@numba.njit(nogil=True, cache=True)
def _fill(pixels, tops, bottoms, lefts, rights, coarse):  # type: ignore[no-untyped-def]
    for y in range(len(tops)):
        top, bottom = tops[y], bottoms[y]
        for x in range(len(lefts)):
            left, right = lefts[x], rights[x]
            corner, same = pixels[top, left], True
            for row in range(top, bottom):
                for column in range(left, right):
                    same &= pixels[row, column] == corner
            coarse[y, x] = corner if same else _mode(pixels, top, bottom, left, right)


@numba.njit(nogil=True, cache=True)
def _mode(pixels, top, bottom, left, right):  # type: ignore[no-untyped-def]
    """Return the value that is first to come as often as any does; there are nine pixels to look at, at most."""
    best, most = pixels.dtype.type(NODATA), 0
    for row in range(top, bottom):
        for column in range(left, right):
            value = pixels[row, column]
            if value == NODATA:
                continue
            if value == best:
                most += 1
                continue
            seen = 1
            for above in range(top, row):
                for beside in range(left, right):
                    seen += pixels[above, beside] == value
            for beside in range(left, column):
                seen += pixels[row, beside] == value
            if seen > most:
                best, most = value, seen
    return best
