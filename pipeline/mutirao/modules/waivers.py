"""Waivers: what a network lets pass for a while, with author, reason and end: contributors/<id>/waivers.yaml."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

from pydantic import Field, model_validator

from mutirao.errors import Finding
from mutirao.io import configs
from mutirao.io.configs import Source
from mutirao.model import Frozen, Id, Version, version_key
from mutirao.modules.checks import ALL_CHECKS
from mutirao.modules.quality.scale import Scale
from mutirao.project import Project

FILE = "waivers.yaml"
_WAIVED = "Waived until"


class VersionRange(Frozen):
    """Versions of submissions, both ends included."""

    first: Version | None = Field(default=None, description="First version; the first of all if absent.")
    last: Version | None = Field(default=None, description="Last version; no end if absent.")

    @model_validator(mode="after")
    def _is_ordered(self) -> VersionRange:
        if self.first and self.last and version_key(self.last) < version_key(self.first):
            raise ValueError(f"last version {self.last} is before first version {self.first}")
        return self

    def __str__(self) -> str:
        """Return the range in words."""
        if self.first and self.last:
            return f"{self.first} to {self.last}"
        return f"from {self.first}" if self.first else f"to {self.last}" if self.last else "of any number"

    def __contains__(self, version: object) -> bool:
        if not isinstance(version, str):
            return False
        key = version_key(version)
        after = self.first is None or version_key(self.first) <= key
        return after and (self.last is None or key <= version_key(self.last))


class Waiver(Frozen):
    """One thing that is let pass for a while."""

    code: str | None = Field(default=None, description="Code of a check, such as M703; or else give 'rule'.")
    rule: Id | None = Field(default=None, description="Rule of the quality scale; or else give 'code'.")
    author: str = Field(min_length=1, description="Who lets it pass.")
    reason: str = Field(min_length=1, description="Why, for the release notes.")
    expires: date = Field(description="Last day on which it counts, 2027-03-31.")
    versions: VersionRange = Field(default=VersionRange(), description="Submissions that it is for; all by default.")

    @model_validator(mode="after")
    def _excuses_one_thing(self) -> Waiver:
        if (self.code is None) == (self.rule is None):
            raise ValueError("a waiver needs one of 'code' and 'rule'")
        if not self.author.strip() or not self.reason.strip():
            raise ValueError("a waiver needs an author and a reason")
        return self

    @property
    def subject(self) -> str:
        """What it excuses: the code or the rule."""
        return self.code or self.rule or ""

    def counts(self, version: str | None, today: date) -> bool:
        """Return whether it excuses something in a version on a day; None is a version that has no number yet."""
        return today <= self.expires and (version is None or version in self.versions)


class Waivers(Frozen):
    """The waivers of one module."""

    waivers: tuple[Waiver, ...] = Field(description="In any order.")


def today_utc() -> date:
    """Return the day of today, UTC."""
    return datetime.now(UTC).date()


def load_waivers(project: Project, module: str) -> Source[Waivers] | None:
    """Read a module's waivers; None if it has none.

    Raises
    ------
    ConfigError
        C102 to C106: the file is wrong; a waiver without author, reason or end is.
    """
    path = project.module_folder(module) / FILE
    return configs.load(path, Waivers) if path.is_file() else None


def in_force(
    source: Source[Waivers] | None, scale: Scale, version: str | None, today: date | None = None
) -> tuple[Waiver, ...]:
    """Return the waivers that count for a version: not ended, known, and of something that may be waived."""
    day = today or today_utc()
    entries = source.value.waivers if source else ()
    return tuple(waiver for waiver in entries if waiver.counts(version, day) and not _objection(waiver, scale, day))


def why_not(waiver: Waiver, scale: Scale, version: str | None, today: date) -> str:
    """Return why a waiver excuses nothing in a version on a day; nothing if it does."""
    problem = _objection(waiver, scale, today)
    if problem:
        return problem[2]
    if waiver.expires < today:
        return f"it ended on {waiver.expires}"
    return "" if waiver.counts(version, today) else f"it is for versions {waiver.versions}"


def check_waivers(source: Source[Waivers] | None, scale: Scale, today: date | None = None) -> Iterator[Finding]:
    """Yield what is wrong with waivers.

    Returns
    -------
    Findings: Q101 an unknown code or rule; Q102 it has ended; Q103 what it excuses may not be waived; Q104 it ends
    later than the scale allows. Only Q102 is advice.
    """
    day = today or today_utc()
    for number, waiver in enumerate(source.value.waivers if source else ()):
        problem = _objection(waiver, scale, day) or _ended(waiver, day)
        if source and problem:
            code, key, message, remedy = problem
            where = source.at("waivers", number, key)
            yield Finding(code, message, where, remedy, "advise" if code == "Q102" else "block")


Problem = tuple[str, str, str, str]
"""Code, key of the waiver, message and remedy."""


def _objection(waiver: Waiver, scale: Scale, today: date) -> Problem | None:
    return _unknown(waiver, scale) or _forbidden(waiver, scale) or _too_long(waiver, scale, today)


def _ended(waiver: Waiver, today: date) -> Problem | None:
    if waiver.expires >= today:
        return None
    days = (today - waiver.expires).days
    ago = f"{days} day{'' if days == 1 else 's'} ago"
    message = f"the waiver of {waiver.subject} ended on {waiver.expires}, {ago}, and excuses nothing"
    return "Q102", "expires", message, "repair what it excused and take it away, or agree on a new end"


def _unknown(waiver: Waiver, scale: Scale) -> Problem | None:
    key = "code" if waiver.code else "rule"
    known = [check.code for check in ALL_CHECKS] if waiver.code else [rule.id for rule in scale.rules]
    if waiver.subject in known:
        return None
    near = difflib.get_close_matches(waiver.subject, known, 1)
    page = "docs/reference/findings.md" if waiver.code else "docs/quality.md"
    remedy = f"did you mean '{near[0]}'?" if near else f"name one that {page} lists"
    message = f"no check has the code '{waiver.code}'" if waiver.code else f"the scale has no rule '{waiver.rule}'"
    return "Q101", key, message, remedy


def _forbidden(waiver: Waiver, scale: Scale) -> Problem | None:
    remedy = "repair what it is about"
    if waiver.rule:
        rule = next(rule for rule in scale.rules if rule.id == waiver.rule)
        message = f"the rule '{rule.id}' may not be waived"
        return None if rule.waivable else ("Q103", "rule", message, remedy)
    check = next(check for check in ALL_CHECKS if check.code == waiver.code)
    if check.severity == "advise" or check.code in scale.waivers.blocking:
        return None
    remedy += ", or let the network list it under waivers.blocking in configs/quality.yaml"
    return "Q103", "code", f"{check.code} refuses a submission, and may not be waived", remedy


def _too_long(waiver: Waiver, scale: Scale, today: date) -> Problem | None:
    last = today + timedelta(days=scale.waivers.longest_days)
    if waiver.expires <= last:
        return None
    message = f"the waiver of {waiver.subject} ends on {waiver.expires}, and none may end after {last}"
    return "Q104", "expires", message, f"let it end within {scale.waivers.longest_days} days, and renew it then"


def excuse(findings: Iterable[Finding], waivers: Sequence[Waiver], scale: Scale) -> tuple[Finding, ...]:
    """Return findings as waivers leave them.

    One that is excused advises at most, and says who excuses it and why. A blocking one that the scale does not let
    anybody waive stays as it is.
    """
    by_code = {waiver.code: waiver for waiver in waivers if waiver.code}
    return tuple(_excused(finding, by_code.get(finding.code), scale) for finding in findings)


def _excused(finding: Finding, waiver: Waiver | None, scale: Scale) -> Finding:
    if waiver is None or (finding.severity == "block" and finding.code not in scale.waivers.blocking):
        return finding
    return replace(finding, severity="advise", remedy=f"{finding.remedy}. {in_words(waiver)}")


def in_words(waiver: Waiver) -> str:
    """Return a waiver as one sentence."""
    return f"{_WAIVED} {waiver.expires} by {waiver.author}: {waiver.reason}"


def was_excused(remedy: str) -> bool:
    """Return whether `excuse` has written this remedy of a finding."""
    return f". {_WAIVED} " in remedy
