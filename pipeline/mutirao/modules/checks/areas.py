"""M606 to M610: are the areas of classes, and what they turn into, plausible from year to year?"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise

import numpy as np

from mutirao.errors import Finding, Place
from mutirao.limits import USUAL, Limits
from mutirao.modules.checks.base import Check
from mutirao.modules.checks.noise import class_name
from mutirao.modules.checks.places import worst_places
from mutirao.modules.checks.survey import Survey
from mutirao.modules.incoming import Incoming
from mutirao.modules.module import Module
from mutirao.modules.numbers import counted


class AreaDoesNotJump(Check):
    """No class gains or loses in one year far more than in the others."""

    code = "M606"
    severity = "advise"
    remedy = "look at the year: a sensor that changed, other samples, or a true event that the method page should name"

    def check(self, module: Module, incoming: Incoming, survey: Survey, limits: Limits) -> Iterator[Finding]:
        """Compare each yearly difference with the median of all of the class."""
        areas = survey.area_ha
        whole = float(areas[:, 1:].sum(axis=1).mean()) if len(areas) else 0.0
        for rank, code in list(enumerate(survey.codes))[1:]:
            for k in jumps(areas[:, rank], whole, limits):
                before, after = areas[k, rank], areas[k + 1, rank]
                usual = float(np.median(np.abs(np.diff(areas[:, rank]))))
                year = survey.years[k + 1]
                message = f"{class_name(module, code)} goes from {before:.1f} to {after:.1f} ha in {year} "
                message += f"({after - before:+.1f}), {usual:.1f} ha is a usual change"
                yield self.found(message, incoming.where[year], year=year, weight=abs(after - before))


def jumps(areas: np.ndarray, whole: float, limits: Limits = USUAL) -> list[int]:
    """Return the steps in which an area jumps.

    Parameters
    ----------
    areas : (year,) hectares of one class.
    whole : hectares of all that is claimed.
    """
    steps = np.abs(np.diff(areas))
    if len(steps) < 4:
        return []
    least = max(
        limits.jump_ratio * float(np.median(steps)),
        limits.jump_share * float(areas.mean()),
        limits.jump_map_share * whole,
    )
    return np.flatnonzero(steps > least).tolist()


class TrendDoesNotBreak(Check):
    """No class turns its trend about from one year to the next, as it does where two series were joined."""

    code = "M607"
    severity = "advise"
    remedy = "look at what changed in the method in that year; name a true cause on the method page"

    def check(self, module: Module, incoming: Incoming, survey: Survey, limits: Limits) -> Iterator[Finding]:
        """Compare the slopes before and after each year."""
        areas = survey.area_ha
        whole = float(areas[:, 1:].sum(axis=1).mean()) if len(areas) else 0.0
        for rank, code in list(enumerate(survey.codes))[1:]:
            found = trend_break(areas[:, rank], whole, limits)
            if found is None:
                continue
            k, before, after = found
            year = survey.years[k]
            message = f"the trend of {class_name(module, code)} breaks in {year}: {before:+.1f} ha a year before it, "
            turn = abs(after - before)
            yield self.found(f"{message}{after:+.1f} after", incoming.where[year], year=year, weight=turn)


def trend_break(areas: np.ndarray, whole: float, limits: Limits = USUAL) -> tuple[int, float, float] | None:
    """Return the year at which the slope of an area changes most, and both slopes [ha a year]; none if it holds.

    Slopes are medians of the differences of `TREND_YEARS` years; they scatter by the median distance of the
    differences from the slope on their own side.
    """
    steps, reach = np.diff(areas), limits.trend_years
    best: tuple[float, tuple[int, float, float]] | None = None
    for k in range(reach, len(steps) - reach + 1):
        sides = steps[k - reach : k], steps[k : k + reach]
        before, after = (float(np.median(side)) for side in sides)
        scatter = max(float(np.median(np.abs(side - np.median(side)))) for side in sides)
        turn = abs(after - before)
        is_large = turn * reach > max(limits.jump_share * float(areas.mean()), limits.jump_map_share * whole)
        score = turn / max(scatter, 1e-9)
        if is_large and score > limits.trend_ratio and (best is None or score > best[0]):
            best = score, (k, before, after)
    return best[1] if best else None


class ChangesArePlausible(Check):
    """No class turns within a year into one that the collection calls implausible."""

    code = "M608"
    severity = "advise"
    remedy = "look at the places; most such changes are mistakes of one of the two years"

    def check(self, module: Module, incoming: Incoming, survey: Survey) -> Iterator[Finding]:
        """Add up the hectares of each rule of the collection, year by year."""
        ranks = {code: rank for rank, code in enumerate(survey.codes)}
        for rule in module.collection.implausible:
            before, after = (
                sorted(ranks[code] for code in module.legend.resolve_all(side) if code in ranks)
                for side in (rule.before, rule.after)
            )
            for k, (then, year) in enumerate(pairwise(survey.years)):
                table = survey.series.transitions_ha[k][np.ix_(before, after)]
                if year == then + 1 and table.sum() > rule.max_ha:
                    i, j = np.unravel_index(int(table.argmax()), table.shape)
                    pair = [class_name(module, survey.codes[side]) for side in (before[i], after[j])]
                    message = (
                        f"{table.sum():.1f} ha turn in {year} into what they hardly can, {rule.max_ha:g} ha are let"
                    )
                    message += f" pass, and most of it is {pair[0]} to {pair[1]}"
                    places = _watched(survey, k)
                    yield self.found(message, incoming.where[year], places=places, year=year, weight=table.sum())


def _watched(survey: Survey, k: int) -> tuple[Place, ...]:
    cells = survey.series.watched_cells[k]
    return worst_places(cells, survey.grid, survey.cell)


class ClassesComeAndStay(Check):
    """No class of some size is there for one year only, or gone for one."""

    code = "M609"
    severity = "advise"
    remedy = "look whether the class was left out, or mixed up with another, in that year"

    def check(self, module: Module, incoming: Incoming, survey: Survey, limits: Limits) -> Iterator[Finding]:
        """Look at the years on both sides."""
        pixels = survey.pixels
        for k in range(1, len(survey.years) - 1):
            year = survey.years[k]
            if not pixels[k, 1:].any():  # the year is empty: M502, M507
                continue
            for rank, code in list(enumerate(survey.codes))[1:]:
                before, now, after = pixels[k - 1 : k + 2, rank]
                name = class_name(module, code)
                if now == 0 and min(before, after) >= limits.few_pixels:
                    message = f"{name} is missing in {year} and there the years before and after"
                    yield self.found(message, incoming.where[year], year=year, weight=min(before, after))
                elif now >= limits.few_pixels and max(before, after) == 0:
                    message = f"{name} is there in {year} only ({counted(now, 'pixel')})"
                    yield self.found(message, incoming.where[year], year=year, weight=now)


class ClaimedClassesAppear(Check):
    """Every class that the manifest announces appears in some year."""

    code = "M610"
    severity = "advise"
    remedy = "take the class out of 'classes', or look why the map does not have it"

    def check(self, module: Module, survey: Survey) -> Iterator[Finding]:
        """Name the classes that no pixel has; a manifest that names a whole group need not have all of it."""
        present = {code for code, pixels in zip(survey.codes, survey.pixels.sum(axis=0), strict=True) if pixels}
        for i, reference in enumerate(module.manifest.classes):
            codes = module.legend.resolve(reference)
            if survey.years and not codes & present:
                name = class_name(module, min(codes)) if len(codes) == 1 else repr(reference)
                yield self.found(f"{name} is announced and never appears", module.source.at("classes", i))


AREAS = (AreaDoesNotJump, TrendDoesNotBreak, ChangesArePlausible, ClassesComeAndStay, ClaimedClassesAppear)
