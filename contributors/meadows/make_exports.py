"""Map meadows from a Sentinel-2 cube and write one GeoTIFF a year.

This script stands for a partner's own tools: it knows nothing of mutirao, its legend or its formats.

    python make_exports.py CUBE.nc OUTPUT_DIR [--edition 1|2]

The cube is sentinel2_cube_subset_romania_20m.nc of the Python package nrt 0.2.1. The rasters hold 7 for meadows and
other open land, and 255 elsewhere.
"""

from __future__ import annotations

import argparse
from datetime import date, timedelta
from pathlib import Path

import h5py
import numpy as np
import rasterio
from rasterio.transform import Affine

YEARS = range(2016, 2021)
MEADOW, EMPTY = 7, 255
CLEAR = (4, 5, 7)
"""Sen2Cor scene classes that are usable: vegetation, bare soil, unclassified."""
OPEN_SCENE_NDVI = 0.78
"""Edition 1: a meadow in a single summer scene has less."""
OPEN_SEASON_NDVI = 0.77
"""Edition 2: a meadow's median from May to September is less."""


def main() -> None:
    """Read the arguments, map all years, write them."""
    parser = argparse.ArgumentParser(description="Map meadows from a Sentinel-2 cube.")
    parser.add_argument("cube", type=Path)
    parser.add_argument("output", type=Path)
    parser.add_argument("--edition", type=int, choices=(1, 2), default=2)
    arguments = parser.parse_args()
    arguments.output.mkdir(parents=True, exist_ok=True)
    ndvi, days, transform = read_ndvi(arguments.cube)
    meadows = first_edition(ndvi, days) if arguments.edition == 1 else second_edition(ndvi, days)
    for year, is_meadow in meadows.items():
        write(arguments.output / f"MEADOWS-{year}-final.tif", is_meadow, transform)


def read_ndvi(path: Path) -> tuple[np.ndarray, list[date], Affine]:
    """Return (time, y, x) NDVI with NaN under cloud, the dates, and the transform."""
    with h5py.File(path) as cube:
        red, nir = (cube[name][:].astype("float32") for name in ("B4", "B8A"))
        clear = np.isin(cube["SCL"][:], CLEAR) & (red > 0) & (nir > 0)
        units = cube["time"].attrs["units"]
        start = date.fromisoformat((units.decode() if isinstance(units, bytes) else units).split()[2])
        days = [start + timedelta(days=int(day)) for day in cube["time"][:]]
        x, y = cube["x"][:2], cube["y"][:2]
    with np.errstate(divide="ignore", invalid="ignore"):
        ndvi = np.where(clear, (nir - red) / (nir + red), np.nan)
    side = x[1] - x[0]
    return ndvi, days, Affine(side, 0, x[0] - side / 2, 0, -side, y[0] + side / 2)


def first_edition(ndvi: np.ndarray, days: list[date]) -> dict[int, np.ndarray]:
    """Take the summer scene with the least cloud: quick, but a fresh clear-cut looks like a meadow in it."""
    meadows = {}
    for year in YEARS:
        summer = [i for i, day in enumerate(days) if day.year == year and 6 <= day.month <= 8]
        clearest = max(summer, key=lambda i: np.isfinite(ndvi[i]).sum())
        meadows[year] = ndvi[clearest] < OPEN_SCENE_NDVI
    return meadows


def second_edition(ndvi: np.ndarray, days: list[date]) -> dict[int, np.ndarray]:
    """Take the median of the season, and believe it if two of the three nearest years agree."""
    open_land = {}
    for year in YEARS:
        season = [i for i, day in enumerate(days) if day.year == year and 5 <= day.month <= 9]
        open_land[year] = np.nanmedian(ndvi[season], axis=0) < OPEN_SEASON_NDVI
    meadows = {}
    for year in YEARS:
        middle = min(max(year, YEARS[1]), YEARS[-2])
        meadows[year] = sum(open_land[near].astype(int) for near in (middle - 1, middle, middle + 1)) >= 2
    return meadows


def write(path: Path, is_meadow: np.ndarray, transform: Affine) -> None:
    """Write one year as a plain LZW GeoTIFF, as desktop software does."""
    profile = {"driver": "GTiff", "count": 1, "dtype": "uint8", "nodata": EMPTY, "compress": "lzw", "crs": "EPSG:3035"}
    height, width = is_meadow.shape
    with rasterio.open(path, "w", height=height, width=width, transform=transform, **profile) as raster:
        raster.write(np.where(is_meadow, MEADOW, EMPTY).astype("uint8"), 1)


if __name__ == "__main__":
    main()
