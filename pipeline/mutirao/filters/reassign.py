"""Reassign: classes become other classes, as a rule where a layer says that they cannot be what they seem.

With `where`, this is how networks use slope, height above drainage, soil or protected areas: no wetland on a slope.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Literal

import numba
import numpy as np
from pydantic import Field

from mutirao.filters.lookup import Lookup
from mutirao.filters.step import FREE, TITLE, Limits, Prepared, SeriesWork, Step, may_write
from mutirao.legend import NODATA
from mutirao.model import Reference, ReferenceKey


class Reassign(Step):
    """Classes become other classes, as a rule where a layer says so."""

    filter: Literal["reassign"]
    title: str = Field(default="Reassign classes", description=TITLE)
    map: dict[ReferenceKey, Reference | Literal["nodata"]] = Field(
        min_length=1, description="New class, or nodata, by class or group; all at once, so that two may change places."
    )

    def prepare(self, look: Lookup) -> Prepared:
        """Look up classes."""
        changes: dict[int, int] = {}
        for old, new in self.map.items():
            becomes = NODATA if new == "nodata" else look.single(new, "map", old)
            for code in sorted(look.resolve(old, "map", old)):
                if changes.setdefault(code, becomes) != becomes:
                    message = f"class {code} becomes both {changes[code]} and {becomes}"
                    look.complain("F108", message, "name each class once, by itself or in a group", "map", old)
        table = np.array([changes.get(code, code) for code in range(256)], np.uint8)
        return lambda: SeriesWork((self.filter, sorted(changes.items())), reassign, (table,))

    def classes_written(self, look: Lookup) -> frozenset[int]:
        """Return the new classes."""
        return frozenset(NODATA if new == "nodata" else look.single(new, "map", old) for old, new in self.map.items())


def reference(series: Sequence[int], changes: Mapping[int, int], limits: Limits = FREE) -> list[int]:
    """Reassign the classes of one pixel's series in plain Python."""
    return [changes.get(now, now) if limits.allow(t, now) else now for t, now in enumerate(series)]


@numba.njit(nogil=True, cache=True)
def reassign(classes, writable, protected, table):  # type: ignore[no-untyped-def]
    """Reassign classes in place.

    Parameters
    ----------
    classes : (year, pixel) uint8, class codes; changed in place.
    writable, protected : see `SeriesWork.kernel`.
    table : (256,) uint8, new class by class.
    """
    for t in range(len(classes)):
        year = classes[t]
        for p in range(len(year)):
            if table[year[p]] != year[p] and may_write(writable, protected, t, year[p]):
                year[p] = table[year[p]]
