"""What kernels on series share: find with SIMD the few pixels of a strip that a step can change, then work on those.

A kernel gets a strip of (year, pixel) uint8 that lies in the cache. Loops run along the pixels of a year and carry no
branch, so that they vectorise; what they find is then done series by series as plainly as the reference does it.
"""

from __future__ import annotations

import numba
import numpy as np

BLOCK = 64
"""Pixels of a row that are passed over at a time if nothing is found in them."""
_COUNTABLE = 252
"""Years that a byte can count, in fours."""


@numba.njit(nogil=True, cache=True)
def find_changing(classes):  # type: ignore[no-untyped-def]
    """Return (pixel,) bool, true where the class is not the same in all years of (year, pixel) uint8."""
    found = np.zeros(classes.shape[1], np.bool_)
    first = classes[0]
    for t in range(1, len(classes)):
        now = classes[t]
        for p in range(len(found)):
            found[p] |= now[p] != first[p]
    return found


@numba.njit(nogil=True, cache=True)
def find_any(classes, codes):  # type: ignore[no-untyped-def]
    """Return (pixel,) bool, true where any of (class,) uint8 occurs in (year, pixel) uint8."""
    found = np.zeros(classes.shape[1], np.bool_)
    for t in range(len(classes)):
        now = classes[t]
        for code in codes:
            for p in range(len(found)):
                found[p] |= now[p] == code
    return found


@numba.njit(nogil=True, cache=True)
def holds(year, code):  # type: ignore[no-untyped-def]
    """Return whether a class occurs in (pixel,) uint8."""
    found, wanted = False, np.uint8(code)
    for p in range(len(year)):
        found |= year[p] == wanted
    return found


@numba.njit(nogil=True, cache=True)
def count_class(classes, code, counts):  # type: ignore[no-untyped-def]
    """Add the years of a class in (year, pixel) uint8 to (pixel,) int16."""
    few, wanted, years = np.empty(len(counts), np.uint8), np.uint8(code), len(classes)
    for start in range(0, years, _COUNTABLE):
        few[:] = 0
        stop = min(start + _COUNTABLE, years)
        fours = stop - (stop - start) % 4
        for t in range(start, fours, 4):
            one, two, three, four = classes[t], classes[t + 1], classes[t + 2], classes[t + 3]
            for p in range(len(few)):
                few[p] += (one[p] == wanted) + (two[p] == wanted) + (three[p] == wanted) + (four[p] == wanted)
        for t in range(fours, stop):
            year = classes[t]
            for p in range(len(few)):
                few[p] += year[p] == wanted
        for p in range(len(few)):
            counts[p] += few[p]


@numba.njit(nogil=True, cache=True)
def list_marked(marked, words, places):  # type: ignore[no-untyped-def]
    """List the places of the ones in zeros and return how many there are.

    Parameters
    ----------
    marked : (place,) uint8, 0 or 1; a multiple of `BLOCK` long.
    words : the same memory as uint64.
    places : (place,) int64; written.
    """
    count = 0
    # Unsigned counters spare the check for an index from the end, which costs more than the look at a word.
    for block in range(np.uint64(len(words) // 8)):
        w = block * 8
        halves = words[w] | words[w + 1] | words[w + 2] | words[w + 3]
        if halves | words[w + 4] | words[w + 5] | words[w + 6] | words[w + 7]:
            for word in range(w, w + 8):
                for p in range(word * 8, word * 8 + 8 if words[word] else word * 8):
                    if marked[p]:
                        places[count] = p
                        count += 1
    return count


@numba.njit(nogil=True, cache=True)
def take(classes, p, series):  # type: ignore[no-untyped-def]
    """Copy the series of a pixel to (year,) uint8, where the years lie side by side."""
    for t in range(len(series)):
        series[t] = classes[t, p]


@numba.njit(nogil=True, cache=True)
def give(classes, p, series):  # type: ignore[no-untyped-def]
    """Copy a series of (year,) uint8 back to its pixel."""
    for t in range(len(series)):
        classes[t, p] = series[t]


@numba.njit(nogil=True, cache=True)
def carry_over(strip, block, first, marks, number):  # type: ignore[no-untyped-def]
    """Write to a block what a strip of it has become, where it has.

    Parameters
    ----------
    strip : (year, pixel) uint8.
    block : (year, pixel) uint8, where the strip begins at pixel `first`; changed in place.
    marks : uint8 of the shape of the block, which take the number wherever it changes; or without years.
    number : 1 to 255.
    """
    pixels = strip.shape[1]
    for t in range(len(strip)):
        now, was = strip[t], block[t]
        for start in range(0, pixels, BLOCK):
            if start + BLOCK > pixels or _differ(now, was, start, first):
                for p in range(start, min(start + BLOCK, pixels)):
                    if now[p] != was[first + p]:
                        was[first + p] = now[p]
                        if len(marks):
                            marks[t, first + p] = number


@numba.njit(nogil=True, cache=True)
def _differ(one, other, start, first):  # type: ignore[no-untyped-def]
    """Return whether `BLOCK` pixels from start of a year differ from those of another, which begins at first."""
    differs, p, q = False, np.uint64(start), np.uint64(first + start)
    for i in range(np.uint64(BLOCK)):
        differs |= one[p + i] != other[q + i]
    return differs


@numba.njit(nogil=True, cache=True)
def restore_outside(strip, block, first, scope):  # type: ignore[no-untyped-def]
    """Take back what was written to a strip of a block outside (pixel,) bool; see `carry_over`."""
    for t in range(len(strip)):
        now, was = strip[t], block[t]
        for p in range(len(now)):
            now[p] = now[p] if scope[p] else was[first + p]
