"""Grade submissions: gather what is known of one, judge it by the scale, and hold it against the one before."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path
from typing import Any

from mutirao.errors import Finding, blocking
from mutirao.io.rasters import file_digest
from mutirao.io.storage import read_json
from mutirao.model import version_key
from mutirao.modules.checks import ALL_CHECKS
from mutirao.modules.manifest import Manifest
from mutirao.modules.module import Module
from mutirao.modules.quality.accuracy import assessment_of
from mutirao.modules.quality.judge import Last, Verdict, judge, ratchet
from mutirao.modules.quality.measures import Facts
from mutirao.modules.quality.proof import was_rebuilt
from mutirao.modules.quality.scale import Scale, load_scale
from mutirao.modules.receipt import RECEIPT, REPORT, ChangeRecord
from mutirao.modules.review import Review
from mutirao.modules.store import StoredSubmission, list_submissions, load_submission
from mutirao.modules.waivers import Waiver, check_waivers, excuse, in_force, in_words, load_waivers, was_excused
from mutirao.project import Project
from mutirao.trust.standing import Standing, standing
from mutirao.trust.verdict import Proof
from mutirao.trust.vouching import assessors, rebuilders

METHOD_PAGE = "README.md"


@dataclass(frozen=True, slots=True)
class Graded:
    """What is handed in, reviewed and judged."""

    review: Review
    """With what the waivers excuse, and with what is wrong with waivers and level."""
    verdict: Verdict
    waivers: tuple[Waiver, ...]
    """Those in force."""
    change: ChangeRecord | None
    """Difference from the submission before; none if there is none to compare with."""

    def in_words(self) -> tuple[str, ...]:
        """Return the level, what the next one lacks, and the waivers in force, a line each."""
        lacking = ", ".join(one.rule.id for one in self.verdict.lacking())
        more = f"; for {self.verdict.next_level} lacks {lacking}" if lacking else ""
        return (f"quality: {self.verdict.level or 'no level'}{more}", *_told(self.waivers))


def _told(waivers: Iterable[Waiver]) -> Iterator[str]:
    return (f"{waiver.subject}: {in_words(waiver)}" for waiver in waivers)


def judge_manifest(project: Project, module: Module, review: Review) -> tuple[tuple[Finding, ...], tuple[str, ...]]:
    """Judge a module of which no rasters are at hand, by a review of its manifest.

    Returns
    -------
    The findings, with what the waivers excuse and what is wrong with them; and the waivers in force, a line each.
    """
    scale, source = load_scale(project).value, load_waivers(project, module.id)
    waivers = in_force(source, scale, None)
    return (*excuse(review.findings, waivers, scale), *check_waivers(source, scale)), tuple(_told(waivers))


def grade(
    project: Project,
    module: Module,
    review: Review,
    version: str | None = None,
    *,
    report: Mapping[str, Any] | None = None,
    signs: bool = False,
) -> Graded:
    """Judge what is handed in, before it is stored.

    Parameters
    ----------
    version : under which it is submitted; None if that is not known, and then no assessment of its accuracy is either.
    report : what the run says about itself.
    signs : whether somebody signs it.

    Returns
    -------
    The review with more findings: Q101 to Q104 about waivers, and Q201 if the module would fall below its last level.

    Raises
    ------
    ConfigError
        C102 to C106: the scale, waivers.yaml or accuracy.yaml is wrong.
    """
    scale, source = load_scale(project).value, load_waivers(project, module.id)
    waivers = in_force(source, scale, version)
    findings = (*excuse(review.findings, waivers, scale), *check_waivers(source, scale))
    facts = Facts(
        findings=tuple((finding.code, finding.severity) for finding in findings),
        skipped=_codes(review.skipped),
        delivered=tuple(review.classes.values),
        own_agreement=own_agreement(report or {}),
        makers=(module.manifest.organisation,),
        assessors=() if project.trust() else None,
        signed=signs if project.trust() else None,
        reviewed=False if project.trust() else None,
        rebuilt=None,
        rebuilders=() if project.trust() else None,
        **_own(project, module.manifest, module.folder, version, waivers),
    )
    verdict = judge(scale, facts)
    before = _before(project, module.id, version)
    if before and not blocking(findings):
        findings = (*findings, *_fall(project, module, scale, before, verdict, version))
    return Graded(replace(review, findings=findings), verdict, waivers, _change(review, before))


def _fall(
    project: Project, module: Module, scale: Scale, before: StoredSubmission, verdict: Verdict, version: str | None
) -> Iterable[Finding]:
    last = Last(before.receipt.version, before.receipt.quality, grade_stored(project, before))
    if version is None:  # nobody can have assessed a version that has no number
        known = tuple(one for one in verdict.outcomes if not one.rule.measure.startswith("accuracy"))
        verdict = replace(verdict, outcomes=known)
    found = ratchet(scale, last, verdict, module.id)
    return [found] if found else []


def grade_stored(project: Project, stored: StoredSubmission, today: date | None = None) -> Verdict:
    """Judge a stored submission by what is known of it now: its checks, and manifest, waivers, accuracy and trust.

    Parameters
    ----------
    today : day on which waivers must count; today by default.

    Raises
    ------
    ConfigError
        C101 to C106: the manifest, the scale, waivers.yaml or accuracy.yaml is wrong.
    """
    receipt = stored.receipt
    scale, manifest = load_scale(project).value, project.manifest(receipt.module)
    waivers = in_force(load_waivers(project, receipt.module), scale, receipt.version, today)
    findings, skipped = checks_of(stored)
    excused = {waiver.code for waiver in waivers}
    stands, vouched = standing_of(project, stored), vouchers_of(project, stored)
    submitters = stands.signed_by if stands else ()
    facts = Facts(
        findings=tuple(
            (finding["code"], "advise" if finding["code"] in excused else finding["severity"]) for finding in findings
        ),
        skipped=_codes(skipped),
        delivered=receipt.years,
        own_agreement=own_agreement(receipt.report),
        makers=(manifest.value.organisation, *(proof.organisation for proof in submitters)),
        assessors=vouched.assessors if vouched else None,
        signed=bool(submitters) if stands else None,
        reviewed=not stands.unaccepted if stands else None,
        rebuilt=was_rebuilt(project, stored),
        rebuilders=vouched.rebuilders if vouched else None,
        **_own(project, manifest.value, manifest.path.parent, receipt.version, waivers),
    )
    return judge(scale, facts)


def _own(
    project: Project, manifest: Manifest, folder: Path, version: str | None, waivers: tuple[Waiver, ...]
) -> dict[str, Any]:
    """Return the facts that the module's folder tells."""
    return {
        "announced": manifest.years.all(),
        "maintainers": len({maintainer.name for maintainer in manifest.maintainers}),
        "method_words": _words(folder / METHOD_PAGE),
        "citation": bool(manifest.citation.strip()),
        "waivers": waivers,
        "assessment": assessment_of(project, manifest.id, version),
    }


def _words(page: Path) -> int:
    """Count the words of a page that are no headings."""
    if not page.is_file():
        return 0
    lines = page.read_text(encoding="utf-8", errors="replace").splitlines()
    return sum(len(line.split()) for line in lines if not line.startswith("#"))


def checks_of(stored: StoredSubmission) -> tuple[list[dict[str, Any]], list[str]]:
    """Return the findings and what was skipped, as checks.json of a submission has them.

    What a check refuses, and a waiver let in as advice, blocks here: the waiver may have ended since.
    """
    report = read_json(stored.folder / REPORT)
    refusing = {check.code for check in ALL_CHECKS if check.severity == "block"}
    let_in = [one["code"] in refusing and was_excused(one["remedy"]) for one in report["findings"]]
    findings = [
        one | {"severity": "block"} if waived else one for one, waived in zip(report["findings"], let_in, strict=True)
    ]
    return findings, report["skipped"]


def standing_of(project: Project, stored: StoredSubmission) -> Standing | None:
    """Return who signed and reviewed a submission; None if the network does not sign."""
    trust = project.trust()
    return standing(project, trust, stored.receipt.module, stored.receipt.version) if trust else None


@dataclass(frozen=True, slots=True)
class Vouchers:
    """Who answers for what was found out about a submission once it was in."""

    assessors: tuple[Proof, ...]
    rebuilders: tuple[Proof, ...]


def vouchers_of(project: Project, stored: StoredSubmission) -> Vouchers | None:
    """Return who signed the accuracy of a submission, and a run from its sources; None if the network does not sign."""
    trust, receipt = project.trust(), stored.receipt
    if trust is None:
        return None
    place = (project, trust, receipt.module, receipt.version, file_digest(stored.folder / RECEIPT))
    entry = assessment_of(project, receipt.module, receipt.version)
    return Vouchers(assessors(*place, entry) if entry else (), rebuilders(*place))


def own_agreement(report: Mapping[str, Any]) -> float | None:
    """Return the smallest agreement that a run reports, 0 to 1: on its block kept aside, or by cross-validation."""
    compared = [*report.get("holdout", {}).values(), report.get("cross_validation")]
    shares = [entry["overall"] for entry in compared if entry and entry.get("overall") is not None]
    return min(shares, default=None)


def _codes(lines: Iterable[str]) -> tuple[str, ...]:
    """Return the code at the beginning of each line such as 'M404 for 2021: the file cannot be decoded'."""
    return tuple(line.split()[0].rstrip(":") for line in lines if line)


def _before(project: Project, module: str, version: str | None) -> StoredSubmission | None:
    """Return the submission that a new version follows; None if there is none, or if the version is there already."""
    there = list_submissions(project, module)
    if version in there:
        return None
    older = [one for one in there if version is None or version_key(one) < version_key(version)]
    return load_submission(project, module, older[-1]) if older else None


def _change(review: Review, before: StoredSubmission | None) -> ChangeRecord | None:
    survey = review.survey
    if before is None or survey is None or not survey.compared:
        return None
    changed = float(survey.from_to_ha.sum())
    return ChangeRecord(previous=before.receipt.version, years=survey.compared, changed_ha=round(changed, 4))
