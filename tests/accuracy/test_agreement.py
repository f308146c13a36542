"""Agreement counted by hand."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from mutirao.accuracy.agreement import compare, label_codes, label_ranges

LABELS = ("forest", "open")


def test_counts_and_shares_by_hand():
    mapped = np.array([0, 0, 0, 1, 1, -1, 0])
    reference = np.array([0, 0, 1, 1, 1, 1, -1])
    found = compare(mapped, reference, LABELS)
    # The last pixel has no reference and is left out; the one before it has no map label and counts against the map.
    assert found.counts.tolist() == [[2, 1], [0, 2], [0, 1]]
    assert found.total == 6
    assert found.overall == pytest.approx(4 / 6)
    assert found.users == pytest.approx([2 / 3, 1])
    assert found.producers == pytest.approx([1, 2 / 4])


def test_label_that_nobody_has_is_undefined_and_not_zero():
    found = compare(np.array([0]), np.array([0]), LABELS)
    assert np.isnan(found.users[1])
    assert found.as_dict()["producers"] == {"forest": 1.0, "open": None}


def test_nothing_to_compare_is_undefined():
    found = compare(np.array([0, 1]), np.array([-1, -1]), LABELS)
    assert found.total == 0
    assert found.as_dict()["overall"] is None


def test_codes_and_ranges_become_label_indices():
    assert label_codes(np.array([3, 4, 12, 0], np.uint8), {"forest": [3, 4], "open": [12]}).tolist() == [0, 0, 1, -1]
    density = np.array([0.0, 15, 16, 60, np.nan])
    assert label_ranges(density, {"forest": (30, 100), "open": (0, 15)}).tolist() == [1, 1, -1, 0, -1]


def test_different_shapes_and_unknown_labels_are_refused():
    with pytest.raises(ValueError, match=r"\(2,\) and the reference \(3,\)"):
        compare(np.zeros(2, int), np.zeros(3, int), LABELS)
    with pytest.raises(ValueError, match="beyond the 2 labels"):
        compare(np.array([2]), np.array([0]), LABELS)


@given(arrays(np.int16, (4, 5), elements=st.integers(-1, 1)))
def test_a_map_agrees_with_itself(labels: np.ndarray):
    found = compare(labels, labels, LABELS)
    assert found.total == (labels >= 0).sum()
    assert found.total == 0 or found.overall == 1
