"""The meaning of the sums of a survey, in plain numpy over whole maps: what `kernels` and `patches` must agree with."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import numpy as np

from mutirao.modules.checks.kernels import LandSums, SeriesSums, YearSums

Sides = tuple[np.ndarray, np.ndarray]
"""Classes and source, (y, x) each."""


def cells_of(values: np.ndarray, cell: int) -> np.ndarray:
    """Sum (…, y, x) values over squares of `cell` pixels; the last row and column of cells may be cut."""
    rows, columns = (np.arange(0, side, cell) for side in values.shape[-2:])
    return np.asarray(np.add.reduceat(np.add.reduceat(values, rows, axis=-2), columns, axis=-1))


def count_year(plane: np.ndarray, pixel_ha: np.ndarray, classes: int, cell: int) -> YearSums:
    """Return the sums of one year: (y, x) uint8 numbers of classes, float64 hectares of each pixel."""
    alone = _is_isolated(plane)
    left, above = np.zeros(plane.shape, bool), np.zeros(plane.shape, bool)
    left[:, 1:] = (plane[:, 1:] != plane[:, :-1]) & (plane[:, 1:] > 0) & (plane[:, :-1] > 0)
    above[1:] = (plane[1:] != plane[:-1]) & (plane[1:] > 0) & (plane[:-1] > 0)
    return YearSums(
        np.bincount(plane.ravel(), minlength=classes),
        np.bincount(plane.ravel(), pixel_ha.ravel(), classes),
        np.bincount(plane[alone], minlength=classes),
        cells_of(alone.astype(np.int32), cell),
        left.sum(axis=0),
        above.sum(axis=1),
    )


def _is_isolated(plane: np.ndarray) -> np.ndarray:
    height, width = plane.shape
    padded = np.pad(plane, 1)
    shifts = [(dy, dx) for dy in range(3) for dx in range(3) if (dy, dx) != (1, 1)]
    alike = [padded[dy : dy + height, dx : dx + width] == plane for dy, dx in shifts]
    return np.asarray((plane > 0) & ~np.any(alike, axis=0))


def count_land(plane: np.ndarray, inside: np.ndarray, pixel_ha: np.ndarray, cell: int) -> LandSums:
    """Return how the claims of one year and the territory differ."""
    gap, outside = inside & (plane == 0), ~inside & (plane > 0)
    cells = cells_of(gap * pixel_ha, cell), cells_of(outside * pixel_ha, cell)
    return LandSums(*cells, np.array([outside.sum()]), np.array([_box(gap), _box(outside)]))


def _box(mask: np.ndarray) -> list[int]:
    if not mask.any():
        return [np.iinfo(np.int64).max, -1] * 2
    rows, columns = np.flatnonzero(mask.any(axis=1)), np.flatnonzero(mask.any(axis=0))
    return [rows[0], rows[-1], columns[0], columns[-1]]


def count_series(
    cube: np.ndarray,
    inside: np.ndarray,
    pixel_ha: np.ndarray,
    classes: int,
    cell: int,
    steps: Sequence[bool],
    watched: np.ndarray,
) -> SeriesSums:
    """Return the sums over the years of (year, y, x) uint8 numbers of classes."""
    years, shape = len(cube), pixel_ha.shape
    differs = cube[1:] != cube[:-1]
    flicker_ha, apart_ha, visits = np.zeros((years, classes)), np.zeros(years), np.zeros(shape, np.int64)
    for t in range(1, years - 1):
        before, then, now = cube[t - 1 : t + 2]
        ends = (before > 0) & (now > 0) & steps[t - 1] & steps[t]
        visit = ends & (before == now) & (then > 0) & (then != now)
        apart_ha[t] = pixel_ha[ends & (before != now)].sum()
        flicker_ha[t] = np.bincount(then[visit], pixel_ha[visit], classes)
        visits += visit
    seen, changes = (cube > 0).any(axis=0), (differs & (cube[1:] > 0) & (cube[:-1] > 0)).sum(axis=0)
    return SeriesSums(
        _transitions(cube, pixel_ha, classes),
        differs.sum(axis=(1, 2)),
        cells_of(differs.astype(np.int32), cell),
        cells_of((differs & watched[cube[:-1], cube[1:]]).astype(np.int32), cell),
        flicker_ha,
        cells_of(visits, cell),
        apart_ha,
        np.bincount(changes[seen], minlength=max(years, 1)),
        np.array([pixel_ha[seen].sum(), pixel_ha[seen & (visits > 0)].sum()]),
        cells_of((inside & ~seen) * pixel_ha, cell),
    )


def _transitions(cube: np.ndarray, pixel_ha: np.ndarray, classes: int) -> np.ndarray:
    sums = np.zeros((len(cube) - 1, classes, classes))
    for t, (then, now) in enumerate(pairwise(cube)):
        pair = then.astype(np.int64) * classes + now
        sums[t] = np.bincount(pair.ravel(), pixel_ha.ravel(), classes**2).reshape(classes, classes)
        np.fill_diagonal(sums[t], 0)
    return sums


def small_patches_ha(plane: np.ndarray, pixel_ha: np.ndarray, classes: int, smallest_ha: float) -> np.ndarray:
    """Return (class,) hectares in patches below a size; pixels touch by sides and corners."""
    sums, left = np.zeros(classes), plane > 0
    for place in zip(*np.nonzero(plane), strict=True):
        if not left[place]:
            continue
        left[place] = False
        size, queue = 0.0, [place]
        while queue:
            y, x = queue.pop()
            size += pixel_ha[y, x]
            rows, columns = slice(max(y - 1, 0), y + 2), slice(max(x - 1, 0), x + 2)
            near = left[rows, columns] & (plane[rows, columns] == plane[place])
            left[rows, columns] &= ~near
            queue += [(rows.start + dy, columns.start + dx) for dy, dx in zip(*np.nonzero(near), strict=True)]
        if size < smallest_ha:
            sums[plane[place]] += size
    return sums


def count_seam(mine: np.ndarray, theirs: np.ndarray, cell: int) -> tuple[np.ndarray, np.ndarray]:
    """Return the sums and cells of `borders.count_seam` for two whole maps, (y, x) uint8 numbers of classes."""
    sums, apart = np.zeros((4, 2), np.int64), np.zeros((2, *mine.shape), np.int32)
    both = (mine > 0) & (theirs > 0)
    apart[0] = both & (mine != theirs)
    sums[0] = both.sum(), (both & (mine == theirs)).sum()
    beside = both[:, 1:] & both[:, :-1]
    sums[1] = 2 * beside.sum(), sum((beside & (plane[:, 1:] == plane[:, :-1])).sum() for plane in (mine, theirs))
    for y, x in np.ndindex(*mine.shape):
        for (v, u), (dy, dx) in (((y, x - 1), (-1, 0)), ((y - 1, x), (0, -1))):
            if v < 0 or u < 0:
                continue
            for one, other in ((mine, theirs), (theirs, mine)):
                is_edge = not (one[y, x] and other[v, u])
                if not one[v, u] or not other[y, x] or not is_edge:
                    continue
                sums[2] += 1, one[v, u] == other[y, x]
                apart[1, y, x] += one[v, u] != other[y, x]
                for plane, (j, i) in ((one, (v, u)), (other, (y, x))):
                    if j + dy >= 0 and i + dx >= 0 and plane[j + dy, i + dx]:
                        sums[3] += 1, plane[j + dy, i + dx] == plane[j, i]
    return sums, cells_of(apart, cell)


def count_contest(
    mine: np.ndarray, ruled: Sides, without: Sides, pixel_ha: np.ndarray, me: int
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return hectares won and lost, (256, 256) by claimed code and number of the other module, and claimed, (256,)."""
    won, lost = np.zeros((2, 256, 256))
    kept = ruled[0] == mine
    winner = np.where(ruled[1] == me, 0, ruled[1])
    np.add.at(lost, (mine[~kept], winner[~kept]), pixel_ha[~kept])
    new = kept & (without[0] != mine)
    np.add.at(won, (mine[new], without[1][new]), pixel_ha[new])
    won[0] = lost[0] = 0
    claimed = np.bincount(mine.ravel(), pixel_ha.ravel(), 256)
    claimed[0] = 0
    return won, lost, claimed


def count_released(
    mine: np.ndarray, classes: np.ndarray, source: np.ndarray, pixel_ha: np.ndarray, number: int
) -> np.ndarray:
    """Return (256, 256) hectares by code of the release and code now, where the module decided or newly claims."""
    sums = np.zeros((256, 256))
    looked = (source == number) | ((source == 0) & (mine > 0))
    np.add.at(sums, (classes[looked], mine[looked]), pixel_ha[looked])
    return sums
