"""Find, read and verify what was submitted."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from pydantic import ValidationError

from mutirao.errors import Finding, GridError, QualityError, UsageError
from mutirao.grid import Grid, Tile
from mutirao.io.places import Place
from mutirao.io.rasters import RasterError, read
from mutirao.legend import NODATA
from mutirao.model import version_key
from mutirao.modules.georeference import transform_text
from mutirao.modules.receipt import (
    RECEIPT,
    Submission,
    grid_digest,
    raster_name,
)
from mutirao.project import Project
from mutirao.trust.content import check_submission, misplaced
from mutirao.trust.standing import standing
from mutirao.trust.verdict import Proof, Trust

_VERSION = re.compile(r"\d+\.\d+\.\d+")
_RESTORE = "restore the folder from a copy; never edit a submission, submit the next version"


@dataclass(frozen=True, slots=True)
class StoredSubmission:
    """A submission and where it lies."""

    receipt: Submission
    """What submission.json says."""
    folder: Place
    """Folder with the rasters."""
    signed_by: tuple[Proof, ...] = ()
    """Who signed it; only for builds."""
    accepted_by: tuple[Proof, ...] = ()
    """Reviewers who accept it; only for builds."""

    def require_grid(self, grid: Grid) -> None:
        """Refuse to be read on another grid; the tile side may differ.

        Raises
        ------
        GridError
            S109: the submission was made for another CRS, resolution, origin or shape.
        """
        if self.receipt.grid_digest != grid_digest(grid):
            there, here = transform_text(self.receipt.grid.transform), transform_text(grid.transform)
            message = f"lies on {self.receipt.grid.shape} pixels, {there}; the collection on {grid.shape}, {here}"
            remedy = "submit the module again for the collection's grid"
            raise GridError.because("S109", message, where=str(self.folder), remedy=remedy)

    def read_claims(self, years: Sequence[int], tile: Tile | None = None, out: np.ndarray | None = None) -> np.ndarray:
        """Return `read_claims` of this submission's folder: (year, y, x) uint8; fill `out` if it is given."""
        return _read_claims(self.folder, self.receipt, years, tile, out)


def list_submissions(project: Project, module: str, *, for_build: bool = False) -> list[str]:
    """Return the versions of a module's submissions, oldest first; unfinished and foreign folders are no versions.

    What lacks a signature that the network asks for is in quarantine, and none either.

    Parameters
    ----------
    for_build : leave out what lacks a review that the network asks for.
    """
    versions, trust = _folders(project, module), project.trust()
    if trust is None or not _asks(trust, for_build=for_build):
        return versions
    return [version for version in versions if not _held_back(project, trust, module, version, for_build=for_build)]


def held_back(project: Project, module: str) -> dict[str, Finding]:
    """Return by version what is wrong with the submissions that no build reads, because of a signature or review."""
    trust = project.trust()
    if trust is None:
        return {}
    reasons = {v: _held_back(project, trust, module, v, for_build=True) for v in _folders(project, module)}
    return {version: findings[0] for version, findings in reasons.items() if findings}


def _folders(project: Project, module: str) -> list[str]:
    folders = (path.parent.name for path in (project.submissions / module).glob(f"*/{RECEIPT}"))
    return sorted((name for name in folders if _VERSION.fullmatch(name)), key=version_key)


def _asks(trust: Trust, *, for_build: bool) -> bool:
    return trust.requires("submission") or (for_build and trust.requires("review"))


def _held_back(project: Project, trust: Trust, module: str, version: str, *, for_build: bool) -> tuple[Finding, ...]:
    return standing(project, trust, module, version).held_back(trust, for_build=for_build)


def load_submission(
    project: Project, module: str, version: str = "latest", *, for_build: bool = False
) -> StoredSubmission:
    """Read a submission's receipt.

    Parameters
    ----------
    version : major.minor.patch, or 'latest' for the highest that `list_submissions` names.
    for_build : ask for the review that the network wants, and, if the network signs, hash the files' bytes again.

    Raises
    ------
    UsageError
        S107: there is no such submission.
    QualityError
        S104: the receipt is damaged, or for a build a file is another; S105: for a build, a file is missing. S121: the
        receipt belongs to another module or version. S123: it is in quarantine. S124: it is not accepted.
    """
    trust = project.trust()
    versions = list_submissions(project, module, for_build=for_build)
    chosen = versions[-1] if version == "latest" and versions else version
    folder = project.submissions / module / chosen
    if chosen not in versions:
        if trust and (folder / RECEIPT).is_file():
            raise _quarantined(_held_back(project, trust, module, chosen, for_build=for_build), folder)
        waiting = {} if versions else held_back(project, module)
        if waiting:
            raise _quarantined(tuple(waiting.values())[-1:], project.submissions / module / list(waiting)[-1])
        remedy = f"versions are: {', '.join(versions)}" if versions else f"run 'mutirao submit {module}'"
        message = f"module '{module}' has no submission '{version}'"
        raise UsageError.because("S107", message, where=str(folder), remedy=remedy)
    stored = StoredSubmission(_read_receipt(folder / RECEIPT), folder)
    elsewhere = misplaced(str(folder), stored.receipt)
    if elsewhere:
        raise QualityError(elsewhere)
    if trust and for_build:
        return _with_proofs(project, trust, stored)
    return stored


def _quarantined(reasons: tuple[Finding, ...], folder: Place) -> QualityError:
    first, others = reasons[0], reasons[1:]
    if first.code in ("S121", "S124"):
        return QualityError(*reasons)
    message = f"the submission is in quarantine: {first.code} {first.message}"
    return QualityError(Finding("S123", message, str(folder), first.remedy), *others)


def _with_proofs(project: Project, trust: Trust, stored: StoredSubmission) -> StoredSubmission:
    """Add who signed and accepted it; a signature says nothing about rasters whose bytes are others."""
    if trust.requires("submission"):
        changed = check_submission(str(stored.folder), stored.receipt, pixels=False)
        if changed:
            raise QualityError(*changed)
    judged = standing(project, trust, stored.receipt.module, stored.receipt.version)
    return replace(stored, signed_by=judged.signed_by, accepted_by=judged.accepted_by)


def _read_receipt(path: Place) -> Submission:
    try:
        return Submission.model_validate_json(path.read_text(encoding="utf-8"))
    except (OSError, ValidationError, UnicodeDecodeError) as err:
        message = f"the receipt is damaged: {str(err).splitlines()[0]}"
        raise QualityError.because("S104", message, where=str(path), remedy=_RESTORE) from err


def read_claims(folder: Place, years: Sequence[int], tile: Tile | None = None) -> np.ndarray:
    """Read a submission's claims in one window of the collection's grid.

    Returns
    -------
    (year, y, x) uint8 legend codes in the order of `years`, 0 means no claim. A year that the submission does not
    have is 0 throughout: the module claims nothing in it.

    Raises
    ------
    QualityError
        S105: a file is missing that the receipt lists.
    RasterError
        M202: a file cannot be decoded.
    """
    return _read_claims(folder, _read_receipt(folder / RECEIPT), years, tile)


def _read_claims(
    folder: Place, receipt: Submission, years: Sequence[int], tile: Tile | None, out: np.ndarray | None = None
) -> np.ndarray:
    shape = tile.shape if tile else receipt.grid.shape
    claims = np.empty((len(years), *shape), np.uint8) if out is None else out
    for plane, year in zip(claims, years, strict=True):
        if year in receipt.years:
            _read_plane(folder / raster_name(folder.parent.name, year, folder.name), tile, plane)
        else:
            plane[:] = NODATA
    return claims


def _read_plane(path: Place, tile: Tile | None, out: np.ndarray) -> None:
    """Read a raster; whether it is there is asked only if it cannot be read, since a store takes its time to answer."""
    try:
        read(path, tile, out=out)
    except RasterError as err:
        if path.is_file():
            raise
        raise QualityError(_lost(path)) from err


def verify_submission(project: Project, module: str, version: str = "latest") -> list[Finding]:
    """Hash a submission's files, pixels and tiles again, in strips and tiles; signatures are not judged.

    Returns
    -------
    Findings: S104 a file's bytes, pixels or claims are not those of the receipt; S105 a file is missing, truncated or
    cannot be decoded; S102, S103, S106, S120 a file's name leads elsewhere, or nobody listed it. Empty if all is as it
    was submitted.

    Raises
    ------
    UsageError
        S107: there is no such submission.
    QualityError
        S104: the receipt is damaged. S121, S123: it is another's, or in quarantine.
    """
    stored = load_submission(project, module, version)
    return check_submission(str(stored.folder), stored.receipt)


def _lost(path: Place) -> Finding:
    return Finding("S105", "the file is missing", str(path), _RESTORE)
