"""First and last year: the ends of a series, which no window reaches, follow the two years next to them."""

from __future__ import annotations

from collections.abc import Sequence

import numba
import numpy as np


def reference(series: Sequence[int], first: Sequence[int], *, last: bool, protected: frozenset[int]) -> list[int]:
    """Correct the ends of one pixel's series in plain Python."""
    now = list(series)
    if len(now) < 3:
        return now
    for code in first:
        if now[0] != code and now[1] == now[2] == code:
            now[0] = code
    if last and now[-3] == now[-2] != now[-1] and now[-1] not in protected:
        now[-1] = now[-2]
    return now


@numba.njit(nogil=True, cache=True)
def correct_ends(classes: np.ndarray, first: np.ndarray, last: bool, protected: np.ndarray) -> None:
    """Correct the ends in place; a series of fewer than three years is left alone.

    Parameters
    ----------
    classes : (year, pixel) uint8, class codes; changed in place.
    first : (class,) uint8, classes that the first year takes if the second and third have them, in order.
    last : let the last year take the class of the two years before it, if these agree.
    protected : (256,) bool, classes of the last year that stay.
    """
    years, pixels = classes.shape
    if years < 3:
        return
    for p in range(pixels):
        for code in first:
            if classes[1, p] == code and classes[2, p] == code:
                classes[0, p] = code
        before = classes[years - 2, p]
        if last and classes[years - 3, p] == before and not protected[classes[years - 1, p]]:
            classes[years - 1, p] = before
