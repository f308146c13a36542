"""Compiled rules over blocks of pixels, in strips that stay in the cache, cut into cells.

A cell is decided anew only if a claim in it differs from the year before, or other rules hold in the year; else the
result of the year before is written again. An input with one value throughout a cell costs one AND of masks.
"""

from __future__ import annotations

from typing import NamedTuple

import numba
import numpy as np

WORD = 64
NONE = -1
_DE_BRUIJN = np.uint64(0x03F79D71B4CB0A89)
"""Multiplying a single bit by this constant puts a number that is the bit's own into the upper six bits."""
_POSITION = np.zeros(WORD, np.int32)
_POSITION[[(1 << bit) * int(_DE_BRUIJN) % (1 << 64) >> 58 for bit in range(WORD)]] = range(WORD)
_CELL = 128
"""Pixels that are decided together: few enough to be alike, enough for wide instructions."""
_CELLS = 64
"""Cells in a strip, which the second cache holds for all inputs."""


class Tables(NamedTuple):
    """A program as the kernel takes it; shapes as in `compile.Program`."""

    masks: np.ndarray
    years: np.ndarray
    names: np.ndarray
    """(S + M + L, W) bool: whether the branches of a word depend on the value of an input."""
    delicate: np.ndarray
    """(W,) uint64: branches of rules that may step back."""
    values: np.ndarray
    """(L, V) int64: sorted values that rules name, padded."""
    counts: np.ndarray
    """(L,) int64: how many of them count."""
    mosaic_layer: np.ndarray
    members: np.ndarray
    rule: np.ndarray
    source: np.ndarray
    table: np.ndarray
    after: np.ndarray
    hole: int


class _Scratch(NamedTuple):
    """One strip of C cells: what is read, and what is decided."""

    read: np.ndarray
    """(C, cell) uint8: a module's claims as they come in."""
    changed: np.ndarray
    """(C,) bool: whether a cell must be decided anew."""
    claims: np.ndarray
    """(S + M, C, cell) uint8"""
    place: np.ndarray
    """(L, C, cell) uint16: position of a layer's value, 0 for one that no rule names."""
    member: np.ndarray
    """(M, C, cell) int16"""
    classes: np.ndarray
    rule: np.ndarray
    source: np.ndarray
    conflicts: np.ndarray
    single: np.ndarray
    """(S + M + L, C) int64: the one value of an input in a cell, or -1."""
    allowed: np.ndarray
    """(C,) uint64: branches of a word that no constant input of a cell rules out; 0 in cells that did not change."""
    alive: np.ndarray
    """(C, cell) uint64: branches of a word that a pixel allows."""
    branch: np.ndarray
    """(C, cell) int32: the branch that decides a pixel, or -1."""
    skipped: np.ndarray
    """(C, cell) int32: the branches before this one are ruled out by a rule that stepped back."""


def run(tables: Tables, claims: np.ndarray, layers: np.ndarray, out: tuple[np.ndarray, ...]) -> None:
    """Decide every pixel of a block.

    Parameters
    ----------
    claims : (module, year, pixel) uint8, contiguous.
    layers : (layer, pixel) integers, contiguous.
    out : classes uint8, rule uint16, source uint8 and conflicts uint8, (year, pixel) each; overwritten.
    """
    _run(tables, _scratch(len(claims), len(tables.members), len(layers)), claims, layers, *out)


def _scratch(modules: int, mosaics: int, layers: int) -> _Scratch:
    strip = (_CELLS, _CELL)
    return _Scratch(
        read=np.zeros(strip, np.uint8),
        changed=np.zeros(_CELLS, np.bool_),
        claims=np.zeros((modules + mosaics, *strip), np.uint8),
        place=np.zeros((layers, *strip), np.uint16),
        member=np.zeros((mosaics, *strip), np.int16),
        classes=np.zeros(strip, np.uint8),
        rule=np.zeros(strip, np.uint16),
        source=np.zeros(strip, np.uint8),
        conflicts=np.zeros(strip, np.uint8),
        single=np.zeros((modules + mosaics + layers, _CELLS), np.int64),
        allowed=np.zeros(_CELLS, np.uint64),
        alive=np.zeros(strip, np.uint64),
        branch=np.zeros(strip, np.int32),
        skipped=np.zeros(strip, np.int32),
    )


@numba.njit(nogil=True, cache=True)
def _run(tables, own, claims, layers, classes, rule, source, conflicts):  # type: ignore[no-untyped-def]
    modules, years, pixels = claims.shape
    strip = _CELLS * _CELL
    for first in range(0, pixels, strip):
        last = min(first + strip, pixels)
        _place(tables, own, layers[:, first:last])
        for t in range(years):
            own.changed[:] = t == 0 or (tables.years[t] != tables.years[t - 1]).any()
            for i in range(modules):
                _load(own.read, own.claims[i], own.changed, claims[i, t, first:last])
            if own.changed.any():
                _decide(tables, own, modules, t)
            _copy(own.classes.reshape(-1), classes[t, first:last])
            _copy(own.rule.reshape(-1), rule[t, first:last])
            _copy(own.source.reshape(-1), source[t, first:last])
            _copy(own.conflicts.reshape(-1), conflicts[t, first:last])


@numba.njit(nogil=True, cache=True)
def _place(tables, own, layers):  # type: ignore[no-untyped-def]
    """Look up the layers of a strip, which no year changes, and through them the members of mosaics."""
    for i in range(len(layers)):
        values, row, index = tables.values[i, : tables.counts[i]], layers[i], own.place[i].reshape(-1)
        for p in range(len(row)):
            if p > 0 and row[p] == row[p - 1]:  # most layers are large areas
                index[p] = index[p - 1]
            else:
                at = np.searchsorted(values, row[p])
                index[p] = at + 1 if at < len(values) and values[at] == row[p] else 0
    for m in range(len(own.member)):
        index, member = own.place[tables.mosaic_layer[m]].reshape(-1), own.member[m].reshape(-1)
        for p in range(len(index)):
            member[p] = tables.members[m, index[p]]


@numba.njit(nogil=True, cache=True)
def _load(read, claims, changed, row):  # type: ignore[no-untyped-def]
    """Take in the claims of a module and year, and note the cells in which any differs from what was there."""
    _copy(row, read.reshape(-1))
    for cell in range(_CELLS):
        if not changed[cell]:
            changed[cell] = _differ(read[cell], claims[cell])
        if changed[cell]:
            _copy(read[cell], claims[cell])


@numba.njit(nogil=True, cache=True)
def _copy(source, target):  # type: ignore[no-untyped-def]
    """Copy as far as the shorter goes; a loop that the compiler turns into wide moves, as a slice is not."""
    for p in range(min(len(source), len(target))):
        target[p] = source[p]


@numba.njit(nogil=True, cache=True)
def _differ(new, old):  # type: ignore[no-untyped-def]
    difference = np.uint8(0)
    for p in range(_CELL):
        difference |= new[p] ^ old[p]
    return difference != 0


@numba.njit(nogil=True, cache=True)
def _decide(tables, own, modules, t):  # type: ignore[no-untyped-def]
    """Decide the changed cells of a loaded strip; every step runs over all of them, so that calls cost nothing."""
    sources = len(own.claims)
    _join(own.claims, own.member, own.changed, modules)
    _note_single(own.claims, own.changed, own.single[:sources])
    _note_single(own.place, own.changed, own.single[sources:])
    own.branch[:], own.skipped[:] = NONE, 0
    for word in range(tables.masks.shape[1]):
        _open(own.single, own.changed, own.allowed, own.alive, tables.masks[:, word], tables.years[t, word])
        _narrow(own.claims, own.single[:sources], own.allowed, own.alive, tables.names[:sources], tables.masks, word)
        layer_names, layer_masks = tables.names[sources:], tables.masks[sources:]
        _narrow(own.place, own.single[sources:], own.allowed, own.alive, layer_names, layer_masks, word)
        _choose(own.allowed, own.alive, own.branch, own.skipped, tables.after, tables.delicate[word], word)
    _write(tables, own, modules)
    _count_conflicts(own.claims[:modules], own.single, own.changed, own.classes, own.conflicts)


@numba.njit(nogil=True, cache=True)
def _join(claims, member, changed, modules):  # type: ignore[no-untyped-def]
    """Let each mosaic claim what the member of the pixel claims."""
    for m in range(len(member)):
        for cell in range(_CELLS):
            if changed[cell]:
                for p in range(_CELL):
                    i = member[m, cell, p]
                    claims[modules + m, cell, p] = claims[i, cell, p] if i >= 0 else 0


@numba.njit(nogil=True, cache=True)
def _note_single(rows, changed, single):  # type: ignore[no-untyped-def]
    """Note the one value of each input in a cell, or -1."""
    for i in range(len(rows)):
        for cell in range(_CELLS):
            if changed[cell]:
                single[i, cell] = _single(rows[i, cell])


@numba.njit(nogil=True, cache=True)
def _single(row):  # type: ignore[no-untyped-def]
    first = row[0]
    difference = first ^ first
    for p in range(_CELL):
        difference |= row[p] ^ first
    return np.int64(first) if difference == 0 else np.int64(NONE)


@numba.njit(nogil=True, cache=True)
def _open(single, changed, allowed, alive, masks, year):  # type: ignore[no-untyped-def]
    """Begin a word with the branches that the year and the constant inputs of a cell allow."""
    for cell in range(_CELLS):
        open_branches = year if changed[cell] else np.uint64(0)
        for i in range(len(single)):
            if single[i, cell] >= 0:
                open_branches &= masks[i, single[i, cell]]
        allowed[cell] = open_branches
        if open_branches:
            alive[cell] = open_branches


@numba.njit(nogil=True, cache=True)
def _narrow(rows, single, allowed, alive, names, masks, word):  # type: ignore[no-untyped-def]
    """Clear the branches that the value of an input does not allow."""
    for i in range(len(rows)):
        if names[i, word]:
            by_value = masks[i, word]
            for cell in range(_CELLS):
                if allowed[cell] and single[i, cell] < 0:
                    row, open_branches = rows[i, cell], alive[cell]
                    for p in range(_CELL):
                        open_branches[p] &= by_value[row[p]]


@numba.njit(nogil=True, cache=True)
def _lowest(bits):  # type: ignore[no-untyped-def]
    """Return the position of the lowest set bit of a uint64 that is not 0."""
    return _POSITION[((bits & (~bits + np.uint64(1))) * _DE_BRUIJN) >> np.uint64(58)]


@numba.njit(nogil=True, cache=True)
def _choose(allowed, alive, branch, skipped, after, delicate, word):  # type: ignore[no-untyped-def]
    """Take the lowest branch that is alive."""
    for cell in range(_CELLS):
        if allowed[cell] & delicate:
            _choose_or_step_back(alive[cell], branch[cell], skipped[cell], after, word)
        elif allowed[cell]:
            for p in range(_CELL):
                lowest = np.int32(WORD * word) + _lowest(alive[cell, p])
                is_open = (branch[cell, p] < 0) & (alive[cell, p] != 0)
                branch[cell, p] = lowest if is_open else branch[cell, p]


@numba.njit(nogil=True, cache=True)
def _choose_or_step_back(alive, branch, skipped, after, word):  # type: ignore[no-untyped-def]
    """Take the lowest branch that is alive; one that steps back rules out all branches before `after`."""
    for p in range(_CELL):
        bits = alive[p] if branch[p] < 0 else np.uint64(0)
        while bits:
            lowest = np.int32(WORD * word) + _lowest(bits)
            if lowest >= skipped[p]:
                if after[lowest] < 0:
                    branch[p] = lowest
                    break
                skipped[p] = after[lowest]
            bits &= bits - np.uint64(1)


@numba.njit(nogil=True, cache=True)
def _write(tables, own, modules):  # type: ignore[no-untyped-def]
    """Write class, rule and module of the chosen branches; a hole where none holds."""
    claims, member, table = own.claims, own.member, tables.table
    rule_of, source_of, hole = tables.rule, tables.source, tables.hole
    for cell in range(_CELLS):
        if own.changed[cell]:
            branch, classes, rule, source = own.branch[cell], own.classes[cell], own.rule[cell], own.source[cell]
            for p in range(_CELL):
                chosen = branch[p]
                if chosen < 0:
                    classes[p], rule[p], source[p] = hole, 0, 0
                else:
                    module = source_of[chosen]
                    classes[p] = table[chosen, claims[module, cell, p]]
                    rule[p] = rule_of[chosen]
                    source[p] = 1 + (module if module < modules else member[module - modules, cell, p])


@numba.njit(nogil=True, cache=True)
def _count_conflicts(claims, single, changed, classes, conflicts):  # type: ignore[no-untyped-def]
    """Count the modules of each pixel that claim another class than the one that won."""
    for cell in range(_CELLS):
        if changed[cell]:
            conflicts[cell] = 0
            for i in range(len(claims)):
                if single[i, cell] != 0:
                    for p in range(_CELL):
                        against = (claims[i, cell, p] != 0) & (claims[i, cell, p] != classes[cell, p])
                        conflicts[cell, p] += np.uint8(against)
