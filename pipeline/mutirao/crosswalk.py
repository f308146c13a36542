"""Crosswalk tables: what the classes of one legend are in a later one. Pure values and functions, no files.

Tables lead from older legends to newer ones, so they never form a circle. Between two legends the way with the fewest
tables is taken, and there must be only one.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from graphlib import CycleError, TopologicalSorter
from itertools import pairwise
from typing import Literal

from pydantic import Field

from mutirao.errors import ConfigError, Finding
from mutirao.legend import Legend
from mutirao.model import Frozen, Id, Reference


class Crosswalk(Frozen):
    """What the classes of a legend are in another one: configs/crosswalks/<id>.yaml."""

    id: Id = Field(description="Equal to the file name.")
    title: str = Field(description="One line for people.")
    source: str = Field(default="", description="What the table rests on.")
    origin: Id = Field(alias="from", description="Legend of the old codes, a file under configs/legends/.")
    to: Id = Field(description="Legend of the new codes, a file under configs/legends/.")
    classes: dict[Reference, Reference] = Field(
        min_length=1, description="New class by old class, which may be a group: it stands for its classes."
    )
    untranslated: dict[Reference, str] = Field(
        default={}, description="Why there is no new class, by old class. Each class stands here or under 'classes'."
    )


@dataclass(frozen=True, slots=True)
class Table:
    """A crosswalk and the place that it was read from."""

    crosswalk: Crosswalk
    at: Callable[..., str]
    """Gives 'file:line:column' of a key path."""


@dataclass(frozen=True, slots=True)
class Translation:
    """What each code of one legend is in another."""

    tables: tuple[str, ...]
    """Ids of the tables that were followed, in order."""
    codes: Mapping[int, int]
    """New code by old code."""
    untranslated: Mapping[int, str]
    """Why there is no new code, by old code; of every old code that is not in `codes`."""


def translate(
    tables: Sequence[Table], legends: Mapping[str, Legend], origin: str, target: str, where: str
) -> Translation:
    """Follow the tables from one legend to another.

    Parameters
    ----------
    tables, legends : all that there are.
    origin, target : ids of legends; if they are equal, every code means itself.
    where : 'file:line:column' of what asks for the translation.

    Raises
    ------
    ConfigError
        As `find_way`; X105 to X107, all at once: a line of a table on the way is wrong, or is missing.
    """
    way = find_way(tables, legends, origin, target, where)
    readers = [_Reader(table, legends) for table in way]
    lines = [reader.read() for reader in readers]
    findings = [finding for reader in readers for finding in reader.findings]
    if findings:
        raise ConfigError(*findings)
    codes, untranslated = {code: code for code in sorted(legends[origin].codes)}, dict[int, str]()
    for mapped, lost in lines:
        untranslated |= {old: lost[code] for old, code in codes.items() if code in lost}
        codes = {old: mapped[code] for old, code in codes.items() if code in mapped}
    return Translation(tuple(table.crosswalk.id for table in way), codes, untranslated)


def find_way(
    tables: Sequence[Table], legends: Mapping[str, Legend], origin: str, target: str, where: str
) -> tuple[Table, ...]:
    """Return the fewest tables that lead from one legend to another; none if they are the same.

    Raises
    ------
    ConfigError
        X101: a legend that there is not. X102: there is no way. X103: there are two. X104: tables form a circle.
    """
    _refuse_strangers(tables, legends, {origin: where, target: where})
    _refuse_cycles(tables)
    ways: dict[str, list[tuple[Table, ...]]] = {origin: [()]}
    reached = {origin}
    while ways and target not in ways:
        ways = _one_further(tables, ways, reached)
        reached |= set(ways)
    if target not in ways:
        remedy = f"write one under configs/crosswalks/, {_known_steps(tables)}"
        message = f"no crosswalk leads from legend '{origin}' to '{target}'"
        raise ConfigError.because("X102", message, where=where, remedy=remedy)
    first, *others = ways[target]
    for other in others:
        message = f"two ways lead from legend '{origin}' to '{target}': {_names(first)}; {_names(other)}"
        remedy = f"remove one of them, or write one crosswalk from '{origin}' to '{target}'"
        raise ConfigError.because("X103", message, where=where, remedy=remedy)
    return first


def _one_further(
    tables: Sequence[Table], ways: Mapping[str, list[tuple[Table, ...]]], reached: set[str]
) -> dict[str, list[tuple[Table, ...]]]:
    """Return the ways that are one table longer, by the legend that they newly reach; two of each are enough."""
    longer: dict[str, list[tuple[Table, ...]]] = {}
    for table in tables:
        if table.crosswalk.to not in reached:
            found = [(*way, table) for way in ways.get(table.crosswalk.origin, [])]
            longer[table.crosswalk.to] = [*longer.get(table.crosswalk.to, []), *found][:2]
    return {legend: found for legend, found in longer.items() if found}


def _names(way: Sequence[Table]) -> str:
    return ", ".join(table.crosswalk.id for table in way)


def _known_steps(tables: Sequence[Table]) -> str:
    steps = [f"'{table.crosswalk.origin}' to '{table.crosswalk.to}'" for table in tables]
    return f"where these are: {', '.join(steps)}" if steps else "where there is none yet"


def _refuse_strangers(tables: Sequence[Table], legends: Mapping[str, Legend], asked: Mapping[str, str]) -> None:
    named = [*asked.items()]
    named += [(table.crosswalk.origin, table.at("from")) for table in tables]
    named += [(table.crosswalk.to, table.at("to")) for table in tables]
    unknown = [(name, where) for name, where in named if name not in legends]
    remedy = f"legends are: {', '.join(sorted(legends))}"
    findings = [Finding("X101", f"'{name}' is no legend", where, remedy) for name, where in unknown]
    if findings:
        raise ConfigError(*findings)


def _refuse_cycles(tables: Sequence[Table]) -> None:
    sorter: TopologicalSorter[str] = TopologicalSorter()
    for table in tables:
        sorter.add(table.crosswalk.to, table.crosswalk.origin)
    try:
        sorter.prepare()
    except CycleError as err:
        circle: list[str] = err.args[1]
        steps = {(table.crosswalk.origin, table.crosswalk.to): table for table in tables}
        way = [steps[step] for step in pairwise(circle)]
        message = f"crosswalks lead in a circle: {' -> '.join(circle)} ({_names(way)})"
        remedy = "let crosswalks lead from older legends to newer ones only: remove one of these"
        raise ConfigError.because("X104", message, where=way[-1].at("to"), remedy=remedy) from err


class _Reader:
    """Looks up the classes of one table and keeps every finding, so that all of them are told at once."""

    def __init__(self, table: Table, legends: Mapping[str, Legend]) -> None:
        self.table = table
        self.origin = legends[table.crosswalk.origin]
        self.target = legends[table.crosswalk.to]
        self.findings: list[Finding] = []
        self.seen: dict[int, Reference] = {}

    def read(self) -> tuple[dict[int, int], dict[int, str]]:
        """Return the new code, or the reason that there is none, by old code."""
        crosswalk = self.table.crosswalk
        mapped, lost = dict[int, int](), dict[int, str]()
        for old, new in crosswalk.classes.items():
            target = self._target(old, new)
            mapped |= dict.fromkeys(self._old("classes", old), target)
        for old, reason in crosswalk.untranslated.items():
            lost |= dict.fromkeys(self._old("untranslated", old), reason)
        self._tell_missing({*mapped, *lost})
        return mapped, lost

    def _old(self, part: Literal["classes", "untranslated"], old: Reference) -> Iterator[int]:
        for code in sorted(self._resolve(self.origin, old, part, old)):
            if code in self.seen:
                message = f"{self._class(code)} stands here and under '{self.seen[code]}'"
                self._complain("X107", message, "keep one of the two lines", part, old)
            self.seen[code] = old
            yield code

    def _target(self, old: Reference, new: Reference) -> int:
        codes = self._resolve(self.target, new, "classes", old)
        if len(codes) > 1:
            message = f"'{new}' stands for {len(codes)} classes of legend '{self.target.id}'"
            self._complain("X105", message, "name a single class, by its code", "classes", old)
        return min(codes, default=0)

    def _resolve(self, legend: Legend, reference: Reference, *place: Reference) -> frozenset[int]:
        try:
            return legend.resolve(reference)
        except KeyError:
            message = f"'{reference}' is no class or group of legend '{legend.id}'"
            self._complain("X105", message, legend.hint(reference), *place)
            return frozenset()

    def _tell_missing(self, told: set[int]) -> None:
        for code in sorted(self.origin.codes - told):
            message = f"{self._class(code)} of legend '{self.origin.id}' stands in no line"
            remedy = "name its new class under 'classes', or say under 'untranslated' why there is none"
            self._complain("X106", message, remedy, "classes")

    def _class(self, code: int) -> str:
        return f"{code} {self.origin.by_code[code].title()}"

    def _complain(self, code: str, message: str, remedy: str, *place: Reference) -> None:
        self.findings.append(Finding(code, message, self.table.at(*place), remedy))
