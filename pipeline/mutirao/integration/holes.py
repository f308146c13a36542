"""Claims that reach no rule: where nobody else claims anything usable, the pixel is a hole of the map."""

from __future__ import annotations

from collections.abc import Iterator

from mutirao.errors import Severity
from mutirao.integration.boxes import Box, UndecidedError, meet, widen
from mutirao.integration.coverage import Coverage
from mutirao.integration.describe import class_words, either, series_words, value_words
from mutirao.integration.prevalence import RuleSet
from mutirao.integration.resolve import Where
from mutirao.integration.rulefinding import RuleFinding, Scope
from mutirao.integration.universe import Universe, names_of
from mutirao.legend import NODATA


def holes(rule_set: RuleSet, scope: Scope, coverage: Coverage, where: Where) -> Iterator[RuleFinding]:
    """Yield each class of each module that reaches no rule somewhere.

    I206 where layers have the values that they name, I214 only where one has none of them. A claim is to blame if
    nobody else claims anything, or if the pixel would be taken without the claim.
    """
    search = _Holes(rule_set, scope, coverage)
    for key in coverage.universe.modules:
        for bit in range(1, len(coverage.universe.inputs[key].values)):
            yield from search.of(key, 1 << bit, where("rules"))


class _Holes:
    def __init__(self, rule_set: RuleSet, scope: Scope, coverage: Coverage) -> None:
        self.scope = scope
        self.coverage = coverage
        self.universe: Universe = coverage.universe
        self.severity: Severity = "block" if isinstance(rule_set.holes, str) else "advise"
        self.taken = coverage.before[-1]
        self.named = self._named()
        self.spoken = {name for rule in coverage.rules for name in names_of(rule)}

    def _named(self) -> Box:
        """Return the values of layers that have names, without 'any other value'."""
        layers = self.scope.vocabulary.layers
        keys = {self.universe.number[layer] for layer, values in layers.items() if values}
        return {key: self.universe.full[key] & ~1 for key in keys}

    def of(self, key: int, claim: int, place: str) -> Iterator[RuleFinding]:
        """Yield the finding of a source's claim that reaches no rule, if there is such a pixel."""
        try:
            boxes = [box for heard in self._heard(key) for box in self._blamed(key, claim, heard)]
            inside = self._find([box for each in boxes if (box := meet(each, self.named)) is not None])
            region = inside or self._find(boxes)
        except UndecidedError:
            message = "it is too hard to decide whether a claim reaches a rule"
            yield RuleFinding("I213", message, place, "let fewer exceptions step back", "advise")
            return
        if region is not None:
            yield self._finding(region, key, place, everywhere=inside is not None)

    def _find(self, boxes: list[Box]) -> Box | None:
        return self.coverage.find(boxes, self.taken)

    def _heard(self, key: int) -> Iterator[Box]:
        """Yield where a module is heard: a mosaic's member that rules do not name, only in its own part."""
        name = self.universe.inputs[key].name
        parts = [
            (layer, value)
            for mosaic, (layer, members) in self.scope.vocabulary.mosaics.items()
            for value, member in members.items()
            if member == name and mosaic in self.spoken
        ]
        if name in self.spoken or not parts:
            yield {}
        for layer, value in parts if name not in self.spoken else []:
            number = self.universe.number[layer]
            yield {number: self.universe.inputs[number].mask({value})}

    def _blamed(self, key: int, claim: int, heard: Box) -> Iterator[Box]:
        """Yield boxes in which a hole is this claim's: nobody else claims anything, or the claim keeps a rule away."""
        yield {**heard, **dict.fromkeys(self.universe.modules, 1), key: claim}
        for box in self.coverage.pool.of(self.taken):
            asked = box.get(key, self.universe.full[key])
            if asked & 1 and not asked & claim and (here := meet({**box, key: claim}, heard)) is not None:
                yield here

    def _finding(self, region: Box, key: int, place: str, *, everywhere: bool) -> RuleFinding:
        code = class_words(self.universe.inputs[key].of(region[key])[0] or NODATA, self.scope.vocabulary.legend)
        region = self._weakest(region, key)
        nobody = next(iter(self.coverage.nobody.codes))
        gets = (
            f"no rule takes it{f', so it gets {class_words(nobody, self.scope.vocabulary.legend)}' if nobody else ''}"
        )
        witness = self.universe.witness(region, gets)
        message = f"{self.universe.inputs[key].name} claims {code}, and no rule takes it{self._condition(region, key)}"
        remedy = "add a rule that takes it, or take the class out of what the module may claim"
        if everywhere:
            return RuleFinding("I206", message, place, remedy, self.severity, witness=witness)
        remedy = "nothing, if the layer has one of its named values everywhere; else add a rule"
        return RuleFinding("I214", message, place, remedy, "advise", witness=witness)

    def _weakest(self, region: Box, key: int) -> Box:
        """Return the region with modules as in its plainest pixel, and layers and years as wide as the hole is."""
        pixel = self.universe.pixel(region)
        modules = {key: pixel[key] for key in self.universe.modules}
        near = self.coverage.pool.of(self.coverage.pool.touching(modules, self.taken))
        own_part = {layer for heard in self._heard(key) for layer in heard}
        free = [surrounding for surrounding in self.universe.surroundings if surrounding not in own_part]
        return widen(pixel, free, near, self.universe.full)

    def _condition(self, region: Box, key: int) -> str:
        others = [
            f"{each.name} claims {class_words(code, self.scope.vocabulary.legend)}"
            for i, each in enumerate(self.universe.inputs)
            if i in self.universe.modules and i != key and (code := each.of(region.get(i, 1))[0])
        ]
        places = [self._surrounding(i, region[i]) for i in self.universe.surroundings if i in region]
        return "".join(f", where {words}" for words in [either([*others, *places], "and")] if words)

    def _surrounding(self, key: int, mask: int) -> str:
        each = self.universe.inputs[key]
        if each.kind == "year":
            return f"the year is {series_words(each.of(mask))}"
        others = (value for value in each.values if value is not None and value not in each.of(mask))
        if mask & 1 and (excluded := [value_words(each.name, value, self.scope.vocabulary) for value in others]):
            return f"{each.name} is not {either(excluded)}"
        return f"{each.name} is {either(value_words(each.name, v, self.scope.vocabulary) for v in each.of(mask))}"
