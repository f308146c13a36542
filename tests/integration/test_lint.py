"""Hand-worked findings of the linter, each with the witness that shows it."""

from __future__ import annotations

import random
import time

import pytest

from mutirao.integration import boxes
from mutirao.integration.declared import check_ids, claims_of, distinct_ids
from mutirao.integration.describe import witness_words
from mutirao.integration.lint import lint
from mutirao.integration.prevalence import RuleSet
from mutirao.integration.resolve import Vocabulary
from mutirao.integration.rulefinding import Scope
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
        "groups": {"farming": [15, 18]},
    }
)
CLAIMS = {"regions": frozenset({3, 15}), "crops": frozenset({18}), "urban": frozenset({24})}
VOCABULARY = Vocabulary(LEGEND, tuple(CLAIMS), {"biome": {"pampa": 5, "pantanal": 6}})
SCOPE = Scope(VOCABULARY, CLAIMS, (2000, 2001, 2002))
BASE = [
    {"id": "base", "claim": {"regions": [3, 15]}},
    {"id": "fields", "claim": {"crops": 18}},
    {"id": "towns", "claim": {"urban": 24}},
]
"""Takes every claim, so that only what stands before it is found."""


def where(*place):
    return ".".join(map(str, place))


def found(*entries, scope=SCOPE, base=BASE, **more):
    rules = [{"why": "test", **entry} for entry in [*entries, *base]]
    return lint(RuleSet.model_validate({"id": "test", "title": "test", "rules": rules, **more}), scope, where)


def only(*entries, code, **more):
    """Return the findings of one code; 'biome' may stay unused."""
    return [f for f in found(*entries, **more) if f.code == code]


def codes(*entries, **more):
    return [f.code for f in found(*entries, **more) if f.code != "I210"]


def words(finding):
    return witness_words(finding.witness, VOCABULARY)


def test_a_clean_set_has_no_findings():
    assert codes() == []


def test_rule_below_the_same_claim_never_fires_and_the_cover_is_named():
    towns, again = {"id": "t", "claim": {"urban": 24}}, {"id": "a", "claim": {"urban": 24}, "where": {"biome": "pampa"}}
    finding = only({"id": "x", "claim": {"crops": 18}}, towns, again, code="I201")[0]
    assert (finding.rule, finding.where, finding.severity) == ("a", "rules.2", "block")
    assert finding.message == "rule 3 can never fire: rule 2 't' comes first everywhere"
    assert (
        words(finding)
        == "urban claims 24 Urban, nobody else claims anything, biome is pampa (5): rule 2 't' comes first"
    )


def test_two_rules_hide_a_third_together():
    parts = [
        {"id": "early", "claim": {"urban": 24}, "years": {"first": 1990, "last": 2001}},
        {"id": "late", "claim": {"urban": 24}, "years": {"first": 2002, "last": 2030}},
    ]
    finding = only(*parts, code="I201")[0]
    assert finding.rule == "towns"
    assert finding.message.endswith("rule 1 'early' and rule 2 'late' together come first everywhere")


@pytest.mark.parametrize(
    ("rule", "reason"),
    [
        ({"claim": {"urban": 3}}, "urban may not claim what it asks for"),
        ({"claim": {"urban": 24}, "years": {"first": 1980, "last": 1990}}, "no year from 1980 to 1990"),
        ({"claim": {"regions": 3}, "where": {"regions": 15}}, "no pixel can meet all of its conditions"),
    ],
)
def test_a_rule_that_asks_for_nothing_has_no_witness(rule, reason):
    finding = only({"id": "x", **rule}, code="I201")[0]
    assert finding.message.endswith(reason)
    assert finding.witness is None


def test_a_rule_whose_exceptions_always_step_back_never_fires():
    rule = {"id": "x", "claim": {"regions": 3}, "unless": [{"when": {"regions": 3}, "assign": "skip"}]}
    assert "its own exceptions step back everywhere" in only(rule, code="I201")[0].message


def test_exception_after_a_wider_one_is_never_reached():
    unless = [{"when": {"regions": [3, 15]}, "assign": 3}, {"when": {"regions": 15, "urban": 24}, "assign": 24}]
    finding = only({"id": "x", "claim": {"crops": 18}, "unless": unless}, code="I202")[0]
    assert finding.where == "rules.0.unless.1"
    assert finding.message == "no pixel reaches exception 2: exception 1 of this rule comes first everywhere"
    assert words(finding).endswith(
        "urban claims 24 Urban, nobody else claims anything: exception 1 of this rule comes first"
    )


def test_exception_that_takes_what_was_not_claimed_is_never_reached():
    unless = [{"when": {"biome": "pampa"}, "assign": {"from": "regions", "map": {18: 3}}}]
    findings = found({"id": "x", "claim": {"crops": 18}, "unless": unless}, base=BASE[::2])
    assert [f.code for f in findings] == ["I209", "I202"]


def test_exception_that_gives_the_same_class_changes_nothing():
    unless = [{"when": {"regions": 15}, "assign": 18}, {"when": {"regions": 3}, "assign": "skip"}]
    rule = {"id": "x", "claim": {"crops": 18}, "unless": unless}
    below = {"id": "y", "claim": {"crops": 18}}
    same, skipped = only(rule, below, code="I203")
    assert same.message == "exception 1 changes no class: without it every pixel gets the same"
    assert (
        words(same)
        == "regions claims 15 Pasture, crops claims 18 Crop, nobody else claims anything: 18 Crop either way"
    )
    assert skipped.message.endswith("; only the rule or module named as the origin changes")


def test_value_of_a_list_that_an_earlier_rule_takes_changes_nothing():
    rules = {"id": "x", "claim": {"regions": 3}}, {"id": "y", "claim": {"regions": [3, 15]}, "unless": []}
    findings = only(*rules, code="I204", base=BASE[1:])
    assert [f.where for f in findings] == ["rules.1.claim.regions.0"]
    assert findings[0].message.startswith("regions 3 Forest in 'claim' changes no class: rule 1 'x' comes first")


def test_value_that_the_list_has_already():
    rule = {"id": "x", "claim": {"crops": 18}, "where": {"biome": [5, "pampa", 6]}, "assign": 3}
    finding = only(rule, code="I204")[0]
    assert finding.where == "rules.0.where.biome.1"
    assert finding.message.endswith("the list has it already")


def test_rule_above_its_like_changes_no_class():
    finding = only(
        {"id": "x", "claim": {"crops": 18}, "where": {"biome": "pampa"}}, code="I205", base=[BASE[1], BASE[0], BASE[2]]
    )[0]
    assert finding.rule == "x"
    assert words(finding) == "crops claims 18 Crop, nobody else claims anything, biome is pampa (5): 18 Crop either way"


def test_claim_without_a_rule_is_a_hole_told_with_its_weakest_condition():
    fields = {
        "id": "fields",
        "claim": {"crops": 18},
        "where": {"biome": "pampa"},
        "years": {"first": 2001, "last": 2002},
    }
    finding = only(fields, code="I206", base=[BASE[0], BASE[2]])[0]
    assert finding.message == "crops claims 18 Crop, and no rule takes it, where the year is 2000"
    assert finding.witness.claims == {"regions": 0, "crops": 18, "urban": 0}
    assert finding.severity == "block"


def test_claims_that_keep_each_others_rule_away_are_a_hole():
    rules = [
        {"id": "a", "claim": {"crops": 18}, "unless": [{"when": {"urban": 24}, "assign": "skip"}]},
        {"id": "b", "claim": {"urban": 24}, "unless": [{"when": {"crops": 18}, "assign": "skip"}]},
    ]
    findings = only(*rules, code="I206", base=BASE[:1])
    assert [f.message for f in findings] == [
        "crops claims 18 Crop, and no rule takes it, where urban claims 24 Urban",
        "urban claims 24 Urban, and no rule takes it, where crops claims 18 Crop",
    ]


def test_hole_that_gets_a_class_is_advice():
    finding = only(code="I206", base=BASE[:2], holes={"assign": 3})[0]
    assert finding.severity == "advise"
    assert words(finding).endswith("no rule takes it, so it gets 3 Forest")


def test_hole_outside_of_the_named_values_of_a_layer_is_advice():
    towns = {"id": "t", "claim": {"urban": 24}, "where": {"biome": ["pampa", "pantanal"]}}
    assert codes(towns, base=BASE[:2]) == ["I214"]


def test_member_of_a_mosaic_is_heard_in_its_own_part():
    claims = {"south": frozenset({3}), "west": frozenset({3, 15})}
    mosaics = {"all": ("biome", {5: "south", 6: "west"})}
    scope = Scope(Vocabulary(LEGEND, tuple(claims), VOCABULARY.layers, mosaics), claims, None)
    assert found({"id": "x", "claim": {"all": [3, 15]}}, scope=scope, base=[]) == []
    holes = found({"id": "x", "claim": {"all": 3}}, scope=scope, base=[])
    assert [f.message for f in holes] == ["west claims 15 Pasture, and no rule takes it, where biome is pantanal (6)"]


def test_ids_are_told_with_their_place_and_mended():
    entries = [{"id": "a"}, {"why": "x"}, {"id": "a"}]
    assert [(f.code, f.where) for f in check_ids(entries, where)] == [("I208", "rules.1"), ("I207", "rules.2.id")]
    assert [entry["id"] for entry in distinct_ids(entries)] == ["a", "rule-2", "a-3"]


def test_class_that_the_module_may_not_claim_is_told():
    finding = only({"id": "x", "claim": {"crops": 18}, "unless": [{"when": {"urban": 3}, "assign": 3}]}, code="I209")[0]
    assert (finding.where, finding.message) == ("rules.0.unless.0.when.urban.0", "urban may not claim 3 Forest")
    assert finding.remedy.startswith("it may claim 24;")


def test_group_of_which_a_module_claims_a_part_is_no_finding():
    assert codes(base=[{"id": "r", "claim": {"regions": [3, "farming"]}}, *BASE[1:]]) == []


def test_code_outside_the_legend_is_told_as_a_finding():
    finding = found({"id": "x", "claim": {"crops": 99}})[0]
    assert (finding.code, finding.rule, finding.where) == ("I102", "x", "rules.0.claim.crops")


def test_class_outside_the_legend_in_a_declaration_is_refused():
    with pytest.raises(Exception, match="'99', which crops may claim"):
        claims_of({"crops": (18, 99)}, LEGEND, lambda module: module)


def test_what_is_declared_and_not_used_is_told():
    findings = found(base=BASE[:1], holes={"assign": 3})
    assert [(f.code, f.message.split(" is ")[0]) for f in findings if f.code in ("I210", "I211")] == [
        ("I210", "layer 'biome'"),
        ("I211", "module 'crops'"),
        ("I211", "module 'urban'"),
    ]


def test_rules_for_the_same_pixels_are_told():
    skip = {"when": {"regions": 3}, "assign": "skip"}
    first = {"id": "x", "claim": {"crops": 18}, "where": {"biome": [5, "pantanal"]}, "unless": [skip]}
    second = {"id": "y", "claim": {"crops": 18}, "where": {"biome": [6, 5]}, "assign": 3}
    finding = only(first, second, code="I212")[0]
    assert finding.message == "rules 1 'x' and 2 'y' ask for the same pixels"


def test_a_question_that_is_too_hard_is_told(monkeypatch):
    monkeypatch.setattr(boxes, "LIMIT", -1)
    rule = {"id": "x", "claim": {"crops": 18}, "unless": [{"when": {"urban": 24}, "assign": "skip"}]}
    assert codes(rule) == ["I213"]


def test_finding_as_json_has_file_and_line_apart():
    finding = lint(
        RuleSet.model_validate({"id": "t", "title": "t", "rules": [{"id": "x", "why": "x", "claim": {"urban": 24}}]}),
        SCOPE,
        lambda *_: "r.yaml:3:5",
    )[0]
    told = finding.as_json()
    assert (told["code"], told["file"], told["line"], told["column"]) == ("I206", "r.yaml", 3, 5)
    assert told["witness"]["claims"] == {"regions": 3, "crops": 0, "urban": 0}


def large(seed):
    """A random set of 100 rules over 20 modules of 40 classes, 3 layers, a mosaic of 6 modules and 41 years."""
    dice = random.Random(seed)
    modules = [f"m{i}" for i in range(20)]

    def condition():
        name = dice.choice([*modules[:4], "biome", "biome", "state"])
        return name, dice.sample(range(1, 7 if name == "biome" else 27), dice.randint(1, 4))

    def case():
        assign = dice.choice(["skip", dice.randint(1, 40), {"from": dice.choice(modules)}])
        return {"when": dict(condition() for _ in range(dice.randint(1, 2))), "assign": assign}

    def rule(number):
        claim = {dice.choice([*modules, *["mosaic"] * 10]): dice.sample(range(1, 41), dice.choice([1, 1, 2, 5]))}
        years = dice.choice([None, None, {"first": dice.randint(1985, 2000), "last": dice.randint(2001, 2025)}])
        cases = [case() for _ in range(dice.choice([0, 1, 3]))]
        scope = dict([condition()] if dice.random() < 0.5 else [])
        return {"id": f"r{number}", "claim": claim, "where": scope, "years": years, "unless": cases, "why": "x"}

    classes = [{"code": code, "name": {"en": f"C{code}"}, "color": "#000000"} for code in range(1, 41)]
    legend = Legend.model_validate({"id": "l", "version": "1", "title": "l", "classes": classes})
    layers = {"biome": {f"b{i}": i for i in range(1, 7)}, "state": {}}
    mosaics = {"mosaic": ("biome", {i: modules[i] for i in range(1, 7)})}
    scope = Scope(
        Vocabulary(legend, tuple(modules), layers, mosaics), dict.fromkeys(modules, legend.codes), range(1985, 2026)
    )
    return RuleSet.model_validate({"id": "l", "title": "l", "rules": [rule(i) for i in range(100)]}), scope


def test_a_hundred_rules_of_twenty_sources_are_decided_in_seconds():
    rule_set, scope = large(1)
    started = time.process_time()
    findings = lint(rule_set, scope, where)
    assert time.process_time() - started < 20, "5 s on an idle machine"
    assert not [f for f in findings if f.code == "I213"]
    assert {"I201", "I202", "I204", "I206"} <= {f.code for f in findings}
