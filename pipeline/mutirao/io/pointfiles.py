"""Places of points, whatever they are labelled with: from CSV, GeoJSON or GeoPackage."""

from __future__ import annotations

import csv
from pathlib import Path

import geopandas
import numpy as np

from mutirao.errors import ConfigError, Finding

LON_LAT = (("lon", "lat"), ("longitude", "latitude"), ("x", "y"))
"""Columns of a CSV that are taken for WGS 84 degrees where nobody names them."""


def read_lonlat(path: Path, columns: tuple[str, str] | None = None) -> np.ndarray:
    """Read where points lie.

    Parameters
    ----------
    columns : of longitude and latitude in a CSV; one of `LON_LAT` if none are named.

    Returns
    -------
    (n, 2) float64, WGS 84 degrees, in the order of the file; no rows for a CSV of which nobody names the columns
    and that has none of `LON_LAT`.

    Raises
    ------
    ConfigError
        P201: the file cannot be read, lacks a column, names no CRS or holds other things than points. P202, one
        finding a line: a place is wrong.
    """
    return _from_csv(path, columns) if path.suffix.lower() == ".csv" else _from_vectors(path)


def _from_csv(path: Path, columns: tuple[str, str] | None) -> np.ndarray:
    try:
        with path.open(encoding="utf-8-sig", newline="") as stream:
            reader = csv.DictReader(stream)
            known = [name.strip() for name in reader.fieldnames or ()]
            reader.fieldnames = known
            named = columns or next((pair for pair in LON_LAT if set(pair) <= set(known)), None)
            if named is None:
                return np.empty((0, 2))
            missing = [name for name in named if name not in known]
            if missing:
                raise _unreadable(path, f"there is no column '{missing[0]}', there are {', '.join(known) or 'none'}")
            rows = [(reader.line_num, row[named[0]], row[named[1]]) for row in reader]
    except (OSError, UnicodeDecodeError, csv.Error) as err:
        raise _unreadable(path, f"cannot be read: {err}") from err
    return _checked(path, rows)


def _checked(path: Path, rows: list[tuple[int, str, str]]) -> np.ndarray:
    points, findings = np.empty((len(rows), 2)), []
    for k, (line, lon, lat) in enumerate(rows):
        try:
            points[k] = float(lon), float(lat)
        except (ValueError, TypeError):
            points[k] = np.nan
        if not (-180 <= points[k, 0] <= 180 and -90 <= points[k, 1] <= 90):
            remedy = "write WGS 84 degrees with a decimal point"
            findings.append(Finding("P202", f"{lon}, {lat} is no place on Earth", f"{path}:{line}", remedy))
    if findings:
        raise ConfigError(*findings)
    return points


def _from_vectors(path: Path) -> np.ndarray:
    try:
        frame = geopandas.read_file(path)
    except Exception as err:  # the readers below geopandas raise many unrelated kinds
        raise _unreadable(path, f"cannot be read: {err}") from err
    if frame.crs is None:
        raise _unreadable(path, "names no CRS")
    points = frame.geometry.explode(index_parts=False).to_crs(4326)
    kinds = sorted(set(points.geom_type.dropna()) - {"Point"})
    if kinds:
        raise _unreadable(path, f"holds {', '.join(kinds)}, not points")
    return np.column_stack([points.x, points.y]).astype(float)


def _unreadable(path: Path, message: str) -> ConfigError:
    remedy = "give a CSV with columns for longitude and latitude, or a GeoJSON or GeoPackage of points"
    return ConfigError.because("P201", message, where=str(path), remedy=remedy)
