"""Patches of any size, exact on tiles without a halo: a survey of each tile, one merge, and a second visit.

The survey of a tile keeps what its neighbours need: the patches along its edge, their sizes inside the tile, and what
the small ones of them touch. The merge joins patches across the seams, sums their sizes, and decides what those become
that are small as wholes. The second visit labels the tile again and replaces small patches: those inside by what it
sees and the merged sizes, those along the edge by the decision. Surveys hold some numbers for each pixel of the edge,
and for the neighbours of small patches along it; so all of them fit in memory where the map does not. They serve rules
that end in `border` or `largest`; a rule with several passes is surveyed anew for each.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import NamedTuple

import numba
import numpy as np

from mutirao.filters.labels import CORNERS, EDGES, ENDLESS, Runs, label, paint, reserve
from mutirao.filters.patchrule import Rule
from mutirao.filters.replacement import DONE, ballot, mark_small, replace_patches

Place = tuple[int, int]
"""Row and column of a tile in the lattice of tiles."""


class Labelled(NamedTuple):
    """The patches of one tile; patch 0 is nodata."""

    runs: Runs
    heads: np.ndarray
    """(patch,) int64, number of the first run of each patch; 0 for nodata."""
    picture: np.ndarray
    """(y, x) int32, number of the patch; those that touch the edge have the first numbers."""
    codes: np.ndarray
    """(patch,) uint8"""
    sizes: np.ndarray
    """(patch,) int64, inside the tile."""
    along_edge: int
    """Number of patches that touch the edge, with patch 0: a patch with a smaller number does."""


class Contacts(NamedTuple):
    """Who touches whom, each patch beside each neighbour once: (contact,) int64 each."""

    patch: np.ndarray
    neighbour: np.ndarray
    edges: np.ndarray
    """Pixel edges that they share; 0 if they touch at corners only."""


@dataclass(frozen=True, slots=True)
class Survey:
    """What the neighbours of a tile need to know of it."""

    edges: tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]
    """Patches along the top, bottom, left and right, (pixel,) int32."""
    codes: np.ndarray
    """(patch,) uint8, of the patches along the edge and the neighbours of the small ones of them."""
    sizes: np.ndarray
    """(patch,) int64"""
    along_edge: int
    contacts: Contacts
    """Of patches along the edge that are small inside the tile."""


@dataclass(frozen=True, slots=True)
class Known:
    """What the merge tells a tile of the patches along its edge."""

    sizes: np.ndarray
    """(patch,) int64, as wholes."""
    becomes: np.ndarray
    """(patch,) uint8, the class that a small patch takes; 0: it stays."""


def label_tile(classes: np.ndarray, units: np.ndarray, connectivity: int) -> Labelled:
    """Number the patches of a (y, x) uint8 map; `units` (y, x) int64 is the size of each pixel."""
    runs = reserve(classes)
    label(classes, units, np.full(256, ENDLESS), connectivity == 8, runs)
    heads = _heads(runs.parent, int(runs.first[-1]))
    numbers = np.zeros(len(runs.parent), np.int32)
    numbers[heads] = np.arange(1, len(heads) + 1)
    picture = np.empty(classes.shape, np.int32)
    paint(runs, numbers, picture)
    order, along_edge = _edge_first(picture, len(heads))
    rows = np.searchsorted(runs.first, heads, side="right") - 1
    codes = np.zeros(len(heads) + 1, np.uint8)
    sizes, first = np.zeros((2, len(heads) + 1), np.int64)
    codes[order[1:]], sizes[order[1:]], first[order[1:]] = classes[rows, runs.start[heads]], runs.size[heads], heads
    return Labelled(runs, first, order[picture], codes, sizes, along_edge)


def _heads(parent: np.ndarray, count: int) -> np.ndarray:
    numbers = np.arange(count)
    return np.flatnonzero((parent[:count] == numbers) & (numbers > 0))


def _edge_first(picture: np.ndarray, count: int) -> tuple[np.ndarray, int]:
    """Return new numbers, (patch,) int32, that give patches along the edge the first ones; and how many those are."""
    outer = np.zeros(count + 1, bool)
    outer[np.concatenate(_edges(picture))] = True
    outer[0] = True
    order = np.empty(count + 1, np.int32)
    order[np.argsort(~outer, kind="stable")] = np.arange(count + 1)
    return order, int(outer.sum())


def _edges(picture: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    return picture[0].copy(), picture[-1].copy(), picture[:, 0].copy(), picture[:, -1].copy()


def survey(tile: Labelled, rule: Rule) -> Survey:
    """Return what the neighbours of a tile need to know of it.

    Raises
    ------
    ValueError
        The rule ends in `mode`, whose square crosses seams: give it a halo.
    """
    if rule.becomes == "mode":
        raise ValueError("patches that become the mode of a square have no survey; run them with a halo")
    asked = _small(tile.codes, tile.sizes, rule)
    asked[tile.along_edge :] = False
    contacts = _contacts(tile, asked, rule)
    kept = np.unique(np.concatenate([np.arange(tile.along_edge), contacts.neighbour]))
    neighbour = np.searchsorted(kept, contacts.neighbour)
    moved = Contacts(contacts.patch, neighbour, contacts.edges)
    return Survey(_edges(tile.picture), tile.codes[kept], tile.sizes[kept], tile.along_edge, moved)


def merge(surveys: Mapping[Place, Survey], rule: Rule) -> dict[Place, Known]:
    """Join the patches along the seams of a whole lattice of tiles, and decide what the small ones become.

    Parameters
    ----------
    surveys : all tiles of a rectangle of rows and columns of tiles, counted from 0; tiles of a row are equally high,
        those of a column equally wide.
    """
    first, codes, sizes = _gathered(surveys)
    pairs = np.concatenate([_touching(line, rule) for line in _seams(surveys, first)] or [np.zeros((0, 3), np.int64)])
    same = codes[pairs[:, 0]] == codes[pairs[:, 1]]
    parent: np.ndarray = _joined(len(codes), pairs[same, :2])
    whole = np.zeros_like(sizes)
    np.add.at(whole, parent, sizes)
    inside = [_numbered(place, surveys[place], first) for place in surveys]
    contacts = np.concatenate([pairs[~same], pairs[~same][:, [1, 0, 2]], *inside])
    contacts[:, :2] = parent[contacts[:, :2]]
    becomes = _decided(_summed(contacts), codes, whole, rule)
    return {
        place: Known(whole[own], becomes[own])
        for place, one in surveys.items()
        for own in [parent[first[place] : first[place] + one.along_edge]]
    }


def _gathered(surveys: Mapping[Place, Survey]) -> tuple[dict[Place, int], np.ndarray, np.ndarray]:
    """Return the number of the first patch of each tile in the whole, and classes and sizes of all; 0 is nodata."""
    first, count = {}, 1
    for place, one in surveys.items():
        first[place] = count
        count += len(one.codes)
    codes = np.concatenate([np.zeros(1, np.uint8), *(one.codes for one in surveys.values())])
    return first, codes, np.concatenate([np.zeros(1, np.int64), *(one.sizes for one in surveys.values())])


def _seams(surveys: Mapping[Place, Survey], first: Mapping[Place, int]) -> list[np.ndarray]:
    """Return the patches on both sides of each seam, along the whole map, (2, pixel) int64; 0 is nodata."""
    rows, columns = (1 + max(place[axis] for place in surveys) for axis in (0, 1))

    def line(places: list[Place], edge: int) -> np.ndarray:
        parts = [(surveys[place].edges[edge].astype(np.int64), first[place]) for place in places]
        return np.concatenate([np.where(part > 0, part + start, 0) for part, start in parts])

    across = [([(r - 1, c) for c in range(columns)], [(r, c) for c in range(columns)], 1, 0) for r in range(1, rows)]
    down = [([(r, c - 1) for r in range(rows)], [(r, c) for r in range(rows)], 3, 2) for c in range(1, columns)]
    return [np.stack([line(one, edge), line(other, facing)]) for one, other, edge, facing in across + down]


def _touching(line: np.ndarray, rule: Rule) -> np.ndarray:
    """Return the pairs of patches that touch across a seam, (pair, 3): two patches and whether by an edge."""
    one, other = line
    by_edge = np.stack([one, other, np.ones_like(one)], axis=1)
    slants = [(one[1:], other[:-1]), (one[:-1], other[1:])] if rule.connectivity == 8 else []
    by_corner = [np.stack([a, b, np.zeros_like(a)], axis=1) for a, b in slants]
    pairs = np.concatenate([by_edge, *by_corner])
    return pairs[(pairs[:, :2] > 0).all(axis=1)]


def _numbered(place: Place, one: Survey, first: Mapping[Place, int]) -> np.ndarray:
    """Return the contacts inside a tile in the numbers of the whole, (contact, 3) int64."""
    patch, neighbour, edges = one.contacts
    return np.stack([patch + first[place], neighbour + first[place], edges], axis=1)


@numba.njit(nogil=True, cache=True)
def _joined(count, pairs):  # type: ignore[no-untyped-def]
    """Return for each of `count` patches the first of those that the pairs join to it, (patch,) int64."""
    parent = np.arange(count)
    for k in range(len(pairs)):
        one, other = pairs[k, 0], pairs[k, 1]
        while parent[one] != one:
            parent[one] = parent[parent[one]]
            one = parent[one]
        while parent[other] != other:
            parent[other] = parent[parent[other]]
            other = parent[other]
        parent[max(one, other)] = min(one, other)
    for i in range(count):
        parent[i] = parent[parent[i]]
    return parent


def _contacts(tile: Labelled, asked: np.ndarray, rule: Rule) -> Contacts:
    """Return the neighbours, inside a tile, of asked patches along its edge; (patch,) bool."""
    picture = tile.picture
    rows, columns = np.nonzero(picture < tile.along_edge)
    chosen = asked[picture[rows, columns]]
    rows, columns = rows[chosen], columns[chosen]
    found = [np.zeros((0, 3), np.int64)]
    for dy, dx in EDGES + (CORNERS if rule.becomes == "largest" and rule.connectivity == 8 else ()):
        y, x = rows + dy, columns + dx
        inside = (y >= 0) & (y < picture.shape[0]) & (x >= 0) & (x < picture.shape[1])
        patch, neighbour = picture[rows[inside], columns[inside]], picture[y[inside], x[inside]]
        met = (neighbour != patch) & (neighbour > 0)
        found.append(np.stack([patch[met], neighbour[met], np.full(met.sum(), dy * dx == 0)], axis=1).astype(np.int64))
    return Contacts(*_summed(np.concatenate(found)).T)


def _summed(contacts: np.ndarray) -> np.ndarray:
    """Return each pair of (patch, neighbour, edges) once, with the sum of its edges."""
    keys, places = np.unique(contacts[:, 0] << 32 | contacts[:, 1], return_inverse=True)
    edges = np.zeros(len(keys), np.int64)
    np.add.at(edges, places, contacts[:, 2])
    return np.stack([keys >> 32, keys & 0xFFFFFFFF, edges], axis=1)


def _small(codes: np.ndarray, sizes: np.ndarray, rule: Rule) -> np.ndarray:
    """Return (patch,) bool."""
    small: np.ndarray = (sizes < rule.table()[codes]) & (codes > 0)
    return small


def _decided(contacts: np.ndarray, codes: np.ndarray, sizes: np.ndarray, rule: Rule) -> np.ndarray:
    """Return the class that each small patch takes, (patch,) uint8; 0 if it stays.

    Parameters
    ----------
    contacts : (contact, 3) int64, small patch, neighbour and shared edges; contacts of patches that are not small, and
        with neighbours that are, say nothing.
    """
    small = _small(codes, sizes, rule)
    patch, neighbour, edges = contacts[small[contacts[:, 0]] & ~small[contacts[:, 1]]].T
    becomes = np.zeros(len(codes), np.uint8)
    if not len(patch):
        return becomes
    keys, places = np.unique(patch << 8 | codes[neighbour], return_inverse=True)
    asker, code, score = keys >> 8, keys & 0xFF, np.zeros(len(keys), np.int64)
    if rule.becomes == "largest":
        np.maximum.at(score, places, np.minimum(sizes[neighbour], rule.size_cap or ENDLESS))
    else:
        np.add.at(score, places, edges)
    order = np.lexsort((-code, score, asker))  # the last of each patch has the highest score, and the smallest code
    becomes[asker[order]] = np.where(score[order] > 0, code[order], 0)
    return becomes


def apply_tile(
    classes: np.ndarray, tile: Labelled, known: Known, scope: np.ndarray, protected: np.ndarray, rule: Rule
) -> None:
    """Replace the small patches of a tile in place.

    Parameters
    ----------
    classes : (y, x) uint8, the map that was surveyed.
    tile : its patches.
    scope : (y, x) bool, pixels that may be written.
    protected : (256,) bool, classes that are never overwritten.
    """
    runs, edge = tile.runs._replace(size=tile.runs.size.copy()), slice(1, tile.along_edge)
    runs.size[tile.heads[edge]] = known.sizes[edge]
    state = np.empty(classes.shape, np.uint8)
    mark_small(classes, runs, rule.table(), state)
    becomes = np.where(protected[tile.codes[: tile.along_edge]], 0, known.becomes)
    outer = (tile.picture < tile.along_edge) & (state > 0)
    state[outer] = DONE  # decided by the merge: neither flooded nor asked
    cap, by_size = rule.size_cap or ENDLESS, rule.becomes == "largest"
    queue = np.empty((int(np.count_nonzero(state)) + 1, 2), np.int32)
    replace_patches(classes, runs, state, queue, ballot(), scope, protected, rule.connectivity == 8, by_size, cap)
    new = becomes[tile.picture[outer]]
    classes[outer] = np.where(scope[outer] & (new > 0), new, classes[outer])
