"""Why a pixel is what it is: each rule in order, each condition with the value that it met, up to the rule that wins.

The result is that of `reference.decide`; here every step on the way there is kept.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Literal

from mutirao.collection import Years
from mutirao.integration.reference import NO_MOSAICS, Decision, join_mosaics
from mutirao.integration.resolve import Allowed, Case, Mosaics, Outcome, ResolvedRule
from mutirao.legend import NODATA

Verdict = Literal["decides", "steps back", "does not hold"]


@dataclass(frozen=True, slots=True)
class Met:
    """A condition and the value that it met."""

    source: str
    """Module, mosaic or layer."""
    allowed: frozenset[int]
    value: int

    @property
    def holds(self) -> bool:
        """Whether the value is allowed."""
        return self.value in self.allowed


@dataclass(frozen=True, slots=True)
class TriedCase:
    """An exception of a rule that was looked at."""

    number: int
    """Place among the exceptions of its rule, from 1."""
    conditions: tuple[Met, ...]
    outcome: Outcome
    taken: int
    """What the source claims whose class the exception takes."""

    @property
    def met(self) -> bool:
        """Whether all conditions hold."""
        return all(condition.holds for condition in self.conditions)

    @property
    def holds(self) -> bool:
        """Whether the exception decides for its rule."""
        return self.met and self.outcome.takes(self.taken)


@dataclass(frozen=True, slots=True)
class TriedRule:
    """A rule that was looked at."""

    number: int
    id: str
    source: str
    """The module or mosaic whose claim the rule is about."""
    years: Years | None
    in_time: bool
    conditions: tuple[Met, ...]
    """The claim, then the scope."""
    cases: tuple[TriedCase, ...]
    """Exceptions up to the one that holds; none if the rule does not hold."""
    outcome: Outcome | None
    """None if the rule does not hold."""

    @property
    def verdict(self) -> Verdict:
        """What became of the rule."""
        if self.outcome is None:
            return "does not hold"
        return "steps back" if self.outcome.skip else "decides"


@dataclass(frozen=True, slots=True)
class Explanation:
    """How integration comes to the class of one pixel in one year."""

    year: int
    claims: dict[str, int]
    """Class by module, 0 where the module claims nothing."""
    layers: dict[str, int]
    members: dict[str, str | None]
    """By mosaic the module that speaks for it here, if any."""
    tried: tuple[TriedRule, ...]
    """Rules in order, up to the one that decides."""
    hole: int
    """Class of a pixel that no rule takes."""

    @property
    def winner(self) -> TriedRule | None:
        """The rule that decides; None at a coverage hole."""
        return self.tried[-1] if self.tried and self.tried[-1].outcome and not self.tried[-1].outcome.skip else None

    @property
    def module(self) -> str | None:
        """The module whose claim wins; None at a coverage hole."""
        source = self.winner.outcome.source if self.winner and self.winner.outcome else None
        return self.members.get(source, source) if source else None

    @property
    def code(self) -> int:
        """Class of the integrated map."""
        module, outcome = self.module, self.winner.outcome if self.winner else None
        return outcome.code(self.claims[module]) if outcome and module else self.hole

    @property
    def against(self) -> tuple[str, ...]:
        """Modules that claim another class than the claim that won; at a hole, than the hole's class."""
        won = self.claims[self.module] if self.module else self.hole
        return tuple(module for module, claim in self.claims.items() if claim not in (NODATA, won))

    @property
    def decision(self) -> Decision:
        """What `reference.decide` says of the same pixel."""
        if self.winner is None or self.module is None:
            return Decision(self.hole, 0, 0, len(self.against))
        source = 1 + list(self.claims).index(self.module)
        return Decision(self.code, self.winner.number, source, len(self.against))


def explain(
    rules: Iterable[ResolvedRule],
    claims: Mapping[str, int],
    layers: Mapping[str, int],
    year: int,
    *,
    mosaics: Mosaics = NO_MOSAICS,
    hole: int = NODATA,
) -> Explanation:
    """Apply prevalence rules to one pixel in one year and keep every step; parameters as of `reference.decide`."""
    pixel, members = join_mosaics(claims, layers, mosaics)
    tried: list[TriedRule] = []
    for rule in rules:
        tried.append(_try(rule, pixel, year))
        if tried[-1].verdict == "decides":
            break
    return Explanation(year, dict(claims), dict(layers), members, tuple(tried), hole)


def _try(rule: ResolvedRule, pixel: Mapping[str, int], year: int) -> TriedRule:
    in_time = rule.years is None or year in rule.years
    conditions = _meet((*rule.claim, *rule.where), pixel)
    holds = in_time and all(condition.holds for condition in conditions)
    cases = _cases(rule, pixel) if holds else ()
    outcome = cases[-1].outcome if cases and cases[-1].holds else rule.outcome
    source = rule.outcome.source
    return TriedRule(rule.number, rule.id, source, rule.years, in_time, conditions, cases, outcome if holds else None)


def _cases(rule: ResolvedRule, pixel: Mapping[str, int]) -> tuple[TriedCase, ...]:
    tried: list[TriedCase] = []
    for number, case in enumerate(rule.cases, start=1):
        tried.append(_case(number, case, pixel))
        if tried[-1].holds:
            break
    return tuple(tried)


def _case(number: int, case: Case, pixel: Mapping[str, int]) -> TriedCase:
    return TriedCase(number, _meet(case.when, pixel), case.outcome, pixel[case.outcome.source])


def _meet(conditions: Allowed, pixel: Mapping[str, int]) -> tuple[Met, ...]:
    return tuple(Met(name, allowed, pixel[name]) for name, allowed in conditions)
