"""The fast form of the rules: for each input and value, a bit mask of the branches that still hold.

A branch is an exception of a rule or the rule itself, in order of priority. A pixel's branches are the AND of the
masks that its inputs select; the lowest set bit wins. A branch that steps back clears the bits of its whole rule.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numba
import numpy as np

from mutirao.collection import Years
from mutirao.integration.resolve import Allowed, Outcome, ResolvedRule

WORD = 64
_ANY = frozenset(range(1, 256))
_STRIP = 1024
_DE_BRUIJN = np.uint64(0x03F79D71B4CB0A89)
"""Multiplying a single bit by this constant puts a number that is the bit's own into the upper six bits."""
_POSITION = np.zeros(WORD, np.int32)
_POSITION[[(1 << bit) * int(_DE_BRUIJN) % (1 << 64) >> 58 for bit in range(WORD)]] = range(WORD)


@dataclass(frozen=True, slots=True)
class Program:
    """Compiled rules. S modules, L layers, B branches in W words of 64 bits, T years, V values."""

    modules: tuple[str, ...]
    layers: tuple[str, ...]
    values: tuple[np.ndarray, ...]
    """For each layer the sorted values that rules name; index 0 of its masks means 'any other value'."""
    masks: np.ndarray
    """(S + L, W, V) uint64: branches that a value of an input allows."""
    years: np.ndarray
    """(T, W) uint64: branches that a year allows."""
    rule: np.ndarray
    """(B,) uint16: number of the rule of each branch."""
    source: np.ndarray
    """(B,) uint8: index of the module whose claim a branch takes."""
    table: np.ndarray
    """(B, 256) uint8: class by claim."""
    after: np.ndarray
    """(B,) int32: for a branch that steps back, the first branch of the next rule; else -1."""


@dataclass(frozen=True, slots=True)
class Integrated:
    """What integration makes of a block, (year, y, x) each; all zero at a coverage hole except `conflicts`."""

    classes: np.ndarray
    """uint8, class code."""
    rule: np.ndarray
    """uint16, number of the rule that decided, from 1."""
    source: np.ndarray
    """uint8, number of the module whose claim won, from 1."""
    conflicts: np.ndarray
    """uint8, number of modules that claim another class."""


@dataclass(frozen=True, slots=True)
class _Branch:
    rule: int
    conditions: Allowed
    years: Years | None
    outcome: Outcome


def compile_rules(
    rules: Sequence[ResolvedRule], modules: Sequence[str], layers: Sequence[str], years: Sequence[int]
) -> Program:
    """Compile resolved rules for the modules, layers and years of a collection."""
    branches = [branch for rule in rules for branch in _branches(rule)]
    values = tuple(_named_values(branches, layer) for layer in layers)
    return Program(
        modules=tuple(modules),
        layers=tuple(layers),
        values=values,
        masks=_masks(branches, modules, layers, values),
        years=np.stack([_pack([b.years is None or year in b.years for b in branches]) for year in years]),
        rule=np.array([branch.rule for branch in branches], np.uint16),
        source=np.array([list(modules).index(branch.outcome.source) for branch in branches], np.uint8),
        table=np.array([_table(branch.outcome) for branch in branches], np.uint8),
        after=_after(branches),
    )


def _branches(rule: ResolvedRule) -> Iterator[_Branch]:
    base = (*rule.claim, *rule.where)
    for case in rule.cases:
        conditions = (*base, *case.when, (case.outcome.source, _ANY))
        yield _Branch(rule.number, conditions, rule.years, case.outcome)
    yield _Branch(rule.number, base, rule.years, rule.outcome)


def _named_values(branches: Sequence[_Branch], layer: str) -> np.ndarray:
    named = {value for branch in branches for name, allowed in branch.conditions if name == layer for value in allowed}
    return np.array(sorted(named), dtype=np.int64)


def _masks(
    branches: Sequence[_Branch], modules: Sequence[str], layers: Sequence[str], values: Sequence[np.ndarray]
) -> np.ndarray:
    rows = max([256, *(len(named) + 1 for named in values)])
    words = -(-len(branches) // WORD)
    masks = np.zeros((len(modules) + len(layers), words, rows), np.uint64)
    for i, module in enumerate(modules):
        for code in range(256):
            masks[i, :, code] = _pack([_allows(branch, module, code) for branch in branches])
    for i, (layer, named) in enumerate(zip(layers, values, strict=True), start=len(modules)):
        masks[i, :, 0] = _pack([_allows(branch, layer, None) for branch in branches])
        for j, value in enumerate(named.tolist(), start=1):
            masks[i, :, j] = _pack([_allows(branch, layer, value) for branch in branches])
    return masks


def _allows(branch: _Branch, name: str, value: int | None) -> bool:
    return all(value in allowed for other, allowed in branch.conditions if other == name)


def _pack(bits: Sequence[bool]) -> np.ndarray:
    words = -(-len(bits) // WORD)
    padded = np.zeros(words * WORD, np.uint8)
    padded[: len(bits)] = bits
    return np.packbits(padded, bitorder="little").view("<u8").astype(np.uint64)


def _table(outcome: Outcome) -> list[int]:
    return [outcome.code(claim) for claim in range(256)]


def _after(branches: Sequence[_Branch]) -> np.ndarray:
    rules = np.array([branch.rule for branch in branches])
    next_rule = np.searchsorted(rules, rules, side="right")
    return np.where([branch.outcome.skip for branch in branches], next_rule, -1).astype(np.int32)


def integrate(program: Program, claims: np.ndarray, layers: np.ndarray) -> Integrated:
    """Apply compiled rules to a block.

    Parameters
    ----------
    claims : (module, year, y, x) uint8, class codes, 0 where a module claims nothing; modules in program order.
    layers : (layer, y, x) integers, in program order; shape (0, y, x) if there are none.
    """
    shape = claims.shape[1:]
    flat = np.ascontiguousarray(claims).reshape(*claims.shape[:2], -1)
    indices = layer_indices(program, layers).reshape(len(program.layers), flat.shape[2])
    out = Integrated(*(np.empty(flat.shape[1:], dtype) for dtype in (np.uint8, np.uint16, np.uint8, np.uint8)))
    tables = (program.masks, program.years, program.rule, program.source, program.table, program.after)
    _integrate(flat, indices, *tables, out.classes, out.rule, out.source, out.conflicts)
    return Integrated(*(layer.reshape(shape) for layer in (out.classes, out.rule, out.source, out.conflicts)))


def layer_indices(program: Program, layers: np.ndarray) -> np.ndarray:
    """Return (layer, y, x) uint16: 1 + the position of a value among those that rules name, 0 for any other."""
    indices = np.zeros(layers.shape, np.uint16)
    for i, named in enumerate(program.values):
        if len(named):
            position = np.minimum(np.searchsorted(named, layers[i]), len(named) - 1)
            indices[i] = np.where(named[position] == layers[i], position + 1, 0)
    return indices


@numba.njit(nogil=True, cache=True)
def _integrate(  # type: ignore[no-untyped-def]
    claims, layers, masks, years, rule, source, table, after, out_class, out_rule, out_source, out_conflicts
):
    """Work in strips that stay in the first cache: the inner loops run over neighbouring pixels of one year."""
    branch = np.empty(_STRIP, np.int32)
    alive = np.empty(_STRIP, np.uint64)
    skipped = np.empty(_STRIP, np.int32)
    for t in range(claims.shape[1]):
        for first in range(0, claims.shape[2], _STRIP):
            strip = slice(first, min(first + _STRIP, claims.shape[2]))
            here = claims[:, t, strip]
            branch[:], skipped[:] = -1, 0
            for word in range(masks.shape[1]):
                alive[:] = years[t, word]
                _meet(alive, here, masks[: len(here), word])
                _meet(alive, layers[:, strip], masks[len(here) :, word])
                _choose(branch, skipped, alive, after, word)
            _write(branch, here, rule, source, table, out_class[t, strip], out_rule[t, strip], out_source[t, strip])
            _count_conflicts(here, out_class[t, strip], out_conflicts[t, strip])


@numba.njit(nogil=True, cache=True)
def _meet(alive, inputs, masks):  # type: ignore[no-untyped-def]
    """Clear in `alive` the branches of one word that the value of an input does not allow."""
    for i in range(len(inputs)):
        value, allowed = inputs[i], masks[i]
        for p in range(len(value)):
            alive[p] &= allowed[value[p]]


@numba.njit(nogil=True, cache=True)
def _choose(branch, skipped, alive, after, word):  # type: ignore[no-untyped-def]
    """Take the lowest branch that is alive; one that steps back rules out all branches before `after`."""
    for p in range(len(alive)):
        bits = alive[p] if branch[p] < 0 else np.uint64(0)
        while bits:
            lowest = 64 * word + _POSITION[((bits & (~bits + np.uint64(1))) * _DE_BRUIJN) >> np.uint64(58)]
            if lowest >= skipped[p]:
                if after[lowest] < 0:
                    branch[p] = lowest
                    break
                skipped[p] = after[lowest]
            bits &= bits - np.uint64(1)


@numba.njit(nogil=True, cache=True)
def _write(branch, claims, rule, source, table, out_class, out_rule, out_source):  # type: ignore[no-untyped-def]
    """Write class, rule and module of the chosen branches of a strip; zero where none holds."""
    for p in range(len(out_class)):
        chosen = branch[p]
        if chosen < 0:
            out_class[p], out_rule[p], out_source[p] = 0, 0, 0
        else:
            module = source[chosen]
            out_class[p], out_rule[p], out_source[p] = table[chosen, claims[module, p]], rule[chosen], module + 1


@numba.njit(nogil=True, cache=True)
def _count_conflicts(claims, classes, conflicts):  # type: ignore[no-untyped-def]
    """Count the modules of each pixel of a strip that claim another class than the one that won."""
    conflicts[:] = 0
    for i in range(len(claims)):
        claim = claims[i]
        for p in range(len(claim)):
            conflicts[p] += np.uint8((claim[p] != 0) & (claim[p] != classes[p]))
