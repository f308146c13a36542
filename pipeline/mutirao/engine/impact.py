"""What a change of rules would do to a build: its claims under the old and the new rules, and nothing is adopted."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pandas as pd

from mutirao.collection import Collection
from mutirao.engine.basis import RULES, Basis
from mutirao.engine.build import Build, find_build
from mutirao.engine.cluster import run_tasks
from mutirao.engine.evidence import BuildEvidence, evidence_of
from mutirao.engine.impacttables import AREAS, COLUMNS, weighted
from mutirao.engine.progress import Progress
from mutirao.engine.summary import WHOLE
from mutirao.engine.tileprogram import ground_of, run_tile
from mutirao.errors import UsageError
from mutirao.filters.apply import halo
from mutirao.grid import Tile
from mutirao.integration.impact import Block, Sums, marks, renumber, standard_error, sum_changes, totals
from mutirao.integration.prevalence import RuleSet
from mutirao.integration.resolve import hole_class, resolve
from mutirao.io import configs
from mutirao.io.burning import Canvas
from mutirao.io.vectors import Zones, read_zones
from mutirao.legend import Legend
from mutirao.project import Project

Watch = Callable[[Tile, Block, Block], None]
OF_THE_BUILD = "build"
"""Stands for the rules that a build was made with."""
SEED = 2020
"""Of the sample of tiles: the same question gives the same answer."""
BATCH = 64
"""Tiles whose results are held at once."""
MAX_SIDE = 1200
"""Longest side of the picture in cells."""


@dataclass(frozen=True, slots=True)
class Rules:
    """A set of rules and where it comes from."""

    title: str
    rule_set: RuleSet
    at: Callable[..., str]
    """Gives 'file:line:column' of a key path."""


@dataclass(frozen=True)
class Impact:
    """What the new rules would do to the claims of a build, against the old rules."""

    build: str
    collection: str
    old: str
    new: str
    years: tuple[int, ...]
    tiles: int
    """Tiles that were looked at."""
    of_tiles: int
    """Tiles that there are; if more than were looked at, areas are estimates."""
    table: pd.DataFrame
    """Hectares of everything that differs, by territory and year: `impacttables.COLUMNS`."""
    errors: dict[str, float | None]
    """Standard error of each total: 0 if all tiles were looked at, None if only one was."""
    picture: np.ndarray
    """(y, x) uint8, the marks of `integration.impact` over the whole grid."""

    @property
    def is_estimate(self) -> bool:
        """Whether only a sample of tiles was looked at."""
        return self.tiles < self.of_tiles

    def totals(self) -> dict[str, float]:
        """Return hectares over all years, by the names of `impacttables.AREAS`."""
        whole = weighted(self.table)
        return {name: float(whole[name].sum()) for name in AREAS}


def named_build(project: Project, name: str) -> Build:
    """Return a build by the beginning of its id.

    Raises
    ------
    UsageError
        B107: there is none.
    """
    found = find_build(project, name)
    if found is None:
        known = sorted(path.parent.name for path in project.builds.glob("*/*/build.json"))
        remedy = f"builds are: {', '.join(known) or 'none yet, run mutirao build'}"
        where = str(project.builds)
        raise UsageError.because("B107", f"no build '{name}'", where=where, remedy=remedy)
    return found


def choose_rules(project: Project, build: Build, name: str) -> Rules:
    """Return rules by file, by id, or those of the build by the word 'build'.

    Raises
    ------
    ConfigError
        The file is missing or wrong.
    UsageError
        B108: the build keeps no rules.
    """
    if name == OF_THE_BUILD:
        rule_set = evidence_of(project, build).basis.rule_set
        return Rules(f"rules of build {build.folder.name}", rule_set, lambda *_: str(build.folder / RULES))
    is_file = name.endswith((".yaml", ".yml"))
    source = configs.load(Path(name), RuleSet) if is_file else project.rules(name)
    return Rules(name, source.value, source.at)


def claims_of(project: Project, build: Build) -> BuildEvidence:
    """Return what a build read, complete.

    Raises
    ------
    UsageError
        B108: the build keeps no rules. B109: a submission is gone or is another.
    """
    evidence = evidence_of(project, build)
    try:
        evidence.submissions  # noqa: B018 - finds what is lost
    except UsageError as err:
        remedy = f"bring it back from a copy, or run 'mutirao build {build.record.collection}' and ask on the new build"
        raise UsageError(*(replace(finding, remedy=remedy) for finding in err.findings)) from err
    return evidence


def measure(
    project: Project,
    build: Build,
    old: Rules,
    new: Rules,
    progress: Progress,
    *,
    sample: int | None = None,
    workers: int | None = None,
    watch: Watch | None = None,
) -> Impact:
    """Integrate and filter the claims of a build under two sets of rules and sum up what differs.

    Parameters
    ----------
    sample : number of tiles, drawn at random without replacement; all tiles if absent.
    watch : called in the thread of a tile with the tile and its arrays under the old and the new rules.

    Raises
    ------
    ConfigError
        Some rule does not resolve in the collection of the build; all such findings.
    UsageError
        As `claims_of`.
    """
    evidence = claims_of(project, build)
    pair = Pair(evidence, under(evidence.basis, old), under(evidence.basis, new))
    every = list(pair.grid.tiles())
    tiles = _sample(every, sample)
    levels = _levels(project, evidence.basis.collection)
    collected = _Collected(pair, levels, len(every) / len(tiles), watch)
    with progress.stage("Integrating under both rules", len(tiles)) as advance:
        for start in range(0, len(tiles), BATCH):
            batch = tiles[start : start + BATCH]
            for tile, (sums, picture) in zip(batch, run_tasks(collected.compare, batch, advance, workers), strict=True):
                collected.add(tile, sums, picture)
    return Impact(
        build=build.folder.name,
        collection=build.record.collection,
        old=old.title,
        new=new.title,
        years=build.record.years,
        tiles=len(tiles),
        of_tiles=len(every),
        table=collected.table(),
        errors=collected.errors(len(every)),
        picture=collected.picture,
    )


def under(basis: Basis, rules: Rules) -> Basis:
    """Return the same collection, legend and chain under other rules.

    Raises
    ------
    ConfigError
        A rule names what the collection does not have.
    """
    resolve(rules.rule_set, basis.vocabulary, rules.at)
    hole_class(rules.rule_set, basis.vocabulary, rules.at)
    return replace(basis, rule_set=rules.rule_set)


def _levels(project: Project, collection: Collection) -> tuple[Zones, ...]:
    """Return the whole grid and the territories of a collection."""
    folder, grid = project.collection(collection.id).path.parent, collection.grid
    everywhere = np.broadcast_to(np.uint16(1), grid.shape)
    whole = Zones(WHOLE, (WHOLE,), (collection.title,), everywhere, "")
    canvas = Canvas(grid, project.burnt)
    return (whole, *(read_zones(folder / entry.file, entry, canvas) for entry in collection.territories))


def _sample(tiles: list[Tile], size: int | None) -> list[Tile]:
    if size is None or size >= len(tiles):
        return tiles
    chosen = np.random.default_rng(SEED).choice(len(tiles), size, replace=False)
    return [tiles[number] for number in sorted(chosen.tolist())]


class Pair:
    """The claims of a build under two sets of rules, with common numbers for the rules."""

    def __init__(self, evidence: BuildEvidence, old: Basis, new: Basis) -> None:
        self.evidence, self.new = evidence, new
        self.grid, self.years = new.collection.grid, new.collection.years.all()
        self.rules, *numbers = renumber([rule.id for rule in old.rules], [rule.id for rule in new.rules])
        self.sides = tuple(zip((old, new), numbers, strict=True))
        self._halo = halo(new.steps)

    def blocks(self, tile: Tile) -> Iterator[Block]:
        """Yield what the old and the new rules make of a tile."""
        window = self.grid.window_around(tile, self._halo)
        claims, layers = self.evidence.claims(self.years, window), self.evidence.layers(window)
        ground = ground_of(self.new.collection, layers, self.evidence.consulted(window), window)
        for side, numbers in self.sides:
            block = run_tile(side.program, side.steps, claims, layers, ground, tile.within(window))
            yield {**block, "rule": numbers[block["rule"]]}


def _shades(legend: Legend) -> np.ndarray:
    """Return (256,) uint8: a grey from 1, dark, to 8, light, by class; what is no class is light."""
    shades = np.full(256, 8, np.uint8)
    for item in legend.classes:
        red, green, blue = (int(item.color[i : i + 2], 16) for i in (1, 3, 5))
        shades[item.code] = 1 + round(7 * (0.3 * red + 0.59 * green + 0.11 * blue) / 255)
    return shades


class _Collected:
    """Adds up what tiles tell. Memory grows with the kinds of change, not with the map."""

    def __init__(self, pair: Pair, levels: Sequence[Zones], scale: float, watch: Watch | None) -> None:
        self.pair, self.levels, self.scale, self.watch = pair, levels, scale, watch
        self.shades = _shades(pair.new.legend)
        self.sums: list[defaultdict[tuple[int, ...], float]] = [defaultdict(float) for _ in levels]
        self.of_tiles: list[tuple[float, float, float]] = []
        shape = pair.grid.shape
        self.cell = -(-max(shape) // MAX_SIDE)
        self.picture = np.zeros([-(-side // self.cell) for side in shape], np.uint8)

    def compare(self, tile: Tile) -> tuple[list[Sums], np.ndarray]:
        """Return what differs in a tile by level of territories, and the marks of its picture."""
        old, new = self.pair.blocks(tile)
        if self.watch:
            self.watch(tile, old, new)
        pixel_ha = self.pair.grid.areas_ha(tile)
        sums = [sum_changes(old, new, zones.codes[tile.slices], pixel_ha) for zones in self.levels]
        return sums, marks(old, new, self.shades)

    def add(self, tile: Tile, sums: Sequence[Sums], picture: np.ndarray) -> None:
        """Add a tile."""
        for level, found in zip(self.sums, sums, strict=True):
            for kind, area in found.items():
                level[kind] += area * self.scale
        self.of_tiles.append(totals(sums[0]))
        rows, columns = np.ogrid[tile.slices]
        np.maximum.at(self.picture, (rows // self.cell, columns // self.cell), picture)

    def errors(self, of_tiles: int) -> dict[str, float | None]:
        """Return the standard error of each total."""
        columns = zip(*self.of_tiles, strict=True)
        return {name: standard_error(values, of_tiles) for name, values in zip(AREAS, columns, strict=True)}

    def table(self) -> pd.DataFrame:
        """Return everything that differs, by place, year and kind."""
        rows = (row for level, sums in enumerate(self.sums) for row in self._rows(level, dict(sorted(sums.items()))))
        return _frame(rows)

    def _rows(self, level: int, sums: Sums) -> Iterator[tuple[object, ...]]:
        zones, legend, rules = self.levels[level], self.pair.new.legend, self.pair.rules
        modules = ["", *self.pair.new.modules]
        for (zone, t, *sides), area in sums.items():
            if zone == 0:
                continue
            source_old, source_new, rule_old, rule_new, *codes = sides
            place = (zones.level, zones.ids[zone - 1], zones.names[zone - 1], self.pair.years[t])
            deciders = (modules[source_old], modules[source_new], rules[rule_old], rules[rule_new])
            named = [value for code in codes for value in (code, _name(legend, code))]
            yield (*place, *deciders, *named, area)


def _frame(rows: Iterator[tuple[object, ...]]) -> pd.DataFrame:
    frame = pd.DataFrame(list(rows), columns=list(COLUMNS))
    return frame.assign(area_ha=frame["area_ha"].astype(float).round(6))


def _name(legend: Legend, code: int) -> str:
    known = legend.by_code.get(code)
    return known.title() if known else "No data"
