"""Two maps side by side, and one map among others: kernels over strips of rows. `checks.plain` says what they mean."""

from __future__ import annotations

import numba
import numpy as np

OVERLAP, OVERLAP_INSIDE, ACROSS, INSIDE = range(4)
"""Rows of the sums of `count_seam`: the names of `neighbourhood.Seam`."""


@numba.njit(nogil=True, cache=True)
def count_seam(mine, theirs, top, left, cell, sums, cells):  # type: ignore[no-untyped-def]
    """Compare two maps where they overlap and where they meet.

    Parameters
    ----------
    mine, theirs : (row + 1, x) uint8 numbers of classes, 0 is no claim; the first row only serves as the one above.
    top, left : place of the second row and first column, in pixels from the first cell.
    cell : side of a cell [pixels].
    sums : (4, 2) int64, what was compared and what is alike, by `OVERLAP` and so on; added to.
    cells : (2, cell row, cell column) int32, pixels that differ in the overlap, pairs that differ across the border;
        added to.
    """
    border = np.empty(mine.shape[1], np.bool_)
    for y in range(1, len(mine)):
        row = (top + y - 1) // cell
        _overlap_row(mine[y], theirs[y], left, cell, sums, cells[0, row])
        if not _find_border(mine[y - 1], mine[y], theirs[y - 1], theirs[y], border):
            continue
        for x in range(len(border)):
            if border[x]:
                at = row, (left + x) // cell
                if x > 0:
                    _pair(mine, theirs, y, x - 1, y, x, 1, 0, at, sums, cells)
                _pair(mine, theirs, y - 1, x, y, x, 0, 1, at, sums, cells)


@numba.njit(nogil=True, cache=True)
def _overlap_row(mine, theirs, left, cell, sums, cells):  # type: ignore[no-untyped-def]
    """Compare two rows where both are claimed, cell by cell so that the inner loop needs no division."""
    first, columns = 0, len(mine)
    while first < columns:
        place = (left + first) // cell
        last = min((place + 1) * cell - left, columns)
        both, alike = np.int64(0), np.int64(0)
        for x in range(first, last):
            claimed = (mine[x] != 0) & (theirs[x] != 0)
            both += claimed
            alike += claimed & (mine[x] == theirs[x])
        sums[OVERLAP, 0] += both
        sums[OVERLAP, 1] += alike
        cells[place] += both - alike
        first = last
    pairs, alike = np.int64(0), np.int64(0)
    for x in range(1, columns):
        claimed = (mine[x] != 0) & (theirs[x] != 0) & (mine[x - 1] != 0) & (theirs[x - 1] != 0)
        pairs += claimed
        alike += claimed & (mine[x] == mine[x - 1])
        alike += claimed & (theirs[x] == theirs[x - 1])
    sums[OVERLAP_INSIDE, 0] += 2 * pairs
    sums[OVERLAP_INSIDE, 1] += alike


@numba.njit(nogil=True, cache=True)
def _find_border(mine_above, mine, theirs_above, theirs, border):  # type: ignore[no-untyped-def]
    """Mark the pixels that meet the other map above or to the left, so that only these are looked at one by one.

    Two pixels meet across if one map claims this one and the other map that one, and not also the other way round.
    """
    border[0] = _meet(mine[0], theirs[0], mine_above[0], theirs_above[0])
    for x in range(1, len(border)):
        up = _meet(mine[x], theirs[x], mine_above[x], theirs_above[x])
        border[x] = up | _meet(mine[x], theirs[x], mine[x - 1], theirs[x - 1])
    found = 0
    for x in range(len(border)):
        found += border[x]
    return found > 0


@numba.njit(nogil=True, inline="always")
def _meet(a, b, c, d):  # type: ignore[no-untyped-def]
    return ((a != 0) & (d != 0)) != ((b != 0) & (c != 0))


@numba.njit(nogil=True, cache=True)
def _pair(mine, theirs, y, x, v, u, dy, dx, at, sums, cells):  # type: ignore[no-untyped-def]
    """Look at a pixel and the next one, (y, x) and (v, u); (dy, dx) leads back along the border between them."""
    a, b, c, d = mine[y, x], theirs[y, x], mine[v, u], theirs[v, u]
    if a != 0 and d != 0 and (c == 0 or b == 0):
        _across(a, d, at, sums, cells)
        _inside(mine, y, x, dy, dx, sums)
        _inside(theirs, v, u, dy, dx, sums)
    elif b != 0 and c != 0 and (a == 0 or d == 0):
        _across(b, c, at, sums, cells)
        _inside(theirs, y, x, dy, dx, sums)
        _inside(mine, v, u, dy, dx, sums)


@numba.njit(nogil=True, cache=True)
def _across(one, other, at, sums, cells):  # type: ignore[no-untyped-def]
    sums[ACROSS, 0] += 1
    sums[ACROSS, 1] += one == other
    cells[1, at[0], at[1]] += one != other


@numba.njit(nogil=True, cache=True)
def _inside(plane, y, x, dy, dx, sums):  # type: ignore[no-untyped-def]
    if x >= dx and plane[y - dy, x - dx] != 0:
        sums[INSIDE, 0] += 1
        sums[INSIDE, 1] += plane[y - dy, x - dx] == plane[y, x]


@numba.njit(nogil=True, cache=True)
def count_contest(mine, ruled, without, pixel_ha, me, won_ha, lost_ha, claimed_ha):  # type: ignore[no-untyped-def]
    """Add up what a map's claims come to under the rules.

    Parameters
    ----------
    mine : (row, x) uint8 legend codes, 0 is no claim.
    ruled, without : classes and source, (row, x) uint8 each, that the rules make of all claims, and of those of the
        others alone.
    me : number of the module in `source`.
    won_ha, lost_ha : (256, 256) float64, hectares by claimed code and number of the other module, 0 for none; added to.
    claimed_ha : (256,) float64, hectares by claimed code; added to.
    """
    classes, source = ruled
    others_classes, others_source = without
    for y in range(len(mine)):
        for x in range(mine.shape[1]):
            code = mine[y, x]
            if code == 0:
                continue
            claimed_ha[code] += pixel_ha[y, x]
            if classes[y, x] != code:
                winner = source[y, x]
                lost_ha[code, 0 if winner == me else winner] += pixel_ha[y, x]
            elif others_classes[y, x] != code:
                won_ha[code, others_source[y, x]] += pixel_ha[y, x]


@numba.njit(nogil=True, cache=True)
def count_claims(claims, pixel_ha):  # type: ignore[no-untyped-def]
    """Return the hectares at which (row, x) codes are not 0."""
    total = 0.0
    for y in range(len(claims)):
        for x in range(claims.shape[1]):
            if claims[y, x] != 0:
                total += pixel_ha[y, x]
    return total


@numba.njit(nogil=True, cache=True)
def count_released(mine, classes, source, pixel_ha, number, from_to_ha):  # type: ignore[no-untyped-def]
    """Compare a map with a release, where the module decided it, or where nobody did and it claims something now.

    Parameters
    ----------
    mine, classes, source : (row, x) uint8: codes now, codes of the release, number of the module that decided.
    number : of this module.
    from_to_ha : (256, 256) float64, hectares by code of the release and code now, equal ones included; added to.
    """
    for y in range(len(mine)):
        for x in range(mine.shape[1]):
            if source[y, x] == number or (source[y, x] == 0 and mine[y, x] != 0):
                from_to_ha[classes[y, x], mine[y, x]] += pixel_ha[y, x]


def new_seam() -> np.ndarray:
    """Return empty sums of `count_seam`."""
    return np.zeros((4, 2), np.int64)
