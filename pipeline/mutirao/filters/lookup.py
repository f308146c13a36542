"""Look up the names of a chain; every mistake is kept, so that all of them are told at once."""

from __future__ import annotations

import difflib
from collections.abc import Callable, Iterable
from typing import Protocol

import numpy as np

from mutirao.errors import Finding
from mutirao.filters.step import Between, Condition, Except, Scope, Span, Surroundings, table_of
from mutirao.model import Reference

EVERYTHING = frozenset(range(256))


class Classes(Protocol):
    """What names the classes of a chain: a legend, or the classes of a recipe."""

    @property
    def id(self) -> str:
        """Name for people."""

    def resolve(self, reference: Reference) -> frozenset[int]:
        """Return the codes of a code, class or group; KeyError if there is none."""

    def known_names(self) -> list[str]:
        """Return the names that `resolve` understands."""


Where = Callable[..., str]
_SHOWN = 20
"""Values of a layer that a remedy lists."""


class Lookup:
    """Turns the names of one step into codes; `where` tells a place of the step in its file."""

    def __init__(self, legend: Classes, where: Where, findings: list[Finding], surroundings: Surroundings) -> None:
        self.legend = legend
        self.where = where
        self.findings = findings
        self.surroundings = surroundings

    def codes(self, references: Iterable[Reference], *place: int | str) -> list[int]:
        """Return codes in order; a group stands for its classes in ascending order."""
        return [code for i, reference in enumerate(references) for code in sorted(self.resolve(reference, *place, i))]

    def order(self, references: Iterable[Reference], *place: int | str) -> np.ndarray:
        """Return codes in order as (class,) uint8."""
        return np.array(self.codes(references, *place), np.uint8)

    def table(self, references: Iterable[Reference], *place: int | str) -> np.ndarray:
        """Return (256,) bool, true at the codes."""
        return table_of(self.codes(references, *place))

    def single(self, reference: Reference, *place: int | str) -> int:
        """Return one code; a group of several is a finding."""
        codes = self.resolve(reference, *place)
        if len(codes) > 1:
            self.complain("F102", f"'{reference}' is a group of {len(codes)} classes", "name a single class", *place)
        return min(codes, default=0)

    def resolve(self, reference: Reference, *place: int | str) -> frozenset[int]:
        """Return the codes of a class or group; none, and a finding, if the legend has it not."""
        try:
            return self.legend.resolve(reference)
        except KeyError:
            message = f"'{reference}' is no class or group of the legend"
            self.complain("F101", message, self.class_hint(reference), *place)
            return frozenset()

    def class_hint(self, reference: Reference) -> str:
        """Return what may stand instead of a name that is no class or group."""
        known = self.legend.known_names()
        return f"{_hint(reference, known)}the legend '{self.legend.id}' has: {', '.join(known)}"

    def scope(self, where: dict[str, Condition]) -> Scope:
        """Return the conditions of a step in values."""
        found = []
        for layer, condition in where.items():
            if layer in self.surroundings.layers:
                found.append((layer, *self._wanted(layer, condition)))
            else:
                known = list(self.surroundings.layers)
                remedy = f"{_hint(layer, known)}layers and levels of territories are: {', '.join(known) or 'none'}"
                self.complain("F105", f"there is no layer '{layer}'", remedy, "where", layer)
        return Scope(tuple(found))

    def writable(self, span: Span | None) -> tuple[bool, ...] | None:
        """Return whether each year of the series lies in a span; years outside the series are a finding."""
        years = self.surroundings.years
        if span is None or not years:
            return None
        for name, year in (("first", span.first), ("last", span.last)):
            if year is not None and year not in years:
                message = f"{year} is outside the series, which runs from {years[0]} to {years[-1]}"
                self.complain("F107", message, "name a year of the series, or leave the key out", "years", name)
        first, last = span.first or years[0], span.last or years[-1]
        return tuple(first <= year <= last for year in years)

    def complain(self, code: str, message: str, remedy: str, *place: int | str) -> None:
        """Keep a finding."""
        self.findings.append(Finding(code, message, self.where(*place), remedy))

    def _wanted(self, layer: str, condition: Condition) -> tuple[frozenset[int] | tuple[int | None, int | None], bool]:
        if isinstance(condition, Between):
            if layer in self.surroundings.levels:
                message = f"'{layer}' are territories, whose identifiers have no order"
                self.complain("F139", message, "list identifiers of territories", "where", layer)
            return (condition.at_least, condition.at_most), True
        listed = condition.none_of if isinstance(condition, Except) else condition
        several = listed if isinstance(listed, tuple) else (listed,)
        return frozenset(self._value(layer, value) for value in several), not isinstance(condition, Except)

    def _value(self, layer: str, value: Reference) -> int:
        named = self.surroundings.layers[layer]
        name = str(value) if layer in self.surroundings.levels else value
        if isinstance(name, int) or name in named:
            return named[name] if isinstance(name, str) else name
        shown = [*named][:_SHOWN]
        rest = f" and {len(named) - _SHOWN} others" if len(named) > _SHOWN else ""
        remedy = f"{_hint(name, [*named])}values with a name are: {', '.join(shown) or 'none'}{rest}"
        self.complain("F106", f"layer '{layer}' has no value named '{name}'", remedy, "where", layer)
        return 0


def _hint(name: Reference, known: list[str]) -> str:
    near = difflib.get_close_matches(str(name), known, 1)
    return f"did you mean '{near[0]}'? " if near else ""
