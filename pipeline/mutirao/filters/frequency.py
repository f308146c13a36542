"""Frequency: a pixel that belongs to a group of classes nearly always takes the class it has most clearly.

The share of a class is its years over the years with any class. If the group's shares sum to at least `total`, the
classes of the list are tried in order; each whose own share reaches its threshold, or is above one that is given so,
takes the pixel, so the last one that does wins. Shares are compared as the decimal numbers that they are written as: 7
of 25 years reach 0.28, and are not above it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Literal

import numba
import numpy as np
from pydantic import Field

from mutirao.filters.lookup import Lookup
from mutirao.filters.shares import Above, Threshold, as_written, is_met, years_needed
from mutirao.filters.step import FREE, TITLE, Limits, Prepared, SeriesWork, Share, Step, may_write, table_of
from mutirao.filters.strips import count_class
from mutirao.legend import NODATA
from mutirao.model import Reference, ReferenceKey


class Frequency(Step):
    """A pixel that nearly always belongs to a group takes the class that it has most clearly."""

    filter: Literal["frequency"]
    title: str = Field(default="Stabilise by frequency", description=TITLE)
    group: tuple[Reference, ...] = Field(min_length=1, description="Classes whose shares of the years are summed.")
    total: Share = Field(description="Smallest summed share, 0 to 1.")
    thresholds: dict[ReferenceKey, Threshold] = Field(
        min_length=1,
        description="Smallest share by class, or `{above: 0.4}` for a share that must be exceeded; later ones win.",
    )
    writes: Literal["all", "group"] = Field(default="group", description="All valid years, or those of the group.")

    def prepare(self, look: Lookup) -> Prepared:
        """Look up classes."""
        group = look.codes(self.group, "group")
        order = [look.single(reference, "thresholds", reference) for reference in self.thresholds]
        shares = [share.model_dump() if isinstance(share, Above) else share for share in self.thresholds.values()]
        settings = (self.filter, group, self.total, order, shares, self.writes)
        needed = np.array([years_needed(share) for share in self.thresholds.values()])
        arguments = (table_of(group), years_needed(self.total), np.array(order, np.uint8), needed, self.writes == "all")
        return lambda: SeriesWork(settings, stabilise, arguments, evidence=(0, 0))

    def classes_written(self, look: Lookup) -> frozenset[int]:
        """Return the classes that have a threshold."""
        return frozenset(look.codes(self.thresholds, "thresholds"))


def reference(
    series: Sequence[int],
    group: frozenset[int],
    total: float,
    thresholds: Mapping[int, Threshold],
    *,
    whole: bool,
    limits: Limits = FREE,
) -> list[int]:
    """Stabilise one pixel's series in plain Python; `whole` rewrites all valid years, else those of the group only."""
    valid = sum(code != NODATA for code in series)
    if valid == 0 or sum(code in group for code in series) < as_written(total) * valid:
        return list(series)
    met = [code for code, least in thresholds.items() if is_met(least, series.count(code), valid)]
    return [
        met[-1] if met and now != NODATA and (whole or now in group) and limits.allow(t, now) else now
        for t, now in enumerate(series)
    ]


@numba.njit(nogil=True, cache=True)
def stabilise(classes, writable, protected, group, needed_total, order, needed, whole):  # type: ignore[no-untyped-def]
    """Stabilise series in place.

    Parameters
    ----------
    classes : (year, pixel) uint8, class codes, 0 is missing; changed in place.
    writable, protected : see `SeriesWork.kernel`.
    group : (256,) bool, classes whose shares are summed.
    needed_total : (valid years,) int64, fewest years of the group, from `years_needed`.
    order, needed : (class,) uint8 and (class, valid years) int64, classes with the fewest years of each; later ones
        win.
    whole : rewrite all valid years, else only those of the group.
    """
    years, pixels = classes.shape
    codes, place = _counted(group, order)
    counts, inside = _count_years(classes, codes, group)
    for p in range(pixels):
        valid = years - counts[0, p]
        if valid == 0 or inside[p] < needed_total[valid]:
            continue
        winner = -1
        for i in range(len(order)):
            if counts[place[i], p] >= needed[i, valid]:
                winner = i
        if winner >= 0 and order[winner] != 0:
            settled = counts[place[winner], p] if whole or group[order[winner]] else 0
            if settled < (valid if whole else inside[p]):
                _rewrite(classes, p, order[winner], group, whole, writable, protected)


@numba.njit(nogil=True, cache=True)
def _counted(group, order):  # type: ignore[no-untyped-def]
    """Return (counted,) uint8, nodata and all classes that count, and (class,) int64, where those of the order are."""
    counts = group.copy()
    counts[order] = True
    counts[0] = False
    codes = np.append(0, np.flatnonzero(counts)).astype(np.uint8)
    return codes, np.searchsorted(codes, order)


@numba.njit(nogil=True, cache=True)
def _count_years(classes, codes, group):  # type: ignore[no-untyped-def]
    """Return (counted, pixel) int16, the years of each class, and (pixel,) int16, the years of the group."""
    counts = np.zeros((len(codes), classes.shape[1]), np.int16)
    inside = np.zeros(classes.shape[1], np.int16)
    for i in range(len(codes)):
        count_class(classes, codes[i], counts[i])
        if group[codes[i]]:
            inside += counts[i]
    return counts, inside


@numba.njit(nogil=True, cache=True)
def _rewrite(classes, p, winner, group, whole, writable, protected):  # type: ignore[no-untyped-def]
    """Give the valid years of a pixel, or those of the group, to a class."""
    for t in range(len(classes)):
        now = classes[t, p]
        if now != 0 and (whole or group[now]) and may_write(writable, protected, t, now):
            classes[t, p] = winner
