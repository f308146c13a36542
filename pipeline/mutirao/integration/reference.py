"""The meaning of the rules: plain Python over one pixel and one year. The kernel in `compile` must agree with it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from types import MappingProxyType
from typing import NamedTuple

from mutirao.integration.resolve import Allowed, Mosaics, Outcome, ResolvedRule
from mutirao.legend import NODATA

NO_MOSAICS: Mosaics = MappingProxyType({})


class Decision(NamedTuple):
    """What integration says of one pixel in one year; rule and source are 0 at a coverage hole, which no rule takes."""

    code: int
    """Class of the integrated map."""
    rule: int
    """Number of the rule that decided, from 1."""
    source: int
    """Number of the module whose claim won, from 1 in the order of the collection."""
    conflicts: int
    """How many modules claim another class than the module that won; at a hole, how many claim anything."""


def decide(
    rules: Iterable[ResolvedRule],
    claims: Mapping[str, int],
    layers: Mapping[str, int],
    year: int,
    *,
    mosaics: Mosaics = NO_MOSAICS,
    hole: int = NODATA,
) -> Decision:
    """Apply prevalence rules to one pixel in one year: the first rule that holds and does not step back wins.

    Parameters
    ----------
    claims : class by module, 0 where the module claims nothing; in the order of the collection.
    layers : value by ancillary layer.
    hole : class of a pixel that no rule takes.
    """
    pixel, members = join_mosaics(claims, layers, mosaics)
    for rule in rules:
        outcome = _outcome(rule, pixel, year)
        if outcome is not None and not outcome.skip:
            module = members.get(outcome.source) or outcome.source  # a member decides, never the mosaic
            claim = pixel[outcome.source]
            number = 1 + list(claims).index(module)
            return Decision(outcome.code(claim), rule.number, number, _conflicts(claims, claim))
    return Decision(hole, 0, 0, _conflicts(claims, hole))


def join_mosaics(
    claims: Mapping[str, int], layers: Mapping[str, int], mosaics: Mosaics
) -> tuple[dict[str, int], dict[str, str | None]]:
    """Return the value of every source and layer at a pixel, and by mosaic the member that speaks there, if any."""
    members = {mosaic: modules.get(layers[layer]) for mosaic, (layer, modules) in mosaics.items()}
    joined = {mosaic: claims[member] if member else NODATA for mosaic, member in members.items()}
    return {**layers, **claims, **joined}, members


def _outcome(rule: ResolvedRule, pixel: Mapping[str, int], year: int) -> Outcome | None:
    in_time = rule.years is None or year in rule.years
    if not (in_time and holds(rule.claim, pixel) and holds(rule.where, pixel)):
        return None
    for case in rule.cases:
        # An exception that takes another module's class needs that module to claim one, and one that its map lists.
        if holds(case.when, pixel) and case.outcome.takes(pixel[case.outcome.source]):
            return case.outcome
    return rule.outcome


def holds(conditions: Allowed, pixel: Mapping[str, int]) -> bool:
    """Return whether every condition allows the pixel's value."""
    return all(pixel[name] in allowed for name, allowed in conditions)


def _conflicts(claims: Mapping[str, int], won: int) -> int:
    """Count the modules that claim another class than the claim that won, whatever the rule made of it."""
    return sum(claim not in (NODATA, won) for claim in claims.values())
