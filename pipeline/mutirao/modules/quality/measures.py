"""What the rules of the scale look at: facts about a submission, and a number made of them, or that it is not known."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from mutirao.errors import Severity
from mutirao.modules.quality.accuracy import Assessment
from mutirao.modules.quality.scale import Measure, Rule
from mutirao.modules.waivers import Waiver
from mutirao.trust.verdict import Proof

UNKNOWN_ACCURACY = "nobody has assessed this version"
NO_TRUST = "the network does not sign"


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
    makers: tuple[str, ...]
    """Organisations that made it: that of the manifest, and those of who signed the submission."""
    waivers: tuple[Waiver, ...]
    """Those in force for it."""
    own_agreement: float | None
    """Smallest agreement that the module's own run reports; none for delivered rasters."""
    assessment: Assessment | None
    assessors: tuple[Proof, ...] | None
    """Who signed the assessment; None if the network does not sign."""
    signed: bool | None
    """None if the network does not sign."""
    reviewed: bool | None
    """None if the network does not sign."""
    rebuilt: bool | None
    """Whether a run from the sources gave the same pixels; None if nobody has tried."""
    rebuilders: tuple[Proof, ...] | None
    """Who signed the newest signed run, if it gave the same pixels; None if the network does not sign."""


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
    return Measured(len(codes), ", ".join(codes) or "nothing blocks")


def _years(facts: Facts) -> Measured:
    there = sum(year in facts.delivered for year in facts.announced)
    return Measured(there / len(facts.announced), f"{there} of {len(facts.announced)} years")


def _accuracy(facts: Facts) -> Measured:
    found = facts.assessment
    if found is None:
        return Measured(None, UNKNOWN_ACCURACY)
    return Measured(found.bounds[0] if found.bounds else None, found.in_words())


def _sample(facts: Facts) -> Measured:
    found = facts.assessment
    if found is None:
        return Measured(None, UNKNOWN_ACCURACY)
    return Measured(found.sample_size if found.is_probability_sample else 0, f"{found.sample_size}, {found.design}")


def _independent(facts: Facts) -> Measured:
    found = facts.assessment
    if found is None:
        return Measured(None, UNKNOWN_ACCURACY)
    own = {_plain(name) for name in facts.makers}
    said = f"assessed by {found.author}, {found.organisation}"
    if facts.assessors and all(_plain(proof.organisation) in own for proof in facts.assessors):
        return Measured(0, f"{said}, and signed only by who made the map: {_signers(facts.assessors)}")
    return Measured(float(_plain(found.organisation) not in own), said)


def _plain(name: str) -> str:
    return " ".join(name.split()).casefold()


def _signers(proofs: Sequence[Proof]) -> str:
    return ", ".join(f"{proof.name} ({proof.organisation})" for proof in proofs)


def _vouched(proofs: Sequence[Proof] | None, nobody: str) -> Measured:
    """Count who signed; unknown in a network that does not sign."""
    if proofs is None:
        return Measured(None, NO_TRUST)
    return Measured(len(proofs), f"signed by {_signers(proofs)}" if proofs else nobody)


def _accuracy_signed(facts: Facts) -> Measured:
    if facts.assessment is None:
        return Measured(None, UNKNOWN_ACCURACY)
    return _vouched(facts.assessors, "no assessor has signed it")


def _rebuilt_signed(facts: Facts) -> Measured:
    return _vouched(facts.rebuilders, "no rebuilder has signed a run that gives the same pixels")


def _waivers(facts: Facts) -> Measured:
    return Measured(len(facts.waivers), ", ".join(waiver.subject for waiver in facts.waivers) or "no waiver")


def _agreement(facts: Facts) -> Measured:
    known = facts.own_agreement
    return Measured(known, "its run reports no agreement" if known is None else f"{known:.3f}")


def _people(number: int) -> str:
    return "1 person" if number == 1 else f"{number} people"


def _tristate(value: bool | None, yes: str, no: str, unknown: str) -> Measured:
    return Measured(None if value is None else float(value), unknown if value is None else yes if value else no)


MEASURES: Mapping[Measure, Callable[[Facts], Measured]] = {
    "blocking_findings": _blocking,
    "years_delivered": _years,
    "maintainers": lambda facts: Measured(facts.maintainers, _people(facts.maintainers)),
    "method_page_words": lambda facts: Measured(facts.method_words, f"{facts.method_words} words"),
    "citation": lambda facts: _tristate(facts.citation, "given", "no citation", ""),
    "own_agreement": _agreement,
    "accuracy": _accuracy,
    "accuracy_sample": _sample,
    "accuracy_independent": _independent,
    "accuracy_signed": _accuracy_signed,
    "waivers": _waivers,
    "signed": lambda facts: _tristate(facts.signed, "signed", "no submitter has signed it", NO_TRUST),
    "reviewed": lambda facts: _tristate(facts.reviewed, "accepted", "no reviewer has accepted it", NO_TRUST),
    "rebuilt": lambda facts: _tristate(facts.rebuilt, "same pixels", "other pixels", "nobody has tried"),
    "rebuilt_signed": _rebuilt_signed,
}
"""Measure by name, but for 'findings', which needs codes."""
