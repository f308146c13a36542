"""Window of 3, 4 or 5 years: years between two years of a class take that class.

The passes run class by class in order. Networks judge every window of a pass on the series as the pass found it, so
that a year that was just closed is no evidence for the next; they write only the first year of a gap in a pass and
close the rest with the next shorter window: order the steps 5, 4, 3.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

import numba
import numpy as np
from pydantic import Field

from mutirao.filters.lookup import Lookup
from mutirao.filters.step import FREE, READS, SCAN, TITLE, Limits, Prepared, Reads, Scan, SeriesWork, Step, may_write
from mutirao.filters.strips import BLOCK, give, list_marked, take
from mutirao.model import Reference

_NEVER = 256


class Window(Step):
    """An interruption of a class between two years of that class is closed."""

    filter: Literal["window"]
    title: str = Field(default="Close short interruptions", description=TITLE)
    width: Literal[3, 4, 5] = Field(default=3, description="Years in the window; the gap has two fewer.")
    classes: tuple[Reference, ...] = Field(min_length=1, description="Classes in the order in which they are closed.")
    writes: Literal["first", "gap"] = Field(default="first", description="First year of the gap, or all of it.")
    reads: Reads = Field(default="pass", description=READS)
    scan: Scan = Field(default="ascending", description=SCAN)

    def prepare(self, look: Lookup) -> Prepared:
        """Look up classes."""
        order = look.codes(self.classes, "classes")
        settings = (self.filter, self.width, self.writes, order, self.reads, self.scan)
        flags = (self.writes == "gap", self.reads == "original", self.reads == "running", self.scan == "descending")
        arguments = (np.array(order, np.uint8), self.width, *flags)
        evidence = (1, 1 if self.writes == "gap" else self.width - 2)
        return lambda: SeriesWork(settings, close_windows, arguments, evidence=evidence)


def reference(
    series: Sequence[int],
    classes: Sequence[int],
    width: int,
    *,
    whole_gap: bool,
    reads: Reads = "pass",
    descending: bool = False,
    limits: Limits = FREE,
) -> list[int]:
    """Close gaps of exactly `width - 2` years of one pixel's series in plain Python, class by class in order."""
    now, gap = list(series), width - 2
    for code in classes:
        read = {"original": list(series), "pass": list(now), "running": now}[reads]
        starts = range(1, len(now) - gap)
        for t in reversed(starts) if descending else starts:
            if read[t - 1] == read[t + gap] == code and code not in read[t : t + gap]:
                for i in range(t, t + (gap if whole_gap else 1)):
                    now[i] = code if limits.allow(i, now[i]) else now[i]
    return now


@numba.njit(nogil=True, cache=True)
def close_windows(classes, writable, protected, order, width, whole_gap, original, running, descending):  # type: ignore[no-untyped-def]
    """Close gaps of exactly `width - 2` years in place.

    Parameters
    ----------
    classes : (year, pixel) uint8, class codes; changed in place. The first and last year are never written.
    writable, protected : see `SeriesWork.kernel`.
    order : (class,) uint8, classes in the order of the passes.
    width : years in the window, 3 to 5: the gap and one year on each side.
    whole_gap : write all years of the gap, or its first only.
    original, running, descending : what is read, and the order of the years.
    """
    if width == 3 and not original:
        _close_single_years(classes, writable, protected, order)
    else:
        _close_gaps(classes, writable, protected, order, width - 2, whole_gap, original, running, descending)


@numba.njit(nogil=True, cache=True)
def _close_single_years(classes, writable, protected, order):  # type: ignore[no-untyped-def]
    """Close gaps of one year, all classes at once, years ascending.

    A year between two years of another class is a candidate. Closing it makes no candidate; it only ends that of the
    year before and after, which lie between two years of the class that was just overwritten. So of two candidates side
    by side the one whose class has the earlier pass is closed. The year before was judged already: either it was closed
    and this one is no candidate any more, or it gave way; only the year after is left to compare with. Neither the scan
    direction nor reading the running series matters.
    """
    years, pixels = classes.shape
    rank = _ranks(order)
    candidate = np.zeros(-(-pixels // BLOCK) * BLOCK, np.uint8)
    words, places = candidate.view(np.uint64), np.empty(pixels, np.int64)
    for t in range(1, years - 1):
        if writable[t]:
            _mark_single_years(classes, t, candidate)
            next_writable = t < years - 2 and writable[t + 1]
            for p in places[: list_marked(candidate, words, places)]:
                now, code = classes[t, p], classes[t + 1, p]
                gives_way = (
                    rank[now] < rank[code] and next_writable and not protected[code] and classes[t + 2, p] == now
                )
                if rank[code] < _NEVER and not protected[now] and not gives_way:
                    classes[t, p] = code


@numba.njit(nogil=True, cache=True)
def _ranks(order):  # type: ignore[no-untyped-def]
    """Return (256,) int64, the pass of each class, or one after all if it has none."""
    rank = np.full(256, _NEVER)
    for i in range(len(order) - 1, -1, -1):
        rank[order[i]] = i
    return rank


@numba.njit(nogil=True, cache=True)
def _mark_single_years(classes, t, candidate):  # type: ignore[no-untyped-def]
    """Mark the pixels whose class before and after a year is the same, and another than in the year."""
    before, now, after = classes[t - 1], classes[t], classes[t + 1]
    for p in range(len(now)):
        candidate[p] = (before[p] == after[p]) & (before[p] != now[p])


@numba.njit(nogil=True, cache=True)
def _close_gaps(classes, writable, protected, order, gap, whole_gap, original, running, descending):  # type: ignore[no-untyped-def]
    """Close gaps of one to three years, class by class, of those series that have any gap to begin with."""
    series = np.empty(len(classes), np.uint8)
    read = np.empty_like(series)
    holder = np.full(256, -1)
    found = _find_gaps(classes, gap)
    for p in range(len(found)):
        if found[p]:
            take(classes, p, series)
            read[:] = series
            for t in range(len(series)):
                holder[series[t]] = p
            for code in order:
                if holder[code] == p:
                    if not original:
                        read[:] = series
                    _close_class(series, read, code, gap, whole_gap, running, descending, writable, protected)
            give(classes, p, series)


@numba.njit(nogil=True, cache=True)
def _find_gaps(classes, gap):  # type: ignore[no-untyped-def]
    """Return (pixel,) bool, true where any class has a gap of one to three years."""
    found = np.zeros(classes.shape[1], np.bool_)
    for t in range(1, len(classes) - gap):
        before, first, middle, last, after = (
            classes[t - 1],
            classes[t],
            classes[t + gap // 2],
            classes[t + gap - 1],
            classes[t + gap],
        )
        for p in range(len(found)):
            code = before[p]
            found[p] |= (code == after[p]) & (code != first[p]) & (code != middle[p]) & (code != last[p])
    return found


@numba.njit(nogil=True, cache=True)
def _close_class(series, read, code, gap, whole_gap, running, descending, writable, protected):  # type: ignore[no-untyped-def]
    """Close the gaps of one class in one series, as the reference does."""
    starts = len(series) - gap
    for i in range(1, starts):
        t = starts - i if descending else i
        if _is_gap(read, t, gap, code):
            for place in range(t, t + (gap if whole_gap else 1)):
                if may_write(writable, protected, place, series[place]):
                    series[place] = code
                    if running:
                        read[place] = code


@numba.njit(nogil=True, cache=True)
def _is_gap(read, t, gap, code):  # type: ignore[no-untyped-def]
    """Return whether a class holds before and after, but not in the gap that begins at t."""
    held, i = read[t - 1] == code and read[t + gap] == code, 0
    while held and i < gap:
        held = read[t + i] != code
        i += 1
    return held
