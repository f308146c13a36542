"""Majority in time: a series that never leaves a group of classes takes the one that it has most often, in all years.

Ties go to the class that comes first in the list. A year without a class leaves the series alone.
"""

from __future__ import annotations

from collections.abc import Sequence

import numba
import numpy as np


def reference(series: Sequence[int], classes: Sequence[int]) -> list[int]:
    """Settle one pixel's series in plain Python."""
    if not set(series) <= set(classes):
        return list(series)
    return [max(classes, key=lambda code: (series.count(code), -classes.index(code)))] * len(series)


@numba.njit(nogil=True, cache=True)
def settle(classes: np.ndarray, order: np.ndarray) -> None:
    """Settle series in place.

    Parameters
    ----------
    classes : (year, pixel) uint8, class codes; changed in place.
    order : (class,) uint8, the group; of equally frequent classes the first wins.
    """
    counts = np.empty(256, np.int64)
    for p in range(classes.shape[1]):
        counts[:] = 0
        for t in range(len(classes)):
            counts[classes[t, p]] += 1
        found, best = 0, order[0]
        for code in order:
            found += counts[code]
            if counts[code] > counts[best]:
                best = code
        if found == len(classes):
            classes[:, p] = best
