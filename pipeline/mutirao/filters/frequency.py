"""Frequency: a pixel that belongs to a group of classes nearly always takes the class it has most clearly.

The share of a class is its years over the years with any class. If the group's shares sum to at least `total`, the
classes of the list are tried in order; each whose own share reaches its threshold takes the pixel, so the last one
that does wins.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Literal

import numba
import numpy as np
from pydantic import Field

from mutirao.filters.lookup import Lookup
from mutirao.filters.step import FREE, TITLE, Limits, Prepared, SeriesWork, Share, Step, may_write, table_of
from mutirao.legend import NODATA
from mutirao.model import Reference, ReferenceKey


class Frequency(Step):
    """A pixel that nearly always belongs to a group takes the class that it has most clearly."""

    filter: Literal["frequency"]
    title: str = Field(default="Stabilise by frequency", description=TITLE)
    group: tuple[Reference, ...] = Field(min_length=1, description="Classes whose shares of the years are summed.")
    total: Share = Field(description="Smallest summed share, 0 to 1.")
    thresholds: dict[ReferenceKey, Share] = Field(min_length=1, description="Smallest share by class; later ones win.")
    writes: Literal["all", "group"] = Field(default="group", description="All valid years, or those of the group.")

    def prepare(self, look: Lookup) -> Prepared:
        """Look up classes."""
        group = look.codes(self.group, "group")
        order = [look.single(reference, "thresholds", reference) for reference in self.thresholds]
        shares = list(self.thresholds.values())
        settings = (self.filter, group, self.total, order, shares, self.writes)
        thresholds = (np.array(order, np.uint8), np.array(shares))
        arguments = (table_of(group), self.total, *thresholds, self.writes == "all")
        return lambda: SeriesWork(settings, stabilise, arguments)


def reference(
    series: Sequence[int],
    group: frozenset[int],
    total: float,
    thresholds: Mapping[int, float],
    *,
    whole: bool,
    limits: Limits = FREE,
) -> list[int]:
    """Stabilise one pixel's series in plain Python; `whole` rewrites all valid years, else those of the group only."""
    valid = sum(code != NODATA for code in series)
    if valid == 0 or sum(code in group for code in series) < total * valid:
        return list(series)
    met = [code for code, share in thresholds.items() if series.count(code) >= share * valid]
    return [
        met[-1] if met and now != NODATA and (whole or now in group) and limits.allow(t, now) else now
        for t, now in enumerate(series)
    ]


@numba.njit(nogil=True, cache=True)
def stabilise(classes, writable, protected, group, total, order, shares, whole):  # type: ignore[no-untyped-def]
    """Stabilise series in place.

    Parameters
    ----------
    classes : (year, pixel) uint8, class codes, 0 is missing; changed in place.
    writable, protected : see `SeriesWork.kernel`.
    group : (256,) bool, classes whose shares are summed.
    total : smallest summed share of the group, 0 to 1.
    order, shares : (class,) uint8 and float64, classes with the smallest share of each; later ones win.
    whole : rewrite all valid years, else only those of the group.
    """
    counts = np.empty(256, np.int64)
    years = len(classes)
    for p in range(classes.shape[1]):
        counts[:] = 0
        in_group = 0
        for t in range(years):
            counts[classes[t, p]] += 1
            in_group += group[classes[t, p]]
        valid = years - counts[0]
        if valid == 0 or in_group < total * valid:
            continue
        winner = 0
        for i in range(len(order)):
            if counts[order[i]] >= shares[i] * valid:
                winner = order[i]
        for t in range(years if winner > 0 else 0):
            now = classes[t, p]
            if now != 0 and (whole or group[now]) and may_write(writable, protected, t, now):
                classes[t, p] = winner
