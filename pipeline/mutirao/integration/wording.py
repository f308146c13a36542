"""Words for what `explain` finds. The map page says the same: viewer/src/explain.js."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from mutirao.integration.explain import Met, TriedCase, TriedRule
from mutirao.legend import NODATA, Legend

MOST_NAMES = 4
"""A longer list of classes is cut; the rest is counted."""


@dataclass(frozen=True, slots=True)
class Names:
    """Names of classes and of the values of layers."""

    legend: Legend
    layers: Mapping[str, Mapping[str, int]]
    """Values by name, by layer."""

    def of_class(self, code: int) -> str:
        """Return a class's name."""
        known = self.legend.by_code.get(code)
        return known.title() if known else f"Class {code}, not in the legend"

    def of_value(self, source: str, value: int) -> str:
        """Return the name of a claim or of a layer's value; the number itself if the value has none."""
        if source not in self.layers:
            return self.of_class(value) if value != NODATA else "nothing"
        return next((name for name, number in self.layers[source].items() if number == value), str(value))

    def of_allowed(self, source: str, allowed: frozenset[int]) -> str:
        """Return the names of what a condition allows: a group of the legend, or a list."""
        if source not in self.layers:
            groups = (name for name, codes in self.legend.groups.items() if len(codes) > 1 and allowed == set(codes))
            group = next(groups, None)
            if group:
                return group
        return _either([self.of_value(source, value) for value in sorted(allowed)])


def _either(names: list[str]) -> str:
    shown = names[:MOST_NAMES]
    if len(names) > MOST_NAMES:
        return f"{', '.join(shown)} or {len(names) - MOST_NAMES} more"
    return " or ".join(filter(None, [", ".join(shown[:-1]), *shown[-1:]]))


def rule_words(rule: TriedRule, names: Names) -> tuple[str, ...]:
    """Return why a rule does or does not hold: one sentence for the rule, then one for each exception looked at."""
    return (_headline(rule, names), *(case_words(case, rule.source, names) for case in rule.cases))


def _headline(rule: TriedRule, names: Names) -> str:
    failed = [condition_words(condition, names) for condition in rule.conditions if not condition.holds]
    if rule.years and not rule.in_time:
        failed.append(f"the rule is for {rule.years.first} to {rule.years.last}")
    return "; ".join(failed or [condition_words(condition, names) for condition in rule.conditions] + _own(rule, names))


def _own(rule: TriedRule, names: Names) -> list[str]:
    """Return what a rule gives instead of the claim, if it decides without an exception."""
    taken = rule.conditions[0].value
    by_exception = bool(rule.cases) and rule.cases[-1].holds
    given = rule.outcome.code(taken) if rule.outcome and not by_exception else taken
    return [f"it gives {names.of_class(given)}"] if given != taken else []


def condition_words(condition: Met, names: Names) -> str:
    """Return the value that a condition met, and, if that is not allowed, what would be."""
    verb = "is" if condition.source in names.layers else "claims"
    said = f"{condition.source} {verb} {names.of_value(condition.source, condition.value)}"
    return said if condition.holds else f"{said}, not {names.of_allowed(condition.source, condition.allowed)}"


def case_words(case: TriedCase, source: str, names: Names) -> str:
    """Return why an exception of a rule about a source holds, or why it was passed over."""
    failed = [condition for condition in case.conditions if not condition.holds]
    conditions = "; ".join(condition_words(condition, names) for condition in failed or case.conditions)
    if case.holds:
        return f"exception {case.number} holds: {conditions}; {_given(case, source, names)}"
    if case.met:
        taken = names.of_value(case.outcome.source, case.taken)
        return f"exception {case.number} is passed over: {case.outcome.source} claims {taken}, which it cannot take"
    return f"exception {case.number} does not hold: {conditions}"


def _given(case: TriedCase, source: str, names: Names) -> str:
    if case.outcome.skip:
        return "the rule steps back"
    given = names.of_class(case.outcome.code(case.taken))
    return f"it gives {given}" if case.outcome.source == source else f"it gives {given} from {case.outcome.source}"
