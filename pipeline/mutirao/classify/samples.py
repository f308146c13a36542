"""Training pixels: from a layer or from dated points, and never from the block kept aside."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import date

import numpy as np
from pyproj import Transformer

from mutirao.errors import ConfigError
from mutirao.grid import Grid
from mutirao.imagery.composites import Season

Features = Callable[[int], np.ndarray]
"""Features of a year: (feature, y, x) float32."""


@dataclass(frozen=True)
class Places:
    """Labelled pixels of the grid; one pixel may be there in several years."""

    rows: np.ndarray
    columns: np.ndarray
    years: np.ndarray
    codes: np.ndarray
    """(n,) integers each: row, column, year and class code."""

    def __len__(self) -> int:
        return len(self.codes)

    def where(self, chosen: np.ndarray) -> Places:
        """Return those that a (n,) bool array chooses."""
        return Places(self.rows[chosen], self.columns[chosen], self.years[chosen], self.codes[chosen])

    def counts(self) -> dict[int, int]:
        """Return the number of pixels by class code."""
        return {int(code): count for code, count in sorted(Counter(self.codes.tolist()).items())}


@dataclass(frozen=True)
class TrainingSet:
    """What a classifier learns from."""

    features: np.ndarray
    """(n, feature) float32 without NaN."""
    places: Places


@dataclass(frozen=True, slots=True)
class Point:
    """A labelled place with the days between which the label is valid, both included."""

    lon: float
    lat: float
    code: int
    valid_from: date
    valid_to: date


def places_from_layer(layer: np.ndarray, ranges: Mapping[int, tuple[float, float]], year: int) -> Places:
    """Take every pixel whose value lies in the closed range of a class.

    Parameters
    ----------
    layer : (y, x) float, NaN is missing.
    """
    codes = np.zeros(layer.shape, dtype=np.uint8)
    for code, (low, high) in ranges.items():
        codes[(layer >= low) & (layer <= high)] = code
    rows, columns = np.nonzero(codes)
    return Places(rows, columns, np.full(rows.shape, year), codes[rows, columns])


def places_from_points(points: Iterable[Point], grid: Grid, season: Season) -> Places:
    """Put dated points on the grid; points outside it are left out.

    A point counts in every year whose whole season lies within its validity: a label from 2011-09-01 to 2012-09-01
    and a season from 09-01 to 08-31 make one sample, of the agricultural year 2012.
    """
    listed = list(points)
    to_grid = Transformer.from_crs(4326, grid.pyproj_crs, always_xy=True)
    x, y = to_grid.transform([point.lon for point in listed], [point.lat for point in listed])
    columns, rows = (np.floor(axis) for axis in ~grid.transform @ (np.asarray(x, float), np.asarray(y, float)))
    inside = (rows >= 0) & (rows < grid.shape[0]) & (columns >= 0) & (columns < grid.shape[1])
    table = [
        (int(rows[i]), int(columns[i]), year, listed[i].code)
        for i in np.flatnonzero(inside)
        for year in _valid_years(listed[i], season)
    ]
    return Places(*np.array(table, dtype=np.int64).reshape(-1, 4).T)


def _valid_years(point: Point, season: Season) -> list[int]:
    seasons = {year: season.bounds(year) for year in range(point.valid_from.year, point.valid_to.year + 1)}
    return [year for year, (first, last) in seasons.items() if point.valid_from <= first and last <= point.valid_to]


def block_mask(grid: Grid, block: tuple[float, float, float, float]) -> np.ndarray:
    """Return a (y, x) bool array, true at pixels whose centre lies in (west, south, east, north) of the CRS."""
    west, south, east, north = block
    x = grid.origin[0] + (np.arange(grid.shape[1]) + 0.5) * grid.resolution
    y = grid.origin[1] - (np.arange(grid.shape[0]) + 0.5) * grid.resolution
    return ((y >= south) & (y <= north))[:, None] & ((x >= west) & (x <= east))[None, :]


def widen(mask: np.ndarray, pixels: int) -> np.ndarray:
    """Return a (y, x) bool mask grown by a square of `pixels` on every side."""
    padded = np.pad(mask, pixels)
    windows = np.lib.stride_tricks.sliding_window_view(padded, (2 * pixels + 1, 2 * pixels + 1))
    return np.asarray(windows.any(axis=(2, 3)))


def keep_aside(places: Places, block: np.ndarray, buffer_px: int) -> tuple[Places, Places]:
    """Split into places that may train, and places inside the block; those in the buffer are neither."""
    inside = block[places.rows, places.columns]
    near = widen(block, buffer_px)[places.rows, places.columns]
    return places.where(~near), places.where(inside)


def training_set(places: Places, features: Features, codes: Iterable[int]) -> TrainingSet:
    """Look up the features of each place in its year; places with a missing feature are left out.

    Raises
    ------
    ConfigError
        P203: a class is left without samples, or there is one class only.
    """
    table = _look_up(places, {year: features(year) for year in np.unique(places.years).tolist()})
    complete = np.isfinite(table).all(axis=1)
    chosen = places.where(complete)
    _require_classes(chosen, codes)
    return TrainingSet(table[complete], chosen)


def _look_up(places: Places, features: Mapping[int, np.ndarray]) -> np.ndarray:
    """Return (n, feature) float32, one row a place."""
    width = len(next(iter(features.values()), ()))
    table = np.full((len(places), width), np.nan, dtype=np.float32)
    for year, cube in features.items():
        chosen = places.years == year
        table[chosen] = cube[:, places.rows[chosen], places.columns[chosen]].T
    return table


def _require_classes(places: Places, codes: Iterable[int]) -> None:
    counts = places.counts()
    empty = [code for code in codes if code not in counts]
    if empty or len(counts) < 2:
        found = ", ".join(f"{code}: {count}" for code, count in counts.items()) or "none"
        raise ConfigError.because(
            "P203",
            f"no training pixels of the classes {empty}; samples by class: {found}",
            where="samples",
            remedy="widen the ranges, add points, or move the block kept aside; check the years and the clear dates",
        )
