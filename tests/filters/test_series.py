"""Gap fill and window: hand-worked series, for the kernel and the reference."""

from __future__ import annotations

import numpy as np
import pytest

from mutirao.filters import gapfill, window


def filled(values: list[int]) -> list[int]:
    block = np.array(values, np.uint8)[:, None]
    gapfill.fill_gaps(block, np.ones(len(block), bool), np.zeros(256, bool))
    return block[:, 0].tolist()


def closed(values: list[int], order: list[int]) -> list[int]:
    block = np.array(values, np.uint8)[:, None]
    free = (np.ones(len(block), bool), np.zeros(256, bool))
    window.close_windows(block, *free, np.array(order, np.uint8), 3, False, False, False, False)
    return block[:, 0].tolist()


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ([3, 0, 0, 12], [3, 3, 3, 12]),
        ([0, 0, 4, 0], [4, 4, 4, 4]),
        ([0, 0], [0, 0]),
        ([0], [0]),
        ([3, 12], [3, 12]),
    ],
)
def test_gap_takes_earlier_class_first(values, expected):
    assert filled(values) == expected
    assert gapfill.reference(values) == expected


@pytest.mark.parametrize(
    ("values", "order", "expected"),
    [
        ([3, 12, 3], [3], [3, 3, 3]),
        ([3, 12, 3], [12], [3, 12, 3]),
        ([3, 12, 12, 3], [3], [3, 12, 12, 3]),
        # One pass judges the reading at its start: both 12s lie between two 3s, both 3s between two 12s.
        ([3, 12, 3, 12, 3], [3], [3, 3, 3, 3, 3]),
        ([3, 12, 3, 12, 3], [12, 3], [3, 12, 12, 12, 3]),
        ([3, 12], [3], [3, 12]),
        ([3], [3], [3]),
    ],
)
def test_window_closes_single_years_in_class_order(values, order, expected):
    assert closed(values, order) == expected
    assert window.reference(values, order, 3, whole_gap=False) == expected
