"""Who answers for what was found out about a stored submission: its accuracy, and what a run from its sources gave."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime

from mutirao.errors import Finding, MutiraoError
from mutirao.modules.quality.accuracy import Assessment
from mutirao.modules.quality.records import AccuracyRecord, Rebuild
from mutirao.project import Project
from mutirao.trust.document import Document, earlier, open_document
from mutirao.trust.policy import Role
from mutirao.trust.verdict import Proof, Trust

ACCURACY = "-accuracy.json"
"""How names of records about accuracy end; the others in the folder are of runs from the sources."""


def assessors(
    project: Project, trust: Trust, module: str, version: str, sha256: str, assessment: Assessment
) -> tuple[Proof, ...]:
    """Return who answers for an assessment of a submission, each once; a record of other words or bytes is none.

    Parameters
    ----------
    sha256 : digest of the bytes of submission.json.
    assessment : the entry of accuracy.yaml as it is now.
    """
    found: dict[str, Proof] = {}
    for document, proofs in _records(project, trust, module, version, "accuracy"):
        record = document.record
        assert isinstance(record, AccuracyRecord)
        own = next((proof for proof in proofs if proof.principal == record.by), None)
        if own and record.subject.sha256 == sha256 and record.assessment == assessment:
            found[own.principal] = own
    return tuple(found.values())


def rebuilders(project: Project, trust: Trust, module: str, version: str, sha256: str) -> tuple[Proof, ...]:
    """Return who answers for the newest signed run from the sources, if it gave the same pixels."""
    signed = [
        (document.stated, document.record, proofs)
        for document, proofs in _records(project, trust, module, version, "rebuild")
        if proofs and isinstance(document.record, Rebuild) and document.record.submission == sha256
    ]
    newest = max(signed, key=lambda one: one[0], default=None)
    return newest[2] if newest and newest[1].holds else ()


def _records(
    project: Project, trust: Trust, module: str, version: str, role: Role
) -> Iterator[tuple[Document, tuple[Proof, ...]]]:
    """Yield the records of a role and what their signatures prove; keys are judged at the time that a record states.

    A record that cannot be read proves nothing, like one that nobody signed.
    """
    now = datetime.now(UTC)
    for path in sorted((project.proofs / module / version).glob("*.json"), key=str):
        try:
            document = open_document(str(path))
            if document.role == role:
                yield document, document.judged(trust, earlier(document.stated, now)).proofs
        except MutiraoError:
            continue


def subject_problem(document: Document, submission: Document, by: Proof | None) -> Finding | None:
    """Return K211 if a record is about other bytes than those of a submission, or by another person than it says."""
    record = document.record
    assert isinstance(record, AccuracyRecord | Rebuild)
    remedy = "make the record again, with 'mutirao assess' or 'mutirao quality --rebuild'"
    if record.subject.sha256 != submission.digest:
        return Finding("K211", "the record is about other bytes than those of the submission", document.place, remedy)
    if by is None and isinstance(record, AccuracyRecord):
        return Finding("K211", f"the record says it is by {record.by}, who has not signed it", document.place, remedy)
    return None
