"""Enclosure: patches worked by hand, the kernel against the reference, and any tiling."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from mutirao.filters import enclosure
from mutirao.filters.step import Ground, Limits, ReadyStep, Surroundings

BEACH = {"filter": "enclosure", "classes": [25], "by": [23], "max_distance": 167}
shapes = st.tuples(st.integers(1, 2), st.integers(1, 7), st.integers(1, 7))
maps = arrays(np.uint8, shapes, elements=st.sampled_from([0, 3, 23, 25, 25, 25, 25, 22, 50]))


def drawn(*rows: str) -> np.ndarray:
    """Make a (1, y, x) map: `o` is 25, `b` beach 23, `s` sandbank 50, `.` forest 3 and a blank nodata."""
    codes = {"o": 25, "b": 23, "s": 50, ".": 3, " ": 0}
    return np.array([[[codes[letter] for letter in row] for row in rows]], np.uint8)


@pytest.mark.parametrize(
    ("keys", "before", "after"),
    [
        # Collection 11: bare ground that touches the beach becomes beach, as far as it goes; a corner is enough.
        ({}, ["b....", ".ooo.", "....o", "o...."], ["b....", ".bbb.", "....b", "o...."]),
        ({"connectivity": 4}, ["b....", ".ooo.", "o...."], ["b....", ".ooo.", "o...."]),
        ({"connectivity": 4}, ["boo..", "..o..", "...o."], ["bbb..", "..b..", "...o."]),
        # The cap: two steps into the patch.
        ({"max_distance": 2}, ["boooo"], ["bbboo"]),
        ({"max_distance": 1}, ["boooo"], ["bbooo"]),
        ({"max_distance": 2}, ["boooob"], ["bbbbbb"]),
        ({"becomes": 50}, ["bo."], ["bs."]),
        # Enclosed: nothing but the beach may lie around, no forest, no nodata, and not the edge of the map.
        ({"mode": "enclosed"}, ["bbbb", "boob", "bbbb"], ["bbbb", "bbbb", "bbbb"]),
        ({"mode": "enclosed"}, ["bbbb", "boob", "bbb."], ["bbbb", "boob", "bbb."]),
        ({"mode": "enclosed", "connectivity": 4}, ["bbbb", "boob", "bbb."], ["bbbb", "bbbb", "bbb."]),
        ({"mode": "enclosed"}, ["bbbb", "boob", "bb b"], ["bbbb", "boob", "bb b"]),
        ({"mode": "enclosed"}, ["bob", "bbb"], ["bob", "bbb"]),
        # What is farther than the cap does not disturb, and does not spread.
        (
            {"mode": "enclosed", "max_distance": 2},
            ["bbbbbb", "boooo.", "bbbbbb"],
            ["bbbbbb", "bbboo.", "bbbbbb"],
        ),
        # Of two classes around, one is enough, or both must touch the patch.
        ({"by": [23, 50], "becomes": 23}, ["bo.os"], ["bb.bs"]),
        ({"by": [23, 50], "becomes": 23, "every": True}, ["bo.os", ".....", "boos."], ["bo.os", ".....", "bbbs."]),
        ({"by": [23, 50], "becomes": 23, "mode": "enclosed"}, ["sss", "sob", "sss"], ["sss", "sbb", "sss"]),
        ({"classes": [25, 3]}, ["bo. o"], ["bbb o"]),
        ({}, ["o o"], ["o o"]),
        ({"protected": [25]}, ["bo"], ["bo"]),
    ],
)
def test_patch_becomes_what_touches_or_encloses_it(make_step, run_map, keys, before, after):
    assert run_map(make_step(**{**BEACH, **keys}), drawn(*before)).tolist() == drawn(*after).tolist()


def test_it_spreads_through_what_may_not_be_written(make_step, run_map):
    step = make_step(
        **{**BEACH, "classes": [25, 3], "protected": [3]},
    )
    assert run_map(step, drawn("b.o")).tolist() == drawn("b.b").tolist()
    step = make_step(Surroundings((), {"biome": {}}), **BEACH, where={"biome": 1})
    ground = Ground({"biome": np.array([[1, 2, 1]])})
    assert run_map(step, drawn("boo"), ground).tolist() == drawn("bob").tolist()
    years = np.concatenate([drawn("bo"), drawn("bo")])
    step = make_step(Surroundings((2000, 2001)), **BEACH, years={"first": 2001})
    assert run_map(step, years).tolist() == np.concatenate([drawn("bo"), drawn("bb")]).tolist()


@settings(max_examples=200)
@given(maps, st.integers(1, 5), st.sampled_from([4, 8]), st.booleans(), st.booleans(), st.data())
def test_kernel_equals_reference(make_step, run_map, years, max_distance, connectivity, enclosed, every, data):
    protected = data.draw(st.sampled_from([[], [25], [22], [25, 22]]))
    allowed = data.draw(st.lists(st.booleans(), min_size=len(years), max_size=len(years)))
    scope = data.draw(arrays(np.bool_, years.shape[1:]))
    keys = {"mode": "enclosed" if enclosed else "touching", "every": every, "connectivity": connectivity}
    made = make_step(Surroundings((), {"biome": {}}), filter="enclosure", classes=[25, 22], by=[23, 50], becomes=3,
                     max_distance=max_distance, **keys, protected=protected, where={"biome": 1})  # fmt: skip
    step = ReadyStep("", made.work, made.scope, tuple(allowed), made.protected)
    limits = Limits(frozenset(np.flatnonzero(allowed).tolist()), frozenset(protected))
    sets = [{23}, {50}] if every else [{23, 50}]
    reach = (3, enclosed, max_distance, connectivity)
    expected = [
        enclosure.reference(year, {25, 22}, sets, *reach, limits=limits, scope=scope, t=t).tolist()
        for t, year in enumerate(years)
    ]
    assert run_map(step, years, Ground({"biome": scope.astype(int)})).tolist() == expected


@settings(max_examples=60)
@given(
    st.integers(0, 2**32 - 1), st.integers(1, 8), st.sampled_from([4, 8]), st.sampled_from(["touching", "enclosed"]),
    st.sampled_from([3, 5, 8]),
)  # fmt: skip
def test_result_does_not_depend_on_the_tiling(make_step, run_map, seed, max_distance, connectivity, mode, tile):
    random = np.random.default_rng(seed)
    years = random.choice([25, 23, 3, 0], p=[0.75, 0.2, 0.03, 0.02], size=(2, 23, 19)).astype(np.uint8)
    step = make_step(**{**BEACH, "max_distance": max_distance, "connectivity": connectivity, "mode": mode})
    assert run_map(step, years, tile=tile).tobytes() == run_map(step, years).tobytes()


def test_no_smaller_halo_would_do(make_step, run_map):
    step = make_step(**{**BEACH, "max_distance": 4})
    here, there = run_map(step, drawn("boooo")), run_map(step, drawn(".oooo"))
    assert (here[0, 0, 4], there[0, 0, 4], step.halo) == (23, 25, 4)


def test_what_says_nothing_or_contradicts_itself_is_refused(make_step, refusals):
    keys = {"filter": "enclosure", "max_distance": 9}
    assert refusals(**keys, classes=[25], by=[23, 50]) == [("F122", "steps.0.becomes")]
    assert refusals(**keys, classes=[25, 23], by=[23]) == [("F123", "steps.0.by")]
    assert refusals(**keys, classes=["sand"], by=[23]) == [("F101", "steps.0.classes.0")]
    for distance in (0, 513, None):
        with pytest.raises(ValueError, match="max_distance"):
            make_step(filter="enclosure", classes=[25], by=[23], max_distance=distance)


@pytest.mark.parametrize("mode", ["touching", "enclosed"])
def test_real_maps_equal_plain_python(make_step, run_map, goias, mode):
    years = goias[::9]
    keys = {"classes": [21], "by": [15], "mode": mode, "max_distance": 20}
    after = run_map(make_step(filter="enclosure", **keys), years)
    expected = [enclosure.reference(year, {21}, [{15}], 15, mode == "enclosed", 20, 8).tolist() for year in years]
    assert after.tolist() == expected
    assert (after != years).any()
    assert (years[after != years] == 21).all()
