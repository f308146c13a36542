"""Three-year window: a year between two years of a class takes that class.

The passes run class by class; each reads the result of the pass before it and judges every year on that reading, so
that a year it has just closed does not count as evidence for the next.
"""

from __future__ import annotations

from collections.abc import Sequence

import numba
import numpy as np

_STRIP = 4096
"""Pixels worked on at a time, so that their years stay in the cache for all passes."""


def reference(series: Sequence[int], classes: Sequence[int]) -> list[int]:
    """Close one-year interruptions of one pixel's series in plain Python, class by class in order."""
    closed = list(series)
    for code in classes:
        before = list(closed)
        for t in range(1, len(before) - 1):
            if before[t - 1] == code and before[t + 1] == code:
                closed[t] = code
    return closed


@numba.njit(nogil=True, cache=True)
def close_windows(classes: np.ndarray, order: np.ndarray) -> None:
    """Close one-year interruptions in place.

    Parameters
    ----------
    classes : (year, pixel) uint8, class codes; changed in place. The first and last year are never written.
    order : (class,) uint8, classes in the order of the passes.
    """
    before = np.empty(_STRIP, np.uint8)
    for first in range(0, classes.shape[1], _STRIP):
        strip = classes[:, first : first + _STRIP]
        for code in order:
            before[: strip.shape[1]] = strip[0]
            for t in range(1, len(strip) - 1):
                _close_year(strip[t], before, strip[t + 1], code)


@numba.njit(nogil=True, cache=True)
def _close_year(year: np.ndarray, before: np.ndarray, after: np.ndarray, code: int) -> None:
    """Close one year; `before` holds the year before as the pass found it, and then this year."""
    for p in range(len(year)):
        now = year[p]
        year[p] = code if (before[p] == code) & (after[p] == code) else now
        before[p] = now
