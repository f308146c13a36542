"""Seasons, reducers and yearly features, by hand and against numpy."""

from __future__ import annotations

import warnings
from datetime import date

import numpy as np
import pytest
import xarray as xr
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from mutirao.imagery.composites import FeatureSpec, Season, count_clear, reduce_series, yearly_features

NAN = np.nan


def scenes(days: list[str], red: list[float], nir: list[float]) -> xr.Dataset:
    """One pixel."""
    series = {"red": red, "nir": nir}
    bands = {k: (("time", "y", "x"), np.array(v, dtype=np.float32).reshape(-1, 1, 1)) for k, v in series.items()}
    return xr.Dataset(bands, {"time": np.array(days, dtype="datetime64[ns]"), "y": [10.0], "x": [10.0]})


def values(series: list[float], *reducers: str) -> list[float]:
    column = np.array(series, dtype=np.float32).reshape(-1, 1, 1)
    return [float(plane[0, 0]) for plane in reduce_series(column, reducers)]


def test_season_within_a_year_includes_both_ends():
    days = np.array(["2018-04-30", "2018-05-01", "2018-09-30", "2018-10-01"], dtype="datetime64[ns]")
    assert Season(first="05-01", last="09-30").years(days).tolist() == [0, 2018, 2018, 0]


def test_season_across_the_new_year_belongs_to_the_year_in_which_it_ends():
    season = Season(first="09-01", last="04-30")
    days = np.array(
        ["2011-08-31", "2011-09-01", "2011-12-31", "2012-01-01", "2012-04-30", "2012-05-01"], "datetime64[ns]"
    )
    assert season.years(days).tolist() == [0, 2012, 2012, 2012, 2012, 0]
    assert season.bounds(2012) == (date(2011, 9, 1), date(2012, 4, 30))


def test_last_of_february_exists_in_every_year():
    season = Season(first="01-01", last="02-29")
    assert season.bounds(2019) == (date(2019, 1, 1), date(2019, 2, 28))
    assert season.bounds(2020) == (date(2020, 1, 1), date(2020, 2, 29))
    assert season.years(np.array(["2019-02-28", "2019-03-01"], dtype="datetime64[D]")).tolist() == [2019, 0]


@pytest.mark.parametrize("day", ["13-01", "02-30", "1-1", "2018-01-01", "spring"])
def test_what_is_no_day_is_refused(day: str):
    with pytest.raises(ValueError, match="validation error"):
        Season(first=day)


def test_reducers_by_hand():
    # Sorted 2 4 6 8 10: p25 lies at position 1, p10 at 0.4 between 2 and 4; mean 6, variance (16+4+0+4+16)/5 = 8.
    assert values([10, 2, NAN, 8, 4, 6], "p50", "p25", "p10", "min", "max", "amp") == pytest.approx(
        [6, 4, 2.8, 2, 10, 8]
    )
    assert values([10, 2, NAN, 8, 4, 6], "mean", "std") == pytest.approx([6, 8**0.5])


def test_one_date_is_every_quantile_and_has_no_spread():
    assert values([0.3], "p0", "p50", "p90", "mean", "max") == pytest.approx([0.3] * 5)
    assert values([0.3], "std", "amp") == [0, 0]


def test_only_missing_dates_give_nan_without_a_warning():
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert np.isnan(values([NAN, NAN], "p10", "mean", "std", "amp", "min", "max")).all()


COLUMNS = arrays(np.float32, (7, 2, 3), elements=st.one_of(st.just(NAN), st.floats(0.015625, 1, width=32)))


@given(COLUMNS, st.integers(0, 99))
def test_quantiles_are_those_of_numpy(series: np.ndarray, percent: int):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # numpy warns of columns that are all NaN
        expected = np.nanpercentile(series.astype(np.float64), percent, axis=0)
    np.testing.assert_allclose(reduce_series(series, [f"p{percent}"])[0], expected, rtol=1e-6, equal_nan=True)


@given(COLUMNS, st.permutations(range(7)))
def test_order_of_the_dates_does_not_matter(series: np.ndarray, order: list[int]):
    for one, other in zip(
        reduce_series(series, ["p50", "amp"]), reduce_series(series[order], ["p50", "amp"]), strict=True
    ):
        np.testing.assert_array_equal(one, other)


def test_features_have_names_order_and_values():
    cube = scenes(["2018-05-01", "2018-06-01", "2018-12-01"], red=[0.1, 0.2, 0.9], nir=[0.3, 0.6, 0.9])
    spec = FeatureSpec(
        season=Season(first="05-01", last="09-30"), layers=("nir", "ndvi"), reducers=("min", "max"), count=True
    )
    features = yearly_features(cube, spec, 2018)
    assert features["feature"].values.tolist() == ["nir_min", "nir_max", "ndvi_min", "ndvi_max", "clear_dates"]
    assert features.dtype == np.float32
    assert features.values.ravel() == pytest.approx([0.3, 0.6, 0.5, 0.5, 2])


def test_year_without_a_date_in_season_is_nan_and_counts_zero():
    cube = scenes(["2018-12-01"], red=[0.1], nir=[0.3])
    spec = FeatureSpec(
        season=Season(first="05-01", last="09-30"), layers=("red", "ndvi"), reducers=("p50", "mean"), count=True
    )
    for year in (2017, 2018):
        features = yearly_features(cube, spec, year).values.ravel()
        assert np.isnan(features[:-1]).all()
        assert features[-1] == 0


def test_date_counts_as_clear_only_if_all_bands_are_there():
    red = np.array([0.1, NAN, 0.1]).reshape(3, 1, 1)
    nir = np.array([0.1, 0.1, NAN]).reshape(3, 1, 1)
    assert count_clear([red, nir]).item() == 1


@pytest.mark.parametrize(
    "wrong", [{"layers": []}, {"reducers": ["p100"]}, {"reducers": ["median"]}, {"layers": ["red", "red"]}]
)
def test_wrong_specifications_are_refused(wrong: dict[str, list[str]]):
    with pytest.raises(ValueError, match="validation error"):
        FeatureSpec.model_validate({"layers": ["red"], **wrong})
