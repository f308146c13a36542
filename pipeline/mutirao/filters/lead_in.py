"""Lead-in: the years of one class that lead straight up to another are its beginning, not a use of their own.

From the first year of a target class back, the unbroken block of the class before it becomes the target, except for as
many years at the head of the block as are kept.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

import numba
from pydantic import Field

from mutirao.filters.lookup import Lookup
from mutirao.filters.step import FREE, TITLE, Limits, Prepared, SeriesWork, Step, may_write, table_of
from mutirao.filters.strips import find_changing
from mutirao.model import Reference


class LeadIn(Step):
    """The block of one class that leads up to the first year of another becomes the other."""

    filter: Literal["lead_in"]
    title: str = Field(default="Give the years before a class to it", description=TITLE)
    targets: tuple[Reference, ...] = Field(min_length=1, description="Classes whose first year is looked for.")
    lead: tuple[Reference, ...] = Field(min_length=1, description="Classes of the unbroken block before it.")
    keep: int = Field(default=0, ge=0, le=100, description="Years at the head of the block that stay.")

    def prepare(self, look: Lookup) -> Prepared:
        """Look up classes."""
        targets, lead = look.codes(self.targets, "targets"), look.codes(self.lead, "lead")
        arguments = (table_of(targets), table_of(lead), self.keep)
        settings = (self.filter, targets, lead, self.keep)
        return lambda: SeriesWork(settings, rewrite_lead_in, arguments, evidence=(0, 1))

    def classes_written(self, look: Lookup) -> frozenset[int]:
        """Return the classes that a block leads to."""
        return frozenset(look.codes(self.targets, "targets"))


def reference(
    series: Sequence[int], targets: frozenset[int], lead: frozenset[int], keep: int, limits: Limits = FREE
) -> list[int]:
    """Rewrite the lead-in of one pixel's series in plain Python."""
    now = list(series)
    first = next((t for t, code in enumerate(series) if code in targets), None)
    if first is None:
        return now
    start = first
    while start > 0 and series[start - 1] in lead:
        start -= 1
    for t in range(start + keep, first):
        if limits.allow(t, series[t]):
            now[t] = series[first]
    return now


@numba.njit(nogil=True, cache=True)
def rewrite_lead_in(classes, writable, protected, targets, lead, keep):  # type: ignore[no-untyped-def]
    """Rewrite lead-ins in place.

    Parameters
    ----------
    classes : (year, pixel) uint8, class codes; changed in place.
    writable, protected : see `SeriesWork.kernel`.
    targets : (256,) bool, classes whose first year is looked for.
    lead : (256,) bool, classes of the block before it.
    keep : years at the head of the block that stay.
    """
    found = find_changing(classes)
    for p in range(len(found)):
        first = 0
        while found[p] and first < len(classes) and not targets[classes[first, p]]:
            first += 1
        if not found[p] or first == len(classes):
            continue
        start = first
        while start > 0 and lead[classes[start - 1, p]]:
            start -= 1
        for t in range(start + keep, first):
            if may_write(writable, protected, t, classes[t, p]):
                classes[t, p] = classes[first, p]
