"""M601 to M605, M611, M612: do pixels, blocks and years behave like a landscape from year to year?"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise

import numpy as np

from mutirao.errors import Finding
from mutirao.limits import Limits
from mutirao.modules.checks.base import Check
from mutirao.modules.checks.noise import class_name
from mutirao.modules.checks.places import group_sums, worst_places
from mutirao.modules.checks.survey import Survey
from mutirao.modules.incoming import Incoming
from mutirao.modules.module import Module
from mutirao.modules.yearly import ByYear


class YearsDiffer(Check):
    """No year repeats the one before, pixel for pixel."""

    code = "M601"
    severity = "advise"
    remedy = "make sure that one year was not exported under two names; a map that does not change may stay"

    def check(self, incoming: Incoming, survey: Survey, years: ByYear[int]) -> Iterator[Finding]:
        """Look for neighbouring years that claim anything and differ nowhere."""
        for k, (before, year) in enumerate(pairwise(survey.years)):
            if year == before + 1 and survey.pixels[k + 1, 1:].any() and not survey.series.changed[k]:
                yield self.found(f"year {year} is identical to {before}", incoming.where[year], year=year)


class NoBlockStandsStill(Check):
    """No part of the map stands still in a year in which it usually changes: no tile is a copy of the year before."""

    code = "M602"
    severity = "advise"
    remedy = "look whether the tile was exported from the scenes of the right year"

    def check(self, incoming: Incoming, survey: Survey, limits: Limits) -> Iterator[Finding]:
        """Look for cells that touch, usually change, and do not."""
        changed = survey.series.changed_cells
        if len(changed) < 3:
            return
        usual = np.median(changed, axis=0)
        # where change comes in clumps a cell often rests: only one that hardly ever does is strange when it does
        rests = (changed == 0).sum(axis=0) <= max(1, limits.frozen_rests * len(changed))
        lively = (usual >= limits.frozen_expected) & rests
        for k, year in enumerate(survey.years[1:]):
            still = np.where(lively & (changed[k] == 0), usual, 0)
            few = np.count_nonzero(still) < max(limits.frozen_cells, limits.frozen_share * lively.sum())
            if few or not survey.series.changed[k]:  # a year that stands still everywhere is a copy: M601
                continue
            places = worst_places(still, survey.grid, survey.cell)
            message = (
                f"{np.count_nonzero(still)} of {lively.sum()} cells of {survey.cell} pixels do not change in {year}"
            )
            message += f", though {group_sums(still)[0]:.0f} pixels usually do in the largest such place"
            yield self.found(message, incoming.where[year], places=places, year=year, weight=still.sum())


class FewSeriesFlicker(Check):
    """Few series leave a class for a single year and come back to it."""

    code = "M603"
    severity = "advise"
    remedy = "apply a temporal filter of three years, or look for scenes that were classified badly in one year"

    def check(self, module: Module, survey: Survey, limits: Limits) -> Iterator[Finding]:
        """Compare the share of series with an A-B-A with the limit."""
        whole, flickering = survey.series.series
        if survey.series.changes.sum() < limits.small_map or flickering / whole <= limits.most_flickering:
            return
        by_year = survey.series.flicker_ha.sum(axis=1)
        worst = int(by_year.argmax())
        cells = survey.series.flicker_cells
        dense = np.where(cells >= np.quantile(cells, 0.95), cells, 0)
        message = (
            f"{flickering / whole:.1%} of the claimed area flickers (A-B-A), {limits.most_flickering:.0%} is usual "
        )
        message += f"at most; the worst year is {survey.years[worst]} with {by_year[worst]:.1f} ha"
        yield self.found(message, module.id, places=worst_places(dense, survey.grid, survey.cell))


class ClassesStay(Check):
    """No class comes mostly as a visitor of one year."""

    code = "M604"
    severity = "advise"
    remedy = "look at the class: one year between two of another class is mostly a mistake of that year"

    def check(self, module: Module, survey: Survey, limits: Limits) -> Iterator[Finding]:
        """Compare the share of visits in the area of each class, first and last year left out."""
        if len(survey.years) < 3:
            return
        visits, whole = survey.series.flicker_ha.sum(axis=0), survey.area_ha[1:-1].sum(axis=0)
        pixels = survey.pixels.sum(axis=0)
        for rank, code in list(enumerate(survey.codes))[1:]:
            if pixels[rank] >= limits.few_pixels and visits[rank] > limits.most_visits * whole[rank]:
                share = f"{visits[rank] / whole[rank]:.1%} of the area of {class_name(module, code)}"
                yield self.found(f"{share} ({visits[rank]:.1f} ha) stands for a single year only", module.id)


class PixelsChangeSeldom(Check):
    """Pixels change their class seldom: on average, and also the restless hundredth."""

    code = "M605"
    severity = "advise"
    remedy = "apply a temporal filter; a pixel that changes every other year tells nothing"

    def check(self, module: Module, survey: Survey, limits: Limits) -> Iterator[Finding]:
        """Compare the mean and the 99th percentile of changes by pixel and step with the limits."""
        changes, steps = survey.series.changes, len(survey.years) - 1
        if steps < 1 or changes.sum() < limits.small_map:
            return
        mean = float((changes * np.arange(len(changes))).sum() / changes.sum()) / steps
        tail = int(np.searchsorted(np.cumsum(changes), 0.99 * changes.sum()))
        restless = len(survey.years) >= limits.long_series and tail / steps > limits.most_changes_tail
        if mean > limits.most_changes or restless:
            message = f"a pixel changes {mean * steps:.2f} times in {steps} steps on average, and one of a hundred "
            yield self.found(f"{message}{tail} times or more", module.id)


class YearIsLikeItsNeighbours(Check):
    """No year is unlike the years on both sides while these are alike: it is not a map of another place or time."""

    code = "M611"
    severity = "advise"
    remedy = "look at the year: a wrong file, two years exchanged, or few clear scenes"

    def check(self, incoming: Incoming, survey: Survey, limits: Limits) -> Iterator[Finding]:
        """Compare the area that differs from both neighbours with that by which the neighbours differ."""
        differs = survey.series.transitions_ha[:, 1:, 1:].sum(axis=(1, 2))
        for k, (before, year, after) in enumerate(zip(survey.years, survey.years[1:], survey.years[2:], strict=False)):
            least, ends = min(differs[k], differs[k + 1]), survey.series.apart_ha[k + 1]
            claimed = survey.area_ha[k + 1, 1:].sum()
            is_judged = after - before == 2 and survey.pixels[k + 1, 1:].sum() >= limits.small_map
            if is_judged and least > max(limits.odd_year_ratio * ends, limits.odd_year_share * claimed):
                message = (
                    f"year {year} differs from both neighbours in {least:.1f} ha, these from each other in {ends:.1f}"
                )
                cells = np.minimum(survey.series.changed_cells[k], survey.series.changed_cells[k + 1])
                dense = np.where(cells >= np.quantile(cells, 0.95), cells, 0)
                places = worst_places(dense, survey.grid, survey.cell)
                yield self.found(f"{message} ha", incoming.where[year], places=places, year=year, weight=least)


class YearsAreInARow(Check):
    """Years that are handed in have no gap between them that the manifest does not have."""

    code = "M612"
    severity = "advise"
    remedy = "hand in the years between; what changes from year to year is not judged across a gap"

    def check(self, module: Module, survey: Survey) -> Iterator[Finding]:
        """Look at the years that lie on the grid."""
        for before, year in pairwise(survey.years):
            if year != before + 1:
                yield self.found(f"no readable year between {before} and {year}", module.id)


SERIES = (
    YearsDiffer,
    NoBlockStandsStill,
    FewSeriesFlicker,
    ClassesStay,
    PixelsChangeSeldom,
    YearIsLikeItsNeighbours,
    YearsAreInARow,
)
