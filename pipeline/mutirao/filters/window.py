"""Three-year window: a year between two years of a class takes that class.

The passes run class by class; each reads the result of the pass before it and judges every year on that reading, so
that a year it has just closed does not count as evidence for the next.
"""

from __future__ import annotations

from collections.abc import Sequence

import numba
import numpy as np


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
    years, pixels = classes.shape
    for code in order:
        for p in range(pixels):
            before = classes[0, p]
            for t in range(1, years - 1):
                now = classes[t, p]
                if before == code and classes[t + 1, p] == code:
                    classes[t, p] = code
                before = now
