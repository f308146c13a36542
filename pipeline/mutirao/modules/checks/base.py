"""What a check is, and how many of them run.

A check is a small class. It asks for what it needs by the names of its parameters, as tests ask for fixtures; each
fixture is made once. A check yields findings and never raises; what could not be looked at is said, not hidden.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

from mutirao.errors import Finding, MutiraoError, Place, Severity
from mutirao.modules.yearly import ByYear

Maker = Callable[..., object]


class Check:
    """One rule; the first line of a subclass's docstring is its title."""

    code: ClassVar[str]
    """Stable code, never reused."""
    severity: ClassVar[Severity] = "block"
    """Whether a finding refuses the submission."""
    remedy: ClassVar[str]
    """What the contributor does about it."""

    if TYPE_CHECKING:  # each subclass names its fixtures as parameters
        check: Callable[..., Iterable[Finding]]

    @classmethod
    def title(cls) -> str:
        """Return the first line of the docstring."""
        return (inspect.getdoc(cls) or "").splitlines()[0].rstrip(".")

    def found(
        self,
        message: str,
        where: str,
        *,
        remedy: str | None = None,
        severity: Severity | None = None,
        places: Iterable[Place] = (),
        year: int | None = None,
        weight: float | None = None,
    ) -> Finding:
        """Make a finding of this check; remedy and severity are the class's unless given."""
        return Finding(
            self.code,
            message,
            where,
            remedy or self.remedy,
            severity or self.severity,
            places=tuple(places),
            year=year,
            weight=None if weight is None else round(float(weight), 6),
        )


@dataclass(frozen=True, slots=True)
class Outcome:
    """What the checks found and what they could not look at."""

    findings: tuple[Finding, ...]
    skipped: tuple[str, ...]
    """Lines such as 'M404 for 2021: the file cannot be decoded'."""


class Unavailable(Exception):  # noqa: N818 - it is a state of a fixture, no error of the program
    """A fixture could not be made."""


class Fixtures:
    """Values by name: some are given, the others are made from them when first asked for."""

    def __init__(self, makers: Iterable[Maker], **given: object) -> None:
        self.findings: list[Finding] = []
        self._makers = {maker.__name__: maker for maker in makers}
        self._values: dict[str, object] = dict(given)

    def arguments(self, function: Callable[..., object]) -> dict[str, Any]:
        """Return the fixtures that a function names as parameters; a parameter with a default may go without.

        Raises
        ------
        Unavailable
            One of them could not be made.
        """
        wanted: dict[str, Any] = {}
        for name, parameter in inspect.signature(function).parameters.items():
            try:
                wanted[name] = self.get(name)
            except Unavailable:
                if parameter.default is parameter.empty:
                    raise
                wanted[name] = parameter.default
        return wanted

    def get(self, name: str) -> object:
        """Return one fixture; what went wrong while it was made is kept in `findings`, once."""
        if name not in self._values:
            self._values[name] = self._make(name)
        value = self._values[name]
        if isinstance(value, Unavailable):
            raise value
        return value

    def _make(self, name: str) -> object:
        maker = self._makers[name]
        try:
            return maker(**self.arguments(maker))
        except Unavailable as err:
            return err
        except MutiraoError as err:
            self.findings.extend(err.findings)
            return Unavailable(f"{name}: {err.findings[0].message}")


def run_checks(checks: Iterable[type[Check]], fixtures: Fixtures) -> Outcome:
    """Run all checks and collect everything; no finding stops another check."""
    findings: list[Finding] = []
    skipped: list[str] = []
    for check in checks:
        try:
            arguments = fixtures.arguments(check().check)
        except Unavailable as err:
            skipped.append(f"{check.code}: {err}")
            continue
        findings.extend(check().check(**arguments))
        skipped.extend(_skipped_years(check.code, arguments))
    return Outcome((*fixtures.findings, *findings), tuple(skipped))


def _skipped_years(code: str, arguments: Mapping[str, object]) -> Iterator[str]:
    reasons = {
        year: reason
        for value in arguments.values()
        if isinstance(value, ByYear)
        for year, reason in value.missing.items()
    }
    for year in sorted(reasons):
        yield f"{code} for {year}: {reasons[year]}"
