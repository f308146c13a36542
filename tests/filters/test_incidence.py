"""Incidence: series that change too often, worked by hand, the kernel against the reference, and any tiling."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from mutirao.filters import incidence
from mutirao.filters.step import Ground, Limits, ReadyStep, Surroundings

KEYS = {"filter": "incidence", "groups": [[3, 4], [15, 21]]}
NO_GROUPS = np.zeros(256, np.uint16)
shapes = st.tuples(st.integers(1, 7), st.integers(1, 5), st.integers(1, 5))
maps = arrays(np.uint8, shapes, elements=st.sampled_from([0, 3, 3, 4, 15, 33]))


def pixels(*series: list[int]) -> np.ndarray:
    """Make (year, 1, x) maps of a row of pixels."""
    return np.array(series, np.uint8).T[:, None, :]


@pytest.mark.parametrize(
    ("series", "expected"),
    [
        # Three changes between the groups: forest, in three of five years, wins.
        ([3, 15, 3, 15, 3], [3, 3, 3, 3, 3]),
        # Changes inside a group are none; there are two, which are let be.
        ([3, 4, 15, 21, 3, 4], [3, 4, 15, 21, 3, 4]),
        # The mode is of classes, not of groups: 33 twice, and 3, 4, 15 and 21 once each.
        ([3, 15, 33, 4, 33, 21], [33, 33, 33, 33, 33, 33]),
        # Of two classes that are equally frequent, the smaller code.
        ([15, 3, 15, 3], [3, 3, 3, 3]),
        # A missing year is no change and stays missing: 3 15 3 has two changes, 3 15 3 15 three.
        ([3, 0, 15, 0, 3], [3, 0, 15, 0, 3]),
        ([3, 0, 15, 3, 15], [3, 0, 3, 3, 3]),
        ([0, 0, 0, 0], [0, 0, 0, 0]),
        ([3], [3]),
        ([3, 15], [3, 15]),
    ],
)
def test_pixel_with_three_changes_takes_its_mode(make_step, run_map, series, expected):
    step = make_step(**KEYS, max_pixels=7, border_changes=3)
    assert run_map(step, pixels(series)).tolist() == pixels(expected).tolist()


def test_ignored_class_is_neither_counted_nor_taken_but_overwritten(make_step, run_map):
    # Without 25 these are 3 15 3 15 and 3 3 15; the first takes 3, though 25 is most frequent.
    often, seldom = [3, 25, 15, 25, 3, 25, 15], [3, 25, 3, 25, 15, 25, 25]
    keys = {**KEYS, "max_pixels": 7, "border_changes": 3, "ignored": [25]}
    assert run_map(make_step(**keys), pixels(often, seldom)).tolist() == pixels([3] * 7, seldom).tolist()
    kept = run_map(make_step(**keys, protected=[25]), pixels(often))
    assert kept.tolist() == pixels([3, 25, 3, 25, 3, 25, 3]).tolist()


def test_cerrado_10_rewrites_border_noise_from_11_changes_and_interiors_from_14(make_step, run_map):
    noisy = {n: [3, 15] * (n // 2) + [3] * (16 - n // 2 * 2) for n in (10, 12, 14)}
    for n, series in noisy.items():
        assert sum(a != b for a, b in pairwise(series)) == n
    keys = {"max_pixels": 7, "border_changes": 11, "interior_changes": 14, "ignored": [25]}
    step = make_step(**KEYS, **keys)
    for n, size, calmed in ((10, 7, False), (12, 7, True), (12, 8, False), (14, 8, True)):
        block = pixels(*[noisy[n]] * size)
        assert (run_map(step, block) == 3).all() == calmed
        assert calmed or (run_map(step, block) == block).all()


def test_patch_has_equal_numbers_of_changes_and_touches_at_corners(make_step, run_map):
    two, three = [3, 15, 3, 3], [3, 15, 3, 15]
    block = np.empty((4, 2, 2), np.uint8)
    block[:, 0, 0] = block[:, 1, 1] = three
    block[:, 0, 1] = block[:, 1, 0] = two
    keys = {**KEYS, "max_pixels": 1, "border_changes": 3}
    # With 8 neighbours the two pixels with three changes are a patch of two: no border noise.
    assert run_map(make_step(**keys), block).tolist() == block.tolist()
    calmed = run_map(make_step(**keys, connectivity=4), block)
    assert calmed[:, [0, 1], [0, 1]].tolist() == [[3, 3]] * 4
    assert (calmed[:, 0, 1] == two).all()


def test_only_years_that_may_be_written_change(make_step, run_map):
    step = make_step(
        Surroundings(tuple(range(2000, 2004))), **KEYS, max_pixels=7, border_changes=3, years={"last": 2001}
    )
    assert run_map(step, pixels([3, 15, 3, 15])).tolist() == pixels([3, 3, 3, 15]).tolist()


@settings(max_examples=200)
@given(maps, st.integers(1, 4), st.integers(1, 3), st.none() | st.integers(1, 5), st.sampled_from([4, 8]), st.data())
def test_kernel_equals_reference(make_step, run_map, series, max_pixels, border, interior, connectivity, data):
    protected, ignored = data.draw(st.sampled_from([[], [15], [3, 4, 15, 33]])), data.draw(st.sampled_from([[], [4]]))
    allowed = data.draw(st.lists(st.booleans(), min_size=len(series), max_size=len(series)))
    scope = data.draw(arrays(np.bool_, series.shape[1:]))
    keys = {"max_pixels": max_pixels, "border_changes": border, "interior_changes": interior, "ignored": ignored}
    made = make_step(Surroundings((), {"biome": {}}), **KEYS, **keys, connectivity=connectivity, protected=protected,
                     where={"biome": 1})  # fmt: skip
    step = ReadyStep("", made.work, made.scope, tuple(allowed), made.protected)
    groups = NO_GROUPS.copy()
    groups[[3, 4]], groups[[15, 21]] = 1, 2
    key = incidence.keys_of(groups, ignored)
    limits = Limits(frozenset(np.flatnonzero(allowed).tolist()), frozenset(protected))
    expected = incidence.reference(
        series, key, max_pixels, border, interior or 99, connectivity, limits=limits, scope=scope
    )
    assert run_map(step, series, Ground({"biome": scope.astype(int)})).tolist() == expected.tolist()


@settings(max_examples=60)
@given(st.integers(0, 2**32 - 1), st.integers(1, 6), st.sampled_from([4, 8]), st.sampled_from([3, 5, 8]))
def test_result_does_not_depend_on_the_tiling(make_step, run_map, seed, max_pixels, connectivity, tile):
    keys = {"border_changes": 1, "interior_changes": 2, "connectivity": connectivity}
    step = make_step(**KEYS, max_pixels=max_pixels, **keys)
    series = np.random.default_rng(seed).choice([3, 15], p=[0.7, 0.3], size=(3, 23, 19)).astype(np.uint8)
    assert run_map(step, series, tile=tile).tobytes() == run_map(step, series).tobytes()


def test_no_smaller_halo_would_do(make_step, run_map):
    # Seven pixels of one change are border noise; an eighth, seven pixels from the first, makes them an interior.
    step = make_step(**KEYS, max_pixels=7, border_changes=1)
    here, there = pixels(*[[3, 15]] * 7, [3, 3]), pixels(*[[3, 15]] * 8)
    assert run_map(step, here)[1, 0, 0] == 3
    assert run_map(step, there)[1, 0, 0] == 15
    assert step.halo == 7


@pytest.mark.parametrize("code", [0, 3])
@pytest.mark.parametrize("years", [1, 2, 4])
def test_constant_series_stays(make_step, run_map, code, years):
    series = np.full((years, 3, 3), code, np.uint8)
    assert run_map(make_step(**KEYS, max_pixels=7, border_changes=1), series).tolist() == series.tolist()


def test_groups_that_overlap_are_refused(refusals):
    keys = {"filter": "incidence", "max_pixels": 7, "border_changes": 11}
    assert refusals(**keys, groups=[[3, 4], [4, 15]]) == [("F120", "steps.0.groups.1")]
    assert refusals(**keys, groups=[[], 15]) == [("F121", "steps.0.groups.0")]
    assert refusals(**keys, ignored=["wood land"]) == [("F101", "steps.0.ignored.0")]


def test_real_maps_equal_plain_python(make_step, run_map, goias):
    step = make_step(
        filter="incidence", groups=[[3, 4, 11, 12], [9, 15, 20, 21, 24, 25, 39, 41]], ignored=[25], max_pixels=7,
        border_changes=4, interior_changes=5,
    )  # fmt: skip
    groups = NO_GROUPS.copy()
    groups[[3, 4, 11, 12]], groups[[9, 15, 20, 21, 24, 25, 39, 41]] = 1, 2
    after = run_map(step, goias)
    assert after.tobytes() == incidence.reference(goias, incidence.keys_of(groups, [25]), 7, 4, 5, 8).tobytes()
    # A pixel that was rewritten is constant; no other changed at all.
    changed = (after != goias).any(axis=0)
    assert changed.any()
    assert (after == after[0])[:, changed].all()
