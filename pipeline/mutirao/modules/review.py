"""Look at what is handed in: survey its pixels in one pass, check. Nothing is written."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TypeVar

import numpy as np

from mutirao.errors import Finding, blocking
from mutirao.grid import Tile
from mutirao.io.delivered import FilePlane, Rows
from mutirao.io.places import ObjectPlace
from mutirao.io.rasters import read
from mutirao.modules.checks import RASTER_CHECKS, SAMPLES, Fixtures, run_checks
from mutirao.modules.checks.base import Unavailable
from mutirao.modules.checks.fixtures import MAKERS, Before
from mutirao.modules.checks.neighbourhood import Neighbourhood
from mutirao.modules.checks.others import Others
from mutirao.modules.checks.survey import Survey
from mutirao.modules.incoming import Incoming, Rasters, receive
from mutirao.modules.module import Module
from mutirao.modules.receipt import grid_digest
from mutirao.modules.store import StoredSubmission, list_submissions, load_submission
from mutirao.modules.surroundings import FROM_PROJECT
from mutirao.modules.yearly import ByYear
from mutirao.project import Project

Value = TypeVar("Value")


@dataclass(frozen=True, slots=True)
class StoredPlane:
    """A raster in a store, of which rows are fetched when they are wanted."""

    place: ObjectPlace
    shape: tuple[int, int]
    dtype: np.dtype

    @property
    def name(self) -> str:
        """Its address."""
        return str(self.place)

    @contextmanager
    def reading(self) -> Iterator[Rows]:
        """Make the rows readable."""
        yield lambda top, bottom: read(self.place, Tile("rows", top, bottom, 0, self.shape[1]))


@dataclass(frozen=True, slots=True)
class Review:
    """What the checks say about one module's rasters."""

    findings: tuple[Finding, ...]
    """Everything that was found, the module's own remarks included."""
    skipped: tuple[str, ...]
    """What could not be checked, and why."""
    classes: ByYear[np.ndarray]
    """(y, x) uint8 legend codes on the collection's grid, by year, read anew whenever a year is asked for; years that
    cannot be placed are missing."""
    survey: Survey | None = None
    """What the pass over the pixels found; none if there was nothing to pass over."""
    neighbourhood: Neighbourhood | None = None
    """What lies beside and over it in maps of others; none if nothing could be compared, `skipped` may say why."""

    @property
    def is_accepted(self) -> bool:
        """Whether nothing refuses the submission."""
        return not blocking(self.findings)


def review_rasters(module: Module, rasters: Rasters, project: Project | None = None) -> Review:
    """Check rasters as `submit` would, without writing anything.

    Memory holds a band of rows of all years, and a byte a pixel for the territory.

    Parameters
    ----------
    rasters : arrays of a run or delivered files; see `incoming.Rasters`.
    project : where the module's latest submission is looked for, to compare with; without it nothing is compared.

    Raises
    ------
    QualityError
        S102, S103, S106: names that lead elsewhere. S104: the receipt of the latest submission is damaged.
    """
    given = {"previous": before(project, module), "project": project} if project else {}
    makers = (*MAKERS, *FROM_PROJECT) if project else MAKERS
    incoming = receive(module, rasters)
    fixtures = Fixtures(makers, module=module, incoming=incoming, **given)
    outcome = run_checks((*SAMPLES, *RASTER_CHECKS), fixtures)
    found = tuple(dict.fromkeys((*module.remarks, *_dated(outcome.findings, incoming))))
    survey = _get(fixtures, "survey", Survey)
    classes = _get(fixtures, "classes", ByYear) or ByYear({})
    neighbourhood = _get(fixtures, "neighbourhood", Neighbourhood)
    return Review(found, (*outcome.skipped, *_not_compared(fixtures)), classes, survey, neighbourhood)


def _dated(findings: Iterable[Finding], incoming: Incoming) -> Iterator[Finding]:
    """Yield findings, those about a file of one year with its year."""
    years: dict[str, set[int]] = {}
    for year, sheets in incoming.sheets.items():
        for sheet in sheets:
            years.setdefault(str(sheet.path), set()).add(year)
    for finding in findings:
        own = years.get(finding.where, set())
        yield replace(finding, year=min(own)) if finding.year is None and len(own) == 1 else finding


def review_manifest(module: Module, project: Project) -> Review:
    """Check what can be checked of a module without its rasters."""
    outcome = run_checks(SAMPLES, Fixtures((*MAKERS, *FROM_PROJECT), module=module, project=project))
    return Review((*module.remarks, *outcome.findings), outcome.skipped, ByYear({}))


def before(project: Project, module: Module) -> Before | None:
    """Return a module's latest submission; none if there is none out of quarantine, or if it lies on another grid."""
    if not list_submissions(project, module.id):
        return None
    stored = load_submission(project, module.id)
    if stored.receipt.grid_digest != grid_digest(module.collection.grid):
        return None
    return Before(stored.receipt.version, stored.receipt.years, stored_planes(stored))


def stored_planes(stored: StoredSubmission) -> dict[int, FilePlane | StoredPlane]:
    """Return the rasters of a submission by year: (y, x) uint8 legend codes; files that are missing are left out."""
    shape, kind = stored.receipt.grid.shape, np.dtype(np.uint8)
    files = {record.year: stored.folder / record.name for record in stored.receipt.files}
    return {
        year: FilePlane(path, shape, kind) if isinstance(path, Path) else StoredPlane(path, shape, kind)
        for year, path in files.items()
        if path.is_file()
    }


def _not_compared(fixtures: Fixtures) -> tuple[str, ...]:
    """Return which maps of others could not be looked at, and why."""
    survey, known = _get(fixtures, "survey", Survey), _get(fixtures, "others", Others)
    return (*(known.skipped if known else ()), *(survey.beside.failed if survey else ()))


def _get(fixtures: Fixtures, name: str, kind: type[Value]) -> Value | None:
    try:
        value = fixtures.get(name)
    except Unavailable:
        return None
    return value if isinstance(value, kind) else None
