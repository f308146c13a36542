"""Territory polygons: read, bring to the grid's CRS, and burn to pixels by centre."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import geopandas
import numpy as np
from rasterio.features import rasterize

from mutirao.collection import Territories
from mutirao.errors import ConfigError
from mutirao.grid import Grid


@dataclass(frozen=True, slots=True)
class Zones:
    """One set of territories on the grid."""

    level: str
    ids: tuple[str, ...]
    names: tuple[str, ...]
    codes: np.ndarray
    """(y, x) uint16: 1 + position in `ids`, 0 outside."""
    frame: geopandas.GeoDataFrame
    """Columns level, id, name, geometry; in the CRS of the grid."""


def read_zones(path: Path, territories: Territories, grid: Grid) -> Zones:
    """Read polygons and burn them by pixel centre.

    Raises
    ------
    ConfigError
        T101 the file cannot be read; T102 a column is missing; T103 an identifier is used twice; T104 no CRS.
    """
    frame = _read(path)
    _check(frame, territories, path)
    frame = frame.to_crs(grid.pyproj_crs)
    ids = tuple(str(value) for value in frame[territories.key])
    names = tuple(str(value) for value in frame[territories.name])
    clean = geopandas.GeoDataFrame(
        {"level": territories.level, "id": ids, "name": names}, geometry=frame.geometry.to_list(), crs=frame.crs
    )
    return Zones(territories.level, ids, names, burn(clean, grid), clean)


def burn(frame: geopandas.GeoDataFrame, grid: Grid) -> np.ndarray:
    """Return (y, x) uint16 with 1 + the row of the polygon that holds each pixel's centre, 0 outside all."""
    shapes = [(geometry, number) for number, geometry in enumerate(frame.geometry, start=1)]
    burnt = rasterize(shapes, out_shape=grid.shape, transform=grid.transform, fill=0, dtype="uint16")
    return np.asarray(burnt)


def _read(path: Path) -> geopandas.GeoDataFrame:
    try:
        return geopandas.read_file(path)
    except Exception as err:  # the readers below geopandas raise many unrelated kinds
        remedy = "give a GeoJSON or GeoPackage file with polygons"
        raise ConfigError.because("T101", f"cannot be read: {err}", where=str(path), remedy=remedy) from err


def _check(frame: geopandas.GeoDataFrame, territories: Territories, path: Path) -> None:
    for column in (territories.key, territories.name):
        if column not in frame.columns:
            remedy = f"name one of its attributes: {', '.join(c for c in frame.columns if c != 'geometry')}"
            raise ConfigError.because("T102", f"no attribute '{column}'", where=str(path), remedy=remedy)
    repeated = frame[territories.key][frame[territories.key].duplicated()]
    if len(repeated):
        remedy = "give every polygon an identifier of its own, or merge the polygons"
        raise ConfigError.because("T103", f"'{repeated.iloc[0]}' is used twice", where=str(path), remedy=remedy)
    if frame.crs is None:
        raise ConfigError.because("T104", "the file names no CRS", where=str(path), remedy="store the CRS in the file")


def read_mask(path: Path, grid: Grid) -> np.ndarray:
    """Return (y, x) bool, true at pixels whose centre lies in any polygon of a file.

    Raises
    ------
    ConfigError
        T101 the file cannot be read; T104 no CRS.
    """
    frame = _read(path)
    if frame.crs is None:
        raise ConfigError.because("T104", "the file names no CRS", where=str(path), remedy="store the CRS in the file")
    return burn(frame.to_crs(grid.pyproj_crs), grid) > 0
