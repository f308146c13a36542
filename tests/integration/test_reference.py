"""Hand-worked decisions."""

from __future__ import annotations

import pytest

from mutirao.collection import Mosaic
from mutirao.errors import ConfigError
from mutirao.integration.prevalence import RuleSet
from mutirao.integration.reference import Decision, decide
from mutirao.integration.resolve import Vocabulary, hole_class, link_mosaics, resolve, vocabulary_of
from mutirao.legend import Legend

LEGEND = Legend.model_validate(
    {
        "id": "test",
        "version": "1",
        "title": "test",
        "classes": [
            {"code": 3, "name": {"en": "Forest"}, "color": "#1f8d49"},
            {"code": 15, "name": {"en": "Pasture"}, "color": "#edde8e"},
            {"code": 18, "name": {"en": "Crop"}, "color": "#e974ed"},
            {"code": 24, "name": {"en": "Urban"}, "color": "#d4271e"},
            {"code": 41, "name": {"en": "Other crop"}, "color": "#f54ca9"},
        ],
        "groups": {"farming": [15, 18, 41], "void": []},
    }
)
VOCABULARY = Vocabulary(
    LEGEND,
    ("regions", "crops", "urban"),
    {"biome": {"pampa": 5, "pantanal": 6}},
    {"either": ("biome", {5: "regions", 6: "crops"})},
)


def rules(*entries: dict):
    texts = [{"why": "test", **entry} for entry in entries]
    rule_set = RuleSet.model_validate({"id": "test", "title": "test", "rules": texts})
    return resolve(rule_set, VOCABULARY, lambda *place: ".".join(map(str, place)))


def claims(regions=0, crops=0, urban=0):
    return {"regions": regions, "crops": crops, "urban": urban}


def test_first_rule_wins_and_others_are_conflicts():
    program = rules({"id": "u", "claim": {"urban": 24}}, {"id": "r", "claim": {"regions": [3, 15]}})
    assert decide(program, claims(regions=3, crops=18, urban=24), {"biome": 5}, 2000) == Decision(24, 1, 3, 2)
    assert decide(program, claims(regions=3, crops=18), {"biome": 5}, 2000) == Decision(3, 2, 1, 1)


def test_pixel_that_no_rule_takes_is_a_hole_with_its_claims_counted():
    program = rules({"id": "u", "claim": {"urban": 24}})
    assert decide(program, claims(crops=18), {"biome": 5}, 2000) == Decision(0, 0, 0, 1)


def test_scope_and_years_limit_a_rule():
    rule = {
        "id": "c",
        "claim": {"crops": "farming"},
        "where": {"biome": "pantanal"},
        "years": {"first": 2001, "last": 2002},
    }
    program = rules(rule)
    assert decide(program, claims(crops=18), {"biome": 6}, 2001).code == 18
    assert decide(program, claims(crops=18), {"biome": 5}, 2001).code == 0
    assert decide(program, claims(crops=18), {"biome": 6}, 2003).code == 0


def test_exceptions_assign_a_constant_another_claim_or_a_translation():
    unless = [
        {"when": {"regions": "pasture"}, "assign": {"from": "regions"}},
        {"when": {"biome": "pampa"}, "assign": {"map": {"crop": "other crop"}}},
        {"when": {"urban": 24}, "assign": "urban"},
    ]
    program = rules({"id": "c", "claim": {"crops": 18}, "unless": unless})
    assert decide(program, claims(regions=15, crops=18), {"biome": 5}, 1) == Decision(15, 1, 1, 1)
    assert decide(program, claims(regions=3, crops=18), {"biome": 5}, 1) == Decision(41, 1, 2, 1)
    assert decide(program, claims(crops=18, urban=24), {"biome": 6}, 1) == Decision(24, 1, 2, 1)
    assert decide(program, claims(crops=18), {"biome": 6}, 1) == Decision(18, 1, 2, 0)


def test_skip_steps_back_for_lower_rules_and_constant_hides_them():
    skip = rules(
        {"id": "c", "claim": {"crops": 18}, "unless": [{"when": {"regions": 3}, "assign": "skip"}]},
        {"id": "r", "claim": {"regions": 3}},
    )
    assert decide(skip, claims(regions=3, crops=18), {"biome": 5}, 1) == Decision(3, 2, 1, 1)


def test_exception_that_takes_a_claim_needs_the_claim():
    program = rules(
        {"id": "c", "claim": {"crops": 18}, "unless": [{"when": {"biome": 5}, "assign": {"from": "urban"}}]}
    )
    assert decide(program, claims(crops=18), {"biome": 5}, 1) == Decision(18, 1, 2, 0)


def test_rule_may_give_another_class_than_the_claimed():
    program = rules({"id": "c", "claim": {"crops": 18}, "assign": 41}, {"id": "r", "claim": {"regions": [3, 15]}})
    # The module claimed something else than what won, so it counts.
    assert decide(program, claims(crops=18), {"biome": 5}, 1) == Decision(41, 1, 2, 0)
    program = rules({"id": "r", "claim": {"regions": [3, 15]}, "assign": {"map": {15: 41}}})
    assert decide(program, claims(regions=15), {"biome": 5}, 1).code == 41
    assert decide(program, claims(regions=3), {"biome": 5}, 1).code == 3


def test_translation_of_another_source_holds_only_for_the_classes_that_it_lists():
    assign = {"from": "regions", "map": {15: 41}}
    program = rules({"id": "c", "claim": {"crops": 18}, "unless": [{"when": {"biome": 5}, "assign": assign}]})
    assert decide(program, claims(regions=15, crops=18), {"biome": 5}, 1) == Decision(41, 1, 1, 1)
    assert decide(program, claims(regions=3, crops=18), {"biome": 5}, 1) == Decision(18, 1, 2, 1)
    assert decide(program, claims(crops=18), {"biome": 5}, 1) == Decision(18, 1, 2, 0)


def test_mosaic_claims_what_the_member_of_the_pixel_claims():
    program = rules(
        {"id": "e", "claim": {"either": 18}, "unless": [{"when": {"urban": 24}, "assign": {"from": "either"}}]},
        {"id": "u", "claim": {"urban": 24}, "where": {"either": 3}},
    )
    here = {"mosaics": VOCABULARY.mosaics}
    assert decide(program, claims(crops=18), {"biome": 6}, 1, **here) == Decision(18, 1, 2, 0)
    assert decide(program, claims(crops=18), {"biome": 5}, 1, **here) == Decision(0, 0, 0, 1)
    assert decide(program, claims(regions=18, urban=24), {"biome": 5}, 1, **here) == Decision(18, 1, 1, 1)
    assert decide(program, claims(regions=3, urban=24), {"biome": 5}, 1, **here) == Decision(24, 2, 3, 1)
    assert decide(program, claims(regions=3, crops=18), {"biome": 7}, 1, **here) == Decision(0, 0, 0, 2)


def test_code_0_in_a_condition_asks_for_a_module_that_claims_nothing():
    program = rules({"id": "c", "claim": {"crops": 18}, "where": {"regions": [0, 15]}})
    assert [decide(program, claims(regions=code, crops=18), {"biome": 5}, 1).code for code in (0, 15, 3)] == [18, 18, 0]


def test_hole_gets_the_class_that_the_rule_set_assigns_and_no_rule_or_module():
    program = rules({"id": "u", "claim": {"urban": 24}})
    assert decide(program, claims(crops=18), {"biome": 5}, 1, hole=15) == Decision(15, 0, 0, 1)
    assert decide(program, claims(crops=15), {"biome": 5}, 1, hole=15) == Decision(15, 0, 0, 0)


def test_rule_set_says_which_class_a_hole_gets():
    def hole(value: object) -> int:
        rule = {"id": "u", "claim": {"urban": 24}, "why": "test"}
        rule_set = RuleSet.model_validate({"id": "test", "title": "test", "rules": [rule], "holes": value})
        return hole_class(rule_set, VOCABULARY, lambda *place: ".".join(map(str, place)))

    assert (hole("report"), hole("refuse"), hole({"assign": "pasture"})) == (0, 0, 15)
    with pytest.raises(ConfigError) as caught:
        hole({"assign": "farming"})
    assert caught.value.findings[0].where == "holes.assign"


def test_rule_set_without_a_collection_states_its_vocabulary():
    stated = {
        "legend": "test",
        "sources": {"regions": ["farming"], "crops": [18]},
        "layers": {"biome": {"pampa": 5}},
        "mosaics": [{"id": "either", "layer": "biome", "members": {"regions": "pampa", "crops": 6}}],
    }
    rule = {"id": "e", "claim": {"either": 18}, "why": "test"}
    rule_set = RuleSet.model_validate({"id": "test", "title": "test", "rules": [rule], "vocabulary": stated})
    vocabulary = vocabulary_of(rule_set, LEGEND)
    assert vocabulary.modules == ("regions", "crops")
    assert vocabulary.mosaics == {"either": ("biome", {5: "regions", 6: "crops"})}
    with pytest.raises(ConfigError, match="I106"):
        vocabulary_of(rule_set.model_copy(update={"vocabulary": None}), LEGEND)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"layer": "biomes"}, "is no layer"),
        ({"members": {"regionen": 5}}, "'regionen', which is no module"),
        ({"members": {"regions": "pampas"}}, "names the value 'pampas', which 'biome' lacks"),
        ({"members": {"regions": 5, "crops": "pampa"}}, "gives the value 5 to two members"),
        ({"id": "crops"}, "has the name of another source"),
    ],
)
def test_mosaic_that_does_not_fit_is_refused(change, message):
    mosaic = Mosaic.model_validate({"id": "either", "layer": "biome", "members": {"regions": 5}, **change})
    with pytest.raises(ConfigError, match="I105") as caught:
        link_mosaics([mosaic], VOCABULARY.modules, VOCABULARY.layers, lambda *place: ".".join(map(str, place)))
    assert message in caught.value.findings[0].message
    assert caught.value.findings[0].where == "mosaics.0"


@pytest.mark.parametrize(
    ("entry", "code", "hint"),
    [
        ({"id": "x", "claim": {"croops": 18}}, "I101", "did you mean 'crops'?"),
        ({"id": "x", "claim": {"crops": "pastur"}}, "I102", "did you mean 'pasture'?"),
        ({"id": "x", "claim": {"crops": 99}}, "I102", "legend is 'test'"),
        ({"id": "x", "claim": {"crops": 18}, "where": {"biome": "pampas"}}, "I103", "did you mean 'pampa'?"),
        ({"id": "x", "claim": {"biome": 5}}, "I101", "regions, crops, urban"),
        ({"id": "x", "claim": {"crops": 0}}, "I102", "legend is 'test'"),
        ({"id": "x", "claim": {"crops": "void"}}, "I104", "groups"),
        ({"id": "x", "claim": {"crops": []}}, "I104", "name a value"),
        (
            {"id": "x", "claim": {"crops": 18}, "unless": [{"when": {"urban": 24}, "assign": {"from": "region"}}]},
            "I101",
            "did you mean 'regions'?",
        ),
        (
            {"id": "x", "claim": {"crops": 18}, "unless": [{"when": {"urban": 24}, "assign": "farming"}]},
            "I102",
            "single",
        ),
    ],
)
def test_unknown_names_are_refused_with_the_nearest(entry, code, hint):
    with pytest.raises(ConfigError) as caught:
        rules(entry)
    assert [finding.code for finding in caught.value.findings] == [code]
    assert hint in caught.value.findings[0].remedy
    assert caught.value.findings[0].where.startswith("rules.0")


def test_all_mistakes_are_told_at_once():
    with pytest.raises(ConfigError) as caught:
        rules({"id": "a", "claim": {"croops": 18}}, {"id": "b", "claim": {"crops": "pastur"}})
    assert len(caught.value.findings) == 2
