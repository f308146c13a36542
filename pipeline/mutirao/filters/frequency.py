"""Frequency: a pixel that belongs to a group of classes nearly always takes the class it has most clearly.

The share of a class is its years over the years with any class. If the group's shares sum to at least `total`, the
classes of the list are tried in order; each whose own share reaches its threshold takes the pixel, so the last one
that does wins.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numba
import numpy as np

from mutirao.legend import NODATA


def reference(
    series: Sequence[int], group: frozenset[int], total: float, thresholds: Mapping[int, float], *, whole: bool
) -> list[int]:
    """Stabilise one pixel's series in plain Python; `whole` rewrites all valid years, else those of the group only."""
    valid = sum(code != NODATA for code in series)
    if valid == 0 or sum(code in group for code in series) < total * valid:
        return list(series)
    met = [code for code, share in thresholds.items() if series.count(code) >= share * valid]
    return [met[-1] if met and now != NODATA and (whole or now in group) else now for now in series]


@numba.njit(nogil=True, cache=True)
def stabilise(
    classes: np.ndarray, group: np.ndarray, total: float, order: np.ndarray, shares: np.ndarray, whole: bool
) -> None:
    """Stabilise series in place.

    Parameters
    ----------
    classes : (year, pixel) uint8, class codes, 0 is missing; changed in place.
    group : (256,) bool, classes whose shares are summed.
    total : smallest summed share of the group, 0 to 1.
    order, shares : (class,) uint8 and float64, classes with the smallest share of each; later ones win.
    whole : rewrite all valid years, else only those of the group.
    """
    counts = np.empty(256, np.int64)
    years = len(classes)
    for p in range(classes.shape[1]):
        counts[:] = 0
        in_group = 0
        for t in range(years):
            counts[classes[t, p]] += 1
            in_group += group[classes[t, p]]
        valid = years - counts[0]
        if valid == 0 or in_group < total * valid:
            continue
        winner = 0
        for i in range(len(order)):
            if counts[order[i]] >= shares[i] * valid:
                winner = order[i]
        for t in range(years if winner > 0 else 0):
            if classes[t, p] != 0 and (whole or group[classes[t, p]]):
                classes[t, p] = winner
