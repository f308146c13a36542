"""Persistence: what follows an event lasts for some years, whatever the classification sees in them.

A year is written if an event class stands in one of the `run` years before it, as the step found the series. Years of
an event class and years without a class stay: the one renews the event, the other is no observation.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

import numba
import numpy as np
from pydantic import Field

from mutirao.filters.lookup import Lookup
from mutirao.filters.step import FREE, TITLE, Limits, Prepared, SeriesWork, Step, may_write, table_of
from mutirao.legend import NODATA
from mutirao.model import Reference


class Persistence(Step):
    """The years after an event take a class: a field that lay fallow after soy was not grassland again."""

    filter: Literal["persistence"]
    title: str = Field(default="Let an event last", description=TITLE)
    events: tuple[Reference, ...] = Field(min_length=1, description="Classes that begin, or renew, the event.")
    run: int = Field(ge=1, le=100, description="Years after the last year of the event that are written.")
    becomes: Reference = Field(description="Class that these years take.")

    def prepare(self, look: Lookup) -> Prepared:
        """Look up classes."""
        events, becomes = look.codes(self.events, "events"), look.single(self.becomes, "becomes")
        settings = (self.filter, events, self.run, becomes)
        arguments = (table_of(events), self.run, becomes)
        return lambda: SeriesWork(settings, prolong, arguments, evidence=(1, 0))

    def classes_written(self, look: Lookup) -> frozenset[int]:
        """Return the class after an event."""
        return frozenset({look.single(self.becomes, "becomes")})


def reference(
    series: Sequence[int], events: frozenset[int], run: int, becomes: int, limits: Limits = FREE
) -> list[int]:
    """Prolong the events of one pixel's series in plain Python."""
    now = list(series)
    for t, code in enumerate(series):
        lasts = any(before in events for before in series[max(t - run, 0) : t])
        if lasts and code not in events and code != NODATA and limits.allow(t, code):
            now[t] = becomes
    return now


@numba.njit(nogil=True, cache=True)
def prolong(classes, writable, protected, events, run, becomes):  # type: ignore[no-untyped-def]
    """Prolong events in place.

    Parameters
    ----------
    classes : (year, pixel) uint8, class codes; changed in place.
    writable, protected : see `SeriesWork.kernel`.
    events : (256,) bool, classes that begin or renew an event.
    run : years after the event that are written.
    becomes : class that they take.
    """
    left = np.zeros(classes.shape[1], np.int64)
    for t in range(len(classes)):
        year = classes[t]
        for p in range(len(year)):
            now = year[p]
            if events[now]:
                left[p] = run
            elif left[p] > 0:
                left[p] -= 1
                if now != 0 and may_write(writable, protected, t, now):
                    year[p] = becomes
