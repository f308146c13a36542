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
from mutirao.model import Reference


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
        evidence = (1, self.width - 2)
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
    years, gap = len(classes), width - 2
    read = np.empty(years, np.uint8)
    for p in range(classes.shape[1]):
        now = classes[:, p]
        read[:] = now
        for code in order:
            if not original:
                read[:] = now
            for i in range(1, years - gap):
                t = years - gap - i if descending else i
                if _is_gap(read, t, gap, code):
                    for place in range(t, t + (gap if whole_gap else 1)):
                        if may_write(writable, protected, place, now[place]):
                            now[place] = code
                            if running:
                                read[place] = code


@numba.njit(nogil=True, cache=True)
def _is_gap(read, t, gap, code):  # type: ignore[no-untyped-def]
    """Return whether a class holds before and after, but not in the gap that begins at t."""
    held = read[t - 1] == code and read[t + gap] == code
    for i in range(gap):
        held = held and read[t + i] != code
    return held
