"""Lead-in: the years of one class that lead straight up to another are its beginning, not a use of their own.

From the first year of a target class back, the unbroken block of the class before it becomes the target, except for as
many years at the head of the block as are kept.
"""

from __future__ import annotations

from collections.abc import Sequence

import numba
import numpy as np


def reference(series: Sequence[int], targets: frozenset[int], lead: frozenset[int], keep: int) -> list[int]:
    """Rewrite the lead-in of one pixel's series in plain Python."""
    now = list(series)
    first = next((t for t, code in enumerate(series) if code in targets), None)
    if first is None:
        return now
    start = first
    while start > 0 and series[start - 1] in lead:
        start -= 1
    for t in range(start + keep, first):
        now[t] = series[first]
    return now


@numba.njit(nogil=True, cache=True)
def rewrite_lead_in(classes: np.ndarray, targets: np.ndarray, lead: np.ndarray, keep: int) -> None:
    """Rewrite lead-ins in place.

    Parameters
    ----------
    classes : (year, pixel) uint8, class codes; changed in place.
    targets : (256,) bool, classes whose first year is looked for.
    lead : (256,) bool, classes of the block before it.
    keep : years at the head of the block that stay.
    """
    for p in range(classes.shape[1]):
        first = 0
        while first < len(classes) and not targets[classes[first, p]]:
            first += 1
        if first == len(classes):
            continue
        start = first
        while start > 0 and lead[classes[start - 1, p]]:
            start -= 1
        for t in range(start + keep, first):
            classes[t, p] = classes[first, p]
