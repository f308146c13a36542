"""Submit: take a module's rasters in, or refuse them with everything that is wrong."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from mutirao.errors import Finding, ImmutableError, QualityError, ResourceError
from mutirao.io.places import Place
from mutirao.io.rasters import pixel_digest
from mutirao.model import require_version, version_key
from mutirao.modules.acknowledgement import Acknowledgement, acknowledge
from mutirao.modules.discovery import load_module
from mutirao.modules.incoming import Rasters
from mutirao.modules.numbers import years_text
from mutirao.modules.package import Package, write_package
from mutirao.modules.quality.grade import grade
from mutirao.modules.receipt import RECEIPT, Submission
from mutirao.modules.review import Review, review_rasters
from mutirao.modules.store import (
    StoredSubmission,
    list_submissions,
    load_submission,
    read_claims,
    verify_submission,
)
from mutirao.project import Project
from mutirao.trust.entry import receipt_signer

__all__ = [
    "StoredSubmission",
    "Submission",
    "Submitted",
    "list_submissions",
    "load_submission",
    "read_claims",
    "submit",
    "verify_submission",
]


@dataclass(frozen=True, slots=True)
class Submitted:
    """What came of a submission."""

    receipt: Submission
    """What submission.json says."""
    folder: Place
    """Where it lies, for ever."""
    created: bool
    """False if the same version with the same pixels was already there."""
    findings: tuple[Finding, ...]
    """Advice; nothing that refuses."""
    skipped: tuple[str, ...]
    """What could not be checked, and why."""
    review: Review
    """What was looked at, for a report."""
    acknowledged: Acknowledgement
    """What the submitter is told, kept in receipts/."""


def submit(
    project: Project,
    module_id: str,
    version: str,
    rasters: Rasters,
    *,
    report: Mapping[str, Any] | None = None,
    key: Path | None = None,
) -> Submitted:
    """Check a module's rasters and store them as an immutable version.

    Local codes become codes of the legend, the module's own grid becomes the collection's, and one COG a year is
    written with checks.json, submission.json and its signature. All of it appears at once, or nothing does. What the
    submitter is told is kept in receipts/.

    Parameters
    ----------
    version : major.minor.patch.
    rasters : arrays of a run, (year, y, x) uint8 local codes on the module's grid, 0 means no claim, or (y, x) by
        year; or delivered files: a folder, a glob or a list of paths, named as the manifest says. Memory holds the
        classes of as many years as are written at the same time.
    report : what the run says about itself, kept in the receipt.
    key : private key, or public key of one in an agent, that signs the receipt; a must if the network asks for it.

    Raises
    ------
    ConfigError
        The module cannot be linked; see `load_module`.
    QualityError
        With all findings, advice included, if any of them blocks, Q101 to Q104 about waivers and Q201 if the module
        would fall below its last level among them; K202 to K209: the signature would prove nothing.
        Nothing is written. S121, S123: what is there under this version is another's, or in quarantine.
    ImmutableError
        S101: the version exists with other pixels. S122: a later version is there.
    UsageError
        U106: the version is not major.minor.patch. K210: the network asks for a signature. K305: it does not sign.
    ResourceError
        S108: the storage failed. Nothing is left behind.
    """
    require_version(version)
    module = load_module(project, module_id)
    sign = receipt_signer(project, module.source, key)
    _require_newer(project, module.id, version)
    graded = grade(project, module, review_rasters(module, rasters, project), version, report=report, signs=bool(sign))
    review = graded.review
    if not review.is_accepted:
        raise QualityError(*sorted(review.findings, key=lambda finding: finding.severity != "block"))
    package = Package(project, module, version, review, report or {}, sign, graded.verdict.record(), graded.change)
    created = _store(project.submissions / module.id / version, package)
    stored = load_submission(project, module.id, version)
    if not created:
        _require_same_pixels(stored, review.classes.values)
    told = acknowledge(project, stored)
    return Submitted(stored.receipt, stored.folder, created, review.findings, review.skipped, review, told)


def _require_newer(project: Project, module: str, version: str) -> None:
    """Refuse a new version that is older than one that is there, such as an old submission played again."""
    there = list_submissions(project, module)
    if there and version_key(version) < version_key(there[-1]) and version not in there:
        folder = project.submissions / module
        remedy = f"submit under a version after {there[-1]}"
        message = f"version {there[-1]} of '{module}' is there, and {version} is older"
        raise ImmutableError.because("S122", message, where=str(folder), remedy=remedy)


def _store(folder: Place, package: Package) -> bool:
    """Write a submission unless there is one; return whether it was written."""
    if (folder / RECEIPT).exists():
        return False
    try:
        write_package(folder, package)
    except OSError as err:
        if (folder / RECEIPT).exists():  # another process submitted the version in the meantime
            return False
        remedy = "look at space and permissions of the workspace, and remove a folder of this name without a receipt"
        raise ResourceError.because("S108", f"cannot be stored: {err}", where=str(folder), remedy=remedy) from err
    return True


def _require_same_pixels(stored: StoredSubmission, claims: Mapping[int, np.ndarray]) -> None:
    there = {record.year: record.pixels for record in stored.receipt.files}
    offered = {year: pixel_digest(pixels, stored.receipt.grid) for year, pixels in claims.items()}
    changed = [year for year in sorted(there | offered) if there.get(year) != offered.get(year)]
    if changed:
        message = f"version {stored.receipt.version} exists with other pixels in {years_text(changed)}"
        remedy = "submit the new rasters under the next version"
        raise ImmutableError.because("S101", message, where=str(stored.folder), remedy=remedy)
