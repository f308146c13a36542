"""The meaning of the rules: plain Python over one pixel and one year. The kernel in `compile` must agree with it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import NamedTuple

from mutirao.integration.resolve import Allowed, Outcome, ResolvedRule
from mutirao.legend import NODATA


class Decision(NamedTuple):
    """What integration says of one pixel in one year; all zero where no rule takes the pixel (a coverage hole)."""

    code: int
    """Class of the integrated map."""
    rule: int
    """Number of the rule that decided, from 1."""
    source: int
    """Number of the module whose claim won, from 1 in the order of the collection."""
    conflicts: int
    """How many modules claim another class than the one that won; at a hole, how many claim anything."""


def decide(rules: Iterable[ResolvedRule], claims: Mapping[str, int], layers: Mapping[str, int], year: int) -> Decision:
    """Apply prevalence rules to one pixel in one year: the first rule that holds and does not step back wins.

    Parameters
    ----------
    claims : class by module, 0 where the module claims nothing; in the order of the collection.
    layers : value by ancillary layer.
    """
    pixel = {**layers, **claims}
    for rule in rules:
        outcome = _outcome(rule, pixel, year)
        if outcome is not None and not outcome.skip:
            code = outcome.code(claims[outcome.source])
            source = 1 + list(claims).index(outcome.source)
            return Decision(code, rule.number, source, _conflicts(claims, code))
    return Decision(NODATA, 0, 0, _conflicts(claims, NODATA))


def _outcome(rule: ResolvedRule, pixel: Mapping[str, int], year: int) -> Outcome | None:
    in_time = rule.years is None or year in rule.years
    if not (in_time and holds(rule.claim, pixel) and holds(rule.where, pixel)):
        return None
    for case in rule.cases:
        # An exception that takes another module's class needs that module to claim one.
        if holds(case.when, pixel) and pixel[case.outcome.source] != NODATA:
            return case.outcome
    return rule.outcome


def holds(conditions: Allowed, pixel: Mapping[str, int]) -> bool:
    """Return whether every condition allows the pixel's value."""
    return all(pixel[name] in allowed for name, allowed in conditions)


def _conflicts(claims: Mapping[str, int], code: int) -> int:
    return sum(claim not in (NODATA, code) for claim in claims.values())
