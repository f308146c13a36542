"""Run a chain over a block of class series and tell which step changed what."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from mutirao.errors import ConfigError, Finding
from mutirao.filters import patches
from mutirao.filters.chain import Chain, GapFill, Patches, Step, Window
from mutirao.filters.gapfill import fill_gaps
from mutirao.filters.window import close_windows
from mutirao.legend import Legend
from mutirao.model import Reference

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
        F101: a step names a class or group that the legend does not have; all such findings.
    """
    findings: list[Finding] = []
    steps = []
    for number, step in enumerate(chain.steps if chain else ()):
        codes = _codes(step, legend, findings, where("steps", number))
        steps.append(_ready(step, codes))
    if findings:
        raise ConfigError(*findings)
    return tuple(steps)


def _codes(step: Step, legend: Legend, findings: list[Finding], where: str) -> list[int]:
    """Return the codes of a step's class list in order; a group stands for its classes in legend order."""
    codes: list[int] = []
    for reference in _references(step):
        try:
            codes.extend(sorted(legend.resolve(reference)))
        except KeyError:
            remedy = f"the legend '{legend.id}' has: {', '.join(legend.known_names())}"
            findings.append(Finding("F101", f"'{reference}' is no class or group of the legend", where, remedy))
    return codes


def _references(step: Step) -> Sequence[Reference]:
    match step:
        case Window():
            return step.classes
        case Patches():
            return step.protected
        case GapFill():
            return ()


def _ready(step: Step, codes: list[int]) -> ReadyStep:
    match step:
        case GapFill():
            return ReadyStep(step.title, (step.filter,), 0, lambda block: fill_gaps(_series(block)))
        case Window():
            order = np.array(codes, np.uint8)
            return ReadyStep(
                step.title, (step.filter, step.width, codes), 0, lambda block: close_windows(_series(block), order)
            )
        case Patches():
            protected = np.isin(np.arange(256), codes)
            limits = (step.min_pixels, step.connectivity, protected)
            halo = patches.halo(step.min_pixels)
            settings = (step.filter, step.min_pixels, step.connectivity, codes)
            return ReadyStep(step.title, settings, halo, lambda block: patches.remove_patches(block, *limits))


def _series(block: np.ndarray) -> np.ndarray:
    """View a (year, y, x) block as (year, pixel)."""
    return block.reshape(len(block), -1)


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
