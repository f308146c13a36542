"""First and last year: the ends of a series, which no window reaches, follow the two years next to them.

The first year takes a listed class, in the order of the list, if the second and the third have it. Then the last year
takes the class of the two years before it: any on which they agree, nodata too, or only listed ones.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

import numba
import numpy as np
from pydantic import Field

from mutirao.filters.lookup import Lookup
from mutirao.filters.step import FREE, TITLE, Limits, Prepared, SeriesWork, Step, may_write, table_of
from mutirao.filters.strips import BLOCK, list_marked
from mutirao.model import Reference


class Endpoints(Step):
    """The first and the last year follow the two years next to them."""

    filter: Literal["endpoints"]
    title: str = Field(default="Correct the first and last year", description=TITLE)
    first: tuple[Reference, ...] = Field(default=(), description="Classes that the first year may take, in order.")
    last: bool | tuple[Reference, ...] = Field(
        default=True,
        description="Whether the last year takes the class of the two before it; or the classes that it may take, in "
        "order.",
    )

    def prepare(self, look: Lookup) -> Prepared:
        """Look up classes."""
        first = look.codes(self.first, "first")
        last = self.last if isinstance(self.last, bool) else look.codes(self.last, "last")
        arguments = (table_of(first), table_of(listed(last)))
        settings, judged = (self.filter, first, last), (0,) * bool(first) + (-1,) * bool(last)
        return lambda: SeriesWork(settings, correct_ends, arguments, evidence=(0, 0), judged=judged)


def listed(last: bool | Sequence[int]) -> Sequence[int]:
    """Return the classes that the last year may take."""
    return last if not isinstance(last, bool) else range(256) if last else ()


def reference(
    series: Sequence[int], first: Sequence[int], *, last: bool | Sequence[int], limits: Limits = FREE
) -> list[int]:
    """Correct the ends of one pixel's series in plain Python; `last` is true for any class."""
    now = list(series)
    if len(now) < 3:
        return now
    for end, near, far, codes in ((0, 1, 2, first), (-1, -2, -3, listed(last))):
        for code in codes:
            if now[end] != code and now[near] == now[far] == code and limits.allow(end % len(now), now[end]):
                now[end] = code
    return now


@numba.njit(nogil=True, cache=True)
def correct_ends(classes, writable, protected, first, last):  # type: ignore[no-untyped-def]
    """Correct the ends in place; a series of fewer than three years is left alone.

    Parameters
    ----------
    classes : (year, pixel) uint8, class codes; changed in place.
    writable, protected : see `SeriesWork.kernel`.
    first : (256,) bool, classes that the first year takes if the second and third have them.
    last : (256,) bool, classes that the last year takes if the two years before it have them.
    """
    years = len(classes)
    if years < 3:
        return
    if first.any():
        _follow(classes, 0, 1, 2, first, writable, protected)
    if last.any():
        _follow(classes, years - 1, years - 2, years - 3, last, writable, protected)


@numba.njit(nogil=True, cache=True)
def _follow(classes, end, near, far, listed, writable, protected):  # type: ignore[no-untyped-def]
    """Let an end take the class of the two years next to it, where these agree on one of (256,) bool.

    The order of a list does not matter: the two years agree on one class at most.
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
