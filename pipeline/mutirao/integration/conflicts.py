"""Who disagrees with whom: hectares by pair of modules, the classes they claim, who won and by which rule."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numba
import numpy as np

from mutirao.integration.compile import Integrated
from mutirao.legend import NODATA

COLUMNS = ("year", "module_a", "class_a", "module_b", "class_b", "winner", "rule")
"""What a kind of conflict is: index of the year, two modules by number (from 1, the lower one first) with the class
that each claims, and the number of the winning module and of the rule; these two are 0 at a coverage hole."""
_BITS = (8, 8, 8, 8, 8, 16)
"""Width of each part of a packed kind, the year aside; 56 in all."""
_FREE = np.uint64(0)
"""No kind: modules count from 1."""
_SLOTS = 1024
"""Of a table of kinds at first; a power of two."""
_SPREAD = np.uint64(0x9E3779B97F4A7C15)
"""The golden ratio of 2 ** 64, which spreads kinds that differ in any part over the table (Knuth, 6.4)."""


class Dispute(NamedTuple):
    """Two modules that claim different classes of one pixel in one year."""

    module_a: int
    class_a: int
    module_b: int
    class_b: int


@dataclass(frozen=True, slots=True)
class Conflicts:
    """Hectares by kind of conflict."""

    kinds: np.ndarray
    """(n, 7) uint16, the values of `COLUMNS`; each row once, in ascending order."""
    area_ha: np.ndarray
    """(n,) float64."""


def disputes(claims: Sequence[int]) -> Iterator[Dispute]:
    """Yield each pair of modules that disagree at one pixel: the meaning that the kernel must agree with."""
    for a, claim in enumerate(claims, start=1):
        for b, other in enumerate(claims[a:], start=a + 1):
            if NODATA not in (claim, other) and claim != other:
                yield Dispute(a, claim, b, other)


def sum_conflicts(claims: np.ndarray, integrated: Integrated, pixel_ha: np.ndarray) -> Conflicts:
    """Sum the area of each kind of conflict in a block.

    Parameters
    ----------
    claims : (module, year, y, x) uint8, class codes, 0 where a module claims nothing.
    integrated : what the rules make of these claims, (year, y, x) each.
    pixel_ha : float64, hectares of each pixel, broadcast against (y, x).
    """
    weights, slots, found = np.broadcast_to(pixel_ha, claims.shape[2:]), _SLOTS, []
    for t in range(claims.shape[1]):
        packed, areas = _sum_year(claims[:, t], integrated.year(t), weights, slots)
        slots = len(packed)
        order = np.argsort(packed)[np.count_nonzero(packed == _FREE) :]
        found.append((_unpack(t, packed[order]), areas[order]))
    kinds, area_ha = zip(*found, strict=True)
    return Conflicts(np.concatenate(kinds), np.concatenate(area_ha))


def _sum_year(
    claims: np.ndarray, decided: Integrated, pixel_ha: np.ndarray, slots: int
) -> tuple[np.ndarray, np.ndarray]:
    """Return packed kinds of a year and their areas in the slots of a hash table, large enough; `_FREE` is none."""
    packed, areas = np.zeros(slots, np.uint64), np.zeros(slots)
    if _collect(claims, decided.conflicts, decided.source, decided.rule, pixel_ha, packed, areas):
        return packed, areas
    return _sum_year(claims, decided, pixel_ha, 2 * slots)


def _unpack(t: int, packed: np.ndarray) -> np.ndarray:
    kinds = np.empty((len(packed), len(COLUMNS)), np.uint16)
    kinds[:, 0] = t
    shift = sum(_BITS)
    for column, bits in enumerate(_BITS, start=1):
        shift -= bits
        kinds[:, column] = (packed >> np.uint64(shift)) & np.uint64((1 << bits) - 1)
    return kinds


@numba.njit(nogil=True, cache=True)
def _collect(claims, against, source, rule, pixel_ha, packed, areas):  # type: ignore[no-untyped-def]
    """Sum up a year in a hash table, and return whether half of it was enough.

    Where two claims differ, one of them differs from the class that won, so only pixels with conflicts are looked at.
    """
    modules, height, width = claims.shape
    used = 0
    who, what, columns = np.empty(modules, np.uint64), np.empty(modules, np.uint64), np.empty(width, np.int64)
    for y in range(height):
        found = _where(against[y], columns)
        for x in columns[:found]:
            some = 0
            for a in range(modules):
                who[some], what[some] = a + 1, claims[a, y, x]
                some += claims[a, y, x] != NODATA
            decided = (np.uint64(source[y, x]) << np.uint64(16)) | np.uint64(rule[y, x])
            for i in range(some):
                for j in range(i + 1, some):
                    if what[i] == what[j]:
                        continue
                    kind = _pack(who[i], what[i], who[j], what[j], decided)
                    slot = _slot(packed, kind)
                    areas[slot] += pixel_ha[y, x]
                    if packed[slot] == _FREE:
                        packed[slot], used = kind, used + 1
                        if 2 * used > len(packed):
                            return False
    return True


@numba.njit(nogil=True, cache=True)
def _where(values, columns):  # type: ignore[no-untyped-def]
    """Write the columns whose values are not 0 and return their number; no branch, so that it does not go wrong."""
    found = 0
    for x in range(len(values)):
        columns[found] = x
        found += values[x] != 0
    return found


@numba.njit(nogil=True, cache=True)
def _pack(a, class_a, b, class_b, decided):  # type: ignore[no-untyped-def]
    eight = np.uint64(8)
    claimed = (((a << eight | class_a) << eight | b) << eight) | class_b
    return claimed << np.uint64(24) | decided


@numba.njit(nogil=True, cache=True)
def _slot(packed, kind):  # type: ignore[no-untyped-def]
    """Return where a kind stands in the table, or the free slot for it."""
    last = np.uint64(len(packed) - 1)
    slot = (kind * _SPREAD >> np.uint64(40)) & last
    while packed[slot] != _FREE and packed[slot] != kind:
        slot = (slot + np.uint64(1)) & last
    return slot
