"""Pattern rewrite: windows of a series that fit a pattern of classes are rewritten as the pattern says.

Rewrites run in their order, and each is tried at every window, years ascending or descending. What a rewrite reads is
the series as the step found it (`original`), as its own pass found it (`pass`), or the running one, in which earlier
hits are visible.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numba
import numpy as np
from pydantic import Field

from mutirao.filters.lookup import EVERYTHING, Lookup
from mutirao.filters.step import FREE, READS, SCAN, TITLE, Limits, Prepared, Reads, Scan, SeriesWork, Step, may_write
from mutirao.model import Reference

KEEP = -1


class Pattern(Step):
    """Series of classes are rewritten: `3 21 21 15 -> 3 21 15 15`, with groups, `*` (anything) and `_` (keep)."""

    filter: Literal["pattern"]
    title: str = Field(default="Rewrite patterns", description=TITLE)
    rewrites: tuple[str, ...] = Field(min_length=1, description="Patterns in order; names in one word, as open-land.")
    windows: Literal["any", "first", "last"] = Field(
        default="any", description="Where in the series a pattern is laid."
    )
    reads: Reads = Field(default="original", description=READS)
    scan: Scan = Field(default="ascending", description=SCAN)

    def prepare(self, look: Lookup) -> Prepared:
        """Read the patterns."""
        rewrites = [read_rewrite(text, look, "rewrites", i) for i, text in enumerate(self.rewrites)]
        plain = [([sorted(codes) for codes in rewrite.before], rewrite.after) for rewrite in rewrites]
        settings = (self.filter, plain, self.windows, self.reads, self.scan)
        laid = (self.windows == "first", self.windows == "last")
        read = (self.reads == "original", self.reads == "running", self.scan == "descending")
        return lambda: SeriesWork(settings, rewrite_patterns, (*compile_rewrites(rewrites), *laid, *read))


@dataclass(frozen=True, slots=True)
class Rewrite:
    """A pattern in codes: allowed classes by place, and what is written there."""

    before: tuple[frozenset[int], ...]
    after: tuple[int, ...]
    """Class by place, -1 to keep."""


def read_rewrite(text: str, look: Lookup, *place: int | str) -> Rewrite:
    """Read a pattern such as `3 21 21 15 -> 3 21 15 15`."""
    left, arrow, right = text.partition("->")
    before, after = left.split(), right.split()
    if not arrow or not before or len(before) != len(after):
        message = f"'{text}' has {len(before)} places on the left and {len(after)} on the right of '->'"
        look.complain("F103", message, "write as many on both sides, for example '3 21 3 -> _ 3 _'", *place)
        return Rewrite((), ())
    allowed = tuple(EVERYTHING if token == "*" else look.resolve(_reference(token), *place) for token in before)
    return Rewrite(allowed, tuple(_written(token, look, *place) for token in after))


def _written(token: str, look: Lookup, *place: int | str) -> int:
    if token == "*":
        look.complain("F104", "'*' stands on the right side", "write '_' to keep a year as it is", *place)
    return KEEP if token in ("_", "*") else look.single(_reference(token), *place)


def _reference(token: str) -> Reference:
    return int(token) if token.isdigit() else token


def reference(
    series: Sequence[int],
    rewrites: Sequence[Rewrite],
    *,
    windows: str = "any",
    reads: Reads = "original",
    descending: bool = False,
    limits: Limits = FREE,
) -> list[int]:
    """Rewrite one pixel's series in plain Python."""
    now = list(series)
    for rewrite in rewrites:
        read = {"original": list(series), "pass": list(now), "running": now}[reads]
        starts = list(range(len(now) - len(rewrite.before) + 1))
        chosen = {"any": starts, "first": starts[:1], "last": starts[-1:]}[windows]
        for t in reversed(chosen) if descending else chosen:
            if all(read[t + i] in allowed for i, allowed in enumerate(rewrite.before)):
                for i, code in enumerate(rewrite.after, start=t):
                    now[i] = code if code != KEEP and limits.allow(i, now[i]) else now[i]
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
def rewrite_patterns(  # type: ignore[no-untyped-def]
    classes, writable, protected, allowed, written, lengths, first, last, original, running, descending
):
    """Rewrite series in place.

    Parameters
    ----------
    classes : (year, pixel) uint8, class codes; changed in place.
    writable, protected : see `SeriesWork.kernel`.
    allowed, written, lengths : from `compile_rewrites`.
    first, last : lay patterns on the first, or the last window only; neither is every window.
    original, running, descending : what is read, and the scan direction; see the head of this module.
    """
    years = len(classes)
    read = np.empty(years, np.uint8)
    for p in range(classes.shape[1]):
        now = classes[:, p]
        read[:] = now
        for r in range(len(lengths)):
            if not original:
                read[:] = now
            starts = years - lengths[r] + 1
            for i in range(starts):
                t = starts - 1 - i if descending else i
                if (first and t > 0) or (last and t < starts - 1) or not _fits(read, t, allowed[r], lengths[r]):
                    continue
                for place in range(lengths[r]):
                    code = written[r, place]
                    if code >= 0 and may_write(writable, protected, t + place, now[t + place]):
                        now[t + place] = code
                        if running:
                            read[t + place] = code


@numba.njit(nogil=True, cache=True)
def _fits(series, start, allowed, length):  # type: ignore[no-untyped-def]
    fits = True
    for place in range(length):
        fits &= allowed[place, series[start + place]]
    return fits
