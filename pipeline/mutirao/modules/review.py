"""Look at what is handed in: read, crosswalk, regrid, check. Nothing is written."""

from __future__ import annotations

from dataclasses import dataclass
from typing import cast

import numpy as np

from mutirao.errors import Finding, blocking
from mutirao.modules.checks import RASTER_CHECKS, Fixtures, run_checks
from mutirao.modules.checks.base import Unavailable
from mutirao.modules.checks.fixtures import MAKERS
from mutirao.modules.incoming import Rasters, receive
from mutirao.modules.module import Module
from mutirao.modules.yearly import ByYear


@dataclass(frozen=True, slots=True)
class Review:
    """What the checks say about one module's rasters."""

    findings: tuple[Finding, ...]
    """Everything that was found, the module's own remarks included."""
    skipped: tuple[str, ...]
    """What could not be checked, and why."""
    classes: ByYear[np.ndarray]
    """(y, x) uint8 legend codes on the collection's grid, by year; years that cannot be placed are missing."""

    @property
    def is_accepted(self) -> bool:
        """Whether nothing refuses the submission."""
        return not blocking(self.findings)


def review_rasters(module: Module, rasters: Rasters) -> Review:
    """Check rasters as `submit` would, without writing anything.

    The whole module is read into memory: (year, y, x) bytes twice, once as handed in and once as legend codes.

    Parameters
    ----------
    rasters : arrays of a run or delivered files; see `incoming.Rasters`.

    Raises
    ------
    QualityError
        S102, S103, S106: names that lead elsewhere.
    """
    fixtures = Fixtures(MAKERS, module=module, incoming=receive(module, rasters))
    outcome = run_checks(RASTER_CHECKS, fixtures)
    return Review((*module.remarks, *outcome.findings), outcome.skipped, _classes(fixtures))


def _classes(fixtures: Fixtures) -> ByYear[np.ndarray]:
    try:
        return cast("ByYear[np.ndarray]", fixtures.get("classes"))
    except Unavailable:
        return ByYear({})
