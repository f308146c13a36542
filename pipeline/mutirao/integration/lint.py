"""What is wrong with a rule set, decided exactly: rules and exceptions without effect, claims that nobody takes.

Every question is one about boxes (`coverage`), never one about samples of pixels. Whether something has an effect is
judged on the class of the map; an effect on its origin alone (rule and module) is told, but counts as none.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace
from typing import Any

from mutirao.errors import ConfigError, Severity
from mutirao.integration.boxes import Box, UndecidedError, intersects, meet
from mutirao.integration.coverage import Coverage, Pieces
from mutirao.integration.declared import codes_outside, unused
from mutirao.integration.describe import class_words, either, reference_words
from mutirao.integration.holes import holes
from mutirao.integration.prevalence import Conditions, RuleSet
from mutirao.integration.resolve import Allowed, ResolvedRule, Where, hole_class, resolve
from mutirao.integration.rulefinding import Place, RuleFinding, Scope
from mutirao.integration.universe import Universe, Witness
from mutirao.legend import NODATA

ORIGIN_ONLY = "only the rule or module named as the origin changes"


def lint(rule_set: RuleSet, scope: Scope, where: Where) -> list[RuleFinding]:
    """Return everything that is wrong or useless in a rule set, in the order of the file.

    Parameters
    ----------
    where : gives 'file:line:column' of a key path in the rule file.
    """
    owners: dict[str, str] = {}

    def place(*path: Any) -> str:
        found = where(*path)
        owners[found] = rule_set.rules[path[1]].id if path[:1] == ("rules",) and len(path) > 1 else ""
        return found

    try:
        rules = resolve(rule_set, scope.vocabulary, place)
        hole = hole_class(rule_set, scope.vocabulary, place)
    except ConfigError as err:
        return [
            RuleFinding(f.code, f.message, f.where, f.remedy, f.severity, owners.get(f.where, "")) for f in err.findings
        ]
    return [*codes_outside(rule_set, scope, where), *_effects(rule_set, rules, scope, hole, where)]


def _effects(
    rule_set: RuleSet, rules: Sequence[ResolvedRule], scope: Scope, hole: int, where: Where
) -> Iterator[RuleFinding]:
    universe = Universe(scope.vocabulary, scope.claims, rules, scope.years)
    try:
        coverage = Coverage(rules, universe, hole)
    except UndecidedError:
        yield _undecided("", where("rules"))
        return
    linter = _Linter(rule_set, scope, coverage, where)
    for number in range(len(rules)):
        yield from linter.asked(number, linter.rule)
        yield from linter.asked(number, linter.same_support)
    yield from holes(rule_set, scope, coverage, where)
    yield from unused(rule_set, scope, where)


def _undecided(rule: str, place: str) -> RuleFinding:
    message = "too many exceptions that step back depend on each other to decide whether all of this has an effect"
    return RuleFinding("I213", message, place, "split the rule, or let fewer exceptions step back", "advise", rule)


class _Linter:
    """Asks of each rule, exception and entry of a list whether it has an effect."""

    def __init__(self, rule_set: RuleSet, scope: Scope, coverage: Coverage, where: Where) -> None:
        self.rule_set = rule_set
        self.scope = scope
        self.coverage = coverage
        self.universe = coverage.universe
        self.rules = coverage.rules
        self.where = where

    def asked(self, number: int, question: Callable[[int], Iterable[RuleFinding]]) -> list[RuleFinding]:
        """Return what a question finds about a rule, or that it is too hard."""
        try:
            return list(question(number))
        except UndecidedError:
            return [_undecided(self.rules[number].id, self.where("rules", number))]

    def _tell(
        self,
        code: str,
        message: str,
        remedy: str,
        place: Place,
        witness: Witness | None = None,
        severity: Severity = "advise",
    ) -> RuleFinding:
        rule = self.rules[int(place[1])].id
        return RuleFinding(code, message, self.where(*place), remedy, severity, rule, witness)

    def rule(self, number: int) -> Iterator[RuleFinding]:
        """Yield what has no effect in a rule: the rule itself, else its entries and exceptions."""
        coverage = self.coverage
        if coverage.fires(number) is None:
            yield self._never_fires(number)
            return
        if coverage.effect_of_rule(number, coverage.branches[number][-1].pieces, coverage.by_class) is None:
            yield self._rule_without_effect(number)
        else:
            yield from self._entries_of_rule(number)
        for branch in range(len(self.rules[number].cases)):
            yield from self._exception(number, branch)

    def _never_fires(self, number: int) -> RuleFinding:
        coverage, place = self.coverage, ("rules", number)
        base, taken = coverage.boxes(number), coverage.pool.of(coverage.taken[number])
        name = f"rule {number + 1} can never fire"
        if not base:
            reason = self._empty(self._conditions(number), number)
            return self._tell(
                "I201", f"{name}: {reason}", "mend the condition or remove the rule", place, None, "block"
            )
        if not taken:
            witness = self.universe.witness(base[0], "an exception of the rule steps back here, as everywhere")
            message = f"{name}: its own exceptions step back everywhere"
            return self._tell("I201", message, "narrow its exceptions or remove the rule", place, witness, "block")
        message = f"{name}: {self._comes_first(taken, number)}"
        remedy = "move it up, narrow what comes first, or remove it"
        witness = self._intercepted(taken, number)
        return self._tell("I201", message, remedy, place, witness, "block")

    def _intercepted(self, boxes: Sequence[Box], number: int, branch: int = 0) -> Witness:
        """Show a pixel of boxes, and the rule or the exception before them that comes first."""
        pixel = self.universe.pixel(boxes[0])
        earlier = [self.coverage.pool.of(found) for found in self._earlier(number, branch)]
        first, box = next((i, box) for i, found in enumerate(earlier) for box in found if intersects(pixel, box))
        return self.universe.witness(meet(boxes[0], box) or pixel, f"{self._earlier_name(first, number)} comes first")

    def _earlier(self, number: int, branch: int) -> list[int]:
        """Return what each earlier rule takes, and where each earlier exception of the rule holds."""
        return [*self.coverage.taken[:number], *(case.cover for case in self.coverage.branches[number][:branch])]

    def _earlier_name(self, i: int, number: int) -> str:
        return self._name(i) if i < number else f"exception {i - number + 1} of this rule"

    def _comes_first(self, boxes: Sequence[Box], number: int, branch: int = 0) -> str:
        """Return which earlier rules and exceptions hide boxes."""
        takers = self.coverage.takers(boxes, self._earlier(number, branch))
        names = either((self._earlier_name(i, number) for i in takers), "and")
        return f"{names} {'comes' if len(takers) == 1 else 'together come'} first everywhere"

    def _name(self, number: int) -> str:
        return f"rule {number + 1} '{self.rules[number].id}'"

    def _conditions(self, number: int, branch: int | None = None) -> Allowed:
        rule = self.rules[number]
        when = () if branch is None else rule.cases[branch].when
        return (*rule.claim, *rule.where, *when)

    def _empty(self, conditions: Allowed, number: int) -> str:
        """Return why no pixel has all of the conditions."""
        for name, allowed in conditions:
            if name in self.scope.vocabulary.sources and not allowed & (self.scope.claimable(name) | {NODATA}):
                return f"{name} may not claim what it asks for"
        years, series = self.rules[number].years, self.scope.years
        if years is not None and series is not None and not any(year in years for year in series):
            return f"the collection has no year from {years.first} to {years.last}"
        return "no pixel can meet all of its conditions"

    def _rule_without_effect(self, number: int) -> RuleFinding:
        region = self.coverage.fires(number) or {}
        witness = self._either_way(region)
        message = f"rule {number + 1} changes no class: without it every pixel gets the same; {ORIGIN_ONLY}"
        return self._tell("I205", message, "keep it if the origin matters, else remove it", ("rules", number), witness)

    def _either_way(self, region: Box) -> Witness:
        code = self.coverage.code(self.universe.pixel(region))
        return self.universe.witness(region, f"{class_words(code, self.scope.vocabulary.legend)} either way")

    def _exception(self, number: int, branch: int) -> Iterator[RuleFinding]:
        coverage, place = self.coverage, ("rules", number, "unless", branch)
        if coverage.reached(number, branch) is None:
            yield self._never_reached(number, branch)
            return
        pieces = coverage.branches[number][branch].pieces
        if coverage.effect_of_case(number, branch, pieces, coverage.by_class) is not None:
            yield from self._entries_of_case(number, branch)
            return
        origin = coverage.effect_of_case(number, branch, pieces, coverage.by_origin)
        extra = f"; {ORIGIN_ONLY}" if origin else ""
        message = f"exception {branch + 1} changes no class: without it every pixel gets the same{extra}"
        witness = self._either_way(coverage.reached(number, branch) or {})
        yield self._tell("I203", message, "remove it, or assign something else", place, witness)

    def _never_reached(self, number: int, branch: int) -> RuleFinding:
        place = ("rules", number, "unless", branch)
        boxes = self.coverage.boxes(number, branch)
        name = f"no pixel reaches exception {branch + 1}"
        if not boxes:
            reason = self._empty(self._conditions(number, branch), number)
            return self._tell("I202", f"{name}: {reason}", "mend its conditions or remove it", place)
        message = f"{name}: {self._comes_first(boxes, number, branch)}"
        remedy = "move it up, narrow what comes before it, or remove it"
        return self._tell("I202", message, remedy, place, self._intercepted(boxes, number, branch))

    def _entries_of_rule(self, number: int) -> Iterator[RuleFinding]:
        rule, written = self.rules[number], self.rule_set.rules[number]
        for part, conditions in (("claim", written.claim), ("where", written.where)):
            for name, i, text, only in self._entries(conditions):
                asked = _narrowed(rule.claim if part == "claim" else rule.where, name, only)
                narrowed = replace(rule, claim=asked) if part == "claim" else replace(rule, where=asked)
                pieces = self.coverage.pieces(narrowed) if only else []
                if self.coverage.effect_of_rule(number, pieces, self.coverage.by_class) is None:
                    place = ("rules", number, part, name, i)
                    yield self._entry(f"{text} in '{part}'", place, pieces, number, 0, listed=not only)

    def _entries_of_case(self, number: int, branch: int) -> Iterator[RuleFinding]:
        rule, case = self.rules[number], self.rules[number].cases[branch]
        for name, i, text, only in self._entries(self.rule_set.rules[number].unless[branch].when):
            narrowed = replace(case, when=_narrowed(case.when, name, only))
            pieces = self.coverage.pieces(rule, narrowed) if only else []
            if self.coverage.effect_of_case(number, branch, pieces, self.coverage.by_class) is None:
                place = ("rules", number, "unless", branch, "when", name, i)
                what = f"{text} in exception {branch + 1}"
                yield self._entry(what, place, pieces, number, branch, listed=not only)

    def _entries(self, conditions: Conditions) -> Iterator[tuple[str, int, str, frozenset[int]]]:
        """Yield the entries of lists: source, place, words, and what no other entry of the list stands for.

        An entry that no module may claim at all is left to `codes_outside`; of two equal entries the first is needed.
        """
        entries = list(self.scope.entries(conditions))
        for name, i, reference, codes in entries:
            others = [(k, other) for of, k, _, other in entries if of == name and k != i and (k < i or other != codes)]
            known = name in self.scope.vocabulary.layers or codes & (self.scope.claimable(name) | {NODATA})
            if known and any(of == name and k != i for of, k, _, _ in entries):
                words = f"{name} {reference_words(name, reference, self.scope.vocabulary)}"
                yield name, i, words, codes.difference(*(other for _, other in others))

    def _entry(self, what: str, place: Place, pieces: Pieces, number: int, branch: int, *, listed: bool) -> RuleFinding:
        boxes = [box for box, _ in pieces]
        region = self.coverage.find(boxes, self.coverage.above(number, branch))
        witness, name = None, f"{what} changes no class"
        if listed:
            message = f"{name}: the list has it already"
        elif not boxes:
            message = f"{name}: no pixel meets it together with the other conditions"
        elif region is None:
            message, witness = (
                f"{name}: {self._comes_first(boxes, number, branch)}",
                self._intercepted(boxes, number, branch),
            )
        else:
            message, witness = f"{name}: without it every pixel gets the same", self._either_way(region)
        return self._tell("I204", message, "take it out of the list", place, witness)

    def same_support(self, number: int) -> Iterator[RuleFinding]:
        """Yield the first earlier rule that asks for the same pixels."""
        base, mine = self.coverage.boxes(number), self.coverage.branches[number][-1].cover
        for earlier in range(number if base else 0):
            other = self.coverage.branches[earlier][-1].cover
            both = self.coverage.find(base, other) is None
            if both and self.coverage.find(self.coverage.boxes(earlier), mine) is None:
                names = f"{earlier + 1} '{self.rules[earlier].id}' and {number + 1} '{self.rules[number].id}'"
                message = f"rules {names} ask for the same pixels"
                witness = self.universe.witness(base[0], "both rules ask for it")
                yield self._tell("I212", message, "make them one rule with exceptions", ("rules", number), witness)
                return


def _narrowed(conditions: Allowed, name: str, only: frozenset[int]) -> Allowed:
    return tuple((other, only if other == name else allowed) for other, allowed in conditions)
