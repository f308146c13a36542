"""Pattern rewrite: `3 21 21 15 -> 3 21 15 15`, read as people write it.

Left, each place is a class code, a class or group name in one word (`closed-forest`), or `*` for anything, nodata
included. Right, a class or `_` to keep the year. A pattern is laid on every window of its length, or only on the first
or the last one. Reading the *original* series, all patterns are judged on the series as the step found it, and later
ones overwrite; reading the *running* one, pattern by pattern and year by year see what was written before.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numba
import numpy as np

KEEP = -1


@dataclass(frozen=True, slots=True)
class Rewrite:
    """A pattern in codes: allowed classes by place, and what is written there."""

    before: tuple[frozenset[int], ...]
    after: tuple[int, ...]
    """Class by place, -1 to keep."""


def reference(
    series: Sequence[int], rewrites: Sequence[Rewrite], *, windows: str, running: bool, descending: bool
) -> list[int]:
    """Rewrite one pixel's series in plain Python."""
    now = list(series)
    read = now if running else list(series)
    for rewrite in rewrites:
        starts = list(range(len(now) - len(rewrite.before) + 1))
        chosen = {"any": starts, "first": starts[:1], "last": starts[-1:]}[windows]
        for t in reversed(chosen) if descending else chosen:
            if all(read[t + i] in allowed for i, allowed in enumerate(rewrite.before)):
                for i, code in enumerate(rewrite.after):
                    now[t + i] = now[t + i] if code == KEEP else code
    return now


def compile_rewrites(rewrites: Sequence[Rewrite]) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return allowed (rewrite, place, 256) bool, written (rewrite, place) int16 and length (rewrite,) int64."""
    longest = max(len(rewrite.before) for rewrite in rewrites)
    allowed = np.zeros((len(rewrites), longest, 256), bool)
    written = np.full((len(rewrites), longest), KEEP, np.int16)
    for r, rewrite in enumerate(rewrites):
        for i, codes in enumerate(rewrite.before):
            allowed[r, i, list(codes)] = True
        written[r, : len(rewrite.after)] = rewrite.after
    return allowed, written, np.array([len(rewrite.before) for rewrite in rewrites])


@numba.njit(nogil=True, cache=True)
def rewrite_patterns(classes, allowed, written, lengths, first, last, running, descending):  # type: ignore[no-untyped-def]
    """Rewrite series in place.

    Parameters
    ----------
    classes : (year, pixel) uint8, class codes; changed in place.
    allowed, written, lengths : from `compile_rewrites`.
    first, last : lay patterns on the first, or the last window only; neither is every window.
    running, descending : what is read, and the scan direction; see the head of this module.
    """
    years = len(classes)
    read = np.empty(years, np.uint8)
    for p in range(classes.shape[1]):
        read[:] = classes[:, p]
        for r in range(len(lengths)):
            starts = years - lengths[r] + 1
            for i in range(starts):
                t = starts - 1 - i if descending else i
                if (first and t > 0) or (last and t < starts - 1) or not _fits(read, t, allowed[r], lengths[r]):
                    continue
                for place in range(lengths[r]):
                    if written[r, place] >= 0:
                        classes[t + place, p] = written[r, place]
                        if running:
                            read[t + place] = written[r, place]


@numba.njit(nogil=True, cache=True)
def _fits(series, start, allowed, length):  # type: ignore[no-untyped-def]
    fits = True
    for place in range(length):
        fits &= allowed[place, series[start + place]]
    return fits
