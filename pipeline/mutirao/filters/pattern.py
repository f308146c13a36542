"""Pattern rewrite: windows of a series that fit a pattern of classes are rewritten as the pattern says.

Rewrites run in their order. With `order: rewrites`, each passes through all windows, years ascending or descending,
before the next one; with `order: years`, there is one pass for each year, in which all rewrites are tried on the
windows that begin there. What a rewrite reads is the series as the step found it (`original`), as the pass found it
(`pass`), or the running one, in which earlier hits are visible.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby
from operator import itemgetter
from typing import Any, Literal

import numba
import numpy as np
from pydantic import Field

from mutirao.filters.lookup import EVERYTHING, Lookup
from mutirao.filters.step import FREE, READS, SCAN, TITLE, Limits, Prepared, Reads, Scan, SeriesWork, Step, may_write
from mutirao.filters.strips import find_any, find_changing, give, take
from mutirao.model import Reference

KEEP = -1
_WORD = 64
"""Bits in a word."""
_FEW = 8
"""Classes that are faster asked for in all series than the patterns are laid on those that change."""


class Pattern(Step):
    """Series of classes are rewritten: `3 21 21 15 -> 3 21 15 15`, with groups, `*` (anything) and `_` (keep)."""

    filter: Literal["pattern"]
    title: str = Field(default="Rewrite patterns", description=TITLE)
    rewrites: tuple[str, ...] = Field(min_length=1, description="Patterns in order; names in one word, as open-land.")
    windows: Literal["any", "first", "last"] = Field(
        default="any", description="Where in the series a pattern is laid."
    )
    reads: Reads = Field(default="original", description=READS)
    scan: Scan = Field(default="ascending", description=SCAN)
    order: Literal["rewrites", "years"] = Field(
        default="rewrites",
        description="rewrites: each goes through all years before the next; years: at each year, the first of a "
        "window, all are tried before the next year.",
    )

    def prepare(self, look: Lookup) -> Prepared:
        """Read the patterns."""
        rewrites = [read_rewrite(text, look, "rewrites", i) for i, text in enumerate(self.rewrites)]
        plain = [([sorted(codes) for codes in rewrite.before], rewrite.after) for rewrite in rewrites]
        settings = (self.filter, plain, self.windows, self.reads, self.scan, self.order)
        laid = (self.windows == "first", self.windows == "last")
        read = (self.reads == "original", self.reads == "running", self.scan == "descending", self.order == "years")
        return lambda: SeriesWork(
            settings, rewrite_patterns, (*compile_rewrites(rewrites), *laid, *read), **_judges(rewrites, self.windows)
        )


@dataclass(frozen=True, slots=True)
class Rewrite:
    """A pattern in codes: allowed classes by place, and what is written there."""

    before: tuple[frozenset[int], ...]
    after: tuple[int, ...]
    """Class by place, -1 to keep."""


def _judges(rewrites: Sequence[Rewrite], windows: str) -> dict[str, Any]:
    """Return `evidence` and `judged` of the work: what must lie around a place that a rewrite can change."""
    changed = [
        (i, len(rewrite.before) - 1 - i)
        for rewrite in rewrites
        for i, (before, after) in enumerate(zip(rewrite.before, rewrite.after, strict=True))
        if after != KEEP and before != {after}
    ]
    if not changed:
        return {}
    if windows != "any":
        places = (i if windows == "first" else -1 - behind for i, behind in changed)
        return {"evidence": (0, 0), "judged": tuple(sorted(set(places)))}
    return {"evidence": (min(i for i, _ in changed), min(behind for _, behind in changed))}


def read_rewrite(text: str, look: Lookup, *place: int | str) -> Rewrite:
    """Read a pattern such as `3 21 21 15 -> 3 21 15 15`."""
    left, arrow, right = text.partition("->")
    before, after = left.split(), right.split()
    if not arrow or not before or len(before) != len(after):
        message = f"'{text}' has {len(before)} places on the left and {len(after)} on the right of '->'"
        look.complain("F103", message, "write as many on both sides, for example '3 21 3 -> _ 3 _'", *place)
        return Rewrite((), ())
    allowed = tuple(EVERYTHING if token == "*" else look.resolve(_reference(token), *place) for token in before)
    return Rewrite(allowed, tuple(_written(token, look, *place) for token in after))


def _written(token: str, look: Lookup, *place: int | str) -> int:
    if token == "*":
        look.complain("F104", "'*' stands on the right side", "write '_' to keep a year as it is", *place)
    return KEEP if token in ("_", "*") else look.single(_reference(token), *place)


def _reference(token: str) -> Reference:
    return int(token) if token.isdigit() else token


def reference(
    series: Sequence[int],
    rewrites: Sequence[Rewrite],
    *,
    windows: str = "any",
    reads: Reads = "original",
    descending: bool = False,
    by_years: bool = False,
    limits: Limits = FREE,
) -> list[int]:
    """Rewrite one pixel's series in plain Python; `by_years` is `order: years`."""
    now = list(series)
    years = range(len(now) - 1, -1, -1) if descending else range(len(now))
    starts = [_starts(len(now), rewrite, windows) for rewrite in rewrites]
    tries = [(r, t) for r in range(len(rewrites)) for t in years if t in starts[r]]
    if by_years:
        tries = [(r, t) for t in years for r in range(len(rewrites)) if t in starts[r]]
    for _, one_pass in groupby(tries, key=itemgetter(1 if by_years else 0)):
        read = {"original": list(series), "pass": list(now), "running": now}[reads]
        for r, t in one_pass:
            if all(read[t + i] in allowed for i, allowed in enumerate(rewrites[r].before)):
                for i, code in enumerate(rewrites[r].after, start=t):
                    now[i] = code if code != KEEP and limits.allow(i, now[i]) else now[i]
    return now


def _starts(years: int, rewrite: Rewrite, windows: str) -> range:
    """Return the years at which a rewrite is laid."""
    fitting = range(years - len(rewrite.before) + 1)
    return {"any": fitting, "first": fitting[:1], "last": fitting[-1:]}[windows]


def compile_rewrites(rewrites: Sequence[Rewrite]) -> tuple[np.ndarray, ...]:
    """Return rewrites as `rewrite_patterns` takes them.

    Every place of every pattern has a bit in a word, so that one shift moves all patterns of the word on by a year.

    Returns
    -------
    allowed, written, lengths : (rewrite, place, 256) bool, (rewrite, place) int16 and (rewrite,) int64.
    alike : (256,) bool, classes that all places of some pattern allow.
    anchors : (class,) uint8, classes without any of which no pattern fits; none if there are too many to ask for.
    last : (rewrite, 2) uint64, the word and the bit of the last place of each pattern.
    masks : (256, word) uint64, places that allow a class.
    starts, ends : (word,) uint64, first and last places. Of a pattern that is longer than a word only as many places as
        a word has are looked at, so that it is found in more series than it fits.
    """
    longest = max(len(rewrite.before) for rewrite in rewrites)
    allowed = np.zeros((len(rewrites), longest, 256), bool)
    written = np.full((len(rewrites), longest), KEEP, np.int16)
    alike = np.zeros(256, bool)
    bits: list[list[tuple[int, int]]] = [[]]
    last = np.zeros((len(rewrites), 2), np.uint64)
    for r, rewrite in enumerate(rewrites):
        for i, codes in enumerate(rewrite.before):
            allowed[r, i, list(codes)] = True
        written[r, : len(rewrite.after)] = rewrite.after
        alike[list(frozenset.intersection(*rewrite.before))] = True
        places = [(r, i) for i in range(min(len(rewrite.before), _WORD))]
        bits = bits if len(bits[-1]) + len(places) <= _WORD else [*bits, []]
        bits[-1].extend(places)
        last[r] = len(bits) - 1, len(bits[-1]) - 1
    anchors = sorted(frozenset().union(*(min(rewrite.before, key=len) for rewrite in rewrites)))
    few = np.array(anchors if len(anchors) <= _FEW else [], np.uint8)
    lengths = np.array([len(rewrite.before) for rewrite in rewrites])
    return allowed, written, lengths, alike, few, last, *_masks(allowed, last, bits)


def _masks(
    allowed: np.ndarray, last: np.ndarray, bits: Sequence[Sequence[tuple[int, int]]]
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    masks = np.zeros((256, len(bits)), np.uint64)
    starts, ends = np.zeros(len(bits), np.uint64), np.zeros(len(bits), np.uint64)
    for w, places in enumerate(bits):
        for bit, (r, i) in enumerate(places):
            masks[allowed[r, i], w] |= np.uint64(1 << bit)
            starts[w] |= np.uint64((i == 0) << bit)
    for w, bit in last.tolist():
        ends[w] |= np.uint64(1 << bit)
    return masks, starts, ends


@numba.njit(nogil=True, cache=True)
def rewrite_patterns(  # type: ignore[no-untyped-def]
    classes,
    writable,
    protected,
    allowed,
    written,
    lengths,
    alike,
    anchors,
    last_place,
    masks,
    starts,
    ends,
    first,
    last,
    original,
    running,
    descending,
    by_years,
):
    """Rewrite series in place.

    Only those series are worked on in which a pattern fits to begin with, and of the passes only those whose pattern
    fits at their start: all others write nothing, whatever they read.

    Parameters
    ----------
    classes : (year, pixel) uint8, class codes; changed in place.
    writable, protected : see `SeriesWork.kernel`.
    allowed, written, lengths, alike, anchors, last_place, masks, starts, ends : from `compile_rewrites`.
    first, last : lay patterns on the first, or the last window only; neither is every window.
    original, running, descending, by_years : what is read, the scan direction and the order; see the head of this
        module.
    """
    series = np.empty(len(classes), np.uint8)
    read = np.empty_like(series)
    fits = np.zeros(len(starts), np.uint64)
    patterns, machine = (allowed, written, lengths), (last_place, masks, starts, ends, fits)
    how = (first, last, original, running, descending)
    changing = find_changing(classes)
    anchored = find_any(classes, anchors) if len(anchors) else np.ones(len(changing), np.bool_)
    for p in range(len(changing)):
        if not anchored[p] or not (changing[p] or alike[classes[0, p]]):
            continue
        take(classes, p, series)
        if not _find_fits(series, masks, starts, ends, fits):
            continue
        read[:] = series
        if by_years:
            _rewrite_by_years(series, read, patterns, machine, how, writable, protected)
        else:
            _rewrite_in_order(series, read, patterns, machine, how, writable, protected)
        give(classes, p, series)


@numba.njit(nogil=True, cache=True)
def _rewrite_in_order(series, read, patterns, machine, how, writable, protected):  # type: ignore[no-untyped-def]
    """Let each pattern pass through one series; `read` is what it reads, and the machine knows which ones fit."""
    allowed, written, lengths = patterns
    last_place, masks, starts, ends, fits = machine
    first, last, original, running, descending = how
    for r in range(len(lengths)):
        if (fits[last_place[r, 0]] >> last_place[r, 1]) & np.uint64(1):
            laid = (lengths[r], first, last, running, descending)
            changed = _rewrite(series, read, allowed[r], written[r], laid, writable, protected)
            if changed and not original:
                read[:] = series
                _find_fits(series, masks, starts, ends, fits)


@numba.njit(nogil=True, cache=True)
def _rewrite(series, read, allowed, written, laid, writable, protected):  # type: ignore[no-untyped-def]
    """Lay one pattern on one series, as the reference does, and tell whether it wrote anything."""
    length, first, last, running, descending = laid
    starts, changed = len(series) - length + 1, False
    for i in range(starts):
        t = starts - 1 - i if descending else i
        if (first and t > 0) or (last and t < starts - 1) or not _fits(read, t, allowed, length):
            continue
        changed |= _write(series, read, t, written, length, running, writable, protected)
    return changed


@numba.njit(nogil=True, cache=True)
def _rewrite_by_years(series, read, patterns, machine, how, writable, protected):  # type: ignore[no-untyped-def]
    """Try all patterns at each year of one series; `read` is what they read, and the machine knows which ones fit."""
    allowed, written, lengths = patterns
    last_place, masks, starts, ends, fits = machine
    first, last, original, running, descending = how
    for i in range(len(series)):
        t = len(series) - 1 - i if descending else i
        changed = False
        for r in range(len(lengths)):
            left = len(series) - lengths[r] - t
            if left < 0 or (first and t > 0) or (last and left > 0):
                continue
            may_fit = (fits[last_place[r, 0]] >> last_place[r, 1]) & np.uint64(1)
            if may_fit and _fits(read, t, allowed[r], lengths[r]):
                wrote = _write(series, read, t, written[r], lengths[r], running, writable, protected)
                changed |= wrote
                if wrote and running:
                    _find_fits(series, masks, starts, ends, fits)
        if changed and not original and not running:
            read[:] = series
            _find_fits(series, masks, starts, ends, fits)


@numba.njit(nogil=True, cache=True)
def _write(series, read, start, written, length, running, writable, protected):  # type: ignore[no-untyped-def]
    """Write a pattern that fits, to what is read as well if that is the running series, and tell what changed."""
    changed = False
    for place in range(length):
        code, t = written[place], start + place
        if code >= 0 and may_write(writable, protected, t, series[t]):
            changed |= series[t] != code
            series[t] = code
            if running:
                read[t] = code
    return changed


@numba.njit(nogil=True, cache=True)
def _fits(series, start, allowed, length):  # type: ignore[no-untyped-def]
    place = 0
    while place < length and allowed[place, series[start + place]]:
        place += 1
    return place == length


@numba.njit(nogil=True, cache=True)
def _find_fits(series, masks, starts, ends, fits):  # type: ignore[no-untyped-def]
    """Write to (word,) uint64 the last places of the patterns that fit anywhere, and tell whether any does."""
    found = False
    for w in range(len(fits)):
        state, ended = np.uint64(0), np.uint64(0)
        for code in series:
            # A last place runs on into the first one of the next pattern, which a fit may begin at in any year.
            state = ((state << np.uint64(1)) | starts[w]) & masks[code, w]
            ended |= state
        fits[w] = ended & ends[w]
        found |= fits[w] != 0
    return found
