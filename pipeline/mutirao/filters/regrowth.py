"""No false regrowth: after enough years of use in a row, native vegetation does not come back at once.

Years are judged in ascending order on the running series, so that a year that was blocked lengthens the run of use and
blocks the next one too.
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


class Regrowth(Step):
    """Native vegetation right after many years of use stays use; judged on the running series, years ascending."""

    filter: Literal["regrowth"]
    title: str = Field(default="Block false regrowth", description=TITLE)
    use: tuple[Reference, ...] = Field(min_length=1, description="Classes whose unbroken run is counted.")
    run: int = Field(ge=1, le=100, description="Years in a row that block.")
    native: tuple[Reference, ...] = Field(min_length=1, description="Classes that are blocked.")
    becomes: Reference | Literal["before"] = Field(
        description="Class that is written instead; before: the class of the year before."
    )

    def prepare(self, look: Lookup) -> Prepared:
        """Look up classes."""
        use, native = look.codes(self.use, "use"), look.codes(self.native, "native")
        becomes = 0 if self.becomes == "before" else look.single(self.becomes, "becomes")
        arguments = (table_of(use), self.run, table_of(native), becomes)
        settings = (self.filter, use, self.run, native, becomes)
        return lambda: SeriesWork(settings, block_regrowth, arguments, evidence=(self.run, 0))


def reference(
    series: Sequence[int],
    use: frozenset[int],
    years: int,
    native: frozenset[int],
    becomes: int,
    limits: Limits = FREE,
) -> list[int]:
    """Block regrowth in one pixel's series in plain Python; `becomes` 0 is the class of the year before."""
    now = list(series)
    for t in range(years, len(now)):
        if now[t] in native and all(code in use for code in now[t - years : t]) and limits.allow(t, now[t]):
            now[t] = becomes or now[t - 1]
    return now


@numba.njit(nogil=True, cache=True)
def block_regrowth(classes, writable, protected, use, years, native, becomes):  # type: ignore[no-untyped-def]
    """Block regrowth in place.

    Parameters
    ----------
    classes : (year, pixel) uint8, class codes; changed in place.
    writable, protected : see `SeriesWork.kernel`.
    use : (256,) bool, classes whose run is counted.
    years : length of the run that blocks.
    native : (256,) bool, classes that are blocked.
    becomes : class that is written instead; 0 is that of the year before.
    """
    found = find_changing(classes)
    for p in range(len(found)):
        alike = classes[0, p]
        if not found[p] and not (use[alike] and native[alike]):
            continue
        run = 0
        for t in range(len(classes)):
            now = classes[t, p]
            if run >= years and native[now] and may_write(writable, protected, t, now):
                classes[t, p] = becomes if becomes > 0 else classes[t - 1, p]
            run = run + 1 if use[classes[t, p]] else 0
