"""Incidence: pixels that change too often take the class that they have most often, in all years.

The changes of a pixel are counted between groups of classes: runs of the same group, less one. A class of no group
stands for itself. Years without a class, and those of a class in `ignored`, are left out: a run goes on over them.

Connected pixels with the same number of changes are a patch, as networks count it. A patch of at most `max_pixels` is
*border noise*, along the edges between covers, where images do not lie exactly on each other; a larger one is a *noisy
interior*. Its pixels are rewritten from `border_changes`, or `interior_changes`, on; both are the smallest number that
is rewritten. Cerrado's Collection 10 rewrites patches of at most 7 pixels with more than 10 changes, and larger ones
with 14 or more, without class 25: `max_pixels: 7`, `border_changes: 11`, `interior_changes: 14`, `ignored: [25]`. The
Pampa's rewrites patches of at most 6 pixels with more than 6 changes: `max_pixels: 6`, `border_changes: 7`.

A rewritten pixel takes the most frequent class, not group, of the years that were counted, of equally frequent ones the
smallest code. It is written to all years that have a class, those of ignored classes included (name such classes in
`protected`, too, if their years shall stay); a year without a class stays so. Changes are counted over the whole
series, whatever years may be written. A patch of more than `max_pixels` is known as such within `max_pixels` pixels,
which is the halo.
"""

from __future__ import annotations

from collections import Counter
from itertools import groupby
from typing import Literal

import numba
import numpy as np
from pydantic import Field

from mutirao.filters.floods import components, gather, scratch, steps_of
from mutirao.filters.groups import Groups, number_groups
from mutirao.filters.lookup import EVERYTHING, Lookup
from mutirao.filters.step import FREE, MAX_HALO, TITLE, Limits, MapWork, Prepared, Site, Step, may_write
from mutirao.legend import NODATA
from mutirao.model import Reference

_NEVER = 65535
"""More changes than any series has."""


class Incidence(Step):
    """A pixel that changes too often takes its most frequent class in all years.

    Connected pixels with the same number of changes are a patch: small ones are border noise, larger ones noisy
    interiors. Of equally frequent classes, the smallest code is taken.
    """

    filter: Literal["incidence"]
    title: str = Field(default="Calm pixels that change too often", description=TITLE)
    groups: Groups = Field(
        default=(), max_length=255, description="Groups between which changes count; other classes stand alone."
    )
    ignored: tuple[Reference, ...] = Field(default=(), description="Classes that are neither counted nor taken.")
    max_pixels: int = Field(
        ge=1, le=MAX_HALO, description="Largest patch of as many changes that is border noise, in pixels."
    )
    border_changes: int = Field(ge=1, le=_NEVER, description="Changes from which border noise is rewritten.")
    interior_changes: int | None = Field(
        default=None, ge=1, le=_NEVER, description="Changes from which larger patches are rewritten; default: never."
    )
    connectivity: Literal[4, 8] = Field(default=8, description="Neighbours that connect pixels to a patch.")

    def prepare(self, look: Lookup) -> Prepared:
        """Look up classes."""
        key = keys_of(number_groups(look, self.groups), look.codes(self.ignored, "ignored"))
        options = (self.max_pixels, self.border_changes, self.interior_changes or _NEVER, self.connectivity)
        return lambda: MapWork(
            (self.filter, key.tolist(), *options),
            lambda block, site: calm_series(block, site, key, *options),
            self.max_pixels,
            evidence=(0, 0),
        )

    def classes_written(self, look: Lookup) -> frozenset[int]:
        """Return all classes that count."""
        return EVERYTHING - {NODATA, *look.codes(self.ignored, "ignored")}


def keys_of(groups: np.ndarray, ignored: list[int]) -> np.ndarray:
    """Return (256,) uint16: what each class counts as, equal within a group; 0 for classes that are left out."""
    key = np.where(groups > 0, groups + np.uint16(256), np.arange(256, dtype=np.uint16))
    key[ignored] = 0
    return key


def reference(
    maps: np.ndarray,
    key: np.ndarray,
    max_pixels: int,
    border_changes: int,
    interior_changes: int,
    connectivity: int,
    *,
    limits: Limits = FREE,
    scope: np.ndarray | None = None,
) -> np.ndarray:
    """Calm (year, y, x) maps in plain Python; `key` is that of `keys_of`."""
    result = maps.copy()
    changes = np.zeros(maps.shape[1:], int)
    for y, x in np.ndindex(changes.shape):
        changes[y, x] = len(list(groupby(int(key[code]) for code in maps[:, y, x] if key[code]))) - 1
    for patch in components(np.maximum(changes, 0), connectivity):
        least = border_changes if len(patch) <= max_pixels else interior_changes
        for y, x in patch if changes[patch[0]] >= least else ():
            counts = Counter(int(code) for code in maps[:, y, x] if key[code])
            mode = min(counts, key=lambda code: (-counts[code], code))
            for t, code in enumerate(maps[:, y, x].tolist()):
                if code != NODATA and limits.allow(t, code) and (scope is None or scope[y, x]):
                    result[t, y, x] = mode
    return result


def calm_series(
    maps: np.ndarray,
    site: Site,
    key: np.ndarray,
    max_pixels: int,
    border_changes: int,
    interior_changes: int,
    connectivity: int,
) -> None:
    """Calm series that change too often in place.

    Parameters
    ----------
    maps : (year, y, x) uint8, class codes, 0 is nodata; changed in place.
    key : (256,) uint16, see `keys_of`.
    max_pixels : largest patch that is border noise [pixels].
    border_changes, interior_changes : smallest number of changes that is rewritten, in border noise and elsewhere.
    connectivity : 4 or 8 neighbours connect pixels with the same number of changes.
    """
    seen, queue = scratch(maps.shape[1:])
    changes, last = np.zeros((2, *seen.shape), np.uint16)
    _count_changes(maps, key, last, changes)
    np.less(changes, min(border_changes, interior_changes), out=seen)
    limits = (max_pixels, border_changes, interior_changes)
    _calm(maps, key, changes, seen, queue, steps_of(connectivity), limits, site.writable, site.protected, site.scope)


@numba.njit(nogil=True, cache=True)
def _count_changes(maps, key, last, changes):  # type: ignore[no-untyped-def]
    """Add the changes of each pixel to `changes`; `last` is scratch, zero at the start."""
    years, rows, columns = maps.shape
    for t in range(years):
        for y in range(rows):
            for x in range(columns):
                now = key[maps[t, y, x]]
                if now > 0:
                    changes[y, x] += last[y, x] > 0 and last[y, x] != now
                    last[y, x] = now


@numba.njit(nogil=True, cache=True)
def _calm(maps, key, changes, seen, queue, steps, limits, writable, protected, scope):  # type: ignore[no-untyped-def]
    """Rewrite the pixels of patches, those not seen yet, that change too often for their size."""
    max_pixels, border_changes, interior_changes = limits
    counts = np.empty(256, np.int64)
    for y in range(changes.shape[0]):
        for x in range(changes.shape[1]):
            if seen[y, x]:
                continue
            size = gather(changes, seen, queue, y, x, steps)
            least = border_changes if size <= max_pixels else interior_changes
            for i in range(size if changes[y, x] >= least else 0):
                if scope[queue[i, 0], queue[i, 1]]:
                    _take_mode(maps[:, queue[i, 0], queue[i, 1]], key, counts, writable, protected)


@numba.njit(nogil=True, cache=True)
def _take_mode(series, key, counts, writable, protected):  # type: ignore[no-untyped-def]
    """Give all years of a series its most frequent class; of equally frequent ones the smallest code."""
    counts[:] = 0
    for code in series:
        counts[code] += key[code] > 0
    mode = np.argmax(counts)
    for t in range(len(series)):
        if series[t] != 0 and may_write(writable, protected, t, series[t]):
            series[t] = mode
