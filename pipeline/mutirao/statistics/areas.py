"""Hectares by territory, year and class. A pixel belongs to the territory that holds its centre."""

from __future__ import annotations

import numba
import numpy as np


def areas_by_zone(classes: np.ndarray, zones: np.ndarray, pixel_ha: np.ndarray, zone_count: int) -> np.ndarray:
    """Sum true pixel areas.

    Parameters
    ----------
    classes : (year, y, x) uint8, class codes; 0 (nodata) is summed as code 0.
    zones : (y, x) integers, 1 to `zone_count`; 0 is outside every zone.
    pixel_ha : float64, hectares of each pixel, broadcast against (y, x).

    Returns
    -------
    (zone_count + 1, year, 256) float64, hectares; zone 0 holds what lies outside every zone.
    """
    areas = np.zeros((zone_count + 1, len(classes), 256))
    _add_areas(classes, np.asarray(zones), np.broadcast_to(pixel_ha, zones.shape), areas)
    return areas


@numba.njit(nogil=True, cache=True)
def _add_areas(classes, zones, pixel_ha, areas):  # type: ignore[no-untyped-def]
    """Add pixel after pixel, four years side by side: the sums of one year would wait for each other."""
    years, height, width = classes.shape
    for y in range(height):
        for t in range(0, years - 3, 4):
            a, b, c, d = classes[t, y], classes[t + 1, y], classes[t + 2, y], classes[t + 3, y]
            for x in range(width):
                zone, ha = zones[y, x], pixel_ha[y, x]
                areas[zone, t, a[x]] += ha
                areas[zone, t + 1, b[x]] += ha
                areas[zone, t + 2, c[x]] += ha
                areas[zone, t + 3, d[x]] += ha
        for t in range(years - years % 4, years):
            for x in range(width):
                areas[zones[y, x], t, classes[t, y, x]] += pixel_ha[y, x]
