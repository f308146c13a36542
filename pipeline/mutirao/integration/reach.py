"""Which rules can hold in a part of a map at all; a change of any other rule is no change there."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from mutirao.integration.resolve import Allowed, Mosaics, ResolvedRule
from mutirao.legend import NODATA


@dataclass(frozen=True, slots=True)
class Part:
    """What is known of a part of a map without a look at its claims."""

    claiming: Collection[str]
    """Modules that may claim something in it."""
    values: Mapping[str, Collection[int]]
    """By layer the values that it holds."""
    mosaics: Mosaics


def rules_within(rules: Sequence[ResolvedRule], part: Part) -> list[ResolvedRule]:
    """Return the rules that can hold, each with the exceptions that can; numbers are those among all rules.

    A rule cannot hold where whoever it believes claims nothing, nor where a layer has none of the values it asks for.
    """
    return [
        replace(rule, cases=tuple(case for case in rule.cases if _can_hold(case.when, part)))
        for rule in rules
        if _can_hold((*rule.claim, *rule.where), part)
    ]


def values_in(layer: np.ndarray) -> set[int]:
    """Return the values that a layer of integers holds; those of one or two bytes are not sorted for that."""
    if layer.dtype not in (np.uint8, np.uint16):
        return set(np.unique(layer).tolist())
    seen = np.zeros(1 << 8 * layer.itemsize, bool)
    seen[layer] = True
    return set(np.flatnonzero(seen).tolist())


def _can_hold(conditions: Allowed, part: Part) -> bool:
    return all(_can_be(name, allowed, part) for name, allowed in conditions)


def _can_be(name: str, allowed: frozenset[int], part: Part) -> bool:
    if name in part.values:
        return not allowed.isdisjoint(part.values[name])
    members = part.mosaics[name][1].values() if name in part.mosaics else (name,)
    return NODATA in allowed or any(member in part.claiming for member in members)
