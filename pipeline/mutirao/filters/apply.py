"""Run a chain over a block of class series and tell which step changed what."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Protocol

import numpy as np

from mutirao.errors import ConfigError, Finding
from mutirao.filters.chain import Chain
from mutirao.filters.lookup import Classes, Lookup
from mutirao.filters.names import own_groups
from mutirao.filters.step import Ground, ReadyStep, Scope, SeriesWork, Step, Surroundings, table_of
from mutirao.filters.strips import carry_over, restore_outside

_STRIP = 65 * 64
"""Pixels worked on at a time, so that their years stay in the cache for all steps on series; no power of two, or the
years of a pixel would compete for the same places in the cache."""
_NO_MARKS = np.empty((0, 1), np.uint8)


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
    if chain is None:
        return ()
    findings: list[Finding] = []
    known = surroundings or Surroundings()
    classes = own_groups(chain.groups, Lookup(legend, where, findings, known))
    steps = [_ready(step, Lookup(classes, _at(where, place), findings, known)) for step, place in chain.flat()]
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
        """See what a step (numbered from 1) made of the pixels from a flat index on.

        Both are (year, pixel) uint8 and lent for the call only: their memory is used again.
        """


def apply_chain(
    steps: Sequence[ReadyStep],
    classes: np.ndarray,
    ground: Ground | None = None,
    watch: Watch | None = None,
    *,
    out: np.ndarray | None = None,
    touched: np.ndarray | None = None,
) -> tuple[np.ndarray, np.ndarray]:
    """Run the steps in order.

    Beyond the two results, steps on series hold a strip, or two if they are watched; steps on maps hold one copy of the
    block.

    Parameters
    ----------
    classes : (year, y, x) uint8, class codes with 0 for nodata; not changed, unless it is given as `out` too.
    ground : layers and pixel sizes under the block; needed if a step asks for them.
    watch : is shown every step on every pixel once.
    out, touched : C-ordered (year, y, x) uint8 that take the results; new ones if they are not given.

    Returns
    -------
    classes : (year, y, x) uint8 after the last step.
    touched : (year, y, x) uint8, number (from 1) of the last step that changed the pixel in that year, 0 for none.
    """
    source, under = np.ascontiguousarray(classes), ground or Ground()
    now = np.empty_like(source) if out is None else out
    if touched is None:
        touched = np.zeros_like(source)
    else:
        touched.fill(0)
    numbered = list(enumerate(steps, start=1))
    for on_series, group in groupby(numbered, key=lambda pair: isinstance(pair[1].work, SeriesWork)):
        run = _run_strips if on_series else _run_maps
        run(list(group), source, now, touched, under, watch)
        source = now
    if source is not now:
        np.copyto(now, source)
    return now, touched


def run_step(step: ReadyStep, classes: np.ndarray, ground: Ground) -> None:
    """Run one step on a C-ordered (year, y, x) uint8 block, in place."""
    if not isinstance(step.work, SeriesWork):
        step.work.run(classes, ground.site(step, classes.shape))
    elif step.work.streams and not step.scope.conditions:
        _SeriesRun.of(1, step, step.work, len(classes)).call(classes.reshape(len(classes), -1), {})
    else:
        _run_strips([(1, step)], classes, classes, None, ground, None)


def _run_maps(
    steps: list[tuple[int, ReadyStep]],
    source: np.ndarray,
    now: np.ndarray,
    touched: np.ndarray,
    ground: Ground,
    watch: Watch | None,
) -> None:
    """Run steps on maps, each on the whole block."""
    before = source.copy()
    if source is not now:
        np.copyto(now, source)
    was, flat, marks = (block.reshape(len(source), -1) for block in (before, now, touched))
    for number, step in steps:
        run_step(step, now, ground)
        if watch:
            watch.see(number, was, flat, 0)
        carry_over(flat, was, 0, marks, number)


def _run_strips(
    steps: list[tuple[int, ReadyStep]],
    source: np.ndarray,
    now: np.ndarray,
    touched: np.ndarray | None,
    ground: Ground,
    watch: Watch | None,
) -> None:
    """Run steps on series strip by strip, all steps on one strip before the next.

    The strip is worked on in a copy; what a step changed is then carried over to `now`, which tells until then what the
    strip was before.
    """
    years, plane = len(source), source[0].size
    read, write = source.reshape(years, -1), now.reshape(years, -1)
    marks = _NO_MARKS if touched is None else touched.reshape(years, -1)
    runs = [_SeriesRun.of(n, step, step.work, years) for n, step in steps if isinstance(step.work, SeriesWork)]
    layers = {name: np.asarray(ground.layers[name]).reshape(1, -1) for _, step in steps for name in step.layers}
    memory = np.empty((2 if watch else 1, years * min(_STRIP, plane)), np.uint8)
    for first in range(0, plane, _STRIP):
        pixels = slice(first, min(first + _STRIP, plane))
        under = {name: layer[:, pixels] for name, layer in layers.items()}
        strips = [part[: years * (pixels.stop - first)].reshape(years, -1) for part in memory]
        strip, before = strips[0], strips[-1]
        np.copyto(strip, read[:, pixels])
        if source is not now:
            write[:, pixels] = strip
        for run in runs:
            if watch:
                np.copyto(before, strip)
            run.call_inside(strip, write, first, under)
            if watch:
                watch.see(run.number, before, strip, first)
            carry_over(strip, write, first, marks, run.number)


@dataclass(frozen=True, slots=True)
class _SeriesRun:
    """A step on series, made ready for the strips of a block."""

    number: int
    work: SeriesWork
    scope: Scope
    writable: np.ndarray
    protected: np.ndarray

    @classmethod
    def of(cls, number: int, step: ReadyStep, work: SeriesWork, years: int) -> _SeriesRun:
        writable = np.ones(years, bool) if step.years is None else np.array(step.years)
        return cls(number, work, step.scope, writable, table_of(step.protected))

    def call(self, strip: np.ndarray, layers: dict[str, np.ndarray]) -> None:
        """Change all pixels of a strip."""
        named = self.work.layers
        consulted = (np.array([layers[name][0] for name in named], np.int64),) if named else ()
        self.work.kernel(strip, *consulted, self.writable, self.protected, *self.work.arguments)

    def call_inside(self, strip: np.ndarray, block: np.ndarray, first: int, layers: dict[str, np.ndarray]) -> None:
        """Change the pixels of a strip where the conditions of the step hold; the block tells what the strip was."""
        if not self.scope.conditions:
            self.call(strip, layers)
            return
        scope = self.scope.mask(layers, (1, strip.shape[1]))[0]
        if scope.any():
            self.call(strip, layers)
            if not scope.all():
                restore_outside(strip, block, first, scope)
