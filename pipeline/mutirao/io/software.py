"""Versions of the software that makes a product."""

from __future__ import annotations

import platform
from functools import cache
from importlib.metadata import version

import rasterio

PACKAGES = ("mutirao", "numpy", "numba", "rasterio", "scikit-learn", "xarray", "zarr", "pyproj", "shapely")


@cache
def software_versions() -> dict[str, str]:
    """Return the version of Python and of each package that can change a pixel or a number."""
    own = {"python": platform.python_version(), "gdal": rasterio.__gdal_version__}
    return own | {package: version(package) for package in PACKAGES}
