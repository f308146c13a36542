"""Window of 3, 4 or 5 years: years between two years of a class take that class.

The passes run class by class; each reads the result of the pass before it and judges every window on that reading, so
that a year it has just closed does not count as evidence for the next. Networks write only the first year of a gap
in a pass and close the rest with the next shorter window: order the steps 5, 4, 3.
"""

from __future__ import annotations

from collections.abc import Sequence

import numba
import numpy as np

_STRIP = 4096
"""Pixels worked on at a time, so that their years stay in the cache for all passes."""


def reference(series: Sequence[int], classes: Sequence[int], width: int, *, whole_gap: bool) -> list[int]:
    """Close gaps of exactly `width - 2` years of one pixel's series in plain Python, class by class in order."""
    closed = list(series)
    for code in classes:
        before = list(closed)
        for t in range(1, len(before) - width + 2):
            gap = before[t : t + width - 2]
            if before[t - 1] == code and before[t + width - 2] == code and code not in gap:
                closed[t : t + width - 2] = [code] * len(gap) if whole_gap else [code, *closed[t + 1 : t + width - 2]]
    return closed


@numba.njit(nogil=True, cache=True)
def close_windows(classes: np.ndarray, order: np.ndarray, width: int, whole_gap: bool) -> None:
    """Close gaps of exactly `width - 2` years in place.

    Parameters
    ----------
    classes : (year, pixel) uint8, class codes; changed in place. The first and last year are never written.
    order : (class,) uint8, classes in the order of the passes.
    width : years in the window, 3 to 5: the gap and one year on each side.
    whole_gap : write all years of the gap, or its first only.
    """
    before = np.empty(_STRIP, np.uint8)
    for first in range(0, classes.shape[1], _STRIP):
        strip = classes[:, first : first + _STRIP]
        for code in order:
            before[: strip.shape[1]] = strip[0]
            for t in range(1, len(strip) - width + 2):
                if width == 3:
                    _close_year(strip[t], before, strip[t + 1], code)
                else:
                    _close_gap(strip[t : t + width - 1], before, code, whole_gap)


@numba.njit(nogil=True, cache=True)
def _close_year(year: np.ndarray, before: np.ndarray, after: np.ndarray, code: int) -> None:
    """Close one year; `before` holds the year before as the pass found it, and then this year."""
    for p in range(len(year)):
        now = year[p]
        year[p] = code if (before[p] == code) & (after[p] == code) else now
        before[p] = now


@numba.njit(nogil=True, cache=True)
def _close_gap(years: np.ndarray, before: np.ndarray, code: int, whole_gap: bool) -> None:
    """Close a gap; the last of `years` follows it. `before` is the year before it, and then the first of the gap."""
    last = len(years) - 1
    for p in range(years.shape[1]):
        now = years[0, p]
        closes = before[p] == code and years[last, p] == code
        for t in range(last):
            closes &= years[t, p] != code
        if closes:
            for t in range(last if whole_gap else 1):
                years[t, p] = code
        before[p] = now
