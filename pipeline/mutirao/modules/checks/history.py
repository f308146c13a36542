"""M801 to M804: what became of the submission before?"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from mutirao.errors import Finding
from mutirao.limits import Limits
from mutirao.modules.checks.base import Check
from mutirao.modules.checks.fixtures import Before
from mutirao.modules.checks.noise import class_name
from mutirao.modules.checks.places import worst_places
from mutirao.modules.checks.survey import Survey
from mutirao.modules.incoming import Incoming
from mutirao.modules.module import Module

_CLASSES_SHOWN = 3


class LittleIsRewritten(Check):
    """A year is much like that year of the version before."""

    code = "M801"
    severity = "advise"
    remedy = "say in the method page what became different, and why"

    def check(
        self, module: Module, incoming: Incoming, survey: Survey, previous: Before | None, limits: Limits
    ) -> Iterator[Finding]:
        """Compare the area that is of another class with all that either version claims."""
        if previous is None:
            return
        for place, year in enumerate(survey.compared):
            table = survey.from_to_ha[place]
            # what is claimed now, and what only the version before claimed
            whole = survey.area_ha[survey.years.index(year), 1:].sum() + table[:, 0].sum()
            if whole and table.sum() > limits.most_different * whole:
                share = table.sum() / whole
                message = f"{table.sum():.1f} ha ({share:.1%}) differ from version {previous.version}; "
                message += f"agreement {1 - share:.1%}; {_by_class(module, survey, table)}"
                places = worst_places(survey.difference_cells[place], survey.grid, survey.cell)
                yield self.found(message, incoming.where[year], places=places, year=year, weight=table.sum())


def _by_class(module: Module, survey: Survey, table: np.ndarray) -> str:
    """Return the classes that win and lose most."""
    net = table.sum(axis=0) - table.sum(axis=1)
    largest = np.argsort(-np.abs(net), kind="stable")[:_CLASSES_SHOWN]
    return ", ".join(f"{class_name(module, survey.codes[rank])} {net[rank]:+.1f} ha" for rank in largest if net[rank])


class ClassAreasHold(Check):
    """No class of some size has a quite different area than in the version before."""

    code = "M802"
    severity = "advise"
    remedy = "say in the method page what became different, and why"

    def check(self, module: Module, survey: Survey, previous: Before | None, limits: Limits) -> Iterator[Finding]:
        """Compare the areas of each class, all common years together."""
        if previous is None or not survey.compared:
            return
        places = [survey.years.index(year) for year in survey.compared]
        now, table = survey.area_ha[places].sum(axis=0), survey.from_to_ha.sum(axis=0)
        before = now - table.sum(axis=0) + table.sum(axis=1)
        least = limits.jump_map_share * max(float(now[1:].sum()), float(before[1:].sum()))
        for rank, code in list(enumerate(survey.codes))[1:]:
            change = now[rank] - before[rank]
            if max(now[rank], before[rank]) > least and abs(change) > limits.most_class_difference * before[rank]:
                years = len(places)
                message = f"{class_name(module, code)} has {now[rank] / years:.1f} ha in a mean year, "
                message += f"{before[rank] / years:.1f} ha in version {previous.version} ({change / years:+.1f})"
                yield self.found(message, module.id)


class NoYearIsDropped(Check):
    """Every year of the version before is there again."""

    code = "M803"
    severity = "advise"
    remedy = "hand the year in, or tell the maintainers that it is given up"

    def check(self, module: Module, incoming: Incoming, previous: Before | None) -> Iterator[Finding]:
        """Compare the years."""
        lost = [year for year in previous.years if year not in incoming.where] if previous else []
        if previous and lost:
            text = ", ".join(map(str, lost))
            yield self.found(f"version {previous.version} has {text}, which this one lacks", module.id)


class SomethingIsNew(Check):
    """A new version differs somewhere from the version before."""

    code = "M804"
    severity = "advise"
    remedy = "make sure that the new rasters were exported; a version that changes nothing need not be submitted"

    def check(self, module: Module, survey: Survey, previous: Before | None) -> Iterator[Finding]:
        """Look for a pixel or a year that is new."""
        if previous and survey.compared == survey.years == previous.years and not survey.difference_cells.any():
            yield self.found(f"all years are those of version {previous.version}, pixel for pixel", module.id)


HISTORY = (LittleIsRewritten, ClassAreasHold, NoYearIsDropped, SomethingIsNew)
