"""Look at what is handed in: survey its pixels in one pass, check. Nothing is written."""

from __future__ import annotations

from dataclasses import dataclass
from typing import cast

import numpy as np

from mutirao.errors import Finding, blocking
from mutirao.io.delivered import FilePlane
from mutirao.modules.checks import RASTER_CHECKS, Fixtures, run_checks
from mutirao.modules.checks.base import Unavailable
from mutirao.modules.checks.fixtures import MAKERS, Before
from mutirao.modules.checks.survey import Survey
from mutirao.modules.incoming import Rasters, receive
from mutirao.modules.module import Module
from mutirao.modules.receipt import grid_digest
from mutirao.modules.store import list_submissions, load_submission
from mutirao.modules.yearly import ByYear
from mutirao.project import Project


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
    given = {"previous": before(project, module)} if project else {}
    fixtures = Fixtures(MAKERS, module=module, incoming=receive(module, rasters), **given)
    outcome = run_checks(RASTER_CHECKS, fixtures)
    found = tuple(dict.fromkeys((*module.remarks, *outcome.findings)))
    return Review(found, outcome.skipped, _classes(fixtures), _survey(fixtures))


def before(project: Project, module: Module) -> Before | None:
    """Return a module's latest submission; none if there is none out of quarantine, or if it lies on another grid."""
    if not list_submissions(project, module.id):
        return None
    stored = load_submission(project, module.id)
    if stored.receipt.grid_digest != grid_digest(module.collection.grid):
        return None
    shape = module.collection.grid.shape
    files = {record.year: stored.folder / record.name for record in stored.receipt.files}
    planes = {year: FilePlane(path, shape, np.dtype(np.uint8)) for year, path in files.items() if path.is_file()}
    return Before(stored.receipt.version, stored.receipt.years, planes)


def _classes(fixtures: Fixtures) -> ByYear[np.ndarray]:
    try:
        return cast("ByYear[np.ndarray]", fixtures.get("classes"))
    except Unavailable:
        return ByYear({})


def _survey(fixtures: Fixtures) -> Survey | None:
    try:
        return cast("Survey", fixtures.get("survey"))
    except Unavailable:
        return None
