"""Build a collection: every tile whose inputs changed is made anew, the rest is taken from the ledger."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pandas as pd

from mutirao.engine.basis import CONSULTED_MAPS, Basis
from mutirao.engine.cluster import run_tasks
from mutirao.engine.comparison import agreement
from mutirao.engine.consulted import write_maps
from mutirao.engine.gaps import refuse_holes
from mutirao.engine.inputs import Inputs, gather
from mutirao.engine.ledger import Ledger, code_digest, digest_of
from mutirao.engine.progress import Progress
from mutirao.engine.record import BuildRecord, ModuleRecord, RuleRecord, StepRecord, plain
from mutirao.engine.summary import Block, Summary
from mutirao.engine.tileprogram import LAYERS, run_tile, tally_in, tile_conflicts, tile_tally
from mutirao.errors import UsageError
from mutirao.filters.tally import Tally
from mutirao.grid import Grid, Tile
from mutirao.integration.prevalence import Rule, as_tuple
from mutirao.io import blocks, rasters
from mutirao.io.rasters import file_digest
from mutirao.io.software import software_versions
from mutirao.io.storage import read_json, read_record, whole_folder, write_json
from mutirao.io.tables import read_table, write_table
from mutirao.modules.receipt import RECEIPT
from mutirao.modules.store import StoredSubmission, held_back
from mutirao.project import Project

POINTER = "latest.json"
"""Names the last finished build of a collection."""
CLAIMS = "claims.json"
"""By module and year the version of the submission that a build read; none where the module claims nothing."""
TILE_CODE = ("mutirao.integration", "mutirao.filters", "mutirao.grid", "mutirao.engine.tileprogram")
"""Packages whose source decides the pixels of a tile."""
SUMMARY_CODE = (
    *TILE_CODE,
    "mutirao.engine",
    "mutirao.statistics",
    "mutirao.change",
    "mutirao.accuracy",
    "mutirao.grid",
)
"""Packages whose source decides what a build says about itself."""


@dataclass(frozen=True, slots=True)
class Build:
    """A finished build on disk."""

    folder: Path
    record: BuildRecord
    grid: Grid
    made: tuple[str, ...] = ()
    """Tiles that were made anew, by id."""
    renewed: tuple[str, ...] = ()
    """Submissions that the last build did not use, in words."""

    @property
    def reused(self) -> int:
        """Number of tiles taken from the ledger."""
        return len(self.record.tiles) - len(self.made)

    def layer(self, name: str) -> np.ndarray:
        """Assemble one layer of all tiles and years: (year, y, x). The whole layer is held in memory."""
        tiles = {tile.id: tile for tile in self.grid.tiles()}
        parts = ((tiles[tile_id], self._block(tile_id)[name]) for tile_id in self.record.tiles)
        return _assemble(parts, (len(self.record.years), *self.grid.shape))

    def table(self, name: str) -> pd.DataFrame:
        """Read one of the build's tables; `Summary.tables` names them."""
        return read_table(self.folder / "tables" / f"{name}.parquet")

    def rewrites(self) -> Iterator[tuple[Tile, np.ndarray]]:
        """Yield each tile with how often the chain rewrote its pixels: (y, x) uint16, summed over steps and years."""
        for tile in self.grid.tiles():
            yield tile, tally_in(self._block(tile.id)).rewrites

    def around(self, pixel: Tile) -> tuple[Tile, Block]:
        """Return the tile that holds a pixel, and the tile's arrays."""
        tile = next(tile for tile in self.grid.tiles() if tile.meets(pixel))
        return tile, self._block(tile.id)

    def _block(self, tile_id: str) -> Block:
        return blocks.read_block(_ledger(self.folder.parent).path(self.record.tiles[tile_id]))


def _assemble(parts: Iterator[tuple[Tile, np.ndarray]], shape: tuple[int, int, int]) -> np.ndarray:
    whole: np.ndarray | None = None
    for tile, part in parts:
        whole = np.zeros(shape, part.dtype) if whole is None else whole
        whole[:, *tile.slices] = part
    assert whole is not None, "a grid has at least one tile"
    return whole


def build(
    project: Project,
    collection_id: str,
    progress: Progress,
    *,
    use: Mapping[str, str] | None = None,
    workers: int | None = None,
) -> Build:
    """Integrate, filter and sum up a collection; do only what is not done.

    Parameters
    ----------
    use : version of the submission by module, instead of the one that the collection names.

    Raises
    ------
    ConfigError, GridError, UsageError
        As `gather`; B106: rules leave holes and the rule set refuses them.
    """
    inputs = gather(project, collection_id, use or {})
    folder = builds_folder(project, collection_id)
    renewed = _renewed(folder, inputs)
    ledger = _ledger(folder)
    keys = _tile_keys(inputs)
    done = {tile_id: ledger.find(key) for tile_id, key in keys.items()}
    missing = [tile for tile in inputs.collection.grid.tiles() if done[tile.id] is None]
    with progress.stage("Integrating tiles", len(missing)) as advance:
        run_tasks(lambda tile: _make_tile(inputs, ledger, tile, keys[tile.id]), missing, advance, workers)
    finished = _finish(project, inputs, folder, keys, progress)
    return replace(finished, made=tuple(tile.id for tile in missing), renewed=renewed)


def builds_folder(project: Project, collection_id: str) -> Path:
    """Return the folder of a collection's builds."""
    return project.workspace / "builds" / collection_id


def latest(project: Project, collection_id: str) -> Build:
    """Return the last finished build.

    Raises
    ------
    UsageError
        B101: nothing has been built yet.
    """
    folder = builds_folder(project, collection_id)
    if not (folder / POINTER).is_file():
        remedy = f"run 'mutirao build {collection_id}' first"
        raise UsageError.because("B101", f"no build of '{collection_id}'", where=str(folder), remedy=remedy)
    return _last(folder, project.collection(collection_id).value.grid)


def find_build(project: Project, text: str) -> Build | None:
    """Return the build whose folder, or its beginning of six characters or more, has this name."""
    if not re.fullmatch("[0-9a-f]{6,16}", text):
        return None
    found = next((path.parent for path in (project.workspace / "builds").glob(f"*/{text}*/build.json")), None)
    return _load(found, project.collection(found.parent.name).value.grid) if found else None


def _last(folder: Path, grid: Grid) -> Build:
    return _load(folder / read_json(folder / POINTER)["build"], grid)


def _ledger(folder: Path) -> Ledger:
    return Ledger(folder / "tiles", blocks.SUFFIX)


def _tile_keys(inputs: Inputs) -> dict[str, str]:
    common = (inputs.parameters_digest, code_digest(*TILE_CODE))
    return {tile.id: digest_of(common, tile.id, inputs.pixels_digest(tile)) for tile in inputs.collection.grid.tiles()}


def _make_tile(inputs: Inputs, ledger: Ledger, tile: Tile, key: str) -> None:
    window = inputs.window(tile)
    layers = inputs.layers[:, *window.slices]
    claims, core = inputs.claims(window), tile.within(window)
    pixel_ha = np.broadcast_to(inputs.collection.grid.areas_ha(window), window.shape)
    tally = Tally(len(inputs.steps), len(inputs.years), pixel_ha, core)
    arrays = run_tile(inputs.program, inputs.steps, claims, layers, inputs.ground(window), core, tally)
    conflicts = tile_conflicts(arrays, claims[:, :, *core], inputs.collection.grid.areas_ha(tile))
    whole = {**arrays, **conflicts, **tile_tally(tally, arrays)}
    ledger.record(key, lambda path: blocks.write_block(path, whole), tile=tile.id)


def _renewed(folder: Path, inputs: Inputs) -> tuple[str, ...]:
    """Compare the submissions with those of the last build."""
    if not (folder / POINTER).is_file():
        return ()
    used = {module.module: module.version for module in _last(folder, inputs.collection.grid).record.modules}
    now = {stored.receipt.module: stored.receipt.version for stored in inputs.submissions}
    return tuple(f"{name} {used.get(name, 'new')} -> {now[name]}" for name in now if used.get(name) != now[name])


def _finish(project: Project, inputs: Inputs, folder: Path, keys: dict[str, str], progress: Progress) -> Build:
    build_id = _build_id(project, inputs, keys)
    target = folder / build_id[:16]
    if not (target / "build.json").is_file():
        tiles, ledger = inputs.collection.grid.tiles(), _ledger(folder)
        refuse_holes(inputs, ((tile, blocks.read_block(ledger.path(keys[tile.id]))) for tile in tiles))
        progress.say("Summing up areas, transitions and decisions")
        _write(project, inputs, target, build_id, keys)
    write_json(folder / POINTER, {"build": target.name})
    return _load(target, inputs.collection.grid)


def _build_id(project: Project, inputs: Inputs, keys: dict[str, str]) -> str:
    grid = inputs.collection.grid
    zones = [(zones.level, zones.ids, zones.names, rasters.pixel_digest(zones.codes, grid)) for zones in inputs.zones]
    datasets = [project.dataset(entry.dataset).value for entry in inputs.collection.agreement]
    submissions: list[object] = [_digest(stored) for stored in inputs.submissions]
    submissions += [[*_required(project), *_told(inputs), *_held_back(project, inputs)]] * bool(project.trust())
    return digest_of(keys, zones, datasets, submissions, inputs.collection, inputs.rule_set, code_digest(*SUMMARY_CODE))


def _required(project: Project) -> tuple[str, ...]:
    trust = project.trust()
    return tuple(trust.policy.require) if trust else ()


def _told(inputs: Inputs) -> tuple[str, ...]:
    """Return who signed and who accepted the submissions, in words."""
    proofs = (proof for stored in inputs.submissions for proof in (*stored.signed_by, *stored.accepted_by))
    return tuple(str(proof) for proof in proofs)


def _held_back(project: Project, inputs: Inputs) -> tuple[str, ...]:
    """Return in words the submissions that are there and not read, because of a signature or review."""
    return tuple(
        f"{module.id} {version}: {finding.message}"
        for module in inputs.modules
        for version, finding in held_back(project, module.id).items()
    )


def _write(project: Project, inputs: Inputs, target: Path, build_id: str, keys: dict[str, str]) -> None:
    with whole_folder(target) as partial:
        summary, ledger = Summary(inputs), _ledger(target.parent)
        for tile in inputs.collection.grid.tiles():
            summary.add(tile, blocks.read_block(ledger.path(keys[tile.id])))
        for name, frame in summary.tables().items():
            write_table(partial / "tables", name, frame)
        _basis(inputs, target).write(partial)
        if inputs.maps:
            write_maps(partial / CONSULTED_MAPS, inputs.consulted, inputs.maps, inputs.collection.grid)
        write_json(partial / CLAIMS, {series.module: series.versions() for series in inputs.series})
        write_json(partial / "build.json", plain(_record(project, inputs, target, build_id, keys, summary)))


def _basis(inputs: Inputs, target: Path) -> Basis:
    return Basis(inputs.collection, inputs.legend, inputs.rule_set, inputs.chain, str(target), inputs.consulted)


def _record(
    project: Project, inputs: Inputs, target: Path, build_id: str, keys: dict[str, str], summary: Summary
) -> BuildRecord:
    draft = BuildRecord(
        id=build_id,
        collection=inputs.collection.id,
        years=inputs.years,
        modules=_modules(inputs),
        rules=tuple(_rule(number, rule) for number, rule in enumerate(inputs.rule_set.rules, start=1)),
        steps=_steps(inputs),
        tiles=keys,
        hole_ha=round(summary.hole_ha(), 6),
        unconfirmed=summary.unconfirmed,
        agreement=(),
        missing=_missing(inputs),
        pixels={},
        required=_required(project),
        held_back=_held_back(project, inputs),
        software=software_versions(),
        created=datetime.now(UTC).isoformat(timespec="seconds"),
    )
    unfinished = Build(target, draft, inputs.collection.grid)
    layers = {name: unfinished.layer(name) for name in LAYERS}
    classes = layers["class"]
    compared = tuple(agreement(project, inputs, entry, classes) for entry in inputs.collection.agreement)
    pixels = {name: rasters.pixel_digest(layer, inputs.collection.grid) for name, layer in layers.items()}
    return draft.model_copy(update={"agreement": compared, "pixels": pixels})


def _modules(inputs: Inputs) -> tuple[ModuleRecord, ...]:
    return tuple(
        ModuleRecord(
            number=number,
            module=module.id,
            name=module.manifest.name,
            kind=module.manifest.kind,
            organisation=module.manifest.organisation,
            license=module.manifest.license,
            citation=module.manifest.citation,
            version=stored.receipt.version,
            submission=_digest(stored),
            signed_by=tuple(str(proof) for proof in stored.signed_by),
            accepted_by=tuple(str(proof) for proof in stored.accepted_by),
        )
        for number, (module, stored) in enumerate(zip(inputs.modules, inputs.submissions, strict=True), start=1)
    )


def _digest(stored: StoredSubmission) -> str:
    return file_digest(stored.folder / RECEIPT)


def _rule(number: int, rule: Rule) -> RuleRecord:
    source, references = next(iter(rule.claim.items()))
    claim = f"{source}: {', '.join(str(reference) for reference in as_tuple(references))}"
    return RuleRecord(
        number=number, rule=rule.id, claim=claim, why=rule.why, decided_by=rule.decided_by, since=rule.since
    )


def _steps(inputs: Inputs) -> tuple[StepRecord, ...]:
    return tuple(
        StepRecord(number=number, step=step.settings[0], title=step.title)
        for number, step in enumerate(inputs.steps, start=1)
    )


def _missing(inputs: Inputs) -> tuple[str, ...]:
    return tuple(text for series in inputs.series for text in series.missing())


def _load(folder: Path, grid: Grid) -> Build:
    return Build(folder, read_record(folder / "build.json", BuildRecord), grid)
