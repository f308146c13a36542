"""Clear-cuts and young openings from year-to-year drops of greenness; the method is told in README.md."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy import ndimage

from mutirao.grid import Tile
from mutirao.imagery.composites import FeatureSpec, Season
from mutirao.modules.by_python import Context

DATASET = "sentinel2-banat-10m"
FRESH, YOUNG = 1, 2
EIGHT = np.ones((3, 3), dtype=bool)
RING_PX = 2
"""Width of the ring around an opening in which forest is looked for."""


@dataclass(frozen=True)
class Summer:
    """One growing season of a window."""

    greenness: np.ndarray
    """(y, x) upper NDVI minus the year's normal for dense vegetation, 0 for closed forest; NaN with few dates."""
    red: np.ndarray
    """(y, x) median red reflectance."""


def classify(tile: Tile, year: int, context: Context) -> np.ndarray:
    """Return (y, x) uint8: 1 fresh clear-cut, 2 young opening, 0 no claim.

    A fresh clear-cut was opened this year, or last year and has not greened since. A young opening was opened earlier
    and vegetation is returning.
    """
    # Openings are judged whole, so the window must hold any opening that reaches into the tile, and its ring.
    window = context.grid.window_around(tile, int(context.parameters["max_pixels"]) + RING_PX)
    first = int(context.parameters["first_year"])
    summers = {y: summer(y, window, context) for y in range(first - 1, year + 1)}
    codes = np.zeros(window.shape, dtype=np.uint8)
    for opened_in in range(first, year + 1):
        opened = openings(summers[opened_in - 1], summers[opened_in], codes > 0, context)
        codes[opened] = FRESH if opened_in == year else YOUNG
        if opened_in == year - 1:
            codes[opened & (summers[year].greenness < context.parameters["open_below"])] = FRESH
    return codes[tile.within(window)]


def summer(year: int, window: Tile, context: Context) -> Summer:
    """Read a growing season.

    The upper quartile of NDVI is taken, since thin cloud that the mask missed only ever lowers it. The normal is that
    of the whole map, so that it does not depend on the tile.
    """
    parameters = context.parameters
    season = Season(first=str(parameters["season_first"]), last=str(parameters["season_last"]))
    spec = FeatureSpec(season=season, layers=("ndvi", "red"), reducers=("p50", "p75"), count=True)
    _, ndvi, red, _, dates = context.features(DATASET, spec, year).values
    ndvi = np.where(dates >= parameters["min_dates"], ndvi, np.nan)
    dense = ndvi[ndvi > parameters["dense_ndvi"]]
    normal = np.median(dense) if dense.size else np.nan
    return Summer((ndvi - normal)[window.slices], red[window.slices])


def openings(before: Summer, now: Summer, known: np.ndarray, context: Context) -> np.ndarray:
    """Return a (y, x) bool array of what was forest last year and is open this year.

    Parameters
    ----------
    known : (y, x) bool, openings of earlier years; they are not opened again, and count as forest around others.
    """
    parameters = context.parameters
    drop = before.greenness - now.greenness
    was_forest = before.greenness > parameters["forest_above"]
    candidate = was_forest & (now.greenness < parameters["open_below"]) & (drop > parameters["min_drop"]) & ~known
    bare = candidate & (now.red - before.red > parameters["min_red_rise"])
    woods = was_forest | known
    patches, count = ndimage.label(candidate, EIGHT)
    kept = [number for number in range(1, count + 1) if is_opening(patches == number, bare, woods, context)]
    return np.isin(patches, kept)


def is_opening(patch: np.ndarray, bare: np.ndarray, woods: np.ndarray, context: Context) -> bool:
    """Judge a whole patch: not too small or large, soil somewhere in it, and forest around it.

    Thin cloud lowers greenness but leaves red as it was; the widened edge of a road has forest on one side only.
    """
    parameters = context.parameters
    if not parameters["min_pixels"] <= patch.sum() <= parameters["max_pixels"] or not bare[patch].any():
        return False
    ring = ndimage.binary_dilation(patch, EIGHT, iterations=RING_PX) & ~patch
    return bool(woods[ring].mean() >= parameters["min_forest_around"])
