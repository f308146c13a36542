"""Areas and transitions, worked by hand."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, arrays

from mutirao.change.transitions import crosstab_ha, transitions_ha
from mutirao.statistics.areas import areas_by_zone

CLASSES = np.array([[[3, 3], [12, 0]], [[3, 12], [12, 12]]], np.uint8)
ZONES = np.array([[1, 2], [2, 0]])
HA = np.array([[2.0], [0.5]])
"""Pixels of the first row are larger, as on a geographic grid."""


def test_hectares_by_zone_year_and_class():
    areas = areas_by_zone(CLASSES, ZONES, HA, 2)
    assert areas.shape == (3, 2, 256)
    assert areas[1, :, 3].tolist() == [2.0, 2.0]
    assert areas[2, :, 3].tolist() == [2.0, 0.0]
    assert areas[2, :, 12].tolist() == [0.5, 2.5]
    assert areas[0, 0, 0] == 0.5  # nodata outside every zone
    assert areas.sum() == pytest.approx(2 * 5.0)


def test_transitions_in_hectares():
    table = crosstab_ha(CLASSES[0], CLASSES[1], HA)
    assert table[3, 3] == 2.0
    assert table[3, 12] == 2.0
    assert table[12, 12] == 0.5
    assert table[0, 12] == 0.5
    assert table.sum() == 5.0


def test_transitions_of_each_year_to_the_next_and_of_the_first_to_the_last():
    kinds, area_ha = transitions_ha(np.array([[[3, 3]], [[12, 3]], [[12, 15]]], np.uint8), np.array([[2.0, 0.5]]))
    assert dict(zip(map(tuple, kinds.tolist()), area_ha.tolist(), strict=True)) == {
        (0, 1, 3, 12): 2.0,
        (0, 1, 3, 3): 0.5,
        (1, 2, 12, 12): 2.0,
        (1, 2, 3, 15): 0.5,
        (0, 2, 3, 12): 2.0,
        (0, 2, 3, 15): 0.5,
    }
    two_years, _ = transitions_ha(CLASSES, HA)
    assert set(map(tuple, two_years[:, :2].tolist())) == {(0, 1)}
    one_year, nothing = transitions_ha(CLASSES[:1], HA)
    assert one_year.shape == (0, 4)
    assert nothing.shape == (0,)


@given(arrays(np.uint8, array_shapes(min_dims=3, max_dims=3, max_side=9)), st.integers(0, 99))
def test_areas_are_those_of_adding_pixel_after_pixel(classes, seed):
    rng = np.random.default_rng(seed)
    zones, pixel_ha = rng.integers(0, 4, classes.shape[1:]), rng.random(classes.shape[1:])
    expected = np.zeros((4, len(classes), 256))
    for t, y, x in np.ndindex(*classes.shape):
        expected[zones[y, x], t, classes[t, y, x]] += pixel_ha[y, x]
    np.testing.assert_array_equal(areas_by_zone(classes, zones, pixel_ha, 3), expected)


@given(arrays(np.uint8, (2, 5, 4)), arrays(np.uint8, (5, 4), elements=st.integers(0, 3)))
def test_every_hectare_is_counted_once(classes, zones):
    areas = areas_by_zone(classes, zones, np.full((1, 1), 0.04), 3)
    assert areas.sum(axis=(0, 2)) == pytest.approx([0.8, 0.8])
    assert crosstab_ha(classes[0], classes[1], np.full((1, 1), 0.04)).sum() == pytest.approx(0.8)
