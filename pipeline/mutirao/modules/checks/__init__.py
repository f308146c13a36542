"""Checks of a module's manifest and rasters: one small class per rule."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from mutirao.errors import Finding, blocking
from mutirao.modules.checks.alike import Alike, group
from mutirao.modules.checks.areas import AREAS
from mutirao.modules.checks.base import Check, Fixtures, Outcome, run_checks
from mutirao.modules.checks.coverage import COVERAGE
from mutirao.modules.checks.files import FILES
from mutirao.modules.checks.history import HISTORY
from mutirao.modules.checks.linking import LINKING, REMARKS
from mutirao.modules.checks.neighbours import NEIGHBOURS
from mutirao.modules.checks.noise import NOISE
from mutirao.modules.checks.placement import PLACEMENT
from mutirao.modules.checks.samples import SAMPLES
from mutirao.modules.checks.series import SERIES
from mutirao.modules.checks.values import VALUES
from mutirao.modules.yearly import ByYear

RASTER_CHECKS: tuple[type[Check], ...] = (
    *FILES,
    *PLACEMENT,
    *VALUES,
    *COVERAGE,
    *SERIES,
    *AREAS,
    *NOISE,
    *HISTORY,
    *NEIGHBOURS,
)
"""Checks of the rasters that are handed in."""
ALL_CHECKS: tuple[type[Check], ...] = (*LINKING, *REMARKS, *SAMPLES, *RASTER_CHECKS)
"""Every check there is."""
FAMILIES: dict[str, str] = {
    "M1": "Manifest and method",
    "M2": "Files",
    "M3": "Grid",
    "M4": "Values",
    "M5": "Coverage",
    "M6": "Years",
    "M7": "Noise",
    "M8": "History",
    "M9": "Neighbours and rules",
    "S1": "Names, links and versions",
    "Q1": "Waivers",
    "Q2": "Quality",
    "C1": "Configuration files",
}
"""What checks are about, by the first two letters of their codes."""

__all__ = [
    "ALL_CHECKS",
    "FAMILIES",
    "RASTER_CHECKS",
    "SAMPLES",
    "ByYear",
    "Check",
    "Fixtures",
    "Outcome",
    "by_family",
    "run_checks",
]


def by_family(findings: Iterable[Finding]) -> Iterator[tuple[str, tuple[Alike, ...]]]:
    """Yield the title of each family that has findings, and these, alike ones together.

    What refuses the work comes first, within a family and among families: it is often why the rest was found.
    """
    listed = sorted(findings, key=lambda finding: finding.severity != "block")
    families: dict[str, list[Finding]] = {title: [] for title in (*FAMILIES.values(), "Other")}
    for finding in listed:
        families[FAMILIES.get(finding.code[:2], "Other")].append(finding)
    for title, found in sorted(families.items(), key=lambda family: not blocking(family[1])):
        if found:
            yield title, group(found)
