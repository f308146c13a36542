"""What a release writes down about itself: release.json. Written last; a folder without it is no release."""

from __future__ import annotations

from datetime import date

from pydantic import Field

from mutirao.collection import Level
from mutirao.engine.record import AgreementRecord, ModuleRecord, RuleRecord, StepRecord
from mutirao.grid import Grid
from mutirao.model import Frozen, version_key

MANIFEST = "release.json"
"""File that makes a folder a release."""


class FileRecord(Frozen):
    """A file of the release."""

    name: str
    """Path relative to the release folder."""
    size: int
    sha256: str
    pixels: str | None = None
    """Digest of the decoded pixels with grid, dtype and nodata; rasters only."""
    dtype: str | None = None
    """Type of the pixels; rasters only."""


class WaiverRecord(Frozen):
    """Something that the network let pass in a module's submission."""

    module: str
    subject: str
    """Code of a check, or rule of the quality scale."""
    author: str
    reason: str
    expires: date


class Release(Frozen):
    """A released version of a collection."""

    collection: str
    title: str
    version: str
    released: str
    years: tuple[int, ...]
    grid: Grid
    license: str
    publisher: str
    attribution: str
    legend: str
    """Id and version of the legend."""
    build: str
    pixels: dict[str, str]
    """Digest of the decoded pixels of all years by layer."""
    modules: tuple[ModuleRecord, ...]
    rules: tuple[RuleRecord, ...]
    steps: tuple[StepRecord, ...]
    agreement: tuple[AgreementRecord, ...]
    hole_ha: float
    unconfirmed: tuple[int, ...] = ()
    """Last years that no step of the chain can judge before later years are known."""
    missing: tuple[str, ...]
    required: tuple[str, ...] = ()
    """What the network asked to be signed when it was built; empty if it does not sign."""
    held_back: tuple[str, ...] = ()
    """Submissions that were there and not read, because of a signature or review, in words."""
    levels: dict[str, Level | None] = Field(default_factory=dict)
    """Level of the quality scale by module on the day of the release; older releases have none."""
    waivers: tuple[WaiverRecord, ...] = ()
    """Waivers in force for its submissions on that day."""
    files: tuple[FileRecord, ...]
    previous: str | None
    """sha256 of the release.json of the version before."""
    previous_version: str | None
    software: dict[str, str]

    @property
    def version_key(self) -> tuple[int, ...]:
        """The version as integers, for sorting."""
        return version_key(self.version)
