"""What the linter of chains says of cases worked by hand, among them those of MapBiomas' own chain."""

from __future__ import annotations

import pytest

from mutirao.filters.chain import Chain
from mutirao.filters.lint import lint
from mutirao.filters.lint.finding import ChainScope
from mutirao.filters.lint.model import Anything, model
from mutirao.filters.lookup import Lookup
from mutirao.filters.pattern import Pattern
from mutirao.filters.step import Surroundings
from mutirao.legend import Legend

CODES = (3, 4, 12, 15, 21, 39, 41)
LEGEND = Legend.model_validate(
    {
        "id": "brazil",
        "version": "1",
        "title": "seven classes",
        "classes": [{"code": code, "name": {"en": f"Class {code}"}, "color": "#1f8d49"} for code in CODES],
        "groups": {"native": [3, 4, 12], "farming": [15, 21, 39, 41], "nothing": []},
    }
)
YEARS = tuple(range(1985, 2025))
BIOMES = {"biome": {"amazonia": 1, "cerrado": 2}}
SCOPE = ChainScope(LEGEND, Surroundings(YEARS, BIOMES), frozenset((0, *CODES)))


def found(*steps, scope=SCOPE):
    chain = Chain.model_validate({"id": "c", "title": "c", "steps": steps})
    return lint(chain, scope, lambda *place: ".".join(map(str, place)))


def told(*steps, scope=SCOPE):
    return [(finding.code, finding.where) for finding in found(*steps, scope=scope)]


def pattern(*rewrites, **keys):
    return {"filter": "pattern", "rewrites": rewrites, **keys}


def test_a_rewrite_of_the_middle_year_to_what_it_is_changes_nothing():
    # 15-N-N -> 21-N-N of Collection 11, of which the script writes the middle year only.
    assert told(pattern("15 3 3 -> _ 3 _", "15 4 4 -> _ 4 _", "3 15 41 -> _ 21 _")) == [
        ("F201", "steps.0.rewrites.0"),
        ("F201", "steps.0.rewrites.1"),
    ]
    assert told(pattern("3 21 -> _ _")) == [("F201", "steps.0.rewrites.0")]


def test_national_rewrites_are_void_where_those_of_every_biome_overwrite_them():
    regional = pattern("15 * 15 -> _ 15 _")
    national = pattern("15 3 15 -> _ 21 _")
    both = {"filter": "by_region", "layer": "biome", "regions": {"amazonia": [regional], "cerrado": [regional]}}
    one = {"filter": "by_region", "layer": "biome", "regions": {"amazonia": [regional]}}
    void = [finding for finding in found(national, both) if finding.where == "steps.0.rewrites.0"]
    assert [finding.code for finding in void] == ["F208"]
    assert "only where a layer has none of its named values" in void[0].message
    assert not [place for code, place in told(national, one) if code == "F208"]


def test_a_step_that_is_always_overwritten_names_the_one_that_does_it():
    finding = next(f for f in found(pattern("15 3 15 -> _ 21 _"), pattern("15 * 15 -> _ 15 _")) if f.code == "F206")
    assert (finding.where, finding.severity) == ("steps.0.rewrites.0", "advise")
    assert "step 2 (pattern: Rewrite patterns) always overwrites" in finding.message
    stages = dict(finding.witness.stages)
    assert stages["before it"] != stages["after it"]
    assert 21 not in stages["in the end"]


def test_a_rewrite_behind_one_that_takes_every_such_series_can_never_match():
    finding = found(pattern("3 15 3 -> _ 3 _", "3 15 3 -> _ 21 _", reads="running"))[0]
    assert (finding.code, finding.severity, finding.where) == ("F204", "block", "steps.0.rewrites.1")
    assert "rewrite 1 '3 15 3 -> _ 3 _' of the same step leaves no such series" in finding.message
    assert finding.witness.shows.endswith("is first")
    # Judged on the original series both fire, and the later one wins.
    assert told(pattern("3 15 3 -> _ 3 _", "3 15 3 -> _ 21 _")) == [("F206", "steps.0.rewrites.0")]


def test_a_class_that_an_earlier_step_maps_away_can_never_be_met_again():
    away = pattern("39 -> 21", "41 -> 21")
    assert told(away, pattern("39 * -> 3 _"))[-1] == ("F204", "steps.1.rewrites.0")
    assert told(away, {"filter": "isolated", "classes": [41, 21]})[0] == ("F204", "steps.1.classes.0")
    back = {"filter": "patches", "min_pixels": 3}
    assert ("F204", "steps.2.rewrites.0") not in told(away, back, pattern("39 * -> 3 _"))


def test_a_class_that_never_comes_in_is_told():
    scope = ChainScope(LEGEND, SCOPE.surroundings, frozenset({0, 3, 15}))
    finding = found(pattern("3 41 3 -> _ 3 _"), scope=scope)[0]
    assert (finding.code, finding.where) == ("F203", "steps.0.rewrites.0")
    assert "class 41 can stand at place 2: it neither comes in nor is written before" in finding.message
    assert told(pattern("3 15 -> _ 41"), pattern("3 41 3 -> _ 3 _"), scope=scope) == []


@pytest.mark.parametrize(
    ("step", "expected"),
    [
        (pattern("3 nothing -> 15 _"), ("F203", "steps.0.rewrites.0")),
        (pattern(" ".join(["3"] * 41) + " -> " + " ".join(["4"] * 41)), None),
        (pattern("3 15 3 -> _ 3 _", years={"last": 1985}), ("F205", "steps.0.rewrites.0")),
        (pattern("3 15 3 -> _ 3 _", protected=["farming"]), ("F205", "steps.0.rewrites.0")),
        (pattern("3 15 3 -> _ 3 _", windows="first", years={"first": 1990}), ("F205", "steps.0.rewrites.0")),
        (pattern("3 15 -> 4 21", windows="first", years={"first": 1986}), ("F210", "steps.0.rewrites.0")),
        ({"filter": "window", "classes": [3, 12, 3]}, ("F207", "steps.0.classes.2")),
        ({"filter": "window", "classes": ["native", 3]}, ("F207", "steps.0.classes.1")),
        (pattern("3 15 3 -> _ 3 _", where={"biome": {"at_least": 3, "at_most": 2}}), ("F213", "steps.0")),
    ],
)
def test_what_is_seen_without_following_series(step, expected):
    if expected:
        assert expected in told(step)
    else:
        # Longer than what is followed: nothing is said.
        assert told(step) == []


def test_a_rewrite_longer_than_the_series():
    short = ChainScope(LEGEND, Surroundings((2020, 2021)), SCOPE.inputs)
    assert told(pattern("3 15 3 -> _ 3 _"), scope=short) == [("F202", "steps.0.rewrites.0")]


def test_a_step_that_would_change_a_series_again_shows_it():
    finding = found(pattern("3 15 -> 3 3"))[0]
    assert (finding.code, finding.severity, finding.where) == ("F209", "advise", "steps.0")
    rows = dict(finding.witness.stages)
    seen = finding.witness.seen()
    assert [rows[stage][seen[-1]] for stage in ("once", "twice")] == [15, 3] or rows["once"] != rows["twice"]
    assert told(pattern("3 15 -> 3 3", reads="running")) == []


def test_names_that_do_not_exist_are_told_and_the_rest_is_judged():
    steps = (pattern("bogus 3 -> 3 _"), {"filter": "window", "classes": [99]}, pattern("3 15 -> _ 15"))
    assert told(*steps) == [
        ("F101", "steps.0.rewrites.0"),
        ("F101", "steps.1.classes.0"),
        ("F201", "steps.2.rewrites.0"),
    ]


def test_groups_are_reported_only_if_none_of_their_classes_has_an_effect():
    scope = ChainScope(LEGEND, SCOPE.surroundings, frozenset({0, 3, 15}))
    assert told({"filter": "window", "classes": ["native"]}, scope=scope) == []
    assert told({"filter": "window", "classes": [3, 4]}, scope=scope) == [("F203", "steps.0.classes.1")]


def test_an_operator_that_is_not_known_may_write_anything_unless_it_says_what():
    class Strange(Pattern):
        pass

    class Modest(Pattern):
        def classes_written(self, look):
            return frozenset(look.codes(["native"]))

    for kind, expected in ((Strange, frozenset(range(256))), (Modest, frozenset({3, 4, 12}))):
        step = kind(filter="pattern", rewrites=("3 15 -> _ 3",))
        modelled = model(1, step, (), Lookup(LEGEND, lambda *_: "", [], SCOPE.surroundings))
        assert [entry.acts for entry in modelled.entries] == [(Anything(expected),)]


def test_groups_of_the_chain_are_known():
    chain = Chain.model_validate(
        {"id": "c", "title": "c", "groups": {"wet": [41], "odd": [99]}, "steps": [pattern("3 wet 3 -> _ 3 _")]}
    )
    findings = lint(chain, SCOPE, lambda *place: ".".join(map(str, place)))
    assert [(finding.code, finding.where) for finding in findings] == [("F101", "groups.odd.0")]


def test_rewrites_that_are_tried_year_by_year_are_followed_together():
    # Rewrite by rewrite, the second finds no such series; year by year, the first one brings some about.
    rewrites = ("3 15 * -> 4 21 _", "* 21 3 -> _ 3 _", "4 21 15 -> _ 39 _")
    assert told(pattern(*rewrites, "3 15 15 -> 41 _ _", reads="running", order="years"))[0] == (
        "F204",
        "steps.0.rewrites.3",
    )
    assert told(pattern("3 15 3 -> _ 3 _", "3 15 3 -> _ 21 _", reads="running", order="years"))[0] == (
        "F204",
        "steps.0.rewrites.1",
    )
    # Judged on what stood there when the year was reached, both write, and the later one wins.
    assert told(pattern("3 15 3 -> _ 3 _", "3 15 3 -> _ 21 _", reads="pass", order="years"))[0] == (
        "F206",
        "steps.0.rewrites.0",
    )


def test_findings_speak_json():
    plain = found(pattern("3 15 3 -> _ 3 _", "3 15 3 -> _ 21 _"))[0].as_json()
    assert set(plain) == {
        *("code", "severity", "step", "title", "message", "file", "line", "column", "remedy", "witness")
    }
    assert plain["witness"]["years"] == list(YEARS)
    assert {len(stage["classes"]) for stage in plain["witness"]["series"]} == {len(YEARS)}
