"""Spectral indices by name, on surface reflectance between 0 and 1.

The normalised differences do not depend on the scale; EVI, EVI2 and SAVI do, because of the constants in them.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np

Formula = Callable[..., np.ndarray]


@dataclass(frozen=True, slots=True)
class Index:
    """An index: the bands it reads, in the order of its formula's arguments."""

    title: str
    bands: tuple[str, ...]
    formula: Formula


def normalized_difference(first: np.ndarray, second: np.ndarray) -> np.ndarray:
    """Return (first - second) / (first + second); NaN where the sum is zero."""
    return _ratio(first - second, first + second)


def _ratio(numerator: np.ndarray, denominator: np.ndarray) -> np.ndarray:
    quotient = np.full(np.shape(numerator), np.nan, dtype=np.result_type(numerator, np.float32))
    np.divide(numerator, denominator, out=quotient, where=denominator != 0)
    return quotient


def _evi(nir: np.ndarray, red: np.ndarray, blue: np.ndarray) -> np.ndarray:
    return 2.5 * _ratio(nir - red, nir + 6 * red - 7.5 * blue + 1)


def _evi2(nir: np.ndarray, red: np.ndarray) -> np.ndarray:
    return 2.5 * _ratio(nir - red, nir + 2.4 * red + 1)


def _savi(nir: np.ndarray, red: np.ndarray) -> np.ndarray:
    return 1.5 * _ratio(nir - red, nir + red + 0.5)


def _gcvi(nir: np.ndarray, green: np.ndarray) -> np.ndarray:
    return _ratio(nir, green) - 1


INDICES: Mapping[str, Index] = {
    "ndvi": Index("Normalised difference vegetation index", ("nir", "red"), normalized_difference),
    "ndwi": Index("Normalised difference water index (Gao 1996)", ("nir", "swir1"), normalized_difference),
    "mndwi": Index("Modified water index (Xu 2006)", ("green", "swir1"), normalized_difference),
    "nbr": Index("Normalised burn ratio", ("nir", "swir2"), normalized_difference),
    "pri": Index("Photochemical reflectance index from broad bands", ("blue", "green"), normalized_difference),
    "evi": Index("Enhanced vegetation index (Huete et al. 2002)", ("nir", "red", "blue"), _evi),
    "evi2": Index("Enhanced vegetation index of two bands (Jiang et al. 2008)", ("nir", "red"), _evi2),
    "savi": Index("Soil adjusted vegetation index (Huete 1988)", ("nir", "red"), _savi),
    "gcvi": Index("Green chlorophyll vegetation index (Gitelson et al. 2003)", ("nir", "green"), _gcvi),
    "cai": Index("Cellulose absorption index from broad bands", ("swir2", "swir1"), _ratio),
}
"""Every index that a recipe may name; formulas as in the MapBiomas mosaic toolkits."""


def layer(name: str, bands: Mapping[str, np.ndarray]) -> np.ndarray:
    """Return a band, or an index computed from the bands.

    Parameters
    ----------
    name : a band's name or a key of `INDICES`.
    bands : float arrays of one shape, reflectance by band name; NaN is missing.

    Returns
    -------
    float array of the same shape, NaN where any band is missing.

    Raises
    ------
    KeyError
        There is no such band or index, or a band of the index is not there; the text says which.
    """
    if name in bands:
        return bands[name]
    if name not in INDICES:
        raise KeyError(f"'{name}' is neither a band ({', '.join(bands)}) nor an index ({', '.join(INDICES)})")
    missing = [band for band in INDICES[name].bands if band not in bands]
    if missing:
        raise KeyError(f"index '{name}' needs the band '{missing[0]}', and there are {', '.join(bands)}")
    return INDICES[name].formula(*(bands[band] for band in INDICES[name].bands))
