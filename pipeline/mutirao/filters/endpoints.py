"""First and last year: the ends of a series, which no window reaches, follow the two years next to them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

import numba
import numpy as np
from pydantic import Field

from mutirao.filters.lookup import Lookup
from mutirao.filters.step import FREE, TITLE, Limits, Prepared, SeriesWork, Step, may_write
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
        return lambda: SeriesWork((self.filter, first, self.last), correct_ends, arguments, evidence=(2, 0))


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
    years, pixels = classes.shape
    if years < 3:
        return
    for p in range(pixels):
        for code in first:
            agree = classes[1, p] == code and classes[2, p] == code
            if agree and may_write(writable, protected, 0, classes[0, p]):
                classes[0, p] = code
        before = classes[years - 2, p]
        agree = last and classes[years - 3, p] == before
        if agree and may_write(writable, protected, years - 1, classes[years - 1, p]):
            classes[years - 1, p] = before
