"""Rules as the map page evaluates them: codes, and the words for what they ask; see viewer/src/explain.js."""

from __future__ import annotations

from typing import Any

from mutirao.engine.basis import Basis
from mutirao.integration.resolve import Allowed, Case, Outcome, ResolvedRule
from mutirao.integration.wording import Names


def page_rule(rule: ResolvedRule, names: Names) -> dict[str, Any]:
    """Return a rule; `when` holds claim and scope."""
    return {
        "id": rule.number,
        "rule": rule.id,
        "when": _conditions((*rule.claim, *rule.where), names),
        "years": [rule.years.first, rule.years.last] if rule.years else None,
        "cases": [_case(case, names) for case in rule.cases],
        "outcome": _outcome(rule.outcome),
    }


def page_mosaics(basis: Basis) -> list[dict[str, Any]]:
    """Return by mosaic its layer and the member module by value of the layer."""
    return [
        {"id": mosaic, "layer": layer, "members": {str(value): module for value, module in members.items()}}
        for mosaic, (layer, members) in basis.vocabulary.mosaics.items()
    ]


def page_layers(basis: Basis) -> list[dict[str, Any]]:
    """Return the layers in the order of their bands, with the names of values."""
    names = basis.names
    return [
        {"id": layer, "names": {str(value): names.of_value(layer, value) for value in values.values()}}
        for layer, values in names.layers.items()
    ]


def _case(case: Case, names: Names) -> dict[str, Any]:
    return {"when": _conditions(case.when, names), "outcome": _outcome(case.outcome)}


def _conditions(conditions: Allowed, names: Names) -> list[dict[str, Any]]:
    return [
        {"source": source, "allowed": sorted(allowed), "words": names.of_allowed(source, allowed)}
        for source, allowed in conditions
    ]


def _outcome(outcome: Outcome) -> dict[str, Any]:
    """Return an outcome; what is not said is absent."""
    said = {
        "table": [list(pair) for pair in outcome.table] or None,
        "constant": outcome.constant,
        "skip": outcome.skip or None,
        "listed_only": outcome.listed_only or None,
    }
    return {"source": outcome.source, **{key: value for key, value in said.items() if value is not None}}
