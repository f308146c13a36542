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
from mutirao.filters.step import FREE, READS, SCAN, TITLE, Limits, Prepared, Reads, Scan, SeriesWork, Step
from mutirao.filters.strips import BLOCK
from mutirao.model import Reference

_NEVER = 256
_ABREAST = 128 * BLOCK
"""Pixels of a year that are judged before those of the next year, so that three years stay in the nearest cache."""
_GATHERED = 512
"""Series with gaps that are worked on side by side."""


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
        return lambda: SeriesWork(settings, close_windows, arguments, evidence=evidence, streams=True)


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
    for first in range(0, pixels, _ABREAST):
        end = min(first + _ABREAST, pixels)
        for t in range(1, years - 1):
            if writable[t]:
                next_writable = t < years - 2 and writable[t + 1]
                before, now, after = classes[t - 1], classes[t], classes[t + 1]
                for start in range(first, end, BLOCK):
                    if start + BLOCK > end or _any_single_year(before, now, after, start):
                        stop = min(start + BLOCK, end)
                        _close_year(classes, t, start, stop, next_writable, protected, rank)


@numba.njit(nogil=True, cache=True)
def _any_single_year(before, now, after, start):  # type: ignore[no-untyped-def]
    """Return whether any pixel of a block has the same class before and after, and another in the year."""
    found, first = False, np.uint64(start)
    for i in range(np.uint64(BLOCK)):
        p = first + i
        found |= (before[p] == after[p]) & (before[p] != now[p])
    return found


@numba.njit(nogil=True, cache=True)
def _close_year(classes, t, start, stop, next_writable, protected, rank):  # type: ignore[no-untyped-def]
    """Close the gaps of one year in the pixels from start to stop."""
    before, year, after = classes[t - 1], classes[t], classes[t + 1]
    for p in range(start, stop):
        now, code = year[p], after[p]
        if before[p] == code and now != code and rank[code] < _NEVER and not protected[now]:
            is_rival = rank[now] < rank[code] and next_writable and not protected[code]
            if not (is_rival and classes[t + 2, p] == now):
                year[p] = code


@numba.njit(nogil=True, cache=True)
def _ranks(order):  # type: ignore[no-untyped-def]
    """Return (256,) int64, the pass of each class, or one after all if it has none."""
    rank = np.full(256, _NEVER)
    for i in range(len(order) - 1, -1, -1):
        rank[order[i]] = i
    return rank


@numba.njit(nogil=True, cache=True)
def _close_gaps(classes, writable, protected, order, gap, whole_gap, original, running, descending):  # type: ignore[no-untyped-def]
    """Close gaps of one to three years, class by class, of those series that have any gap to begin with.

    These few are gathered side by side, so that the passes run along them as along a row of pixels.
    """
    places = np.empty(_ABREAST, np.int64)
    now = np.empty((len(classes), _GATHERED), np.uint8)
    read = now if running else np.empty_like(now)
    shielded, held = np.empty_like(now), np.empty(256, np.bool_)
    for first in range(0, classes.shape[1], _ABREAST):
        count = _find_gaps(classes, first, min(first + _ABREAST, classes.shape[1]), gap, places)
        for start in range(0, count, _GATHERED):
            few = places[start : min(start + _GATHERED, count)]
            _gather(classes, few, now, shielded, held, writable, protected)
            stale = True
            for code in order:
                if held[code]:
                    if stale:
                        _copy(now, read, len(few))
                    hit = _close_class(read, now, shielded, len(few), code, gap, whole_gap, descending, protected[code])
                    stale = hit and not (original or running)
            _scatter(now, few, classes)


@numba.njit(nogil=True, cache=True)
def _find_gaps(classes, first, end, gap, places):  # type: ignore[no-untyped-def]
    """List in (place,) int64 the pixels from first to end in which any class has a gap; return how many."""
    found = np.zeros(end - first, np.bool_)
    for t in range(1, len(classes) - gap):
        before, begin, after = classes[t - 1], classes[t], classes[t + gap]
        middle, last = classes[t + gap // 2], classes[t + gap - 1]
        for start in range(first, end, BLOCK):
            if start + BLOCK > end or _any_gap(before, begin, middle, last, after, start):
                for p in range(np.uint64(start), np.uint64(min(start + BLOCK, end))):
                    code, k = before[p], p - np.uint64(first)
                    found[k] |= (code == after[p]) & (code != begin[p]) & (code != middle[p]) & (code != last[p])
    count = 0
    for i in range(len(found)):
        places[count] = first + i  # written over unless a gap was found: no branch to guess
        count += found[i]
    return count


@numba.njit(nogil=True, cache=True)
def _any_gap(before, begin, middle, last, after, start):  # type: ignore[no-untyped-def]
    """Return whether any pixel of a block has one class before and after, and others in the three years between."""
    found, first = False, np.uint64(start)
    for i in range(np.uint64(BLOCK)):
        p = first + i
        code = before[p]
        found |= (code == after[p]) & (code != begin[p]) & (code != middle[p]) & (code != last[p])
    return found


@numba.njit(nogil=True, cache=True)
def _gather(classes, places, now, shielded, held, writable, protected):  # type: ignore[no-untyped-def]
    """Copy the series at some places side by side.

    Tells in (year, series) uint8 what must not be overwritten, and in (256,) bool which classes there are.
    """
    held[:] = False
    for t in range(len(classes)):
        fixed = not writable[t]
        for k in range(len(places)):
            code = classes[t, places[k]]
            now[t, k] = code
            shielded[t, k] = fixed | protected[code]
            held[code] = True


@numba.njit(nogil=True, cache=True)
def _copy(now, read, count):  # type: ignore[no-untyped-def]
    """Copy the first series of (year, series) uint8; `read` may be the same memory."""
    for t in range(len(now)):
        for k in range(np.uint64(count)):
            read[t, k] = now[t, k]


@numba.njit(nogil=True, cache=True)
def _scatter(now, places, classes):  # type: ignore[no-untyped-def]
    """Copy series back to where they were gathered."""
    for t in range(len(classes)):
        for k in range(len(places)):
            if classes[t, places[k]] != now[t, k]:
                classes[t, places[k]] = now[t, k]


@numba.njit(nogil=True, cache=True)
def _close_class(read, now, shielded, count, code, gap, whole_gap, descending, is_protected):  # type: ignore[no-untyped-def]
    """Close the gaps of one class in the first series of (year, series) uint8; tell whether there are any."""
    hit = np.empty(now.shape[1], np.uint8)
    starts, changed = len(now) - gap, False
    for i in range(1, starts):
        t = starts - i if descending else i
        if _hit(read, t, gap, code, hit, count):
            changed = True
            for place in range(t, t + (gap if whole_gap else 1)):
                _write(now, shielded, place, hit, count, code, is_protected)
    return changed


@numba.njit(nogil=True, cache=True)
def _hit(read, t, gap, code, hit, count):  # type: ignore[no-untyped-def]
    """Write into (series,) uint8 whether a gap of a class begins in a year, and tell whether any does."""
    found, middle, last, after = False, t + gap // 2, t + gap - 1, t + gap
    for k in range(np.uint64(count)):
        held = (read[t - 1, k] == code) & (read[after, k] == code)
        here = held & (read[t, k] != code) & (read[middle, k] != code) & (read[last, k] != code)
        hit[k] = here
        found |= here
    return found


@numba.njit(nogil=True, cache=True)
def _write(now, shielded, t, hit, count, code, is_protected):  # type: ignore[no-untyped-def]
    """Write a class in a year to the series that are hit and not shielded."""
    for k in range(np.uint64(count)):
        old, shield = now[t, k], shielded[t, k]
        now[t, k] = code if hit[k] > shield else old
        shielded[t, k] = is_protected if hit[k] > shield else shield
