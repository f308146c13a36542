"""Indices by hand and against the check values of the MapBiomas toolkits."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mutirao.imagery.indices import INDICES, layer

SPECTRUM = {"blue": 0.07, "green": 0.095, "red": 0.11, "nir": 0.26, "swir1": 0.30, "swir2": 0.19}
BANDS = {name: np.array([value]) for name, value in SPECTRUM.items()}
BY_HAND = {
    "ndvi": 0.15 / 0.37,
    "ndwi": -0.04 / 0.56,
    "mndwi": -0.205 / 0.395,
    "nbr": 0.07 / 0.45,
    "pri": -0.025 / 0.165,
    "evi": 2.5 * 0.15 / (0.26 + 0.66 - 0.525 + 1),
    "evi2": 0.2461,  # published for this spectrum; 0.7155 if the scale is forgotten
    "savi": 0.2586,  # 0.6080 if the scale is forgotten
    "gcvi": 0.26 / 0.095 - 1,
    "cai": 0.19 / 0.30,
}


@pytest.mark.parametrize("name", INDICES)
def test_index_has_its_value_by_hand(name: str):
    assert layer(name, BANDS)[0] == pytest.approx(BY_HAND[name], abs=5e-5)


def test_band_is_returned_as_it_is():
    assert layer("nir", BANDS) is BANDS["nir"]


def test_zero_sum_gives_nan_and_no_warning():
    assert np.isnan(layer("ndvi", {"nir": np.array([0.0]), "red": np.array([0.0])})[0])


def test_missing_band_makes_a_missing_index():
    assert np.isnan(layer("evi", BANDS | {"blue": np.array([np.nan])})[0])


def test_errors_name_what_is_there():
    with pytest.raises(KeyError, match=r"'ndbi' is neither a band .* nor an index"):
        layer("ndbi", BANDS)
    with pytest.raises(KeyError, match="'nbr' needs the band 'swir2'"):
        layer("nbr", {"nir": BANDS["nir"]})


@given(st.floats(0.001, 1), st.floats(0.001, 1))
def test_normalised_difference_changes_its_sign_when_the_bands_change_places(nir: float, red: float):
    forward = layer("ndvi", {"nir": np.array([nir]), "red": np.array([red])})
    backward = layer("ndvi", {"nir": np.array([red]), "red": np.array([nir])})
    assert forward == -backward
    assert abs(forward[0]) <= 1
