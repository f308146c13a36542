"""What a chain did, summed over tiles, as tables with names instead of codes."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
import pandas as pd

from mutirao.filters.judged import judged_years, unconfirmed
from mutirao.filters.step import ReadyStep
from mutirao.filters.tally import STEP_COLUMNS, Sums
from mutirao.legend import Legend
from mutirao.statistics.kinds import KindSums

WHOLE_CHAIN = "Whole chain"
"""Title of step 0, which is the chain taken as one step."""
_CLASSES = ("class_from", "name_from", "class_to", "name_to")
FILTERS = ("step", "step_title", "year", *_CLASSES, "area_ha")
FILTER_STEPS = (
    "step",
    "step_title",
    "filter",
    "series",
    "series_ha",
    "rewritten_ha",
    "changes_before",
    "changes_after",
)
"""Pixels whose series the step changed, their hectares, hectares rewritten summed over the years, and how often a
series changes its class in time before and after the step: the mean over all series, weighted by hectares."""
FILTER_YEARS = ("year", "judged_by", "unconfirmed")
"""Steps that judge the year by other years, by number and separated by blanks; whether it is one of the last years,
which none judges."""


class ChainSums:
    """Adds up what the chain did in the tiles of a map."""

    def __init__(self, steps: Sequence[ReadyStep], years: tuple[int, ...], legend: Legend) -> None:
        self.steps, self.years, self.legend = steps, years, legend
        self.judged = judged_years(steps, len(years))
        self._kinds = KindSums((16, 16, 16, 16))
        self._rows = np.zeros((len(steps) + 1, len(STEP_COLUMNS)))
        self._whole = np.zeros(2)

    def add(self, sums: Sums) -> None:
        """Add what it did in one tile."""
        self._kinds.add(sums.kinds, sums.area_ha)
        self._rows += sums.steps
        self._whole += sums.whole

    @property
    def unconfirmed(self) -> tuple[int, ...]:
        """Last years that no step judges."""
        return self.years[len(self.years) - unconfirmed(self.judged) :]

    def tables(self) -> dict[str, pd.DataFrame]:
        """Return the tables by name.

        `filters` has the rewrites of every step, those of a rewrite included; `filter_chain` what they come to in the
        end. For `filter_steps` and `filter_years` see `FILTER_STEPS` and `FILTER_YEARS`.
        """
        listed = self._listed()
        return {
            "filters": listed[listed["step"] > 0].reset_index(drop=True),
            "filter_chain": listed[listed["step"] == 0].drop(columns=["step", "step_title"]).reset_index(drop=True),
            "filter_steps": pd.DataFrame(list(self._by_step()), columns=list(FILTER_STEPS)).round(6),
            "filter_years": pd.DataFrame(list(self._by_year()), columns=list(FILTER_YEARS)),
        }

    def _listed(self) -> pd.DataFrame:
        kinds, area_ha = self._kinds.table()
        step, t, old, new = kinds.T
        titles = np.array([WHOLE_CHAIN, *(step.title for step in self.steps)], object)
        names = np.array([self._name(code) for code in range(256)], object)
        columns = (step, titles[step], np.array(self.years)[t], old, names[old], new, names[new], area_ha.round(6))
        return pd.DataFrame(dict(zip(FILTERS, columns, strict=True)))

    def _by_step(self) -> Iterator[tuple[object, ...]]:
        named = [(WHOLE_CHAIN, ""), *((step.title, str(step.settings[0])) for step in self.steps)]
        kinds, area_ha = self._kinds.table()
        rewritten = np.bincount(kinds[:, 0], area_ha, len(named))
        per_series = 1 / self._whole[1] if self._whole[1] else 0.0
        for number, (title, kind) in enumerate(named):
            series, series_ha, before, after = self._rows[number].tolist()
            changes = (before * per_series, after * per_series)
            yield number, title, kind, int(series), series_ha, float(rewritten[number]), *changes

    def _by_year(self) -> Iterator[tuple[object, ...]]:
        for year, steps in zip(self.years, self.judged.T, strict=True):
            numbers = " ".join(str(number) for number in np.flatnonzero(steps) + 1)
            yield year, numbers, year in self.unconfirmed

    def _name(self, code: int) -> str:
        known = self.legend.by_code.get(code)
        return known.title() if known else "No data"
