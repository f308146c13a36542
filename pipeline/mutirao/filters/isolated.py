"""Isolated year: a class that stands alone, unlike both neighbours in time, gives way to the year before.

The passes run class by class. Within a pass neither the scan direction nor reading the original or the running series
matters: two isolated years of one class are never neighbours, and the year that takes the place has another class.
"""

from __future__ import annotations

from collections.abc import Sequence

import numba
import numpy as np


def reference(series: Sequence[int], classes: Sequence[int], allowed: frozenset[int]) -> list[int]:
    """Remove isolated years of one pixel's series in plain Python, class by class in order."""
    now = list(series)
    for code in classes:
        before = list(now)
        for t in range(1, len(now) - 1):
            if before[t] == code and code not in (before[t - 1], before[t + 1]) and before[t - 1] in allowed:
                now[t] = before[t - 1]
    return now


@numba.njit(nogil=True, cache=True)
def remove_isolated(classes: np.ndarray, order: np.ndarray, allowed: np.ndarray) -> None:
    """Remove isolated years in place.

    Parameters
    ----------
    classes : (year, pixel) uint8, class codes; changed in place. The first and last year are never written.
    order : (class,) uint8, classes in the order of the passes.
    allowed : (256,) bool, classes of the year before that may take the place.
    """
    for code in order:
        for t in range(1, len(classes) - 1):
            before, now, after = classes[t - 1], classes[t], classes[t + 1]
            for p in range(len(now)):
                if now[p] == code and before[p] != code and after[p] != code and allowed[before[p]]:
                    now[p] = before[p]
