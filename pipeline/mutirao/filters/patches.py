"""Patches: connected pixels of one class below a minimum mapping unit take the class along their border.

A patch is *small* if it has fewer than `min_pixels` pixels. It takes the class that holds most of its border, counted
in edges between a pixel of the patch and an edge neighbour that lies in a large patch; ties go to the smallest code.
Nodata is no patch and no neighbour. A small patch without a large neighbour stays. Because being small is decided
within `min_pixels - 1` pixels and its neighbours' being large within as many again, a halo of `2 * min_pixels` makes
the result independent of the tiling.
"""

from __future__ import annotations

from collections import Counter
from typing import Literal

import numba
import numpy as np
from pydantic import Field

from mutirao.filters.lookup import Lookup
from mutirao.filters.step import TITLE, MapWork, Prepared, Site, Step

EDGES = ((-1, 0), (1, 0), (0, -1), (0, 1))
CORNERS = ((-1, -1), (-1, 1), (1, -1), (1, 1))
_LARGE, _SMALL, _DONE = 1, 2, 3


class Patches(Step):
    """Patches below a minimum mapping unit take the majority class along their border, year by year."""

    filter: Literal["patches"]
    title: str = Field(default="Remove small patches", description=TITLE)
    min_pixels: int = Field(ge=2, le=128, description="Smallest patch that stays, in pixels.")
    connectivity: Literal[4, 8] = Field(default=8, description="Neighbours that connect pixels to a patch.")

    def prepare(self, look: Lookup) -> Prepared:
        """Nothing to look up."""
        settings = (self.filter, self.min_pixels, self.connectivity)
        return lambda: MapWork(
            settings,
            lambda block, site: remove_patches(block, site, self.min_pixels, self.connectivity),
            halo(self.min_pixels),
        )


def halo(min_pixels: int) -> int:
    """Return the pixels around a tile that its patches need."""
    return 2 * min_pixels


def reference(classes: np.ndarray, min_pixels: int, connectivity: int, protected: frozenset[int]) -> np.ndarray:
    """Remove small patches of one (y, x) map in plain Python."""
    patches = _patches(classes, EDGES if connectivity == 4 else EDGES + CORNERS)
    large = {pixel for patch in patches if len(patch) >= min_pixels for pixel in patch}
    result = classes.copy()
    for patch in patches:
        if len(patch) < min_pixels and classes[patch[0]] not in protected:
            border = [(y + dy, x + dx) for y, x in patch for dy, dx in EDGES]
            counts = Counter(int(classes[pixel]) for pixel in border if pixel in large)
            if counts:
                code = min(counts, key=lambda code: (-counts[code], code))
                for pixel in patch:
                    result[pixel] = code
    return result


def _patches(classes: np.ndarray, steps: tuple[tuple[int, int], ...]) -> list[list[tuple[int, int]]]:
    seen: set[tuple[int, int]] = set()
    patches = []
    for start in zip(*np.nonzero(classes), strict=True):
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


def remove_patches(classes: np.ndarray, site: Site, min_pixels: int, connectivity: int) -> None:
    """Remove small patches of each year in place; patches of protected classes stay.

    Parameters
    ----------
    classes : (year, y, x) uint8, class codes; changed in place.
    min_pixels : smallest patch that stays [pixels].
    connectivity : 4 or 8 neighbours connect pixels of one class.
    """
    steps = np.array(EDGES if connectivity == 4 else EDGES + CORNERS, np.int64)
    state = np.empty(classes.shape[1:], np.uint8)
    queue = np.empty((state.size, 2), np.int32)
    for t in np.flatnonzero(site.writable):
        _mark(classes[t], state, queue, min_pixels, steps)
        _replace(classes[t], state, queue, site.protected, site.scope, steps)


@numba.njit(nogil=True, cache=True)
def _mark(classes, state, queue, min_pixels, steps):  # type: ignore[no-untyped-def]
    """Write into `state` whether each pixel is nodata (0), in a large patch (1) or in a small one (2)."""
    state[:] = 0
    for y in range(classes.shape[0]):
        for x in range(classes.shape[1]):
            if classes[y, x] != 0 and state[y, x] == 0:
                size = _flood(classes, state, queue, y, x, _SMALL, steps)
                if size >= min_pixels:
                    for i in range(size):
                        state[queue[i, 0], queue[i, 1]] = _LARGE


@numba.njit(nogil=True, cache=True)
def _replace(classes, state, queue, protected, scope, steps):  # type: ignore[no-untyped-def]
    """Give every small patch the class that holds most of its border."""
    for y in range(classes.shape[0]):
        for x in range(classes.shape[1]):
            if state[y, x] == _SMALL and not protected[classes[y, x]]:
                size = _flood(classes, state, queue, y, x, _DONE, steps)
                code = _border_majority(classes, state, queue, size)
                for i in range(size if code > 0 else 0):
                    if scope[queue[i, 0], queue[i, 1]]:
                        classes[queue[i, 0], queue[i, 1]] = code


@numba.njit(nogil=True, cache=True)
def _flood(classes, state, queue, y, x, becomes, steps):  # type: ignore[no-untyped-def]
    """Mark the patch of a pixel; its pixels are left at the head of the queue. Return its size."""
    rows, columns = classes.shape
    was, code = state[y, x], classes[y, x]
    queue[0, 0], queue[0, 1] = y, x
    state[y, x] = becomes
    head, size = 0, 1
    while head < size:
        for step in range(len(steps)):
            near_y, near_x = queue[head, 0] + steps[step, 0], queue[head, 1] + steps[step, 1]
            if not (0 <= near_y < rows and 0 <= near_x < columns):
                continue
            if state[near_y, near_x] == was and classes[near_y, near_x] == code:
                state[near_y, near_x] = becomes
                queue[size, 0], queue[size, 1] = near_y, near_x
                size += 1
        head += 1
    return size


@numba.njit(nogil=True, cache=True)
def _border_majority(classes, state, queue, size):  # type: ignore[no-untyped-def]
    """Return the class with most edges to the patch in the queue, among large patches; 0 if there is none."""
    rows, columns = classes.shape
    counts = np.zeros(256, np.int64)
    for i in range(size):
        for dy, dx in ((-1, 0), (1, 0), (0, -1), (0, 1)):
            near_y, near_x = queue[i, 0] + dy, queue[i, 1] + dx
            if 0 <= near_y < rows and 0 <= near_x < columns and state[near_y, near_x] == _LARGE:
                counts[classes[near_y, near_x]] += 1
    return np.argmax(counts) if counts.max() > 0 else 0
