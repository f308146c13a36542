"""From rules as people write them to rules in codes: every name is looked up once, and every mistake is reported."""

from __future__ import annotations

import difflib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from mutirao.collection import Years
from mutirao.errors import ConfigError, Finding
from mutirao.integration.prevalence import SKIP, Assign, Conditions, From, Map, Rule, RuleSet, as_tuple
from mutirao.legend import Legend
from mutirao.model import Reference

Where = Callable[..., str]
Allowed = tuple[tuple[str, frozenset[int]], ...]


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a rule or exception gives: the claim of `source`, translated by `table`; or nothing, if it steps back."""

    source: str
    table: tuple[tuple[int, int], ...] = ()
    """New class by claimed class; a class that is not listed is kept."""
    constant: int | None = None
    skip: bool = False

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


def resolve(rules: RuleSet, vocabulary: Vocabulary, where: Where) -> tuple[ResolvedRule, ...]:
    """Look up every source, class, group and layer value of a rule set.

    Parameters
    ----------
    where : gives 'file:line:column' of a key path in the rule file.

    Raises
    ------
    ConfigError
        With all findings: I101 unknown source, I102 unknown class or group, I103 unknown layer value.
    """
    resolver = _Resolver(vocabulary, where)
    resolved = tuple(resolver.rule(number, rule) for number, rule in enumerate(rules.rules, start=1))
    if resolver.findings:
        raise ConfigError(*resolver.findings)
    return resolved


class _Resolver:
    """Walks the rules and keeps every finding, so that all of them are told at once."""

    def __init__(self, vocabulary: Vocabulary, where: Where) -> None:
        self.vocabulary = vocabulary
        self.where = where
        self.findings: list[Finding] = []

    def rule(self, number: int, rule: Rule) -> ResolvedRule:
        place: tuple[Any, ...] = ("rules", number - 1)
        claim = self._conditions(rule.claim, (*place, "claim"), modules_only=True)
        scope = self._conditions(rule.where, (*place, "where"))
        cases = []
        for i, unless in enumerate(rule.unless):
            when = self._conditions(unless.when, (*place, "unless", i, "when"))
            outcome = self._outcome(unless.assign, rule.source, (*place, "unless", i, "assign"))
            cases.append(Case(when, outcome))
        return ResolvedRule(number, rule.id, claim, scope, rule.years, tuple(cases), Outcome(rule.source))

    def _outcome(self, assign: Assign, source: str, place: tuple[Any, ...]) -> Outcome:
        if isinstance(assign, From):
            self._source(assign.source, (*place, "from"), modules_only=True)
            return Outcome(assign.source)
        if isinstance(assign, Map):
            return Outcome(source, table=self._table(assign, (*place, "map")))
        if assign == SKIP:
            return Outcome(source, skip=True)
        return Outcome(source, constant=self._single(assign, place))

    def _table(self, assign: Map, place: tuple[Any, ...]) -> tuple[tuple[int, int], ...]:
        pairs: list[tuple[int, int]] = []
        for old, new in assign.map.items():
            target = self._single(new, (*place, old))
            pairs.extend((code, target) for code in sorted(self._classes(old, (*place, old))))
        return tuple(pairs)

    def _single(self, reference: Reference, place: tuple[Any, ...]) -> int:
        codes = self._classes(reference, place)
        if len(codes) > 1:
            self._complain("I102", f"'{reference}' stands for {len(codes)} classes", place, "name a single class")
        return min(codes, default=0)

    def _conditions(self, conditions: Conditions, place: tuple[Any, ...], *, modules_only: bool = False) -> Allowed:
        resolved = []
        for source, references in conditions.items():
            if self._source(source, (*place, source), modules_only=modules_only):
                values = (self._value(source, reference, (*place, source)) for reference in as_tuple(references))
                resolved.append((source, frozenset().union(*values)))
        return tuple(resolved)

    def _source(self, source: str, place: tuple[Any, ...], *, modules_only: bool) -> bool:
        known = [*self.vocabulary.modules, *([] if modules_only else self.vocabulary.layers)]
        if source in known:
            return True
        kind = "module" if modules_only else "module or layer"
        remedy = f"{_suggestion(source, known)}the collection has: {', '.join(known)}"
        self._complain("I101", f"'{source}' is no {kind} of the collection", place, remedy)
        return False

    def _value(self, source: str, reference: Reference, place: tuple[Any, ...]) -> frozenset[int]:
        if source in self.vocabulary.modules:
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
            return legend.resolve(reference)
        except KeyError:
            remedy = f"{_suggestion(str(reference), legend.known_names())}the legend is '{legend.id}'"
            self._complain("I102", f"'{reference}' is no class or group of the legend", place, remedy)
            return frozenset()

    def _complain(self, code: str, message: str, place: tuple[Any, ...], remedy: str) -> None:
        self.findings.append(Finding(code, message, self.where(*place), remedy))


def _suggestion(name: str, known: Sequence[str]) -> str:
    near = difflib.get_close_matches(name, known, 1)
    return f"did you mean '{near[0]}'? " if near else ""
