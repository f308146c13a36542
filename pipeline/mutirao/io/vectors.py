"""Polygons: read, bring to the grid's CRS, and burn to pixels. Territories by centre; those of a chain as overlays."""

from __future__ import annotations

import json
import math
import warnings
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import geopandas
import numpy as np
import pandas as pd
from affine import Affine
from rasterio.features import rasterize
from shapely.geometry.base import BaseGeometry

from mutirao.collection import Territories
from mutirao.errors import ConfigError
from mutirao.filters.chain import Chain
from mutirao.filters.overlay import Attribute, Fault, Overlay, PolygonStep
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


def read_overlays(chain: Chain | None, folder: Path, grid: Grid | None) -> dict[str, Overlay]:
    """Read the polygons of the steps of a chain, by `PolygonStep.layer`; mistakes are left to the steps to tell.

    Parameters
    ----------
    folder : where the chain's file lies.
    grid : where they are burnt; without one the overlays have no pixels, and no polygon overlaps another.
    """
    wanted: dict[str, list[PolygonStep]] = defaultdict(list)
    for step, _ in chain.flat() if chain else ():
        if isinstance(step, PolygonStep):
            wanted[step.layer].append(step)
    return {layer: _overlay(folder, steps, grid) for layer, steps in wanted.items()}


def _overlay(folder: Path, steps: Sequence[PolygonStep], grid: Grid | None) -> Overlay:
    """Read the file that steps read in one way; what is wrong with it becomes a fault of the overlay."""
    file, attributes = steps[0].file, dict.fromkeys(name for step in steps for name in step.names().values())
    nothing = np.zeros(grid.shape if grid else (0, 0), np.uint32)
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
    if grid is None:
        return Overlay(nothing, ((), *((number,) for number in range(len(rows)))), columns, rows, faults)
    index, members = burn_overlaps(geometries.to_crs(grid.pyproj_crs), grid, touch=steps[0].touch)
    return Overlay(index, members, columns, rows, faults)


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
        if not _has_area(geometry)
    )


def _shape_words(geometry: BaseGeometry | None) -> str:
    return "has no geometry" if geometry is None or geometry.is_empty else f"is a {geometry.geom_type}"


def _has_area(geometry: BaseGeometry | None) -> bool:
    return geometry is not None and not geometry.is_empty and geometry.geom_type in ("Polygon", "MultiPolygon")


def burn_overlaps(
    geometries: Iterable[BaseGeometry | None], grid: Grid, *, touch: bool
) -> tuple[np.ndarray, tuple[tuple[int, ...], ...]]:
    """Burn polygons that may overlap.

    Parameters
    ----------
    geometries : polygons in the CRS of the grid, numbered from 0; what has no area is passed over.
    touch : burn all pixels that a polygon touches, not only those whose centre it holds.

    Returns
    -------
    index : (y, x) uint32, combination of polygons at each pixel, 0 for none.
    members : the polygons of each combination, in ascending order.
    """
    index = np.zeros(grid.shape, np.uint32)
    members: list[tuple[int, ...]] = [()]
    for batch in _rounds(geometries, grid):
        numbers, shapes, windows = zip(*batch, strict=True)
        rows = slice(min(r.start for r, _ in windows), max(r.stop for r, _ in windows))
        columns = slice(min(c.start for _, c in windows), max(c.stop for _, c in windows))
        burnt = rasterize(
            zip(shapes, range(1, len(shapes) + 1), strict=True),
            out_shape=(rows.stop - rows.start, columns.stop - columns.start),
            transform=grid.transform @ Affine.translation(columns.start, rows.start),
            all_touched=touch,
            dtype="uint32",
        )
        _combine(index[rows, columns], burnt, numbers, members)
    return _packed(index, members)


_Window = tuple[slice, slice]


def _rounds(geometries: Iterable[BaseGeometry | None], grid: Grid) -> Iterable[list[tuple[int, BaseGeometry, _Window]]]:
    """Part polygons into rounds without overlapping bounding boxes, so that a round can be burnt at once.

    A polygon goes to the round after the last of those before it whose boxes it meets: the order of the file is kept
    where polygons overlap.
    """
    depth = np.zeros(grid.shape, np.uint32)
    rounds: dict[int, list[tuple[int, BaseGeometry, _Window]]] = defaultdict(list)
    for number, geometry in enumerate(geometries):
        window = _window(geometry, grid) if geometry is not None and _has_area(geometry) else None
        if geometry is not None and window:
            box = depth[window]
            level = int(box.max())
            box[:] = level + 1
            rounds[level].append((number, geometry, window))
    return [rounds[level] for level in sorted(rounds)]


def _window(geometry: BaseGeometry, grid: Grid) -> _Window | None:
    """Return the pixels that a geometry may touch; None if it lies outside the grid."""
    west, south, east, north = geometry.bounds
    (left, top), (right, bottom) = ~grid.transform @ (west, north), ~grid.transform @ (east, south)
    if not all(map(math.isfinite, (left, top, right, bottom))):  # the CRS of the grid does not reach there
        return None
    rows = slice(max(math.floor(top) - 1, 0), min(math.ceil(bottom) + 1, grid.shape[0]))
    columns = slice(max(math.floor(left) - 1, 0), min(math.ceil(right) + 1, grid.shape[1]))
    return (rows, columns) if rows.start < rows.stop and columns.start < columns.stop else None


def _combine(index: np.ndarray, burnt: np.ndarray, numbers: Sequence[int], members: list[tuple[int, ...]]) -> None:
    """Add the polygons of a round to a window of the index; `burnt` holds 1 + the place in `numbers`."""
    held = burnt > 0
    pairs = index[held].astype(np.uint64) << np.uint64(32) | burnt[held]
    found, inverse = np.unique(pairs, return_inverse=True)
    first = len(members)
    members.extend((*members[pair >> 32], numbers[(pair & 0xFFFFFFFF) - 1]) for pair in found.tolist())
    index[held] = (first + inverse).astype(np.uint32)


def _packed(index: np.ndarray, members: list[tuple[int, ...]]) -> tuple[np.ndarray, tuple[tuple[int, ...], ...]]:
    """Leave out combinations that later polygons took over whole."""
    used = np.zeros(len(members), bool)
    used[0] = True
    used[index.ravel()] = True
    renumbered = np.cumsum(used, dtype=np.uint32) - np.uint32(1)
    return renumbered[index], tuple(held for held, kept in zip(members, used.tolist(), strict=True) if kept)
