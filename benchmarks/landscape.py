"""A land that can be looked at through any window: every pixel and year is a pure function of a seed and its place.

Nothing is drawn in order, so a map comes out the same whatever the tiles it is made in, and making it holds one window
at a time. Its statistics are those of the maps that the other benchmarks use: 17 classes, two of which hold a third
each, 98 % of the pixels are a year later what they were, 61 % never change in 39 years, and along a row a class goes on
for 8 pixels.

Land is cut into patches of about 14 pixels with ragged borders, and each patch has a history. Modules look at it:

- a region module maps its own territory, and a margin of `OVERLAP` pixels beyond its border; it sees one patch in 25 as
  something else than its neighbour does, so that overlaps hold conflicts and borders are seams. It sees nothing under
  clouds (one year of a cell) and in the cells that no region maps (holes of the common map);
- a theme module claims its two classes in patches of few, scattered cells.
"""

from __future__ import annotations

import numba
import numpy as np

CODES = np.array([3, 15, 4, 9, 11, 12, 18, 20, 21, 24, 25, 29, 33, 36, 39, 41, 46], np.uint8)
THEME_CODES = np.array([[24, 25], [33, 31], [30, 23], [9, 35], [5, 32], [20, 62], [46, 47], [40, 41]], np.uint8)
THEME_SHARES = (0.06, 0.03, 0.005, 0.03, 0.005, 0.02, 0.01, 0.01)
"""Share of the map that a theme claims; further themes begin again."""
OVERLAP = 40
"""Pixels that a region maps beyond its border."""
PATCH = 14
"""Side of a patch before its border is frayed, in pixels."""
_CHANGES, _VIEWS, _CLOUDS, _HOLES, _THEMES, _SITES, _WARP, _SPECKS = range(1, 9)
_CELL, _HOLE, _CLUSTER = 16, 16, 128
"""Sides of the cells of clouds, of holes and of the places that themes are found in, in pixels."""
_ENTRIES = 4096
_TABLE = CODES[np.searchsorted(np.cumsum([1 / 3, 1 / 3] + [1 / 45] * 15)[:-1], (np.arange(_ENTRIES) + 0.5) / _ENTRIES)]
"""Class by twelve random bits."""
_PRIMES = (np.uint64(0x9E3779B97F4A7C15), np.uint64(0xC2B2AE3D27D4EB4F), np.uint64(0x165667B19E3779F9))
_MIX = (np.uint64(0xBF58476D1CE4E5B9), np.uint64(0x94D049BB133111EB))
_S27, _S30, _S31 = np.uint64(27), np.uint64(30), np.uint64(31)


@numba.njit(nogil=True, inline="always")
def _bits(seed, what, a, b):  # type: ignore[no-untyped-def]
    """Return 64 random bits, the same for the same place (the finish of splitmix64)."""
    mixed = np.uint64(seed * 100003 + what) * _PRIMES[0] ^ np.uint64(a) * _PRIMES[1] ^ np.uint64(b) * _PRIMES[2]
    mixed = (mixed ^ (mixed >> _S30)) * _MIX[0]
    mixed = (mixed ^ (mixed >> _S27)) * _MIX[1]
    return mixed ^ (mixed >> _S31)


@numba.njit(nogil=True, inline="always")
def _field(bits, first, size):  # type: ignore[no-untyped-def]
    """Return a number of `size` bits from the bit `first` on."""
    return np.int64((bits >> np.uint64(first)) & np.uint64((1 << size) - 1))


@numba.njit(nogil=True, cache=True)
def _class_of(bits, t, table):  # type: ignore[no-untyped-def]
    """Return the class that a patch has t years after the first."""
    before, after = table[_field(bits, 0, 12)], table[_field(bits, 12, 12)]
    if _field(bits, 24, 8) >= 142:  # the rest changes; a quarter of it into a class that it had
        return before
    since, kind = 1 + _field(bits, 32, 16) * 38 // 65536, _field(bits, 48, 4)
    if t < since:
        return before
    if kind < 7:
        return after
    if kind < 14:  # for one to three years
        return after if t < since + 1 + min(_field(bits, 52, 2), 2) else before
    return after if t < since + 4 and (t - since) % 2 == 0 else before


@numba.njit(nogil=True, cache=True)
def _land(seed, t, y, x, table):  # type: ignore[no-untyped-def]
    """Return the patch of a pixel as 64 bits, and its class."""
    v = y + _field(_bits(seed, _WARP, y >> 5, x), 0, 2)
    u = x + _field(_bits(seed, _WARP, (y + 7) << 3, x >> 5), 0, 2)
    patch = _bits(seed, _CHANGES, v // PATCH, u // PATCH)
    speck = _bits(seed, _SPECKS, y, x)
    if _field(speck, 0, 8) < 2:
        return patch, table[_field(speck, 8, 12)]
    return patch, _class_of(patch, t, table)


@numba.njit(nogil=True, cache=True)
def _margin(sites, region, y, x, side):  # type: ignore[no-untyped-def]
    """Return by how many pixels another region's site is nearer than a region's own; 0 inside the region."""
    v = y + 0.03 * side * np.sin(x * (9.0 / side)) + 6 * np.sin(x * 0.11)
    u = x + 0.03 * side * np.sin(y * (11.0 / side)) + 6 * np.sin(y * 0.13)
    nearest = 1e18
    for i in range(len(sites)):
        away = (sites[i, 0] - v) ** 2 + (sites[i, 1] - u) ** 2
        nearest = min(nearest, away)
        if i == region:
            own = away
    return np.sqrt(own) - np.sqrt(nearest)


@numba.njit(nogil=True, cache=True)
def region_year(seed, region, sites, side, t, top, left, out, table):  # type: ignore[no-untyped-def]
    """Fill (y, x) uint8 with what a region module claims in a window, 0 where it claims nothing.

    Parameters
    ----------
    sites : (region, 2) float64, row and column about which each region lies.
    side : pixels along the side of the country.
    t : years after the first.
    """
    for i in range(out.shape[0]):
        for j in range(out.shape[1]):
            y, x = top + i, left + j
            out[i, j] = 0
            if j == 0 or x & 7 == 0:  # eight pixels are inside or outside together
                inside = _margin(sites, region, y, x & ~7, side) < OVERLAP
            if not inside or _field(_bits(seed, _HOLES, y // _HOLE, x // _HOLE), 0, 8) == 0:
                continue
            if _field(_bits(seed, _CLOUDS + 8 * (t + 1), y // _CELL, (x // _CELL) * 64 + region), 0, 8) == 0:
                continue
            patch, code = _land(seed, t, y, x, table)
            view = _bits(seed, _VIEWS + 8 * (region + 1), np.int64(patch >> np.uint64(33)), 0)
            out[i, j] = table[_field(view, 8, 12)] if _field(view, 0, 8) < 10 else code


@numba.njit(nogil=True, cache=True)
def theme_year(seed, theme, codes, share, t, top, left, out, table):  # type: ignore[no-untyped-def]
    """Fill (y, x) uint8 with what a theme module claims in a window, 0 where it claims nothing.

    A quarter of the patches of some cells is claimed, from their year on.
    """
    most = np.int64(share * 4 * 65536)
    for i in range(out.shape[0]):
        for j in range(out.shape[1]):
            y, x = top + i, left + j
            out[i, j] = 0
            if j == 0 or x % _CLUSTER == 0:
                place = _bits(seed, _THEMES + 8 * (theme + 1), y // _CLUSTER, x // _CLUSTER)
                found = _field(place, 0, 16) < most
            if not found:
                continue
            patch, _ = _land(seed, t, y, x, table)
            own = _bits(seed, _VIEWS, np.int64(patch >> np.uint64(33)), theme + 1000)
            if _field(own, 0, 8) < 80 and _field(own, 8, 6) - 48 <= t:
                out[i, j] = codes[_field(own, 16, 1)]


@numba.njit(nogil=True, cache=True)
def nearest_site(sites, side, top, left, out):  # type: ignore[no-untyped-def]
    """Fill (y, x) uint8 with the number, from 1, of the site that a pixel belongs to."""
    for i in range(out.shape[0]):
        for j in range(out.shape[1]):
            for number in range(len(sites)):
                if _margin(sites, number, top + i, left + j, side) <= 0:
                    out[i, j] = number + 1
                    break


def sites_of(seed: int, count: int, side: int) -> np.ndarray:
    """Return (count, 2) float64, places spread over a country: rows of cells, a place in each."""
    random = np.random.default_rng([seed, count, _SITES])
    rows = max(1, round(count**0.5))
    columns = [len(part) for part in np.array_split(np.arange(count), rows)]
    cells = [((row + 0.5) / rows, (c + 0.5) / n) for row, n in enumerate(columns) for c in range(n)]
    spread = random.uniform(-0.2, 0.2, (count, 2)) / np.array([[rows, max(columns)]])
    return (np.array(cells) + spread) * side


def region_claims(seed: int, region: int, regions: int, side: int, t: int, window: tuple[slice, slice]) -> np.ndarray:
    """Return (y, x) uint8, what a region module claims in a window of a country, t years after the first."""
    out = _room(window)
    region_year(seed, region, sites_of(seed, regions, side), side, t, window[0].start, window[1].start, out, _TABLE)
    return out


def theme_claims(seed: int, theme: int, t: int, window: tuple[slice, slice]) -> np.ndarray:
    """Return (y, x) uint8, what a theme module claims in a window, t years after the first."""
    out, kind = _room(window), theme % len(THEME_CODES)
    share = THEME_SHARES[kind]
    theme_year(seed, theme, THEME_CODES[kind], share, t, window[0].start, window[1].start, out, _TABLE)
    return out


def places(seed: int, count: int, side: int, window: tuple[slice, slice]) -> np.ndarray:
    """Return (y, x) uint8, which of `count` parts of a country, from 1, each pixel of a window lies in."""
    out = _room(window)
    nearest_site(sites_of(seed, count, side), side, window[0].start, window[1].start, out)
    return out


def _room(window: tuple[slice, slice]) -> np.ndarray:
    rows, columns = window
    return np.zeros((rows.stop - rows.start, columns.stop - columns.start), np.uint8)
