"""Changed patches: series of maps worked by hand, the kernel against the reference, and any tiling."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from mutirao.filters import changed_patches
from mutirao.filters.step import Ground, Limits, ReadyStep, Surroundings

GROUPS = {3: 1, 4: 1, 15: 2, 39: 2}
KEYS = {"filter": "changed_patches", "groups": [[3, 4], [15, 39]]}
SERIES = Surroundings(tuple(range(2000, 2005)))
shapes = st.tuples(st.integers(1, 4), st.integers(1, 6), st.integers(1, 6))
maps = arrays(np.uint8, shapes, elements=st.sampled_from([0, 3, 3, 3, 4, 15, 15, 33]))
options = st.fixed_dictionaries(
    {
        "changes": st.sampled_from(["any", "returning"]),
        "reads": st.sampled_from(["original", "running"]),
        "scan": st.sampled_from(["ascending", "descending"]),
    }
)


def rows(*years: list[int]) -> np.ndarray:
    """Make (year, 1, x) maps of a single row."""
    return np.array(years, np.uint8)[:, None, :]


@pytest.mark.parametrize(
    ("keys", "years", "expected"),
    [
        # Two pixels of pasture that come and stay are undone for ever, for the year before is the corrected one.
        ({}, [[3, 3, 3], [3, 15, 15], [3, 15, 15]], [[3, 3, 3], [3, 3, 3], [3, 3, 3]]),
        # Compared with the year before as it was found, there is no change in the third year.
        ({"reads": "original"}, [[3, 3, 3], [3, 15, 15], [3, 15, 15]], [[3, 3, 3], [3, 3, 3], [3, 15, 15]]),
        # What is undone counts again together with what changes next: then they are three.
        ({}, [[3, 3, 3], [3, 15, 15], [15, 15, 15]], [[3, 3, 3], [3, 3, 3], [15, 15, 15]]),
        # To and fro are two kinds of change: one and two pixels, not three. Both are undone.
        ({}, [[3, 15, 15], [15, 3, 4]], [[3, 15, 15], [3, 15, 15]]),
        # A change inside a group is none, and water, nodata and pixels that leave them are not judged.
        ({}, [[3, 33, 0, 3], [4, 3, 15, 33]], [[3, 33, 0, 3], [4, 3, 15, 33]]),
        # Pasture of one year is undone; what is pasture in the year after, too, is no A-B-A. The last year never is.
        (
            {"changes": "returning"},
            [[3, 3, 3], [15, 15, 3], [3, 15, 15]],
            [[3, 3, 3], [3, 15, 3], [3, 15, 15]],
        ),
        # Backwards, a year takes the class of the year after.
        ({"scan": "descending"}, [[3, 15], [15, 15], [15, 15]], [[15, 15], [15, 15], [15, 15]]),
        ({}, [[15, 3]], [[15, 3]]),
        ({}, [[0, 0], [0, 0]], [[0, 0], [0, 0]]),
    ],
)
def test_small_change_is_undone(make_step, run_map, keys, years, expected):
    step = make_step(**KEYS, min_pixels=3, **keys)
    assert run_map(step, rows(*years)).tolist() == rows(*expected).tolist()


def test_diagonal_pixels_are_one_patch_with_8_neighbours_only(make_step, run_map):
    before = np.full((2, 2), 3, np.uint8)
    now = np.array([before, [[15, 3], [3, 15]]], np.uint8)
    assert run_map(make_step(**KEYS, min_pixels=2), now).tolist() == now.tolist()
    undone = run_map(make_step(**KEYS, min_pixels=2, connectivity=4), now)
    assert undone.tolist() == [before.tolist(), before.tolist()]


def test_collection_11_undoes_native_to_use_under_six_pixels(make_step, run_map):
    step = make_step(filter="changed_patches", groups=[[3, 4, 11, 12], [9, 15, 21, 39]], min_pixels=6)
    five, six = [[3] * 7, [15] * 5 + [3] * 2], [[3] * 7, [15, 21, 39, 9, 15, 15, 3]]
    assert run_map(step, rows(*five)).tolist() == rows(five[0], five[0]).tolist()
    assert run_map(step, rows(*six)).tolist() == rows(*six).tolist()


def test_what_may_not_be_written_is_judged_and_stays(make_step, run_map):
    years = rows([3, 3, 3], [15, 15, 3], [15, 15, 3])
    protected = run_map(make_step(**KEYS, min_pixels=3, protected=[15]), years)
    assert protected.tolist() == years.tolist()
    # The second year keeps its pasture, so that the third has not changed.
    about = Surroundings((2000, 2001, 2002))
    limited = run_map(make_step(about, **KEYS, min_pixels=3, years={"first": 2002}), years)
    assert limited.tolist() == years.tolist()
    about = Surroundings((2000, 2001, 2002), {"biome": {}})
    step = make_step(about, **KEYS, min_pixels=3, where={"biome": 1})
    inside = run_map(step, years, Ground({"biome": np.array([[1, 2, 2]])}))
    assert inside[:, 0].tolist() == [[3, 3, 3], [3, 15, 3], [3, 15, 3]]


@settings(max_examples=200)
@given(maps, st.integers(2, 5), st.sampled_from([4, 8]), options, st.data())
def test_kernel_equals_reference(make_step, run_map, years, min_pixels, connectivity, keys, data):
    protected = data.draw(st.sampled_from([[], [15], [3, 4, 15, 33]]))
    allowed = data.draw(st.lists(st.booleans(), min_size=len(years), max_size=len(years)))
    scope = data.draw(arrays(np.bool_, years.shape[1:]))
    ready = make_step(Surroundings((), {"biome": {}}), **KEYS, min_pixels=min_pixels, connectivity=connectivity, **keys,
                      protected=protected, where={"biome": 1})  # fmt: skip
    step = ReadyStep("", ready.work, ready.scope, tuple(allowed), ready.protected)
    expected = changed_patches.reference(
        years,
        GROUPS,
        min_pixels,
        connectivity,
        returning=keys["changes"] == "returning",
        original=keys["reads"] == "original",
        descending=keys["scan"] == "descending",
        limits=Limits(frozenset(np.flatnonzero(allowed).tolist()), frozenset(protected)),
        scope=scope,
    )
    assert run_map(step, years, Ground({"biome": scope.astype(int)})).tolist() == expected.tolist()


@settings(max_examples=60)
@given(st.integers(0, 2**32 - 1), st.integers(2, 4), st.sampled_from([4, 8]), options, st.sampled_from([3, 5, 8]))
def test_result_does_not_depend_on_the_tiling(make_step, run_map, seed, min_pixels, connectivity, keys, tile):
    step = make_step(SERIES, **KEYS, min_pixels=min_pixels, connectivity=connectivity, **keys)
    years = np.random.default_rng(seed).choice([3, 15, 0], p=[0.5, 0.45, 0.05], size=(5, 23, 19)).astype(np.uint8)
    whole = run_map(step, years)
    assert run_map(step, years, tile=tile).tobytes() == whole.tobytes()


@pytest.mark.parametrize("min_pixels", [2, 3, 6])
@pytest.mark.parametrize("years", [2, 3, 5])
def test_no_smaller_halo_would_do(make_step, run_map, min_pixels, years):
    # Each year, pasture reaches from where it may or may not have been let stand to where just that decides.
    reach = min_pixels - 1
    here = np.full((years, 1, reach * years + 2), 3, np.uint8)
    for t in range(1, years):
        here[t, 0, reach * (t - 1) : reach * t + 1] = 15
    there = here.copy()
    there[1, 0, 0] = 3
    step = make_step(Surroundings(tuple(range(2000, 2000 + years))), **KEYS, min_pixels=min_pixels)
    differs = run_map(step, here)[-1, 0] != run_map(step, there)[-1, 0]
    assert np.flatnonzero(differs).max() == step.halo == reach * (years - 1)


@pytest.mark.parametrize(
    ("keys", "expected"),
    [
        ({}, 20),
        ({"reads": "original"}, 5),
        ({"years": {"first": 2003}}, 10),
        ({"years": {"last": 2002}}, 10),
        ({"years": {"last": 2002}, "scan": "descending"}, 15),
        ({"years": {"last": 2000}}, 0),
        ({"changes": "returning"}, 15),
    ],
)
def test_halo_grows_with_the_years_that_may_change(make_step, keys, expected):
    assert make_step(SERIES, **KEYS, min_pixels=6, **keys).halo == expected


@pytest.mark.parametrize(
    ("keys", "expected"),
    [
        ({}, (1, 0)),
        ({"changes": "returning"}, (1, 1)),
        ({"scan": "descending"}, (0, 1)),
    ],
)
def test_evidence_is_the_year_before_or_after(make_step, keys, expected):
    assert make_step(SERIES, **KEYS, min_pixels=6, **keys).work.evidence == expected


def test_halo_of_an_unknown_series_is_that_of_the_longest(make_step):
    assert make_step(**KEYS, min_pixels=2).halo == 300


def test_halo_beyond_512_pixels_is_refused(make_step, refusals):
    about = Surroundings(tuple(range(1985, 2026)))
    keys = {"filter": "changed_patches", "groups": ["natural", "farming"]}
    assert make_step(about, **keys, min_pixels=6).halo == 200
    assert refusals(about, **keys, min_pixels=14) == [("F126", "steps.0.min_pixels")]
    assert make_step(about, **keys, min_pixels=14, reads="original").halo == 13


@pytest.mark.parametrize("code", [0, 3, 15])
@pytest.mark.parametrize("years", [1, 2, 4])
def test_constant_series_stays(make_step, run_map, code, years):
    series = np.full((years, 3, 3), code, np.uint8)
    assert run_map(make_step(**KEYS, min_pixels=6), series).tolist() == series.tolist()


def test_groups_that_overlap_or_are_empty_are_refused(refusals):
    keys = {"filter": "changed_patches", "min_pixels": 6}
    assert refusals(**keys, groups=[[3, 4], [15, 4]]) == [("F120", "steps.0.groups.1")]
    assert refusals(**keys, groups=[3, []]) == [("F121", "steps.0.groups.1")]
    assert refusals(**keys, groups=[["natural forest"], 15]) == [("F101", "steps.0.groups.0.0")]


@pytest.mark.parametrize("changes", ["any", "returning"])
def test_real_maps_equal_plain_python(make_step, run_map, goias, changes):
    # The published series has no change that the next year takes back; every third year of it has some.
    goias = goias[::3]
    native, use = [3, 4, 11, 12], [9, 15, 20, 21, 24, 25, 39, 41]
    step = make_step(filter="changed_patches", groups=[native, use], min_pixels=6, changes=changes)
    groups = {**dict.fromkeys(native, 1), **dict.fromkeys(use, 2)}
    after = run_map(step, goias)
    expected = changed_patches.reference(goias, groups, 6, 8, returning=changes == "returning")
    assert after.tobytes() == expected.tobytes()
    assert (after != goias).any()
    group = np.array([groups.get(code, 0) for code in range(256)])
    changes_of = [(group[m[1:]] != group[m[:-1]]).sum() for m in (goias, after)]
    assert changes_of[1] < changes_of[0]
