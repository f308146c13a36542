"""One error tree and one shape for everything that can be wrong.

A message says what is wrong, where, which value, and the remedy. Validators collect `Finding`s and raise once with
all of them; computations raise at once. The class of an error decides the exit status of the command line.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any, Literal, Self, TypeVar

Severity = Literal["block", "advise"]
Item = TypeVar("Item")
Result = TypeVar("Result")


@dataclass(frozen=True, slots=True)
class Place:
    """A box on the map."""

    bbox: tuple[float, float, float, float]
    """West, south, east, north in WGS 84 degrees; encloses the pixels."""
    rows: tuple[int, int]
    """First row of the collection's grid, and the row after the last."""
    columns: tuple[int, int]
    """First column of the collection's grid, and the column after the last."""

    def as_dict(self) -> dict[str, Any]:
        """Return the box as plain values, and as a GeoJSON geometry."""
        west, south, east, north = self.bbox
        ring = [[west, south], [east, south], [east, north], [west, north], [west, south]]
        geometry = {"type": "Polygon", "coordinates": [ring]}
        return {"bbox": [*self.bbox], "rows": [*self.rows], "columns": [*self.columns], "geometry": geometry}


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that is wrong or doubtful, for a person and for a program."""

    code: str
    """Stable code such as `M301`; listed in docs/reference/findings.md and never reused."""
    message: str
    """What is wrong, with the value that was met."""
    where: str
    """File, or file:line:column, or module and year."""
    remedy: str
    """What to do about it."""
    severity: Severity = "block"
    """`block` refuses the work, `advise` only tells."""
    places: tuple[Place, ...] = field(default=(), kw_only=True)
    """Where on the map, the worst first; empty if it is nowhere, or everywhere."""
    year: int | None = field(default=None, kw_only=True)
    """Year of the map that it is about; none if it is about no single year."""
    weight: float | None = field(default=None, kw_only=True)
    """How bad it is among findings of its code that say the same: more is worse. None if they are all alike."""

    def __str__(self) -> str:
        return f"{self.where}: {self.code} {self.message}. Remedy: {self.remedy}"

    def as_dict(self) -> dict[str, Any]:
        """Return the fields as plain values, for `--json`; `places`, `year` and `weight` only if there are any."""
        text = {name: getattr(self, name) for name in ("code", "message", "where", "remedy", "severity")}
        known = {name: value for name in ("year", "weight") if (value := getattr(self, name)) is not None}
        return text | known | ({"places": [place.as_dict() for place in self.places]} if self.places else {})


class MutiraoError(Exception):
    """Anything that mutirao refuses; carries one finding or many."""

    exit_status = 1

    def __init__(self, *findings: Finding) -> None:
        self.findings = findings
        super().__init__("\n".join(str(finding) for finding in findings))

    @classmethod
    def because(cls, code: str, message: str, *, where: str, remedy: str) -> Self:
        """Make an error of this class out of a single finding."""
        return cls(Finding(code, message, where, remedy))


class ConfigError(MutiraoError):
    """A configuration file, manifest or recipe is wrong."""


class GridError(MutiraoError):
    """A raster does not lie on the grid that it must lie on."""


class QualityError(MutiraoError):
    """Checks refused a submission, or a gate refused a release."""


class ImmutableError(MutiraoError):
    """A finished submission or release would be changed."""


class UsageError(MutiraoError):
    """The command was called with something that does not exist."""

    exit_status = 2


class ResourceError(MutiraoError):
    """The machine, the network or the storage failed, not the data."""

    exit_status = 3


def blocking(findings: Iterable[Finding]) -> tuple[Finding, ...]:
    """Return the findings that refuse the work."""
    return tuple(finding for finding in findings if finding.severity == "block")


def try_each(call: Callable[[Item], Result], items: Iterable[Item]) -> tuple[Result, ...]:
    """Return the results of a call by item; every item is tried, so that all that is wrong is told at once.

    Raises
    ------
    MutiraoError
        As the first item that failed, with the findings of all.
    """
    results, errors = [], []
    for item in items:
        try:
            results.append(call(item))
        except MutiraoError as err:
            errors.append(err)
    if errors:
        raise type(errors[0])(*(finding for err in errors for finding in err.findings))
    return tuple(results)
