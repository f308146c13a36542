"""From stored values to clear surface reflectance: clouds, shadows and missing pixels become NaN."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
import xarray as xr

from mutirao.errors import ConfigError
from mutirao.imagery.dataset import Dataset

QUALITY = "quality"
"""Name of the quality band among the variables of a cube."""
_UNSCALED = 10.0
"""No surface reflects ten times the light that meets it; a larger value is a stored integer that was not scaled."""


def is_clear(quality: np.ndarray, clear: Iterable[int]) -> np.ndarray:
    """Tell usable observations by the value of a quality band.

    Parameters
    ----------
    quality : array of any shape, for example Sen2Cor's scene classification; NaN is never clear.
    clear : values that mean a usable observation.

    Returns
    -------
    bool array of the same shape.
    """
    return np.isin(quality, np.fromiter(clear, dtype=np.int64))


def is_valid(stored: np.ndarray, nodata: float | None = None) -> np.ndarray:
    """Tell measured values from missing ones: finite, above zero and not nodata.

    Zero is what detectors and processors write where nothing was measured; surface reflectance is never zero, and
    negative values come from failed atmospheric correction.
    """
    valid: np.ndarray = np.isfinite(stored) & (stored > 0)
    return valid if nodata is None else valid & (stored != nodata)


def clear_reflectance(cube: xr.Dataset, dataset: Dataset) -> xr.Dataset:
    """Return the clear reflectance of a cube of scenes.

    Parameters
    ----------
    cube : bands as (time, y, x) stored values, with the quality band as `quality` if the dataset has one.

    Returns
    -------
    The bands as (time, y, x) float32 reflectance, 0 to about 1, NaN where not observed or not clear. A band is
    masked by its own missing values and by the quality band.

    Raises
    ------
    ConfigError
        D201: the values are no reflectance, so the dataset's `scale` is wrong. Indices with constants in them, such
        as EVI2 and SAVI, would silently come out wrong.
    """
    clear = None if dataset.quality is None else is_clear(cube[QUALITY].values, dataset.quality.clear)
    bands = {name: _band(cube[name].values, clear, dataset) for name in dataset.bands}
    _require_reflectance(bands, dataset)
    return xr.Dataset({name: (cube[name].dims, values) for name, values in bands.items()}, cube.coords)


def _band(stored: np.ndarray, clear: np.ndarray | None, dataset: Dataset) -> np.ndarray:
    usable = is_valid(stored, dataset.nodata)
    if clear is not None:
        usable &= clear
    scaled = np.full(stored.shape, np.nan, dtype=np.float32)
    np.multiply(stored, dataset.scale, out=scaled, where=usable, casting="same_kind")
    return scaled


def _require_reflectance(bands: dict[str, np.ndarray], dataset: Dataset) -> None:
    for name, values in bands.items():
        largest = float(np.nanmax(values, initial=0.0))
        if largest > _UNSCALED:
            raise ConfigError.because(
                "D201",
                f"band '{name}' reaches {largest:g} with scale {dataset.scale:g}, which is no reflectance",
                where=f"dataset '{dataset.id}'",
                remedy="set 'scale' so that reflectance is between 0 and 1, for example 0.0001",
            )
