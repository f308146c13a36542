"""Boxes over finite inputs, and the one question that the linter asks: is a box covered by others, and if not, where?

An input has a few values, numbered from 0. A box says for some inputs which values it allows, as a bit mask; an
input that it does not mention may have any value. The question is as hard as satisfiability in the worst case; rules
are far from it, because a value that no box mentions (mostly: a module claims nothing) settles an input at once.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import reduce
from operator import or_

Box = Mapping[int, int]
"""Mask of allowed values by input; no mask is zero."""
LIMIT = 20_000
"""Splits after which a question is given up; rules of real networks need less than a hundred."""

COMPARED = 8
"""Covers with which others are compared before a split."""


class UndecidedError(Exception):
    """A question needs more splits than `LIMIT`."""


def meet(a: Box, b: Box) -> dict[int, int] | None:
    """Return what two boxes have in common, None if nothing."""
    common = dict(a)
    for key, mask in b.items():
        both = common.get(key, mask) & mask
        if not both:
            return None
        common[key] = both
    return common


def intersects(a: Box, b: Box) -> bool:
    """Return whether two boxes have anything in common."""
    return all(a.get(key, mask) & mask for key, mask in b.items())


def subtract(box: Box, hole: Box, full: Sequence[int]) -> list[Box]:
    """Return disjoint boxes that make up what is left of a box without another."""
    if not intersects(box, hole):
        return [box]
    left: list[Box] = []
    rest = dict(box)
    for key, mask in hole.items():
        mine = rest.get(key, full[key])
        if mine & ~mask:
            left.append({**rest, key: mine & ~mask})
        rest[key] = mine & mask
    return left


def subtract_all(boxes: Iterable[Box], holes: Iterable[Box], full: Sequence[int]) -> list[Box]:
    """Return disjoint boxes that make up what is left of boxes without others."""
    left = list(boxes)
    for hole in holes:
        left = [piece for box in left for piece in subtract(box, hole, full)]
        if len(left) > LIMIT:
            raise UndecidedError
    return left


def uncovered(box: Box, covers: Iterable[Box], full: Sequence[int]) -> Box | None:
    """Return a part of a box that no cover touches, None if the covers hide all of it; exact.

    Parameters
    ----------
    full : mask of all values of each input.
    """
    return _Search(full).run(dict(box), [dict(cover) for cover in covers])


def widen(box: Box, keys: Iterable[int], covers: Sequence[Box], full: Sequence[int]) -> Box:
    """Return a larger box that no cover touches, with every value of the given inputs that can be added."""
    wide = dict(box)
    for key in keys:
        free = {**wide, key: full[key]}
        hidden = (cover.get(key, full[key]) for cover in covers if intersects(free, cover))
        wide[key] = reduce(lambda left, mask: left & ~mask, hidden, full[key])
    return {key: mask for key, mask in wide.items() if mask != full[key]}


def bits(mask: int) -> Iterator[int]:
    """Yield the numbers of the bits that are set, the lowest first."""
    while mask:
        lowest = mask & -mask
        yield lowest.bit_length() - 1
        mask ^= lowest


class Pool:
    """Boxes with numbers, so that a set of them is a bit mask, and those that touch another box are found at once."""

    def __init__(self, full: Sequence[int]) -> None:
        self.full = full
        self.boxes: list[Box] = []
        self._mentioning = [0] * len(full)
        self._allowing: list[dict[int, int]] = [{} for _ in full]
        """By input and value, the boxes that mention the input and allow the value."""
        self._touching: dict[tuple[int, int], int] = {}

    def add(self, boxes: Iterable[Box]) -> int:
        """Add boxes and return the set of them."""
        first = len(self.boxes)
        for box in boxes:
            self._index(box, 1 << len(self.boxes))
            self.boxes.append(box)
        self._touching.clear()
        return (1 << len(self.boxes)) - (1 << first)

    def _index(self, box: Box, number: int) -> None:
        for key, mask in box.items():
            self._mentioning[key] |= number
            for value in bits(mask):
                self._allowing[key][value] = self._allowing[key].get(value, 0) | number

    def of(self, members: int) -> list[Box]:
        """Return the boxes of a set."""
        return [self.boxes[number] for number in bits(members)]

    def touching(self, box: Box, members: int) -> int:
        """Return those members of a set that have anything in common with a box."""
        for key, mask in box.items():
            known = self._touching.get((key, mask))
            if known is None:
                known = reduce(or_, (self._allowing[key].get(v, 0) for v in bits(mask)), ~self._mentioning[key])
                self._touching[key, mask] = known
            members &= known
        return members

    def uncovered(self, box: Box, members: int) -> Box | None:
        """Return a part of a box that no member of a set touches, None if they hide all of it."""
        near, plain = self.touching(box, members), dict(box)
        for key, mentioning in enumerate(self._mentioning):
            mine = near & mentioning
            free = box.get(key, self.full[key]) & 1 and not mine & self._allowing[key].get(0, 0)
            if mine and free:  # the first value leaves every cover that mentions the input
                plain[key] = 1
                near &= ~mentioning
        return uncovered(plain, self.of(near), self.full) if near else plain


@dataclass
class _Search:
    """One question: keeps the count of splits and the dead ends already met."""

    full: Sequence[int]
    splits: int = 0
    dead: set[frozenset[tuple[int, int, frozenset[tuple[int, int]]]]] = field(default_factory=set)

    def run(self, box: dict[int, int], covers: list[dict[int, int]]) -> Box | None:
        """Settle what is forced and what is free; split on the cover that leaves the fewest inputs open."""
        settled = self._settle(box, covers)
        if settled is None or not settled:
            return None if settled is None else box
        key = frozenset((k, box.get(k, self.full[k]), frozenset(c.items())) for c in settled for k in c)
        if key in self.dead:
            return None
        found = self._split(box, settled)
        if found is None:
            self.dead.add(key)
        return found

    def _split(self, box: dict[int, int], covers: list[dict[int, int]]) -> Box | None:
        self.splits += 1
        if self.splits > LIMIT:
            raise UndecidedError
        rest = dict(box)
        smallest = min(covers, key=len)
        for key, mask in sorted(smallest.items(), key=lambda item: item[1].bit_count()):
            mine = rest.get(key, self.full[key])
            found = self.run({**rest, key: mine & ~mask}, covers)
            if found is not None:
                return found
            rest[key] = mine & mask
        return None

    def _settle(self, box: dict[int, int], covers: list[dict[int, int]]) -> list[dict[int, int]] | None:
        """Narrow `box` in place as far as no choice is needed; return the covers still open, None if one hides all."""
        while True:
            open_covers = self._open(box, covers)
            if open_covers is None:
                return None
            covers = open_covers
            if not (self._force(box, covers) or self._free(box, covers)):
                return _without_repeats(covers)

    def _open(self, box: Box, covers: Iterable[Box]) -> list[dict[int, int]] | None:
        """Return the covers that touch the box, each with the inputs on which it leaves something open."""
        remaining = []
        for cover in covers:
            if intersects(box, cover):
                rest = {key: mask for key, mask in cover.items() if box.get(key, self.full[key]) & ~mask}
                if not rest:
                    return None
                remaining.append(rest)
        return remaining

    def _force(self, box: dict[int, int], covers: Sequence[Box]) -> bool:
        """Take away the values that a cover hides by itself; return whether anything changed."""
        changed = False
        for key, mask in (item for cover in covers if len(cover) == 1 for item in cover.items()):
            left = box.get(key, self.full[key]) & ~mask
            if not left:
                return changed  # another single cover hid the rest: `_open` meets it next
            changed = changed or left != box.get(key, self.full[key])
            box[key] = left
        return changed

    def _free(self, box: dict[int, int], covers: Sequence[Box]) -> bool:
        """Settle the inputs that have values no cover mentions: such a value leaves every cover of the input."""
        hidden: dict[int, int] = {}
        for key, mask in (item for cover in covers for item in cover.items()):
            hidden[key] = hidden.get(key, 0) | mask
        free = {key: box.get(key, self.full[key]) & ~mask for key, mask in hidden.items()}
        box.update({key: mask for key, mask in free.items() if mask})
        return any(free.values())


def _without_repeats(covers: Sequence[dict[int, int]]) -> list[dict[int, int]]:
    """Drop repeated covers, and most of those that lie in another one: only the smallest are compared."""
    different = {frozenset(cover.items()): cover for cover in covers}
    kept: list[dict[int, int]] = []
    for cover in sorted(different.values(), key=len):
        if not any(_lies_in(cover, other) for other in kept[:COMPARED]):
            kept.append(cover)
    return kept


def _lies_in(box: Box, other: Box) -> bool:
    return all(key in box and not box[key] & ~mask for key, mask in other.items())
