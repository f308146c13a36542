"""The quality scale: each rule met and not met, the level that follows, the ratchet, and what the store keeps of it."""

from __future__ import annotations

import dataclasses
from datetime import date, timedelta

import pytest

from mutirao.errors import ConfigError, QualityError, UsageError
from mutirao.io.storage import read_json, write_json
from mutirao.modules.discovery import load_module
from mutirao.modules.quality.accuracy import Assessment, load_assessments
from mutirao.modules.quality.grade import grade, grade_stored, own_agreement
from mutirao.modules.quality.judge import Last, judge, ratchet
from mutirao.modules.quality.measures import MEASURES, Facts
from mutirao.modules.quality.proof import last_rebuild, rebuild
from mutirao.modules.quality.scale import FILE, Measure, Scale, default_scale, load_scale
from mutirao.modules.receipt import QualityRecord
from mutirao.modules.review import review_rasters
from mutirao.modules.submission import load_submission, submit
from mutirao.modules.waivers import Waiver, today_utc
from mutirao.trust.policy import Role
from mutirao.trust.verdict import Proof


def proof(role: Role, name: str, organisation: str) -> Proof:
    return Proof(role, f"{name.lower()}@x", name, organisation, "SHA256:x", "x.sig")


SCALE = default_scale().value
GOOD_ASSESSMENT = {
    "version": "1.0.0",
    "overall": 0.9,
    "standard_error": 0.02,
    "sample_size": 400,
    "design": "stratified",
    "reference": "Visual interpretation",
    "author": "Lia Prado",
    "organisation": "Another university",
    "date": "2027-02-20",
}
BEST = Facts(
    findings=(("M801", "advise"),),
    skipped=(),
    announced=(2020, 2021),
    delivered=(2020, 2021),
    maintainers=2,
    method_words=100,
    citation=True,
    makers=("Meadow Institute",),
    waivers=(),
    own_agreement=0.93,
    assessment=Assessment.model_validate(GOOD_ASSESSMENT),
    assessors=(proof("accuracy", "Lia", "Another university"),),
    signed=True,
    reviewed=True,
    rebuilt=True,
    rebuilders=(proof("rebuild", "Rui", "Secretariat"),),
)
"""Facts that meet every rule: 0.9 - 1.96 x 0.02 is 0.861."""
SILVER = dataclasses.replace(
    BEST, assessment=None, assessors=None, signed=None, reviewed=None, rebuilt=None, rebuilders=None
)


def waiver(**subject: str) -> Waiver:
    return Waiver(author="Ana Reis", reason="It is known.", expires=date(2027, 6, 30), **subject)


def assessed(**changes: object) -> Facts:
    return dataclasses.replace(BEST, assessment=Assessment.model_validate(GOOD_ASSESSMENT | changes))


def states(facts: Facts) -> dict[str, str]:
    return {one.rule.id: one.state for one in judge(SCALE, facts).outcomes if one.state != "met"}


def test_facts_that_meet_everything_are_platinum():
    verdict = judge(SCALE, BEST)
    assert (verdict.level, verdict.next_level, verdict.lacking()) == ("platinum", None, ())
    assert {one.state for one in verdict.outcomes} == {"met"}


@pytest.mark.parametrize(
    ("facts", "rule", "state", "level"),
    [
        (dataclasses.replace(BEST, findings=(("M501", "block"),)), "contract", "unmet", None),
        (dataclasses.replace(BEST, delivered=(2020,)), "all-years", "unmet", None),
        (dataclasses.replace(BEST, maintainers=1), "two-maintainers", "unmet", "bronze"),
        (dataclasses.replace(BEST, method_words=99), "method-page", "unmet", "bronze"),
        (dataclasses.replace(BEST, findings=(("M106", "advise"),)), "method-documented", "unmet", "bronze"),
        (dataclasses.replace(BEST, citation=False), "citation", "unmet", "bronze"),
        (dataclasses.replace(BEST, findings=(("M603", "advise"),)), "stable-series", "unmet", "bronze"),
        (dataclasses.replace(BEST, findings=(("M704", "advise"),)), "stable-series", "unmet", "bronze"),
        (dataclasses.replace(BEST, skipped=("M704",)), "stable-series", "unknown", "bronze"),
        (assessed(overall=0.83), "accuracy", "unmet", "silver"),
        (assessed(standard_error=None), "accuracy", "unknown", "silver"),
        (assessed(standard_error=None, interval=(0.799, 0.95)), "accuracy", "unmet", "silver"),
        (assessed(sample_size=99), "accuracy-sample", "unmet", "silver"),
        (assessed(organisation="meadow institute "), "accuracy-independent", "unmet", "silver"),
        (dataclasses.replace(BEST, waivers=(waiver(code="M999"),)), "no-waiver", "unmet", "silver"),
        (dataclasses.replace(BEST, signed=False), "signed", "unmet", "gold"),
        (dataclasses.replace(BEST, signed=None), "signed", "unknown", "gold"),
        (dataclasses.replace(BEST, reviewed=False), "reviewed", "unmet", "gold"),
        (dataclasses.replace(BEST, rebuilt=False), "rebuilt", "unmet", "gold"),
        (dataclasses.replace(BEST, rebuilt=None), "rebuilt", "unknown", "gold"),
        (dataclasses.replace(BEST, assessors=()), "accuracy-signed", "unmet", "gold"),
        (dataclasses.replace(BEST, assessors=None), "accuracy-signed", "unknown", "gold"),
        (dataclasses.replace(BEST, rebuilders=()), "rebuilt-signed", "unmet", "gold"),
        (dataclasses.replace(BEST, rebuilders=None), "rebuilt-signed", "unknown", "gold"),
    ],
)
def test_one_rule_that_is_not_met_takes_the_level(facts, rule, state, level):
    assert states(facts) == {rule: state}
    assert judge(SCALE, facts).level == level


def test_an_accuracy_that_nobody_assessed_is_unknown_and_never_assumed():
    assert states(SILVER) == {
        "accuracy": "unknown",
        "accuracy-sample": "unknown",
        "accuracy-independent": "unknown",
        "signed": "unknown",
        "reviewed": "unknown",
        "accuracy-signed": "unknown",
        "rebuilt": "unknown",
        "rebuilt-signed": "unknown",
    }
    assert judge(SCALE, SILVER).level == "silver"
    assert [one.rule.id for one in judge(SCALE, SILVER).lacking()] == [
        "accuracy",
        "accuracy-sample",
        "accuracy-independent",
    ]


def test_a_purposive_sample_has_no_interval_and_does_not_count():
    facts = assessed(design="purposive")
    assert states(facts) == {"accuracy": "unknown", "accuracy-sample": "unmet"}


def test_the_interval_follows_from_the_standard_error():
    low, high = Assessment.model_validate(GOOD_ASSESSMENT).bounds or (0, 0)
    assert (round(low, 4), round(high, 4)) == (0.8608, 0.9392)
    assert Assessment.model_validate(GOOD_ASSESSMENT | {"overall": 0.99}).bounds[1] == 1.0


@pytest.mark.parametrize("wrong", [{"interval": (0.8, 0.95)}, {"standard_error": None, "interval": (0.91, 0.95)}])
def test_an_assessment_has_one_interval_that_holds_its_estimate(wrong):
    with pytest.raises(ValueError, match="interval"):
        Assessment.model_validate(GOOD_ASSESSMENT | wrong)


def test_an_accuracy_signed_only_by_who_made_the_map_is_not_independent():
    """The record names another university; whoever signed for it submitted the map, or is of its organisation."""
    lia, own = BEST.assessors[0], proof("accuracy", "Rui", " meadow  INSTITUTE")
    submitter = proof("accuracy", "Ana", "Valley office")
    both = dataclasses.replace(BEST, makers=("Meadow Institute", "Valley office"), assessors=(own, submitter))
    assert states(both) == {"accuracy-independent": "unmet"}
    said = next(one.said for one in judge(SCALE, both).outcomes if one.rule.id == "accuracy-independent")
    assert said.endswith("and signed only by who made the map: Rui ( meadow  INSTITUTE), Ana (Valley office)")
    assert states(dataclasses.replace(both, assessors=(own, lia))) == {}


def test_a_lower_level_that_fails_hides_what_higher_ones_reach():
    assert judge(SCALE, dataclasses.replace(BEST, maintainers=1, rebuilt=None)).level == "bronze"


def test_a_waived_finding_does_not_count_and_a_waived_rule_passes():
    noisy = dataclasses.replace(BEST, findings=(("M703", "advise"), ("M603", "advise")))
    verdict = judge(SCALE, dataclasses.replace(noisy, waivers=(waiver(code="M703"),)))
    series = next(one for one in verdict.outcomes if one.rule.id == "stable-series")
    assert (series.state, series.said) == ("unmet", "M603 (1); waived: M703")
    both = dataclasses.replace(noisy, waivers=(waiver(code="M703"), waiver(code="M603")))
    assert judge(SCALE, both).level == "silver"  # gold lets nothing pass
    excused = judge(SCALE, dataclasses.replace(noisy, waivers=(waiver(rule="stable-series"),)))
    assert (excused.level, excused.record().waived) == ("silver", ("stable-series",))


def test_own_agreement_is_the_worst_that_a_run_reports():
    report = {
        "holdout": {"classes": {"overall": 0.91}, "groups": {"overall": 0.97}},
        "cross_validation": {"overall": 0.88},
    }
    assert own_agreement(report) == 0.88
    assert own_agreement({}) is None
    scale = Scale.model_validate(
        {
            "rules": [
                {"id": "a", "level": "bronze", "title": "t", "remedy": "r", "measure": "own_agreement", "at_least": 0.9}
            ]
        }
    )
    assert judge(scale, BEST).level == "bronze"
    assert judge(scale, dataclasses.replace(BEST, own_agreement=None)).level is None


def test_every_measure_can_be_measured():
    assert {*MEASURES, "findings"} == set(Measure.__args__)


def test_a_module_may_not_fall_and_may_rise():
    bronze = judge(SCALE, dataclasses.replace(SILVER, maintainers=1, method_words=3))
    silver = judge(SCALE, SILVER)
    finding = ratchet(SCALE, Last("1.0.0", None, silver), bronze, "valley")
    assert finding is not None
    assert (finding.code, finding.severity) == ("Q201", "block")
    assert finding.message == (
        "falls from silver (version 1.0.0) to bronze: two-maintainers (1 person); method-page (3 words)"
    )
    assert ratchet(SCALE, Last("1.0.0", None, bronze), silver, "valley") is None
    assert ratchet(SCALE, Last("1.0.0", None, silver), silver, "valley") is None


def test_the_level_that_a_receipt_recorded_binds_even_if_it_is_lower_today():
    today = judge(SCALE, dataclasses.replace(SILVER, maintainers=1))
    recorded = QualityRecord(level="silver", met=[rule.id for rule in SCALE.up_to("silver")], unmet={})
    finding = ratchet(SCALE, Last("1.0.0", recorded, today), today, "valley")
    assert finding is not None
    assert "two-maintainers (1 person)" in finding.message


def test_a_waiver_lets_a_module_fall():
    silver, alone = judge(SCALE, SILVER), dataclasses.replace(SILVER, maintainers=1)
    let_pass = judge(SCALE, dataclasses.replace(alone, waivers=(waiver(rule="two-maintainers"),)))
    assert ratchet(SCALE, Last("1.0.0", None, silver), let_pass, "valley") is None


def test_a_new_version_of_a_gold_module_needs_an_assessment_of_its_own():
    gold = judge(SCALE, dataclasses.replace(BEST, rebuilt=None))
    finding = ratchet(SCALE, Last("1.0.0", None, gold), judge(SCALE, SILVER), "valley")
    assert finding is not None
    assert finding.message.startswith("falls from gold (version 1.0.0) to silver: accuracy (")


def test_what_only_comes_after_a_submission_is_not_asked_of_a_new_one():
    fresh = judge(SCALE, dataclasses.replace(BEST, reviewed=False, rebuilt=None))
    assert ratchet(SCALE, Last("1.0.0", None, judge(SCALE, BEST)), fresh, "valley") is None


@pytest.mark.parametrize(
    "rule",
    [
        {"measure": "maintainers"},
        {"measure": "maintainers", "at_least": 1, "at_most": 2},
        {"measure": "findings", "at_most": 0},
        {"measure": "maintainers", "at_least": 1, "codes": ["M6"]},
        {"measure": "charm", "at_least": 1},
        {"measure": "reviewed", "at_least": 1},
        {"measure": "accuracy_signed", "at_least": 1, "ratchet": True},
    ],
)
def test_a_rule_that_asks_nothing_or_two_things_is_refused(tiny_project, rule):
    text = {"rules": [{"id": "a", "level": "bronze", "title": "t", "remedy": "r", **rule}]}
    write_json(tiny_project.root / FILE, text)  # JSON is YAML
    with pytest.raises(ConfigError) as caught:
        load_scale(tiny_project)
    assert {finding.code for finding in caught.value.findings} == {"C106"}


def improve(project, module="valley"):
    """Make the module silver: two maintainers, a long method page, a citation."""
    path = project.module_folder(module) / "manifest.yaml"
    text = path.read_text(encoding="utf-8")
    path.write_text(f"{text}citation: Valley (2027).\n", encoding="utf-8")
    page = project.module_folder(module) / "README.md"
    page.write_text(page.read_text(encoding="utf-8") + "word " * 100, encoding="utf-8")


@pytest.fixture
def loose_scale(tiny_project):
    """A scale that the tiny maps can reach: silver asks for a method page of 50 words and a citation."""
    asked = {
        "contract": ("bronze", "blocking_findings", {"at_most": 0}),
        "page": ("silver", "method_page_words", {"at_least": 50}),
        "cite": ("silver", "citation", {"at_least": 1}),
        "rebuilt": ("gold", "rebuilt", {"at_least": 1, "ratchet": False}),
    }
    rules = [
        {"id": name, "level": level, "title": "t", "remedy": "r", "measure": measure, **more}
        for name, (level, measure, more) in asked.items()
    ]
    write_json(tiny_project.root / FILE, {"rules": rules})


def test_the_receipt_keeps_level_and_difference(tiny_project, tiny_rasters, loose_scale):
    improve(tiny_project)
    valley = tiny_rasters["valley"]
    first = submit(tiny_project, "valley", "1.0.0", valley).receipt
    assert first.quality == QualityRecord(
        level="silver", met=["contract", "page", "cite"], unmet={"rebuilt": "nobody has tried"}
    )
    assert first.change is None
    other = valley.copy()
    other[0, 30:32, 30:33] = 3  # six pixels of 30 m in one year: 0.54 ha by the grid, a little less on the ellipsoid
    change = submit(tiny_project, "valley", "1.1.0", other).receipt.change
    assert (change.previous, change.years) == ("1.0.0", (2020, 2021, 2022))
    assert change.changed_ha == pytest.approx(0.54, rel=0.01)


def test_a_fall_is_refused_at_submission_and_let_pass_by_a_waiver(tiny_project, tiny_rasters, loose_scale):
    improve(tiny_project)
    valley = tiny_rasters["valley"]
    submit(tiny_project, "valley", "1.0.0", valley)
    (tiny_project.module_folder("valley") / "README.md").write_text("# Short\n\nNothing.\n" * 12, encoding="utf-8")
    other = valley.copy()
    other[:, 30:, 30:] = 3
    with pytest.raises(QualityError) as caught:
        submit(tiny_project, "valley", "1.1.0", other)
    (fall,) = [finding for finding in caught.value.findings if finding.severity == "block"]
    assert fall.code == "Q201"
    assert fall.message == "falls from silver (version 1.0.0) to bronze: page (12 words)"
    assert not (tiny_project.submissions / "valley/1.1.0").exists()
    review = review_rasters(load_module(tiny_project, "valley"), other, tiny_project)
    told = grade(tiny_project, load_module(tiny_project, "valley"), review)
    assert "Q201" in {finding.code for finding in told.review.findings}  # 'check' says so before
    end = today_utc() + timedelta(days=30)
    line = f"waivers: [{{rule: page, author: Ana, reason: It is being rewritten., expires: {end}}}]\n"
    (tiny_project.module_folder("valley") / "waivers.yaml").write_text(line, encoding="utf-8")
    receipt = submit(tiny_project, "valley", "1.1.0", other).receipt
    assert (receipt.quality.level, receipt.quality.waived) == ("silver", ("page",))


def test_what_a_waiver_let_in_blocks_again_when_the_waiver_has_ended(tiny_project, tiny_rasters, loose_scale):
    improve(tiny_project)
    path = tiny_project.root / "configs/quality.yaml"
    write_json(path, read_json(path) | {"waivers": {"blocking": ["M501"]}})
    holed = tiny_rasters["valley"].copy()
    holed[0, 10:20, 5:20] = 0
    with pytest.raises(QualityError):
        submit(tiny_project, "valley", "1.0.0", holed)
    end = today_utc() + timedelta(days=30)
    line = f"waivers: [{{code: M501, author: Ana, reason: Clouds., expires: {end}}}]\n"
    (tiny_project.module_folder("valley") / "waivers.yaml").write_text(line, encoding="utf-8")
    assert submit(tiny_project, "valley", "1.0.0", holed).receipt.quality.level == "silver"
    stored = load_submission(tiny_project, "valley")
    assert grade_stored(tiny_project, stored, end).level == "silver"
    after = grade_stored(tiny_project, stored, end + timedelta(days=1))
    assert (after.level, after.outcomes[0].said) == (None, "M501")


def test_the_same_version_again_is_not_held_against_itself(tiny_project, tiny_rasters, loose_scale):
    improve(tiny_project)
    submit(tiny_project, "valley", "1.0.0", tiny_rasters["valley"])
    (tiny_project.module_folder("valley") / "README.md").write_text("# Short\n\nNothing.\n" * 12, encoding="utf-8")
    assert not submit(tiny_project, "valley", "1.0.0", tiny_rasters["valley"]).created


def test_a_receipt_without_a_level_still_reads(tiny_project, tiny_submitted):
    path = tiny_project.submissions / "valley/1.0.0/submission.json"
    old = read_json(path)
    del old["quality"], old["change"]
    write_json(path, old)
    stored = load_submission(tiny_project, "valley")
    assert (stored.receipt.quality, stored.receipt.change) == (None, None)
    assert grade_stored(tiny_project, stored).level == "bronze"


def test_a_run_from_the_sources_is_recorded_with_what_it_gave(tiny_project, tiny_rasters, loose_scale):
    improve(tiny_project, "water")
    submit(tiny_project, "water", "1.0.0", tiny_rasters["water"])
    stored = load_submission(tiny_project, "water")
    assert last_rebuild(tiny_project, stored) is None
    assert grade_stored(tiny_project, stored).level == "silver"
    record = rebuild(tiny_project, "water").record
    assert (record.same, record.other, record.holds) == ((2020, 2021, 2022), (), True)
    assert last_rebuild(tiny_project, stored) == record
    assert grade_stored(tiny_project, stored).level == "gold"


def test_a_run_from_the_sources_that_gives_other_pixels_proves_nothing(tiny_project, tiny_rasters, loose_scale):
    improve(tiny_project, "water")
    wet = tiny_rasters["water"].copy()
    wet[1, :, 4] = 33  # the method has water in columns 0 to 3 only
    submit(tiny_project, "water", "1.0.0", wet)
    record = rebuild(tiny_project, "water").record
    assert (record.same, record.other, record.holds) == ((2020, 2022), (2021,), False)
    verdict = grade_stored(tiny_project, load_submission(tiny_project, "water"))
    assert verdict.level == "silver"
    assert [one.said for one in verdict.lacking()] == ["other pixels"]


def test_a_run_of_delivered_rasters_is_refused(tiny_project, tiny_submitted):
    with pytest.raises(UsageError, match="U103"):
        rebuild(tiny_project, "valley")


def test_assessments_are_read_with_their_version(tiny_project):
    path = tiny_project.module_folder("valley") / "accuracy.yaml"
    assert load_assessments(tiny_project, "valley") is None
    write_json(path, {"assessments": [GOOD_ASSESSMENT, GOOD_ASSESSMENT | {"version": "1.1.0", "overall": 0.7}]})
    assert [entry.overall for entry in load_assessments(tiny_project, "valley").value.assessments] == [0.9, 0.7]
    write_json(path, {"assessments": [GOOD_ASSESSMENT, GOOD_ASSESSMENT]})
    with pytest.raises(ConfigError, match=r"1\.0\.0 is assessed twice"):
        load_assessments(tiny_project, "valley")
