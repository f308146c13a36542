"""Polygon edits and dated events: worked by hand, the kernel against the reference, and mistakes in words."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mutirao.errors import ConfigError
from mutirao.filters import edits, events
from mutirao.filters.apply import apply_chain, ready
from mutirao.filters.chain import Chain
from mutirao.filters.edits import Edit
from mutirao.filters.events import Event
from mutirao.filters.overlay import Fault, Overlay
from mutirao.filters.step import Ground, Limits, Surroundings
from mutirao.legend import Legend

LEGEND = Legend.model_validate(
    {
        "id": "few",
        "title": "Few",
        "version": "1",
        "classes": [
            {"code": code, "name": {"en": name}, "color": "#000000"}
            for code, name in (
                (3, "Forest"),
                (4, "Savanna"),
                (15, "Pasture"),
                (21, "Mosaic"),
                (25, "Bare"),
                (33, "Water"),
            )
        ],
        "groups": {"native": [3, 4], "farming": [15, 21]},
    }
)
YEARS = (2000, 2001, 2002, 2003, 2004)
FILE = "drawn.geojson"
LAYER = f"centres:{FILE}"


def overlay(rows: list[dict], members: list[tuple[int, ...]], *faults: Fault) -> Overlay:
    """Return polygons over a row of pixels: the first pixel has none, then one pixel a combination."""
    columns = tuple(dict.fromkeys(name for row in rows for name in row))
    index = np.arange(len(members) + 1, dtype=np.uint32)[None]
    return Overlay(index, ((), *members), columns, tuple(rows), faults)


def steps(rows: list[dict], members: list[tuple[int, ...]], *faults: Fault, series_years=YEARS, **step):
    chain = Chain.model_validate({"id": "c", "title": "c", "steps": [{"filter": "edits", "file": FILE, **step}]})
    around = Surroundings(series_years, overlays={LAYER: overlay(rows, members, *faults)})
    return ready(chain, LEGEND, lambda *place: ".".join(map(str, place)), around)


def run(rows: list[dict], members: list[tuple[int, ...]], series: list[int], **step) -> list[list[int]]:
    """Return the series of each pixel after one step: without polygons, and under each combination."""
    made, index = steps(rows, members, **step), overlay(rows, members).index
    classes = np.array(series, np.uint8)[:, None, None].repeat(index.size, axis=2)
    after, _ = apply_chain(made, classes, Ground({LAYER: index}))
    return after[:, 0].T.tolist()


def findings(rows: list[dict], members: list[tuple[int, ...]], *faults: Fault, **step) -> list[tuple[str, str, str]]:
    with pytest.raises(ConfigError) as caught:
        steps(rows, members, *faults, **step)
    return [(found.code, found.where, found.message) for found in caught.value.findings]


def test_edit_rewrites_its_classes_in_its_years():
    rows = [{"from": "forest, 15", "to": "water", "years": "2001-2002, 2004"}]
    assert run(rows, [(0,)], [3, 3, 4, 15, 15]) == [[3, 3, 4, 15, 15], [3, 33, 4, 15, 33]]


def test_edit_without_classes_or_years_rewrites_all_but_nodata():
    rows = [{"from": None, "to": 33, "years": None}, {"from": (), "to": 33.0, "years": "2003-"}]
    assert run(rows, [(0,), (1,)], [3, 0, 4, 15, 33])[1:] == [[33, 0, 33, 33, 33], [3, 0, 4, 33, 33]]


def test_first_and_last_year_may_stand_in_attributes_of_their_own():
    rows = [{"klass": "33", "begin": 2002, "last": None}, {"klass": "33", "begin": None, "last": 2000.0}]
    after = run(rows, [(0,), (1,)], [3] * 5, attributes={"to": "klass", "first": "begin"})
    assert after[1:] == [[3, 3, 33, 33, 33], [33, 3, 3, 3, 3]]


def test_highest_priority_decides_on_the_class_that_the_step_found():
    rows = [{"from": 3, "to": 15, "priority": 2}, {"from": 3, "to": 21, "priority": 1}, {"from": 15, "to": 25}]
    assert run(rows, [(0, 1), (0, 2), (1,)], [3, 15, 3, 3, 4])[1:] == [
        [15, 15, 15, 15, 4],
        [15, 25, 15, 15, 4],
        [21, 15, 21, 21, 4],
    ]


def test_running_edits_see_what_lower_priorities_left_unless_it_is_protected():
    rows = [{"from": 3, "to": 15, "priority": 1}, {"from": 15, "to": 25, "priority": 2}]
    assert run(rows, [(0, 1)], [3, 15, 4, 3, 3], reads="running")[1] == [25, 25, 4, 25, 25]
    assert run(rows, [(0, 1)], [3, 15, 4, 3, 3], reads="running", protected=[15])[1] == [15, 15, 4, 15, 15]


def test_event_holds_for_its_years_or_for_ever():
    # Practice, section 3.6, step05.5: natural cause 25 for 3 years, mining 25 for ever, all others 21 for ever.
    becomes = {"natural": {"class": 25, "years": 3}, "mining": 25, "default": 21}
    rows = [
        {"date": "2001-05-31T00:00:00", "type": "natural"},
        {"date": "2002", "type": "mining"},
        {"date": "2003/1/1", "type": None},
        {"date": 1999, "type": "natural"},
        {"date": "2009-01-01", "type": "mining"},
    ]
    after = run(rows, [(i,) for i in range(5)], [3, 4, 15, 3, 3], filter="events", becomes=becomes, only=["native"])
    assert after[1:] == [
        [3, 25, 15, 25, 3],
        [3, 4, 15, 25, 25],
        [3, 4, 15, 21, 21],
        [25, 25, 15, 3, 3],
        [3, 4, 15, 3, 3],
    ]


def test_latest_event_in_force_decides_and_an_expired_one_gives_way():
    becomes = {"fire": {"class": 25, "years": 2}, "default": 21}
    rows = [{"year": 2002, "type": "fire"}, {"year": 2001, "type": "farm"}, {"year": 2002, "type": "farm"}]
    after = run(rows, [(0, 1), (0, 2)], [3] * 5, filter="events", becomes=becomes)
    assert after[1:] == [[3, 21, 25, 25, 21], [3, 3, 21, 21, 21]]


def test_steps_write_only_where_their_common_keys_allow():
    rows = [{"to": 33}]
    after = run(rows, [(0,)], [3, 4, 3, 3, 3], protected=[4], years={"first": 2001, "last": 2002})
    assert after[1] == [3, 4, 33, 3, 3]


codes = st.sampled_from([0, 3, 4, 15, 21, 33])
series_of = st.integers(1, 5).flatmap(lambda n: st.lists(codes, min_size=n, max_size=n))
protection = st.sampled_from([(), (3,), (15, 33), (3, 4, 15, 21, 33)])
span = st.sampled_from([None, (0, 0), (0, 4), (2, 3)])
one_edit = st.fixed_dictionaries(
    {
        "from": st.sampled_from([None, 3, (4, "farming"), "native, 33"]),
        "to": st.sampled_from([3, 15, 33]),
        "years": st.sampled_from([None, "2000", "2000-", "-2000"]),
    }
)
one_event = st.fixed_dictionaries(
    {"year": st.integers(1998, 2006), "type": st.sampled_from(["natural", "mining", None])}
)


def limits(protected: tuple[int, ...], allowed: tuple[int, int] | None, years: int) -> tuple[Limits, dict]:
    """Return limits as the reference takes them, and as the step does."""
    if allowed is None or allowed[1] >= years:
        return Limits(None, frozenset(protected)), {"protected": protected}
    first, last = allowed
    keys = {"protected": protected, "years": {"first": YEARS[first], "last": YEARS[last]}}
    return Limits(frozenset(range(first, last + 1)), frozenset(protected)), keys


def result(rows, members, series, **step) -> list[int]:
    made = steps(rows, members, series_years=YEARS[: len(series)], **step)
    classes = np.array(series, np.uint8)[:, None, None]
    return apply_chain(made, classes, Ground({LAYER: np.array([[1]], np.uint32)}))[0].ravel().tolist()


@given(series_of, st.lists(one_edit, min_size=1, max_size=4), protection, span, st.booleans())
def test_edits_equal_their_reference(series, rows, protected, allowed, running):
    rows = [{**row, "priority": number % 3 * 10 + number} for number, row in enumerate(rows)]
    limit, keys = limits(protected, allowed, len(series))
    told = [
        Edit(
            {None: None, 3: frozenset({3}), (4, "farming"): frozenset({4, 15, 21})}.get(
                row["from"], frozenset({3, 4, 33})
            ),
            row["to"],
            row["priority"],
            frozenset([0] if row["years"] in ("2000", "-2000") else range(len(series))),
        )
        for row in rows
    ]
    expected = edits.reference(series, told, running=running, limits=limit)
    reads = "running" if running else "original"
    assert result(rows, [tuple(range(len(rows)))], series, reads=reads, **keys) == expected


@given(series_of, st.lists(one_event, min_size=1, max_size=4), protection, span)
def test_events_equal_their_reference(series, rows, protected, allowed):
    limit, keys = limits(protected, allowed, len(series))
    becomes = {"natural": {"class": 25, "years": 2}, "mining": 25, "default": 21}
    ends = {"natural": 2}
    told = [
        Event(
            row["year"] - 2000,
            row["year"] - 2000 + ends[row["type"]] if row["type"] in ends else None,
            21 if row["type"] is None else 25,
        )
        for row in sorted(rows, key=lambda row: row["year"])
    ]
    expected = events.reference(series, told, frozenset({3, 4, 21}), limits=limit)
    step = {"filter": "events", "becomes": becomes, "only": [3, 4, 21], **keys}
    assert result(rows, [tuple(range(len(rows)))], series, **step) == expected


def test_equal_priorities_that_contradict_are_refused_with_both_polygons():
    rows = [{"from": 3, "to": 15}, {"from": "native", "to": 21, "years": "2003"}, {"from": 4, "to": 25}]
    (found,) = findings(rows, [(0, 1), (0, 2)])
    assert found == (
        "F136",
        "steps.0.file",
        "polygons 1 and 2 of 'drawn.geojson' overlap with equal priority 0 and give a pixel different classes in 2003: "
        "15 and 21",
    )


def test_equal_priorities_are_fine_where_nothing_depends_on_their_order():
    apart = [{"from": 3, "to": 15, "years": "2000"}, {"from": 3, "to": 21, "years": "2001"}, {"from": 4, "to": 21}]
    assert run(apart, [(0, 1, 2)], [3, 3, 4, 4, 3])[1] == [15, 21, 21, 21, 3]
    decided = [{"from": 3, "to": 15}, {"from": 3, "to": 21}, {"from": "native", "to": 33, "priority": 1}]
    assert run(decided, [(0, 1, 2)], [3] * 5)[1] == [33] * 5
    chained = [{"from": 3, "to": 15}, {"from": 15, "to": 21}]
    assert run(chained, [(0, 1)], [3, 15, 3, 3, 3])[1] == [15, 21, 15, 15, 15]
    assert [code for code, _, _ in findings(chained, [(0, 1)], reads="running")] == ["F136"]


def test_all_broken_rows_are_told_at_once():
    rows = [
        {"from": "forrest", "to": "Water"},
        {"from": None, "to": None},
        {"to": "native"},
        {"to": 15, "years": "1999-2001"},
        {"to": 15, "years": "2003-2001"},
        {"to": 15, "years": "2003", "first": 2001},
        {"to": 15, "priority": "high", "last": 2050},
        {"to": 99},
    ]
    fault = Fault("F132", "polygon 9 of 'drawn.geojson' has no geometry", "draw a polygon, or delete the row")
    found = findings(rows, [], fault)
    assert [code for code, _, _ in found] == [
        "F132", "F101", "F134", "F102", "F107", "F135", "F135", "F107", "F135", "F101",
    ]  # fmt: skip
    assert {where for _, where, _ in found} == {"steps.0.file"}
    assert found[1][2] == "polygon 1 of 'drawn.geojson': 'forrest' is no class or group of the legend"


def test_broken_events_are_told_at_once():
    rows = [
        {"date": None, "type": "fire"},
        {"date": "May 2002", "type": "fire"},
        {"date": "2002", "type": "flood"},
    ]
    step = {"filter": "events", "becomes": {"fire": 25, "farm": "native"}, "only": ["wood"]}
    found = findings(rows, [], **step)
    assert [(code, where) for code, where, _ in found] == [
        ("F101", "steps.0.only.0"),
        ("F102", "steps.0.becomes.farm"),
        ("F135", "steps.0.file"),
        ("F135", "steps.0.file"),
        ("F137", "steps.0.file"),
    ]


@pytest.mark.parametrize(
    ("rows", "step", "place"),
    [
        ([{"klass": 3}], {}, "steps.0.file"),
        ([{"to": 3}], {"attributes": {"years": "period"}}, "steps.0.attributes.years"),
        ([{"to": 3}], {"attributes": {"to": "becomes"}}, "steps.0.attributes.to"),
        ([{"type": "fire"}], {"filter": "events", "becomes": {"default": 3}}, "steps.0.file"),
    ],
)
def test_missing_attribute_is_told(rows, step, place):
    assert [(code, where) for code, where, _ in findings(rows, [(0,)], **step)] == [("F133", place)]


def test_chain_without_its_polygons_is_refused():
    chain = Chain.model_validate({"id": "c", "title": "c", "steps": [{"filter": "edits", "file": FILE}]})
    with pytest.raises(ConfigError, match="F130"):
        ready(chain, LEGEND, lambda *place: str(place), Surroundings(YEARS))


def test_identifiers_of_territories_are_names_even_if_they_are_numbers():
    step = {"filter": "gap_fill", "where": {"state": [52, "RJ"]}}
    around = Surroundings(YEARS, {"state": {"11": 1, "52": 2, "RJ": 3}}, levels=frozenset({"state"}))

    def scope(**changed):
        chain = Chain.model_validate({"id": "c", "title": "c", "steps": [{**step, **changed}]})
        return ready(chain, LEGEND, lambda *place: ".".join(map(str, place)), around)[0].scope

    assert scope().conditions == (("state", frozenset({2, 3}), True),)
    with pytest.raises(ConfigError, match=r"steps\.0\.where\.state: F106 layer 'state' has no value named '53'"):
        scope(where={"state": 53})
    with pytest.raises(ConfigError, match=r"steps\.0\.where\.state: F139"):
        scope(where={"state": {"at_least": 11}})
