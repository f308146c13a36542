"""What happens to one tile: integration, then the chain, then the halo is cut off. Arrays in, arrays out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from mutirao.filters.apply import ReadyStep, apply_chain
from mutirao.integration.compile import Integrated, Program, integrate
from mutirao.integration.conflicts import sum_conflicts

LAYERS = ("class", "integrated", "source", "rule", "conflict", "filter")
"""Arrays of a finished tile, (year, y, x) each: class after the chain, class before it, number of the module whose
claim won, number of the rule, number of modules that claim another class, number of the last filter step that changed
the pixel."""
KINDS, KINDS_HA = "conflict_kinds", "conflict_ha"
"""Two more arrays of a finished tile: the table of its conflicts, (n, 7) and (n,), so that a tile that is only read
back need not look at the claims again."""


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


def tile_conflicts(block: Mapping[str, np.ndarray], claims: np.ndarray, pixel_ha: np.ndarray) -> dict[str, np.ndarray]:
    """Sum up who disagrees with whom in a finished tile.

    Parameters
    ----------
    block : arrays that `run_tile` returned.
    claims : (module, year, y, x) uint8 claims of the tile, without a halo.
    pixel_ha : float64, hectares of each pixel, broadcast against (y, x).

    Returns
    -------
    The arrays named by `KINDS` and `KINDS_HA`; see `integration.conflicts.Conflicts`.
    """
    integrated = Integrated(block["integrated"], block["rule"], block["source"], block["conflict"])
    found = sum_conflicts(claims, integrated, pixel_ha)
    return {KINDS: found.kinds, KINDS_HA: found.area_ha}
