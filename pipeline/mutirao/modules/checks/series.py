"""M601: is the series plausible from year to year?"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise

import numpy as np

from mutirao.errors import Finding
from mutirao.modules.checks.base import Check
from mutirao.modules.incoming import Incoming
from mutirao.modules.yearly import ByYear


class YearsDiffer(Check):
    """No year repeats the one before, pixel for pixel."""

    code = "M601"
    severity = "advise"
    remedy = "make sure that one year was not exported under two names; a map that does not change may stay"

    def check(self, incoming: Incoming, classes: ByYear[np.ndarray]) -> Iterator[Finding]:
        """Compare neighbouring years that claim anything."""
        for before, year in pairwise(sorted(classes.values)):
            claimed = classes.values[year]
            if year == before + 1 and claimed.any() and np.array_equal(claimed, classes.values[before]):
                yield self.found(f"year {year} is identical to {before}", incoming.where[year])


SERIES = (YearsDiffer,)
