"""M501 to M507: does the module claim where it must, and only where it may?"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from mutirao.errors import Finding
from mutirao.limits import Limits
from mutirao.modules.checks.base import Check
from mutirao.modules.checks.places import box_text, group_sums, worst_places
from mutirao.modules.checks.survey import Survey
from mutirao.modules.incoming import Incoming
from mutirao.modules.module import Module
from mutirao.modules.numbers import counted
from mutirao.modules.yearly import ByYear


class RegionIsCovered(Check):
    """A region module claims its whole territory, up to `min_coverage`."""

    code = "M501"
    remedy = "classify the missing pixels, correct 'territory', or agree on a lower 'min_coverage'"

    def check(
        self, module: Module, incoming: Incoming, survey: Survey, territory: np.ndarray, years: ByYear[int]
    ) -> Iterator[Finding]:
        """Compare the claimed share of the territory's area, year by year, and name the largest gaps."""
        needed, whole = module.manifest.min_coverage, survey.land_ha
        for year, k in years.values.items() if module.manifest.kind == "region" and whole else ():
            land = survey.land[k]
            missing = float(land.gap_cells.sum())
            if survey.pixels[k, 1:].any() and 1 - missing / whole < needed:
                share = f"claims {1 - missing / whole:.2%} of its territory, needs {needed:.2%}"
                place = box_text(survey.grid, land.boxes[0])
                places = worst_places(land.gap_cells, survey.grid, survey.cell)
                message = f"{share}; {missing:.1f} ha missing within {place}"
                message += _largest(land.gap_cells)
                yield self.found(message, incoming.where[year], places=places, year=year, weight=missing)


def _largest(gaps: np.ndarray) -> str:
    sums = group_sums(gaps)
    return f"; {len(sums)} gaps, the largest of {sums[0]:.1f} ha" if len(sums) > 1 else ""


class YearHasClaims(Check):
    """Each year of a region claims at least one pixel."""

    code = "M502"
    remedy = "look at the file and its nodata value; export the year again"

    def check(self, module: Module, incoming: Incoming, survey: Survey, years: ByYear[int]) -> Iterator[Finding]:
        """Look for a claim."""
        for year in _empty(survey, years) if module.manifest.kind == "region" else ():
            yield self.found(f"year {year} claims no pixel", incoming.where[year], year=year)


class ThemeYearHasClaims(Check):
    """Each year of a theme claims at least one pixel; an empty year is doubtful, not wrong."""

    code = "M507"
    severity = "advise"
    remedy = "look at the file and its nodata value; where there was nothing to map in that year, let it be"

    def check(self, module: Module, incoming: Incoming, survey: Survey, years: ByYear[int]) -> Iterator[Finding]:
        """Look for a claim."""
        for year in _empty(survey, years) if module.manifest.kind == "theme" else ():
            yield self.found(f"year {year} claims no pixel", incoming.where[year], year=year)


def _empty(survey: Survey, years: ByYear[int]) -> Iterator[int]:
    return (year for year, k in years.values.items() if not survey.pixels[k, 1:].any())


class StaysInTerritory(Check):
    """No claim lies outside the module's territory."""

    code = "M503"
    remedy = "set the pixels outside the territory to nodata, or correct 'territory'"

    def check(self, incoming: Incoming, survey: Survey, territory: np.ndarray, years: ByYear[int]) -> Iterator[Finding]:
        """Measure the claims outside."""
        for year, k in years.values.items():
            land = survey.land[k]
            if land.outside[0]:
                area, place = float(land.outside_cells.sum()), box_text(survey.grid, land.boxes[1])
                pixels = counted(int(land.outside[0]), "pixel")
                message = f"claims {pixels} ({area:.1f} ha) outside the territory, within {place}"
                places = worst_places(land.outside_cells, survey.grid, survey.cell)
                yield self.found(message, incoming.where[year], places=places, year=year, weight=area)


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


class SameFootprint(Check):
    """Each year of a region claims the area that the others claim: no tile is missing in one of them."""

    code = "M505"
    severity = "advise"
    remedy = "look for an export that did not finish, or a cloud that one year alone leaves out"

    def check(
        self,
        module: Module,
        incoming: Incoming,
        survey: Survey,
        territory: np.ndarray,
        years: ByYear[int],
        limits: Limits,
    ) -> Iterator[Finding]:
        """Compare the gaps of each year with the usual gaps, the median of the years."""
        if module.manifest.kind != "region" or len(survey.land) < 3:
            return
        usual = np.median([land.gap_cells for land in survey.land], axis=0)
        for year, k in years.values.items():
            more = np.maximum(survey.land[k].gap_cells - usual, 0)
            if survey.pixels[k, 1:].any() and more.sum() > limits.footprint_share * (survey.land_ha - usual.sum()):
                message = f"{more.sum():.1f} ha are not claimed that other years claim"
                places = worst_places(more, survey.grid, survey.cell)
                yield self.found(message, incoming.where[year], places=places, year=year, weight=more.sum())


class EveryPixelHasAYear(Check):
    """No part of a region's territory is without a class in all years."""

    code = "M506"
    severity = "advise"
    remedy = "look at the places; a hole of all years is often a mask or a tile that was never exported"

    def check(self, module: Module, survey: Survey, territory: np.ndarray, limits: Limits) -> Iterator[Finding]:
        """Name the largest holes."""
        holes = survey.series.empty_cells
        is_bound = module.manifest.kind == "region" and module.manifest.min_coverage > 0
        if not is_bound or not survey.years or holes.sum() <= limits.hole_share * survey.land_ha:
            return
        sums = group_sums(holes)
        message = f"{holes.sum():.1f} ha of the territory are claimed in no year, in {counted(len(sums), 'place')}"
        message += f"; the largest has {sums[0]:.1f} ha"
        yield self.found(message, module.id, places=worst_places(holes, survey.grid, survey.cell))


COVERAGE = (
    RegionIsCovered,
    YearHasClaims,
    StaysInTerritory,
    TerritoryMeetsGrid,
    SameFootprint,
    EveryPixelHasAYear,
    ThemeYearHasClaims,
)
