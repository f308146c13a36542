"""Boxes over finite inputs, and the one question that the linter asks: is a box covered by others, and if not, where?

An input has a few values, numbered from 0. A box says for some inputs which values it allows, as a bit mask; an
input that it does not mention may have any value. The question is as hard as satisfiability in the worst case; rules
are far from it, because a value that no box mentions (mostly: a module claims nothing) settles an input at once.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import reduce
from operator import and_, or_

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
    pool = Pool(full)
    return _Search(pool).run(dict(box), pool.add(covers))


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
        self.mentioning = [0] * len(full)
        """By input, the boxes that mention it."""
        self.allowing: list[dict[int, int]] = [{} for _ in full]
        """By input and value, the boxes that mention the input and allow the value."""
        self._allowed: dict[tuple[int, int], tuple[int, int]] = {}

    def add(self, boxes: Iterable[Box]) -> int:
        """Add boxes and return the set of them."""
        first = len(self.boxes)
        for box in boxes:
            self._index(box, 1 << len(self.boxes))
            self.boxes.append(box)
        self._allowed.clear()
        return (1 << len(self.boxes)) - (1 << first)

    def _index(self, box: Box, number: int) -> None:
        for key, mask in box.items():
            self.mentioning[key] |= number
            for value in bits(mask):
                self.allowing[key][value] = self.allowing[key].get(value, 0) | number

    def of(self, members: int) -> list[Box]:
        """Return the boxes of a set."""
        return [self.boxes[number] for number in bits(members)]

    def allowed(self, key: int, mask: int) -> tuple[int, int]:
        """Return the boxes that allow some value of a mask, and those that allow all; not to mention is to allow."""
        known = self._allowed.get((key, mask))
        if known is None:
            each = [self.allowing[key].get(value, 0) for value in bits(mask)]
            silent = ~self.mentioning[key]
            known = silent | reduce(or_, each, 0), silent | reduce(and_, each, -1)
            self._allowed[key, mask] = known
        return known

    def inside(self, box: Box) -> int:
        """Return the boxes that lie in a box."""
        outside = (self.allowed(key, self.full[key] & ~mask)[0] for key, mask in box.items())
        return ~reduce(or_, outside, 0)

    def touching(self, box: Box, members: int) -> int:
        """Return those members of a set that have anything in common with a box."""
        for key, mask in box.items():
            members &= self.allowed(key, mask)[0]
        return members

    def uncovered(self, box: Box, members: int) -> Box | None:
        """Return a part of a box that no member of a set touches, None if they hide all of it."""
        near, plain = self.touching(box, members), dict(box)
        for key, mentioning in enumerate(self.mentioning):
            mine = near & mentioning
            free = box.get(key, self.full[key]) & 1 and not mine & self.allowing[key].get(0, 0)
            if mine and free:  # the first value leaves every cover that mentions the input
                plain[key] = 1
                near &= ~mentioning
        return _Search(self).run(plain, near) if near else plain


@dataclass
class _Search:
    """One question to a pool: keeps the count of splits and the dead ends already met."""

    pool: Pool
    splits: int = 0
    dead: set[tuple[frozenset[tuple[int, int]], frozenset[int]]] = field(default_factory=set)
    """Boxes, as far as covers leave any of them, with the numbers of these covers."""

    def run(self, box: dict[int, int], covers: int) -> Box | None:
        """Settle what is forced and what is free; split on the cover that leaves the fewest inputs open."""
        settled = self._settle(box, covers)
        if settled is None or not settled:
            return None if settled is None else box
        rests = self._largest(self._rests(box, settled))
        here = frozenset((key, box.get(key, self.pool.full[key])) for rest in rests.values() for key in rest)
        dead_end = here, frozenset(rests)
        if dead_end in self.dead:
            return None
        found = self._split(box, rests)
        if found is None:
            self.dead.add(dead_end)
        return found

    def _split(self, box: dict[int, int], rests: Mapping[int, Box]) -> Box | None:
        self.splits += 1
        if self.splits > LIMIT:
            raise UndecidedError
        rest = dict(box)
        covers = reduce(or_, (1 << number for number in rests))
        smallest = min(rests.values(), key=len)
        for key, mask in sorted(smallest.items(), key=lambda item: item[1].bit_count()):
            mine = rest.get(key, self.pool.full[key])
            found = self.run({**rest, key: mine & ~mask}, covers)
            if found is not None:
                return found
            rest[key] = mine & mask
        return None

    def _rests(self, box: Box, covers: int) -> dict[int, Box]:
        """Return covers by number, each with the inputs on which it leaves something of the box open."""
        full = self.pool.full
        return {
            number: {k: mask for k, mask in self.pool.boxes[number].items() if box.get(k, full[k]) & ~mask}
            for number in bits(covers)
        }

    def _largest(self, rests: Mapping[int, Box]) -> dict[int, Box]:
        """Drop most of the rests that lie in another one: only the `COMPARED` with the fewest inputs are compared."""
        kept: dict[int, Box] = {}
        dropped = 0
        for number in sorted(rests, key=lambda number: len(rests[number])):
            if not dropped >> number & 1:
                kept[number] = rests[number]
                dropped |= self.pool.inside(rests[number]) if len(kept) <= COMPARED else 0
        return kept

    def _settle(self, box: dict[int, int], covers: int) -> int | None:
        """Narrow `box` in place as far as no choice is needed; return the covers still open, None if one hides all."""
        while True:
            covers, leaving = self._open(box, covers)
            if covers & ~reduce(or_, leaving.values(), 0):
                return None
            hidden = self._hidden(box, covers, leaving)
            if any(box.get(key, self.pool.full[key]) == mask for key, mask in hidden.items()):
                return None
            narrower = {key: box.get(key, self.pool.full[key]) & ~mask for key, mask in hidden.items()}
            narrower = narrower or self._free(box, covers, leaving)
            if not narrower:
                return covers
            box.update(narrower)

    def _open(self, box: Box, covers: int) -> tuple[int, dict[int, int]]:
        """Return the covers that touch the box, and by input those of them that leave some of its values."""
        leaving: dict[int, int] = {}
        for key, mentioning in enumerate(self.pool.mentioning):
            if covers & mentioning:
                some, every = self.pool.allowed(key, box.get(key, self.pool.full[key]))
                covers &= some
                leaving[key] = ~every
        return covers, {key: found for key, left in leaving.items() if (found := covers & left)}

    def _hidden(self, box: Box, covers: int, leaving: Mapping[int, int]) -> dict[int, int]:
        """Return by input the values that covers hide by themselves: those that leave something on no other input."""
        once = twice = 0
        for left in leaving.values():
            twice |= once & left
            once |= left
        alone = {key: single for key, left in leaving.items() if (single := left & ~twice)}
        return {key: self._values(box, key, single, touched=True) for key, single in alone.items()}

    def _free(self, box: Box, covers: int, leaving: Mapping[int, int]) -> dict[int, int]:
        """Return by input the values that no cover allows, if there are any: such a value leaves all its covers."""
        free = {key: self._values(box, key, left, touched=False) for key, left in leaving.items()}
        return {key: mask for key, mask in free.items() if mask}

    def _values(self, box: Box, key: int, covers: int, *, touched: bool) -> int:
        """Return the values of an input in the box that some of the covers allow, or that none does."""
        by_value, found = self.pool.allowing[key], 0
        for value in bits(box.get(key, self.pool.full[key])):
            if (covers & by_value.get(value, 0) != 0) == touched:
                found |= 1 << value
        return found
