"""Gather everything that a build of a collection reads, linked and checked, before any pixel is touched."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property, partial

import numpy as np

from mutirao.collection import Collection, Layer
from mutirao.engine.consulted import Consulted, consulted_by, window_digest
from mutirao.engine.ledger import digest_of
from mutirao.engine.series import Series, link_series
from mutirao.engine.tileprogram import ground_of, surroundings_of
from mutirao.errors import ConfigError, GridError, UsageError, try_each
from mutirao.filters.apply import ready
from mutirao.filters.chain import Chain
from mutirao.filters.overlay import Overlay
from mutirao.filters.step import Ground, ReadyStep
from mutirao.grid import Pixels, Tile
from mutirao.integration.compile import Program, compile_rules
from mutirao.integration.prevalence import RuleSet
from mutirao.integration.reach import Part, rules_within, values_in
from mutirao.integration.resolve import ResolvedRule, Vocabulary, hole_class, link_mosaics, resolve
from mutirao.io import rasters
from mutirao.io.burning import Canvas
from mutirao.io.configs import Source
from mutirao.io.vectors import Zones, read_overlays, read_zones
from mutirao.io.windowed import WindowedRaster
from mutirao.legend import Legend
from mutirao.modules.discovery import load_module
from mutirao.modules.module import Module
from mutirao.modules.store import StoredSubmission, load_submission
from mutirao.project import Project


@dataclass(frozen=True)
class Inputs:
    """A collection with everything it refers to."""

    source: Source[Collection]
    legend: Legend
    modules: tuple[Module, ...]
    submissions: tuple[StoredSubmission, ...]
    series: tuple[Series, ...]
    """What is read of each module."""
    vocabulary: Vocabulary
    rule_set: RuleSet
    rules: tuple[ResolvedRule, ...]
    hole: int
    """Class of the pixels that no rule takes."""
    chain: Chain | None
    steps: tuple[ReadyStep, ...]
    layer_files: tuple[WindowedRaster, ...]
    """(y, x) integers by layer."""
    zones: tuple[Zones, ...]
    consulted: Consulted
    """Territories and polygons that the chain asks."""
    maps: Mapping[str, Pixels]
    """(y, x) integers by name of what is consulted."""

    @property
    def collection(self) -> Collection:
        """The collection's configuration."""
        return self.source.value

    @property
    def years(self) -> tuple[int, ...]:
        """Years of the series."""
        return self.collection.years.all()

    @cached_property
    def program(self) -> Program:
        """The rules as bit masks."""
        names = [module.id for module in self.modules]
        layers = [layer.id for layer in self.collection.layers]
        mosaics = self.vocabulary.mosaics
        return compile_rules(self.rules, names, layers, self.years, mosaics=mosaics, hole=self.hole)

    def layers(self, window: Tile) -> np.ndarray:
        """Read (layer, y, x) integers of a window."""
        read = [layer[window.slices] for layer in self.layer_files]
        return np.stack(read) if read else np.zeros((0, *window.shape), np.uint8)

    def ground(self, window: Tile, layers: np.ndarray | None = None) -> Ground:
        """Read what the chain may consult in a window.

        Parameters
        ----------
        layers : those of the window, if they are at hand.
        """
        maps = {name: values[window.slices] for name, values in self.maps.items()}
        return ground_of(self.collection, self.layers(window) if layers is None else layers, maps, window)

    def claims(self, window: Tile) -> np.ndarray:
        """Read (module, year, y, x) uint8 claims; a year that a module does not deliver is 0.

        Files of modules that claim nothing in the tiles around, by their receipts, are not opened: that is most themes
        in most places, and a region outside its territory.
        """
        claims = np.zeros((len(self.series), len(self.years), *window.shape), np.uint8)
        tiles = list(self.collection.grid.tiles_meeting(window))
        with rasters.many_opened():
            for series, digests, out in zip(self.series, self._tile_digests, claims, strict=True):
                if not series.claims_nothing(digests, tiles):
                    series.read_claims(window, out)
        return claims

    @cached_property
    def integration_parts(self) -> dict[str, str]:
        """Digests, by what they are of, of what decides what any tile is integrated to, besides rules and code."""
        grid = self.collection.grid.model_dump(mode="json")
        return {
            "grid": digest_of(grid),
            "years": digest_of(self.years),
            "modules": digest_of([module.id for module in self.modules]),
        }

    def rules_part(self, window: Tile) -> str:
        """Return the digest of the rules that can hold in a window, which alone decide what it is integrated to."""
        meeting = list(self.collection.grid.tiles_meeting(window))
        claiming = [
            series.module
            for series, digests in zip(self.series, self._tile_digests, strict=True)
            if not series.claims_nothing(digests, meeting)
        ]
        layers = zip(self.collection.layers, self.layer_files, strict=True)
        values = {layer.id: values_in(file[window.slices]) for layer, file in layers}
        mosaics = self.vocabulary.mosaics
        within = rules_within(self.rules, Part(claiming, values, mosaics))
        rules = [replace(rule, id="") for rule in within]  # a rule's name is no reason to make a tile again
        return digest_of(rules, dict(mosaics), self.hole, self.program.rule.dtype.str)

    @cached_property
    def _tile_digests(self) -> tuple[dict[str, str], ...]:
        """Digest by tile of each module's claims."""
        return tuple(series.tile_digests(self.collection.grid) for series in self.series)

    def claims_parts(self, window: Tile) -> dict[str, str]:
        """Digests of the claims in the tiles that a window meets, by module, taken from the receipts."""
        touched = [tile.id for tile in self.collection.grid.tiles_meeting(window)]
        return {
            f"claims of {series.module}": digest_of([digests[tile_id] for tile_id in touched])
            for series, digests in zip(self.series, self._tile_digests, strict=True)
        }

    def ground_parts(self, window: Tile, steps: Sequence[ReadyStep], *, for_rules: bool) -> dict[str, str]:
        """Digests of the layers, territories and polygons that steps consult in a window, by name.

        Parameters
        ----------
        for_rules : all layers of the collection besides, since rules may consult them.
        """
        asked, grid = {name for step in steps for name in step.layers}, self.collection.grid
        layers = {
            f"layer {layer.id}": rasters.pixel_digest(values[window.slices], grid)
            for layer, values in zip(self.collection.layers, self.layer_files, strict=True)
            if for_rules or layer.id in asked
        }
        maps = {name: values for name, values in self.maps.items() if name in asked}
        told = zip(maps, window_digest(maps, steps, grid, window), strict=True)
        return {**layers, **{f"polygons {name}": digest_of(what) for name, what in told}}


def gather(project: Project, collection_id: str, use: Mapping[str, str]) -> Inputs:
    """Read and link a collection, its modules' submissions, rules, chain, layers and territories.

    Parameters
    ----------
    use : version of the submission by module, instead of the one that the collection names.

    Raises
    ------
    ConfigError, GridError
        Some configuration is wrong.
    UsageError, QualityError
        A module has no submission, or none that a build may read; all such modules are told. A submission lacks a year
        that the collection does not excuse.
    """
    source = project.collection(collection_id)
    collection = source.value
    legend = project.legend(collection.legend).value
    modules = try_each(partial(load_module, project), (member.module for member in collection.modules))
    submissions = _submissions(project, collection, use)
    vocabulary = _vocabulary(source, legend)
    rules = project.rules(collection.rules)
    canvas = Canvas(collection.grid, project.burnt)
    zones = _zones(source, canvas)
    chain, steps, overlays = _chain(project, source, legend, zones, canvas)
    consulted, maps = consulted_by(steps, zones, overlays)
    return Inputs(
        source=source,
        legend=legend,
        modules=modules,
        submissions=submissions,
        series=link_series(project, collection, modules, submissions),
        vocabulary=vocabulary,
        rule_set=rules.value,
        rules=resolve(rules.value, vocabulary, rules.at),
        hole=hole_class(rules.value, vocabulary, rules.at),
        chain=chain,
        steps=steps,
        layer_files=tuple(_layer(source, number, layer) for number, layer in enumerate(collection.layers)),
        zones=zones,
        consulted=consulted,
        maps=maps,
    )


def _submissions(project: Project, collection: Collection, use: Mapping[str, str]) -> tuple[StoredSubmission, ...]:
    members = {member.module: member.version for member in collection.modules}
    strange = sorted(set(use) - set(members))
    if strange:
        remedy = f"its modules are: {', '.join(members)}"
        message = f"'{strange[0]}' is no module of the collection"
        raise UsageError.because("B103", message, where=collection.id, remedy=remedy)

    def load(chosen: tuple[str, str]) -> StoredSubmission:
        stored = load_submission(project, *chosen, for_build=True)
        stored.require_grid(collection.grid)
        return stored

    return try_each(load, {**members, **use}.items())


def _vocabulary(source: Source[Collection], legend: Legend) -> Vocabulary:
    collection = source.value
    modules = tuple(member.module for member in collection.modules)
    layers = {layer.id: layer.values for layer in collection.layers}
    return Vocabulary(legend, modules, layers, link_mosaics(collection.mosaics, modules, layers, source.at))


def _chain(
    project: Project, source: Source[Collection], legend: Legend, zones: tuple[Zones, ...], canvas: Canvas
) -> tuple[Chain | None, tuple[ReadyStep, ...], dict[str, Overlay]]:
    collection = source.value
    if collection.chain is None:
        return None, (), {}
    chain = project.chain(collection.chain)
    overlays = read_overlays(chain.value, chain.path.parent, canvas)
    surroundings = surroundings_of(collection, {level.level: level.ids for level in zones}, overlays)
    _refuse_two_meanings(source, {name for step, _ in chain.value.flat() for name in step.where})
    steps = ready(chain.value, legend, chain.at, surroundings)
    _refuse_two_meanings(source, {name for step in steps for name in step.layers})
    return chain.value, steps, overlays


def _refuse_two_meanings(source: Source[Collection], asked: set[str]) -> None:
    """Refuse a chain that asks for something that is both a layer and a level of territories."""
    both = {layer.id for layer in source.value.layers} & asked
    for number, entry in enumerate(source.value.territories):
        if entry.level in both:
            message = f"'{entry.level}' is a layer and a level of territories, and the chain asks for it"
            where = source.at("territories", number, "level")
            raise ConfigError.because("F138", message, where=where, remedy="give one of them another name")


def _layer(source: Source[Collection], number: int, layer: Layer) -> WindowedRaster:
    path = source.path.parent / layer.file
    grid, header = source.value.grid, rasters.info(path)
    if header.shape != grid.shape or not header.transform.almost_equals(grid.transform, 1e-6 * grid.resolution):
        message = f"layer '{layer.id}' has {header.shape} pixels at {tuple(header.transform)[:6]}"
        remedy = f"bring it to the grid: {grid.shape} pixels at {tuple(grid.transform)[:6]}"
        raise GridError.because("G102", message, where=source.at("layers", number), remedy=remedy)
    file = WindowedRaster(path)
    if file.dtype.kind not in "iu":
        remedy = "store the layer as integers, one value for each kind of place"
        raise ConfigError.because("G103", f"layer '{layer.id}' is {file.dtype}", where=str(path), remedy=remedy)
    return file


def _zones(source: Source[Collection], canvas: Canvas) -> tuple[Zones, ...]:
    folder = source.path.parent
    return tuple(read_zones(folder / entry.file, entry, canvas) for entry in source.value.territories)
