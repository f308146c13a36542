"""Try a chain on many series: what is seen here needs no proof.

Series are laid around the windows of a rewrite, where it could show an effect; they are drawn, but always the same
ones. Steps that look at neighbours or layers are left out, as on a uniform map; so what is seen holds where such steps
change nothing, and the linter takes it as a reason to stay silent or shows it as it ran.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from mutirao.filters.apply import run_step
from mutirao.filters.lint.model import Modelled, Pass
from mutirao.filters.step import Ground, MapWork, Scope

DRAWN = 300
"""Series drawn for each rewrite."""


def trials(passes: Sequence[Pass], inputs: Sequence[int], years: int) -> np.ndarray:
    """Return series of classes that may come in, (year, series) uint8, on which rewrites may fire."""
    random = np.random.default_rng(0)
    drawn = [_uneven(random, inputs, years)]
    for act in passes:
        places = [[code for code in inputs if code in allowed] for allowed in act.before]
        if act.starts(years) and all(places):
            drawn.append(_around(random, act, places, inputs, years))
    return np.concatenate(drawn, axis=1)


def _uneven(random: np.random.Generator, inputs: Sequence[int], years: int) -> np.ndarray:
    """Return series that change now and then."""
    drawn = random.choice(np.array(inputs, np.uint8), (years, DRAWN))
    kept = random.random((years, DRAWN)) < random.random(DRAWN)
    for t in range(1, years):
        drawn[t] = np.where(kept[t], drawn[t - 1], drawn[t])
    return drawn


def _around(
    random: np.random.Generator, act: Pass, places: Sequence[Sequence[int]], inputs: Sequence[int], years: int
) -> np.ndarray:
    """Return series that fit a rewrite somewhere; most have one class before the window and one after it."""
    series = _uneven(random, inputs, years)
    starts = random.choice(np.array(act.starts(years)), DRAWN)
    before, after = random.choice(np.array(inputs, np.uint8), (2, DRAWN))
    even = random.random(DRAWN) < 0.8
    index = np.arange(years)[:, None]
    series = np.where(even & (index < starts), before, series)
    series = np.where(even & (index >= starts), after, series)
    for place, codes in enumerate(places):
        series[starts + place, np.arange(DRAWN)] = random.choice(np.array(codes, np.uint8), DRAWN)
    return series


def run(steps: Sequence[Modelled], series: np.ndarray) -> np.ndarray:
    """Return what steps make of series, (year, series) uint8; steps that need a map or layers do nothing here."""
    block = np.array(series[:, None, :], order="C")
    for step in steps:
        if step.ready and not isinstance(step.ready.work, MapWork) and not step.ready.work.layers:
            run_step(replace(step.ready, scope=Scope()), block, Ground())
    return block[:, 0, :]
