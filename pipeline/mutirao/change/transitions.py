"""Transitions: hectares from class to class between two maps of the same place."""

from __future__ import annotations

import numba
import numpy as np


def crosstab_ha(before: np.ndarray, after: np.ndarray, pixel_ha: np.ndarray) -> np.ndarray:
    """Sum true pixel areas by pair of classes.

    Parameters
    ----------
    before, after : (y, x) uint8, class codes; nodata counts as code 0.
    pixel_ha : float64, hectares of each pixel, broadcast against (y, x).

    Returns
    -------
    (256, 256) float64, hectares by (class before, class after).
    """
    table = np.zeros((256, 256))
    _add_pairs(before, after, np.broadcast_to(pixel_ha, before.shape), table)
    return table


@numba.njit(nogil=True, cache=True)
def _add_pairs(before, after, pixel_ha, table):  # type: ignore[no-untyped-def]
    height, width = before.shape
    for y in range(height):
        for x in range(width):
            table[before[y, x], after[y, x]] += pixel_ha[y, x]
