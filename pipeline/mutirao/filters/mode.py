"""Mode in time: years of some classes take the one that the series has most often.

The years of the listed classes vote, and ties go to the class that comes first in the list, or to the smallest code if
none is listed. The winner must hold a share of all valid years, which are those with any class.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

import numba
import numpy as np
from pydantic import Field

from mutirao.filters.lookup import Lookup
from mutirao.filters.step import FREE, TITLE, Limits, Prepared, SeriesWork, Share, Step, may_write
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
        arguments = (np.array(order, np.uint8), self.inside, self.share, self.writes == "all")
        return lambda: SeriesWork(settings, settle, arguments, evidence=(0, 0))


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
    if votes.count(best) < share * valid:
        return list(series)
    written = [now != NODATA and (whole or now in classes) for now in series]
    return [best if written[t] and limits.allow(t, now) else now for t, now in enumerate(series)]


@numba.njit(nogil=True, cache=True)
def settle(classes, writable, protected, order, inside, share, whole):  # type: ignore[no-untyped-def]
    """Settle series in place.

    Parameters
    ----------
    classes : (year, pixel) uint8, class codes; changed in place.
    writable, protected : see `SeriesWork.kernel`.
    order : (class,) uint8, classes that vote; of equally frequent ones the first wins.
    inside : leave alone the series that have any other class, or none, in a year.
    share : smallest share of the winner in the valid years.
    whole : write all valid years, else those of the classes.
    """
    years = len(classes)
    counts, listed = np.empty(256, np.int64), np.zeros(256, np.bool_)
    listed[order] = True
    for p in range(classes.shape[1]):
        if _is_constant(classes[:, p]):
            continue
        counts[:] = 0
        for t in range(years):
            counts[classes[t, p]] += 1
        votes, best = 0, order[0]
        for code in order:
            votes += counts[code]
            if counts[code] > counts[best]:
                best = code
        enough = votes > 0 and counts[best] >= share * (years - counts[0])
        if enough and not (inside and votes < years):
            for t in range(years):
                now = classes[t, p]
                if now != 0 and (whole or listed[now]) and may_write(writable, protected, t, now):
                    classes[t, p] = best


@numba.njit(nogil=True, cache=True)
def _is_constant(series):  # type: ignore[no-untyped-def]
    """Return whether a series never changes, so that nothing can be settled."""
    same = True
    for t in range(1, len(series)):
        same &= series[t] == series[0]
    return same
