"""Mode in time: years of some classes take the one that the series has most often.

The years of the listed classes vote, and ties go to the class that comes first in the list, or to the smallest code if
none is listed. The winner must hold a share of all valid years, which are those with any class. With `inside`, a series
settles only if it never leaves the classes, so that a year without a class leaves it alone.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

import numba
import numpy as np
from pydantic import Field

from mutirao.filters.lookup import EVERYTHING, Lookup
from mutirao.filters.shares import is_met, years_needed
from mutirao.filters.step import FREE, TITLE, Limits, Prepared, SeriesWork, Share, Step, may_write
from mutirao.filters.strips import find_changing, take
from mutirao.legend import NODATA
from mutirao.model import Reference


class Mode(Step):
    """Years of some classes take the class that the series has most often."""

    filter: Literal["mode"]
    title: str = Field(default="Settle on the most frequent class", description=TITLE)
    classes: tuple[Reference, ...] = Field(
        default=(), description="Classes that vote and are written; of equally frequent ones the first. Default: all."
    )
    inside: bool = Field(default=False, description="Only in series that have these classes in every year.")
    share: Share = Field(default=0.0, description="Smallest share of the valid years that the winner must have.")
    writes: Literal["classes", "all"] = Field(default="classes", description="Years of these classes, or all valid.")

    def prepare(self, look: Lookup) -> Prepared:
        """Look up classes."""
        order = look.codes(self.classes, "classes") or list(range(1, 256))
        settings = (self.filter, order, self.inside, self.share, self.writes)
        arguments = (np.array(order, np.uint8), self.inside, years_needed(self.share), self.writes == "all")
        return lambda: SeriesWork(settings, settle, arguments, evidence=(0, 0))

    def classes_written(self, look: Lookup) -> frozenset[int]:
        """Return the classes that vote."""
        return frozenset(look.codes(self.classes, "classes")) or EVERYTHING - {NODATA}


def reference(
    series: Sequence[int],
    classes: Sequence[int],
    *,
    inside: bool = False,
    share: float = 0.0,
    whole: bool = False,
    limits: Limits = FREE,
) -> list[int]:
    """Settle one pixel's series in plain Python; `whole` writes all valid years, else those of the classes."""
    votes = [code for code in series if code in classes]
    if not votes or (inside and len(votes) < len(series)):
        return list(series)
    best = max(classes, key=lambda code: (votes.count(code), -classes.index(code)))
    valid = len(series) - series.count(NODATA)
    if not is_met(share, votes.count(best), valid):
        return list(series)
    written = [now != NODATA and (whole or now in classes) for now in series]
    return [best if written[t] and limits.allow(t, now) else now for t, now in enumerate(series)]


@numba.njit(nogil=True, cache=True)
def settle(classes, writable, protected, order, inside, needed, whole):  # type: ignore[no-untyped-def]
    """Settle series in place.

    Parameters
    ----------
    classes : (year, pixel) uint8, class codes; changed in place.
    writable, protected : see `SeriesWork.kernel`.
    order : (class,) uint8, classes that vote; of equally frequent ones the first wins.
    inside : leave alone the series that have any other class, or none, in a year.
    needed : (valid years,) int64, fewest years of the winner, from `years_needed`.
    whole : write all valid years, else those of the classes.
    """
    counts, listed, rank = np.zeros(256, np.int64), np.zeros(256, np.bool_), np.full(256, len(order))
    listed[order] = True
    written = np.ones(256, np.bool_) if whole else listed.copy()
    written[0] = False
    for i in range(len(order) - 1, -1, -1):
        rank[order[i]] = i
    series = np.empty(len(classes), np.uint8)
    found = find_changing(classes)
    for p in range(len(found)):
        if not found[p]:
            continue
        take(classes, p, series)
        votes = 0
        for code in series:
            counts[code] += 1
            votes += listed[code]
        # The shorter of the two holds all classes that may win.
        best = _most_frequent(order if len(order) < len(series) else series, counts, listed, rank)
        enough = votes > 0 and counts[best] >= needed[len(series) - counts[0]] and not (inside and votes < len(series))
        for t in range(len(series)):
            now = series[t]
            counts[now] = 0
            if enough and now != best and written[now] and may_write(writable, protected, t, now):
                classes[t, p] = best


@numba.njit(nogil=True, cache=True)
def _most_frequent(candidates, counts, listed, rank):  # type: ignore[no-untyped-def]
    """Return the candidate that votes and has most years; of equally frequent ones that of the lowest rank."""
    best, most = candidates[0], -1
    for code in candidates:
        if listed[code] and (counts[code] > most or (counts[code] == most and rank[code] < rank[best])):
            best, most = code, counts[code]
    return best
