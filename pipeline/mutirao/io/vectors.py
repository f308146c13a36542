"""Polygons: read, bring to the grid's CRS, have them burnt. Territories by centre; those of a chain as overlays."""

from __future__ import annotations

import json
import warnings
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import geopandas
import numpy as np
import pandas as pd
from shapely.geometry.base import BaseGeometry

from mutirao.collection import Territories
from mutirao.errors import ConfigError
from mutirao.filters.chain import Chain
from mutirao.filters.overlay import Attribute, Fault, Overlay, PolygonStep
from mutirao.grid import Grid, Pixels
from mutirao.io.burning import Canvas, Outlines, has_area


@dataclass(frozen=True, slots=True)
class Zones:
    """One set of territories on the grid."""

    level: str
    ids: tuple[str, ...]
    names: tuple[str, ...]
    codes: Pixels
    """(y, x) uint16: 1 + position in `ids`, 0 outside."""
    digest: str
    """`io.rasters.pixel_digest` of the codes."""


def read_zones(path: Path, territories: Territories, canvas: Canvas) -> Zones:
    """Read polygons and burn them by pixel centre.

    Raises
    ------
    ConfigError
        As `read_territories`.
    """
    frame = read_territories(path, territories, canvas.grid)
    burnt = canvas.burn(frame.geometry)
    return Zones(territories.level, tuple(frame["id"]), tuple(frame["name"]), burnt.codes, burnt.digest)


def read_territories(path: Path, territories: Territories, grid: Grid) -> geopandas.GeoDataFrame:
    """Read polygons and leave them unburnt: columns level, id, name, geometry, in the CRS of the grid.

    Raises
    ------
    ConfigError
        T101 the file cannot be read; T102 a column is missing; T103 an identifier is used twice; T104 no CRS.
    """
    frame = _read(path)
    _check(frame, territories, path)
    frame = frame.to_crs(grid.pyproj_crs)
    ids, names = ([str(value) for value in frame[column]] for column in (territories.key, territories.name))
    columns = {"level": territories.level, "id": ids, "name": names}
    return geopandas.GeoDataFrame(columns, geometry=frame.geometry.to_list(), crs=frame.crs)


def _read(path: Path) -> geopandas.GeoDataFrame:
    try:
        with warnings.catch_warnings():
            # An attribute that holds lists in some rows and text in others is text; who reads the value says so.
            warnings.filterwarnings("ignore", "Could not parse column", UserWarning)
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
    _require_crs(frame, path)


def _require_crs(frame: geopandas.GeoDataFrame, path: Path) -> None:
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
    _require_crs(frame, path)
    return Outlines(frame.to_crs(grid.pyproj_crs).geometry, grid).burn(grid.whole) > 0


def read_outlines(path: Path, grid: Grid, tolerance: float) -> tuple[np.ndarray, ...]:
    """Return the rings of all polygons of a file, each (point, 2) float64: columns and rows of the grid, not cut at it.

    Parameters
    ----------
    tolerance : how far a simplified line may lie from the true one [pixels].

    Raises
    ------
    ConfigError
        T101 the file cannot be read; T104 no CRS.
    """
    frame = _read(path)
    _require_crs(frame, path)
    shapes = frame.to_crs(grid.pyproj_crs).geometry.simplify(tolerance * grid.resolution).explode()
    lines = [line for shape in shapes if shape.geom_type == "Polygon" for line in (shape.exterior, *shape.interiors)]
    west, north = grid.origin
    corners = [np.array(line.coords)[:, :2] for line in lines if not line.is_empty]
    return tuple((points - (west, north)) / (grid.resolution, -grid.resolution) for points in corners)


def read_overlays(chain: Chain | None, folder: Path, canvas: Canvas | None) -> dict[str, Overlay]:
    """Read the polygons of the steps of a chain, by `PolygonStep.layer`; mistakes are left to the steps to tell.

    Parameters
    ----------
    folder : where the chain's file lies.
    canvas : where they are burnt; without one the overlays have no pixels, and no polygon overlaps another.
    """
    wanted: dict[str, list[PolygonStep]] = defaultdict(list)
    for step, _ in chain.flat() if chain else ():
        if isinstance(step, PolygonStep):
            wanted[step.layer].append(step)
    return {layer: _overlay(folder, steps, canvas) for layer, steps in wanted.items()}


def _overlay(folder: Path, steps: Sequence[PolygonStep], canvas: Canvas | None) -> Overlay:
    """Read the file that steps read in one way; what is wrong with it becomes a fault of the overlay."""
    file, attributes = steps[0].file, dict.fromkeys(name for step in steps for name in step.names().values())
    nothing = np.broadcast_to(np.uint32(0), canvas.grid.shape if canvas else (0, 0))
    try:
        frame = _read(folder / file)
    except ConfigError as err:
        fault = Fault("F130", f"'{file}' {err.findings[0].message}", err.findings[0].remedy)
        return Overlay(nothing, ((),), (), (), (fault,))
    columns = tuple(str(name) for name in frame.columns if name != "geometry")
    rows = _rows(frame[[name for name in columns if name in attributes]])
    geometries = getattr(frame, "geometry", None)
    crs = getattr(frame, "crs", None)
    faults = _shapeless(file, [None] * len(rows) if geometries is None else geometries)
    if geometries is None or crs is None:
        faults = (Fault("F131", f"'{file}' names no CRS", "store the CRS in the file"), *faults)
        return Overlay(nothing, ((),), columns, rows, faults)
    if canvas is None:
        return Overlay(nothing, ((), *((number,) for number in range(len(rows)))), columns, rows, faults)
    burnt = canvas.burn_overlaps(geometries.to_crs(canvas.grid.pyproj_crs), touch=steps[0].touch)
    return Overlay(burnt.codes, burnt.members, columns, rows, faults)


def _rows(frame: pd.DataFrame) -> tuple[dict[str, Attribute], ...]:
    return tuple({str(name): _plain(value) for name, value in row.items()} for row in frame.to_dict("records"))


def _plain(value: Any) -> Attribute:
    """Return a value of a vector file as plain data; dates as ISO text, lists as tuples, empty as None."""
    if isinstance(value, np.ndarray | list | tuple):
        return tuple(item for item in map(_plain, value) if isinstance(item, int | float | str))
    if isinstance(value, str) and value.startswith("["):
        return _listed(value)
    if value is None or pd.isna(value):
        return None
    if isinstance(value, np.generic):
        value = value.item()
    return value if isinstance(value, int | float | str) else str(value.isoformat())


def _listed(text: str) -> Attribute:
    """Return a list that a format without lists stores as JSON."""
    try:
        return _plain(json.loads(text))
    except ValueError:
        return text


def _shapeless(file: str, geometries: Iterable[BaseGeometry | None]) -> tuple[Fault, ...]:
    return tuple(
        Fault("F132", f"polygon {number} of '{file}' {_shape_words(geometry)}", "draw a polygon, or delete the row")
        for number, geometry in enumerate(geometries, start=1)
        if not has_area(geometry)
    )


def _shape_words(geometry: BaseGeometry | None) -> str:
    return "has no geometry" if geometry is None or geometry.is_empty else f"is a {geometry.geom_type}"
