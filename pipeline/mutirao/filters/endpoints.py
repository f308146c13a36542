"""First and last year: the ends of a series, which no window reaches, follow the two years next to them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

import numba
import numpy as np
from pydantic import Field

from mutirao.filters.lookup import Lookup
from mutirao.filters.step import FREE, TITLE, Limits, Prepared, SeriesWork, Step, may_write
from mutirao.filters.strips import BLOCK, list_marked
from mutirao.model import Reference


class Endpoints(Step):
    """The first and the last year follow the two years next to them."""

    filter: Literal["endpoints"]
    title: str = Field(default="Correct the first and last year", description=TITLE)
    first: tuple[Reference, ...] = Field(default=(), description="Classes that the first year may take, in order.")
    last: bool = Field(default=True, description="Whether the last year takes the class of the two before it.")

    def prepare(self, look: Lookup) -> Prepared:
        """Look up classes."""
        first = look.codes(self.first, "first")
        arguments = (np.array(first, np.uint8), self.last)
        settings, judged = (self.filter, first, self.last), (0,) * bool(first) + (-1,) * self.last
        return lambda: SeriesWork(settings, correct_ends, arguments, evidence=(0, 0), judged=judged)


def reference(series: Sequence[int], first: Sequence[int], *, last: bool, limits: Limits = FREE) -> list[int]:
    """Correct the ends of one pixel's series in plain Python."""
    now = list(series)
    if len(now) < 3:
        return now
    for code in first:
        if now[0] != code and now[1] == now[2] == code and limits.allow(0, now[0]):
            now[0] = code
    if last and now[-3] == now[-2] != now[-1] and limits.allow(len(now) - 1, now[-1]):
        now[-1] = now[-2]
    return now


@numba.njit(nogil=True, cache=True)
def correct_ends(classes, writable, protected, first, last):  # type: ignore[no-untyped-def]
    """Correct the ends in place; a series of fewer than three years is left alone.

    Parameters
    ----------
    classes : (year, pixel) uint8, class codes; changed in place.
    writable, protected : see `SeriesWork.kernel`.
    first : (class,) uint8, classes that the first year takes if the second and third have them, in order.
    last : let the last year take the class of the two years before it, if these agree.
    """
    years = len(classes)
    if years < 3:
        return
    listed = np.zeros(256, np.bool_)
    listed[first] = True
    if len(first):
        _follow(classes, 0, 1, 2, listed, writable, protected)
    if last:
        listed[:] = True
        _follow(classes, years - 1, years - 2, years - 3, listed, writable, protected)


@numba.njit(nogil=True, cache=True)
def _follow(classes, end, near, far, listed, writable, protected):  # type: ignore[no-untyped-def]
    """Let an end take the class of the two years next to it, where these agree on a listed one.

    The order of the list does not matter: the two years agree on one class at most.
    """
    pixels = classes.shape[1]
    marked = np.zeros(-(-pixels // BLOCK) * BLOCK, np.uint8)
    places = np.empty(pixels, np.int64)
    year, one, two = classes[end], classes[near], classes[far]
    for p in range(pixels):
        marked[p] = (one[p] == two[p]) & (one[p] != year[p])
    for p in places[: list_marked(marked, marked.view(np.uint64), places)]:
        if listed[one[p]] and may_write(writable, protected, end, year[p]):
            year[p] = one[p]
