"""Shape: small patches of a class that are thin, ragged or specks take the class around them, year by year.

A patch is a connected set of one class, 8 neighbours. It is judged if it has at most `max_pixels` pixels and, if given,
at most `max_ha` hectares; larger ones stay. It is removed if

- its fill, the share of its bounding box that it covers, is below `min_fill`, or
- it is a speck, of at most `speck_pixels` pixels, and `specks` is `remove`, or
- it is no speck, `core` is true, and no pixel of it has all eight neighbours in it.

Each pixel of a removed patch takes the most frequent class within a circle of `radius` pixels around it, in which the
patch's own class and nodata do not count; of equally frequent classes the smallest code. Without any, it stays. All of
it is judged on the map of the year as the step found it, so that the order of the classes does not matter. The
Collection 11's step for class 21 is `max_ha: 1` and the defaults.

The radius is in pixels and not in metres, because a circle in metres is an ellipse of another form in each row of a
geographic grid: 5 pixels are the 150 m of networks on 30 m. Hectares are true areas on the ellipsoid, rounded to a
hundredth of a square metre and summed as integers, so that a sum does not depend on the order of its pixels.

Outside the map is nothing. A patch is known to be too large within as many pixels as a judged one may have:
`max_pixels`, or what the smallest pixel of the grid allows in `max_ha` if that is less. The halo is that or `radius`,
whichever is more.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection
from typing import Literal

import numba
import numpy as np
from pydantic import Field

from mutirao.errors import GridError
from mutirao.filters.floods import Pixel, components, gather, scratch, steps_of
from mutirao.filters.lookup import EVERYTHING, Lookup
from mutirao.filters.step import FREE, MAX_HALO, TITLE, Limits, MapWork, Prepared, Share, Site, Step
from mutirao.legend import NODATA
from mutirao.model import Reference

_DM2_PER_HA = 1_000_000
_NO_LIMIT = 2**62


class Shape(Step):
    """Small patches that are thin, ragged or specks take the most frequent class around them, year by year.

    Each pixel takes that of the circle around itself, of equally frequent ones the smallest code; without any class but
    its own around, it stays.
    """

    filter: Literal["shape"]
    title: str = Field(default="Remove small patches of odd shape", description=TITLE)
    classes: tuple[Reference, ...] = Field(min_length=1, description="Classes whose patches are judged.")
    max_pixels: int = Field(default=128, ge=1, le=MAX_HALO, description="Largest patch that is judged, in pixels.")
    max_ha: float | None = Field(default=None, gt=0, description="Largest patch that is judged, in hectares.")
    min_fill: Share = Field(default=0.65, description="Smallest share of its bounding box that a patch must cover.")
    core: bool = Field(default=True, description="Whether a patch must hold a square of 3 x 3 pixels.")
    speck_pixels: int = Field(default=3, ge=0, le=MAX_HALO, description="Largest patch that is a speck, in pixels.")
    specks: Literal["remove", "keep"] = Field(
        default="remove", description="Whether specks go; those that stay need the fill, but no core."
    )
    radius: int = Field(default=5, ge=1, le=64, description="Radius of the circle that is looked at, in pixels.")

    def prepare(self, look: Lookup) -> Prepared:
        """Look up classes, and how many pixels a judged patch may have."""
        codes = sorted(set(look.codes(self.classes, "classes")))
        most = self._most_pixels(look)
        max_dm2 = _NO_LIMIT if self.max_ha is None else round(self.max_ha * _DM2_PER_HA)
        form = (self.min_fill, self.core, self.speck_pixels, self.specks == "remove")
        options = (self.max_pixels, max_dm2, form, self.radius)
        judged = np.isin(np.arange(256), codes)
        return lambda: MapWork(
            (self.filter, codes, *options),
            lambda block, site: remove_odd_shapes(block, site, judged, *options),
            max(most, self.radius),
        )

    def classes_written(self, look: Lookup) -> frozenset[int]:
        """Return all classes: what is around a patch."""
        del look
        return EVERYTHING - {NODATA}

    def _most_pixels(self, look: Lookup) -> int:
        """Return the most pixels that a judged patch may have; an area below a pixel is the finding F124."""
        sizes = look.surroundings.pixel_ha
        if self.max_ha is None or sizes is None:
            return self.max_pixels
        most = round(self.max_ha * _DM2_PER_HA) // round(sizes[0] * _DM2_PER_HA)
        if most == 0:
            message = f"{self.max_ha} ha is less than the smallest pixel, {sizes[0]:.4f} ha: no patch is judged"
            look.complain("F124", message, "give the area of at least one pixel", "max_ha")
        return min(self.max_pixels, most)


def areas_dm2(site: Site) -> np.ndarray:
    """Return the area of each pixel as (y, x) int64 [dm2].

    Raises
    ------
    GridError
        F125: a step with a limit in hectares runs where the size of pixels is not known.
    """
    if np.isnan(site.pixel_ha).any():
        message = "a limit in hectares needs the size of pixels, which is not known"
        raise GridError.because("F125", message, where="filter 'shape'", remedy="give the limit in pixels")
    dm2: np.ndarray = np.rint(site.pixel_ha * _DM2_PER_HA)
    return dm2.astype(np.int64)


def circle(radius: int) -> np.ndarray:
    """Return (pixel, 2) int64: rows and columns from the centre to the pixels of a circle, the centre included."""
    places = np.arange(-radius, radius + 1)
    rows, columns = np.meshgrid(places, places, indexing="ij")
    inside: np.ndarray = np.argwhere(rows**2 + columns**2 <= radius**2)
    return inside - radius


def reference(
    classes: np.ndarray,
    judged: Collection[int],
    max_pixels: int,
    max_dm2: int,
    form: tuple[float, bool, int, bool],
    radius: int,
    *,
    area_dm2: np.ndarray | None = None,
    limits: Limits = FREE,
    scope: np.ndarray | None = None,
    t: int = 0,
) -> np.ndarray:
    """Remove odd shapes of one (y, x) map, that of year t, in plain Python; for `form` see `remove_odd_shapes`."""
    result = classes.copy()
    for patch in components(np.where(np.isin(classes, list(judged)), classes, 0), 8):
        small = area_dm2 is None or sum(int(area_dm2[pixel]) for pixel in patch) <= max_dm2
        if len(patch) <= max_pixels and small and is_odd(patch, *form):
            for y, x in patch:
                around = [(y + dy, x + dx) for dy, dx in circle(radius).tolist()]
                inside = [q for q in around if 0 <= q[0] < classes.shape[0] and 0 <= q[1] < classes.shape[1]]
                counts = Counter(int(classes[q]) for q in inside if classes[q] not in (0, classes[y, x]))
                if counts and limits.allow(t, int(classes[y, x])) and (scope is None or scope[y, x]):
                    result[y, x] = min(counts, key=lambda code: (-counts[code], code))
    return result


def is_odd(patch: list[Pixel], min_fill: float, core: bool, speck_pixels: int, remove_specks: bool) -> bool:
    """Return whether a patch is thin, ragged or a speck, in plain Python."""
    rows, columns = zip(*patch, strict=True)
    box = (max(rows) - min(rows) + 1) * (max(columns) - min(columns) + 1)
    if len(patch) / box < min_fill:
        return True
    if len(patch) <= speck_pixels:
        return remove_specks
    held = set(patch)
    square = [(dy, dx) for dy in (-1, 0, 1) for dx in (-1, 0, 1)]
    return core and not any(all((y + dy, x + dx) in held for dy, dx in square) for y, x in patch)


def remove_odd_shapes(
    maps: np.ndarray,
    site: Site,
    judged: np.ndarray,
    max_pixels: int,
    max_dm2: int,
    form: tuple[float, bool, int, bool],
    radius: int,
) -> None:
    """Remove odd shapes of each year in place.

    Parameters
    ----------
    maps : (year, y, x) uint8, class codes, 0 is nodata; changed in place.
    judged : (256,) bool, classes whose patches are judged.
    max_pixels, max_dm2 : largest patch that is judged, in pixels and in area [dm2].
    form : smallest fill, whether a core is needed, largest speck [pixels], whether specks are removed.
    radius : of the circle around a pixel whose classes are counted [pixels].
    """
    seen, queue = scratch(maps.shape[1:])
    found = np.empty(seen.shape, np.uint8)
    areas = np.zeros(seen.shape, np.int64) if max_dm2 == _NO_LIMIT else areas_dm2(site)
    writes = ~site.protected & judged
    steps, around = steps_of(8), circle(radius)
    for t in np.flatnonzero(site.writable):
        np.copyto(found, maps[t])
        np.logical_not(writes[found], out=seen)
        _remove(maps[t], found, areas, seen, queue, steps, around, (max_pixels, max_dm2), form, site.scope)


@numba.njit(nogil=True, cache=True)
def _remove(now, found, areas, seen, queue, steps, around, most, form, scope):  # type: ignore[no-untyped-def]
    """Rewrite the pixels of odd patches, among those not seen yet."""
    counts = np.empty(256, np.int64)
    for y in range(found.shape[0]):
        for x in range(found.shape[1]):
            if seen[y, x]:
                continue
            size = gather(found, seen, queue, y, x, steps)
            if size > most[0] or _area(areas, queue, size) > most[1] or not _is_odd(found, queue, size, form):
                continue
            for i in range(size):
                code = _mode_around(found, queue[i, 0], queue[i, 1], around, counts)
                if code > 0 and scope[queue[i, 0], queue[i, 1]]:
                    now[queue[i, 0], queue[i, 1]] = code


@numba.njit(nogil=True, cache=True)
def _area(areas, queue, size):  # type: ignore[no-untyped-def]
    """Return the area of the patch in the queue."""
    total = 0
    for i in range(size):
        total += areas[queue[i, 0], queue[i, 1]]
    return total


@numba.njit(nogil=True, cache=True)
def _is_odd(found, queue, size, form):  # type: ignore[no-untyped-def]
    """Return whether the patch in the queue is thin, ragged or a speck: `is_odd`."""
    min_fill, core, speck_pixels, remove_specks = form
    rows, columns = queue[:size, 0], queue[:size, 1]
    box = (rows.max() - rows.min() + 1) * (columns.max() - columns.min() + 1)
    if size / box < min_fill:
        return True
    if size <= speck_pixels:
        return remove_specks
    for i in range(size if core else 0):
        if _is_core(found, rows[i], columns[i]):
            return False
    return core


@numba.njit(nogil=True, cache=True)
def _is_core(found, y, x):  # type: ignore[no-untyped-def]
    """Return whether the square of 3 x 3 pixels around a pixel is of its class."""
    if not (0 < y < found.shape[0] - 1 and 0 < x < found.shape[1] - 1):
        return False
    for dy in range(-1, 2):
        for dx in range(-1, 2):
            if found[y + dy, x + dx] != found[y, x]:
                return False
    return True


@numba.njit(nogil=True, cache=True)
def _mode_around(found, y, x, around, counts):  # type: ignore[no-untyped-def]
    """Return the most frequent class around a pixel but its own, the smallest of equals; 0 if there is none."""
    counts[:] = 0
    for i in range(len(around)):
        near_y, near_x = y + around[i, 0], x + around[i, 1]
        if 0 <= near_y < found.shape[0] and 0 <= near_x < found.shape[1]:
            counts[found[near_y, near_x]] += 1
    counts[0] = counts[found[y, x]] = 0
    mode = np.argmax(counts)
    return mode if counts[mode] > 0 else 0
