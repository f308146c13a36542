"""Training pixels, by hand: from a layer, from dated points, and never from the block kept aside."""

from __future__ import annotations

from datetime import date

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pyproj import Transformer

from mutirao.classify.samples import (
    Places,
    Point,
    block_mask,
    keep_aside,
    places_from_layer,
    places_from_points,
    training_set,
    widen,
)
from mutirao.errors import ConfigError
from mutirao.grid import Grid
from mutirao.imagery.composites import Season

GRID = Grid(crs="EPSG:31983", resolution=30, origin=(300000, 7800000), shape=(6, 8))
SEASON = Season(first="09-01", last="08-31")


def lonlat(row: float, column: float) -> tuple[float, float]:
    """Place of a position in pixels; 0.5 is the centre of the first pixel."""
    to_lonlat = Transformer.from_crs(GRID.crs, 4326, always_xy=True)
    lon, lat = to_lonlat.transform(300000 + 30 * column, 7800000 - 30 * row)
    return lon, lat


def point(row: float, column: float, first: str = "2011-09-01", last: str = "2012-09-01") -> Point:
    return Point(*lonlat(row, column), 3, date.fromisoformat(first), date.fromisoformat(last))


def everywhere(shape: tuple[int, int]) -> Places:
    rows, columns = np.indices(shape).reshape(2, -1)
    return Places(rows, columns, np.full(rows.shape, 2018), np.where(columns < 4, 3, 12))


def test_ranges_are_closed_and_missing_values_train_nothing():
    layer = np.array([[0.0, 15, 16, 59, 60, np.nan]])
    places = places_from_layer(layer, {3: (60, 100), 12: (0, 15)}, year=2018)
    assert places.columns.tolist() == [0, 1, 4]
    assert places.codes.tolist() == [12, 12, 3]
    assert set(places.years.tolist()) == {2018}


def test_point_lies_in_the_pixel_that_holds_it():
    places = places_from_points([point(0.1, 0.1), point(2.9, 5.5)], GRID, SEASON)
    assert list(zip(places.rows, places.columns, strict=True)) == [(0, 0), (2, 5)]


def test_points_outside_the_grid_are_left_out():
    outside = [point(-0.1, 1), point(1, -0.1), point(6.1, 1), point(1, 8.1)]
    assert len(places_from_points(outside, GRID, SEASON)) == 0


@pytest.mark.parametrize(
    ("first", "last", "years"),
    [
        ("2011-09-01", "2012-09-01", [2012]),
        ("2011-09-01", "2012-08-31", [2012]),
        ("2011-09-02", "2012-09-01", []),
        ("2009-09-01", "2012-09-01", [2010, 2011, 2012]),
        ("2011-12-01", "2012-03-01", []),
    ],
)
def test_point_counts_in_the_years_whose_season_it_covers(first: str, last: str, years: list[int]):
    assert places_from_points([point(1, 1, first, last)], GRID, SEASON).years.tolist() == years


def test_pixel_belongs_to_the_block_by_its_centre():
    # 44 m is below the centre of the second column (45 m), 46 m above it.
    inside = block_mask(GRID, (300000, 7800000 - 46, 300000 + 44, 7800000))
    assert inside.sum(axis=0).tolist() == [2, 0, 0, 0, 0, 0, 0, 0]


def test_mask_grows_by_squares():
    mask = np.zeros((5, 5), dtype=bool)
    mask[0, 2] = True
    assert widen(mask, 1).astype(int).tolist() == [[0, 1, 1, 1, 0], [0, 1, 1, 1, 0], *[[0] * 5] * 3]
    assert np.array_equal(widen(mask, 0), mask)


def test_block_is_kept_aside_and_its_margin_is_in_neither_part():
    block = np.zeros((6, 8), dtype=bool)
    block[0:2, 0:2] = True
    train, aside = keep_aside(everywhere((6, 8)), block, buffer_px=1)
    assert len(aside) == 4
    assert len(train) == 48 - 9


@given(st.integers(0, 5), st.integers(0, 7), st.integers(0, 4))
def test_no_training_pixel_is_near_the_block(row: int, column: int, buffer_px: int):
    block = np.zeros((6, 8), dtype=bool)
    block[row, column] = True
    train, _ = keep_aside(everywhere((6, 8)), block, buffer_px)
    distance = np.maximum(abs(train.rows - row), abs(train.columns - column))
    assert (distance > buffer_px).all()


def test_features_are_looked_up_in_the_year_of_each_place():
    places = Places(np.array([0, 1, 0]), np.array([1, 0, 1]), np.array([2018, 2018, 2019]), np.array([3, 12, 12]))
    cubes = {2018: np.array([[[1.0, 2], [3, 4]]], np.float32), 2019: np.array([[[5.0, 6], [7, 8]]], np.float32)}
    samples = training_set(places, lambda year: cubes[year], [3, 12])
    assert samples.features.ravel().tolist() == [2, 3, 6]
    assert samples.places.codes.tolist() == [3, 12, 12]


def test_places_without_features_do_not_train():
    places = Places(np.array([0, 0, 0]), np.array([0, 1, 2]), np.full(3, 2018), np.array([3, 12, 3]))
    samples = training_set(places, lambda year: np.array([[[1.0, 2, np.nan]]], np.float32), [3, 12])
    assert samples.places.counts() == {3: 1, 12: 1}


@pytest.mark.parametrize("codes", [[3, 12], [3]])
def test_class_without_samples_is_refused(codes: list[int]):
    places = Places(np.array([0]), np.array([0]), np.array([2018]), np.array([3]))
    with pytest.raises(ConfigError, match=r"P203 .*3: 1"):
        training_set(places, lambda year: np.ones((1, 1, 1), np.float32), codes)


def test_no_samples_at_all_is_refused():
    nothing = everywhere((6, 8)).where(np.zeros(48, dtype=bool))
    with pytest.raises(ConfigError, match=r"P203 .*none"):
        training_set(nothing, lambda year: np.ones((1, 6, 8), np.float32), [3, 12])
