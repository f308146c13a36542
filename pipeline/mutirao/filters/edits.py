"""Polygon edits: what people saw and drew by hand overrules the map, in the years that they name.

Each polygon says which classes (`from`; none is all) become which (`to`), in which years, with which priority; the
highest number has the last word, and a polygon without one has 0. With `reads: original` every edit is judged on the
class that the step found, and of those that apply the one with the highest priority decides; with `running` the edits
are applied from the lowest priority to the highest, each on what the ones before left. Polygons of equal priority must
not give a pixel different classes: that is refused, never left to the order in the file. Nodata is no class and stays.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import combinations
from typing import Literal, get_args

import numpy as np
from pydantic import Field

from mutirao.filters.lookup import Lookup
from mutirao.filters.overlay import IDENTITY, Overlay, PolygonStep, Reader, rewriting
from mutirao.filters.step import FREE, TITLE, Limits, Prepared, SeriesWork, table_of

_Said = tuple[tuple[frozenset[int] | None, int], ...]
"""Classes and what they become, by edit in order."""
Key = Literal["from", "to", "priority", "years", "first", "last"]
_KEPT = 4096
"""Results for sets of edits that are kept; polygons repeat each other."""
_SPAN = r"(?P<year>\d{4})(\.0+)?|(?P<first>\d{4})?\s*[-–]\s*(?P<last>\d{4})?"


class Edits(PolygonStep):
    """Polygons drawn by hand give classes to the pixels that they hold.

    Attributes of a polygon: `to`, the class that pixels become; `from`, the classes that are rewritten, as a list or
    text with commas (none is all but nodata); `years`, such as `1990`, `1990-2005, 2010` or `2010-`, or `first` and
    `last` (none is all); `priority`, a whole number (none is 0): the highest has the last word. Overlapping polygons of
    equal priority that would give a pixel different classes in a year are refused (F136).
    """

    filter: Literal["edits"]
    title: str = Field(default="Apply polygon edits", description=TITLE)
    attributes: dict[Key, str] = Field(
        default={},
        description="Attributes of the file that are not called `from`, `to`, `priority`, `years`, `first` or `last`.",
    )
    reads: Literal["original", "running"] = Field(
        default="original",
        description="original: each edit is judged on the class that the step found; running: on what edits of lower "
        "priority left.",
    )

    def names(self) -> dict[str, str]:
        """Return the attributes of the polygons that the step reads, by what they mean."""
        stated = {str(key): name for key, name in self.attributes.items()}
        return {key: stated.get(key, key) for key in get_args(Key)}

    def prepare(self, look: Lookup) -> Prepared:
        """Read the polygons and refuse those that contradict each other."""
        overlay = self.overlay(look)
        edits = self._edits(overlay, look) if overlay else []
        if overlay:
            self._refuse_contradictions(overlay, edits, look)
        return lambda: self._work(overlay, edits, look)

    def classes_written(self, look: Lookup) -> frozenset[int]:
        """Return the classes that polygons give."""
        overlay = self.overlay(look)
        return frozenset(edit.to for edit in self._edits(overlay, look) if edit) if overlay else frozenset()

    def _edits(self, overlay: Overlay, look: Lookup) -> list[Edit | None]:
        name = self.names()["to"]
        if overlay.rows and name not in overlay.columns:
            if name == "to":
                self.no_attribute(look, overlay, name, "file")
            return []
        return Reader(self, look).each(overlay.rows, _edit)

    def _refuse_contradictions(self, overlay: Overlay, edits: list[Edit | None], look: Lookup) -> None:
        found: dict[tuple[int, int], int] = {}
        for members in overlay.members if edits else ():
            for pair, t in _contradictions(edits, members, running=self.reads == "running"):
                found.setdefault(pair, t)
        for (i, j), t in found.items():
            one, other, year = edits[i], edits[j], look.surroundings.years[t]
            if one and other:
                message = (
                    f"polygons {i + 1} and {j + 1} of '{self.file}' overlap with equal priority {one.priority} and "
                )
                message += f"give a pixel different classes in {year}: {one.to} and {other.to}"
                look.complain("F136", message, "give one of them a higher priority, or part them", "file")

    def _work(self, overlay: Overlay | None, edits: list[Edit | None], look: Lookup) -> SeriesWork:
        assert overlay is not None, "all findings are raised before"
        protected = frozenset(look.codes(self.protected, "protected"))
        meanings = [_in_order(edits, members) for members in overlay.members]
        running = self.reads == "running"
        settings = (self.filter, self.layer, self.reads)

        def table(meaning: tuple[Edit, ...], t: int) -> np.ndarray:
            return _table(_said(meaning, t), running, protected)

        return rewriting(self, settings, meanings, table, len(look.surroundings.years))


@dataclass(frozen=True, slots=True)
class Edit:
    """What one polygon says."""

    classes: frozenset[int] | None
    """Classes that it rewrites; None is all but nodata."""
    to: int
    priority: int
    places: frozenset[int]
    """Places in the series."""

    def takes(self, code: int) -> bool:
        """Return whether it rewrites a class."""
        return code != 0 if self.classes is None else code in self.classes


def reference(
    series: Sequence[int], edits: Sequence[Edit], *, running: bool = False, limits: Limits = FREE
) -> list[int]:
    """Edit one pixel's series in plain Python; `edits` are those of the polygons that hold it."""
    now = list(series)
    for edit in sorted(edits, key=_priority):
        for t in edit.places:
            judged = now[t] if running else series[t]
            if edit.takes(judged) and limits.allow(t, judged):
                now[t] = edit.to
    return now


def _priority(edit: Edit) -> int:
    return edit.priority


def _in_order(edits: Sequence[Edit | None], members: tuple[int, ...]) -> tuple[Edit, ...]:
    found = (edit for i in members if (edit := edits[i]))
    return tuple(sorted(dict.fromkeys(found), key=_priority))


def _said(edits: Iterable[Edit], t: int) -> _Said:
    """Return what edits say in one year."""
    return tuple((edit.classes, edit.to) for edit in edits if t in edit.places)


@lru_cache(_KEPT)
def _table(said: _Said, running: bool, protected: frozenset[int]) -> np.ndarray:
    """Return (256,) uint8: what the edits of one year, in order, make of each class."""
    now, free = IDENTITY.copy(), ~table_of(protected)
    for classes, to in said:
        taken = free & (IDENTITY > 0 if classes is None else table_of(classes))
        now[taken[now] if running else taken] = to
    return now


def _contradictions(
    edits: Sequence[Edit | None], members: tuple[int, ...], *, running: bool
) -> Iterator[tuple[tuple[int, int], int]]:
    """Yield pairs of polygons of equal priority whose order would decide a class, and the first place of the series."""
    # Polygons that say the same need no comparison; the first of them stands for all.
    distinct = {edit: i for i in reversed(members) if (edit := edits[i])}
    for (one, i), (other, j) in combinations(sorted(distinct.items(), key=lambda pair: pair[1]), 2):
        if one.priority == other.priority and one.places & other.places:
            stronger = tuple(sorted((edit for edit in distinct if edit.priority > one.priority), key=_priority))
            t = _contradiction(one, other, stronger, running)
            if t is not None:
                yield (i, j), t


@lru_cache(_KEPT)
def _contradiction(one: Edit, other: Edit, stronger: tuple[Edit, ...], running: bool) -> int | None:
    """Return the first place in the series where the order of two edits decides a class that stronger ones leave."""
    for t in sorted(one.places & other.places):
        ways = ((one, other, *stronger), (other, one, *stronger))
        first, second = (_table(_said(way, t), running, frozenset()) for way in ways)
        if (first != second).any():
            return t
    return None


def _edit(reader: Reader) -> Edit | None:
    """Return what a polygon says; None, and findings, if it cannot be read."""
    places, classes = _places(reader), reader.codes("from")
    to, priority = reader.single("to"), reader.number_of("priority")
    return None if to is None else Edit(classes, to, priority or 0, places)


def _places(reader: Reader) -> frozenset[int]:
    """Return the places in the series that a polygon names; all if it names none."""
    years = reader.look.surroundings.years
    spans = list(_spans(reader))
    strange = sorted({year for span in spans for year in span if year is not None and year not in years})
    if strange:
        message = f"{strange[0]} is outside the series, which runs from {years[0]} to {years[-1]}"
        reader.complain("F107", message, "name years of the series, or leave them out")
    listed = spans or [(None, None)]
    return frozenset(
        t for t, year in enumerate(years) for first, last in listed if (first or year) <= year <= (last or year)
    )


def _spans(reader: Reader) -> Iterator[tuple[int | None, int | None]]:
    """Yield first and last year of each span, None for an open end."""
    ends, value = (reader.number_of("first"), reader.number_of("last")), reader.value("years")
    if ends != (None, None):
        if value is not None:
            reader.complain("F135", "it has years and a first or last year", "leave one of them empty")
        yield ends
    parts = value if isinstance(value, tuple) else () if value is None else str(value).split(",")
    for part in parts:
        found = re.fullmatch(_SPAN, str(part).strip())
        first, last = (found["year"] or found["first"], found["year"] or found["last"]) if found else (None, None)
        if first is last is None or (first and last and first > last):
            reader.unreadable("years", "write for example 1990, 1990-2005, 1990-2005, 2010, or 2010-")
        else:
            yield int(first) if first else None, int(last) if last else None
