"""M115: do training points keep away from the points that judge the map?"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import shapely
from pyproj import Geod

from mutirao.errors import Finding, GridError, Place
from mutirao.grid import Grid
from mutirao.modules.checks.base import Check
from mutirao.modules.checks.places import MOST, place_of
from mutirao.modules.module import Module

_GEOD = Geod(ellps="WGS84")
_DEGREE_M = 110_500.0
"""A degree of a meridian is nowhere shorter, one of the equator longer: boxes made with it are large enough."""
_SHOWN = 3


@dataclass(frozen=True, slots=True)
class Reference:
    """Points kept for accuracy."""

    points: np.ndarray
    """(n, 2) float64, WGS 84 longitude and latitude."""
    min_distance_m: float


class TrainingKeepsAway(Check):
    """Training points keep their distance from the reference points of the collection."""

    code = "M115"
    remedy = "take these points out of the training; accuracy that is measured near them would flatter the map"

    def check(
        self, module: Module, training: Mapping[Path, np.ndarray], reference: Reference | None
    ) -> Iterator[Finding]:
        """Measure along the ellipsoid from each training point to the nearest reference point."""
        if reference is None:
            return
        for path, points in training.items():
            distances = nearest_m(points, reference.points, reference.min_distance_m)
            near = np.flatnonzero(distances < reference.min_distance_m)
            if len(near):
                worst = near[np.argsort(distances[near], kind="stable")]
                shown = ", ".join(f"point {k + 1} at {distances[k]:.0f} m" for k in worst[:_SHOWN].tolist())
                message = (
                    f"{len(near)} of {len(points)} training points lie nearer than {reference.min_distance_m:g} m "
                )
                places = _places(points[worst], module.collection.grid)
                yield self.found(f"{message}to a reference point: {shown}", str(path), places=list(places)[:MOST])


def _places(points: np.ndarray, grid: Grid) -> Iterator[Place]:
    for lon, lat in points.tolist():
        try:
            row, column = grid.index(lon, lat)
        except GridError:
            continue  # a point beyond the map has no pixel
        yield place_of(grid, (row, row + 1), (column, column + 1))


def nearest_m(points: np.ndarray, others: np.ndarray, within_m: float) -> np.ndarray:
    """Return the distance from each point to the nearest of others on the WGS 84 ellipsoid; what is farther is inf.

    Parameters
    ----------
    points, others : (n, 2) and (m, 2) float64, longitude and latitude.
    within_m : distance up to which is looked.
    """
    nearest = np.full(len(points), np.inf)
    if not len(points) or not len(others):
        return nearest
    # the map has no edge at the antimeridian: every other point is there three times
    copies = np.tile(others, (3, 1))
    copies[:, 0] += np.repeat([0, 360, -360], len(others))
    tree = shapely.STRtree(np.asarray(shapely.points(copies)))
    near, found = tree.query(_boxes(points, within_m))
    _, _, metres = _GEOD.inv(*points[near].T, *others[found % len(others)].T)
    np.minimum.at(nearest, near, metres)
    return np.where(nearest <= within_m, nearest, np.inf)


def _boxes(points: np.ndarray, within_m: float) -> np.ndarray:
    """Return boxes that hold all that is near enough, (n,) geometries."""
    lon, lat = points.T
    high = within_m / _DEGREE_M
    edge = np.minimum(np.abs(lat) + high, 90)
    wide = np.minimum(high / np.maximum(np.cos(np.radians(edge)), 1e-12), 180)
    corners = np.stack([lon - wide, lat - high, lon + wide, lat + high])
    return np.array([shapely.box(*corner) for corner in corners.T.tolist()])


SAMPLES = (TrainingKeepsAway,)
