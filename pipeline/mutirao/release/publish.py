"""Make a release out of a build: everything in a hidden folder, release.json last, then one rename."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path

import pandas as pd

from mutirao.collection import Collection
from mutirao.engine.build import Build
from mutirao.engine.layerdigests import digest_like
from mutirao.engine.progress import Progress
from mutirao.errors import Finding, ImmutableError, QualityError, try_each
from mutirao.io.places import Place
from mutirao.io.storage import opened, read_json, read_record, whole_folder
from mutirao.model import require_version, version_key
from mutirao.modules.store import load_submission
from mutirao.project import Project
from mutirao.release.pointer import POINTER, write_pointer
from mutirao.release.record import MANIFEST, Release
from mutirao.release.signatures import Signer, signatures_in_words
from mutirao.release.writer import Writer


@dataclass(frozen=True, slots=True)
class Published:
    """What came of a release."""

    release: Release
    folder: Place
    changes: pd.DataFrame | None
    """Difference from the version before; None for the first, and after a change of grid."""
    created: bool
    """False if this version with these pixels was already there."""
    trust: str = ""
    """Who signed it and who is still missing, in words."""


def publish(
    project: Project,
    build: Build,
    version: str,
    progress: Progress,
    *,
    key: Path | None = None,
    expires: datetime | None = None,
) -> Published:
    """Release a build as an immutable version.

    Parameters
    ----------
    key : private key, or public key of one in an agent, that signs release.json and latest.json.
    expires : when the signed latest.json ends.

    Raises
    ------
    QualityError
        L101, L102: a gate of the collection is not reached. S123, S124: the network does not take a submission any
        more. K202 to K207: the signature would prove nothing. Nothing is written.
    UsageError
        K305: there is a key, and the network does not sign. S107: a submission is not there any more.
    ImmutableError
        L103: the version exists with other pixels. L104: a later version exists.
    """
    collection = project.collection(build.record.collection).value
    folder = project.releases / collection.id / f"v{require_version(version)}"
    sign = Signer(project, key) if key else None
    if (folder / MANIFEST).is_file():
        found = replace(_existing(folder, build), trust=signatures_in_words(project, folder))
        _repair_pointer(folder.parent, sign, expires)
        return found
    _require_gates(collection, build)
    _require_submissions(project, build)
    previous = _previous(folder.parent, version)
    with whole_folder(folder, MANIFEST) as partial:
        writer = Writer(project, collection, build, version, previous, partial)
        release, changes = writer.write(progress)
        if sign:
            sign.release(partial)
    _point(folder.parent, version, sign, expires)
    return Published(release, folder, changes, created=True, trust=signatures_in_words(project, folder))


def _point(product: Place, version: str, sign: Signer | None, expires: datetime | None) -> None:
    write_pointer(product, version, sign.pointer if sign else None, expires)


def _repair_pointer(product: Place, sign: Signer | None, expires: datetime | None) -> None:
    """Point to the newest release if a failure right after it left the pointer behind."""
    newest = released_versions(product)[-1]
    path = product / POINTER
    if not path.is_file() or read_json(path).get("version") != newest:
        _point(product, newest, sign, expires)


def _require_submissions(project: Project, build: Build) -> None:
    """Refuse a build of submissions that the network takes no more: revoked since, or rejected."""
    if project.trust():
        try_each(lambda used: load_submission(project, used.module, used.version, for_build=True), build.record.modules)


def _existing(folder: Place, build: Build) -> Published:
    release = read_record(folder / MANIFEST, Release)
    changed = [layer for layer, digest in build.record.pixels.items() if _differs(build, layer, digest, release)]
    if changed:
        remedy = "release it under the next version; a release is never changed"
        message = f"version {release.version} exists with other pixels in the layers {', '.join(changed)}"
        raise ImmutableError.because("L103", message, where=str(folder), remedy=remedy)
    return Published(release, folder, _changes(folder / "tables" / "changes.csv"), created=False)


def _changes(table: Place) -> pd.DataFrame | None:
    if not table.is_file():
        return None
    with opened(table) as stream:
        return pd.read_csv(stream)


def _differs(build: Build, layer: str, digest: str, release: Release) -> bool:
    """Return whether a layer of a release is another; it may have been digested on another tiling."""
    released = release.pixels.get(layer, "")
    if released == digest:
        return False
    found = digest_like(released, lambda tile: build.window(layer, tile), build.grid, len(build.record.years))
    return released != found


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


def released_versions(folder: Place) -> list[str]:
    """Return the versions in a product's folder, oldest first."""
    found = [path.parent.name.removeprefix("v") for path in folder.glob(f"v*/{MANIFEST}")]
    return sorted(found, key=version_key)


def _previous(folder: Place, version: str) -> Place | None:
    versions = released_versions(folder)
    if versions and version_key(versions[-1]) > version_key(version):
        remedy = f"choose a version after {versions[-1]}"
        raise ImmutableError.because("L104", f"version {versions[-1]} is already out", where=str(folder), remedy=remedy)
    return folder / f"v{versions[-1]}" if versions else None
