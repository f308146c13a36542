"""Shares of the valid years of a series, compared exactly as the decimal numbers that they are written as.

7 of 25 years reach 0.28 and do not exceed it, though 0.28 x 25 is a little more than 7 in floating point.
"""

from __future__ import annotations

import math
from fractions import Fraction

import numpy as np
from pydantic import Field

from mutirao.filters.step import Share
from mutirao.model import Frozen

MOST_YEARS = 301
"""Years that a series may have, from 1900 to 2200."""


class Above(Frozen):
    """A share that must be exceeded."""

    above: Share = Field(description="Largest share that is not enough, 0 to 1.")

    def __str__(self) -> str:
        return f"above {self.above}"


Threshold = Share | Above


def as_written(threshold: Threshold) -> Fraction:
    """Return a share as the decimal number that it is written as."""
    return Fraction(str(threshold.above if isinstance(threshold, Above) else threshold))


def is_met(threshold: Threshold, years: int, valid: int) -> bool:
    """Return whether so many of the valid years are enough."""
    share = as_written(threshold) * valid
    return years > share if isinstance(threshold, Above) else years >= share


def years_needed(threshold: Threshold) -> np.ndarray:
    """Return (valid years,) int64, the fewest years that are enough, of 0 to `MOST_YEARS` valid years."""
    share = as_written(threshold)
    if isinstance(threshold, Above):
        return np.array([math.floor(share * valid) + 1 for valid in range(MOST_YEARS + 1)])
    return np.array([math.ceil(share * valid) for valid in range(MOST_YEARS + 1)])
