"""Run a method again from its sources, and keep on record whether the pixels are those of the submission."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from mutirao.io.places import Place
from mutirao.io.rasters import file_digest, pixel_digest
from mutirao.io.software import software_versions
from mutirao.io.storage import read_record, write_json
from mutirao.modules.by_recipe import Tell
from mutirao.modules.discovery import load_module
from mutirao.modules.provenance import code_state
from mutirao.modules.quality.records import Rebuild
from mutirao.modules.receipt import RECEIPT
from mutirao.modules.review import review_rasters
from mutirao.modules.run import run_module
from mutirao.modules.store import StoredSubmission, load_submission
from mutirao.project import Project
from mutirao.trust.vouching import ACCURACY


@dataclass(frozen=True, slots=True)
class Kept:
    """A record of a run from the sources, and where it is."""

    record: Rebuild
    path: Place


def rebuild(
    project: Project, module_id: str, version: str = "latest", *, data: Path | None = None, tell: Tell | None = None
) -> Kept:
    """Run a module from its sources, without anything that an earlier run has kept, and compare pixel digests.

    Parameters
    ----------
    version : submission that the run is held against.
    data : wheel with the inputs, or a folder with it, when the package index is out of reach.

    Raises
    ------
    UsageError
        S107: there is no such submission. U103: its rasters were delivered, so there is nothing to run.
    MutiraoError
        The module cannot be run; nothing is recorded then.
    """
    stored, module = load_submission(project, module_id, version), load_module(project, module_id)
    made = run_module(project, module_id, data=data, progress=tell)
    review = review_rasters(module, dict(zip(made.years, made.codes, strict=True)))
    grid, receipt = module.collection.grid, stored.receipt
    digests = {year: pixel_digest(pixels, grid) for year, pixels in review.classes.values.items()}
    there = {record.year: record.pixels for record in receipt.files}
    same = tuple(sorted(year for year in there if digests.get(year) == there[year]))
    record = Rebuild(
        module=module_id,
        version=receipt.version,
        submission=file_digest(stored.folder / RECEIPT),
        same=same,
        other=tuple(sorted((there.keys() | digests.keys()) - set(same))),
        code=code_state(project),
        software=software_versions(),
        when=datetime.now(UTC).isoformat(timespec="microseconds"),
    )
    path = project.proofs / record.module / record.version / f"{record.when.replace(':', '')}.json"
    write_json(path, record.model_dump(mode="json"))
    return Kept(record, path)


def last_rebuild(project: Project, stored: StoredSubmission) -> Rebuild | None:
    """Return the newest run from the sources that was held against these very bytes; None if nobody has tried."""
    folder = project.proofs / stored.receipt.module / stored.receipt.version
    digest = file_digest(stored.folder / RECEIPT)
    paths: list[Place] = sorted((path for path in folder.glob("*.json") if not path.name.endswith(ACCURACY)), key=str)
    records = [read_record(path, Rebuild) for path in paths]
    return next((record for record in reversed(records) if record.submission == digest), None)


def was_rebuilt(project: Project, stored: StoredSubmission) -> bool | None:
    """Return whether the last run from the sources gave the same pixels; None if nobody has tried."""
    record = last_rebuild(project, stored)
    return record.holds if record else None
