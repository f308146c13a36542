"""Boxes against plain enumeration of their points."""

from __future__ import annotations

from itertools import product

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mutirao.integration import boxes
from mutirao.integration.boxes import UndecidedError, meet, subtract_all, uncovered, widen

FULL = (0b111, 0b11, 0b1111, 0b111)
POINTS = list(product(*(range(mask.bit_length()) for mask in FULL)))
box = st.dictionaries(st.integers(0, 3), st.integers(1, 15), max_size=4).map(
    lambda found: {key: mask & FULL[key] or FULL[key] for key, mask in found.items()}
)


def points(*found):
    return {p for p in POINTS for each in found if all(mask >> p[key] & 1 for key, mask in each.items())}


@settings(max_examples=300)
@given(box, st.lists(box, max_size=7))
def test_uncovered_part_is_found_if_there_is_one(inner, covers):
    left = points(inner) - points(*covers)
    found = uncovered(inner, covers, FULL)
    assert (found is None) == (not left)
    assert found is None or points(found) <= left


@settings(max_examples=100)
@given(st.lists(box, max_size=3), st.lists(box, max_size=4))
def test_difference_is_exact(found, holes):
    assert points(*subtract_all(found, holes, FULL)) == points(*found) - points(*holes)


@given(box, box)
def test_meet_is_the_common_part(a, b):
    both = meet(a, b)
    assert points(a) & points(b) == (set() if both is None else points(both))


@settings(max_examples=100)
@given(box, st.lists(box, max_size=5))
def test_a_wider_box_stays_outside_of_the_covers_and_cannot_grow(inner, covers):
    start = uncovered(inner, covers, FULL)
    if start is not None:
        wide = widen(start, range(4), covers, FULL)
        assert points(start) <= points(wide)
        assert not points(wide) & points(*covers)
        for key, bit in ((key, bit) for key in wide for bit in range(4) if FULL[key] & ~wide[key] & 1 << bit):
            assert points({**wide, key: 1 << bit}) & points(*covers)


def test_a_question_that_is_too_hard_is_given_up(monkeypatch):
    monkeypatch.setattr(boxes, "LIMIT", 0)
    covers = [{0: 0b001, 1: 0b01}, {0: 0b010, 1: 0b10}, {0: 0b100, 1: 0b01}]
    with pytest.raises(UndecidedError):
        uncovered({}, covers, FULL)
