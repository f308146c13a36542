"""Which years a chain can judge yet: a rule that looks at the years around a year cannot judge the last ones."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from mutirao.filters.step import ReadyStep


def judged_years(steps: Sequence[ReadyStep], years: int) -> np.ndarray:
    """Return (step, year) bool: whether a step judges a year by other years, and may write it.

    A step judges a year if the years that it must see before and after it (its `evidence`) lie in the series. Steps
    without evidence, as filling gaps or removing patches, confirm nothing about a year. That a step writes some
    classes or places only makes no difference here.
    """
    return np.array([_judged(step, years) for step in steps], bool).reshape(len(steps), years)


def _judged(step: ReadyStep, years: int) -> np.ndarray:
    places = np.arange(years)
    if step.work.evidence is None:
        return np.zeros(years, bool)
    before, after = step.work.evidence
    held = (places >= before) & (places + after < years)
    if step.work.judged is not None:
        held &= np.isin(places, [place % years for place in step.work.judged if -years <= place < years])
    return held if step.years is None else held & np.array(step.years)


def unconfirmed(judged: np.ndarray) -> int:
    """Return how many of the last years no step judges; 0 if there is no step that judges any year."""
    confirmed = np.flatnonzero(judged.any(axis=0))
    return judged.shape[1] - 1 - int(confirmed[-1]) if len(confirmed) else 0
