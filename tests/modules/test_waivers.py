"""Waivers excuse advice and rules of the scale for a while, and nothing else."""

from __future__ import annotations

from datetime import date, timedelta

import pytest

from mutirao.errors import ConfigError, Finding
from mutirao.modules.quality.scale import default_scale
from mutirao.modules.waivers import Waiver, check_waivers, excuse, in_force, load_waivers, why_not

TODAY = date(2027, 3, 20)
SCALE = default_scale().value
GOOD = "code: M703, author: Ana Reis, reason: Gardens are small., expires: 2027-06-30"


@pytest.fixture
def written(tiny_project):
    """Write waivers of the module 'valley', a line each, and read them."""

    def write(*lines: str):
        text = "waivers:\n" + "".join(f"  - {{{line}}}\n" for line in lines)
        (tiny_project.module_folder("valley") / "waivers.yaml").write_text(text, encoding="utf-8")
        return load_waivers(tiny_project, "valley")

    return write


def found(source, scale=SCALE, today=TODAY):
    return [
        (finding.code, finding.severity, finding.where.split(":")[-2])
        for finding in check_waivers(source, scale, today)
    ]


def test_a_module_without_the_file_has_no_waivers(tiny_project):
    assert load_waivers(tiny_project, "valley") is None
    assert in_force(None, SCALE, "1.0.0", TODAY) == ()
    assert found(None) == []


def test_a_good_waiver_counts_until_its_last_day(written):
    source = written(GOOD)
    assert found(source) == []
    assert [waiver.code for waiver in in_force(source, SCALE, "1.0.0", date(2027, 6, 30))] == ["M703"]
    assert in_force(source, SCALE, "1.0.0", date(2027, 7, 1)) == ()


def test_an_ended_waiver_is_told_and_excuses_nothing(written):
    source = written(GOOD, "rule: two-maintainers, author: Rui, reason: Soon., expires: 2027-03-19")
    assert found(source) == [("Q102", "advise", "3")]
    (finding,) = check_waivers(source, SCALE, TODAY)
    assert finding.message == "the waiver of two-maintainers ended on 2027-03-19, 1 day ago, and excuses nothing"
    assert [waiver.subject for waiver in in_force(source, SCALE, "1.0.0", TODAY)] == ["M703"]


@pytest.mark.parametrize(
    ("line", "code", "words"),
    [
        ("code: M730, author: A, reason: b, expires: 2027-06-30", "Q101", "no check has the code 'M730'"),
        ("rule: two-maintainer, author: A, reason: b, expires: 2027-06-30", "Q101", "no rule 'two-maintainer'"),
        ("code: M303, author: A, reason: b, expires: 2027-06-30", "Q103", "M303 refuses a submission"),
        ("rule: contract, author: A, reason: b, expires: 2027-06-30", "Q103", "'contract' may not be waived"),
        ("code: M703, author: A, reason: b, expires: 2030-01-01", "Q104", "none may end after 2028-03-20"),
    ],
)
def test_what_may_not_be_waived_blocks_and_does_not_count(written, line, code, words):
    source = written(line)
    (finding,) = check_waivers(source, SCALE, TODAY)
    assert (finding.code, finding.severity) == (code, "block")
    assert words in finding.message
    assert finding.where.rsplit(":", 1)[0].endswith("waivers.yaml:2")
    assert in_force(source, SCALE, "1.0.0", TODAY) == ()


def test_a_near_name_is_offered(written):
    (finding,) = check_waivers(written("rule: two-maintainer, author: A, reason: b, expires: 2027-06-30"), SCALE, TODAY)
    assert finding.remedy == "did you mean 'two-maintainers'?"


@pytest.mark.parametrize(
    "line",
    [
        "code: M703, reason: b, expires: 2027-06-30",
        "code: M703, author: ' ', reason: b, expires: 2027-06-30",
        "code: M703, author: A, expires: 2027-06-30",
        "code: M703, author: A, reason: b",
        "author: A, reason: b, expires: 2027-06-30",
        "code: M703, rule: contract, author: A, reason: b, expires: 2027-06-30",
        "code: M703, author: A, reason: b, expires: soon",
        "code: M703, author: A, reason: b, expires: 2027-06-30, versions: {first: 2.0.0, last: 1.0.0}",
    ],
)
def test_a_waiver_needs_one_subject_an_author_a_reason_and_an_end(written, line):
    with pytest.raises(ConfigError):
        written(line)


@pytest.mark.parametrize(
    ("version", "counts"), [("0.9.0", False), ("1.0.0", True), ("1.10.0", True), ("2.0.1", False), (None, True)]
)
def test_a_range_of_versions_holds_both_ends(written, version, counts):
    source = written(f"{GOOD}, versions: {{first: 1.0.0, last: 2.0.0}}")
    assert bool(in_force(source, SCALE, version, TODAY)) is counts


def test_an_excused_finding_advises_and_says_who_excuses_it(written):
    waivers = in_force(written(GOOD), SCALE, "1.0.0", TODAY)
    speckle = Finding("M703", "12 ha are small", "valley", "merge them", "advise")
    shifted = Finding("M303", "is shifted", "valley", "export again")
    assert excuse([speckle, shifted], waivers, SCALE) == (
        Finding(
            "M703",
            "12 ha are small",
            "valley",
            "merge them. Waived until 2027-06-30 by Ana Reis: Gardens are small.",
            "advise",
        ),
        shifted,
    )


def test_a_blocking_check_is_excused_only_where_the_scale_lists_it(written):
    source = written("code: M501, author: A, reason: b, expires: 2027-06-30")
    gap = Finding("M501", "claims 80 %", "valley", "classify the rest")
    assert found(source) == [("Q103", "block", "2")]
    open_scale = SCALE.model_copy(update={"waivers": {"blocking": ["M501"]}})
    assert found(source, open_scale) == []
    waivers = in_force(source, open_scale, "1.0.0", TODAY)
    assert excuse([gap], waivers, open_scale)[0].severity == "advise"
    assert excuse([gap], waivers, SCALE) == (gap,)


def test_the_longest_time_is_counted_from_today(written):
    source = written(GOOD)
    last = TODAY + timedelta(days=SCALE.waivers.longest_days)
    assert last == date(2028, 3, 20)
    assert found(source, today=date(2026, 6, 28)) == [("Q104", "block", "2")]
    assert found(source, today=date(2026, 6, 29)) == []


def test_a_day_that_no_calendar_has_is_refused_with_its_place(written):
    with pytest.raises(ConfigError) as refused:
        written(GOOD, "code: M701, author: A, reason: b, expires: 2027-02-30")
    (finding,) = refused.value.findings
    assert finding.code == "C102"
    assert finding.where.endswith("waivers.yaml:3:49")


@pytest.mark.parametrize(("code", "refused"), [("M502", [("Q103", "block", "2")]), ("M507", [])])
def test_an_empty_year_may_be_waived_of_a_theme_and_not_of_a_region(written, code, refused):
    assert found(written(f"code: {code}, author: A, reason: b, expires: 2027-06-30")) == refused


@pytest.mark.parametrize(
    ("keys", "why"),
    [
        ({"code": "M603"}, ""),
        ({"code": "M603", "expires": "2027-03-19"}, "it ended on 2027-03-19"),
        ({"code": "M603", "versions": {"first": "0.2.0"}}, "it is for versions from 0.2.0"),
        ({"code": "M603", "versions": {"last": "0.0.9"}}, "it is for versions to 0.0.9"),
        ({"code": "M603", "versions": {"first": "0.2.0", "last": "0.3.0"}}, "it is for versions 0.2.0 to 0.3.0"),
        ({"code": "M999"}, "no check has the code 'M999'"),
        ({"rule": "contract"}, "the rule 'contract' may not be waived"),
    ],
)
def test_a_waiver_that_excuses_nothing_says_why(keys, why):
    waiver = Waiver.model_validate({"author": "Ana", "reason": "Known.", "expires": "2027-03-20", **keys})
    scale = default_scale().value
    assert why_not(waiver, scale, "0.1.0", date(2027, 3, 20)) == why
