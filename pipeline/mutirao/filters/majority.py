"""Majority in time: a series that never leaves a group of classes takes the one that it has most often, in all years.

Ties go to the class that comes first in the list. A year without a class leaves the series alone.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

import numba
import numpy as np
from pydantic import Field

from mutirao.filters.lookup import Lookup
from mutirao.filters.step import FREE, TITLE, Limits, Prepared, SeriesWork, Step, may_write
from mutirao.filters.strips import find_changing
from mutirao.model import Reference


class Majority(Step):
    """A series that never leaves a group takes its most frequent class in all years."""

    filter: Literal["majority"]
    title: str = Field(default="Settle on the most frequent class", description=TITLE)
    classes: tuple[Reference, ...] = Field(min_length=1, description="The group; of equally frequent ones the first.")

    def prepare(self, look: Lookup) -> Prepared:
        """Look up classes."""
        order = look.codes(self.classes, "classes")
        arguments = (np.array(order, np.uint8),)
        return lambda: SeriesWork((self.filter, order), settle, arguments, evidence=(0, 0))


def reference(series: Sequence[int], classes: Sequence[int], limits: Limits = FREE) -> list[int]:
    """Settle one pixel's series in plain Python."""
    if not set(series) <= set(classes):
        return list(series)
    best = max(classes, key=lambda code: (series.count(code), -classes.index(code)))
    return [best if limits.allow(t, now) else now for t, now in enumerate(series)]


@numba.njit(nogil=True, cache=True)
def settle(classes, writable, protected, order):  # type: ignore[no-untyped-def]
    """Settle series in place.

    Parameters
    ----------
    classes : (year, pixel) uint8, class codes; changed in place.
    writable, protected : see `SeriesWork.kernel`.
    order : (class,) uint8, the group; of equally frequent classes the first wins.
    """
    years = len(classes)
    counts, group = np.zeros(256, np.int64), np.zeros(256, np.bool_)
    group[order] = True
    found = find_changing(classes)
    for p in range(len(found)):
        if found[p]:
            inside, best = 0, order[0]
            for t in range(years):
                counts[classes[t, p]] += 1
                inside += group[classes[t, p]]
            for code in order:
                if counts[code] > counts[best]:
                    best = code
            for t in range(years):
                counts[classes[t, p]] = 0
                if inside == years and may_write(writable, protected, t, classes[t, p]):
                    classes[t, p] = best
