"""Sign: only what is intact, only with a key that proves something, and never half."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from mutirao.errors import Finding, QualityError, UsageError, blocking
from mutirao.io.places import Place, is_web, place
from mutirao.io.storage import write_text
from mutirao.modules.quality.accuracy import FILE as ACCURACY_FILE
from mutirao.modules.quality.accuracy import assessment_of
from mutirao.modules.quality.records import AccuracyRecord
from mutirao.modules.receipt import Submission
from mutirao.modules.store import StoredSubmission, load_submission
from mutirao.project import Project
from mutirao.release.pointer import Pointer, write_pointer
from mutirao.release.record import Release
from mutirao.trust import keygen
from mutirao.trust.content import check, check_submission, misplaced, of_release
from mutirao.trust.document import Document, open_document
from mutirao.trust.network import keys_of
from mutirao.trust.policy import WHO, Role
from mutirao.trust.reviews import Review, Reviewed
from mutirao.trust.signatures import SUFFIX
from mutirao.trust.sshsig import PublicKey
from mutirao.trust.standing import review_problem, standing
from mutirao.trust.verdict import Proof, Subject, Trust, judge
from mutirao.trust.vouching import ACCURACY, subject_problem


@dataclass(frozen=True, slots=True)
class Signed:
    """A signature that was made, or was there already."""

    path: Place
    proof: Proof
    fresh: bool


def require_trust(project: Project) -> Trust:
    """Return the network's trust.

    Raises
    ------
    UsageError
        K305: the network has none, so that a signature would prove nothing.
    """
    trust = project.trust()
    if trust is None:
        remedy = "ask a maintainer to begin it with 'mutirao trust init'; see docs/trust.md"
        message = "the network does not sign: without trust/, a signature proves nothing"
        raise UsageError.because("K305", message, where=str(project.root), remedy=remedy)
    return trust


def signature_of(subject: Subject, trust: Trust, key: Path) -> tuple[str, Proof]:
    """Sign, and judge the signature at once.

    Raises
    ------
    QualityError
        K202 to K209: it would prove nothing.
    UsageError, ResourceError
        K301 to K303: it cannot be made.
    """
    text = keygen.sign(subject.message, key, trust.policy.namespace(subject.role))
    verdict = judge(text, str(key), subject, trust, datetime.now(UTC))
    if isinstance(verdict, Finding):
        raise QualityError(verdict)
    return text, verdict


def sign_path(project: Project, location: str, key: Path, role: Role | None, expires: datetime | None) -> Signed:
    """Sign what lies at a path; a pointer is written anew, with another end.

    Raises
    ------
    QualityError
        S104, S105 and others: it is not intact. K202 to K211: a signature would prove nothing.
    UsageError
        K304: it is nothing that can be signed, not in this role, or on the web. K305: the network does not sign.
    """
    trust = require_trust(project)
    document = open_document(location)
    _require_signable(document, role)
    if isinstance(document.record, Pointer):
        return _renew(document, trust, key, expires)
    findings = blocking(_content(document))
    if findings:
        raise QualityError(*findings)
    subject = document.subject(allowed_keys(project, document))
    mine = keygen.public_key(key).fingerprint
    for proof in document.judged(trust, datetime.now(UTC)).proofs:
        if proof.fingerprint == mine:
            return Signed(place(proof.file), proof, fresh=False)
    text, proof = signature_of(subject, trust, key)
    _require_author(document, proof)
    path = signature_path(place(document.place), document.role, proof.principal)
    write_text(path, text)
    return Signed(path, proof, fresh=True)


def _require_signable(document: Document, role: Role | None) -> None:
    if role is not None and role != document.role:
        message = f"{document.name} is signed by a {WHO[document.role]}, not by a {WHO[role]}"
        remedy = f"leave out --role, or write --role {document.role}"
        raise UsageError.because("K304", message, where=document.place, remedy=remedy)
    if is_web(document.folder):
        remedy = "copy the folder, sign the copy, and send the signature to who keeps it"
        raise UsageError.because("K304", "a web address cannot be written to", where=document.place, remedy=remedy)


def _require_author(document: Document, proof: Proof) -> None:
    """Refuse to sign what somebody else says: the record names its author, so the signature would prove nothing."""
    record = document.record
    if isinstance(record, Review | AccuracyRecord) and record.by != proof.principal:
        message = f"the record says it is by {record.by}, and the key is that of {proof.principal}"
        remedy = "make a record of your own: mutirao review, mutirao assess"
        raise QualityError.because("K211", message, where=document.place, remedy=remedy)


def _content(document: Document) -> list[Finding]:
    """Look at bytes before anybody answers for them."""
    match document.record:
        case Submission() as receipt:
            elsewhere = misplaced(document.folder, receipt)
            return [elsewhere] if elsewhere else check_submission(document.folder, receipt, pixels=False)
        case Release() as release:
            return check(of_release(document.folder, release), pixels=False)
        case _:
            return []


def allowed_keys(project: Project, document: Document) -> tuple[PublicKey, ...]:
    """Return the keys that the manifest of a submission's module allows; none allows all."""
    if not isinstance(document.record, Submission) or document.record.module not in project.module_ids():
        return ()
    source = project.manifest(document.record.module)
    return keys_of(source, source.value.keys)


def signature_path(path: Place, role: Role, principal: str) -> Place:
    """Return where a signature goes: a release has many signers, the others have their first one under a short name."""
    short = path.with_name(f"{path.name}{SUFFIX}")
    if role != "release" and not short.exists():
        return short
    word = "".join(letter if letter.isalnum() or letter in "@._+-" else "_" for letter in principal)
    return path.with_name(f"{path.name}.{word}{SUFFIX}")


def _renew(document: Document, trust: Trust, key: Path, expires: datetime | None) -> Signed:
    proofs: list[Proof] = []

    def sign(message: bytes) -> str:
        text, proof = signature_of(Subject(document.name, message, "release"), trust, key)
        proofs.append(proof)
        return text

    assert isinstance(document.record, Pointer)
    path = write_pointer(place(document.folder), document.record.version, sign, expires)
    return Signed(path, proofs[0], fresh=True)


def sign_review(project: Project, module: str, version: str, verdict: str, reasons: str, key: Path) -> Signed:
    """Write a signed review of a stored submission; its signature appears before it does.

    Raises
    ------
    UsageError
        S107: there is no such submission. K207: the key is nobody's. K305: the network does not sign.
    QualityError
        S104, S105: the submission is not intact. K202 to K207: the review would prove nothing. K216: it would accept
        what the reviewer submitted.
    """
    trust = require_trust(project)
    stored, subject = _intact(project, module, version)
    now = datetime.now(UTC)
    review = Review.model_validate(
        {
            "subject": {"module": module, "version": stored.receipt.version, "sha256": subject.digest},
            "verdict": verdict,
            "reasons": reasons,
            "by": _principal(trust, keygen.public_key(key), "review"),
            "when": now.isoformat(timespec="microseconds"),
            "checks": stored.receipt.checks_digest,
        }
    )
    path = project.reviews / module / stored.receipt.version / f"{_stamp(now)}-{verdict}.json"
    submitters = standing(project, trust, module, stored.receipt.version).signed_by
    return _write_signed(path, review, trust, key, lambda one, by: review_problem(one, subject.digest, by, submitters))


def sign_accuracy(project: Project, module: str, version: str, key: Path) -> Signed:
    """Write a signed record of the accuracy that accuracy.yaml tells of a submission; its signature appears first.

    Raises
    ------
    UsageError
        S107: there is no such submission. Q301: accuracy.yaml tells nothing of it. K305: the network does not sign.
    QualityError
        S104, S105: the submission is not intact. K202 to K207: the record would prove nothing.
    """
    trust = require_trust(project)
    stored, subject = _intact(project, module, version)
    entry = assessment_of(project, module, stored.receipt.version)
    if entry is None:
        where, remedy = str(project.module_folder(module) / ACCURACY_FILE), "record the assessment there, then sign it"
        message = f"no assessment of version {stored.receipt.version} is recorded"
        raise UsageError.because("Q301", message, where=where, remedy=remedy)
    now = datetime.now(UTC)
    record = AccuracyRecord(
        subject=Reviewed(module=module, version=stored.receipt.version, sha256=subject.digest),
        assessment=entry,
        by=_principal(trust, keygen.public_key(key), "accuracy"),
        when=now.isoformat(timespec="microseconds"),
    )
    path = project.proofs / module / stored.receipt.version / f"{_stamp(now)}{ACCURACY}"
    return _write_signed(path, record, trust, key, lambda one, by: subject_problem(one, subject, by))


def _intact(project: Project, module: str, version: str) -> tuple[StoredSubmission, Document]:
    """Return a submission about which somebody is about to say something, after its bytes were hashed again."""
    stored = load_submission(project, module, version)
    subject = open_document(str(stored.folder))
    findings = blocking(_content(subject))
    if findings:
        raise QualityError(*findings)
    return stored, subject


def _write_signed(
    path: Place,
    record: Review | AccuracyRecord,
    trust: Trust,
    key: Path,
    problem: Callable[[Document, Proof], Finding | None],
) -> Signed:
    """Sign a record that is not there yet, and write it after its signature, unless there is a problem with it."""
    message = (record.model_dump_json(indent=2) + "\n").encode()
    document = Document(str(path.parent), path.name, message, record)
    text, proof = signature_of(document.subject(), trust, key)
    wrong = problem(document, proof)
    if wrong:
        raise QualityError(wrong)
    write_text(path.with_name(f"{path.name}{SUFFIX}"), text)
    write_text(path, message.decode())
    return Signed(path, proof, fresh=True)


def require_role(project: Project, key: Path, role: Role) -> None:
    """Refuse a key that would prove nothing in a role, before a long run whose outcome it shall sign.

    Raises
    ------
    QualityError
        K207: the policy gives its owner no such role. What else may be wrong with the key is found when it signs.
    UsageError
        K301, K303: it is no key. K305: the network does not sign.
    """
    trust = require_trust(project)
    who = _principal(trust, keygen.public_key(key), role)
    if not trust.policy.may(role, who):
        message = f"the key is that of {who}, who may not sign as {WHO[role]}"
        names = [name for name in trust.policy.people if trust.policy.may(role, name)]
        remedy = f"rights stand in trust/policy.yaml; {WHO[role]} is {' or '.join(names) or 'nobody yet'}"
        raise QualityError.because("K207", message, where=str(key), remedy=remedy)


def _stamp(now: datetime) -> str:
    return f"{now:%Y%m%dT%H%M%S%f}Z"


def _principal(trust: Trust, key: PublicKey, role: Role) -> str:
    """Return whose key it is; among several, somebody who has the role."""
    names = [name for name in trust.policy.people for one in trust.signers if one.key == key and one.is_of(name)]
    return next((name for name in names if trust.policy.may(role, name)), next(iter(names), key.fingerprint))
