"""What is known of one stored submission, in numbers: what the report page draws, and what its JSON twin says.

Areas are hectares on the ellipsoid. Classes are those that appear in the submission or in the one before, in the order
of the legend; place 0 of a table by class with no claim is 'no claim'.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np

from mutirao.errors import Finding
from mutirao.legend import NODATA
from mutirao.modules.checks.fixtures import Before
from mutirao.modules.checks.neighbourhood import Neighbourhood
from mutirao.modules.checks.survey import Survey
from mutirao.modules.module import Module
from mutirao.modules.store import StoredSubmission

NO_CLAIM = "no claim"
LARGEST = 3
"""Changes of a year that are told."""


@dataclass(frozen=True, slots=True)
class ClassLine:
    """A class that appears."""

    code: int
    name: str
    color: str
    """#rrggbb."""


@dataclass(frozen=True, slots=True)
class Change:
    """Hectares that go from one class to another; a class is its code, 0 is no claim."""

    before: int
    after: int
    area_ha: float


@dataclass(frozen=True, slots=True)
class Step:
    """From one delivered year to the next."""

    before: int
    """Year."""
    after: int
    """Year."""
    changed_ha: float
    """From class to class."""
    begun_ha: float
    """From no claim to a claim."""
    ended_ha: float
    """From a claim to no claim."""
    largest: tuple[Change, ...]
    """The largest changes from class to class."""


@dataclass(frozen=True, slots=True)
class Earlier:
    """The submission before this one, in the years that both have."""

    version: str
    years: tuple[int, ...]
    area_ha: np.ndarray
    """(year, class) float64; the first column is no claim."""
    from_to_ha: np.ndarray
    """(year, class, class) float64: hectares by class then and now, where they differ."""

    @property
    def differs_ha(self) -> np.ndarray:
        """(year,) hectares of another class, or claimed in only one of the two."""
        return np.asarray(self.from_to_ha.sum(axis=(1, 2)))


@dataclass(frozen=True, slots=True)
class Table:
    """Pixels by what a map and what reference data say."""

    labels: tuple[str, ...]
    counts: tuple[tuple[int, ...], ...]
    """By label of the map, then of the reference; the last row is what the map gives none of the labels."""
    users: tuple[float | None, ...]
    producers: tuple[float | None, ...]


@dataclass(frozen=True, slots=True)
class Scores:
    """How often a map and reference data say the same."""

    title: str
    overall: float | None
    """Share, 0 to 1; none if nothing was compared."""
    words: str
    """How much was compared, and how."""
    table: Table | None = None


@dataclass(frozen=True, slots=True)
class Standing:
    """Who vouches for it, and at which level it stands."""

    signed: tuple[str, ...] = ()
    accepted: tuple[str, ...] = ()
    rejected: tuple[str, ...] = ()
    trust: str = ""
    """What that means, in words."""
    level: str | None = None
    """Level of the quality scale; none if it was not judged."""
    unmet: tuple[str, ...] = ()
    """What the next level asks for."""
    waivers: tuple[str, ...] = ()


@dataclass(frozen=True)
class Report:
    """One submission in numbers."""

    module: Module
    stored: StoredSubmission
    standing: Standing
    survey: Survey
    first_last: np.ndarray
    """(class, class) float64 hectares of the survey's classes in the first year and in the last."""
    before: Before | None
    neighbourhood: Neighbourhood | None
    findings: tuple[Finding, ...]
    """As they were when it was submitted."""
    skipped: tuple[str, ...]
    """What could not be checked or compared, and why."""
    scores: tuple[Scores, ...]
    manifest_changed: bool
    """Whether the manifest is another than at submission."""

    @property
    def years(self) -> tuple[int, ...]:
        """Years of the submission, ascending."""
        return self.survey.years

    @cached_property
    def places(self) -> list[int]:
        """Places in the survey of no claim and of the classes that appear, in the order of the legend."""
        seen = self.survey.pixels.sum(axis=0) > 0
        seen |= self.survey.from_to_ha.sum(axis=(0, 2)) > 0
        return [0, *(place for code in self._order if seen[place := self.survey.codes.index(code)])]

    @property
    def _order(self) -> list[int]:
        listed = [item.code for item in self.module.legend.classes]
        return [*listed, *(code for code in self.survey.codes if code not in listed and code != NODATA)]

    @cached_property
    def classes(self) -> tuple[ClassLine, ...]:
        """The classes that appear, in the order of the legend."""
        return tuple(self._line(self.survey.codes[place]) for place in self.places[1:])

    def _line(self, code: int) -> ClassLine:
        item = self.module.legend.by_code.get(code)
        return ClassLine(code, item.title(), item.color) if item else ClassLine(code, f"code {code}", "#888888")

    @cached_property
    def area_ha(self) -> np.ndarray:
        """(year, class) float64 hectares; no claim is left out."""
        return self.survey.area_ha[:, self.places[1:]]

    @property
    def claimed_ha(self) -> np.ndarray:
        """(year,) float64 hectares of all classes."""
        return np.asarray(self.area_ha.sum(axis=1))

    @cached_property
    def first_last_ha(self) -> np.ndarray:
        """(class, class) float64 hectares by class in the first and in the last year; the first is no claim."""
        return self.first_last[np.ix_(self.places, self.places)]

    @cached_property
    def earlier(self) -> Earlier | None:
        """The submission before; none if there is none on the same grid that shares a year."""
        survey = self.survey
        if self.before is None or not survey.compared:
            return None
        rows = [survey.years.index(year) for year in survey.compared]
        table = survey.from_to_ha[:, self.places][:, :, self.places]
        now = survey.area_ha[np.ix_(rows, self.places)]
        return Earlier(self.before.version, survey.compared, now - table.sum(axis=1) + table.sum(axis=2), table)

    @cached_property
    def steps(self) -> tuple[Step, ...]:
        """What changes from each delivered year to the next."""
        tables = self.survey.series.transitions_ha[:, self.places][:, :, self.places]
        return tuple(
            self._step(before, after, table)
            for before, after, table in zip(self.years, self.years[1:], tables, strict=False)
        )

    def _step(self, before: int, after: int, table: np.ndarray) -> Step:
        codes = [item.code for item in self.classes]
        inner = table[1:, 1:]
        order = np.argsort(-inner, axis=None, kind="stable")[:LARGEST]
        pairs = [np.unravel_index(place, inner.shape) for place in order]
        largest = tuple(Change(codes[i], codes[j], float(inner[i, j])) for i, j in pairs if inner[i, j] > 0)
        return Step(before, after, float(inner.sum()), float(table[0, 1:].sum()), float(table[1:, 0].sum()), largest)

    @cached_property
    def changes(self) -> tuple[int, ...]:
        """Pixels claimed in any year, by how often their class changes from one claimed year to the next."""
        counts = self.survey.series.changes
        return tuple(int(count) for count in np.trim_zeros(counts, "b"))

    @property
    def stable_share(self) -> float | None:
        """Share of the pixels whose class never changes; none where nothing is claimed, or in one year only."""
        return self.changes[0] / sum(self.changes) if self.changes and len(self.years) > 1 else None

    @property
    def change_cells(self) -> np.ndarray:
        """(cell row, cell column) float64: mean number of changes of a pixel, claims that come or go included."""
        survey = self.survey
        rows, columns = (_cell_sides(side, survey.cell) for side in survey.grid.shape)
        return np.asarray(survey.series.changed_cells.sum(axis=0) / (rows[:, None] * columns))

    def as_dict(self) -> dict[str, Any]:
        """Return the numbers as plain values, for `--json`."""
        return {
            **_head(self),
            "classes": [asdict(item) for item in self.classes],
            "areas_ha": _by_year(self.years, self.area_ha, self.classes),
            "before": _earlier(self.earlier, self.classes),
            "steps": [asdict(step) for step in self.steps],
            "first_to_last_ha": _changes(self.first_last_ha, self.classes),
            "pixels_by_changes": list(self.changes),
            "stable_share": self.stable_share,
            "neighbourhood": self.neighbourhood.as_dict() if self.neighbourhood else None,
            "findings": [finding.as_dict() for finding in self.findings],
            "skipped": list(self.skipped),
            "accuracy": [asdict(score) for score in self.scores],
        }


def _cell_sides(side: int, cell: int) -> np.ndarray:
    """Return the pixels along each cell; the last one may be cut."""
    return np.minimum(cell, side - np.arange(0, side, cell))


def _head(report: Report) -> dict[str, Any]:
    receipt, manifest = report.stored.receipt, report.module.manifest
    return {
        "module": receipt.module,
        "name": manifest.name,
        "version": receipt.version,
        "kind": receipt.kind,
        "organisation": receipt.organisation,
        "maintainers": [person.model_dump() for person in manifest.maintainers],
        "method": manifest.method,
        "license": manifest.license,
        "collection": receipt.collection,
        "created": receipt.created,
        "years": list(report.years),
        "manifest_changed": report.manifest_changed,
        "standing": asdict(report.standing),
    }


def _by_year(years: tuple[int, ...], areas: np.ndarray, classes: tuple[ClassLine, ...]) -> dict[str, dict[str, float]]:
    return {
        str(year): {str(item.code): float(area) for item, area in zip(classes, row, strict=True)}
        for year, row in zip(years, areas, strict=True)
    }


def _earlier(earlier: Earlier | None, classes: tuple[ClassLine, ...]) -> dict[str, Any] | None:
    if earlier is None:
        return None
    tables = zip(earlier.years, earlier.from_to_ha, strict=True)
    return {
        "version": earlier.version,
        "areas_ha": _by_year(earlier.years, earlier.area_ha[:, 1:], classes),
        "differs_ha": dict(zip(map(str, earlier.years), earlier.differs_ha.tolist(), strict=True)),
        "from_to_ha": {str(year): _changes(table, classes) for year, table in tables},
    }


def _changes(table: np.ndarray, classes: tuple[ClassLine, ...]) -> list[dict[str, Any]]:
    codes = [NODATA, *(item.code for item in classes)]
    return [asdict(Change(codes[i], codes[j], float(table[i, j]))) for i, j in np.argwhere(table > 0)]


def scores_of(report: Mapping[str, Any]) -> tuple[Scores, ...]:
    """Return the comparisons with reference data that the run of a recipe made; others have none."""
    held = report.get("holdout") or {}
    known = {
        "Block kept aside, groups": held.get("groups"),
        "Block kept aside, classes": held.get("classes"),
        "Cross-validation by blocks": report.get("cross_validation"),
    }
    return tuple(_scores(title, table) for title, table in known.items() if table)


def _scores(title: str, table: Mapping[str, Any]) -> Scores:
    labels = tuple(table["labels"])
    counts = tuple(tuple(row) for row in table["counts"])
    users, producers = (tuple(table[side].get(label) for label in labels) for side in ("users", "producers"))
    return Scores(title, table["overall"], f"{table['pixels']:,} pixels", Table(labels, counts, users, producers))


def named(scores: Scores, module: Module) -> Scores:
    """Return scores whose labels that are codes are called by the classes' names."""
    names = {str(item.code): item.title() for item in module.local_legend.classes}
    table = scores.table
    return (
        replace(scores, table=replace(table, labels=tuple(names.get(label, label) for label in table.labels)))
        if table
        else scores
    )
