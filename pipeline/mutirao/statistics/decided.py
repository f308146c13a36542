"""Hectares by year, winning module, class and number of modules against it."""

from __future__ import annotations

import numba
import numpy as np


def decided_ha(
    source: np.ndarray, classes: np.ndarray, against: np.ndarray, pixel_ha: np.ndarray, modules: int
) -> tuple[np.ndarray, np.ndarray]:
    """Sum true pixel areas.

    Parameters
    ----------
    source : (year, y, x) uint8, number of the module whose claim won, 0 to `modules`.
    classes : (year, y, x) uint8, class codes.
    against : (year, y, x) uint8, number of modules that claim another class, 0 to `modules`.
    pixel_ha : float64, hectares of each pixel, broadcast against (y, x).

    Returns
    -------
    (n, 4) uint16 and (n,) float64: index of the year, module, class and modules against it, and hectares.
    """
    weights = np.broadcast_to(pixel_ha, classes.shape[1:])
    kinds, areas = [np.zeros((0, 4), np.uint16)], [np.zeros(0)]
    for t in range(len(classes)):
        table = np.zeros((modules + 1, 256, modules + 1))
        _add_decided(source[t], classes[t], against[t], weights, table)
        found = np.nonzero(table)
        kinds.append(np.stack([np.full_like(found[0], t), *found], axis=1))
        areas.append(table[found])
    return np.concatenate(kinds).astype(np.uint16), np.concatenate(areas)


@numba.njit(nogil=True, cache=True)
def _add_decided(source, classes, against, pixel_ha, areas):  # type: ignore[no-untyped-def]
    height, width = classes.shape
    for y in range(height):
        for x in range(width):
            areas[source[y, x], classes[y, x], against[y, x]] += pixel_ha[y, x]
