"""Run a chain over a block of class series and tell which step changed what."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from mutirao.errors import ConfigError, Finding
from mutirao.filters import patches
from mutirao.filters.chain import (
    Chain,
    Endpoints,
    Frequency,
    GapFill,
    Isolated,
    LeadIn,
    Majority,
    Patches,
    Pattern,
    Regrowth,
    Step,
    Window,
)
from mutirao.filters.endpoints import correct_ends
from mutirao.filters.frequency import stabilise
from mutirao.filters.gapfill import fill_gaps
from mutirao.filters.isolated import remove_isolated
from mutirao.filters.lead_in import rewrite_lead_in
from mutirao.filters.lookup import EVERYTHING, Lookup
from mutirao.filters.majority import settle
from mutirao.filters.pattern import compile_rewrites, rewrite_patterns
from mutirao.filters.regrowth import block_regrowth
from mutirao.filters.window import close_windows
from mutirao.legend import Legend

Operator = Callable[[np.ndarray], None]


@dataclass(frozen=True, slots=True)
class ReadyStep:
    """A step in codes. `run` changes a C-ordered (year, y, x) uint8 block in place and needs `halo` pixels around."""

    title: str
    settings: tuple[Any, ...]
    """Everything that decides what the step does, as plain values; steps with equal settings do the same."""
    halo: int
    run: Operator


def ready(chain: Chain | None, legend: Legend, where: Callable[..., str]) -> tuple[ReadyStep, ...]:
    """Look up the classes of a chain.

    Raises
    ------
    ConfigError
        With all findings: F101 unknown class or group, F102 a group where one class must stand, F103 a pattern with
        unequal sides, F104 `*` on the right side of a pattern.
    """
    findings: list[Finding] = []
    steps = []
    for number, step in enumerate(chain.steps if chain else ()):
        lookup = Lookup(legend, lambda *place, number=number: where("steps", number, *place), findings)
        before = len(findings)
        prepared = _PREPARE[type(step)](step, lookup)
        if len(findings) == before:
            steps.append(ReadyStep(step.title, *prepared()))
    if findings:
        raise ConfigError(*findings)
    return tuple(steps)


Prepared = Callable[[], tuple[tuple[Any, ...], int, Operator]]
"""Settings, halo and operator of a step; called only if all its names are known."""


def _gap_fill(step: GapFill, lookup: Lookup) -> Prepared:
    return lambda: ((step.filter,), 0, _on_series(fill_gaps))


def _window(step: Window, lookup: Lookup) -> Prepared:
    order = lookup.codes(step.classes, "classes")
    settings = (step.filter, step.width, step.writes, order)
    arguments = (np.array(order, np.uint8), step.width, step.writes == "gap")
    return lambda: (settings, 0, _on_series(close_windows, *arguments))


def _isolated(step: Isolated, lookup: Lookup) -> Prepared:
    order = lookup.codes(step.classes, "classes")
    allowed = lookup.codes(step.allowed, "allowed") or sorted(EVERYTHING - {0})
    arguments = (np.array(order, np.uint8), _table(allowed))
    return lambda: ((step.filter, order, allowed), 0, _on_series(remove_isolated, *arguments))


def _pattern(step: Pattern, lookup: Lookup) -> Prepared:
    rewrites = [lookup.rewrite(text, "rewrites", i) for i, text in enumerate(step.rewrites)]
    plain = [([sorted(codes) for codes in rewrite.before], rewrite.after) for rewrite in rewrites]
    settings = (step.filter, plain, step.windows, step.reads, step.scan)
    where = (step.windows == "first", step.windows == "last", step.reads == "running", step.scan == "descending")
    return lambda: (settings, 0, _on_series(rewrite_patterns, *compile_rewrites(rewrites), *where))


def _endpoints(step: Endpoints, lookup: Lookup) -> Prepared:
    first, protected = lookup.codes(step.first, "first"), lookup.codes(step.protected, "protected")
    settings = (step.filter, first, step.last, protected)
    arguments = (np.array(first, np.uint8), step.last, _table(protected))
    return lambda: (settings, 0, _on_series(correct_ends, *arguments))


def _frequency(step: Frequency, lookup: Lookup) -> Prepared:
    group = lookup.codes(step.group, "group")
    order = [lookup.single(reference, "thresholds", reference) for reference in step.thresholds]
    shares = list(step.thresholds.values())
    settings = (step.filter, group, step.total, order, shares, step.writes)
    thresholds = (np.array(order, np.uint8), np.array(shares))
    arguments = (_table(group), step.total, *thresholds, step.writes == "all")
    return lambda: (settings, 0, _on_series(stabilise, *arguments))


def _regrowth(step: Regrowth, lookup: Lookup) -> Prepared:
    use, native = lookup.codes(step.use, "use"), lookup.codes(step.native, "native")
    becomes = lookup.single(step.becomes, "becomes")
    arguments = (_table(use), step.years, _table(native), becomes)
    return lambda: ((step.filter, use, step.years, native, becomes), 0, _on_series(block_regrowth, *arguments))


def _lead_in(step: LeadIn, lookup: Lookup) -> Prepared:
    targets, lead = lookup.codes(step.targets, "targets"), lookup.codes(step.lead, "lead")
    arguments = (_table(targets), _table(lead), step.keep)
    return lambda: ((step.filter, targets, lead, step.keep), 0, _on_series(rewrite_lead_in, *arguments))


def _majority(step: Majority, lookup: Lookup) -> Prepared:
    order = lookup.codes(step.classes, "classes")
    return lambda: ((step.filter, order), 0, _on_series(settle, np.array(order, np.uint8)))


def _patches(step: Patches, lookup: Lookup) -> Prepared:
    protected = lookup.codes(step.protected, "protected")
    settings = (step.filter, step.min_pixels, step.connectivity, protected)
    limits = (step.min_pixels, step.connectivity, _table(protected))
    return lambda: (settings, patches.halo(step.min_pixels), lambda block: patches.remove_patches(block, *limits))


_PREPARE: dict[type[Step], Callable[[Any, Lookup], Prepared]] = {
    GapFill: _gap_fill,
    Window: _window,
    Isolated: _isolated,
    Pattern: _pattern,
    Endpoints: _endpoints,
    Frequency: _frequency,
    Regrowth: _regrowth,
    LeadIn: _lead_in,
    Majority: _majority,
    Patches: _patches,
}


def _table(codes: Sequence[int]) -> np.ndarray:
    """Return (256,) bool, true at the codes."""
    return np.isin(np.arange(256), codes)


def _on_series(kernel: Callable[..., None], *arguments: Any) -> Operator:
    """Make an operator of a kernel that works on (year, pixel)."""
    return lambda block: kernel(block.reshape(len(block), -1), *arguments)


def halo(steps: Sequence[ReadyStep]) -> int:
    """Return the pixels around a tile that the whole chain needs."""
    return sum(step.halo for step in steps)


def apply_chain(steps: Sequence[ReadyStep], classes: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Run the steps in order.

    Parameters
    ----------
    classes : (year, y, x) uint8, class codes with 0 for nodata; not changed.

    Returns
    -------
    classes : (year, y, x) uint8 after the last step.
    touched : (year, y, x) uint8, number (from 1) of the last step that changed the pixel in that year, 0 for none.
    """
    now = classes.copy()
    touched = np.zeros_like(now)
    for number, step in enumerate(steps, start=1):
        before = now.copy()
        step.run(now)
        touched[now != before] = number
    return now, touched
