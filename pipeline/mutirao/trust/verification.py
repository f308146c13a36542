"""What was and was not proved about a submission, a review, a release or a pointer, in words."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime

from mutirao.errors import Finding, MutiraoError, blocking
from mutirao.io.places import is_web, place
from mutirao.io.storage import find_bytes
from mutirao.modules.quality.records import AccuracyRecord, Rebuild
from mutirao.modules.receipt import RECEIPT, Submission
from mutirao.release.pointer import POINTER, Pointer
from mutirao.release.publish import released_versions
from mutirao.release.record import MANIFEST, Release
from mutirao.trust.chain import follow
from mutirao.trust.content import Contents, check, check_submission, misplaced, names_of, of_release, of_submission
from mutirao.trust.document import MAX_RECORD_BYTES, Document, open_document
from mutirao.trust.policy import WHO
from mutirao.trust.reviews import Review, Reviewed
from mutirao.trust.signatures import Judged
from mutirao.trust.standing import review_problem
from mutirao.trust.verdict import Proof, Trust, short_of
from mutirao.trust.vouching import subject_problem

_METHOD = "That the map is right: a signature says who answers for these bytes, not that they are true."


@dataclass(frozen=True, slots=True)
class How:
    """How strictly to look."""

    trust: Trust | None
    """None: there is nothing to judge signatures by."""
    moment: datetime
    """Time at which keys must have been valid."""
    given: bool = False
    """Whether the caller gave the time."""
    pixels: bool = True
    """Whether to decode pixels."""
    unsigned: bool = False
    """Whether to be content with intact files."""


@dataclass(frozen=True, slots=True)
class Verification:
    """The outcome: proved if no finding blocks."""

    title: str
    place: str
    proved: tuple[str, ...]
    not_proved: tuple[str, ...]
    findings: tuple[Finding, ...]

    @property
    def holds(self) -> bool:
        """Whether all that was asked for is proved."""
        return not blocking(self.findings)


def verify(location: str, how: How) -> Verification:
    """Verify what lies at a path or URL.

    Raises
    ------
    UsageError
        K304: nothing is there that can be signed.
    ResourceError
        R201: it cannot be reached.
    """
    document = open_document(location)
    match document.record:
        case Submission() as receipt:
            return _verify_submission(document, receipt, how)
        case Review() as review:
            return _verify_review(document, review, how)
        case AccuracyRecord() | Rebuild() as proof:
            return _verify_proof(document, proof, how)
        case Release() as release:
            return _verify_release(document, release, how)
        case Pointer() as pointer:
            return _verify_pointer(document, pointer, how)


def _verify_submission(document: Document, receipt: Submission, how: How) -> Verification:
    elsewhere = misplaced(document.folder, receipt)
    findings = [elsewhere] if elsewhere else []
    findings += check_submission(document.folder, receipt, pixels=how.pixels)
    told = _Told(document, how)
    told.content(of_submission(document.folder, receipt), findings)
    told.signatures(f"submit for '{receipt.module}'")
    told.doubt("That the network accepted it: verify the reviews, and the release that names it.")
    return told.outcome(f"Submission {receipt.module} {receipt.version} of {receipt.organisation}")


def _verify_review(document: Document, review: Review, how: How) -> Verification:
    told, subject = _Told(document, how), review.subject
    proofs = told.signatures("accept and reject submissions")
    submission = told.submission(subject)
    told.prove(f"It {review.verdict}s {subject.module} {subject.version} with the digest {subject.sha256[:12]}….")
    if submission:
        submitters = submission.judged(how.trust, submission.stated).proofs if how.trust else ()
        own = next((proof for proof in proofs if proof.principal == review.by), None)
        problem = review_problem(document, submission.digest, own, submitters)
        if problem and (proofs or problem.code != "K211"):
            told.find(problem)
        elif not problem:
            told.prove(f"{submission.place} has exactly this digest.")
    told.doubt("That it is this reviewer's last word: a later review may say otherwise.")
    return told.outcome(f"Review of {subject.module} {subject.version}: {review.verdict}, because {review.reasons}")


def _verify_proof(document: Document, record: AccuracyRecord | Rebuild, how: How) -> Verification:
    told, subject = _Told(document, how), record.subject
    by = record.by if isinstance(record, AccuracyRecord) else None
    proofs = told.signatures(f"answer for {'runs from the sources' if by is None else 'assessments'}")
    told.prove(f"It is about {subject.module} {subject.version} with the digest {subject.sha256[:12]}….")
    submission = told.submission(subject)
    if submission:
        own = next((proof for proof in proofs if by in (None, proof.principal)), None)
        problem = subject_problem(document, submission, own)
        if problem and (proofs or record.subject.sha256 != submission.digest):
            told.find(problem)
        elif not problem:
            told.prove(f"{submission.place} has exactly this digest.")
    if isinstance(record, AccuracyRecord):
        told.doubt(
            "That the sample was drawn and labelled as the record says: a signature says who answers for that.",
            "That it counts: it must be the entry of accuracy.yaml, word for word; see 'mutirao quality'.",
        )
        return told.outcome(f"Accuracy of {subject.module} {subject.version}: {record.assessment.in_words()}")
    told.doubt("That the run gave this: run it again with 'mutirao quality MODULE --rebuild'.")
    return told.outcome(f"Run of {subject.module} {subject.version} from its sources: {record.in_words()}")


def _verify_release(document: Document, release: Release, how: How) -> Verification:
    told = _Told(document, how)
    contents = of_release(document.folder, release)
    told.content(contents, check(contents, pixels=how.pixels))
    told.signatures("sign releases")
    chain = follow(document.folder, release)
    told.find(*chain.findings)
    told.prove(*chain.proved)
    told.doubt(*chain.not_proved)
    members = ", ".join(f"{module.module} {module.version}" for module in release.modules)
    told.doubt(
        f"That members signed the submissions it was made of ({members}): the release has their digests; verify "
        "them where they are kept.",
        f"That it is the newest release: verify {POINTER} beside its folder.",
    )
    return told.outcome(f"Release {release.collection} {release.version} of {release.publisher}")


def _verify_pointer(document: Document, pointer: Pointer, how: How) -> Verification:
    told = _Told(document, how)
    told.signatures("sign releases")
    told.find(*_pointer_findings(document, pointer, how.moment))
    told.doubt("That no newer release was signed since: a pointer counts until it expires.")
    if pointer.expires and not told.findings:
        span = f"on {pointer.issued:%Y-%m-%d}; this counts to {pointer.expires:%Y-%m-%d}"
        told.prove(f"{pointer.version} was the newest release {span}.")
    title = f"Pointer to release {pointer.version}"
    release = verify(f"{document.folder}/{pointer.folder}/{MANIFEST}", how)
    whole = told.outcome(title)
    return replace(
        whole,
        title=f"{title}, and {release.title}",
        proved=(*whole.proved, *release.proved),
        not_proved=tuple(dict.fromkeys([*whole.not_proved, *(t for t in release.not_proved if POINTER not in t)])),
        findings=(*whole.findings, *release.findings),
    )


def _pointer_findings(document: Document, pointer: Pointer, moment: datetime) -> list[Finding]:
    findings = []
    release = find_bytes(f"{document.folder}/{pointer.folder}/{MANIFEST}", MAX_RECORD_BYTES)
    other = f"the pointer names {pointer.version}, and "
    remedy = "ask the network which release is the newest; somebody may hold it back"
    if pointer.folder != f"v{pointer.version}":
        findings.append(Finding("K214", f"{other}the folder {pointer.folder}", document.place, remedy))
    elif release is not None and pointer.release not in (None, hashlib.sha256(release).hexdigest()):
        findings.append(Finding("K214", f"{other}its release.json has another digest", document.place, remedy))
    if not is_web(document.folder):
        newest = released_versions(place(document.folder))[-1:]
        if newest not in ([], [pointer.version]):
            findings.append(Finding("K214", f"{other}{newest[0]} lies beside it", document.place, remedy))
    if pointer.expires and pointer.expires <= moment:
        message = f"the pointer expired on {pointer.expires:%Y-%m-%d}"
        findings.append(Finding("K212", message, document.place, f"{remedy}; a curator renews it with 'mutirao sign'"))
    return findings


class _Told:
    """Gathers what was proved, what was not, and what is wrong with one document."""

    def __init__(self, document: Document, how: How) -> None:
        self.document, self.how = document, how
        self.proved: list[str] = []
        self.not_proved: list[str] = []
        self.findings: list[Finding] = []

    def prove(self, *lines: str) -> None:
        self.proved.extend(lines)

    def doubt(self, *lines: str) -> None:
        self.not_proved.extend(lines)

    def find(self, *findings: Finding) -> None:
        self.findings.extend(findings)

    def submission(self, subject: Reviewed) -> Document | None:
        """Return the submission that a record beside it is about; None, and a doubt, if it is not at hand."""
        if not is_web(self.document.folder):
            folder = place(self.document.folder).parents[2] / "submissions" / subject.module / subject.version
            if (folder / RECEIPT).is_file():
                return open_document(str(folder / RECEIPT))
        self.doubt(f"That there is such a submission: {RECEIPT} of {subject.module} {subject.version} is not at hand.")
        return None

    def outcome(self, title: str) -> Verification:
        self.doubt(_METHOD)
        return Verification(
            title, self.document.place, tuple(self.proved), tuple(self.not_proved), tuple(self.findings)
        )

    def content(self, contents: Contents, findings: Sequence[Finding]) -> None:
        """Tell what holds of the files that the record lists."""
        self.find(*findings)
        if not findings:
            what = names_of(contents.files)
            self.prove(f"All {what} have the bytes (sha256) that {contents.record} lists; none is missing.")
            if self.how.pixels:
                self.prove("Every raster was decoded; its pixels, grid and nodata are those of the record.")
        if is_web(contents.folder):
            self.doubt("That no other files lie beside them: a web address cannot be listed.")
        elif not findings:
            self.prove("Nothing else lies in the folder but signatures.")
        if not self.how.pixels:
            self.doubt("That the bytes decode to the pixels of the record: they were not decoded (--quick).")

    def signatures(self, right: str) -> tuple[Proof, ...]:
        """Judge the signatures and tell what they prove."""
        trust, document = self.how.trust, self.document
        if trust is None:
            self._without_trust()
            return ()
        judged = document.judged(trust, self.how.moment)
        for proof in judged.proofs:
            self.prove(f"{proof.name} ({proof.principal}, {proof.organisation}) signed exactly these bytes of "
                       f"{document.name} as {WHO[document.role]}, with the key {proof.fingerprint}.")  # fmt: skip
        if judged.proofs:
            self.prove(f"The policy of the network '{trust.policy.network}' lets them {right}.")
        lacking = self._lacking(judged, trust)
        self._refused(judged, lacking)
        self._about_people(judged, trust)
        return judged.proofs

    def _without_trust(self) -> None:
        self.doubt("Who made it: there is no trust/ to judge signatures by.")
        message = "nobody is proved to have made this: the network has no trust/, or it is not at hand"
        remedy = "name the network's folder with --trust, or be content with intact files: --unsigned"
        found = Finding("K215", message, self.document.place, remedy)
        self.find(replace(found, severity="advise") if self.how.unsigned else found)

    def _lacking(self, judged: Judged, trust: Trust) -> Finding | None:
        """Return what is missing; the pointer needs one curator, a release as many as the policy says."""
        if isinstance(self.document.record, Release):
            lacking = short_of(judged.proofs, trust.policy, self.document.place)
            if lacking is None:
                wanted = trust.policy.release
                self.prove(
                    f"That is enough: {wanted.signatures} people of {wanted.organisations} organisations are needed."
                )
            if judged.proofs:
                return lacking
        if judged.proofs:
            return None
        remedy = "ask who answers for it to sign it, or be content with intact files: --unsigned"
        who = WHO[self.document.role]
        message = f"no signature by a {who} counts" if judged.refused else f"no {who} has signed it"
        return Finding("K210", message, self.document.place, remedy)

    def _refused(self, judged: Judged, lacking: Finding | None) -> None:
        """A signature that proves nothing is only told where others prove enough: anybody can lay one beside it."""
        trust = self.how.trust
        assert trust is not None
        if lacking is None:
            self.find(*(replace(finding, severity="advise") for finding in judged.refused))
            return
        self.find(*judged.refused)
        optional = self.how.unsigned or not trust.requires(self.document.role)
        self.doubt(f"Who answers for it: {lacking.message}.")
        if optional and not judged.refused:
            self.doubt("The network does not ask for it." if not self.how.unsigned else "You did not ask for it.")
            lacking = replace(lacking, severity="advise")
        if lacking.code != "K210" or not judged.refused:
            self.find(lacking)

    def _about_people(self, judged: Judged, trust: Trust) -> None:
        if judged.proofs:
            self.doubt(f"That these keys belong to these people: that is taken from {trust.where}.")
        try:
            stated = self.document.stated
        except MutiraoError as err:
            self.find(*err.findings)
            return
        self.doubt(f"That it was made on {stated:%Y-%m-%d}, as it says: the date is the signer's word.")
        if self.how.given:
            self.doubt(f"That it was signed by {self.how.moment:%Y-%m-%d}: that date was taken from you (--at).")
        elif any(finding.code == "K205" for finding in judged.refused):
            self._expired(trust, stated)

    def _expired(self, trust: Trust, stated: datetime) -> None:
        then = self.document.judged(trust, min(stated, datetime.now(UTC)))
        for proof in then.proofs:
            if proof.until and proof.until <= self.how.moment:
                self.doubt(
                    f"That {proof.name} signed before the key expired on {proof.until:%Y-%m-%d}. On {stated:%Y-%m-%d}, "
                    f"the date that the file states, the key was good; if you know that date from elsewhere, such as "
                    f"a signed release or the history of the repository, verify with --at {stated:%Y-%m-%d}."
                )
