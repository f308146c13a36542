"""Run a chain over a block of class series and tell which step changed what."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from itertools import groupby
from typing import Protocol

import numpy as np

from mutirao.errors import ConfigError, Finding
from mutirao.filters.chain import Chain
from mutirao.filters.lookup import Classes, Lookup
from mutirao.filters.step import Ground, ReadyStep, SeriesWork, Site, Step, Surroundings

_STRIP = 4096
"""Pixels worked on at a time, so that their years stay in the cache for all steps on series."""


def ready(
    chain: Chain | None, legend: Classes, where: Callable[..., str], surroundings: Surroundings | None = None
) -> tuple[ReadyStep, ...]:
    """Look up what the steps of a chain name.

    Raises
    ------
    ConfigError
        With all findings: F101 unknown class or group, F102 a group where one class must stand, F103 a pattern with
        unequal sides, F104 `*` on the right side of a pattern, F105 unknown layer, F106 unknown value of a layer, F107
        a year outside the series, and those of single operators.
    """
    findings: list[Finding] = []
    steps = [
        _ready(step, Lookup(legend, _at(where, place), findings, surroundings or Surroundings()))
        for step, place in (chain.flat() if chain else ())
    ]
    if findings:
        raise ConfigError(*findings)
    return tuple(step for step in steps if step)


def _at(where: Callable[..., str], base: tuple[int | str, ...]) -> Callable[..., str]:
    return lambda *place: where(*base, *place)


def _ready(step: Step, look: Lookup) -> ReadyStep | None:
    before = len(look.findings)
    prepared, scope, years = step.prepare(look), look.scope(step.where), look.writable(step.years)
    protected = frozenset(look.codes(step.protected, "protected"))
    return ReadyStep(step.title, prepared(), scope, years, protected) if len(look.findings) == before else None


def halo(steps: Sequence[ReadyStep]) -> int:
    """Return the pixels around a tile that the whole chain needs."""
    return sum(step.halo for step in steps)


class Watch(Protocol):
    """Looks on while a chain runs."""

    def see(self, number: int, before: np.ndarray, after: np.ndarray, first: int) -> None:
        """See what a step (numbered from 1) made of the pixels from a flat index on; both (year, pixel) uint8."""


def apply_chain(
    steps: Sequence[ReadyStep], classes: np.ndarray, ground: Ground | None = None, watch: Watch | None = None
) -> tuple[np.ndarray, np.ndarray]:
    """Run the steps in order.

    Parameters
    ----------
    classes : (year, y, x) uint8, class codes with 0 for nodata; not changed.
    ground : layers and pixel sizes under the block; needed if a step asks for them.
    watch : is shown every step on every pixel once.

    Returns
    -------
    classes : (year, y, x) uint8 after the last step.
    touched : (year, y, x) uint8, number (from 1) of the last step that changed the pixel in that year, 0 for none.
    """
    now = np.array(classes, order="C")
    touched = np.zeros_like(now)
    under = ground or Ground()
    numbered = list(enumerate(steps, start=1))
    for _, group in groupby(numbered, key=lambda pair: isinstance(pair[1].work, SeriesWork)):
        run = list(group)
        on_series = [(number, step, step.work) for number, step in run if isinstance(step.work, SeriesWork)]
        if on_series:
            _run_strips(on_series, now, touched, under, watch)
        else:
            for number, step in run:
                before = now.copy()
                run_step(step, now, under)
                touched[now != before] = number
                if watch:
                    watch.see(number, before.reshape(len(now), -1), now.reshape(len(now), -1), 0)
    return now, touched


def run_step(step: ReadyStep, classes: np.ndarray, ground: Ground) -> None:
    """Run one step on a C-ordered (year, y, x) uint8 block, in place."""
    if isinstance(step.work, SeriesWork):
        _run_strips([(1, step, step.work)], classes, np.zeros_like(classes), ground, None)
    else:
        step.work.run(classes, ground.site(step, classes.shape))


def _run_strips(
    steps: Iterable[tuple[int, ReadyStep, SeriesWork]],
    classes: np.ndarray,
    touched: np.ndarray,
    ground: Ground,
    watch: Watch | None,
) -> None:
    """Run steps on series strip by strip, all steps on one strip before the next."""
    years = len(classes)
    flat, marks = classes.reshape(years, -1), touched.reshape(years, -1)
    sites = [(number, work, ground.site(step, classes.shape)) for number, step, work in steps]
    for first in range(0, flat.shape[1], _STRIP):
        pixels = slice(first, first + _STRIP)
        strip = np.ascontiguousarray(flat[:, pixels])
        for number, work, site in sites:
            before = strip.copy()
            _run_strip(work, site, strip, pixels)
            marks[:, pixels][strip != before] = number
            if watch:
                watch.see(number, before, strip, first)
        flat[:, pixels] = strip


def _run_strip(work: SeriesWork, site: Site, strip: np.ndarray, pixels: slice) -> None:
    """Run a kernel on the pixels of a strip that may be written."""
    scope = site.scope.reshape(-1)[pixels]
    layers = site.layers.reshape(len(site.layers), site.scope.size)[:, pixels]
    if scope.all():
        _call(work, site, strip, layers)
    elif scope.any():
        chosen = np.ascontiguousarray(strip[:, scope])
        _call(work, site, chosen, layers[:, scope])
        strip[:, scope] = chosen


def _call(work: SeriesWork, site: Site, series: np.ndarray, layers: np.ndarray) -> None:
    consulted = (np.ascontiguousarray(layers),) if work.layers else ()
    work.kernel(series, *consulted, site.writable, site.protected, *work.arguments)
