"""Clear reflectance out of stored values."""

from __future__ import annotations

import numpy as np
import pytest
import xarray as xr

from mutirao.errors import ConfigError
from mutirao.imagery.dataset import Dataset
from mutirao.imagery.masks import clear_reflectance, is_clear, is_valid

GRID = {"crs": "EPSG:3035", "resolution": 20, "origin": [0, 20], "shape": [1, 1]}
COMMON = {
    "id": "demo",
    "title": "t",
    "kind": "scenes",
    "file": "x.nc",
    "grid": GRID,
    "license": "l",
    "attribution": "a",
}


def dataset(**more: object) -> Dataset:
    return Dataset.model_validate(COMMON | {"bands": {"red": "B4"}, "scale": 0.0001} | more)


def cube(red: list[float], quality: list[float]) -> xr.Dataset:
    shape = (len(red), 1, 1)
    bands = {"red": red, "quality": quality}
    return xr.Dataset({k: (("time", "y", "x"), np.array(v, dtype=np.float32).reshape(shape)) for k, v in bands.items()})


def test_only_the_listed_values_are_clear():
    scl = np.array([0, 3, 4, 5, 7, 9, np.nan])
    assert is_clear(scl, (4, 5, 7)).tolist() == [False, False, True, True, True, False, False]


def test_zero_negative_nodata_and_nan_are_missing():
    stored = np.array([0, -5, 1200, 255, np.nan, np.inf])
    assert is_valid(stored, nodata=255).tolist() == [False, False, True, False, False, False]


def test_reflectance_is_scaled_and_cloud_becomes_nan():
    clear = clear_reflectance(cube([500, 1000, 0], [4, 9, 4]), dataset(quality={"band": "SCL", "clear": [4]}))
    red = clear["red"].values.ravel()
    assert red.dtype == np.float32
    assert red[0] == pytest.approx(0.05)
    assert np.isnan(red[1:]).all()


def test_without_a_quality_band_every_measured_value_is_clear():
    assert clear_reflectance(cube([500, 700], [9, 9]), dataset())["red"].values.ravel() == pytest.approx([0.05, 0.07])


def test_a_cube_without_any_clear_value_is_all_nan():
    clear = clear_reflectance(cube([0, 0], [0, 0]), dataset(quality={"band": "SCL", "clear": [4]}))
    assert np.isnan(clear["red"]).all()


def test_unscaled_reflectance_is_refused_with_the_remedy():
    with pytest.raises(ConfigError, match=r"D201 .*0\.0001"):
        clear_reflectance(cube([500, 700], [4, 4]), dataset(scale=1))


@pytest.mark.parametrize(
    "more",
    [
        {"file": None},
        {"stack": {"folder": "d", "dates": "t"}},
        {"bands": {}},
        {"kind": "layer"},
        {
            "file": None,
            "package": {"name": "a", "version": "1", "wheel": "a.whl", "sha256": "0" * 64, "member": "../b"},
        },
        {"surprise": 1},
    ],
)
def test_wrong_declarations_are_refused(more: dict[str, object]):
    with pytest.raises(ValueError, match="validation error"):
        dataset(**more)
