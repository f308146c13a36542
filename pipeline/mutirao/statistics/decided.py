"""Hectares by year, winning module, class and number of modules against it."""

from __future__ import annotations

import numba
import numpy as np


def decided_ha(
    source: np.ndarray, classes: np.ndarray, against: np.ndarray, pixel_ha: np.ndarray, modules: int
) -> np.ndarray:
    """Sum true pixel areas.

    Parameters
    ----------
    source : (year, y, x) uint8, number of the module whose claim won, 0 to `modules`.
    classes : (year, y, x) uint8, class codes.
    against : (year, y, x) uint8, number of modules that claim another class, 0 to `modules`.
    pixel_ha : float64, hectares of each pixel, broadcast against (y, x).

    Returns
    -------
    (year, modules + 1, 256, modules + 1) float64, hectares.
    """
    areas = np.zeros((len(classes), modules + 1, 256, modules + 1))
    _add_decided(source, classes, against, np.broadcast_to(pixel_ha, classes.shape[1:]), areas)
    return areas


@numba.njit(nogil=True, cache=True)
def _add_decided(source, classes, against, pixel_ha, areas):  # type: ignore[no-untyped-def]
    years, height, width = classes.shape
    for t in range(years):
        for y in range(height):
            for x in range(width):
                areas[t, source[t, y, x], classes[t, y, x], against[t, y, x]] += pixel_ha[y, x]
