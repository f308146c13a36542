"""Hectares by winning module, class and modules against it, worked by hand."""

from __future__ import annotations

import numpy as np

from mutirao.statistics.decided import decided_ha

HA = np.array([[2.0], [0.5]])
"""Pixels of the first row are larger, as on a geographic grid."""


def test_hectares_by_year_module_class_and_modules_against():
    source = np.array([[[1, 1], [2, 0]], [[1, 2], [2, 2]]], np.uint8)
    classes = np.array([[[3, 3], [12, 0]], [[3, 12], [12, 12]]], np.uint8)
    against = np.array([[[0, 1], [0, 0]], [[0, 2], [1, 1]]], np.uint8)
    kinds, area_ha = decided_ha(source, classes, against, HA, 2)
    assert kinds.dtype == np.uint16
    assert dict(zip(map(tuple, kinds.tolist()), area_ha.tolist(), strict=True)) == {
        (0, 0, 0, 0): 0.5,
        (0, 1, 3, 0): 2.0,
        (0, 1, 3, 1): 2.0,
        (0, 2, 12, 0): 0.5,
        (1, 1, 3, 0): 2.0,
        (1, 2, 12, 1): 1.0,
        (1, 2, 12, 2): 2.0,
    }
