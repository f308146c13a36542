"""Build a collection: every tile whose inputs changed is made anew, the rest is taken from the ledger."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import cache, partial
from pathlib import Path

import numpy as np
import pandas as pd

from mutirao.engine.basis import CONSULTED, CONSULTED_MAPS, Basis
from mutirao.engine.cluster import Crew, Threads, crew_of, run_tasks
from mutirao.engine.comparison import agreement
from mutirao.engine.consulted import write_maps
from mutirao.engine.farledger import open_ledger
from mutirao.engine.gaps import refuse_holes
from mutirao.engine.inputs import Inputs, gather
from mutirao.engine.ledger import Ledger, code_digest, digest_of
from mutirao.engine.passes import FUSED_HALO
from mutirao.engine.progress import Progress
from mutirao.engine.record import CREDITS, BuildRecord, ModuleRecord, RuleRecord, StepRecord, plain
from mutirao.engine.runlog import logged
from mutirao.engine.summary import NEEDED, Block, Summary, TileSums
from mutirao.engine.tileprogram import TALLY, tally_in
from mutirao.engine.tilerun import fitted, head_of, make_missing
from mutirao.engine.tilework import TILE_CODE, TileWork
from mutirao.errors import UsageError
from mutirao.grid import Grid, Tile
from mutirao.integration.prevalence import Rule, as_tuple
from mutirao.io import blocks, locks
from mutirao.io.places import Place
from mutirao.io.rasters import file_digest
from mutirao.io.software import software_versions
from mutirao.io.storage import read_json, read_record, whole_folder, write_json
from mutirao.io.tables import read_table, write_table
from mutirao.modules.receipt import RECEIPT
from mutirao.modules.store import StoredSubmission, held_back
from mutirao.project import Project

POINTER = "latest.json"
"""Names the last finished build of a collection."""
RECORD = "build.json"
"""File that makes a folder a build; written last."""
BUILD_NAME = 16
"""Letters of a build's id that name its folder."""
LOCK = ".lock"
"""Held by the build that is at work on a collection."""
KEPT_WORDS = {CONSULTED: "what the chain asks"}
"""Files of a build's basis whose names say too little of what is in them."""
CLAIMS = "claims.json"
"""By module and year the version of the submission that a build read; none where the module claims nothing."""
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
    """A finished build."""

    folder: Place
    record: BuildRecord
    grid: Grid
    made: tuple[str, ...] = ()
    """Tiles that were made anew, by id."""
    by_pass: tuple[int, ...] = ()
    """Number of tiles that each pass made anew."""
    renewed: tuple[str, ...] = ()
    """Submissions that the last build did not use, in words."""
    reasons: tuple[tuple[str, ...], ...] = ()
    """Why each result of any pass was made anew, in words."""
    changed: tuple[str, ...] = ()
    """What makes it another build than the last, in words; nothing if it is the same, or the first."""

    @property
    def reused(self) -> int:
        """Number of tiles taken from the ledger."""
        return len(self.record.tiles) - len(self.made)

    def layer(self, name: str) -> np.ndarray:
        """Assemble one layer of all tiles and years: (year, y, x). The whole layer is held in memory."""
        return self.window(name, self.grid.whole)

    def window(self, name: str, window: Tile) -> np.ndarray:
        """Assemble one layer of all years in a window: (year, y, x)."""
        parts = []
        for tile in self.grid.tiles_meeting(window):
            shared = tile.common(window)
            found = blocks.read_window(self._path(tile.id), name, shared.within(tile))
            parts.append((shared.within(window), found))
        whole = np.empty((len(self.record.years), *window.shape), parts[0][1].dtype)
        for place, part in parts:
            whole[:, *place] = part
        return whole

    def table(self, name: str) -> pd.DataFrame:
        """Read one of the build's tables; `Summary.tables` names them."""
        return read_table(self.folder / "tables" / f"{name}.parquet")

    def rewrites(self) -> Iterator[tuple[Tile, np.ndarray]]:
        """Yield each tile with how often the chain rewrote its pixels: (y, x) uint16, summed over steps and years."""
        for tile in self.grid.tiles():
            yield tile, tally_in(self._block(tile.id, TALLY)).rewrites

    def _block(self, tile_id: str, names: Sequence[str] | None = None) -> Block:
        return blocks.read_block(self._path(tile_id), names)

    def _path(self, tile_id: str) -> Path:
        return ledger_of(self.folder.parent).require(self.record.tiles[tile_id])


def build(
    project: Project,
    collection_id: str,
    progress: Progress,
    *,
    use: Mapping[str, str] | None = None,
    workers: int | Crew | None = None,
    fused_halo: int = FUSED_HALO,
    wait_s: float = 0,
) -> Build:
    """Integrate, filter and sum up a collection; do only what is not done.

    Parameters
    ----------
    use : version of the submission by module, instead of the one that the collection names.
    workers : number of threads, one a core if absent, or workers in other processes; see `remote.open_crew`.
    fused_halo : widest margin of steps that run without anything being stored between them; no matter of pixels.
    wait_s : how long to wait for another build of the collection that is at work in this workspace [seconds].

    Raises
    ------
    ConfigError, GridError, UsageError
        As `gather`; B106: rules leave holes and the rule set refuses them.
    ResourceError
        R205: a result was damaged or removed while it was needed. R206: another build is at work. R207: storage is
        full. What is finished is kept.
    """
    inputs = gather(project, collection_id, use or {})
    folder = builds_folder(project, collection_id)
    work = TileWork(inputs, ledger_of(folder), fused_halo)
    crew = fitted(work, crew_of(workers), progress)
    with (
        locks.held(folder / LOCK, wait_s=wait_s, waiting=progress.say),
        logged(folder, head_of(work, crew)) as log,
    ):
        last = _last(folder, inputs.collection.grid)
        made = make_missing(project, work, progress, crew, log, last.record.tiles.values() if last else ())
        with log.part("sums"):
            finished = _finish(project, inputs, folder, work.keys(), progress, crew)
        changed = _changed(last.record, finished.record) if last else ()
        log.end("finished", build=finished.folder.name, changed=changed)
    return replace(
        finished,
        made=tuple(made[-1]),
        by_pass=tuple(map(len, made)),
        renewed=_renewed(last.record, finished.record) if last else (),
        reasons=tuple(reason for by_tile in made for reason in by_tile.values()),
        changed=changed,
    )


def builds_folder(project: Project, collection_id: str) -> Place:
    """Return the folder of a collection's builds."""
    return project.builds / collection_id


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
    return _load(_last_folder(folder), project.collection(collection_id).value.grid)


def find_build(project: Project, text: str) -> Build | None:
    """Return the build whose folder, or its beginning of six characters or more, has this name."""
    if not re.fullmatch("[0-9a-f]{6,16}", text):
        return None
    found = next((path.parent for path in project.builds.glob(f"*/{text}*/build.json")), None)
    return _load(found, project.collection(found.parent.name).value.grid) if found else None


def _last_folder(folder: Place) -> Place:
    return folder / str(read_json(folder / POINTER)["build"])


def _last(folder: Place, grid: Grid) -> Build | None:
    return _load(_last_folder(folder), grid) if (folder / POINTER).is_file() else None


def last_tiles(folder: Place, grid: Grid) -> dict[str, str]:
    """Return the key in the ledger by tile of the last build in a folder; nothing if there is none."""
    last = _last(folder, grid)
    return last.record.tiles if last else {}


@cache
def ledger_of(folder: Place) -> Ledger:
    """Return the results of the tiles behind the builds of a collection, given the folder of these."""
    return open_ledger(folder / "tiles", blocks.SUFFIX)


def _renewed(last: BuildRecord, now: BuildRecord) -> tuple[str, ...]:
    """Return in words the submissions that the last build did not use."""
    used = {module.module: module.version for module in last.modules}
    versions = {module.module: module.version for module in now.modules}
    return tuple(f"{name} {used.get(name, 'new')} -> {new}" for name, new in versions.items() if used.get(name) != new)


def _changed(last: BuildRecord, now: BuildRecord) -> tuple[str, ...]:
    """Return in words which parts of a build are not those of the last one."""
    if not last.parts:
        return ("made by an older version",)
    names = dict.fromkeys((*now.parts, *last.parts))
    return tuple(f"{name} changed" for name in names if now.parts.get(name) != last.parts.get(name))


def _finish(
    project: Project, inputs: Inputs, folder: Place, keys: dict[str, str], progress: Progress, crew: Crew
) -> Build:
    parts = _parts(project, inputs, folder, keys)
    target = folder / digest_of(parts)[:BUILD_NAME]
    if not (target / RECORD).is_file():
        tiles, ledger = inputs.collection.grid.tiles(), ledger_of(folder)
        refuse_holes(inputs, ((tile, blocks.read_block(ledger.require(keys[tile.id]), ("rule",))) for tile in tiles))
        progress.say("Summing up areas, transitions and decisions")
        _write(project, inputs, target, parts, keys, crew.count if isinstance(crew, Threads) else None)
    write_json(folder / POINTER, {"build": target.name})
    return _load(target, inputs.collection.grid)


def _parts(project: Project, inputs: Inputs, folder: Place, keys: dict[str, str]) -> dict[str, str]:
    """Return digests of what decides a build, by what they are of in words; together they make its id."""
    trust = (*_required(project), *_told(inputs), *_held_back(project, inputs)) if project.trust() else ()
    kept = {KEPT_WORDS.get(name, Path(name).stem): kept for name, kept in _basis(inputs, folder).files().items()}
    parts = {
        "tiles": keys,
        "territories": [(zones.level, zones.ids, zones.names, zones.digest) for zones in inputs.zones],
        "maps to compare with": [project.dataset(entry.dataset).value for entry in inputs.collection.agreement],
        "submissions": [_digest(stored) for stored in inputs.submissions],
        "signatures or reviews": trust,
        "credits of modules": [[getattr(module.manifest, said) for said in CREDITS] for module in inputs.modules],
        "code": code_digest(*SUMMARY_CODE),
        **kept,
    }
    return {name: digest_of(part) for name, part in parts.items()}


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


def _write(
    project: Project, inputs: Inputs, target: Place, parts: dict[str, str], keys: dict[str, str], threads: int | None
) -> None:
    with whole_folder(target, RECORD) as partial:
        summary = _summary(inputs, ledger_of(target.parent), keys, threads)
        for name, frame in summary.tables().items():
            write_table(partial / "tables", name, frame)
        _basis(inputs, target).write(partial)
        if inputs.maps:
            write_maps(partial / CONSULTED_MAPS, inputs.consulted, inputs.maps, inputs.collection.grid)
        write_json(partial / CLAIMS, {series.module: series.versions() for series in inputs.series})
        write_json(partial / RECORD, plain(_record(project, inputs, target, parts, keys, summary)))


def _summary(inputs: Inputs, ledger: Ledger, keys: dict[str, str], threads: int | None) -> Summary:
    """Sum up all tiles: threads each of its own, and then one after the other in their order."""
    summary, tiles = Summary(inputs), list(inputs.collection.grid.tiles())

    def sums_of(tile: Tile) -> TileSums:
        return summary.sums_of(tile, blocks.read_block(ledger.require(keys[tile.id]), NEEDED))

    at_once = 2 * Threads(threads).count
    for start in range(0, len(tiles), at_once):
        for sums in run_tasks(sums_of, tiles[start : start + at_once], lambda: None, threads):
            summary.add_sums(sums)
    return summary


def _basis(inputs: Inputs, target: Place) -> Basis:
    product = inputs.collection.product()
    return Basis(product, inputs.legend, inputs.rule_set, inputs.chain, str(target), inputs.consulted)


def _record(
    project: Project,
    inputs: Inputs,
    target: Place,
    parts: dict[str, str],
    keys: dict[str, str],
    summary: Summary,
) -> BuildRecord:
    draft = BuildRecord(
        id=digest_of(parts),
        parts=parts,
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
        pixels=summary.pixels(),
        required=_required(project),
        held_back=_held_back(project, inputs),
        software=software_versions(),
        created=datetime.now(UTC).isoformat(timespec="seconds"),
    )
    unfinished = Build(target, draft, inputs.collection.grid)
    classes = partial(unfinished.window, "class")
    compared = tuple(agreement(project, inputs, entry, classes) for entry in inputs.collection.agreement)
    return draft.model_copy(update={"agreement": compared})


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


def _load(folder: Place, grid: Grid) -> Build:
    return Build(folder, read_record(folder / RECORD, BuildRecord), grid)
