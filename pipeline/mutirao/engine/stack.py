"""Yearly rasters that belong to no collection, under a chain: to see what it does before anyone adopts it."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from mutirao.engine.chaintables import ChainSums
from mutirao.errors import Finding, GridError, UsageError
from mutirao.filters.apply import apply_chain, halo, ready
from mutirao.filters.chain import Chain
from mutirao.filters.step import Ground, ReadyStep, Surroundings
from mutirao.filters.tally import Tally
from mutirao.grid import Grid, Tile
from mutirao.io import configs, rasters
from mutirao.io.configs import Source
from mutirao.io.places import Place
from mutirao.legend import Legend
from mutirao.project import Project

_YEAR = re.compile(r"(?<!\d)(?:19|20|21)\d\d(?!\d)")
_TILE = 1024
"""Side of the tiles in which rasters are worked on, in pixels."""


@dataclass(frozen=True, slots=True)
class Stack:
    """Yearly rasters of classes on one grid."""

    files: Mapping[int, Place]
    """By year, ascending."""
    grid: Grid

    @property
    def years(self) -> tuple[int, ...]:
        """Years of the series."""
        return tuple(self.files)

    def read(self, window: Tile) -> np.ndarray:
        """Read (year, y, x) uint8 classes."""
        return np.stack([rasters.read(path, window) for path in self.files.values()])


def open_stack(paths: Sequence[Place]) -> Stack:
    """Take rasters for the years that their names tell.

    Raises
    ------
    UsageError
        U110: there is no raster. U111: a name tells no year, two tell the same one, or a year between is missing.
    GridError
        U112: a raster holds no uint8, has pixels that are no squares, or lies on another grid than the first.
    """
    if not paths:
        remedy = "quote the pattern, for example --rasters 'maps/*.tif'"
        raise UsageError.because("U110", "no raster fits the pattern", where="--rasters", remedy=remedy)
    files = dict(sorted(_by_year(paths).items()))
    return Stack(files, _common_grid(list(files.values())))


def _by_year(paths: Sequence[Place]) -> dict[int, Place]:
    files: dict[int, Place] = {}
    findings = []
    for path in sorted(paths, key=str):
        found = _YEAR.findall(path.stem)
        year = int(found[-1]) if found else None
        if year is None or year in files:
            message = f"'{path.name}' tells no year" if year is None else f"two rasters are of {year}"
            findings.append(Finding("U111", message, str(path), "name one raster a year, as lulc_1985.tif"))
        else:
            files[year] = path
    missing = set(range(min(files, default=0), max(files, default=0))) - set(files)
    if missing and not findings:
        message = f"no raster is of {', '.join(map(str, sorted(missing)))}"
        findings.append(Finding("U111", message, "--rasters", "steps count years: bring the rasters between, too"))
    if findings:
        raise UsageError(*findings)
    return files


def _common_grid(paths: Sequence[Place]) -> Grid:
    first = rasters.info(paths[0])
    step = first.transform
    squares = abs(step.a + step.e) <= 1e-9 * abs(step.a) and step.b == step.d == 0
    findings = [] if squares and first.crs else [_refused(paths[0], "its pixels are no squares in a CRS, north up")]
    for path in paths:
        info = rasters.info(path)
        if info.dtype != "uint8":
            findings.append(_refused(path, f"it holds {info.dtype}, not class codes of uint8"))
        elif info.shape != first.shape or not info.transform.almost_equals(step, 1e-6 * abs(step.a)):
            findings.append(_refused(path, f"it does not lie on the grid of '{paths[0].name}'"))
    if findings:
        raise GridError(*findings)
    return Grid(crs=first.crs, resolution=step.a, origin=(step.c, step.f), shape=first.shape, tile=_TILE)


def _refused(path: Place, message: str) -> Finding:
    return Finding("U112", message, str(path), "bring all rasters to one grid of square pixels, classes as uint8")


@dataclass(frozen=True, slots=True)
class ChainOnStack:
    """A chain, and the rasters that it is tried on."""

    chain: Chain
    legend: Legend
    steps: tuple[ReadyStep, ...]
    stack: Stack
    layers: Mapping[str, Path]
    """Rasters that the steps may ask, by name."""

    @property
    def title(self) -> str:
        """The trial in words."""
        return f"chain {self.chain.id} on {len(self.stack.files)} rasters"

    def ground(self, window: Tile) -> Ground:
        """Return what the steps may consult in a window."""
        layers = {name: rasters.read(path, window) for name, path in self.layers.items()}
        return Ground(layers, self.stack.grid.areas_ha(window))

    def run(self) -> tuple[ChainSums, np.ndarray]:
        """Run the chain tile by tile; return what it did, and (y, x) uint16, how often it rewrote each pixel."""
        grid, sums = self.stack.grid, ChainSums(self.steps, self.stack.years, self.legend)
        rewrites = np.zeros(grid.shape, np.uint16)
        for tile in grid.tiles():
            window = grid.window_around(tile, halo(self.steps))
            classes, core, ground = self.stack.read(window), tile.within(window), self.ground(window)
            tally = Tally(len(self.steps), len(classes), np.broadcast_to(grid.areas_ha(window), window.shape), core)
            filtered, _ = apply_chain(self.steps, classes, ground, tally)
            found = tally.finish(classes[:, *core], filtered[:, *core])
            sums.add(found)
            rewrites[tile.slices] = found.rewrites
        return sums, rewrites


def chain_on_stack(
    project: Project, name: str, stack: Stack, *, legend: str | None = None, layers: Mapping[str, Path] | None = None
) -> ChainOnStack:
    """Make a chain ready for rasters.

    Parameters
    ----------
    name : id under configs/chains/, or a file.
    legend : id under configs/legends/; default: that of the chain's `vocabulary`, or of the collection that uses it.
    layers : rasters by the name that steps use for them.

    Raises
    ------
    ConfigError
        As `filters.apply.ready`.
    GridError
        U112: a layer lies on another grid.
    UsageError
        U113: nothing says which legend the chain speaks.
    """
    given = layers or {}
    source = configs.load(Path(name), Chain) if name.endswith((".yaml", ".yml")) else project.chain(name)
    spoken = project.legend(legend or _legend(project, source)).value
    for path in given.values():
        if rasters.info(path).shape != stack.grid.shape:
            raise GridError(_refused(path, "it does not lie on the grid of the rasters"))
    named = source.value.vocabulary.layers if source.value.vocabulary else {}
    sizes = stack.grid.areas_ha(stack.grid.whole)
    around = Surroundings(
        stack.years, {layer: named.get(layer, {}) for layer in given}, (float(sizes.min()), float(sizes.max()))
    )
    return ChainOnStack(source.value, spoken, ready(source.value, spoken, source.at, around), stack, given)


def _legend(project: Project, source: Source[Chain]) -> str:
    chain = source.value
    if chain.vocabulary:
        return chain.vocabulary.legend
    configured = [project.collection(name).value for name in project.collection_ids()]
    legends = sorted({collection.legend for collection in configured if collection.chain == chain.id})
    if len(legends) != 1:
        message = f"the chain is used with {len(legends)} legends and states none"
        remedy = f"name one with --legend: {', '.join(project.legend_ids())}"
        raise UsageError.because("U113", message, where=str(source.path), remedy=remedy)
    return legends[0]
