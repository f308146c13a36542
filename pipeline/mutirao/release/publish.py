"""Make a release out of a build: everything in a hidden folder, release.json last, then one rename."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from mutirao.collection import Collection
from mutirao.engine.build import Build
from mutirao.engine.progress import Progress
from mutirao.errors import Finding, ImmutableError, QualityError
from mutirao.io.storage import read_record, whole_folder, write_json
from mutirao.model import require_version, version_key
from mutirao.project import Project
from mutirao.release.record import MANIFEST, Release
from mutirao.release.writer import Writer


@dataclass(frozen=True, slots=True)
class Published:
    """What came of a release."""

    release: Release
    folder: Path
    changes: pd.DataFrame | None
    """Difference from the version before; None for the first, and after a change of grid."""
    created: bool
    """False if this version with these pixels was already there."""


def publish(project: Project, build: Build, version: str, progress: Progress) -> Published:
    """Release a build as an immutable version.

    Raises
    ------
    QualityError
        L101, L102: a gate of the collection is not reached.
    ImmutableError
        L103: the version exists with other pixels. L104: a later version exists.
    """
    collection = project.collection(build.record.collection).value
    folder = project.releases / collection.id / f"v{require_version(version)}"
    if (folder / MANIFEST).is_file():
        return _existing(folder, build)
    _require_gates(collection, build)
    previous = _previous(folder.parent, version)
    with whole_folder(folder) as partial:
        writer = Writer(project, collection, build, version, previous, partial)
        release, changes = writer.write(progress)
    write_json(folder.parent / "latest.json", {"version": version, "folder": folder.name})
    return Published(release, folder, changes, created=True)


def _existing(folder: Path, build: Build) -> Published:
    release = read_record(folder / MANIFEST, Release)
    changed = [layer for layer, digest in build.record.pixels.items() if release.pixels.get(layer) != digest]
    if changed:
        remedy = "release it under the next version; a release is never changed"
        message = f"version {release.version} exists with other pixels in the layers {', '.join(changed)}"
        raise ImmutableError.because("L103", message, where=str(folder), remedy=remedy)
    table = folder / "tables" / "changes.csv"
    return Published(release, folder, pd.read_csv(table) if table.is_file() else None, created=False)


def _require_gates(collection: Collection, build: Build) -> None:
    findings = []
    if build.record.hole_ha > collection.gates.max_hole_ha:
        message = (
            f"no rule takes {build.record.hole_ha} ha in the worst year; allowed are {collection.gates.max_hole_ha}"
        )
        remedy = "add a rule for the claims listed without module in tables/decisions.csv, or raise gates.max_hole_ha"
        findings.append(Finding("L101", message, str(build.folder), remedy))
    for entry in build.record.agreement:
        least = collection.gates.min_agreement.get(entry.id, 0.0)
        if not entry.overall >= least:
            message = f"agreement '{entry.id}' is {entry.overall:.4f}; the gate is {least}"
            remedy = "look at its matrix in build.json and repair the module that disagrees"
            findings.append(Finding("L102", message, str(build.folder), remedy))
    if findings:
        raise QualityError(*findings)


def released_versions(folder: Path) -> list[str]:
    """Return the versions in a product's folder, oldest first."""
    found = [path.parent.name.removeprefix("v") for path in folder.glob(f"v*/{MANIFEST}")]
    return sorted(found, key=version_key)


def _previous(folder: Path, version: str) -> Path | None:
    versions = released_versions(folder)
    if versions and version_key(versions[-1]) > version_key(version):
        remedy = f"choose a version after {versions[-1]}"
        raise ImmutableError.because("L104", f"version {versions[-1]} is already out", where=str(folder), remedy=remedy)
    return folder / f"v{versions[-1]}" if versions else None
