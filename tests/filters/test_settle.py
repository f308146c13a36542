"""Mode, persistence and reassignment: hand-worked series, and every kernel against its reference."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mutirao.errors import ConfigError
from mutirao.filters import mode, persistence, reassign
from mutirao.filters.apply import apply_chain, ready
from mutirao.filters.chain import Chain
from mutirao.filters.shares import years_needed
from mutirao.filters.step import Ground, Limits, Surroundings
from mutirao.legend import Legend

NAMES = {3: "Forest", 5: "Mangrove", 12: "Grassland", 15: "Pasture", 21: "Mosaic of uses", 39: "Soybean"}
LEGEND = Legend.model_validate(
    {
        "id": "brazil",
        "version": "1",
        "title": "six classes",
        "classes": [{"code": code, "name": {"en": name}, "color": "#1f8d49"} for code, name in NAMES.items()],
        "groups": {"native": [3, 5, 12], "farming": [15, 21, 39]},
    }
)
SLOPE = np.array([[3, 12, 40]])
KNOWN = Surroundings(tuple(range(2000, 2006)), {"slope": {}, "biome": {"pampa": 5}})
series = st.lists(st.sampled_from([0, 3, 12, 15, 21]), min_size=1, max_size=9)
limits = st.builds(
    Limits,
    st.none() | st.frozensets(st.integers(0, 8)),
    st.sampled_from([frozenset(), frozenset({3}), frozenset(range(1, 256))]),
)


def chain(*steps: dict):
    parsed = Chain.model_validate({"id": "c", "title": "c", "steps": steps})
    return ready(parsed, LEGEND, lambda *place: ".".join(map(str, place)), KNOWN)


def run(values: list[int], **step) -> list[int]:
    block = np.array(values, np.uint8)[:, None, None]
    return apply_chain(chain(step), block)[0][:, 0, 0].tolist()


def by_kernel(values: list[int], limit: Limits, function, *arguments) -> list[int]:
    block = np.array(values, np.uint8)[:, None]
    writable = np.array([limit.years is None or t in limit.years for t in range(len(values))])
    function(block, writable, np.isin(np.arange(256), list(limit.protected)), *arguments)
    return block[:, 0].tolist()


def table(codes) -> np.ndarray:
    return np.isin(np.arange(256), list(codes))


@pytest.mark.parametrize(
    ("values", "step", "expected"),
    [
        ([3, 3, 12, 15], {}, [3, 3, 3, 3]),
        ([3, 3, 12, 0], {}, [3, 3, 3, 0]),
        # Native years settle among themselves, however many years of pasture there are.
        ([15, 15, 15, 12, 3, 12], {"classes": ["native"]}, [15, 15, 15, 12, 12, 12]),
        ([15, 12, 3, 12], {"classes": ["native"], "writes": "all"}, [12, 12, 12, 12]),
        # The flooded forest step of Collection 11: only series that never leave the group; ties to the first listed.
        ([3, 5, 3, 5], {"classes": [5, 3], "inside": True}, [5, 5, 5, 5]),
        ([3, 5, 3, 15], {"classes": [5, 3], "inside": True}, [3, 5, 3, 15]),
        ([3, 3, 12, 15, 0], {"share": 0.5}, [3, 3, 3, 3, 0]),
        ([3, 3, 12, 15, 21], {"share": 0.5}, [3, 3, 12, 15, 21]),
        ([3, 12, 12, 0], {"classes": ["native"], "inside": True}, [3, 12, 12, 0]),
        ([12, 3], {}, [3, 3]),
        # 7 of 25 years are 28 %, exactly.
        ([12] * 7 + [3] * 6 + [5] * 6 + [15] * 6, {"share": 0.28}, [12] * 25),
        ([0, 0], {}, [0, 0]),
    ],
)
def test_years_settle_on_the_most_frequent_class(values, step, expected):
    assert run(values, filter="mode", **step) == expected


@pytest.mark.parametrize(
    ("values", "step", "expected"),
    [
        # The Pampa step of Collection 11, with two years instead of five.
        ([39, 12, 12, 12], {}, [39, 21, 21, 12]),
        ([39, 12, 39, 12, 12, 12], {}, [39, 21, 39, 21, 21, 12]),
        ([39, 0, 12, 12], {}, [39, 0, 21, 12]),
        ([39, 5, 12], {"protected": ["Mangrove"]}, [39, 5, 21]),
        ([12, 12, 39], {}, [12, 12, 39]),
    ],
)
def test_an_event_lasts_for_some_years(values, step, expected):
    assert run(values, filter="persistence", events=[39], run=2, becomes=21, **step) == expected


def test_classes_are_reassigned_where_a_layer_says_so():
    steps = chain({"filter": "reassign", "map": {12: 15}, "where": {"slope": {"at_least": 10, "at_most": 30}}})
    block = np.full((6, 1, 3), 12, np.uint8)
    after, touched = apply_chain(steps, block, Ground({"slope": SLOPE}))
    assert after[0].tolist() == [[12, 15, 12]]
    assert touched[5].tolist() == [[0, 1, 0]]


@pytest.mark.parametrize(
    ("where", "expected"),
    [
        ({"slope": 3}, [15, 12, 12]),
        ({"slope": [3, 40]}, [15, 12, 15]),
        ({"slope": {"none_of": [3, 40]}}, [12, 15, 12]),
        ({"slope": {"at_least": 12}}, [12, 15, 15]),
        ({"slope": {"at_least": 12}, "biome": "pampa"}, [12, 12, 15]),
    ],
)
def test_where_confines_a_step(where, expected):
    steps = chain({"filter": "reassign", "map": {12: 15}, "where": where})
    ground = Ground({"slope": SLOPE, "biome": np.array([[5, 4, 5]])})
    after, _ = apply_chain(steps, np.full((6, 1, 3), 12, np.uint8), ground)
    assert after[0, 0].tolist() == expected


def test_steps_by_region_run_inside_their_region():
    by = {"pampa": [{"filter": "reassign", "map": {12: 15}}], 4: [{"filter": "reassign", "map": {12: 21}}]}
    steps = chain({"filter": "by_region", "title": "Fallow", "layer": "biome", "regions": by})
    after, touched = apply_chain(steps, np.full((6, 1, 3), 12, np.uint8), Ground({"biome": np.array([[5, 4, 1]])}))
    assert after[0, 0].tolist() == [15, 21, 12]
    assert touched[0, 0].tolist() == [1, 2, 0]
    assert [step.title for step in steps] == ["Fallow: pampa: Reassign classes", "Fallow: 4: Reassign classes"]


def test_a_chain_has_no_more_steps_than_a_byte_can_count():
    inner = [{"filter": "reassign", "map": {12: 15}}] * 64
    by = {"filter": "by_region", "layer": "biome", "regions": dict.fromkeys(["a", "b", "c"], inner)}
    whole = {"id": "c", "title": "c", "steps": [by, *inner[:63]]}
    assert len(list(Chain.model_validate(whole).flat())) == 255
    with pytest.raises(ValueError, match="256 steps, those of every region counted, and at most 255 are allowed"):
        Chain.model_validate({**whole, "steps": [by, *inner]})


def test_years_confine_a_step():
    step = {"filter": "reassign", "map": {"native": "nodata", 15: 21}, "years": {"first": 2002, "last": 2003}}
    assert run([3, 3, 3, 15, 15, 15], **step) == [3, 3, 0, 21, 15, 15]
    assert run([15] * 6, **{**step, "years": {"first": 2004}}) == [15, 15, 15, 15, 21, 21]


@pytest.mark.parametrize(
    ("step", "expected"),
    [
        ({"map": {3: 12, "native": 15}}, [("F108", "steps.0.map.native")]),
        ({"map": {3: 12}, "where": {"slop": 3}}, [("F105", "steps.0.where.slop")]),
        ({"map": {3: 12}, "where": {"biome": ["pamppa"]}}, [("F106", "steps.0.where.biome")]),
        (
            {"map": {3: 12}, "years": {"first": 1999, "last": 2006}},
            [("F107", "steps.0.years.first"), ("F107", "steps.0.years.last")],
        ),
        ({"map": {3: 12}, "protected": ["forrest"]}, [("F101", "steps.0.protected.0")]),
    ],
)
def test_mistakes_are_told_with_their_place(step, expected):
    with pytest.raises(ConfigError) as caught:
        chain({"filter": "reassign", **step})
    assert [(finding.code, finding.where) for finding in caught.value.findings] == expected


@given(
    series,
    st.lists(st.sampled_from([3, 12, 15]), min_size=1, max_size=4),
    st.booleans(),
    st.sampled_from([0.0, 0.28, 0.5, 0.7, 1.0]),
    st.booleans(),
    limits,
)
def test_mode_kernel_equals_reference(values, classes, inside, share, whole, limit):
    expected = mode.reference(values, classes, inside=inside, share=share, whole=whole, limits=limit)
    arguments = (np.array(classes, np.uint8), inside, years_needed(share), whole)
    assert by_kernel(values, limit, mode.settle, *arguments) == expected


@given(series, st.sampled_from([{15}, {15, 21}]), st.integers(1, 4), st.sampled_from([15, 21]), limits)
def test_persistence_kernel_equals_reference(values, events, years, becomes, limit):
    expected = persistence.reference(values, frozenset(events), years, becomes, limit)
    assert by_kernel(values, limit, persistence.prolong, table(events), years, becomes) == expected


@given(series, st.dictionaries(st.sampled_from([3, 12, 15]), st.sampled_from([0, 3, 12, 21]), min_size=1), limits)
def test_reassign_kernel_equals_reference(values, changes, limit):
    new = np.array([changes.get(code, code) for code in range(256)], np.uint8)
    assert by_kernel(values, limit, reassign.reassign, new) == reassign.reference(values, changes, limit)


def test_a_chain_may_name_groups_of_its_own():
    steps = [{"filter": "pattern", "rewrites": ["open 21 open -> _ 12 _"]}]
    parsed = Chain.model_validate({"id": "c", "title": "c", "groups": {"open": ["Grassland", 15]}, "steps": steps})
    (step,) = ready(parsed, LEGEND, lambda *place: ".".join(map(str, place)))
    block = np.array([12, 21, 15], np.uint8)[:, None, None]
    assert apply_chain([step], block)[0].ravel().tolist() == [12, 12, 15]


def test_unknown_class_in_a_group_of_the_chain_is_told_once():
    steps = [{"filter": "pattern", "rewrites": ["open 21 -> _ 12", "21 open -> 12 _"]}]
    parsed = Chain.model_validate({"id": "c", "title": "c", "groups": {"open": ["Gras"]}, "steps": steps})
    with pytest.raises(ConfigError) as caught:
        ready(parsed, LEGEND, lambda *place: ".".join(map(str, place)))
    assert [(finding.code, finding.where) for finding in caught.value.findings] == [("F101", "groups.open.0")]
