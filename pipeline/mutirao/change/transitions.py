"""Transitions: hectares from class to class between two maps of the same place."""

from __future__ import annotations

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
    pair = before.ravel().astype(np.int64) * 256 + after.ravel()
    weights = np.broadcast_to(pixel_ha, before.shape).ravel()
    return np.bincount(pair, weights, 256 * 256).reshape(256, 256)
