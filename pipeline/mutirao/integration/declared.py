"""What is wrong with a rule set at first sight: names of rules, classes that nobody may claim, things never used."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from mutirao.errors import ConfigError, Finding
from mutirao.integration.describe import either, reference_words
from mutirao.integration.prevalence import Conditions, From, Map, Rule, RuleSet
from mutirao.integration.resolve import Where
from mutirao.integration.rulefinding import Place, RuleFinding, Scope
from mutirao.legend import NODATA, Legend
from mutirao.model import Reference


def check_ids(entries: Sequence[Any], where: Where) -> Iterator[RuleFinding]:
    """Yield the rules of a file that have no id (I208) or one that an earlier rule has (I207)."""
    first: dict[object, int] = {}
    for number, entry in enumerate(entries):
        name = entry.get("id") if isinstance(entry, Mapping) else None
        if name is None:
            message = f"rule {number + 1} has no id"
            yield RuleFinding("I208", message, where("rules", number), "add 'id:', a name that people can quote")
        elif name in first:
            message = f"rule id '{name}' is used twice: rules {first[name] + 1} and {number + 1}"
            remedy = "give one of the two another id"
            yield RuleFinding("I207", message, where("rules", number, "id"), remedy, rule=str(name))
        else:
            first[name] = number


def distinct_ids(entries: Sequence[Any]) -> list[Any]:
    """Return the rules of a file, each with an id of its own, so that they can be judged in spite of I207 and I208."""
    seen: set[object] = set()
    named = []
    for number, entry in enumerate(entries, start=1):
        if isinstance(entry, Mapping) and entry.get("id") in {None, *seen}:
            entry = {**entry, "id": f"{entry.get('id') or 'rule'}-{number}"}
        seen.add(entry.get("id") if isinstance(entry, Mapping) else None)
        named.append(entry)
    return named


def claims_of(
    modules: Mapping[str, Sequence[Reference]], legend: Legend, where: Callable[[str], str]
) -> dict[str, frozenset[int]]:
    """Return the classes that each module may claim by its declaration.

    Raises
    ------
    ConfigError
        I102: one of them is no class or group of the legend.
    """
    findings, claims = [], dict[str, frozenset[int]]()
    for module, references in modules.items():
        known = [reference for reference in references if _is_known(reference, legend)]
        claims[module] = legend.resolve_all(known)
        for reference in (reference for reference in references if reference not in known):
            message = f"'{reference}', which {module} may claim, is no class or group of the legend"
            findings.append(Finding("I102", message, where(module), f"the legend is '{legend.id}'"))
    if findings:
        raise ConfigError(*findings)
    return claims


def _is_known(reference: Reference, legend: Legend) -> bool:
    try:
        return bool(legend.resolve(reference))
    except KeyError:
        return False


def codes_outside(rule_set: RuleSet, scope: Scope, where: Where) -> Iterator[RuleFinding]:
    """Yield entries that ask a module for classes of which it may claim none (I209)."""
    for number, rule in enumerate(rule_set.rules):
        for place, source, reference, codes in _asked(rule, ("rules", number), scope):
            may = scope.claimable(source)
            if not codes & (may | {NODATA}):
                legend = scope.vocabulary.legend
                asked = reference_words(source, reference, scope.vocabulary)
                message = f"{source} may not claim {asked}"
                known = either((str(code) for code in sorted(may & legend.codes)), "and")
                remedy = f"it may claim {known or 'nothing'}; mend the rule, or the classes that the module declares"
                yield RuleFinding("I209", message, where(*place), remedy, rule=rule.id)


def _asked(rule: Rule, place: Place, scope: Scope) -> Iterator[tuple[Place, str, Reference, frozenset[int]]]:
    """Yield every entry about a claim: in conditions, and as the old class of a map."""
    groups: list[tuple[Place, Conditions]] = [((*place, "claim"), rule.claim), ((*place, "where"), rule.where)]
    groups += [((*place, "unless", i, "when"), case.when) for i, case in enumerate(rule.unless)]
    for at, conditions in groups:
        for name, i, reference, codes in scope.entries(conditions):
            if name not in scope.vocabulary.layers:
                yield (*at, name, i), name, reference, codes
    outcomes: list[tuple[Place, object]] = [((*place, "assign"), rule.assign)]
    outcomes += [((*place, "unless", i, "assign"), case.assign) for i, case in enumerate(rule.unless)]
    for at, assign in outcomes:
        if isinstance(assign, Map | From) and assign.map:
            source = assign.source if isinstance(assign, From) else rule.source
            for old in assign.map:
                yield (*at, "map", old), source, old, scope.codes(source, old)


def unused(rule_set: RuleSet, scope: Scope, where: Where) -> Iterator[RuleFinding]:
    """Yield layers (I210), modules and mosaics (I211) that no rule speaks of."""
    used = {name for rule in rule_set.rules for name in _names(rule)}
    vocabulary = scope.vocabulary
    for mosaic in used & set(vocabulary.mosaics):
        layer, members = vocabulary.mosaics[mosaic]
        used |= {layer, *members.values()}
    for layer in (layer for layer in vocabulary.layers if layer not in used):
        remedy = "use it in a rule, or take it out of the configuration"
        message = f"layer '{layer}' is declared, and no rule uses it"
        yield RuleFinding("I210", message, where("vocabulary", "layers", layer), remedy, "advise")
    for source in (source for source in vocabulary.sources if source not in used):
        kind = "mosaic" if source in vocabulary.mosaics else "module"
        remedy = "write a rule that takes its claims, or take it out of the configuration"
        message = f"{kind} '{source}' is declared, and no rule speaks of it"
        yield RuleFinding("I211", message, where("vocabulary", "sources", source), remedy, "advise")


def _names(rule: Rule) -> Iterator[str]:
    yield from (*rule.claim, *rule.where)
    for case in rule.unless:
        yield from case.when
        if isinstance(case.assign, From):
            yield case.assign.source
