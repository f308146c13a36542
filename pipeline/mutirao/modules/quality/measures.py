"""What the rules of the scale look at: facts about a submission, and a number made of them, or that it is not known."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from mutirao.errors import Severity
from mutirao.modules.quality.accuracy import Assessment
from mutirao.modules.quality.scale import Measure, Rule
from mutirao.modules.waivers import Waiver


@dataclass(frozen=True, slots=True)
class Facts:
    """What is known of one submission, stored or about to be."""

    findings: tuple[tuple[str, Severity], ...]
    """Code and severity of each finding of its checks."""
    skipped: tuple[str, ...]
    """Codes of checks that could not look, and therefore found nothing."""
    announced: tuple[int, ...]
    """Years of the manifest."""
    delivered: tuple[int, ...]
    maintainers: int
    method_words: int
    """Words of the method page that are no headings."""
    citation: bool
    organisation: str
    waivers: tuple[Waiver, ...]
    """Those in force for it."""
    own_agreement: float | None
    """Smallest agreement that the module's own run reports; none for delivered rasters."""
    assessment: Assessment | None
    signed: bool | None
    """None if the network does not sign."""
    reviewed: bool | None
    """None if the network does not sign."""
    rebuilt: bool | None
    """Whether a run from the sources gave the same pixels; None if nobody has tried."""


class Measured(NamedTuple):
    """A number, or None where it is not known, and what was looked at in words."""

    value: float | None
    said: str


def measure(rule: Rule, facts: Facts) -> Measured:
    """Return what a rule looks at."""
    if rule.measure == "findings":
        return _findings(rule.codes, facts)
    return MEASURES[rule.measure](facts)


def _findings(beginnings: Sequence[str], facts: Facts) -> Measured:
    """Count the advice with certain codes that no waiver excuses; a check that could not look leaves it unknown."""
    starts = tuple(beginnings)
    blind = sorted({code for code in facts.skipped if code.startswith(starts)})
    if blind:
        return Measured(None, f"{', '.join(blind)} could not look")
    excused = {waiver.code for waiver in facts.waivers}
    codes = [code for code, _ in facts.findings if code.startswith(starts)]
    counted = [code for code in codes if code not in excused]
    waived = sorted({code for code in codes if code in excused})
    told = ", ".join(f"{code} ({counted.count(code)})" for code in sorted(set(counted))) or "no finding"
    return Measured(len(counted), told + (f"; waived: {', '.join(waived)}" if waived else ""))


def _blocking(facts: Facts) -> Measured:
    codes = sorted({code for code, severity in facts.findings if severity == "block"})
    return Measured(len(codes), ", ".join(codes) or "none")


def _years(facts: Facts) -> Measured:
    there = sum(year in facts.delivered for year in facts.announced)
    return Measured(there / len(facts.announced), f"{there} of {len(facts.announced)}")


def _accuracy(facts: Facts) -> Measured:
    found = facts.assessment
    if found is None:
        return Measured(None, "nobody has recorded an assessment of this version")
    return Measured(found.bounds[0] if found.bounds else None, found.in_words())


def _sample(facts: Facts) -> Measured:
    found = facts.assessment
    if found is None:
        return Measured(None, "nobody has recorded an assessment of this version")
    return Measured(found.sample_size if found.is_probability_sample else 0, f"{found.sample_size}, {found.design}")


def _independent(facts: Facts) -> Measured:
    found = facts.assessment
    if found is None:
        return Measured(None, "nobody has recorded an assessment of this version")
    other = found.organisation.strip().casefold() != facts.organisation.strip().casefold()
    return Measured(float(other), f"assessed by {found.author}, {found.organisation}")


def _waivers(facts: Facts) -> Measured:
    return Measured(len(facts.waivers), ", ".join(waiver.subject for waiver in facts.waivers) or "none")


def _agreement(facts: Facts) -> Measured:
    known = facts.own_agreement
    return Measured(known, "its run reports none" if known is None else f"{known:.3f}")


def _tristate(value: bool | None, yes: str, no: str, unknown: str) -> Measured:
    return Measured(None if value is None else float(value), unknown if value is None else yes if value else no)


MEASURES: Mapping[Measure, Callable[[Facts], Measured]] = {
    "blocking_findings": _blocking,
    "years_delivered": _years,
    "maintainers": lambda facts: Measured(facts.maintainers, str(facts.maintainers)),
    "method_page_words": lambda facts: Measured(facts.method_words, f"{facts.method_words} words"),
    "citation": lambda facts: _tristate(facts.citation, "given", "none", ""),
    "own_agreement": _agreement,
    "accuracy": _accuracy,
    "accuracy_sample": _sample,
    "accuracy_independent": _independent,
    "waivers": _waivers,
    "signed": lambda facts: _tristate(facts.signed, "signed", "not signed", "the network does not sign"),
    "reviewed": lambda facts: _tristate(facts.reviewed, "accepted", "not accepted", "the network does not sign"),
    "rebuilt": lambda facts: _tristate(facts.rebuilt, "same pixels", "other pixels", "nobody has tried"),
}
"""Measure by name, but for 'findings', which needs codes."""
