"""Questions about who decides a pixel, answered exactly with boxes: what a rule takes, and what its absence changes.

A rule looks at its exceptions in order, then at itself; each is a branch. A branch that steps back leaves its pixels
to the rules below.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import reduce
from itertools import accumulate
from operator import or_

from mutirao.integration.boxes import Box, Pool, meet, subtract_all
from mutirao.integration.resolve import Case, Outcome, ResolvedRule
from mutirao.integration.universe import Universe


@dataclass(frozen=True, slots=True)
class Verdict:
    """What a pixel gets: a class by the value of one input, or a single class."""

    key: int | None
    """The input; None if the class is always the same."""
    codes: Mapping[int, int]
    """By class the mask of the input's values that give it."""
    by: tuple[int, str]
    """Number of the rule and name of the module."""


Pieces = list[tuple[Box, Verdict]]


@dataclass(frozen=True, slots=True)
class Branch:
    """An exception or, as the last one, the rule itself."""

    pieces: Pieces
    skip: bool
    cover: int
    """Where its conditions hold, as a set of boxes of the pool."""


@dataclass(frozen=True, slots=True)
class Way:
    """Pixels of `box` outside of the boxes `covers` of the pool get this verdict."""

    box: Box
    covers: int
    verdict: Verdict


@dataclass(frozen=True, slots=True)
class Difference:
    """Pixels that get one class with a part of the rules, and another without it."""

    region: Box
    present: Verdict
    absent: Verdict


Compare = Callable[[Box, Verdict, Verdict], Iterable[Box]]


class Coverage:
    """A rule set compiled into boxes.

    Parameters
    ----------
    hole : class of a pixel that no rule takes.
    """

    def __init__(self, rules: Sequence[ResolvedRule], universe: Universe, hole: int) -> None:
        self.universe = universe
        self.rules = tuple(rules)
        self.full = universe.full
        self.pool = Pool(universe.full)
        self.branches = [self._branches(rule) for rule in rules]
        self.taken = [self._taken(branches) for branches in self.branches]
        self.before = list(accumulate(self.taken, or_, initial=0))
        self.nobody = Verdict(None, {hole: 1}, (0, ""))

    def _branches(self, rule: ResolvedRule) -> list[Branch]:
        cases = [self._branch(self.pieces(rule, case), skip=case.outcome.skip) for case in rule.cases]
        return [*cases, self._branch(self.pieces(rule), skip=False)]

    def _branch(self, pieces: Pieces, *, skip: bool) -> Branch:
        return Branch(pieces, skip, self.pool.add(box for box, _ in pieces))

    def pieces(self, rule: ResolvedRule, case: Case | None = None) -> Pieces:
        """Return where an exception, or without one the rule itself, holds, and what it gives there."""
        conditions, outcome = (*rule.claim, *rule.where), rule.outcome
        if case is not None:
            outcome = case.outcome
            conditions = (*conditions, *case.when, (outcome.source, self._takes(outcome)))
        pieces = self.universe.pieces(conditions, outcome.source, rule.years)
        return [(box, self._verdict(rule.number, outcome, key)) for box, key in pieces]

    def _takes(self, outcome: Outcome) -> frozenset[int]:
        return frozenset(claim for claim in range(256) if outcome.takes(claim))

    def _verdict(self, number: int, outcome: Outcome, key: int) -> Verdict:
        source = self.universe.inputs[key]
        by = (number, source.name)
        if outcome.constant is not None:
            return Verdict(None, {outcome.constant: 1}, by)
        table, codes = dict(outcome.table), dict[int, int]()
        for i, value in enumerate(source.values):
            code = table.get(value or 0, value or 0)
            codes[code] = codes.get(code, 0) | 1 << i
        return Verdict(key, codes, by)

    def _taken(self, branches: Sequence[Branch]) -> int:
        taken, skipped = list[Box](), list[Box]()
        if not any(branch.skip for branch in branches):
            branches = branches[-1:]  # an exception lies inside its rule
        for branch in branches:
            boxes = [box for box, _ in branch.pieces]
            if branch.skip:
                skipped += boxes
            else:
                taken += subtract_all(boxes, skipped, self.full)
        return self.pool.add(taken)

    def find(self, boxes: Iterable[Box], covers: int) -> Box | None:
        """Return a part of the boxes that no cover touches, None if there is none."""
        return next((found for box in boxes if (found := self.pool.uncovered(box, covers)) is not None), None)

    def boxes(self, rule: int, branch: int = -1) -> list[Box]:
        """Where the conditions of an exception hold, or those of the rule itself."""
        return [box for box, _ in self.branches[rule][branch].pieces]

    def above(self, rule: int, branch: int = 0) -> int:
        """Return what keeps pixels from a branch: all that earlier rules take, and the branches before it."""
        return reduce(or_, (other.cover for other in self.branches[rule][:branch]), self.before[rule])

    def fires(self, rule: int) -> Box | None:
        """Return pixels that a rule decides, None if it decides none."""
        return self.find(self.pool.of(self.taken[rule]), self.before[rule])

    def reached(self, rule: int, branch: int) -> Box | None:
        """Return pixels that come to an exception of a rule, None if there are none."""
        return self.find(self.boxes(rule, branch), self.above(rule, branch))

    def effect_of_rule(self, rule: int, pieces: Pieces, compare: Compare) -> Difference | None:
        """Return what changes if a rule does not hold on pieces of its support, None if nothing does."""
        ways = (way for box, _ in pieces for way in self._ways(box, self.before[rule], rule, 0, inside=True))
        return self._difference(ways, lambda way: self._below(way, rule + 1), compare)

    def effect_of_case(self, rule: int, branch: int, pieces: Pieces, compare: Compare) -> Difference | None:
        """Return what changes if an exception does not hold on pieces of its support, None if nothing does."""
        covers = self.above(rule, branch)
        if not self.branches[rule][branch].skip:
            ways = (Way(box, covers, verdict) for box, verdict in pieces)
            return self._difference(ways, lambda way: self._ways(way.box, way.covers, rule, branch + 1), compare)
        kept = (way for box, _ in pieces for way in self._ways(box, covers, rule, branch + 1, inside=True))
        found = self._difference(kept, lambda way: self._below(way, rule + 1), compare)
        return found and Difference(found.region, present=found.absent, absent=found.present)

    def _difference(
        self, ways: Iterable[Way], others: Callable[[Way], Iterable[Way]], compare: Compare
    ) -> Difference | None:
        for way in ways:
            for other in others(way):
                region = self.find(compare(other.box, way.verdict, other.verdict), other.covers)
                if region is not None:
                    return Difference(region, way.verdict, other.verdict)
        return None

    def _ways(self, box: Box, covers: int, rule: int, branch: int, *, inside: bool = False) -> Iterator[Way]:
        """Yield how pixels are decided that come to a branch; only by this rule if `inside`."""
        for each in self.branches[rule][branch:]:
            for piece, verdict in each.pieces:
                common = meet(box, piece)
                if common is not None and not each.skip:
                    yield Way(common, covers, verdict)
                elif common is not None and not inside:
                    yield from self._below(Way(common, covers, verdict), rule + 1)
            covers |= each.cover

    def _below(self, way: Way, rule: int) -> Iterator[Way]:
        """Yield how the pixels of a way are decided by a rule and those after it."""
        covers = way.covers
        near = self.pool.touching(way.box, self.before[-1] & ~self.before[rule])
        yield Way(way.box, covers | near, self.nobody)
        for number in range(rule, len(self.rules)):
            taken = self.taken[number] & near
            if taken:
                yield from self._ways(way.box, covers, number, 0, inside=True)
                covers |= taken
            if any(self._holds(way.box, box) for box in self.pool.of(taken)):
                return

    def _holds(self, box: Box, cover: Box) -> bool:
        return all(not box.get(key, self.full[key]) & ~mask for key, mask in cover.items())

    def code(self, pixel: Box) -> int:
        """Return the class of the one pixel of a box."""
        ways = self._below(Way(pixel, 0, self.nobody), 0)
        verdict = next(way.verdict for way in ways if self.find([way.box], way.covers) is not None)
        here = 1 if verdict.key is None else pixel[verdict.key]
        return next(code for code, mask in verdict.codes.items() if mask & here)

    def by_class(self, box: Box, a: Verdict, b: Verdict) -> Iterator[Box]:
        """Yield the parts of a box where two verdicts give different classes."""
        for code, mask in a.codes.items():
            mine = box if a.key is None else meet(box, {a.key: mask})
            other = (1 if b.key is None else self.full[b.key]) & ~b.codes.get(code, 0)
            both = mine if b.key is None or mine is None or not other else meet(mine, {b.key: other})
            if both is not None and other:
                yield both

    def by_origin(self, box: Box, a: Verdict, b: Verdict) -> Iterator[Box]:
        """Yield a box if two verdicts name different rules or modules."""
        if a.by != b.by:
            yield box

    def takers(self, boxes: Sequence[Box], suspects: Sequence[int]) -> list[int]:
        """Return suspects that are needed to hide boxes, the earliest that do: without any of them something shows."""
        needed = [i for i, taken in enumerate(suspects) if any(self.pool.touching(box, taken) for box in boxes)]
        for latest in reversed(list(needed)):
            rest = [i for i in needed if i != latest]
            if self.find(boxes, reduce(or_, (suspects[i] for i in rest), 0)) is None:
                needed = rest
        return needed
