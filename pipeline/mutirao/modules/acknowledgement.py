"""What a submitter is told and keeps: receipts/<module>/<version>.json, the network's word that it has these bytes."""

from __future__ import annotations

from datetime import UTC, datetime

from pydantic import Field

from mutirao import __version__
from mutirao.io.rasters import file_digest
from mutirao.io.storage import read_json, read_record, write_json
from mutirao.model import Frozen, Id, Version
from mutirao.modules.receipt import RECEIPT, REPORT
from mutirao.modules.store import StoredSubmission
from mutirao.project import Project
from mutirao.trust.standing import standing


class Acknowledgement(Frozen):
    """A receipt for the submitter."""

    module: Id = Field(description="Module.")
    version: Version = Field(description="Version of the submission.")
    collection: Id = Field(description="Collection it was made for.")
    organisation: str = Field(description="Owner of the module.")
    received: str = Field(description="UTC time at which this store took it in, ISO 8601.")
    submission: str = Field(description="Digest of the bytes of submission.json.")
    files: dict[str, str] = Field(description="Digest of the bytes of each raster, by name.")
    checks: str = Field(description="Digest of checks.json.")
    findings: tuple[str, ...] = Field(description="Codes of what the checks had to say; none of them refused it.")
    skipped: tuple[str, ...] = Field(description="What could not be checked, and why.")
    signed: tuple[str, ...] = Field(description="Who signed it, as this store judged on arrival.")
    trust: str = Field(description="What that means, in words.")
    software: str = Field(description="Version of mutirao.")


def acknowledge(project: Project, stored: StoredSubmission) -> Acknowledgement:
    """Return the receipt of a stored submission; it is written when the submission is first taken in.

    Raises
    ------
    ResourceError
        R203: the receipt that is there is damaged.
    """
    receipt, path = stored.receipt, stored.folder / RECEIPT
    kept = project.receipts / receipt.module / f"{receipt.version}.json"
    digest = file_digest(path)
    if kept.is_file():
        there = read_record(kept, Acknowledgement)
        if there.submission == digest and there.signed == _signed(project, stored):
            return there
    report = read_json(stored.folder / REPORT)
    signed = _signed(project, stored)
    told = Acknowledgement(
        module=receipt.module,
        version=receipt.version,
        collection=receipt.collection,
        organisation=receipt.organisation,
        received=datetime.now(UTC).isoformat(timespec="seconds"),
        submission=digest,
        files={file.name: file.sha256 for file in receipt.files},
        checks=receipt.checks_digest,
        findings=tuple(sorted(finding["code"] for finding in report["findings"])),
        skipped=tuple(report["skipped"]),
        signed=signed,
        trust=_meaning(project, signed),
        software=__version__,
    )
    write_json(kept, told.model_dump(mode="json"))
    return told


def _signed(project: Project, stored: StoredSubmission) -> tuple[str, ...]:
    trust = project.trust()
    if trust is None:
        return ()
    judged = standing(project, trust, stored.receipt.module, stored.receipt.version)
    return tuple(str(proof) for proof in judged.signed_by)


def _meaning(project: Project, signed: tuple[str, ...]) -> str:
    if project.trust() is None:
        return "The network does not sign: it has no trust/, and nothing proves who submitted this."
    return "Signed, and judged on arrival." if signed else "Not signed; the network does not ask for it."
