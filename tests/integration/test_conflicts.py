"""Who disagrees with whom: hand-worked sums, and the kernel says what the plain reference says."""

from __future__ import annotations

from collections import defaultdict

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mutirao.integration import conflicts
from mutirao.integration.compile import Integrated
from mutirao.integration.conflicts import Dispute, disputes, sum_conflicts


def test_each_pair_that_claims_different_classes_is_one_dispute():
    assert list(disputes([3, 15, 3, 0])) == [Dispute(1, 3, 2, 15), Dispute(2, 15, 3, 3)]
    assert list(disputes([3, 3, 0])) == []
    assert list(disputes([3, 15, 24])) == [Dispute(1, 3, 2, 15), Dispute(1, 3, 3, 24), Dispute(2, 15, 3, 24)]


def integrated(claims, classes, rule, source) -> Integrated:
    classes = np.asarray(classes, np.uint8)
    against = ((claims != 0) & (claims != classes)).sum(axis=0).astype(np.uint8)
    return Integrated(classes, np.asarray(rule, np.uint16), np.asarray(source, np.uint8), against)


def table(found) -> dict[tuple[int, ...], float]:
    return {tuple(kind): area for kind, area in zip(found.kinds.tolist(), found.area_ha.tolist(), strict=True)}


def test_hectares_by_pair_class_year_winner_and_rule():
    # Two modules, two years, one row of three pixels of 1, 2 and 4 hectares.
    claims = np.array([[[[3, 3, 3]], [[3, 0, 3]]], [[[15, 3, 15]], [[15, 15, 0]]]], np.uint8)
    outcome = integrated(
        claims, [[[15, 3, 15]], [[0, 15, 3]]], [[[300, 1, 300]], [[0, 2, 1]]], [[[2, 1, 2]], [[0, 2, 1]]]
    )
    found = sum_conflicts(claims, outcome, np.array([[1.0, 2.0, 4.0]]))
    assert table(found) == {(0, 1, 3, 2, 15, 2, 300): 5.0, (1, 1, 3, 2, 15, 0, 0): 1.0}


def test_a_third_module_may_win_and_each_pair_is_told():
    claims = np.array([3, 15, 24], np.uint8).reshape(3, 1, 1, 1)
    found = sum_conflicts(claims, integrated(claims, [[[24]]], [[[7]]], [[[3]]]), np.array([[2.0]]))
    pairs = {(0, 1, 3, 2, 15, 3, 7), (0, 1, 3, 3, 24, 3, 7), (0, 2, 15, 3, 24, 3, 7)}
    assert table(found) == dict.fromkeys(pairs, 2.0)


def test_block_without_conflict_has_an_empty_table():
    claims = np.full((2, 3, 4, 5), 3, np.uint8)
    found = sum_conflicts(claims, integrated(claims, claims[0], claims[0] * 0 + 1, claims[0] * 0 + 1), np.ones((1, 1)))
    assert found.kinds.shape == (0, 7)
    assert found.area_ha.shape == (0,)


@settings(max_examples=50)
@given(st.integers(2, 5), st.integers(0, 2**32 - 1), st.sampled_from([1, 4, 1024]))
def test_kernel_equals_reference_however_small_its_table_is_at_first(modules, seed, slots):
    random = np.random.default_rng(seed)
    claims = random.choice([0, 0, 1, 3, 255], size=(modules, 3, 4, 5)).astype(np.uint8)
    source = random.integers(0, modules + 1, size=(3, 4, 5)).astype(np.uint8)
    won = np.take_along_axis(claims, np.maximum(source, 1)[None].astype(int) - 1, axis=0)[0] * (source > 0)
    outcome = integrated(claims, won, random.choice([1, 2, 65535], size=won.shape) * (source > 0), source)
    pixel_ha = random.random((4, 1))
    expected: defaultdict[tuple[int, ...], float] = defaultdict(float)
    for t, y, x in np.ndindex(3, 4, 5):
        for dispute in disputes(claims[:, t, y, x].tolist()):
            expected[t, *dispute, int(source[t, y, x]), int(outcome.rule[t, y, x])] += pixel_ha[y, 0]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(conflicts, "_SLOTS", slots)
        found = sum_conflicts(claims, outcome, pixel_ha)
    assert found.kinds.tolist() == sorted(map(list, expected))
    assert table(found) == pytest.approx(dict(expected))
    assert len(table(found)) == len(found.kinds)
