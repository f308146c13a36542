"""M501 to M504: does the module claim where it must, and only where it may?"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from mutirao.errors import Finding
from mutirao.grid import Grid
from mutirao.modules.checks.base import Check
from mutirao.modules.incoming import Incoming
from mutirao.modules.module import Module
from mutirao.modules.yearly import ByYear

Classes = ByYear[np.ndarray]


class RegionIsCovered(Check):
    """A region module claims its whole territory, up to `min_coverage`."""

    code = "M501"
    remedy = "classify the missing pixels, correct 'territory', or agree on a lower 'min_coverage'"

    def check(
        self, module: Module, incoming: Incoming, classes: Classes, territory: np.ndarray, areas_ha: np.ndarray
    ) -> Iterator[Finding]:
        """Compare the claimed share of the territory's area, year by year."""
        whole = float(areas_ha[territory].sum())
        if module.manifest.kind != "region" or not whole:
            return
        for year, claimed in classes.values.items():
            gap = territory & (claimed == 0)
            missing = float(areas_ha[gap].sum())
            if claimed.any() and 1 - missing / whole < module.manifest.min_coverage:
                share = f"claims {1 - missing / whole:.2%} of its territory, needs {module.manifest.min_coverage:.2%}"
                place = _box(gap, module.collection.grid)
                yield self.found(f"{share}; {missing:.1f} ha missing within {place}", incoming.where[year])


class YearHasClaims(Check):
    """Each year claims at least one pixel; for a theme an empty year is doubtful, not wrong."""

    code = "M502"
    remedy = "look at the file and its nodata value; export the year again"

    def check(self, module: Module, incoming: Incoming, classes: Classes) -> Iterator[Finding]:
        """Look for a claim."""
        for year, claimed in classes.values.items():
            if not claimed.any():
                severity = self.severity if module.manifest.kind == "region" else "advise"
                yield self.found(f"year {year} claims no pixel", incoming.where[year], severity=severity)


class StaysInTerritory(Check):
    """No claim lies outside the module's territory."""

    code = "M503"
    remedy = "set the pixels outside the territory to nodata, or correct 'territory'"

    def check(
        self, module: Module, incoming: Incoming, classes: Classes, territory: np.ndarray, areas_ha: np.ndarray
    ) -> Iterator[Finding]:
        """Measure the claims outside."""
        for year, claimed in classes.values.items():
            outside = (claimed != 0) & ~territory
            if outside.any():
                area, place = float(areas_ha[outside].sum()), _box(outside, module.collection.grid)
                message = f"{outside.sum()} pixels ({area:.1f} ha) are claimed outside the territory, within {place}"
                yield self.found(message, incoming.where[year])


class TerritoryMeetsGrid(Check):
    """The territory holds at least one pixel of the collection's grid."""

    code = "M504"
    remedy = "look at the polygon's place and CRS; GeoJSON means longitude, latitude unless it says otherwise"

    def check(self, module: Module, territory: np.ndarray) -> Iterator[Finding]:
        """Look for a pixel."""
        if not territory.any():
            west, south, east, north = module.collection.grid.lonlat_bounds()
            grid = f"{west:.4f}, {south:.4f}, {east:.4f}, {north:.4f}"
            message = f"no pixel of the grid lies in the territory; the grid is {grid} (west south east north)"
            yield self.found(message, str(module.territory_file))


def _box(mask: np.ndarray, grid: Grid) -> str:
    """Return the bounds of a mask's true pixels in the grid's CRS."""
    rows, columns = np.flatnonzero(mask.any(axis=1)), np.flatnonzero(mask.any(axis=0))
    west, north = grid.transform @ (columns[0], rows[0])
    east, south = grid.transform @ (columns[-1] + 1, rows[-1] + 1)
    return f"{west:.10g}, {south:.10g}, {east:.10g}, {north:.10g} (west south east north, {grid.crs[:40]})"


COVERAGE = (RegionIsCovered, YearHasClaims, StaysInTerritory, TerritoryMeetsGrid)
