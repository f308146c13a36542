"""An explanation comes to what the reference decides, and says why in words."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mutirao.collection import Years
from mutirao.integration.explain import explain
from mutirao.integration.prevalence import RuleSet
from mutirao.integration.reference import decide
from mutirao.integration.resolve import Case, Outcome, ResolvedRule, Vocabulary, resolve
from mutirao.integration.wording import Names, rule_words
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
        ],
        "groups": {"farming": [15, 18], "town": [24]},
    }
)
LAYERS = {"biome": {"pampa": 5, "pantanal": 6}}
MOSAICS = {"regions": ("biome", {5: "south", 6: "north"})}
VOCABULARY = Vocabulary(LEGEND, ("south", "north", "crops", "urban"), LAYERS, MOSAICS)
NAMES = Names(LEGEND, LAYERS)


def words(rule: dict, *, biome: int = 5, year: int = 2000, **claims: int) -> list[tuple[str, ...]]:
    """Return the verdict and the words for one rule and one pixel."""
    rule_set = RuleSet.model_validate({"id": "test", "title": "test", "rules": [{"id": "r", "why": "test", **rule}]})
    resolved = resolve(rule_set, VOCABULARY, lambda *place: "test")
    pixel = {module: claims.get(module, 0) for module in VOCABULARY.modules}
    told = explain(resolved, pixel, {"biome": biome}, year, mosaics=MOSAICS)
    return [(told.tried[0].verdict, *rule_words(told.tried[0], NAMES))]


def unless(when: dict, assign: object) -> dict:
    return {"claim": {"crops": 18}, "unless": [{"when": when, "assign": assign}]}


@pytest.mark.parametrize(
    ("rule", "pixel", "told"),
    [
        ({"claim": {"crops": 18}}, {"crops": 18}, ("decides", "crops claims Crop")),
        ({"claim": {"crops": 18}}, {}, ("does not hold", "crops claims nothing, not Crop")),
        ({"claim": {"crops": "farming"}}, {"crops": 3}, ("does not hold", "crops claims Forest, not farming")),
        ({"claim": {"crops": [3, "town"]}}, {"crops": 18}, ("does not hold", "crops claims Crop, not Forest or Urban")),
        (
            {"claim": {"crops": 18}, "where": {"biome": "pantanal", "urban": 24}},
            {"crops": 18},
            ("does not hold", "biome is pampa, not pantanal; urban claims nothing, not Urban"),
        ),
        (
            {"claim": {"crops": 18}, "where": {"biome": 7}},
            {"crops": 18, "biome": 8},
            ("does not hold", "biome is 8, not 7"),
        ),
        (
            {"claim": {"crops": 18}, "years": {"first": 2001, "last": 2004}},
            {"crops": 18},
            ("does not hold", "the rule is for 2001 to 2004"),
        ),
        ({"claim": {"crops": 18}, "assign": 15}, {"crops": 18}, ("decides", "crops claims Crop; it gives Pasture")),
        ({"claim": {"regions": 3}}, {"south": 3, "north": 15}, ("decides", "regions claims Forest")),
        (
            unless({"urban": 24}, "skip"),
            {"crops": 18, "urban": 24},
            ("steps back", "crops claims Crop", "exception 1 holds: urban claims Urban; the rule steps back"),
        ),
        (
            unless({"urban": 24}, {"map": {18: 15}}),
            {"crops": 18, "urban": 24},
            ("decides", "crops claims Crop", "exception 1 holds: urban claims Urban; it gives Pasture"),
        ),
        (
            unless({"biome": 5}, {"from": "regions"}),
            {"crops": 18, "south": 3},
            ("decides", "crops claims Crop", "exception 1 holds: biome is pampa; it gives Forest from regions"),
        ),
        (
            unless({"biome": 5}, {"from": "urban"}),
            {"crops": 18},
            (
                "decides",
                "crops claims Crop",
                "exception 1 is passed over: urban claims nothing, which it cannot take",
            ),
        ),
        (
            unless({"urban": 0}, 15),
            {"crops": 18, "urban": 24},
            ("decides", "crops claims Crop", "exception 1 does not hold: urban claims Urban, not nothing"),
        ),
    ],
)
def test_each_way_of_a_rule_has_its_words(rule, pixel, told):
    assert words(rule, **pixel) == [told]


def test_a_long_list_of_classes_is_cut():
    allowed = frozenset({3, 15, 18, 24, 200})
    assert NAMES.of_allowed("crops", allowed) == "Forest, Pasture, Crop, Urban or 1 more"


def test_a_hole_names_those_who_claim_and_the_class_that_fills_it():
    told = explain((), {"south": 3, "north": 0}, {}, 2000, hole=24)
    assert (told.winner, told.module, told.code, told.against) == (None, None, 24, ("south",))


MODULES = ("a", "b", "c")
SOURCES = (*MODULES, "m")
CODES = (1, 2, 3, 255)
BIOMES = (0, 7, 70_000)
codes = st.frozensets(st.sampled_from(CODES), min_size=1, max_size=3)
claim_condition = st.tuples(st.sampled_from(SOURCES), codes)
layer_condition = st.tuples(st.just("biome"), st.sampled_from([{7}, {70_000}, {7, 70_000}]).map(frozenset))
conditions = st.lists(claim_condition | layer_condition, max_size=2).map(tuple)


def outcomes(source: str):
    pairs = st.dictionaries(st.sampled_from(CODES), st.sampled_from(CODES), min_size=1, max_size=3)
    tables = pairs.map(lambda table: tuple(table.items()))
    return (
        st.sampled_from(CODES).map(lambda code: Outcome(source, constant=code))
        | st.sampled_from(SOURCES).map(Outcome)
        | tables.map(lambda table: Outcome(source, table=table))
        | st.builds(Outcome, st.sampled_from(SOURCES), table=tables, listed_only=st.just(True))
        | st.just(Outcome(source, skip=True))
    )


@st.composite
def rule_lists(draw):
    rules = []
    for number in range(1, draw(st.integers(1, 6)) + 1):
        claim = draw(claim_condition)
        years = draw(st.none() | st.just(Years(first=2001, last=2002)))
        case = st.builds(Case, conditions, outcomes(claim[0]))
        given = draw(st.sampled_from([Outcome(claim[0]), Outcome(claim[0], constant=2)]))
        cases = tuple(draw(st.lists(case, max_size=3)))
        rules.append(ResolvedRule(number, f"r{number}", (claim,), draw(conditions), years, cases, given))
    return rules


claimed = st.fixed_dictionaries({module: st.sampled_from([0, *CODES]) for module in MODULES})
mosaics = st.just({"m": ("biome", {0: "c", 7: "a"})})


@settings(max_examples=400)
@given(rule_lists(), claimed, st.sampled_from(BIOMES), st.sampled_from([2000, 2001]), mosaics, st.sampled_from([0, 9]))
def test_an_explanation_comes_to_what_the_reference_decides(rules, claims, biome, year, mosaics, hole):
    told = explain(rules, claims, {"biome": biome}, year, mosaics=mosaics, hole=hole)
    assert told.decision == decide(rules, claims, {"biome": biome}, year, mosaics=mosaics, hole=hole)
    assert len(told.against) == told.decision.conflicts
    assert [rule.verdict for rule in told.tried[:-1]].count("decides") == 0
    assert all(rule_words(rule, NAMES) for rule in told.tried)
