"""Gather where a collection stands: submissions, quality, deadlines, signatures, builds and releases."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date, datetime

from mutirao.collection import Collection, Member, Milestone
from mutirao.engine.basis import read_basis
from mutirao.engine.build import CLAIMS, Build, latest
from mutirao.engine.record import CREDITS, ModuleRecord
from mutirao.errors import MutiraoError, UsageError
from mutirao.io.storage import read_record
from mutirao.modules.acknowledgement import Acknowledgement
from mutirao.modules.manifest import Manifest
from mutirao.modules.quality.accuracy import assessment_of
from mutirao.modules.quality.grade import Vouchers, checks_of, grade_stored, own_agreement, standing_of, vouchers_of
from mutirao.modules.quality.judge import Verdict
from mutirao.modules.quality.scale import LEVELS, Scale, load_scale
from mutirao.modules.store import StoredSubmission, held_back, list_submissions, load_submission
from mutirao.modules.waivers import load_waivers, today_utc, why_not
from mutirao.project import Project
from mutirao.release.deadlines import Deadline, deadline, progress
from mutirao.release.publish import released_versions
from mutirao.release.record import MANIFEST, Release
from mutirao.release.statusrecord import (
    Accuracy,
    BuildStatus,
    FindingLine,
    Lacking,
    ModuleStatus,
    ReleaseStatus,
    Status,
    WaiverLine,
    YearState,
)
from mutirao.trust.verdict import Proof


def collection_status(project: Project, collection_id: str, today: date | None = None) -> Status:
    """Return where a collection stands on a day, today by default.

    Raises
    ------
    ConfigError
        The collection or the quality scale cannot be read. What is wrong with one module is told at the module.
    """
    collection, day = project.collection(collection_id).value, today or today_utc()
    gatherer = _Gatherer(project, collection, load_scale(project).value, day)
    modules = tuple(gatherer.module(member) for member in collection.modules)
    releases = tuple(_releases(project, collection_id))
    published = [release.released for release in releases]
    asked = [milestone for milestone in collection.milestones if milestone.needs == "release"]
    ids, levels = [one.module for one in modules], {one.module: one.level for one in modules}
    complete = {one.module: one.complete for one in modules}
    return Status(
        collection=collection_id,
        title=collection.title,
        publisher=collection.publisher,
        on=day,
        years=collection.years.all(),
        signs=project.trust() is not None,
        modules=modules,
        milestones={milestone.id: milestone.title for milestone in collection.milestones},
        collection_deadlines=tuple(deadline(milestone, published, day) for milestone in asked),
        goals=tuple(progress(goal, ids, levels, complete, LEVELS, day) for goal in collection.goals),
        build=_build(project, collection),
        releases=releases,
    )


class _Gatherer:
    """Looks at one module after the other."""

    def __init__(self, project: Project, collection: Collection, scale: Scale, today: date) -> None:
        self.project, self.collection, self.scale, self.today = project, collection, scale, today

    def module(self, member: Member) -> ModuleStatus:
        """Return where a module stands; one that cannot be read is told, and hides no other."""
        try:
            return self._module(member)
        except MutiraoError as err:
            return self._unreadable(member.module, str(err.findings[0]))

    def _unreadable(self, module: str, problem: str) -> ModuleStatus:
        nothing: dict[int, YearState] = dict.fromkeys(self.collection.years.all(), "none")
        return ModuleStatus(
            module=module,
            name=module,
            kind="",
            organisation="",
            problem=problem,
            version=None,
            versions=(),
            submitted=None,
            years=nothing,
            level=None,
            next_level=LEVELS[0],
            lacking=(),
            levels={},
            findings=(),
            skipped=0,
            waivers=(),
            change=None,
            accuracy=None,
            signed_by=(),
            rebuilt_by=(),
            accepted_by=(),
            rejected_by=(),
            held_back={},
            deadlines=(),
        )

    def _module(self, member: Member) -> ModuleStatus:
        manifest = self.project.manifest(member.module).value
        stored = self._stored(member.module)
        chosen = self._chosen(member, stored)
        told = self._unreadable(member.module, "")
        known: dict[str, object] = {
            "name": manifest.name,
            "kind": manifest.kind,
            "organisation": manifest.organisation,
            "versions": tuple(one.receipt.version for one in stored),
            "years": self._years(member, manifest, chosen, stored),
            "levels": {one.receipt.version: one.receipt.quality.level for one in stored if one.receipt.quality},
            "waivers": tuple(self._waivers(member.module, chosen)),
            "held_back": {version: why.message for version, why in held_back(self.project, member.module).items()},
            "deadlines": tuple(self._deadlines(manifest, stored)),
        }
        return told.model_copy(update=known | (self._submission(chosen) if chosen else {}))

    def _stored(self, module: str) -> tuple[StoredSubmission, ...]:
        """Return the submissions that are out of quarantine, oldest first."""
        versions = list_submissions(self.project, module)
        return tuple(load_submission(self.project, module, version) for version in versions)

    def _chosen(self, member: Member, stored: Sequence[StoredSubmission]) -> StoredSubmission | None:
        """Return the submission that the collection names, or the newest."""
        named = [one for one in stored if member.version in ("latest", one.receipt.version)]
        return named[-1] if named else None

    def _years(
        self,
        member: Member,
        manifest: Manifest,
        chosen: StoredSubmission | None,
        stored: Sequence[StoredSubmission],
    ) -> dict[int, YearState]:
        """Return by year of the collection what a build would read; see `engine.series`."""
        own = set(chosen.receipt.years) if chosen else set()
        earlier = {year for one in stored[: stored.index(chosen)] for year in one.receipt.years} if chosen else set()

        def state(year: int) -> YearState:
            if year in own:
                return "delivered"
            if member.missing == "previous" and year in earlier:
                return "lent"
            if year not in manifest.years:
                return "none"
            return "left" if chosen and member.missing == "nodata" else "missing"

        return {year: state(year) for year in self.collection.years.all()}

    def _waivers(self, module: str, chosen: StoredSubmission | None) -> Iterator[WaiverLine]:
        source = load_waivers(self.project, module)
        version = chosen.receipt.version if chosen else None
        for waiver in source.value.waivers if source else ():
            yield WaiverLine(
                subject=waiver.subject,
                author=waiver.author,
                reason=waiver.reason,
                expires=waiver.expires,
                days_left=(waiver.expires - self.today).days,
                counts=not (reason := why_not(waiver, self.scale, version, self.today)),
                why_not=reason,
            )

    def _deadlines(self, manifest: Manifest, stored: Sequence[StoredSubmission]) -> Iterator[Deadline]:
        announced = {year for year in manifest.years.all() if year in self.collection.years}
        whole = [one for one in stored if announced <= set(one.receipt.years)]
        for milestone in self.collection.milestones:
            concerned = not milestone.modules or manifest.id in milestone.modules
            if concerned and milestone.needs != "release":
                yield deadline(milestone, self._days(milestone, whole), self.today)

    def _days(self, milestone: Milestone, whole: Sequence[StoredSubmission]) -> Iterator[date]:
        """Yield the days on which submissions with all years came, or on which reviewers accepted them."""
        for one in whole:
            came = _received(self.project, one)
            if milestone.needs == "submissions":
                yield came
            elif milestone.since is None or came >= milestone.since:
                stands = standing_of(self.project, one)
                if stands and not stands.unaccepted:
                    yield from (reviewer.when.date() for reviewer in stands.reviewers if reviewer.verdict == "accept")

    def _submission(self, stored: StoredSubmission) -> dict[str, object]:
        """Return what is told of the submission that counts."""
        verdict = grade_stored(self.project, stored, self.today)
        findings, skipped = checks_of(stored)
        waived = {line.subject for line in self._waivers(stored.receipt.module, stored) if line.counts}
        stands = standing_of(self.project, stored)
        reviewers, vouched = stands.reviewers if stands else (), vouchers_of(self.project, stored)
        return {
            "version": stored.receipt.version,
            "submitted": _received(self.project, stored),
            "level": verdict.level,
            "next_level": verdict.next_level,
            "lacking": tuple(_lacking(verdict, stored.receipt.module)),
            "findings": tuple(
                FindingLine(
                    **{key: finding[key] for key in ("code", "severity", "message", "where")},
                    waived=finding["code"] in waived,
                )
                for finding in findings
            ),
            "skipped": len(skipped),
            "change": stored.receipt.change,
            "accuracy": _accuracy(self.project, stored, vouched),
            "signed_by": _people(stands.signed_by if stands else ()),
            "rebuilt_by": _people(vouched.rebuilders if vouched else ()),
            "accepted_by": tuple(one.proof.name for one in reviewers if one.verdict == "accept"),
            "rejected_by": tuple(f"{one.proof.name}: {one.reasons}" for one in reviewers if one.verdict == "reject"),
        }


def _received(project: Project, stored: StoredSubmission) -> date:
    """Return the day on which the store took a submission in; the day that it gives itself if nobody kept a receipt."""
    kept = project.receipts / stored.receipt.module / f"{stored.receipt.version}.json"
    text = read_record(kept, Acknowledgement).received if kept.is_file() else stored.receipt.created
    return datetime.fromisoformat(text).date()


def _lacking(verdict: Verdict, module: str) -> Iterator[Lacking]:
    for one in verdict.lacking():
        rule = one.rule
        yield Lacking(rule=rule.id, level=rule.level, title=rule.title, said=one.said, remedy=rule.cure(module))


def _people(proofs: Sequence[Proof]) -> tuple[str, ...]:
    return tuple(f"{proof.name} ({proof.organisation})" for proof in proofs)


def _accuracy(project: Project, stored: StoredSubmission, vouched: Vouchers | None) -> Accuracy | None:
    """Return the assessment of a submission, or else the agreement that its run reports, which has no interval."""
    found = assessment_of(project, stored.receipt.module, stored.receipt.version)
    if found:
        low, high = found.bounds or (None, None)
        signed = _people(vouched.assessors) if vouched else None
        return Accuracy(overall=found.overall, low=low, high=high, said=found.in_words(), signed_by=signed)
    own = own_agreement(stored.receipt.report)
    return None if own is None else Accuracy(overall=own, low=None, high=None, said="agreement told by its own run")


def _build(project: Project, collection: Collection) -> BuildStatus | None:
    try:
        last = latest(project, collection.id)
    except UsageError:
        return None
    used = {module.module: module.version for module in last.record.modules}
    there = {name: list_submissions(project, name) for name in used}
    newer = tuple(name for name, version in used.items() if there[name] and there[name][-1] != version)
    return BuildStatus(
        build=last.folder.name,
        created=last.record.created,
        uses=used,
        newer_submissions=newer,
        changed=tuple(_changed(project, collection, last)),
    )


def _changed(project: Project, collection: Collection, last: Build) -> Iterator[str]:
    """Yield what is not as the build kept it; builds of older versions kept nothing."""
    if not (last.folder / CLAIMS).is_file():
        return
    basis = read_basis(str(last.folder), consults=False)
    if basis.collection != collection.product():
        yield "collection"
    if basis.legend != project.legend(collection.legend).value:
        yield "legend"
    if basis.rule_set != project.rules(collection.rules).value:
        yield "rules"
    if basis.chain != (project.chain(collection.chain).value if collection.chain else None):
        yield "chain"
    if any(_has_other_credits(project, module) for module in last.record.modules):
        yield "credits of modules"


def _has_other_credits(project: Project, recorded: ModuleRecord) -> bool:
    try:
        manifest = project.manifest(recorded.module).value
    except MutiraoError:  # told at the module
        return False
    return any(getattr(manifest, said) != getattr(recorded, said) for said in CREDITS)


def _releases(project: Project, collection_id: str) -> Iterator[ReleaseStatus]:
    product = project.releases / collection_id
    for version in released_versions(product):
        record = read_record(product / f"v{version}" / MANIFEST, Release)
        yield ReleaseStatus(version=version, released=date.fromisoformat(record.released))
