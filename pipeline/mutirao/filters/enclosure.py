"""Enclosure: patches of a class that touch other classes, or that these enclose, become one class, year by year.

The classes of `by` spread into `classes`: a pixel of `classes` beside a pixel of `by` is reached in one step, its
neighbours of `classes` in two, and so on, up to `max_distance` steps. `connectivity` says which neighbours count, both
beside `by` and inside.

- `mode: touching`: pixels that are reached become the new class.
- `mode: enclosed`: only those that nothing else reaches in the same way; every other class, nodata and the edge of the
  map are something else.

With `every`, each class of `by` must reach a pixel; else one is enough. Several `classes` are one medium, through which
it spreads. All is judged on the map of the year as the step found it: what may not be written is spread through all the
same. There are no ties.

A patch no wider than `max_distance` pixels, measured inside it, becomes the new class as a whole or not at all; of a
larger one, the part within reach. Without a cap, a pixel could hang on another at any distance, and no halo would make
the result independent of the tiling; with it, the halo is `max_distance`. Networks cap the spread at 5 km, 167 pixels
of 30 m, as the crow walks with diagonals longer than edges; here a diagonal is one step.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Literal

import numba
import numpy as np
from pydantic import Field

from mutirao.filters.floods import Pixel, near, scratch, steps_of
from mutirao.filters.lookup import Lookup
from mutirao.filters.step import FREE, MAX_HALO, TITLE, Limits, MapWork, Prepared, Site, Step, table_of
from mutirao.model import Reference


class Enclosure(Step):
    """Patches that touch other classes, or that these enclose, become one class, year by year.

    `by` spreads into `classes` up to `max_distance` steps, and so does, with `enclosed`, all that forbids it: other
    classes, nodata, the edge of the map. Without the cap, a pixel could hang on another at any distance, and the result
    on the tiling.
    """

    filter: Literal["enclosure"]
    title: str = Field(default="Join patches to what is around them", description=TITLE)
    classes: tuple[Reference, ...] = Field(min_length=1, description="Classes of the patches.")
    by: tuple[Reference, ...] = Field(min_length=1, description="Classes that touch or enclose them.")
    becomes: Reference | None = Field(default=None, description="What the patches become; default: the class of `by`.")
    mode: Literal["touching", "enclosed"] = Field(
        default="touching", description="Whether a patch may border on other classes, too."
    )
    every: bool = Field(default=False, description="Whether all classes of `by` must reach a pixel, and not just one.")
    max_distance: int = Field(
        ge=1, le=MAX_HALO, description="Steps that `by` reaches into a patch, in pixels; the cap bounds the halo."
    )
    connectivity: Literal[4, 8] = Field(default=8, description="Neighbours that touch, and that make a step.")

    def prepare(self, look: Lookup) -> Prepared:
        """Look up classes."""
        classes, by = set(look.codes(self.classes, "classes")), sorted(set(look.codes(self.by, "by")))
        becomes = self._becomes(look, by)
        if both := sorted(classes.intersection(by)):
            message = f"{', '.join(map(str, both))} would enclose itself"
            look.complain("F123", message, "name it in 'classes' or in 'by'", "by")
        sets = [[code] for code in by] if self.every else [by]
        enclosed, reach = self.mode == "enclosed", (self.max_distance, self.connectivity)
        tables = (table_of(frozenset(classes)), np.array([table_of(codes) for codes in sets]))
        return lambda: MapWork(
            (self.filter, sorted(classes), sets, becomes, enclosed, *reach),
            lambda block, site: join_patches(block, site, *tables, becomes, enclosed, *reach),
            self.max_distance,
        )

    def classes_written(self, look: Lookup) -> frozenset[int]:
        """Return the class that patches become."""
        return frozenset({self._becomes(look, sorted(set(look.codes(self.by, "by"))))})

    def _becomes(self, look: Lookup, by: list[int]) -> int:
        if self.becomes is not None:
            return look.single(self.becomes, "becomes")
        if len(by) > 1:
            message = f"'by' has {len(by)} classes, so that it does not say what the patches become"
            look.complain("F122", message, "add 'becomes' with a class", "becomes")
        return by[0] if by else 0


def reference(
    classes: np.ndarray,
    medium: Collection[int],
    sets: Sequence[Collection[int]],
    becomes: int,
    enclosed: bool,
    max_distance: int,
    connectivity: int,
    *,
    limits: Limits = FREE,
    scope: np.ndarray | None = None,
    t: int = 0,
) -> np.ndarray:
    """Join the patches of one (y, x) map, that of year t, in plain Python; all `sets` of classes must reach a pixel."""
    inside = {(int(y), int(x)) for y, x in np.argwhere(np.isin(classes, list(medium)))}
    others = set(range(256)).difference(medium, *sets)
    beside = {pixel: [int(classes[q]) for q in near(pixel, classes.shape, connectivity)] for pixel in inside}
    at_edge = {pixel for pixel in inside if len(beside[pixel]) < connectivity}

    def reach(sources: Collection[int], seeds: set[Pixel]) -> set[Pixel]:
        reached = fresh = seeds | {pixel for pixel in inside if any(code in sources for code in beside[pixel])}
        for _ in range(max_distance - 1):
            fresh = {q for pixel in fresh for q in near(pixel, classes.shape, connectivity)} & inside - reached
            reached = reached | fresh
        return reached

    chosen = set.intersection(*(reach(sources, set()) for sources in sets))
    result = classes.copy()
    for pixel in chosen - reach(others, at_edge) if enclosed else chosen:
        if limits.allow(t, int(classes[pixel])) and (scope is None or scope[pixel]):
            result[pixel] = becomes
    return result


def join_patches(
    maps: np.ndarray,
    site: Site,
    medium: np.ndarray,
    sets: np.ndarray,
    becomes: int,
    enclosed: bool,
    max_distance: int,
    connectivity: int,
) -> None:
    """Join patches to what touches or encloses them, in place.

    Parameters
    ----------
    maps : (year, y, x) uint8, class codes, 0 is nodata; changed in place.
    medium : (256,) bool, classes of the patches.
    sets : (set, 256) bool, classes that must reach a pixel: one of each set.
    becomes : class that the pixels take.
    enclosed : whether pixels that another class, nodata or the edge of the map reaches stay.
    max_distance : steps that classes reach [pixels].
    connectivity : 4 or 8 neighbours touch, and make a step.
    """
    reached, queue = scratch(maps.shape[1:])
    chosen = np.empty_like(reached)
    others = ~(medium | sets.any(axis=0))
    steps = steps_of(connectivity)
    for t in np.flatnonzero(site.writable):
        np.logical_and((medium & ~site.protected)[maps[t]], site.scope, out=chosen)
        if not chosen.any():
            continue
        for sources in sets:
            _spread(maps[t], medium, sources, False, max_distance, steps, reached, queue)
            np.logical_and(chosen, reached, out=chosen)
        if enclosed:
            _spread(maps[t], medium, others, True, max_distance, steps, reached, queue)
            np.greater(chosen, reached, out=chosen)
        maps[t][chosen] = becomes


@numba.njit(nogil=True, cache=True)
def _spread(classes, medium, sources, edge, max_distance, steps, reached, queue):  # type: ignore[no-untyped-def]
    """Write into `reached` the pixels of the medium within `max_distance` steps of a source.

    With `edge`, what lies outside the map is a source, too.
    """
    size = _seed(classes, medium, sources, edge, steps, reached, queue)
    head, end = 0, size
    for _ in range(max_distance - 1):
        while head < end:
            for i in range(len(steps)):
                y, x = queue[head, 0] + steps[i, 0], queue[head, 1] + steps[i, 1]
                if not (0 <= y < classes.shape[0] and 0 <= x < classes.shape[1]):
                    continue
                if medium[classes[y, x]] and not reached[y, x]:
                    reached[y, x] = True
                    queue[size, 0], queue[size, 1] = y, x
                    size += 1
            head += 1
        if size == end:
            break
        end = size


@numba.njit(nogil=True, cache=True)
def _seed(classes, medium, sources, edge, steps, reached, queue):  # type: ignore[no-untyped-def]
    """Mark and queue the pixels of the medium beside a source; return how many there are."""
    size = 0
    for y in range(classes.shape[0]):
        for x in range(classes.shape[1]):
            reached[y, x] = medium[classes[y, x]] and _touches(classes, sources, edge, steps, y, x)
            if reached[y, x]:
                queue[size, 0], queue[size, 1] = y, x
                size += 1
    return size


@numba.njit(nogil=True, cache=True)
def _touches(classes, sources, edge, steps, y, x):  # type: ignore[no-untyped-def]
    """Return whether a source, or the edge of the map if that is one, lies beside a pixel."""
    for i in range(len(steps)):
        near_y, near_x = y + steps[i, 0], x + steps[i, 1]
        if 0 <= near_y < classes.shape[0] and 0 <= near_x < classes.shape[1]:
            if sources[classes[near_y, near_x]]:
                return True
        elif edge:
            return True
    return False
