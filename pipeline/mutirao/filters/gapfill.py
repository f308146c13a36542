"""Gap fill: a missing year takes the class of the nearest earlier year; leading gaps take the first class.

After it a series is missing throughout or nowhere, if all years may be written.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

import numba
import numpy as np
from pydantic import Field

from mutirao.filters.lookup import Lookup
from mutirao.filters.step import FREE, TITLE, Limits, Prepared, SeriesWork, Step
from mutirao.filters.strips import holds


class GapFill(Step):
    """Missing years take the nearest earlier class, and leading ones the first class."""

    filter: Literal["gap_fill"]
    title: str = Field(default="Fill missing years", description=TITLE)

    def prepare(self, look: Lookup) -> Prepared:
        """Nothing to look up."""
        return lambda: SeriesWork((self.filter,), fill_gaps)


def reference(series: Sequence[int], limits: Limits = FREE) -> list[int]:
    """Fill one pixel's series in plain Python: forward in time, then backward; 0 is missing."""
    filled = list(series)
    for t in range(1, len(filled)):
        if limits.allow(t, 0):
            filled[t] = filled[t] or filled[t - 1]
    for t in reversed(range(len(filled) - 1)):
        if limits.allow(t, 0):
            filled[t] = filled[t] or filled[t + 1]
    return filled


@numba.njit(nogil=True, cache=True)
def fill_gaps(classes: np.ndarray, writable: np.ndarray, protected: np.ndarray) -> None:
    """Fill gaps in place.

    Parameters
    ----------
    classes : (year, pixel) uint8, class codes, 0 is missing; changed in place.
    writable, protected : see `SeriesWork.kernel`.
    """
    years = len(classes)
    for t in range(1, years):
        if writable[t] and not protected[0] and holds(classes[t], 0):
            _fill(classes[t], classes[t - 1])
    for t in range(years - 2, -1, -1):
        if writable[t] and not protected[0] and holds(classes[t], 0):
            _fill(classes[t], classes[t + 1])


@numba.njit(nogil=True, cache=True)
def _fill(year, neighbour):  # type: ignore[no-untyped-def]
    """Give the missing pixels of a year the class of a year beside it; both (pixel,) uint8."""
    for p in range(len(year)):
        now, other = year[p], neighbour[p]
        year[p] = other if now == 0 else now
