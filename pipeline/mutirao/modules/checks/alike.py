"""Findings that say the same of many years or files, told once: the worst of them, and where else it is so."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import PurePath

from mutirao.errors import Finding
from mutirao.modules.numbers import counted, years_text

_NUMBER = re.compile(r"(?<![A-Za-z\d.#])[+-]?\d[\d,.]*(?<![,.])")
_VALUE = re.compile(r"(?<![\w.])\d+(?= \(\d+ pixels?\))")
"""A value that means nothing, and how often it is there: of all numbers the only one that says what is wrong."""
_SKIPPED = re.compile(r"(?P<check>[A-Z]\d{3})(?: for (?P<year>\d{4}))?: (?P<reason>.*)", re.DOTALL)
_SHOWN = 8
"""Places in files that are named where there is no year to say."""


def shape(text: str) -> str:
    """Return what a message says without numbers, and without details after a semicolon, to compare those of years."""
    kept = _VALUE.sub(lambda found: f"#{found[0]}", text.partition("; ")[0])
    return _NUMBER.sub("0", kept)


@dataclass(frozen=True, slots=True)
class Alike:
    """Findings of one code that say the same, but for year and numbers."""

    findings: tuple[Finding, ...]
    """All of them, in the order of years."""

    @property
    def worst(self) -> Finding:
        """The one that is told in full: the heaviest, or else the first."""
        return max(self.findings, key=lambda finding: finding.weight or 0)

    @property
    def years(self) -> tuple[int, ...]:
        """Years that they are about, each once."""
        return tuple(sorted({finding.year for finding in self.findings if finding.year is not None}))

    @property
    def extent(self) -> str:
        """In how many years, or in how many places, it is so; nothing if there is only one finding."""
        count = len(self.findings)
        if count == 1:
            return ""
        if not self.years:
            return f"{count} times"
        is_series = len(self.years) > 1
        span = f"in {years_text(self.years)}" + (f" ({counted(len(self.years), 'year')})" if is_series else "")
        often = f", {count} times" if count > len(self.years) else ""
        worst = f"; this is {f'{self.worst.year}, ' if is_series else ''}the worst"
        return f"{span}{often}{worst if len({finding.weight for finding in self.findings}) > 1 else ''}"

    @property
    def where(self) -> str:
        """Where it is: the worst of several years; else each place, as far as there are few."""
        places = list(dict.fromkeys(finding.where for finding in self.findings))
        if self.years or len(places) == 1:
            return self.worst.where
        folder = str(PurePath(places[0]).parent)
        same = folder != "." and all(str(PurePath(place).parent) == folder for place in places)
        named = [places[0], *(PurePath(place).name if same else place for place in places[1:_SHOWN])]
        more = f" and {len(places) - _SHOWN} more" if len(places) > _SHOWN else ""
        return ", ".join(named) + more


def group(findings: Iterable[Finding]) -> tuple[Alike, ...]:
    """Return findings in groups that say the same, in the order in which each group begins.

    Only findings about a module's maps are alike but for numbers; others (rules, chains) stay apart.
    """
    groups: dict[tuple[object, ...], list[Finding]] = {}
    for finding in findings:
        words = (finding.severity, shape(finding.message), _NUMBER.sub("0", finding.remedy))
        groups.setdefault((finding.code, *words) if finding.code.startswith("M") else (finding,), []).append(finding)
    return tuple(Alike(tuple(sorted(same, key=lambda one: one.year or 0))) for same in groups.values())


def fold(skipped: Sequence[str]) -> tuple[str, ...]:
    """Return what could not be checked with one line for each reason; lines about other things stay as they are.

    Parameters
    ----------
    skipped : lines such as 'M404 for 2021: the file cannot be decoded'.
    """
    reasons: dict[str, list[re.Match[str]]] = {}
    others: list[str] = []
    for line in skipped:
        found = _SKIPPED.fullmatch(line)
        if found:
            reasons.setdefault(shape(found["reason"]), []).append(found)
        else:
            others.append(line)
    return (*map(_folded, reasons.values()), *others)


def _folded(lines: Sequence[re.Match[str]]) -> str:
    checks = list(dict.fromkeys(line["check"] for line in lines))
    years = {int(line["year"]) for line in lines if line["year"]}
    reasons = list(dict.fromkeys(line["reason"] for line in lines))
    like = f", and {len(reasons) - 1} more like it" if len(reasons) > 1 else ""
    named = ", ".join(checks) if len(checks) <= _SHOWN else f"{min(checks)} to {max(checks)}"
    what = checks[0] if len(checks) == 1 else f"{counted(len(checks), 'check')} ({named})"
    return f"{what}{f' for {years_text(years)}' if years else ''}: {reasons[0]}{like}"
