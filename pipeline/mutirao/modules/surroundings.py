"""Find what a submission is compared with: neighbours, rules and what everybody claims, the last release, points.

What is wrong with others refuses nobody's submission: it is said in `Others.skipped`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import partial

import numpy as np

from mutirao.collection import Collection, Layer, Member
from mutirao.errors import GridError, MutiraoError
from mutirao.grid import Grid, Tile
from mutirao.integration.compile import Program, compile_rules
from mutirao.integration.resolve import Vocabulary, hole_class, link_mosaics, resolve
from mutirao.io import rasters
from mutirao.io.configs import Source
from mutirao.io.pointfiles import read_lonlat
from mutirao.io.storage import read_record
from mutirao.io.vectors import read_mask
from mutirao.modules.checks.base import Unavailable
from mutirao.modules.checks.others import Neighbour, Others, ReadWindow, Released, Ruling
from mutirao.modules.checks.samples import Reference
from mutirao.modules.manifest import Manifest
from mutirao.modules.module import Module
from mutirao.modules.receipt import grid_digest
from mutirao.modules.store import StoredSubmission, list_submissions, load_submission
from mutirao.project import Project
from mutirao.release import names
from mutirao.release.record import MANIFEST, Release

_SEAMS, _RULES, _BOTH, _RELEASE = "M901 and M902", "M911 and M912", "M901 to M912", "M851"
"""What is skipped, in lines for people that begin with the code of a check."""


@dataclass(frozen=True, slots=True)
class _Other:
    """Another module of the collection, and its newest submission that counts."""

    manifest: Source[Manifest]
    stored: StoredSubmission

    @property
    def id(self) -> str:
        return self.manifest.value.id

    def planes(self) -> dict[int, ReadWindow]:
        """Return how its claims are read, by year."""
        return {file.year: partial(rasters.read, self.stored.folder / file.name) for file in self.stored.receipt.files}


def others(module: Module, project: Project, territory: np.ndarray) -> Others:
    """Return what there is to compare a module with.

    Parameters
    ----------
    territory : (y, x) bool on the collection's grid: where the module may claim.
    """
    skipped: list[str] = []
    found = list(_others(project, module, skipped))
    return Others(
        neighbours=tuple(_neighbours(module, territory, found, skipped)),
        ruling=_ruling(project, module, found, skipped),
        released=_released(project, module, skipped),
        skipped=tuple(skipped),
    )


def reference(module: Module, project: Project) -> Reference | None:
    """Return the points that the collection keeps for accuracy.

    Raises
    ------
    Unavailable
        They cannot be read, which is no fault of the module.
    """
    wanted = module.collection.reference
    if wanted is None:
        return None
    folder = project.collection(module.collection.id).path.parent
    try:
        points = [read_lonlat(folder / file, (wanted.lon, wanted.lat)) for file in wanted.files]
    except MutiraoError as err:
        raise Unavailable(f"reference points: {err.findings[0].where}: {err.findings[0].message}") from err
    return Reference(np.concatenate(points), wanted.min_distance_m)


def _others(project: Project, module: Module, skipped: list[str]) -> Iterator[_Other]:
    """Yield the other modules of the collection that have a submission on its grid."""
    for member in module.collection.modules:
        if member.module == module.id:
            continue
        try:
            manifest = project.manifest(member.module)
            stored = _newest(project, member)
            stored.require_grid(module.collection.grid)
        except MutiraoError as err:
            skipped.append(f"{_BOTH} with {member.module}: {err.findings[0].message}")
        else:
            yield _Other(manifest, stored)


def _newest(project: Project, member: Member) -> StoredSubmission:
    """Return the submission that a build would read; its bytes are not hashed again."""
    versions = list_submissions(project, member.module, for_build=True)
    newest = versions[-1] if versions else "latest"
    return load_submission(project, member.module, newest if member.version == "latest" else member.version)


def _neighbours(
    module: Module, territory: np.ndarray, found: Iterable[_Other], skipped: list[str]
) -> Iterator[Neighbour]:
    """Yield the regions whose territory meets that of a region; themes lie over others by their nature."""
    regions = [other for other in found if "region" == module.manifest.kind == other.manifest.value.kind]
    own = _box(territory) if regions else None
    for other in regions:
        try:
            box = _territory_box(other.manifest, module.collection.grid)
        except MutiraoError as err:
            skipped.append(f"{_SEAMS} with {other.id}: {err.findings[0].message}")
            continue
        if own and box and own.meets(box):
            yield Neighbour(other.id, other.stored.receipt.version, other.planes(), own.common(box))


def _territory_box(manifest: Source[Manifest], grid: Grid) -> Tile | None:
    file = manifest.value.territory
    return grid.whole if file is None else _box(read_mask(manifest.path.parent / file, grid))


def _box(mask: np.ndarray) -> Tile | None:
    """Return the box of a mask with a pixel around it; none if the mask is empty."""
    rows, columns = (np.flatnonzero(mask.any(axis=axis)) for axis in (1, 0))
    if not len(rows):
        return None
    (top, bottom), (left, right) = ((max(int(i[0]) - 1, 0), int(i[-1]) + 2) for i in (rows, columns))
    return Tile("box", top, min(bottom, mask.shape[0]), left, min(right, mask.shape[1]))


def _ruling(project: Project, module: Module, found: Iterable[_Other], skipped: list[str]) -> Ruling | None:
    listed, collection = list(found), module.collection
    modules = tuple(member.module for member in collection.modules)
    if not listed or module.id not in modules:
        return None
    try:
        program, layers = _rules(project, collection)
    except MutiraoError as err:
        skipped.append(f"{_RULES}: {err.findings[0].message}")
        return None
    return Ruling(
        modules=modules,
        me=modules.index(module.id),
        program=program,
        layers=layers,
        claims={other.id: other.planes() for other in listed},
        versions={other.id: other.stored.receipt.version for other in listed},
    )


def _rules(project: Project, collection: Collection) -> tuple[Callable[[int], Program], tuple[ReadWindow, ...]]:
    """Return how the collection's rules are compiled for a year, and its layers read."""
    source, rules = project.collection(collection.id), project.rules(collection.rules)
    modules = tuple(member.module for member in collection.modules)
    values = {layer.id: layer.values for layer in collection.layers}
    mosaics = link_mosaics(collection.mosaics, modules, values, source.at)
    vocabulary = Vocabulary(project.legend(collection.legend).value, modules, values, mosaics)
    resolved, hole = resolve(rules.value, vocabulary, rules.at), hole_class(rules.value, vocabulary, rules.at)
    layers = tuple(_layer(source, layer) for layer in collection.layers)

    def program(year: int) -> Program:
        return compile_rules(resolved, modules, list(values), [year], mosaics=mosaics, hole=hole)

    return program, layers


def _layer(source: Source[Collection], layer: Layer) -> ReadWindow:
    path, grid = source.path.parent / layer.file, source.value.grid
    header = rasters.info(path)
    if header.shape != grid.shape or not header.transform.almost_equals(grid.transform, 1e-6 * grid.resolution):
        message = f"layer '{layer.id}' does not lie on the collection's grid"
        raise GridError.because("G102", message, where=str(path), remedy="bring it to the grid")
    return partial(rasters.read, path)


def _released(project: Project, module: Module, skipped: list[str]) -> Released | None:
    """Return the newest release of the collection, if the module took part in it."""
    collection, folder = module.collection, project.releases / module.collection.id
    try:
        records = {path.parent: read_record(path, Release) for path in folder.glob(f"v*/{MANIFEST}")}
    except MutiraoError as err:
        skipped.append(f"{_RELEASE}: {err.findings[0].message}")
        return None
    if not records:
        return None
    place, record = max(records.items(), key=lambda item: item[1].version_key)
    numbers: Mapping[str, int] = {entry.module: entry.number for entry in record.modules}
    if module.id not in numbers:
        return None
    if grid_digest(record.grid) != grid_digest(collection.grid) or record.legend != _legend_text(module):
        skipped.append(f"{_RELEASE}: release {record.version} lies on another grid, or has another legend")
        return None
    maps = {
        layer: {year: partial(rasters.read, _file(place, record, layer, year)) for year in record.years}
        for layer in ("class", "source")
    }
    return Released(record.version, numbers[module.id], maps["class"], maps["source"])


def _file(place: object, record: Release, layer: str, year: int) -> str:
    return f"{place}/{names.yearly(record.collection, layer, year, record.version)}"


def _legend_text(module: Module) -> str:
    return f"{module.legend.id} {module.legend.version}"


FROM_PROJECT = (others, reference)
"""Makers of fixtures that look beyond the module; they take the place of those of the same names."""
