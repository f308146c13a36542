"""Patches: connected pixels of one class below a minimum mapping unit take a class from around them, year by year.

A patch is *small* if it is smaller than the threshold of its class, in pixels (`min_pixels`) or in hectares (`min_ha`,
true areas on the ellipsoid, summed exactly); networks that write "up to m pixels" mean `min_pixels: m + 1`. Patches
are judged on the map of the year as the pass found it. What a small patch becomes:

- `border`: the class that holds most of its border, counted in edges between a pixel of the patch and an edge
  neighbour in a large patch. The whole patch takes one class.
- `largest`: the class of the largest large patch that touches it, by the neighbours that connect pixels to a patch, as
  in GDAL's sieve. `size_cap` bounds how far sizes are counted; without it whole patches are measured, so that no halo
  is wide enough: chains refuse it.
- `mode`: each pixel for itself takes the most frequent class of the square of `2 * radius + 1` pixels around it, in
  which all pixels vote, its own too, or those of large patches only.

Ties go to the smallest code. Nodata is no patch, no neighbour, and has no vote. A patch or pixel that finds no class
stays; so do patches of protected classes, which count as small or large like all others. With `passes`, the step is
repeated on its own result.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from typing import Annotated, Literal

import numba
import numpy as np
from pydantic import Discriminator, Field, Tag

from mutirao.filters.labels import CORNERS, EDGES, ENDLESS, Runs, label, reserve
from mutirao.filters.lookup import EVERYTHING, Lookup
from mutirao.filters.patchrule import (
    UNITS_PER_HA,
    Becomes,
    Rule,
    Votes,
    halo,
    in_units,
    thresholds,
    units_of,
)
from mutirao.filters.replacement import Ballot, ballot, mark_small, replace_by_mode, replace_patches
from mutirao.filters.step import FREE, MAX_HALO, TITLE, Limits, MapWork, Prepared, Site, Step
from mutirao.legend import NODATA
from mutirao.model import ReferenceKey


def _shape(value: object) -> str:
    return "by class" if isinstance(value, dict) else "number"


_AllPixels = Annotated[int, Field(ge=2), Tag("number")]
_PixelsByClass = Annotated[dict[ReferenceKey, Annotated[int, Field(ge=1)]], Tag("by class")]
_AllHectares = Annotated[float, Field(gt=0), Tag("number")]
_HectaresByClass = Annotated[dict[ReferenceKey, Annotated[float, Field(ge=0)]], Tag("by class")]
Pixels = Annotated[_AllPixels | _PixelsByClass, Discriminator(_shape)]
Hectares = Annotated[_AllHectares | _HectaresByClass, Discriminator(_shape)]
_BY_CLASS = "or by class, with `default` for all others"


class Patches(Step):
    """Patches below a minimum mapping unit take a class from around them, year by year.

    A patch is small if it is smaller than the threshold of its class; a class without a threshold has no small patches.
    Networks that write "up to 6 pixels" mean `min_pixels: 7`. With `border` and `largest` a patch takes one class, from
    the patches around it that are not small; with `mode` each of its pixels takes its own. Ties go to the smallest
    code. Nodata has no vote and is never written. A small patch that finds no class stays, and so do protected classes.
    """

    filter: Literal["patches"]
    title: str = Field(default="Remove small patches", description=TITLE)
    min_pixels: Pixels | None = Field(
        default=None, description=f"Smallest patch that stays, in pixels; one number, {_BY_CLASS}."
    )
    min_ha: Hectares | None = Field(default=None, description="The same in hectares, instead of pixels.")
    connectivity: Literal[4, 8] = Field(default=8, description="Neighbours that connect pixels to a patch.")
    becomes: Becomes = Field(
        default="border",
        description="border: the class with most edges around the patch; mode: the most frequent class of a square "
        "around each pixel; largest: the class of the largest patch that touches it.",
    )
    radius: int | None = Field(
        default=None, ge=1, le=64, description="mode: the square has 2 * radius + 1 pixels a side."
    )
    votes: Votes = Field(default="all", description="mode: whether pixels of small patches vote too.")
    size_cap: float | None = Field(
        default=None, gt=0, description="largest: sizes are counted up to here, in the unit of the threshold."
    )
    passes: int = Field(default=1, ge=1, le=8, description="Times that the step runs, each on the result of the last.")

    def prepare(self, look: Lookup) -> Prepared:
        """Look up classes and pixel sizes, and refuse what is not exact on tiles."""
        found = len(look.findings)
        self._check_keys(look)
        pixel, rule = self._pixel(look), self._rule(look)
        if len(look.findings) == found:
            self._check_reach(look, rule, pixel)
        settings = (self.filter, *rule.settings)
        return lambda: MapWork(settings, lambda block, site: remove_patches(block, site, rule), halo(rule, pixel) or 0)

    def classes_written(self, look: Lookup) -> frozenset[int]:
        """Return all classes: what is around a patch."""
        del look
        return EVERYTHING - {NODATA}

    def _check_keys(self, look: Lookup) -> None:
        if (self.min_pixels is None) == (self.min_ha is None):
            given = "neither" if self.min_ha is None else "both"
            message = f"a patch filter has one threshold, but here {given} of min_pixels and min_ha is given"
            look.complain("F110", message, "give exactly one of the two", "filter")
        if self.becomes == "mode" and self.radius is None:
            look.complain("F114", "'becomes: mode' has no radius", "give one, for example 'radius: 1'", "becomes")
        stray = {
            "mode": (("radius", self.radius), ("votes", self.votes != "all")),
            "largest": (("size_cap", self.size_cap),),
        }
        for becomes, keys in stray.items():
            for key, value in keys if becomes != self.becomes else ():
                if value:
                    message = f"'{key}' says nothing with 'becomes: {self.becomes}'"
                    look.complain("F114", message, f"leave it out, or write 'becomes: {becomes}'", key)

    def _pixel(self, look: Lookup) -> int:
        """Return the units of the smallest pixel."""
        if self.min_ha is None:
            return 1
        if look.surroundings.pixel_ha is None:
            remedy = "give 'min_pixels', or use the chain where a grid is known"
            look.complain("F112", "a threshold in hectares, but the sizes of pixels are not known", remedy, "min_ha")
            return 1
        return max(1, int(np.rint(look.surroundings.pixel_ha[0] * UNITS_PER_HA)))

    def _rule(self, look: Lookup) -> Rule:
        key = "min_pixels" if self.min_ha is None else "min_ha"
        sizes = thresholds((self.min_pixels if self.min_ha is None else self.min_ha) or 0, look, key)
        in_hectares = self.min_ha is not None
        return Rule(
            smallest=in_units(sizes, in_hectares),
            connectivity=self.connectivity,
            becomes=self.becomes,
            radius=self.radius or 0,
            votes=self.votes,
            size_cap=None if self.size_cap is None else in_units((self.size_cap,), in_hectares)[0],
            passes=self.passes,
            in_hectares=in_hectares,
        )

    def _check_reach(self, look: Lookup, rule: Rule, pixel: int) -> None:
        key = "min_pixels" if self.min_ha is None else "min_ha"
        needed = halo(rule, pixel)
        if needed is None:
            message = "the largest neighbour shows only where whole patches are measured, over all tiles"
            remedy = "count sizes up to a bound, for example 'size_cap: 100', or write 'becomes: border'"
            look.complain("F113", message, remedy, "becomes")
        elif needed > MAX_HALO:
            message = f"the step must see {needed} pixels around a tile to be exact, and {MAX_HALO} are allowed"
            remedy = "take a smaller threshold or cap, fewer passes, or 'becomes: mode', which looks half as far"
            look.complain("F113", message, remedy, key)
        elif rule.in_hectares and max(rule.smallest) <= pixel:
            sizes = [units / UNITS_PER_HA for units in (max(rule.smallest), pixel)]
            message = f"no patch is below {sizes[0]:g} ha: the smallest pixel has {sizes[1]:g}"
            look.complain("F115", message, "take a threshold above the size of a pixel", "min_ha")


Pixel = tuple[int, int]


def reference(
    classes: np.ndarray,
    rule: Rule,
    *,
    units: np.ndarray | None = None,
    scope: np.ndarray | None = None,
    t: int = 0,
    limits: Limits = FREE,
) -> np.ndarray:
    """Remove small patches of the (y, x) map of one year in plain Python.

    Parameters
    ----------
    units : (y, x) int64, size of each pixel; 1 if not given.
    scope : (y, x) bool, pixels that may be written; all if not given.
    t : place of the year in the series.
    """
    now = classes.copy()
    for _ in range(rule.passes):
        before = now.copy()
        for pixel, code in _replaced(before, rule, np.ones(now.shape, int) if units is None else units):
            if limits.allow(t, int(before[pixel])) and (scope is None or scope[pixel]):
                now[pixel] = code
    return now


def _replaced(classes: np.ndarray, rule: Rule, units: np.ndarray) -> Iterable[tuple[Pixel, int]]:
    """Yield the pixels of small patches and what they become."""
    connected = EDGES if rule.connectivity == 4 else EDGES + CORNERS
    patches = _patches(classes, connected)
    sizes = [sum(int(units[pixel]) for pixel in patch) for patch in patches]
    small = [size < rule.smallest[classes[patch[0]]] for patch, size in zip(patches, sizes, strict=True)]
    large = {
        p: size for patch, size, is_small in zip(patches, sizes, small, strict=True) if not is_small for p in patch
    }
    for patch in (patch for patch, is_small in zip(patches, small, strict=True) if is_small):
        if rule.becomes == "mode":
            side = range(-rule.radius, rule.radius + 1)
            for y, x in patch:
                square = [(y + dy, x + dx) for dy in side for dx in side]
                inside = [(v, u) for v, u in square if 0 <= v < classes.shape[0] and 0 <= u < classes.shape[1]]
                voters = [p for p in inside if classes[p] != 0 and (rule.votes == "all" or p in large)]
                yield from (((y, x), code) for code in _best(Counter(int(classes[p]) for p in voters)))
        else:
            steps = connected if rule.becomes == "largest" else EDGES
            border = [(y + dy, x + dx) for y, x in patch for dy, dx in steps if (y + dy, x + dx) in large]
            score: Counter[int] = Counter()
            for p in border:
                size = large[p] if rule.size_cap is None else min(large[p], rule.size_cap)
                code = int(classes[p])
                score[code] = max(score[code], size) if rule.becomes == "largest" else score[code] + 1
            yield from ((pixel, code) for code in _best(score) for pixel in patch)


def _best(score: Counter[int]) -> list[int]:
    """Return the class with the highest score, the smallest of equals, if there is any."""
    return sorted(score, key=lambda code: (-score[code], code))[:1]


def _patches(classes: np.ndarray, steps: tuple[Pixel, ...]) -> list[list[Pixel]]:
    seen: set[Pixel] = set()
    patches = []
    for start in zip(*(places.tolist() for places in np.nonzero(classes)), strict=True):
        if start not in seen:
            patch = [start]
            seen.add(start)
            for y, x in patch:
                for dy, dx in steps:
                    near = (y + dy, x + dx)
                    inside = 0 <= near[0] < classes.shape[0] and 0 <= near[1] < classes.shape[1]
                    if inside and near not in seen and classes[near] == classes[start]:
                        seen.add(near)
                        patch.append(near)
            patches.append(patch)
    return patches


def remove_patches(classes: np.ndarray, site: Site, rule: Rule) -> None:
    """Remove small patches of each year in place, on a block that is taken for the whole map.

    Scratch is 3 bytes a pixel and 16 bytes a run of one year, used again for all years. A year whose map is that of the
    year before it takes over its result.

    Parameters
    ----------
    classes : (year, y, x) uint8, C-ordered class codes; changed in place.
    """
    scratch = _Scratch(classes, site, rule)
    done = -1
    for t in np.flatnonzero(site.writable):
        if done >= 0 and _is_same(classes[t], scratch.found):
            classes[t] = classes[done]
            continue
        scratch.found[:] = classes[t]
        for _ in range(rule.passes):
            scratch.run(classes[t])
        done = int(t)


class _Scratch:
    """A rule with the room that it needs on maps of one shape."""

    def __init__(self, classes: np.ndarray, site: Site, rule: Rule) -> None:
        plane = classes.shape[1:]
        self.rule, self.site = rule, site
        self.units, pixel = units_of(site, rule)
        self.smallest = rule.table()
        self.cap = ENDLESS if rule.size_cap is None else rule.size_cap
        self.stop = np.maximum(self.smallest, self.cap) if rule.becomes == "largest" else self.smallest
        self.found, self.state = np.empty(plane, np.uint8), np.empty(plane, np.uint8)
        self.read = np.empty(plane if rule.becomes == "mode" else (0, 0), np.uint8)
        most = min(max(rule.smallest) // max(pixel, 1) + 1, self.state.size)
        self.queue = np.empty((most, 2), np.int32)
        self.votes: Ballot = ballot()
        self.runs: Runs | None = None

    def run(self, classes: np.ndarray) -> None:
        """Run one pass on a (y, x) map, in place."""
        rule, site, eight = self.rule, self.site, self.rule.connectivity == 8
        self.runs = reserve(classes, self.runs)
        label(classes, self.units, self.stop, eight, self.runs)
        mark_small(classes, self.runs, self.smallest, self.state)
        marked = (self.runs, self.state)
        allowed = (self.votes, site.scope, site.protected)
        if rule.becomes == "mode":
            self.read[:] = classes
            replace_by_mode(classes, self.read, *marked, *allowed, rule.radius, rule.votes == "large")
        else:
            replace_patches(classes, *marked, self.queue, *allowed, eight, rule.becomes == "largest", self.cap)


@numba.njit(nogil=True, cache=True)
def _is_same(one, other):  # type: ignore[no-untyped-def]
    """Return whether two (y, x) uint8 maps are equal."""
    for y in range(len(one)):
        differs = np.uint8(0)
        for x in range(one.shape[1]):
            differs |= one[y, x] ^ other[y, x]
        if differs != 0:
            return False
    return True
