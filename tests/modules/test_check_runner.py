"""The runner: fixtures by name, everything collected, nothing hidden."""

from __future__ import annotations

from mutirao.errors import ConfigError
from mutirao.modules.checks.base import Check, Fixtures, run_checks
from mutirao.modules.yearly import ByYear


class Odd(Check):
    """Numbers are even. The rest of the docstring is for readers."""

    code = "X901"
    remedy = "add one"

    def check(self, numbers):
        for year, number in numbers.values.items():
            if number % 2:
                yield self.found(f"{number} is odd", str(year))


class Large(Check):
    """Numbers are small."""

    code = "X902"
    severity = "advise"
    remedy = "subtract"

    def check(self, doubled):
        for year, number in doubled.values.items():
            if number > 10:
                yield self.found(f"{number} is large", str(year))


def test_all_findings_of_all_checks_are_collected():
    def doubled(numbers):
        return ByYear({year: 2 * number for year, number in numbers.values.items()})

    outcome = run_checks([Odd, Large], Fixtures([doubled], numbers=ByYear({2020: 7, 2021: 8, 2022: 1})))
    assert [finding.message for finding in outcome.findings] == [
        "7 is odd",
        "1 is odd",
        "14 is large",
        "16 is large",
    ]
    assert [finding.severity for finding in outcome.findings] == ["block", "block", "advise", "advise"]


def test_a_fixture_is_made_once():
    made = []

    def doubled(numbers):
        made.append(1)
        return numbers

    run_checks([Large, Large], Fixtures([doubled], numbers=ByYear({})))
    assert made == [1]


def test_a_fixture_that_fails_is_reported_once_and_its_checks_are_skipped():
    def broken():
        raise ConfigError.because("X900", "no such file", where="here", remedy="add it")

    def doubled(broken):
        return broken

    outcome = run_checks([Large, Large, Odd], Fixtures([broken, doubled], numbers=ByYear({2020: 1})))
    assert [finding.code for finding in outcome.findings] == ["X900", "X901"]
    assert outcome.skipped == ("X902: broken: no such file",) * 2


def test_years_that_could_not_be_looked_at_are_said():
    outcome = run_checks([Odd], Fixtures([], numbers=ByYear({2020: 2}, {2021: "cannot be read"})))
    assert outcome.findings == ()
    assert outcome.skipped == ("X901 for 2021: cannot be read",)


def test_a_title_is_the_first_line_of_the_docstring():
    assert Odd.title() == "Numbers are even. The rest of the docstring is for readers"
