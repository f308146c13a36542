"""What the steps of a chain consult besides the layers of the collection: territories and polygons, on the grid."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
from pydantic import Field

from mutirao.collection import Collection
from mutirao.engine.tileprogram import surroundings_of
from mutirao.filters.overlay import Attribute, Overlay
from mutirao.filters.step import ReadyStep, SeriesWork, Surroundings
from mutirao.grid import Grid, Pixels, Tile
from mutirao.io import cogs, rasters
from mutirao.io.vectors import Zones
from mutirao.model import Frozen

NO_PIXELS = np.zeros((0, 0), np.uint32)


class KeptPolygons(Frozen):
    """Polygons without their pixels; see `Overlay`."""

    members: tuple[tuple[int, ...], ...]
    columns: tuple[str, ...]
    rows: tuple[dict[str, Attribute], ...]


class Consulted(Frozen):
    """What the numbers in the maps that a chain consults mean; there is a band for each, in this order."""

    territories: dict[str, tuple[str, ...]] = Field(
        default={}, description="Identifiers by level; in the map they are numbered from 1."
    )
    polygons: dict[str, KeptPolygons] = Field(default={}, description="By name of the overlay.")

    @property
    def bands(self) -> tuple[str, ...]:
        """Names of the maps."""
        return (*self.territories, *self.polygons)

    def surroundings(self, collection: Collection) -> Surroundings:
        """Return what a chain may speak of, as it was when this was kept."""
        overlays = {
            name: Overlay(NO_PIXELS, kept.members, kept.columns, kept.rows) for name, kept in self.polygons.items()
        }
        return surroundings_of(collection, self.territories, overlays)


def consulted_by(
    steps: Sequence[ReadyStep], zones: Sequence[Zones], overlays: Mapping[str, Overlay]
) -> tuple[Consulted, dict[str, Pixels]]:
    """Return what the steps consult, and its (y, x) integer maps by name."""
    asked = {name for step in steps for name in step.layers}
    levels = {level.level: level for level in zones if level.level in asked}
    read = {name: overlay for name, overlay in overlays.items() if name in asked}
    kept = {name: KeptPolygons(members=o.members, columns=o.columns, rows=o.rows) for name, o in read.items()}
    consulted = Consulted(territories={name: level.ids for name, level in levels.items()}, polygons=kept)
    maps = {**{name: level.codes for name, level in levels.items()}, **{name: o.index for name, o in read.items()}}
    return consulted, maps


def window_digest(maps: Mapping[str, Pixels], steps: Sequence[ReadyStep], grid: Grid, window: Tile) -> list[object]:
    """Return plain values that tell what each of the maps says in a window, whatever they say elsewhere.

    Combinations of polygons are numbered anew in the window, so that a polygon that comes or goes elsewhere is no
    reason to make a tile again.
    """
    return [_digest(values[window.slices], _meanings(name, steps), grid) for name, values in maps.items()]


def _meanings(name: str, steps: Sequence[ReadyStep]) -> list[tuple[object, ...]]:
    works = [step.work for step in steps if isinstance(step.work, SeriesWork)]
    return [work.by_value for work in works if work.by_value and work.layers == (name,)]


def _digest(here: np.ndarray, meanings: Sequence[tuple[object, ...]], grid: Grid) -> object:
    if not meanings:
        return rasters.pixel_digest(here, grid)
    values, first, inverse = np.unique(here, return_index=True, return_inverse=True)
    order = np.argsort(first)
    renumbered = np.argsort(order)[inverse].reshape(here.shape)
    said = [[meaning[value] for value in values[order].tolist()] for meaning in meanings]
    return rasters.pixel_digest(renumbered, grid), said


def write_maps(path: Path, consulted: Consulted, maps: Mapping[str, Pixels], grid: Grid) -> None:
    """Write the maps as one file, one band each."""
    with cogs.Draft(path, grid, np.uint32, bands=consulted.bands) as draft:
        for tile in grid.tiles():
            draft.write(np.stack([maps[name][tile.slices] for name in consulted.bands], dtype=np.uint32), tile)
        draft.finish()


def read_maps(location: str, consulted: Consulted, window: Tile) -> dict[str, np.ndarray]:
    """Read the maps in a window, by name."""
    if not consulted.bands:
        return {}
    return dict(zip(consulted.bands, rasters.read_bands(location, window), strict=True))
