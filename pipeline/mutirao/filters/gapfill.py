"""Gap fill: a missing year takes the class of the nearest earlier year; leading gaps take the first class.

After it a series is missing throughout or nowhere.
"""

from __future__ import annotations

from collections.abc import Sequence

import numba
import numpy as np


def reference(series: Sequence[int]) -> list[int]:
    """Fill one pixel's series in plain Python: forward in time, then backward; 0 is missing."""
    filled = list(series)
    for t in range(1, len(filled)):
        filled[t] = filled[t] or filled[t - 1]
    for t in reversed(range(len(filled) - 1)):
        filled[t] = filled[t] or filled[t + 1]
    return filled


@numba.njit(nogil=True, cache=True)
def fill_gaps(classes: np.ndarray) -> None:
    """Fill gaps in place.

    Parameters
    ----------
    classes : (year, pixel) uint8, class codes, 0 is missing; changed in place.
    """
    years, pixels = classes.shape
    for t in range(1, years):
        for p in range(pixels):
            before, now = classes[t - 1, p], classes[t, p]
            classes[t, p] = before if now == 0 else now
    for t in range(years - 2, -1, -1):
        for p in range(pixels):
            after, now = classes[t + 1, p], classes[t, p]
            classes[t, p] = after if now == 0 else now
