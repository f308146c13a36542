"""Changed patches: small patches of change between groups of classes are undone.

A pixel has changed if its class belongs to another group than in the year before. Connected pixels with the same change
(from the same group, to the same group) are a patch of change. One of fewer than `min_pixels` pixels is undone: each of
its pixels takes its class of the year before. Pixels whose class, or class of the year before, belongs to no group are
not judged; nodata belongs to none. `changes: returning` judges only pixels that are back in the group of the year
before in the year after (A-B-A), so never the last year.

`reads: running` compares with the year before as it was corrected, so that a change that is undone is judged again in
the next year, together with what changed there; `original` compares with it as it was found, every year by itself.
`scan: descending` mirrors all of this in time: a year is compared with the year after, and takes its class; with
`years` a series is so corrected forwards and backwards from a base year.

The size of a patch is judged on all pixels, whether they may be written or not. There are no ties.

The halo is exact, and no smaller one would do. A year is decided by the year before and itself within `min_pixels - 1`
pixels. With `original`, that is the halo. With `running`, the year before was decided in the same way, so the distance
grows by as much with every year: the halo is `min_pixels - 1` times the longest run of years that are judged and may be
written. That is dear for long series: 6 pixels and 38 judged years need 190 pixels, which is 41 % more work on tiles of
2048; 11 pixels need 380, 88 % more. A year that `years` keeps the step from writing ends the run. Beyond 512 pixels,
the step is refused.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from itertools import groupby
from typing import Literal

import numba
import numpy as np
from pydantic import Field

from mutirao.filters.floods import components, gather, scratch, steps_of
from mutirao.filters.groups import Groups, number_groups
from mutirao.filters.lookup import Lookup
from mutirao.filters.step import FREE, MAX_HALO, TITLE, Limits, MapWork, Prepared, Scan, Site, Span, Step

_ANY_YEARS = tuple(range(1900, 2201))
"""All years that a collection may have, for a chain that does not know its series."""


class ChangedPatches(Step):
    """Small patches that change from one group of classes to another take the class of the year before.

    Connected pixels with the same change are a patch. With `reads: running`, tiles are read with a margin of
    `min_pixels - 1` pixels for every year in a row that the step may write, at most 512: a dear step for long series.
    """

    filter: Literal["changed_patches"]
    title: str = Field(default="Undo small changes", description=TITLE)
    groups: Groups = Field(
        min_length=2, max_length=255, description="Groups that changes lead from and to; other classes are let be."
    )
    min_pixels: int = Field(ge=2, le=128, description="Smallest patch of the same change that stays, in pixels.")
    connectivity: Literal[4, 8] = Field(default=8, description="Neighbours that connect pixels to a patch.")
    changes: Literal["any", "returning"] = Field(
        default="any", description="Which changes are judged: all, or those that the year after takes back."
    )
    reads: Literal["original", "running"] = Field(
        default="running", description="The year before as the step found it, or as it was corrected."
    )
    scan: Scan = Field(
        default="ascending", description="ascending: compare with the year before; descending: with the year after."
    )

    def prepare(self, look: Lookup) -> Prepared:
        """Look up groups."""
        group = number_groups(look, self.groups)
        returning, original, descending = self.changes == "returning", self.reads == "original", self._is_descending
        options = (self.min_pixels, self.connectivity, returning, original, descending)
        years = look.surroundings.years
        needed = self._halo(years or _ANY_YEARS)
        if years and needed > MAX_HALO:
            message = f"the step must see {needed} pixels around a tile to be exact, and {MAX_HALO} are allowed"
            look.complain("F126", message, "take smaller patches, fewer years, or 'reads: original'", "min_pixels")
        return lambda: MapWork(
            (self.filter, group.tolist(), *options),
            lambda block, site: undo_changes(block, site, group, *options),
            needed,
            evidence=(int(returning), 1) if descending else (1, int(returning)),
        )

    def classes_written(self, look: Lookup) -> frozenset[int]:
        """Return the classes of the groups, which a change leads from."""
        return frozenset(np.flatnonzero(number_groups(look, self.groups)).tolist())

    @property
    def _is_descending(self) -> bool:
        return self.scan == "descending"

    def _halo(self, years: tuple[int, ...]) -> int:
        writes = [_holds(self.years, year) for year in years]
        judged = (writes[::-1] if self._is_descending else writes)[1 : len(writes) - (self.changes == "returning")]
        return halo(self.min_pixels, judged, original=self.reads == "original")


def _holds(span: Span | None, year: int) -> bool:
    return span is None or (span.first or year) <= year <= (span.last or year)


def halo(min_pixels: int, judged: Iterable[bool], *, original: bool) -> int:
    """Return the pixels around a tile that it needs; `judged` says of each year that is judged if it may be written."""
    runs = [sum(1 for _ in run) for changes, run in groupby(judged) if changes]
    return (min_pixels - 1) * min(max(runs, default=0), 1 if original else len(_ANY_YEARS))


def reference(
    maps: np.ndarray,
    groups: Mapping[int, int],
    min_pixels: int,
    connectivity: int,
    *,
    returning: bool = False,
    original: bool = False,
    descending: bool = False,
    limits: Limits = FREE,
    scope: np.ndarray | None = None,
) -> np.ndarray:
    """Undo small changes in (year, y, x) maps in plain Python; `groups` has the group by class."""
    now = maps.copy()
    order = range(len(maps))[::-1] if descending else range(len(maps))
    for i in range(1, len(maps) - returning):
        t = order[i]
        before = (maps if original else now)[order[i - 1]].copy()
        codes = np.zeros(maps.shape[1:], int)
        for pixel in np.ndindex(codes.shape):
            was, became = groups.get(int(before[pixel]), 0), groups.get(int(maps[t][pixel]), 0)
            back = not returning or groups.get(int(maps[order[i + 1]][pixel]), 0) == was
            codes[pixel] = was * 256 + became if 0 < was != became > 0 and back else 0
        for patch in components(codes, connectivity):
            for pixel in patch if len(patch) < min_pixels else ():
                if (scope is None or scope[pixel]) and limits.allow(t, int(maps[t][pixel])):
                    now[t][pixel] = before[pixel]
    return now


def undo_changes(
    maps: np.ndarray,
    site: Site,
    group: np.ndarray,
    min_pixels: int,
    connectivity: int,
    returning: bool,
    original: bool,
    descending: bool,
) -> None:
    """Undo small changes in place.

    Parameters
    ----------
    maps : (year, y, x) uint8, class codes, 0 is nodata; changed in place.
    group : (256,) uint16, group of each class, 0 for none.
    min_pixels : smallest patch of change that stays [pixels].
    connectivity : 4 or 8 neighbours connect pixels of the same change.
    returning, original, descending : see the module.
    """
    forwards = slice(None, None, -1 if descending else 1)
    series, writable = maps[forwards], site.writable[forwards]
    seen, queue = scratch(series.shape[1:])
    codes = np.empty(seen.shape, np.uint16)
    found, unwritten = series[0].copy(), np.empty(seen.shape, np.uint8)
    steps = steps_of(connectivity)
    for t in range(1, len(series) - returning):
        np.copyto(unwritten, series[t])
        if writable[t]:
            before = found if original else series[t - 1]
            _code_changes(before, series[t], series[t + returning], group, returning, codes, seen)
            _undo(series[t], before, codes, seen, queue, steps, min_pixels, site.protected, site.scope)
        found, unwritten = unwritten, found


@numba.njit(nogil=True, cache=True)
def _code_changes(before, now, after, group, returning, codes, seen):  # type: ignore[no-untyped-def]
    """Write into `codes` the change of each pixel, 0 for none; a pixel without one counts as seen."""
    for y in range(now.shape[0]):
        for x in range(now.shape[1]):
            was, became = group[before[y, x]], group[now[y, x]]
            changed = was > 0 and became > 0 and was != became and (not returning or group[after[y, x]] == was)
            codes[y, x] = was * 256 + became if changed else 0
            seen[y, x] = not changed


@numba.njit(nogil=True, cache=True)
def _undo(now, before, codes, seen, queue, steps, min_pixels, protected, scope):  # type: ignore[no-untyped-def]
    """Give the pixels of small patches of change their class of the year before, where they may be written."""
    for y in range(now.shape[0]):
        for x in range(now.shape[1]):
            if not seen[y, x]:
                size = gather(codes, seen, queue, y, x, steps)
                for i in range(size if size < min_pixels else 0):
                    patch_y, patch_x = queue[i, 0], queue[i, 1]
                    if scope[patch_y, patch_x] and not protected[now[patch_y, patch_x]]:
                        now[patch_y, patch_x] = before[patch_y, patch_x]
