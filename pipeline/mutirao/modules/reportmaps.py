"""The little maps of a report: read from overviews and cut to where the module claims, never a whole year."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from pyproj import Geod, Transformer

from mutirao.grid import Grid, Tile
from mutirao.io.thumbnails import read_small
from mutirao.io.vectors import read_outlines
from mutirao.modules.report import Report

SEARCH = 256
"""Longer side of the picture in which claims are looked for [pixels]."""
SMALL = 360
"""Longer side of a year's picture, at most [pixels]."""
LARGE = 720
"""Longer side of the newest year's picture, at most [pixels]."""
MARGIN = 0.02
"""Room around the claims, a share of their extent."""
BAR_SHARE = 0.3
"""Of the width of the map, that a scale bar takes at most."""


@dataclass(frozen=True, slots=True)
class ScaleBar:
    """A length on the ground, measured on the ellipsoid along the middle row of the map."""

    pixels: float
    """Of the collection's grid."""
    label: str


@dataclass(frozen=True, slots=True)
class Maps:
    """Pictures of a submission, cut to its extent."""

    window: Tile
    """Pixels of the collection's grid that are seen."""
    years: dict[int, np.ndarray]
    """(y, x) uint8 legend codes by year, made small."""
    newest: np.ndarray
    """(y, x) uint8 legend codes of the last year, larger."""
    changes: np.ndarray
    """(y, x) float64 mean number of changes of a pixel, like a year's picture; NaN where nothing is claimed."""
    outline: tuple[np.ndarray, ...]
    """Rings of the territory: (point, 2) columns and rows from the corner of the window."""
    bar: ScaleBar


def make_maps(report: Report) -> Maps:
    """Read the pictures of a submission.

    Raises
    ------
    RasterError
        M202: a file cannot be decoded.
    ConfigError
        T101, T104: the territory cannot be read.
    """
    stored = report.stored
    files = {file.year: stored.folder / file.name for file in stored.receipt.files if file.year in report.years}
    grid = report.module.collection.grid
    window = extent(grid, (read_small(path, grid.whole, SEARCH) for path in files.values()))
    years = {year: read_small(path, window, SMALL) for year, path in files.items()}
    newest = read_small(files[report.years[-1]], window, LARGE)
    return Maps(
        window, years, newest, _changes(report, window, years), _outline(report, window), scale_bar(grid, window)
    )


def extent(grid: Grid, pictures: Iterable[np.ndarray]) -> Tile:
    """Return the window around what is claimed in any of some pictures of the whole grid; the grid if nothing is."""
    seen = np.array(False)
    for picture in pictures:
        seen = seen | (picture > 0)
    if not seen.any():
        return grid.whole
    sides = [_span(np.flatnonzero(seen.any(axis=1 - axis)), seen.shape[axis], grid.shape[axis]) for axis in (0, 1)]
    return Tile("extent", *sides[0], *sides[1])


def _span(found: np.ndarray, cells: int, pixels: int) -> tuple[int, int]:
    """Return the first pixel and the one after the last, with a margin, of cells along an axis."""
    share = pixels / cells
    first, last = math.floor(found[0] * share), math.ceil((found[-1] + 1) * share)
    margin = math.ceil((last - first) * MARGIN)
    return max(first - margin, 0), min(last + margin, pixels)


def _changes(report: Report, window: Tile, years: dict[int, np.ndarray]) -> np.ndarray:
    """Look each pixel of a small picture up in the cells of the survey."""
    claimed = np.any([picture > 0 for picture in years.values()], axis=0)
    rows, columns = (
        (start + (np.arange(side) + 0.5) * extent / side).astype(int) // report.survey.cell
        for start, side, extent in zip((window.top, window.left), claimed.shape, window.shape, strict=True)
    )
    return np.where(claimed, report.change_cells[np.ix_(rows, columns)], np.nan)


def _outline(report: Report, window: Tile) -> tuple[np.ndarray, ...]:
    path = report.module.territory_file
    if path is None:
        return ()
    tolerance = max(window.shape) / LARGE / 2
    rings = read_outlines(path, report.module.collection.grid, tolerance)
    return tuple(ring - (window.left, window.top) for ring in rings)


def scale_bar(grid: Grid, window: Tile) -> ScaleBar:
    """Return the longest round length (1, 2 or 5 and zeros) that fits into the map."""
    metres = _metres_per_pixel(grid, window)
    most = metres * window.shape[1] * BAR_SHARE
    power = 10.0 ** math.floor(math.log10(most))
    length = max(step * power for step in (1, 2, 5) if step * power <= most)
    label = f"{length / 1000:g} km" if length >= 1000 else f"{length:g} m"
    return ScaleBar(length / metres, label)


def _metres_per_pixel(grid: Grid, window: Tile) -> float:
    middle = (window.top + window.bottom) / 2
    ends = [grid.transform @ (column, middle) for column in (window.left, window.right)]
    to_lonlat = Transformer.from_crs(grid.pyproj_crs, 4326, always_xy=True)
    (west, south), (east, north) = (to_lonlat.transform(*end) for end in ends)
    return float(Geod(ellps="WGS84").inv(west, south, east, north)[2]) / window.shape[1]
