"""Isolated year: a class that stands alone, unlike both neighbours in time, gives way to the year before.

The passes run class by class. Within a pass neither the scan direction nor reading the original or the running series
matters: two isolated years of one class are never neighbours, and the year that takes the place has another class.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

import numba
import numpy as np
from pydantic import Field

from mutirao.filters.lookup import Lookup
from mutirao.filters.step import FREE, TITLE, Limits, Prepared, SeriesWork, Step, may_write, table_of
from mutirao.filters.strips import give, take
from mutirao.model import Reference


class Isolated(Step):
    """A year of a class that both neighbours in time differ from takes the class of the year before."""

    filter: Literal["isolated"]
    title: str = Field(default="Remove isolated years", description=TITLE)
    classes: tuple[Reference, ...] = Field(min_length=1, description="Classes in the order in which they are judged.")
    allowed: tuple[Reference, ...] = Field(default=(), description="Classes that may take the place; default: any.")

    def prepare(self, look: Lookup) -> Prepared:
        """Look up classes."""
        order = look.codes(self.classes, "classes")
        allowed = look.codes(self.allowed, "allowed") or list(range(1, 256))
        arguments = (np.array(order, np.uint8), table_of(allowed))
        return lambda: SeriesWork((self.filter, order, allowed), remove_isolated, arguments, evidence=(1, 1))


def reference(
    series: Sequence[int], classes: Sequence[int], allowed: frozenset[int], limits: Limits = FREE
) -> list[int]:
    """Remove isolated years of one pixel's series in plain Python, class by class in order."""
    now = list(series)
    for code in classes:
        before = list(now)
        for t in range(1, len(now) - 1):
            stands_alone = before[t] == code and code not in (before[t - 1], before[t + 1])
            if stands_alone and before[t - 1] in allowed and limits.allow(t, code):
                now[t] = before[t - 1]
    return now


@numba.njit(nogil=True, cache=True)
def remove_isolated(classes, writable, protected, order, allowed):  # type: ignore[no-untyped-def]
    """Remove isolated years in place.

    Taking the class of the year before isolates no other year, so only classes that stand alone to begin with have
    anything to do.

    Parameters
    ----------
    classes : (year, pixel) uint8, class codes; changed in place. The first and last year are never written.
    writable, protected : see `SeriesWork.kernel`.
    order : (class,) uint8, classes in the order of the passes.
    allowed : (256,) bool, classes of the year before that may take the place.
    """
    series = np.empty(len(classes), np.uint8)
    holder = np.full(256, -1)
    found = _find_isolated(classes)
    for p in range(len(found)):
        if found[p]:
            take(classes, p, series)
            for t in range(1, len(series) - 1):
                if series[t] != series[t - 1] and series[t] != series[t + 1]:
                    holder[series[t]] = p
            for code in order:
                if holder[code] == p:
                    _remove_class(series, code, allowed, writable, protected)
            give(classes, p, series)


@numba.njit(nogil=True, cache=True)
def _find_isolated(classes):  # type: ignore[no-untyped-def]
    """Return (pixel,) bool, true where any class stands alone in a year."""
    found = np.zeros(classes.shape[1], np.bool_)
    for t in range(1, len(classes) - 1):
        before, now, after = classes[t - 1], classes[t], classes[t + 1]
        for p in range(len(found)):
            found[p] |= (now[p] != before[p]) & (now[p] != after[p])
    return found


@numba.njit(nogil=True, cache=True)
def _remove_class(series, code, allowed, writable, protected):  # type: ignore[no-untyped-def]
    """Remove the isolated years of one class in one series."""
    for t in range(1, len(series) - 1):
        before = series[t - 1]
        stands_alone = series[t] == code and before != code and series[t + 1] != code
        if stands_alone and allowed[before] and may_write(writable, protected, t, code):
            series[t] = before
