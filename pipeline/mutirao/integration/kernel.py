"""Compiled rules over blocks of pixels, in strips that stay in the cache, each reduced to its runs.

A run is a row of neighbours with the same claims and layers. Rules are asked once for each run in which a claim differs
from the year before; all other pixels keep the result of that year. What touches every pixel is a plain loop over whole
rows that the compiler turns into wide instructions; branches and look-ups are met only once a run.
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
_ONE = np.uint64(1)
_GATHER = np.uint64(0x0102040810204080)
"""Multiplying eight bytes of 0 or 1 by this constant puts their bits into the upper byte, the first byte lowest."""
_TOP_BYTE = np.uint64(56)
_STRIP = 4096
"""Pixels in a strip: for a dozen inputs it fits the first two caches; a multiple of 64."""
_PIECE = np.uint64(16)
"""Pixels written at once when a run is filled: most runs need one wide write to each layer, without a loop."""
_PADDING = 64
"""Keeps rows of scratch from lying a power of two apart, where they would evict each other; at least a piece."""


class Tables(NamedTuple):
    """A program as the kernel takes it; shapes as in `compile.Program`."""

    masks: np.ndarray
    years: np.ndarray
    names: np.ndarray
    """(S + M + L, W) bool: whether the branches of a word depend on the value of an input."""
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


class _Result(NamedTuple):
    """What is decided, by pixel or by run."""

    classes: np.ndarray
    """uint8"""
    rule: np.ndarray
    """uint8, or uint16 if there are more than 255 rules."""
    source: np.ndarray
    """uint8"""
    conflicts: np.ndarray
    """uint8"""


class _Strip(NamedTuple):
    """One strip of N pixels and one year."""

    claims: np.ndarray
    """(S, N) uint8: claims of the modules in the year last taken in."""
    place: np.ndarray
    """(L, N) uint16: position of a layer's value, 0 for one that no rule names."""
    borders: np.ndarray
    """(N,) uint8: 1 where a layer has another value than at the pixel before."""
    edges: np.ndarray
    """(N,) uint8: 1 where a layer or claim has another value than at the pixel before."""
    changed: np.ndarray
    """(N,) uint8: not 0 where a claim differs from the year before, or other rules hold."""
    heads: np.ndarray
    """(N,) uint8: 1 at the first pixel of a run that must be decided."""
    starts: np.ndarray
    """(N + 1,) uint16: the pixels of `heads`, then the end of the strip."""
    fresh: _Result
    """(N + padding,) each: the decision of the last run that began, right where `changed`."""
    kept: _Result
    """(N,) each: the result of the year."""


class _Runs(NamedTuple):
    """The runs of a strip that must be decided, R of the N there can be."""

    claims: np.ndarray
    """(S + M, R) uint8"""
    place: np.ndarray
    """(L, R) uint16"""
    member: np.ndarray
    """(M, R) int16: the module that speaks for a mosaic, or -1."""
    alive: np.ndarray
    """(R,) uint64: branches of a word that a run allows."""
    branch: np.ndarray
    """(R,) int32: the branch that decides, or -1."""
    skipped: np.ndarray
    """(R,) int32: the branches before this one are ruled out by a rule that stepped back."""
    won: np.ndarray
    """(R,) uint8: the claim that won."""
    result: _Result
    """(R,) each"""


def run(tables: Tables, claims: np.ndarray, layers: np.ndarray, out: tuple[np.ndarray, ...]) -> None:
    """Decide every pixel of a block.

    Parameters
    ----------
    claims : (module, year, pixel) uint8, contiguous.
    layers : (layer, pixel) integers, contiguous.
    out : classes uint8, rule of the type of `tables.rule`, source uint8 and conflicts uint8, (year, pixel) each;
        overwritten.
    """
    strip = _strip(len(claims), len(layers), tables.rule.dtype)
    runs = _runs(len(claims), len(tables.members), len(layers), tables.rule.dtype)
    _run(tables, strip, runs, claims, layers, _Result(*out))


def _strip(modules: int, layers: int, rule: np.dtype) -> _Strip:
    row = _STRIP + _PADDING
    return _Strip(
        claims=np.zeros((modules, row), np.uint8),
        place=np.zeros((layers, row), np.uint16),
        borders=np.zeros(_STRIP, np.uint8),
        edges=np.zeros(_STRIP, np.uint8),
        changed=np.zeros(_STRIP, np.uint8),
        heads=np.zeros(_STRIP, np.uint8),
        starts=np.zeros(_STRIP + 1, np.uint16),
        fresh=_result(row, rule),
        kept=_result(row, rule),
    )


def _runs(modules: int, mosaics: int, layers: int, rule: np.dtype) -> _Runs:
    row = _STRIP + _PADDING
    return _Runs(
        claims=np.zeros((modules + mosaics, row), np.uint8),
        place=np.zeros((layers, row), np.uint16),
        member=np.zeros((mosaics, row), np.int16),
        alive=np.zeros(row, np.uint64),
        branch=np.zeros(row, np.int32),
        skipped=np.zeros(row, np.int32),
        won=np.zeros(row, np.uint8),
        result=_result(row, rule),
    )


def _result(size: int, rule: np.dtype) -> _Result:
    return _Result(*(np.zeros(size, dtype) for dtype in (np.uint8, rule, np.uint8, np.uint8)))


@numba.njit(nogil=True, cache=True)
def _run(tables, strip, runs, claims, layers, out):  # type: ignore[no-untyped-def]
    modules, years, pixels = claims.shape
    for first in range(0, pixels, _STRIP):
        last = min(first + _STRIP, pixels)
        _place(tables, strip, layers[:, first:last])
        for t in range(years):
            strip.edges[:] = strip.borders
            strip.changed[:] = t == 0 or (tables.years[t] != tables.years[t - 1]).any()
            for i in range(modules):
                _load(claims[i, t, first:last], strip.claims[i], strip.changed, strip.edges)
            count = _find_runs(strip, last - first)
            _gather(tables, strip, runs, count)
            _decide(tables, runs, count, t)
            _write(tables, runs, count, modules)
            _fill(strip.starts[: count + 1], runs.result, strip.fresh)
            _keep(strip.changed, strip.fresh.classes, strip.kept.classes, out.classes[t, first:last])
            _keep(strip.changed, strip.fresh.rule, strip.kept.rule, out.rule[t, first:last])
            _keep(strip.changed, strip.fresh.source, strip.kept.source, out.source[t, first:last])
            _keep(strip.changed, strip.fresh.conflicts, strip.kept.conflicts, out.conflicts[t, first:last])


@numba.njit(nogil=True, cache=True)
def _place(tables, strip, layers):  # type: ignore[no-untyped-def]
    """Look up the layers of a strip, which no year changes."""
    strip.borders[:] = 0
    for i in range(len(layers)):
        values, row, index = tables.values[i, : tables.counts[i]], layers[i], strip.place[i]
        for p in range(len(row)):
            if p > 0 and row[p] == row[p - 1]:  # most layers are large areas
                index[p] = index[p - 1]
            else:
                at = np.searchsorted(values, row[p])
                index[p] = at + 1 if at < len(values) and values[at] == row[p] else 0
        _add_edges(index[: len(row)], strip.borders)


@numba.njit(nogil=True, cache=True)
def _load(new, row, changed, edges):  # type: ignore[no-untyped-def]
    """Take in the claims of a module and year, and note where they differ from what was there and at the left."""
    for p in range(len(new)):
        claim = new[p]
        changed[p] |= claim ^ row[p]
        row[p] = claim
    _add_edges(row[: len(new)], edges)


@numba.njit(nogil=True, cache=True)
def _add_edges(row, edges):  # type: ignore[no-untyped-def]
    for p in range(1, len(row)):
        edges[p] |= np.uint8(row[p] != row[p - 1])


@numba.njit(nogil=True, cache=True)
def _find_runs(strip, pixels):  # type: ignore[no-untyped-def]
    """Note where the runs begin that must be decided; return how many there are."""
    heads, edges, changed = strip.heads, strip.edges, strip.changed
    heads[pixels:] = 0
    heads[0] = changed[0] != 0
    for p in range(1, pixels):
        heads[p] = np.uint8(changed[p] != 0) & (edges[p] | np.uint8(changed[p - 1] == 0))
    count = _positions(heads.view(np.uint64), strip.starts)
    strip.starts[count] = pixels
    return count


@numba.njit(nogil=True, cache=True)
def _positions(bytes_by_eight, positions):  # type: ignore[no-untyped-def]
    """List the bytes that are 1, 64 by 64: one loop of unknown length for so many costs few wrong predictions."""
    count = 0
    for first in range(0, len(bytes_by_eight), 8):
        bits = np.uint64(0)
        for i in range(8):
            bits |= (bytes_by_eight[first + i] * _GATHER >> _TOP_BYTE) << np.uint64(8 * i)
        while bits:
            positions[count] = 8 * first + _lowest(bits)
            count += 1
            bits &= bits - _ONE
    return count


@numba.njit(nogil=True, cache=True)
def _lowest(bits):  # type: ignore[no-untyped-def]
    """Return the position of the lowest set bit of a uint64 that is not 0."""
    return _POSITION[((bits & (~bits + _ONE)) * _DE_BRUIJN) >> np.uint64(58)]


@numba.njit(nogil=True, cache=True)
def _gather(tables, strip, runs, count):  # type: ignore[no-untyped-def]
    """Take claims and layers at the start of each run; a mosaic claims what the member of the run claims."""
    starts, modules = strip.starts[:count], len(strip.claims)
    for i in range(modules):
        _take(strip.claims[i], starts, runs.claims[i])
    for i in range(len(strip.place)):
        _take(strip.place[i], starts, runs.place[i])
    for m in range(len(runs.member)):
        place, member = runs.place[tables.mosaic_layer[m]], runs.member[m]
        for r in range(count):
            i = tables.members[m, place[r]]
            member[r] = i
            runs.claims[modules + m, r] = runs.claims[i, r] if i >= 0 else 0


@numba.njit(nogil=True, cache=True)
def _take(row, starts, taken):  # type: ignore[no-untyped-def]
    for r in range(len(starts)):
        taken[r] = row[starts[r]]


@numba.njit(nogil=True, cache=True)
def _decide(tables, runs, count, t):  # type: ignore[no-untyped-def]
    """Find the branch that decides each run, word by word."""
    alive, branch, skipped = runs.alive[:count], runs.branch[:count], runs.skipped[:count]
    branch[:], skipped[:] = NONE, 0
    sources = len(runs.claims)
    for word in range(tables.masks.shape[1]):
        alive[:] = tables.years[t, word]
        for i in range(sources):
            if tables.names[i, word]:
                _narrow(alive, runs.claims[i], tables.masks[i, word])
        for i in range(len(runs.place)):
            if tables.names[sources + i, word]:
                _narrow(alive, runs.place[i], tables.masks[sources + i, word])
        _choose(alive, branch, skipped, tables.after, word)


@numba.njit(nogil=True, cache=True)
def _narrow(alive, row, by_value):  # type: ignore[no-untyped-def]
    """Clear the branches that the value of an input does not allow."""
    for r in range(len(alive)):
        alive[r] &= by_value[row[r]]


@numba.njit(nogil=True, cache=True)
def _choose(alive, branch, skipped, after, word):  # type: ignore[no-untyped-def]
    """Take the lowest branch that is alive; one that steps back rules out all branches before `after`."""
    for r in range(len(alive)):
        bits = alive[r] if branch[r] < 0 else np.uint64(0)
        while bits:
            lowest = np.int32(WORD * word) + _lowest(bits)
            if lowest >= skipped[r]:
                if after[lowest] < 0:
                    branch[r] = lowest
                    break
                skipped[r] = after[lowest]
            bits &= bits - _ONE


@numba.njit(nogil=True, cache=True)
def _write(tables, runs, count, modules):  # type: ignore[no-untyped-def]
    """Write class, rule and module of the chosen branches, a hole where none holds; count the conflicts."""
    claims, member, won, (classes, rule, source, conflicts) = runs.claims, runs.member, runs.won, runs.result
    for r in range(count):
        chosen = runs.branch[r]
        if chosen < 0:
            won[r], classes[r], rule[r], source[r] = tables.hole, tables.hole, 0, 0
        else:
            module = tables.source[chosen]
            won[r] = claims[module, r]
            classes[r] = tables.table[chosen, won[r]]
            rule[r] = tables.rule[chosen]
            source[r] = 1 + (module if module < modules else member[module - modules, r])
    conflicts[:count] = 0
    for i in range(modules):
        _count_conflicts(claims[i], won, conflicts[:count])


@numba.njit(nogil=True, cache=True)
def _count_conflicts(claims, won, conflicts):  # type: ignore[no-untyped-def]
    """Count a module against the claim that won where it claims another class."""
    for r in range(len(conflicts)):
        conflicts[r] += np.uint8((claims[r] != 0) & (claims[r] != won[r]))


@numba.njit(nogil=True, cache=True)
def _fill(starts, result, pixels):  # type: ignore[no-untyped-def]
    """Write the result of each run from its start to the next; a piece that runs over is overwritten by the next run.

    What runs over the last run into the padding, or lies where nothing changed, nobody reads.
    """
    for r in range(len(starts) - 1):
        at, end = np.uint64(starts[r]), np.uint64(starts[r + 1])
        while at < end:
            _fill_piece(pixels.classes, at, result.classes[r])
            _fill_piece(pixels.rule, at, result.rule[r])
            _fill_piece(pixels.source, at, result.source[r])
            _fill_piece(pixels.conflicts, at, result.conflicts[r])
            at += _PIECE


@numba.njit(nogil=True, cache=True)
def _fill_piece(row, at, value):  # type: ignore[no-untyped-def]
    """Fill a piece; unsigned positions spare the compiler Python's counting from the end, and so it writes once."""
    for p in range(_PIECE):
        row[at + p] = value


@numba.njit(nogil=True, cache=True)
def _keep(changed, fresh, kept, out):  # type: ignore[no-untyped-def]
    """Bring the result of the year before up to date and put it out; loads come first, so that no pixel branches."""
    for p in range(len(out)):
        new, old = fresh[p], kept[p]
        result = new if changed[p] else old
        kept[p] = result
        out[p] = result
