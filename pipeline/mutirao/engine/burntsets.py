"""Polygons that were burnt to pixels, and that no collection asks for any more."""

from __future__ import annotations

import shutil
import time
from contextlib import ExitStack, suppress
from dataclasses import dataclass
from pathlib import Path

from mutirao.engine.build import LOCK
from mutirao.errors import MutiraoError, ResourceError
from mutirao.io import locks
from mutirao.io.burning import RECORD, Listing
from mutirao.io.vectors import read_overlays, read_zones
from mutirao.project import Project

GRACE_S = 3600.0
"""What was asked for since stays: a command may be about to read it that holds no lock, such as `mutirao plan`."""
SHARED_GRACE_S = 7 * 86400.0
"""The same where workspaces share a folder, those that lie in a store: builds of the others hold locks elsewhere."""


@dataclass(frozen=True, slots=True)
class Unused:
    """What nobody asks for."""

    sets: tuple[Path, ...]
    """Folders of polygons as pixels, and what a process that died left of one."""
    size: int
    """Bytes of all."""
    busy: str = ""
    """Why nothing can be removed now, in words; empty if it can."""


def unused(project: Project) -> Unused:
    """Return what no collection of a project asks for, as their configurations and files are now."""
    try:
        asked = _asked(project)
    except MutiraoError as err:
        first = err.findings[0]
        return Unused((), 0, f"what a collection asks for cannot be read: {first.where}: {first.code} {first.message}")
    grace = GRACE_S if isinstance(project.workspace, Path) else SHARED_GRACE_S
    found = (path for path in project.burnt.glob("*") if path.name not in asked and path.is_dir())
    sets = tuple(sorted(path for path in found if time.time() - _used(path) > grace))
    return Unused(sets, sum(file.stat().st_size for path in sets for file in path.iterdir()))


def prune(project: Project) -> Unused:
    """Remove what no collection asks for, unless a build is at work: it may have begun before a file was changed."""
    with ExitStack() as stack:
        try:
            for folder in project.builds.glob("*"):
                stack.enter_context(locks.held(folder / LOCK))
        except ResourceError as err:
            return Unused((), 0, f"a build {err.findings[0].message}")
        found = unused(project)
        for path in found.sets:
            hidden = path.with_name(f".{path.name.lstrip('.')}")
            path.rename(hidden)  # so that nobody finds half of it
            shutil.rmtree(hidden)
    return found


def _asked(project: Project) -> set[str]:
    """Return the names of the folders that all collections ask for."""
    asked: set[str] = set()
    for name in project.collection_ids():
        source = project.collection(name)
        canvas = Listing(source.value.grid, project.burnt, asked)
        for entry in source.value.territories:
            read_zones(source.path.parent / entry.file, entry, canvas)
        if source.value.chain is not None:
            chain = project.chain(source.value.chain)
            read_overlays(chain.value, chain.path.parent, canvas)
    return asked


def _used(path: Path) -> float:
    """Return when a folder was asked for last, or begun; seconds since 1970."""
    with suppress(FileNotFoundError):
        return (path / RECORD).stat().st_mtime
    return path.stat().st_mtime
