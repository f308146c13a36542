"""What happens to one tile: integration, then the chain, then the halo is cut off. Arrays in, arrays out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from mutirao.change.transitions import transitions_ha
from mutirao.collection import Collection
from mutirao.engine.layerdigests import tile_digests
from mutirao.engine.stopwatch import phase
from mutirao.filters.apply import Watch, apply_chain
from mutirao.filters.overlay import Overlay
from mutirao.filters.step import Ground, ReadyStep, Surroundings
from mutirao.filters.tally import Part, Sums, Tally
from mutirao.grid import Tile
from mutirao.integration.compile import Integrated, Program, integrate
from mutirao.integration.conflicts import sum_conflicts
from mutirao.statistics.decided import decided_ha

LAYERS = ("class", "integrated", "source", "rule", "conflict", "filter")
"""Arrays of a finished tile, (year, y, x) each: class after the chain, class before it, number of the module whose
claim won, number of the rule, number of modules that claim another class, number of the last filter step that changed
the pixel."""
KINDS, KINDS_HA = "conflict_kinds", "conflict_ha"
"""Two more arrays of a finished tile: the table of its conflicts, (n, 7) and (n,), so that a tile that is only read
back need not look at the claims again."""
CHANGES = ("transition_kinds", "transition_ha")
"""What `change.transitions.transitions_ha` tells of a finished tile."""
DECISIONS = ("decision_kinds", "decision_ha")
"""And `statistics.decided.decided_ha`."""
DIGESTS = "digests"
"""And `layerdigests.tile_digests` of the `LAYERS`."""
TALLY = ("tally_kinds", "tally_ha", "tally_steps", "tally_whole", "rewrites")
"""And what its chain did: the fields of `filters.tally.Sums`."""


def surroundings_of(
    collection: Collection, territories: Mapping[str, Sequence[str]], overlays: Mapping[str, Overlay]
) -> Surroundings:
    """Return what the chain of a collection may speak of, besides its layers identifiers of territories by level."""
    levels = {level: {name: code for code, name in enumerate(ids, start=1)} for level, ids in territories.items()}
    layers = {**levels, **{layer.id: layer.values for layer in collection.layers}}
    size = collection.grid.pixel_ha_range()
    return Surroundings(collection.years.all(), layers, size, frozenset(levels), overlays)


def ground_of(collection: Collection, layers: np.ndarray, consulted: Mapping[str, np.ndarray], window: Tile) -> Ground:
    """Return what the chain may consult in a window.

    Parameters
    ----------
    layers : (layer, y, x) integers of the collection's layers in the window.
    consulted : (y, x) integers of territories and polygons in the window, by name.
    """
    named = {layer.id: values for layer, values in zip(collection.layers, layers, strict=True)}
    return Ground({**named, **consulted}, collection.grid.areas_ha(window))


def run_tile(
    program: Program,
    steps: Sequence[ReadyStep],
    claims: np.ndarray,
    layers: np.ndarray,
    ground: Ground,
    core: tuple[slice, slice],
    watch: Watch | None = None,
) -> dict[str, np.ndarray]:
    """Integrate and filter a window and return its core.

    Parameters
    ----------
    claims : (module, year, y, x) uint8 claims of the window.
    layers : (layer, y, x) integers of the window, for the rules.
    ground : what the steps of the chain consult in the window.
    core : rows and columns of the tile inside the window.
    watch : is shown every step of the chain on the window.

    Returns
    -------
    The arrays named in `LAYERS`, cut to the core.
    """
    with phase("integrate"):
        integrated = integrate(program, claims, layers)
    with phase("chain"):
        classes, touched = apply_chain(steps, integrated.classes, ground, watch)
    arrays = (classes, integrated.classes, integrated.source, integrated.rule, integrated.conflicts, touched)
    return {name: array[:, *core] for name, array in zip(LAYERS, arrays, strict=True)}


@dataclass(frozen=True, slots=True)
class _Numbered:
    """Shows the steps of a later pass to a watch by their numbers in the whole chain."""

    watch: Watch
    before: int

    def see(self, number: int, before: np.ndarray, after: np.ndarray, first: int) -> None:
        """See a step; its number is that within the pass."""
        self.watch.see(self.before + number, before, after, first)


def run_steps(
    steps: Sequence[ReadyStep],
    before: int,
    classes: np.ndarray,
    touched: np.ndarray,
    ground: Ground,
    core: tuple[slice, slice],
    watch: Watch,
) -> tuple[np.ndarray, np.ndarray]:
    """Go on with a chain on a window.

    Parameters
    ----------
    steps : the next ones.
    before : number of steps that have run.
    classes : (year, y, x) uint8 of the window after these.
    touched : (year, y, x) uint8 of the core, number of the last of these that changed the pixel, 0 for none.
    ground, core, watch : as for `run_tile`.

    Returns
    -------
    Classes and touched of the core after the steps.
    """
    with phase("chain"):
        now, own = apply_chain(steps, classes, ground, _Numbered(watch, before))
    numbers = own[:, *core]
    return now[:, *core], np.where(numbers > 0, numbers + np.uint8(before), touched)


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


def tile_sums(
    tally: Tally, block: Mapping[str, np.ndarray], pixel_ha: np.ndarray, modules: int
) -> dict[str, np.ndarray]:
    """Sum up and digest a finished tile, so that nobody need read its pixels again for that.

    Parameters
    ----------
    tally : has seen every step of the chain.
    block : the arrays named in `LAYERS`.
    pixel_ha : float64, hectares of each pixel, broadcast against (y, x).
    modules : number of modules.

    Returns
    -------
    The arrays named in `TALLY`, `CHANGES`, `DECISIONS` and `DIGESTS`.
    """
    sums = tally.finish(block["integrated"], block["class"])
    told = (sums.kinds, sums.area_ha, sums.steps, sums.whole, sums.rewrites)
    changes = transitions_ha(block["class"], pixel_ha)
    decided = decided_ha(block["source"], block["integrated"], block["conflict"], pixel_ha, modules)
    digests = tile_digests(block[name] for name in LAYERS)
    return dict(zip((*TALLY, *CHANGES, *DECISIONS, DIGESTS), (*told, *changes, *decided, digests), strict=True))


PART = ("part_kinds", "part_ha", "part_series", "part_rewrites")
"""What an unfinished chain did, in a tile that a later pass goes on with: the fields of `filters.tally.Part`."""


def tile_part(tally: Tally, steps: int) -> dict[str, np.ndarray]:
    """Return what the first steps of a chain did in a tile, by the names of `PART`."""
    part = tally.part(steps)
    return dict(zip(PART, (part.kinds, part.area_ha, part.series, part.rewrites), strict=True))


def part_in(block: Mapping[str, np.ndarray]) -> Part:
    """Return what the chain did so far in a tile that an earlier pass made."""
    return Part(*(block[name] for name in PART))


def tally_in(block: Mapping[str, np.ndarray]) -> Sums:
    """Return what the chain did in a finished tile."""
    return Sums(*(block[name] for name in TALLY))
