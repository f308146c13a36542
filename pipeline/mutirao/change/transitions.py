"""Transitions: hectares from class to class between two maps of the same place."""

from __future__ import annotations

from itertools import pairwise

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


def pairs_of(years: int) -> list[tuple[int, int]]:
    """Return the index of each year with that of the next, and the first with the last."""
    pairs = list(pairwise(range(years)))
    return pairs if years < 3 else [*pairs, (0, years - 1)]


def transitions_ha(classes: np.ndarray, pixel_ha: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Sum true pixel areas by pair of years, `pairs_of`, and pair of classes.

    Parameters
    ----------
    classes : (year, y, x) uint8, class codes; nodata counts as code 0.
    pixel_ha : float64, hectares of each pixel, broadcast against (y, x).

    Returns
    -------
    (n, 4) uint16 and (n,) float64: index of the first and of the later year, class before and after, and hectares.
    """
    kinds, areas = [np.zeros((0, 4), np.uint16)], [np.zeros(0)]
    for before, after in pairs_of(len(classes)):
        table = crosstab_ha(classes[before], classes[after], pixel_ha)
        old, new = np.nonzero(table)
        kinds.append(np.stack([np.full_like(old, before), np.full_like(old, after), old, new], axis=1))
        areas.append(table[old, new])
    return np.concatenate(kinds).astype(np.uint16), np.concatenate(areas)


@numba.njit(nogil=True, cache=True)
def _add_pairs(before, after, pixel_ha, table):  # type: ignore[no-untyped-def]
    height, width = before.shape
    for y in range(height):
        for x in range(width):
            table[before[y, x], after[y, x]] += pixel_ha[y, x]
