"""Everything that rules can meet, as finite inputs: what each module may claim, the values of layers, the years.

A layer has the values that it names, those that rules mention, and one 'any other value'. A mosaic is no input of its
own: at each value of its layer it is the member module of that value, so a condition on it becomes one box a member.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import product
from typing import Literal

from mutirao.collection import Years
from mutirao.integration.boxes import Box, meet
from mutirao.integration.resolve import Allowed, ResolvedRule, Vocabulary
from mutirao.legend import NODATA

Members = Mapping[str, int | None]
"""By mosaic the input of the member that speaks, None where there is none."""


@dataclass(frozen=True, slots=True)
class Input:
    """One thing that rules can ask; the value that most boxes do not mention comes first."""

    name: str
    kind: Literal["module", "layer", "year"]
    values: tuple[int | None, ...]
    """None is any value that no rule mentions."""

    def mask(self, allowed: Collection[int]) -> int:
        """Return the mask of the values that are allowed."""
        return sum(1 << i for i, value in enumerate(self.values) if value is not None and value in allowed)

    def of(self, mask: int) -> tuple[int | None, ...]:
        """Return the values of a mask."""
        return tuple(value for i, value in enumerate(self.values) if mask >> i & 1)


@dataclass(frozen=True, slots=True)
class Witness:
    """A combination of inputs that shows a finding."""

    claims: Mapping[str, int]
    """Class by module, 0 where it claims nothing."""
    layers: Mapping[str, int | None]
    """Value by layer; None is any value that no rule mentions."""
    year: int | None
    """None is any year that no rule mentions."""
    matters: frozenset[str]
    """Layers, and 'year', whose value is part of the reason."""
    shows: str
    """What happens there."""


class Universe:
    """The inputs of a rule set, and conditions as boxes over them.

    Parameters
    ----------
    claims : classes that each module of the vocabulary may claim.
    years : years of the collection; those that rules mention and one more if not known.
    """

    def __init__(
        self,
        vocabulary: Vocabulary,
        claims: Mapping[str, frozenset[int]],
        rules: Sequence[ResolvedRule],
        years: Sequence[int] | None,
    ) -> None:
        self.vocabulary = vocabulary
        modules = [Input(m, "module", (NODATA, *sorted(claims[m]))) for m in vocabulary.modules]
        layers = [Input(name, "layer", (None, *_values(vocabulary, name, rules))) for name in vocabulary.layers]
        series = tuple(years) if years is not None else (None, *_mentioned_years(rules))
        self.inputs = (*modules, *layers, Input("year", "year", series))
        self.full = tuple((1 << len(each.values)) - 1 for each in self.inputs)
        self.number = {each.name: i for i, each in enumerate(self.inputs) if each.kind != "year"}
        self.modules = range(len(modules))
        self.surroundings = range(len(modules), len(self.inputs))
        """Layers and the year."""

    def pieces(self, conditions: Allowed, source: str, years: Years | None = None) -> Iterator[tuple[Box, int]]:
        """Yield boxes that together say what conditions say, each with the input that `source` is there."""
        for place, members in self._parts({source, *(name for name, _ in conditions)}):
            box = self._box(place, conditions, members, years)
            speaker = members.get(source, self.number.get(source))
            if box is not None and speaker is not None:
                yield box, speaker

    def _parts(self, names: Iterable[str]) -> Iterator[tuple[Box, Members]]:
        mosaics = sorted(name for name in names if name in self.vocabulary.mosaics)
        for parts in product(*(list(self._members(mosaic)) for mosaic in mosaics)):
            place: Box | None = {}
            for box, _ in parts:
                place = None if place is None else meet(place, box)
            if place is not None:
                yield place, dict(zip(mosaics, (speaker for _, speaker in parts), strict=True))

    def _members(self, mosaic: str) -> Iterator[tuple[Box, int | None]]:
        layer, members = self.vocabulary.mosaics[mosaic]
        key = self.number[layer]
        for value, member in members.items():
            yield {key: self.inputs[key].mask({value})}, self.number[member]
        rest = self.full[key] & ~self.inputs[key].mask(members)
        yield {key: rest}, None

    def _box(self, place: Box, conditions: Allowed, members: Members, years: Years | None) -> Box | None:
        box: Box | None = place
        for name, allowed in conditions:
            key = members.get(name, self.number.get(name))
            if key is not None:
                box = self._narrow(box, key, self.inputs[key].mask(allowed))
            elif NODATA not in allowed:
                return None
        if years is None:
            return box
        series = self.inputs[-1].values
        return self._narrow(box, len(self.inputs) - 1, sum(1 << i for i, year in enumerate(series) if year in years))

    def _narrow(self, box: Box | None, key: int, mask: int) -> Box | None:
        if box is None or not mask:
            return None
        return box if mask == self.full[key] else meet(box, {key: mask})

    def witness(self, region: Box, shows: str) -> Witness:
        """Return one pixel of a region; the first value of an input is the plainest."""
        chosen = {i: each.of(region.get(i, self.full[i]))[0] for i, each in enumerate(self.inputs)}
        matters = (i for i in self.surroundings if region.get(i, self.full[i]) != self.full[i])
        return Witness(
            claims={self.inputs[i].name: chosen[i] or NODATA for i in self.modules},
            layers={each.name: chosen[i] for i, each in enumerate(self.inputs) if each.kind == "layer"},
            year=chosen[len(self.inputs) - 1],
            matters=frozenset(self.inputs[i].name for i in matters),
            shows=shows,
        )

    def pixel(self, region: Box) -> Box:
        """Return the box of the one pixel that `witness` names."""
        return {i: (mask := region.get(i, full)) & -mask for i, full in enumerate(self.full)}


def conditions_of(rule: ResolvedRule) -> Iterator[tuple[str, frozenset[int]]]:
    """Yield every condition of a rule and its exceptions."""
    yield from (*rule.claim, *rule.where)
    for case in rule.cases:
        yield from case.when


def names_of(rule: ResolvedRule) -> Iterator[str]:
    """Yield every source and layer that a rule speaks of."""
    yield from (name for name, _ in conditions_of(rule))
    yield from (case.outcome.source for case in rule.cases)


def _values(vocabulary: Vocabulary, layer: str, rules: Sequence[ResolvedRule]) -> list[int]:
    values = set(vocabulary.layers[layer].values())
    for name, allowed in (condition for rule in rules for condition in conditions_of(rule)):
        values |= allowed if name == layer else frozenset()
    for told_by, members in vocabulary.mosaics.values():
        values |= set(members) if told_by == layer else set()
    return sorted(values)


def _mentioned_years(rules: Sequence[ResolvedRule]) -> list[int]:
    return sorted({year for rule in rules if rule.years for year in rule.years.all()})
