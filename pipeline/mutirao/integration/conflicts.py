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
    weights = np.broadcast_to(pixel_ha, claims.shape[2:]).ravel()
    years = [_sum_year(t, claims[:, t], integrated, weights) for t in range(claims.shape[1])]
    return Conflicts(np.concatenate([kinds for kinds, _ in years]), np.concatenate([areas for _, areas in years]))


def _sum_year(t: int, claims: np.ndarray, integrated: Integrated, weights: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    flat = np.ascontiguousarray(claims).reshape(len(claims), -1)
    against, source, rule = (layer[t].ravel() for layer in (integrated.conflicts, integrated.source, integrated.rule))
    # Most is never touched, and memory that is not touched costs nothing.
    most = np.count_nonzero(against) * len(claims) * (len(claims) - 1) // 2
    packed, areas = np.empty(most, np.uint64), np.empty(most)
    used = _collect(flat, against, source, rule, weights, packed, areas)
    kinds, kind = np.unique(packed[:used], return_inverse=True)
    return _unpack(t, kinds), np.bincount(kind, areas[:used], len(kinds))


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
    """Write a kind and its area for each run of pixels in which a pair of modules disagrees in the same way.

    Where two claims differ, one of them differs from the class that won, so only pixels with conflicts are looked at.
    """
    modules = len(claims)
    kinds = np.zeros((modules, modules), np.uint64)
    held = np.zeros((modules, modules))
    used = 0
    for p in range(len(against)):
        if against[p] == 0:
            continue
        for a in range(modules):
            for b in range(a + 1, modules):
                if claims[a, p] == 0 or claims[b, p] == 0 or claims[a, p] == claims[b, p]:
                    continue
                kind = _pack(a + 1, claims[a, p], b + 1, claims[b, p], source[p], rule[p])
                if kind != kinds[a, b]:
                    used = _put(used, kinds[a, b], held[a, b], packed, areas)
                    kinds[a, b], held[a, b] = kind, 0.0
                held[a, b] += pixel_ha[p]
    for a in range(modules):
        for b in range(a + 1, modules):
            used = _put(used, kinds[a, b], held[a, b], packed, areas)
    return used


@numba.njit(nogil=True, cache=True)
def _pack(a, class_a, b, class_b, source, rule):  # type: ignore[no-untyped-def]
    high = (np.uint64(a) << np.uint64(24)) | (np.uint64(class_a) << np.uint64(16))
    high |= (np.uint64(b) << np.uint64(8)) | np.uint64(class_b)
    return (high << np.uint64(24)) | (np.uint64(source) << np.uint64(16)) | np.uint64(rule)


@numba.njit(nogil=True, cache=True)
def _put(used, kind, area, packed, areas):  # type: ignore[no-untyped-def]
    if kind == 0:
        return used
    packed[used], areas[used] = kind, area
    return used + 1
