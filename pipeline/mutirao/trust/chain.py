"""The chain of releases: each names the digest of the one before."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

from pydantic import ValidationError

from mutirao.errors import Finding, UsageError
from mutirao.io.storage import find_bytes
from mutirao.model import require_version, version_key
from mutirao.release.record import MANIFEST, Release

_LIMIT = 1 << 28


@dataclass(frozen=True, slots=True)
class Chain:
    """How far a release was followed back."""

    proved: tuple[str, ...] = ()
    not_proved: tuple[str, ...] = ()
    findings: tuple[Finding, ...] = ()


def follow(folder: str, release: Release) -> Chain:
    """Follow a release back to the first, through the folders beside it.

    Returns
    -------
    Findings: K213 a release before is not the one that was named, or comes after.
    """
    product = folder.rpartition("/")[0]
    versions: list[str] = []
    while release.previous is not None:
        version = release.previous_version or "unknown"
        place = f"{product}/v{version}/{MANIFEST}"
        if not _comes_before(version, release.version):
            return Chain(findings=(_broken(f"{release.version} names {version!r} as the version before it", folder),))
        found = find_bytes(place, _LIMIT)
        if found is None:
            return Chain(_line(versions), (f"That {version}, the release before, was as named: it is not beside it.",))
        if hashlib.sha256(found).hexdigest() != release.previous:
            return Chain(findings=(_broken(f"{version} is not the release that {release.version} names", place),))
        try:
            release = Release.model_validate_json(found)
        except ValidationError:
            message = f"That {version} continues its own past: another version of mutirao wrote its record."
            return Chain(_line([*versions, version]), (message,))
        versions.append(version)
    return Chain(_line(versions) or ("It is the first release: it names none before it.",))


def _comes_before(version: str, later: str) -> bool:
    try:
        return version_key(require_version(version)) < version_key(later)
    except UsageError:
        return False


def _line(versions: list[str]) -> tuple[str, ...]:
    return (f"The releases before it are those it names, byte for byte: {', '.join(versions)}.",) if versions else ()


def _broken(message: str, where: str) -> Finding:
    return Finding("K213", message, where, "bring the release back from a copy; one that is out is never changed")
