"""No false regrowth: after enough years of use in a row, native vegetation does not come back at once.

Years are judged in ascending order on the running series, so that a year that was blocked lengthens the run of use and
blocks the next one too.
"""

from __future__ import annotations

from collections.abc import Sequence

import numba
import numpy as np


def reference(
    series: Sequence[int], use: frozenset[int], years: int, native: frozenset[int], becomes: int
) -> list[int]:
    """Block regrowth in one pixel's series in plain Python."""
    now = list(series)
    for t in range(years, len(now)):
        if now[t] in native and all(code in use for code in now[t - years : t]):
            now[t] = becomes
    return now


@numba.njit(nogil=True, cache=True)
def block_regrowth(classes: np.ndarray, use: np.ndarray, years: int, native: np.ndarray, becomes: int) -> None:
    """Block regrowth in place.

    Parameters
    ----------
    classes : (year, pixel) uint8, class codes; changed in place.
    use : (256,) bool, classes whose run is counted.
    years : length of the run that blocks.
    native : (256,) bool, classes that are blocked.
    becomes : class that is written instead.
    """
    run = np.empty(classes.shape[1], np.int64)
    run[:] = 0
    for t in range(len(classes)):
        year = classes[t]
        for p in range(len(year)):
            if native[year[p]] and run[p] >= years:
                year[p] = becomes
            run[p] = run[p] + 1 if use[year[p]] else 0
