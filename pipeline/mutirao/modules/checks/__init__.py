"""Checks of a module's manifest and rasters: one small class per rule."""

from __future__ import annotations

from mutirao.modules.checks.base import Check, Fixtures, Outcome, run_checks
from mutirao.modules.checks.coverage import COVERAGE
from mutirao.modules.checks.files import FILES
from mutirao.modules.checks.linking import LINKING, REMARKS
from mutirao.modules.checks.placement import PLACEMENT
from mutirao.modules.checks.series import SERIES
from mutirao.modules.checks.values import VALUES
from mutirao.modules.yearly import ByYear

RASTER_CHECKS: tuple[type[Check], ...] = (*FILES, *PLACEMENT, *VALUES, *COVERAGE, *SERIES)
"""Checks of the rasters that are handed in."""
ALL_CHECKS: tuple[type[Check], ...] = (*LINKING, *REMARKS, *RASTER_CHECKS)
"""Every check there is."""

__all__ = ["ALL_CHECKS", "RASTER_CHECKS", "ByYear", "Check", "Fixtures", "Outcome", "run_checks"]
