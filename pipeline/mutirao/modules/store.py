"""Find, read and verify what was submitted."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from pydantic import ValidationError

from mutirao.errors import Finding, GridError, QualityError, UsageError
from mutirao.grid import Grid, Tile
from mutirao.io.rasters import RasterError, file_digest, pixel_digest, read
from mutirao.legend import NODATA
from mutirao.model import version_key
from mutirao.modules.georeference import transform_text
from mutirao.modules.receipt import (
    RECEIPT,
    REPORT,
    FileRecord,
    Submission,
    grid_digest,
    raster_name,
    tile_digests,
)
from mutirao.project import Project

_VERSION = re.compile(r"\d+\.\d+\.\d+")
_RESTORE = "restore the folder from a copy; never edit a submission, submit the next version"


@dataclass(frozen=True, slots=True)
class StoredSubmission:
    """A submission and where it lies."""

    receipt: Submission
    """What submission.json says."""
    folder: Path
    """Folder with the rasters."""

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

    def read_claims(self, years: Sequence[int], tile: Tile | None = None) -> np.ndarray:
        """Return `read_claims` of this submission's folder: (year, y, x) uint8."""
        return read_claims(self.folder, years, tile)


def list_submissions(project: Project, module: str) -> list[str]:
    """Return the versions of a module's submissions, oldest first; unfinished and foreign folders are no versions."""
    folders = (path.parent.name for path in (project.submissions / module).glob(f"*/{RECEIPT}"))
    return sorted((name for name in folders if _VERSION.fullmatch(name)), key=version_key)


def load_submission(project: Project, module: str, version: str = "latest") -> StoredSubmission:
    """Read a submission's receipt.

    Parameters
    ----------
    version : major.minor.patch, or 'latest' for the highest.

    Raises
    ------
    UsageError
        S107: there is no such submission.
    QualityError
        S104: the receipt is damaged.
    """
    versions = list_submissions(project, module)
    chosen = versions[-1] if version == "latest" and versions else version
    folder = project.submissions / module / chosen
    if chosen not in versions:
        remedy = f"versions are: {', '.join(versions)}" if versions else f"run 'mutirao submit {module}'"
        message = f"module '{module}' has no submission '{version}'"
        raise UsageError.because("S107", message, where=str(folder), remedy=remedy)
    return StoredSubmission(_read_receipt(folder / RECEIPT), folder)


def _read_receipt(path: Path) -> Submission:
    try:
        return Submission.model_validate_json(path.read_text(encoding="utf-8"))
    except (OSError, ValidationError, UnicodeDecodeError) as err:
        message = f"the receipt is damaged: {str(err).splitlines()[0]}"
        raise QualityError.because("S104", message, where=str(path), remedy=_RESTORE) from err


def read_claims(folder: Path, years: Sequence[int], tile: Tile | None = None) -> np.ndarray:
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
    planes: dict[int, np.ndarray] = {}
    for year in years:
        path = folder / raster_name(folder.parent.name, year, folder.name)
        if path.is_file():
            planes[year] = read(path, tile)
        elif year in _read_receipt(folder / RECEIPT).years:
            raise QualityError(_lost(path))
    shape = tile.shape if tile else _read_receipt(folder / RECEIPT).grid.shape
    empty = np.full(shape, NODATA, dtype=np.uint8)
    return np.stack([planes.get(year, empty) for year in years]) if len(years) else empty[None][:0]


def verify_submission(project: Project, module: str, version: str = "latest") -> list[Finding]:
    """Hash a submission's files, pixels and tiles again; all its years are held in memory.

    Returns
    -------
    Findings: S104 a file's bytes, pixels or claims are not those of the receipt; S105 a file is missing, truncated or
    cannot be decoded. Empty if all is as it was submitted.

    Raises
    ------
    UsageError
        S107: there is no such submission.
    QualityError
        S104: the receipt is damaged.
    """
    stored = load_submission(project, module, version)
    findings = [finding for record in stored.receipt.files for finding in _verify_file(stored, record)]
    findings += _verify_report(stored)
    return findings or _verify_tiles(stored)


def _verify_file(stored: StoredSubmission, record: FileRecord) -> Iterator[Finding]:
    path = stored.folder / record.name
    if not path.is_file():
        yield _lost(path)
        return
    size = path.stat().st_size
    if size < record.size:
        yield Finding("S105", f"is truncated: {size} bytes of {record.size}", str(path), _RESTORE)
        return
    if file_digest(path) != record.sha256:
        yield Finding("S104", "bytes are not those that were submitted (sha256 differs)", str(path), _RESTORE)
    yield from _verify_pixels(stored, record)


def _verify_pixels(stored: StoredSubmission, record: FileRecord) -> Iterator[Finding]:
    path = stored.folder / record.name
    try:
        digest = pixel_digest(read(path), stored.receipt.grid)
    except RasterError as err:
        yield Finding("S105", err.findings[0].message, str(path), _RESTORE)
        return
    if digest != record.pixels:
        yield Finding("S104", "pixels are not those that were submitted", str(path), _RESTORE)


def _verify_report(stored: StoredSubmission) -> list[Finding]:
    path = stored.folder / REPORT
    if not path.is_file():
        return [_lost(path)]
    if file_digest(path) != stored.receipt.checks_digest:
        return [Finding("S104", "the check report was changed", str(path), _RESTORE)]
    return []


def _verify_tiles(stored: StoredSubmission) -> list[Finding]:
    years = stored.receipt.years
    claims = dict(zip(years, stored.read_claims(years), strict=True))
    again = tile_digests(claims, stored.receipt.grid)
    changed = [tile for tile, digest in again.items() if stored.receipt.tiles.get(tile) != digest]
    if not changed:
        return []
    message = f"claims differ from the receipt in tiles {', '.join(changed[:10])}"
    return [Finding("S104", message, str(stored.folder / RECEIPT), _RESTORE)]


def _lost(path: Path) -> Finding:
    return Finding("S105", "the file is missing", str(path), _RESTORE)
