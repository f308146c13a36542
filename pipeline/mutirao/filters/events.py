"""Dated polygon events with expiry: what happened at a place decides the class from the year of detection on.

Deforestation alerts are the example: each polygon has a date and a type (its cause). By type the step says which class
the pixels become and for how many years, counting the year of the event; without a number of years, to the end of the
series. Only classes in `only` are rewritten, judged year by year on the class that the step found; nodata never is.
Where events overlap, the latest one that is in force in a year decides; of two of one date, the later one in the file.
When it has expired, an earlier one that is still in force decides again. An event before the series counts as far as
it lasts into it, one after the series does nothing.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, get_args

import numpy as np
from pydantic import Field

from mutirao.filters.lookup import Lookup
from mutirao.filters.overlay import IDENTITY, Overlay, PolygonStep, Reader, rewriting
from mutirao.filters.step import FREE, TITLE, Limits, Prepared, SeriesWork
from mutirao.model import Frozen, Reference

Key = Literal["date", "year", "type"]
DEFAULT = "default"
_DATE = r"(?P<year>\d{4})([-/]\d{1,2}([-/]\d{1,2}([T ].*)?)?)?"


class Becomes(Frozen):
    """A class for some years."""

    code: Reference = Field(alias="class", description="Class that the pixels become.")
    years: int | None = Field(default=None, ge=1, description="Years, the first included; to the end if not given.")


class Events(PolygonStep):
    """Dated polygons, such as deforestation alerts, rewrite classes from their year on, for ever or for some years.

    Attributes of a polygon: `date` (2020-05-31) or `year`, and `type`. Where events overlap, the latest one that is in
    force in a year decides, of two of one date the later one in the file; when it has expired, an earlier one that is
    still in force decides again. An event before the series counts as far as it lasts into it. Nodata stays.
    """

    filter: Literal["events"]
    title: str = Field(default="Apply dated events", description=TITLE)
    becomes: dict[str, Reference | Becomes] = Field(
        min_length=1,
        description="Class by type of event, or `{class: 25, years: 3}`; `default` is for other types and none.",
    )
    only: tuple[Reference, ...] = Field(default=(), description="Classes that may be rewritten; all if empty.")
    attributes: dict[Key, str] = Field(
        default={},
        description="Attributes that are not called `date`, `year` (read where there is no date) or `type`.",
    )

    def names(self) -> dict[str, str]:
        """Return the attributes of the polygons that the step reads, by what they mean."""
        stated = {str(key): name for key, name in self.attributes.items()}
        return {key: stated.get(key, key) for key in get_args(Key)}

    def prepare(self, look: Lookup) -> Prepared:
        """Read the polygons, and look up classes."""
        overlay = self.overlay(look)
        only = frozenset(look.codes(self.only, "only")) if self.only else frozenset(range(1, 256))
        kinds = {kind: self._kind(kind, look) for kind in self.becomes}
        events = self._events(overlay, kinds, look) if overlay else []
        return lambda: self._work(overlay, events, only, look)

    def classes_written(self, look: Lookup) -> frozenset[int]:
        """Return the classes of the types of events."""
        return frozenset(self._kind(kind, look)[0] for kind in self.becomes)

    def _kind(self, kind: str, look: Lookup) -> tuple[int, int | None]:
        said = self.becomes[kind]
        if isinstance(said, Becomes):
            return look.single(said.code, "becomes", kind, "class"), said.years
        return look.single(said, "becomes", kind), None

    def _events(self, overlay: Overlay, kinds: Kinds, look: Lookup) -> list[Dated | None]:
        names = self.names()
        if overlay.rows and not {names["date"], names["year"]} & {*overlay.columns}:
            self.no_attribute(look, overlay, names["date"], "file")
            return []
        return Reader(self, look).each(overlay.rows, lambda reader: _event(reader, kinds))

    def _work(
        self, overlay: Overlay | None, events: list[Dated | None], only: frozenset[int], look: Lookup
    ) -> SeriesWork:
        assert overlay is not None, "all findings are raised before"
        meanings = [_in_order(events, members) for members in overlay.members]
        settings = (self.filter, self.layer, sorted(only))

        def table(meaning: tuple[Event, ...], t: int) -> np.ndarray:
            return _table(meaning, t, only)

        return rewriting(self, settings, meanings, table, len(look.surroundings.years))


Kinds = Mapping[str, tuple[int, int | None]]
"""Class and number of years by type."""


@dataclass(frozen=True, slots=True)
class Event:
    """What one polygon does."""

    start: int
    """Place in the series of its year; may lie before or after the series."""
    end: int | None
    """First place where it is no longer in force; None is never."""
    code: int

    def holds(self, t: int) -> bool:
        """Return whether it is in force."""
        return self.start <= t and (self.end is None or t < self.end)


@dataclass(frozen=True, slots=True)
class Dated:
    """An event and its date."""

    date: tuple[int, ...]
    event: Event


def reference(series: Sequence[int], events: Sequence[Event], only: frozenset[int], limits: Limits = FREE) -> list[int]:
    """Apply events to one pixel's series in plain Python; `events` hold it, from the earliest to the latest."""
    now = list(series)
    for t, found in enumerate(series):
        in_force = [event for event in events if event.holds(t)]
        if in_force and found in only and limits.allow(t, found):
            now[t] = in_force[-1].code
    return now


def _in_order(events: Sequence[Dated | None], members: tuple[int, ...]) -> tuple[Event, ...]:
    found = [event for i in members if (event := events[i])]
    return tuple(dated.event for dated in sorted(found, key=lambda dated: dated.date))


def _table(events: tuple[Event, ...], t: int, only: frozenset[int]) -> np.ndarray:
    """Return (256,) uint8: what each class becomes at a place in the series."""
    in_force = [event for event in events if event.holds(t)]
    now = IDENTITY.copy()
    if in_force:
        now[sorted(only)] = in_force[-1].code
    return now


def _event(reader: Reader, kinds: Kinds) -> Dated | None:
    """Return what a polygon does; None, and findings, if it cannot be read."""
    date, kind = _date(reader), _kind_of(reader, kinds)
    if date is None or kind is None:
        return None
    code, years = kind
    start = date[0] - reader.look.surroundings.years[0]
    return Dated(date, Event(start, None if years is None else start + years, code))


def _date(reader: Reader) -> tuple[int, ...] | None:
    """Return year, month and day, as far as the polygon tells them."""
    meaning = "year" if reader.value("date") is None else "date"
    value = reader.value(meaning)
    found = re.fullmatch(_DATE, str(value).removesuffix(".0"))
    if found:
        return tuple(int(part) for part in re.split("[-/]", re.split("[T ]", found[0])[0]))
    if value is None:
        remedy = f"write in '{reader.names['date']}' for example 2020-05-31, or in '{reader.names['year']}' 2020"
        reader.complain("F135", "it has no date", remedy)
    else:
        reader.unreadable(meaning, "write for example 2020-05-31, or 2020")
    return None


def _kind_of(reader: Reader, kinds: Kinds) -> tuple[int, int | None] | None:
    value = reader.value("type")
    kind = DEFAULT if value is None or str(value) not in kinds else str(value)
    if kind not in kinds:
        remedy = f"add it to 'becomes', or add '{DEFAULT}'; there are: {', '.join(kinds)}"
        reader.complain("F137", f"nothing is said about events of type '{value}'", remedy)
    return kinds.get(kind)
