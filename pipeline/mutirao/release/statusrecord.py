"""Where a collection stands, as plain values: what `mutirao status` shows, prints as JSON and draws as a page."""

from __future__ import annotations

from datetime import date
from typing import Literal

from mutirao.collection import Level
from mutirao.model import Frozen
from mutirao.modules.receipt import ChangeRecord
from mutirao.release.deadlines import Deadline, Progress

YearState = Literal["delivered", "lent", "missing", "left", "none"]
"""In the submission; taken from an earlier one; announced and not there; announced, not there, and left to the other
modules by the collection; not announced."""


class Lacking(Frozen):
    """A rule of the quality scale that the next level needs."""

    rule: str
    level: Level
    title: str
    said: str
    """What was looked at."""
    remedy: str


class FindingLine(Frozen):
    """What a check of the submission found."""

    code: str
    severity: Literal["block", "advise"]
    message: str
    where: str
    waived: bool


class WaiverLine(Frozen):
    """A waiver of a module."""

    subject: str
    """Code of a check or rule of the scale."""
    author: str
    reason: str
    expires: date
    days_left: int
    """Negative when it has ended."""
    counts: bool
    """Whether it excuses something in the submission today."""
    why_not: str
    """Why it does not; empty if it does."""


class Accuracy(Frozen):
    """What is known about how right a map is."""

    overall: float
    low: float | None
    high: float | None
    """95 % interval; None for an agreement, and for a sample that allows none."""
    said: str
    signed_by: tuple[str, ...] | None = None
    """Assessors who signed it; None for an agreement, and where the network does not sign."""


class ModuleStatus(Frozen):
    """Where one module stands."""

    module: str
    name: str
    kind: str
    organisation: str
    problem: str
    """Why its manifest or submission cannot be read; empty if it can."""
    version: str | None
    """Submission that a build would take; None if there is none."""
    versions: tuple[str, ...]
    submitted: date | None
    years: dict[int, YearState]
    """By year of the collection."""
    level: Level | None
    next_level: Level | None
    lacking: tuple[Lacking, ...]
    levels: dict[str, Level | None]
    """Level that was recorded when it was taken in, by version; older receipts have none."""
    findings: tuple[FindingLine, ...]
    skipped: int
    waivers: tuple[WaiverLine, ...]
    change: ChangeRecord | None
    accuracy: Accuracy | None
    signed_by: tuple[str, ...]
    rebuilt_by: tuple[str, ...]
    """Who signed a run from the sources that gave the same pixels."""
    accepted_by: tuple[str, ...]
    rejected_by: tuple[str, ...]
    held_back: dict[str, str]
    """Why no build reads a submission, by version."""
    deadlines: tuple[Deadline, ...]

    def count(self, state: YearState) -> int:
        """Return the number of years in a state."""
        return sum(value == state for value in self.years.values())

    @property
    def announced(self) -> int:
        """Number of years that the module announces."""
        return len(self.years) - self.count("none")

    @property
    def complete(self) -> bool:
        """Whether every year that it announces is in its submission."""
        return self.announced > 0 and self.count("delivered") == self.announced

    def open_findings(self, severity: Literal["block", "advise"]) -> int:
        """Return the number of findings that no waiver excuses."""
        return sum(one.severity == severity and not one.waived for one in self.findings)


class BuildStatus(Frozen):
    """The last build, and why it is out of date."""

    build: str
    created: str
    uses: dict[str, str]
    """Version of the submission by module."""
    newer_submissions: tuple[str, ...]
    changed: tuple[str, ...]
    """What else is not as it was: rules, chain, collection, legend."""


class ReleaseStatus(Frozen):
    """A release."""

    version: str
    released: date


class Status(Frozen):
    """Where a collection stands."""

    collection: str
    title: str
    publisher: str
    on: date
    """Day of the status, UTC."""
    years: tuple[int, ...]
    signs: bool
    """Whether the network signs."""
    modules: tuple[ModuleStatus, ...]
    milestones: dict[str, str]
    """Title by milestone."""
    collection_deadlines: tuple[Deadline, ...]
    """Milestones of the collection as a whole: releases."""
    goals: tuple[Progress, ...]
    build: BuildStatus | None
    releases: tuple[ReleaseStatus, ...]
