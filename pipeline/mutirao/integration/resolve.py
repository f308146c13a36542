"""From rules as people write them to rules in codes: every name is looked up once, and every mistake is reported."""

from __future__ import annotations

import difflib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from mutirao.collection import Mosaic, Years
from mutirao.errors import ConfigError, Finding
from mutirao.integration.prevalence import (
    SKIP,
    Assign,
    Conditions,
    Fill,
    From,
    Map,
    References,
    Rule,
    RuleSet,
    StatedVocabulary,
    as_tuple,
)
from mutirao.legend import NODATA, Legend
from mutirao.model import Reference

Where = Callable[..., str]
Allowed = tuple[tuple[str, frozenset[int]], ...]
Mosaics = Mapping[str, tuple[str, Mapping[int, str]]]
"""By mosaic the layer that tells its members apart, and the member module by value of the layer."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a rule or exception gives: the claim of `source`, translated by `table`; or nothing, if it steps back."""

    source: str
    table: tuple[tuple[int, int], ...] = ()
    """New class by claimed class; a class that is not listed is kept."""
    constant: int | None = None
    skip: bool = False
    listed_only: bool = False
    """Whether an exception holds only for the claims that `table` lists."""

    def takes(self, claim: int) -> bool:
        """Return whether an exception can give this outcome for a claim of the source."""
        return claim != NODATA and (not self.listed_only or claim in dict(self.table))

    def code(self, claim: int) -> int:
        """Return the class for a claim of the source."""
        return self.constant if self.constant is not None else dict(self.table).get(claim, claim)


@dataclass(frozen=True, slots=True)
class Case:
    """An exception in codes."""

    when: Allowed
    outcome: Outcome


@dataclass(frozen=True, slots=True)
class ResolvedRule:
    """A rule in codes; `number` counts from 1 in order of priority."""

    number: int
    id: str
    claim: Allowed
    where: Allowed
    years: Years | None
    cases: tuple[Case, ...]
    outcome: Outcome


@dataclass(frozen=True, slots=True)
class Vocabulary:
    """What rules may speak of."""

    legend: Legend
    modules: tuple[str, ...]
    layers: Mapping[str, Mapping[str, int]]
    """Names of values by layer."""
    mosaics: Mosaics = field(default_factory=dict)

    @property
    def sources(self) -> tuple[str, ...]:
        """Everything that claims: modules and mosaics."""
        return (*self.modules, *self.mosaics)


def vocabulary_of(rule_set: RuleSet, legend: Legend, where: Where | None = None) -> Vocabulary:
    """Return what a rule set may speak of by its own `vocabulary` block, where no collection says it.

    Parameters
    ----------
    legend : the one that the block names.
    where : gives 'file:line:column' of a key path in the rule file.

    Raises
    ------
    ConfigError
        I106: the rule set has no such block. I105: a mosaic does not fit.
    """
    stated = rule_set.vocabulary
    if stated is None:
        remedy = "name the rule set in a collection, or add a 'vocabulary:' block with legend, sources and layers"
        message = "the rules belong to no collection and state no vocabulary"
        raise ConfigError.because("I106", message, where=f"rules '{rule_set.id}'", remedy=remedy)
    return _stated(stated, legend, where or (lambda *place: f"rules '{rule_set.id}': {'.'.join(map(str, place))}"))


def _stated(stated: StatedVocabulary, legend: Legend, where: Where) -> Vocabulary:
    modules = tuple(stated.sources)
    mosaics = link_mosaics(stated.mosaics, modules, stated.layers, lambda *place: where("vocabulary", *place))
    return Vocabulary(legend, modules, stated.layers, mosaics)


def link_mosaics(
    mosaics: Sequence[Mosaic], modules: Sequence[str], layers: Mapping[str, Mapping[str, int]], where: Where
) -> Mosaics:
    """Look up the layers, values and members of mosaics.

    Raises
    ------
    ConfigError
        I105: a mosaic names no layer, layer value or module that there is, two members share a value, or its id is
        taken.
    """
    linked: dict[str, tuple[str, Mapping[int, str]]] = {}
    findings: list[Finding] = []
    for number, mosaic in enumerate(mosaics):
        problems = _mosaic_problems(mosaic, modules, layers, linked)
        place = where("mosaics", number)
        remedy = f"modules are: {', '.join(modules)}; layers are: {', '.join(layers) or 'none'}"
        findings += [Finding("I105", f"mosaic '{mosaic.id}' {problem}", place, remedy) for problem in problems]
        if not problems:
            members = {_number(layers[mosaic.layer], value): member for member, value in mosaic.members.items()}
            linked[mosaic.id] = mosaic.layer, {value: m for value, m in members.items() if value is not None}
    if findings:
        raise ConfigError(*findings)
    return linked


def _mosaic_problems(
    mosaic: Mosaic, modules: Sequence[str], layers: Mapping[str, Mapping[str, int]], linked: Mosaics
) -> list[str]:
    if mosaic.layer not in layers:
        return [f"is told apart by '{mosaic.layer}', which is no layer"]
    names = layers[mosaic.layer]
    numbers = [_number(names, value) for value in mosaic.members.values()]
    shared = sorted({n for n in numbers if n is not None and numbers.count(n) > 1})
    return [
        *(["has the name of another source"] if mosaic.id in {*modules, *layers, *linked} else []),
        *(f"has '{member}', which is no module" for member in mosaic.members if member not in modules),
        *(
            f"names the value '{value}', which '{mosaic.layer}' lacks"
            for value, number in zip(mosaic.members.values(), numbers, strict=True)
            if number is None
        ),
        *(f"gives the value {value} to two members" for value in shared),
    ]


def _number(names: Mapping[str, int], value: Reference) -> int | None:
    return value if isinstance(value, int) else names.get(value)


def resolve(rules: RuleSet, vocabulary: Vocabulary, where: Where) -> tuple[ResolvedRule, ...]:
    """Look up every source, class, group and layer value of a rule set.

    Parameters
    ----------
    where : gives 'file:line:column' of a key path in the rule file.

    Raises
    ------
    ConfigError
        With all findings: I101 unknown source, I102 unknown class or group, I103 unknown layer value, I104 nothing
        is named.
    """
    resolver = _Resolver(vocabulary, where)
    resolved = tuple(resolver.rule(number, rule) for number, rule in enumerate(rules.rules, start=1))
    resolver.finish()
    return resolved


def hole_class(rules: RuleSet, vocabulary: Vocabulary, where: Where) -> int:
    """Return the class of the pixels that no rule takes; 0 unless the rule set assigns one.

    Raises
    ------
    ConfigError
        I102: no class of the legend.
    """
    if not isinstance(rules.holes, Fill):
        return NODATA
    resolver = _Resolver(vocabulary, where)
    code = resolver.single(rules.holes.assign, ("holes", "assign"))
    resolver.finish()
    return code


class _Resolver:
    """Walks the rules and keeps every finding, so that all of them are told at once."""

    def __init__(self, vocabulary: Vocabulary, where: Where) -> None:
        self.vocabulary = vocabulary
        self.where = where
        self.findings: list[Finding] = []

    def finish(self) -> None:
        """Raise what was found."""
        if self.findings:
            raise ConfigError(*self.findings)

    def rule(self, number: int, rule: Rule) -> ResolvedRule:
        """Return one rule in codes; what cannot be looked up is kept in `findings`."""
        place: tuple[Any, ...] = ("rules", number - 1)
        claim = self._conditions(rule.claim, (*place, "claim"), modules_only=True)
        scope = self._conditions(rule.where, (*place, "where"))
        cases = []
        for i, unless in enumerate(rule.unless):
            when = self._conditions(unless.when, (*place, "unless", i, "when"))
            outcome = self._outcome(unless.assign, rule.source, (*place, "unless", i, "assign"))
            cases.append(Case(when, outcome))
        given = Outcome(rule.source)
        if rule.assign is not None:
            given = self._translated(rule.assign, rule.source, (*place, "assign"))
        return ResolvedRule(number, rule.id, claim, scope, rule.years, tuple(cases), given)

    def _outcome(self, assign: Assign, source: str, place: tuple[Any, ...]) -> Outcome:
        if isinstance(assign, From):
            self._source(assign.source, (*place, "from"), modules_only=True)
            if assign.map is None:
                return Outcome(assign.source)
            return Outcome(assign.source, table=self._table(assign.map, (*place, "map")), listed_only=True)
        if assign == SKIP:
            return Outcome(source, skip=True)
        return self._translated(assign, source, place)

    def _translated(self, assign: Reference | Map, source: str, place: tuple[Any, ...]) -> Outcome:
        if isinstance(assign, Map):
            return Outcome(source, table=self._table(assign.map, (*place, "map")))
        return Outcome(source, constant=self.single(assign, place))

    def _table(self, pairs: Mapping[Reference, Reference], place: tuple[Any, ...]) -> tuple[tuple[int, int], ...]:
        table: list[tuple[int, int]] = []
        for old, new in pairs.items():
            target = self.single(new, (*place, old))
            table.extend((code, target) for code in sorted(self._classes(old, (*place, old))))
        return tuple(table)

    def single(self, reference: Reference, place: tuple[Any, ...]) -> int:
        """Return the one class that a reference stands for."""
        codes = self._classes(reference, place)
        if len(codes) > 1:
            self._complain("I102", f"'{reference}' stands for {len(codes)} classes", place, "name a single class")
        return min(codes, default=0)

    def _conditions(self, conditions: Conditions, place: tuple[Any, ...], *, modules_only: bool = False) -> Allowed:
        resolved = []
        for source, references in conditions.items():
            if self._source(source, (*place, source), modules_only=modules_only):
                # Only a claim must claim something; elsewhere code 0 asks for a module that claims nothing.
                none = not modules_only and source in self.vocabulary.sources
                resolved.append((source, self._values(source, references, (*place, source), none=none)))
        return tuple(resolved)

    def _values(self, source: str, references: References, place: tuple[Any, ...], *, none: bool) -> frozenset[int]:
        if references == ():
            self._complain("I104", f"'{source}' lists nothing, so the condition never holds", place, "name a value")
        values = [
            frozenset({NODATA}) if none and reference == NODATA else self._value(source, reference, place)
            for reference in as_tuple(references)
        ]
        return frozenset().union(*values)

    def _source(self, source: str, place: tuple[Any, ...], *, modules_only: bool) -> bool:
        known = [*self.vocabulary.sources, *([] if modules_only else self.vocabulary.layers)]
        if source in known:
            return True
        kind = "module or mosaic" if modules_only else "module, mosaic or layer"
        remedy = f"{_suggestion(source, known)}the collection has: {', '.join(known)}"
        self._complain("I101", f"'{source}' is no {kind} of the collection", place, remedy)
        return False

    def _value(self, source: str, reference: Reference, place: tuple[Any, ...]) -> frozenset[int]:
        if source in self.vocabulary.sources:
            return self._classes(reference, place)
        values = self.vocabulary.layers[source]
        if isinstance(reference, int):
            return frozenset({reference})
        if reference in values:
            return frozenset({values[reference]})
        remedy = f"{_suggestion(reference, list(values))}the layer has: {', '.join(values) or 'no named values'}"
        self._complain("I103", f"layer '{source}' has no value '{reference}'", place, remedy)
        return frozenset()

    def _classes(self, reference: Reference, place: tuple[Any, ...]) -> frozenset[int]:
        legend = self.vocabulary.legend
        try:
            codes = legend.resolve(reference)
            if not codes:
                remedy = f"list its classes under 'groups:' of the legend '{legend.id}', or leave the group out"
                self._complain("I104", f"group '{reference}' has no classes", place, remedy)
            return codes
        except KeyError:
            remedy = f"{_suggestion(str(reference), legend.known_names())}the legend is '{legend.id}'"
            self._complain("I102", f"'{reference}' is no class or group of the legend", place, remedy)
            return frozenset()

    def _complain(self, code: str, message: str, place: tuple[Any, ...], remedy: str) -> None:
        self.findings.append(Finding(code, message, self.where(*place), remedy))


def _suggestion(name: str, known: Sequence[str]) -> str:
    near = difflib.get_close_matches(name, known, 1)
    return f"did you mean '{near[0]}'? " if near else ""
