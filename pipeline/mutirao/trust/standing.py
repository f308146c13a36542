"""Where a stored submission stands: who signed it, who reviewed it, and whether the network may read it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from mutirao.errors import Finding, MutiraoError
from mutirao.io.places import Place
from mutirao.modules.receipt import RECEIPT, Submission
from mutirao.project import Project
from mutirao.trust.content import misplaced
from mutirao.trust.document import Document, earlier, open_document
from mutirao.trust.policy import WHO
from mutirao.trust.reviews import Opinion, Review
from mutirao.trust.verdict import Proof, Trust


@dataclass(frozen=True, slots=True)
class Reviewer:
    """What one reviewer last said about a submission."""

    verdict: Opinion
    reasons: str
    when: datetime
    proof: Proof


@dataclass(frozen=True, slots=True)
class Standing:
    """What signatures say about one stored submission."""

    signed_by: tuple[Proof, ...] = ()
    reviewers: tuple[Reviewer, ...] = ()
    """The last word of each reviewer."""
    unsigned: tuple[Finding, ...] = ()
    """Why the network, if it asks for signatures, keeps the submission in quarantine."""
    unaccepted: tuple[Finding, ...] = ()
    """Why builds, if the network asks for reviews, do not take it."""
    ignored: tuple[Finding, ...] = ()
    """Why some signatures and reviews do not count."""

    @property
    def accepted_by(self) -> tuple[Proof, ...]:
        """The reviewers who accept it."""
        return tuple(reviewer.proof for reviewer in self.reviewers if reviewer.verdict == "accept")

    def held_back(self, trust: Trust, *, for_build: bool) -> tuple[Finding, ...]:
        """Return why the network may not read the submission; empty if it may."""
        unsigned = self.unsigned if trust.requires("submission") else ()
        unaccepted = self.unaccepted if for_build and trust.requires("review") else ()
        return unsigned or unaccepted


def standing(project: Project, trust: Trust, module: str, version: str) -> Standing:
    """Judge the signatures and reviews of a stored submission.

    Keys are judged at the time that a record states for itself, since its arrival was judged at the time of arrival:
    a key that expires later does not undo what it signed, a revoked one does. A record from the future is judged now.
    """
    now = datetime.now(UTC)
    folder = project.submissions / module / version
    try:
        document = open_document(str(folder / RECEIPT))
        judged = document.judged(trust, earlier(document.stated, now))
    except MutiraoError as err:
        return Standing(unsigned=err.findings, unaccepted=err.findings)
    receipt = document.record
    assert isinstance(receipt, Submission)
    elsewhere = misplaced(str(folder), receipt)
    if elsewhere:
        return Standing(unsigned=(elsewhere,), unaccepted=(elsewhere,))
    ignored: list[Finding] = []
    reviewers = _last_words(_reviews(project, trust, document, judged.proofs, ignored))
    return Standing(
        judged.proofs,
        reviewers,
        () if judged.proofs else judged.refused or (_not_signed(document),),
        tuple(_objections(document, reviewers, ignored)),
        (*judged.refused, *ignored),
    )


def _not_signed(document: Document) -> Finding:
    remedy = f"let somebody sign who may: mutirao sign {document.folder} --key ~/.ssh/id_ed25519"
    return Finding("K210", f"no {WHO[document.role]} has signed it", document.place, remedy)


def reviews_of(project: Project, module: str, version: str) -> list[Place]:
    """Return the review records of a submission, oldest first by name."""
    return sorted((project.reviews / module / version).glob("*.json"), key=str)


def _reviews(
    project: Project, trust: Trust, subject: Document, submitters: Sequence[Proof], ignored: list[Finding]
) -> Iterator[Reviewer]:
    receipt = subject.record
    assert isinstance(receipt, Submission)
    for path in reviews_of(project, receipt.module, receipt.version):
        try:
            document = open_document(str(path))
            when = earlier(document.stated, datetime.now(UTC))
            judged = document.judged(trust, when)
        except MutiraoError as err:
            ignored.extend(err.findings)
            continue
        review, reasons = document.record, list(judged.refused)
        assert isinstance(review, Review)
        if not judged.proofs and not reasons:
            reasons.append(_not_signed(document))
        proof = next((proof for proof in judged.proofs if proof.principal == review.by), None)
        problem = review_problem(document, subject.digest, proof, submitters)
        if problem:
            ignored.extend(reasons or [problem])
        elif proof:
            yield Reviewer(review.verdict, review.reasons, when, proof)


def review_problem(
    document: Document, submission: str, proof: Proof | None, submitters: Sequence[Proof]
) -> Finding | None:
    """Return why a review does not count: K211 other bytes or another person, K216 it accepts the reviewer's own."""
    review = document.record
    assert isinstance(review, Review)
    remedy = "review again with 'mutirao review'"
    if review.subject.sha256 != submission:
        return Finding("K211", "the review is about other bytes than those of the submission", document.place, remedy)
    if proof is None:
        return Finding("K211", f"the review says it is by {review.by}, who has not signed it", document.place, remedy)
    own = any(proof.principal == one.principal or proof.fingerprint == one.fingerprint for one in submitters)
    if own and review.verdict == "accept":
        message = f"{proof.principal} signed the submission and cannot accept it"
        return Finding("K216", message, document.place, "let another reviewer accept it")
    return None


def _last_words(reviews: Iterator[Reviewer]) -> tuple[Reviewer, ...]:
    """Return the newest review of each reviewer; of two at one time, the rejection."""
    last: dict[str, Reviewer] = {}
    for review in sorted(reviews, key=lambda review: (review.when, review.verdict == "reject")):
        last[review.proof.principal] = review
    return tuple(last.values())


def _objections(document: Document, reviewers: Sequence[Reviewer], ignored: Sequence[Finding]) -> Iterator[Finding]:
    """Yield why a submission is not accepted: one rejection that stands is enough."""
    for reviewer in reviewers:
        if reviewer.verdict == "reject":
            message = f"{reviewer.proof.name} rejected it on {reviewer.when:%Y-%m-%d}: {reviewer.reasons}"
            yield Finding("S124", message, document.folder, "repair it and submit the next version")
    if not any(reviewer.verdict == "accept" for reviewer in reviewers):
        but = f" ({_do_not_count(ignored)})" if ignored else ""
        receipt = document.record
        assert isinstance(receipt, Submission)
        asked = f"mutirao review {receipt.module} {receipt.version} --accept --because REASON --key KEY"
        remedy = f"ask a reviewer of trust/policy.yaml: {asked}"
        yield Finding("S124", f"no reviewer has accepted it{but}", document.folder, remedy)


def _do_not_count(ignored: Sequence[Finding]) -> str:
    if len(ignored) == 1:
        return f"a signature or review does not count: {ignored[0].message}"
    return f"{len(ignored)} signatures or reviews do not count; the first: {ignored[0].message}"
