"""Hectares by territory, year and class. A pixel belongs to the territory that holds its centre."""

from __future__ import annotations

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
    weights = np.broadcast_to(pixel_ha, zones.shape).ravel()
    cell = zones.ravel().astype(np.int64) * 256
    size = (zone_count + 1) * 256
    by_year = [np.bincount(cell + year.ravel(), weights, size).reshape(-1, 256) for year in classes]
    return np.stack(by_year, axis=1)
