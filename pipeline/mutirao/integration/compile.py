"""The fast form of the rules: for each input and value, a bit mask of the branches that still hold.

A branch is an exception of a rule or the rule itself, in order of priority. A pixel's branches are the AND of the
masks that its inputs select; the lowest set bit wins. A branch that steps back clears the bits of its whole rule.
`kernel` runs the compiled program over blocks of pixels.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from mutirao.collection import Years
from mutirao.integration.kernel import NONE, WORD, Tables, run
from mutirao.integration.reference import NO_MOSAICS
from mutirao.integration.resolve import Allowed, Mosaics, Outcome, ResolvedRule
from mutirao.legend import NODATA

_OTHER = -(1 << 40)
"""Stands for every value of a layer that no rule names."""


@dataclass(frozen=True)
class Program:
    """Compiled rules. S modules, M mosaics, L layers, B branches in W words of 64 bits, T years, V values."""

    modules: tuple[str, ...]
    mosaics: tuple[str, ...]
    layers: tuple[str, ...]
    values: tuple[np.ndarray, ...]
    """For each layer the sorted values that rules name; index 0 of its masks means 'any other value'."""
    mosaic_layer: np.ndarray
    """(M,) int64: the layer that tells a mosaic's members apart."""
    members: np.ndarray
    """(M, V) int16: index of the member module by index of the layer's value, -1 for none."""
    masks: np.ndarray
    """(S + M + L, W, V) uint64: branches that a value of an input allows."""
    years: np.ndarray
    """(T, W) uint64: branches that a year allows."""
    rule: np.ndarray
    """(B,) uint8, or uint16 if there are more than 255 rules: number of the rule of each branch."""
    source: np.ndarray
    """(B,) int16: index of the module whose claim a branch takes; S and above are mosaics."""
    table: np.ndarray
    """(B, 256) uint8: class by claim."""
    after: np.ndarray
    """(B,) int32: for a branch that steps back, the first branch of the next rule; else -1."""
    hole: int = NODATA
    """Class of a pixel that no branch takes."""

    @cached_property
    def tables(self) -> Tables:
        """The program as the kernel takes it."""
        everything = _pack(np.ones(len(self.rule), bool))
        return Tables(
            masks=self.masks,
            years=self.years,
            names=(self.masks != everything[:, np.newaxis]).any(axis=2),
            values=_padded(self.values),
            counts=np.array([len(named) for named in self.values], np.int64),
            mosaic_layer=self.mosaic_layer,
            members=self.members,
            rule=self.rule,
            source=self.source,
            table=self.table,
            after=self.after,
            hole=self.hole,
        )


@dataclass(frozen=True, slots=True)
class Integrated:
    """What integration makes of a block, (year, y, x) each; rule and source are 0 at a coverage hole."""

    classes: np.ndarray
    """uint8, class code."""
    rule: np.ndarray
    """Number of the rule that decided, from 1; uint8, or uint16 if there are more than 255 rules."""
    source: np.ndarray
    """uint8, number of the module whose claim won, from 1."""
    conflicts: np.ndarray
    """uint8, number of modules that claim another class than the module that won."""

    def year(self, t: int) -> Integrated:
        """Return one year, (y, x) each."""
        return Integrated(self.classes[t], self.rule[t], self.source[t], self.conflicts[t])


@dataclass(frozen=True, slots=True)
class _Branch:
    rule: int
    conditions: Allowed
    years: Years | None
    outcome: Outcome


def compile_rules(
    rules: Sequence[ResolvedRule],
    modules: Sequence[str],
    layers: Sequence[str],
    years: Sequence[int],
    *,
    mosaics: Mosaics = NO_MOSAICS,
    hole: int = NODATA,
) -> Program:
    """Compile resolved rules for the modules, mosaics, layers and years of a collection.

    Parameters
    ----------
    hole : class of a pixel that no rule takes.
    """
    branches = [branch for rule in rules for branch in _branches(rule)]
    numbers = [branch.rule for branch in branches]
    values = tuple(_named_values(branches, mosaics, layer) for layer in layers)
    sources = (*modules, *mosaics)
    masks = _masks(branches, sources, layers, values)
    return Program(
        modules=tuple(modules),
        mosaics=tuple(mosaics),
        layers=tuple(layers),
        values=values,
        mosaic_layer=np.array([list(layers).index(layer) for layer, _ in mosaics.values()], np.int64),
        members=_members(mosaics, modules, layers, values, masks.shape[2]),
        masks=masks,
        years=np.stack([_pack([b.years is None or year in b.years for b in branches]) for year in years]),
        rule=np.array(numbers, np.min_scalar_type(max(numbers, default=0))),
        source=np.array([sources.index(branch.outcome.source) for branch in branches], np.int16),
        table=np.array([_table(branch.outcome) for branch in branches], np.uint8),
        after=_after(branches),
        hole=hole,
    )


def _branches(rule: ResolvedRule) -> Iterator[_Branch]:
    base = (*rule.claim, *rule.where)
    for case in rule.cases:
        taken = frozenset(claim for claim in range(256) if case.outcome.takes(claim))
        yield _Branch(rule.number, (*base, *case.when, (case.outcome.source, taken)), rule.years, case.outcome)
    yield _Branch(rule.number, base, rule.years, rule.outcome)


def _named_values(branches: Sequence[_Branch], mosaics: Mosaics, layer: str) -> np.ndarray:
    named = {value for branch in branches for name, allowed in branch.conditions if name == layer for value in allowed}
    members = {value for name, modules in mosaics.values() if name == layer for value in modules}
    return np.array(sorted(named | members), dtype=np.int64)


def _members(
    mosaics: Mosaics, modules: Sequence[str], layers: Sequence[str], values: Sequence[np.ndarray], rows: int
) -> np.ndarray:
    members = np.full((len(mosaics), rows), NONE, np.int16)
    for number, (layer, by_value) in enumerate(mosaics.values()):
        named = values[list(layers).index(layer)].tolist()
        for value, module in by_value.items():
            members[number, 1 + named.index(value)] = list(modules).index(module)
    return members


def _padded(rows: Sequence[np.ndarray]) -> np.ndarray:
    padded = np.zeros((len(rows), max((len(row) for row in rows), default=0)), np.int64)
    for i, row in enumerate(rows):
        padded[i, : len(row)] = row
    return padded


def _masks(
    branches: Sequence[_Branch], sources: Sequence[str], layers: Sequence[str], values: Sequence[np.ndarray]
) -> np.ndarray:
    inputs: list[tuple[str, Sequence[int]]] = [(source, range(256)) for source in sources]
    inputs += [(layer, [_OTHER, *named.tolist()]) for layer, named in zip(layers, values, strict=True)]
    rows = max([256, *(len(meanings) for _, meanings in inputs)])
    masks = np.zeros((len(inputs), -(-len(branches) // WORD), rows), np.uint64)
    for i, (name, meanings) in enumerate(inputs):
        masks[i, :, : len(meanings)] = _pack(_allowed(branches, name, meanings)).T
    return masks


def _allowed(branches: Sequence[_Branch], name: str, values: Sequence[int]) -> np.ndarray:
    """Return (value, branch) bool: whether the branch allows the input to have the value."""
    allowed = np.ones((len(values), len(branches)), bool)
    for number, branch in enumerate(branches):
        for other, condition in branch.conditions:
            if other == name:
                allowed[:, number] &= [value in condition for value in values]
    return allowed


def _pack(bits: Sequence[bool] | np.ndarray) -> np.ndarray:
    """Return (..., word) uint64 of (..., branch) bool, the first branch in the lowest bit."""
    array = np.asarray(bits, bool)
    spare = -array.shape[-1] % WORD
    padded = np.pad(array, [(0, 0)] * (array.ndim - 1) + [(0, spare)])
    return np.packbits(padded, axis=-1, bitorder="little").view("<u8").astype(np.uint64)


def _table(outcome: Outcome) -> list[int]:
    return [outcome.code(claim) for claim in range(256)]


def _after(branches: Sequence[_Branch]) -> np.ndarray:
    rules = np.array([branch.rule for branch in branches])
    next_rule = np.searchsorted(rules, rules, side="right")
    return np.where([branch.outcome.skip for branch in branches], next_rule, -1).astype(np.int32)


def integrate(program: Program, claims: np.ndarray, layers: np.ndarray) -> Integrated:
    """Apply compiled rules to a block; no memory is needed beyond the result.

    Parameters
    ----------
    claims : (module, year, y, x) uint8, class codes, 0 where a module claims nothing; modules in program order.
    layers : (layer, y, x) integers of up to 32 bits, in program order; shape (0, y, x) if there are none.
    """
    shape = claims.shape[1:]
    flat = np.ascontiguousarray(claims).reshape(*claims.shape[:2], -1)
    places = np.ascontiguousarray(layers).reshape(len(program.layers), flat.shape[2])
    out = tuple(np.empty(flat.shape[1:], dtype) for dtype in (np.uint8, program.rule.dtype, np.uint8, np.uint8))
    run(program.tables, flat, places, out)
    return Integrated(*(layer.reshape(shape) for layer in out))
