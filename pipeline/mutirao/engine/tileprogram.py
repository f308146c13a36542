"""What happens to one tile: integration, then the chain, then the halo is cut off. Arrays in, arrays out."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from mutirao.filters.apply import ReadyStep, apply_chain
from mutirao.integration.compile import Program, integrate

LAYERS = ("class", "integrated", "source", "rule", "conflict", "filter")
"""Arrays of a finished tile, (year, y, x) each: class after the chain, class before it, number of the module whose
claim won, number of the rule, number of modules that claim another class, number of the last filter step that changed
the pixel."""


def run_tile(
    program: Program, steps: Sequence[ReadyStep], claims: np.ndarray, layers: np.ndarray, core: tuple[slice, slice]
) -> dict[str, np.ndarray]:
    """Integrate and filter a window and return its core.

    Parameters
    ----------
    claims : (module, year, y, x) uint8 claims of the window.
    layers : (layer, y, x) integers of the window.
    core : rows and columns of the tile inside the window.

    Returns
    -------
    The arrays named in `LAYERS`, cut to the core.
    """
    integrated = integrate(program, claims, layers)
    classes, touched = apply_chain(steps, integrated.classes)
    arrays = (classes, integrated.classes, integrated.source, integrated.rule, integrated.conflicts, touched)
    return {name: array[:, *core] for name, array in zip(LAYERS, arrays, strict=True)}
