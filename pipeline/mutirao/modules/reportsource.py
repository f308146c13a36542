"""Gather what a report says from a stored submission: a pass over its pixels, and one over its first and last year."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any, cast

import numpy as np

from mutirao.errors import Finding, Place, QualityError
from mutirao.grid import Grid, Tile
from mutirao.io.delivered import Readable
from mutirao.io.rasters import file_digest, info
from mutirao.io.storage import read_json, read_record
from mutirao.model import version_key
from mutirao.modules.checks.base import Fixtures, Unavailable
from mutirao.modules.checks.fixtures import MAKERS, Before
from mutirao.modules.checks.kernels import count_difference, recode
from mutirao.modules.checks.neighbourhood import Neighbourhood
from mutirao.modules.checks.others import Others
from mutirao.modules.checks.stream import reading
from mutirao.modules.checks.survey import Survey
from mutirao.modules.discovery import load_module
from mutirao.modules.incoming import Incoming
from mutirao.modules.module import Module
from mutirao.modules.quality.accuracy import assessment_of
from mutirao.modules.receipt import REPORT
from mutirao.modules.report import Report, Scores, Standing, Table, named, scores_of
from mutirao.modules.review import Review, stored_planes
from mutirao.modules.store import StoredSubmission, list_submissions, load_submission
from mutirao.modules.surroundings import others
from mutirao.modules.yearly import ByYear
from mutirao.project import Project
from mutirao.release.record import MANIFEST, Release
from mutirao.trust.standing import standing

_BAND = 1024
"""Rows of two years that are held at a time."""


def make_report(project: Project, module_id: str, version: str = "latest", review: Review | None = None) -> Report:
    """Return what is known of a stored submission.

    Memory holds a band of rows of all years, as a check does. With a review, only two years are read.

    Parameters
    ----------
    version : major.minor.patch, or 'latest'.
    review : what the checks found when it was handed in; none for a submission that was there before.

    Raises
    ------
    UsageError
        U101: no such module. S107: no such submission.
    GridError
        S109: it lies on another grid than the collection has today.
    QualityError
        S104: its receipt is damaged. S121, S123: it is another's, or in quarantine. S105, M202: no year can be read.
    RasterError
        M202: the header of a file cannot be read.
    """
    module = load_module(project, module_id)
    stored = load_submission(project, module_id, version)
    stored.require_grid(module.collection.grid)
    earlier = _before(project, module, stored)
    seen = _seen(review) if review and review.survey else _look_again(project, module, stored, earlier)
    checks = read_json(stored.folder / REPORT)
    return Report(
        module=module,
        stored=stored,
        standing=_standing(project, stored),
        survey=seen.survey,
        first_last=_first_last(stored, seen.survey),
        before=earlier,
        neighbourhood=seen.neighbourhood,
        findings=tuple(_finding(found) for found in checks["findings"]),
        skipped=tuple(dict.fromkeys((*checks["skipped"], *seen.skipped))),
        scores=_scores(project, module, stored),
        manifest_changed=file_digest(module.source.path) != stored.receipt.manifest_digest,
    )


@dataclass(frozen=True, slots=True)
class _Seen:
    """What the pass over the pixels found."""

    survey: Survey
    neighbourhood: Neighbourhood | None
    skipped: tuple[str, ...]


def _seen(review: Review) -> _Seen:
    assert review.survey  # an accepted submission has been passed over
    return _Seen(review.survey, review.neighbourhood, review.skipped)


def _look_again(project: Project, module: Module, stored: StoredSubmission, earlier: Before | None) -> _Seen:
    """Pass over a stored submission as over one that is handed in; others' maps are those of today."""
    fixtures = Fixtures(
        (*MAKERS, others), module=_as_stored(module), incoming=_incoming(stored), previous=earlier, project=project
    )
    survey = cast("Survey", fixtures.get("survey"))
    unread = _unread(stored, survey)
    try:
        known = cast("Others", fixtures.get("others"))
        neighbourhood = cast("Neighbourhood | None", fixtures.get("neighbourhood"))
    except Unavailable as err:
        return _Seen(survey, None, (*unread, str(err)))
    return _Seen(survey, neighbourhood, (*unread, *known.skipped, *survey.beside.failed))


def _unread(stored: StoredSubmission, survey: Survey) -> tuple[str, ...]:
    """Return which years could not be read; if that is all of them, refuse."""
    lost = sorted({*stored.receipt.years} - {*survey.years, *survey.unreadable})
    if not survey.years:
        remedy = "restore the folder from a copy; 'mutirao verify' tells what else is wrong"
        missing = (Finding("S105", f"the file of {year} is missing", str(stored.folder), remedy) for year in lost)
        raise QualityError(*survey.unreadable.values(), *missing)
    broken = (f"{year}: {finding.message}" for year, finding in survey.unreadable.items())
    return (*broken, *(f"{year}: the file is missing" for year in lost))


def _as_stored(module: Module) -> Module:
    """Return a module that hands in what its submissions hold: any code of the legend, on the collection's grid."""
    manifest = module.manifest.model_copy(update={"method": "python", "delivery": None, "grid": None, "regrid": None})
    source = replace(module.source, value=manifest)
    legend = module.legend
    return replace(
        module, source=source, codes=legend.codes, crosswalk={}, grid=module.collection.grid, own=None, remarks=()
    )


def _incoming(stored: StoredSubmission) -> Incoming:
    planes = stored_planes(stored)
    files = {record.year: stored.folder / record.name for record in stored.receipt.files if record.year in planes}
    headers = {year: info(path) for year, path in files.items()}
    where = {year: str(path) for year, path in files.items()}
    return Incoming(ByYear(headers), ByYear(planes), where, nodata=0)


def _before(project: Project, module: Module, stored: StoredSubmission) -> Before | None:
    """Return the newest submission before this one; none if there is none on the same grid."""
    own = version_key(stored.receipt.version)
    older = [version for version in list_submissions(project, module.id) if version_key(version) < own]
    if not older:
        return None
    there = load_submission(project, module.id, older[-1])
    if there.receipt.grid_digest != stored.receipt.grid_digest:
        return None
    return Before(there.receipt.version, there.receipt.years, stored_planes(there))


def _first_last(stored: StoredSubmission, survey: Survey) -> np.ndarray:
    """Return (class, class) hectares by class in the first year and in the last, in bands of rows."""
    table = np.zeros((len(survey.codes), len(survey.codes)))
    if not survey.years:
        return table
    ends = [stored_planes(stored)[year] for year in (survey.years[0], survey.years[-1])]
    if survey.years[0] != survey.years[-1]:
        _count_between(ends[0], ends[1], survey, table)
    rest = survey.area_ha[0] - table.sum(axis=1)
    table[np.diag_indices_from(table)] = np.where(rest > _ROUNDING * survey.area_ha[0], rest, 0)
    return table


_ROUNDING = 1e-9
"""Share of a class's area that may be left by sums in another order."""


def _count_between(first: Readable, last: Readable, survey: Survey, table: np.ndarray) -> None:
    height, width = survey.grid.shape
    cells = np.zeros((-(-height // survey.cell), -(-width // survey.cell)), np.int32)
    rank = np.zeros(256, np.uint8)
    rank[list(survey.codes)] = np.arange(len(survey.codes))
    with reading(first) as old, reading(last) as new:
        for top in range(0, height, _BAND):
            bottom = min(top + _BAND, height)
            before, after = (recode(rows(top, bottom), rank) for rows in (old, new))
            count_difference(before, after, _areas(survey.grid, top, bottom), top, survey.cell, table, cells)


def _areas(grid: Grid, top: int, bottom: int) -> np.ndarray:
    columns = grid.shape[1]
    return np.broadcast_to(grid.areas_ha(Tile("band", top, bottom, 0, columns)), (bottom - top, columns))


def _finding(found: dict[str, object]) -> Finding:
    """Return a finding of checks.json."""
    fields: dict[str, Any] = {name: str(found[name]) for name in ("code", "message", "where", "remedy")}
    fields |= {name: found[name] for name in ("year", "weight") if name in found}
    places = cast("list[dict[str, list[float]]]", found.get("places", []))
    boxes = tuple(
        Place(
            cast("tuple[float, float, float, float]", tuple(place["bbox"])),
            cast("tuple[int, int]", tuple(place["rows"])),
            cast("tuple[int, int]", tuple(place["columns"])),
        )
        for place in places
    )
    return Finding(**fields, severity="block" if found["severity"] == "block" else "advise", places=boxes)


def _standing(project: Project, stored: StoredSubmission) -> Standing:
    trust, quality = project.trust(), stored.receipt.quality
    level = Standing(
        level=(quality.level or "below the lowest level") if quality else None,
        unmet=tuple(f"{rule} ({seen})" for rule, seen in quality.unmet.items()) if quality else (),
        waivers=quality.waived if quality else (),
    )
    if trust is None:
        return replace(level, trust="The network does not sign, so nothing proves who submitted this.")
    judged = standing(project, trust, stored.receipt.module, stored.receipt.version)
    rejected = (reviewer for reviewer in judged.reviewers if reviewer.verdict == "reject")
    return replace(
        level,
        signed=tuple(map(str, judged.signed_by)),
        accepted=tuple(map(str, judged.accepted_by)),
        rejected=tuple(f"{reviewer.proof.name}: {reviewer.reasons}" for reviewer in rejected),
        trust="Judged when this page was made." if judged.signed_by else "Nobody has signed it.",
    )


def _scores(project: Project, module: Module, stored: StoredSubmission) -> tuple[Scores, ...]:
    own = (named(scores, module) for scores in scores_of(stored.receipt.report))
    return (*_sampled(project, stored), *own, *_released(project, module, stored))


def _sampled(project: Project, stored: StoredSubmission) -> tuple[Scores, ...]:
    """Return the accuracy that somebody assessed with a sample, if this version has been."""
    entry = assessment_of(project, stored.receipt.module, stored.receipt.version)
    return (Scores("Assessed with a sample", entry.overall, entry.in_words()),) if entry else ()


def _released(project: Project, module: Module, stored: StoredSubmission) -> tuple[Scores, ...]:
    """Return how the newest release that holds this version agrees with layers held aside."""
    folder, receipt = project.releases / module.collection.id, stored.receipt
    records = (read_record(path, Release) for path in folder.glob(f"v*/{MANIFEST}"))
    own = (receipt.module, receipt.version)
    using = [record for record in records if own in ((entry.module, entry.version) for entry in record.modules)]
    if not using:
        return ()
    newest = max(using, key=lambda record: record.version_key)
    title = f"Common map of release {newest.version}, which holds this version: "
    return tuple(
        Scores(
            title + entry.title,
            entry.overall,
            f"{entry.pixels:,} pixels of {entry.year}",
            Table(entry.labels, entry.matrix, entry.users, entry.producers),
        )
        for entry in newest.agreement
    )
