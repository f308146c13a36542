"""Copies on this machine of objects of a store that are read more than once: the results of builds.

A copy is named by the digest of its bytes, which was taken while it came in, so that it can never stand for other
bytes. All copies together are bounded; the least recently used go first.
"""

from __future__ import annotations

import hashlib
import logging
import os
import threading
import time
import uuid
from contextlib import suppress
from pathlib import Path

from mutirao.io.faults import patient, room_for
from mutirao.io.places import ObjectPlace

FOLDER_VARIABLE, LIMIT_VARIABLE = "MUTIRAO_CACHE", "MUTIRAO_CACHE_GB"
DEFAULT_GB = 20.0
GRACE_S = 600.0
"""Copies that were used since are kept whatever the limit: somebody may be about to open them."""
_CHUNK = 1 << 22
_SHARE = 0.05
"""Of the limit that may come in between two looks at the size of all copies."""
_since_look = 0
_lock = threading.Lock()
logger = logging.getLogger(__name__)


def cache_folder() -> Path:
    """Return the folder of copies: `MUTIRAO_CACHE`, or mutirao/ in the user's folder for caches."""
    given = os.environ.get(FOLDER_VARIABLE)
    home = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(given) if given else Path(home) / "mutirao"


def limit_bytes() -> int:
    """Return the size that all copies together may have: `MUTIRAO_CACHE_GB`, or `DEFAULT_GB`."""
    try:
        return int(float(os.environ.get(LIMIT_VARIABLE, DEFAULT_GB)) * 1e9)
    except ValueError:
        return int(DEFAULT_GB * 1e9)


def copy_path(sha256: str, suffix: str) -> Path:
    """Return where the copy of an object with this digest lies or will lie."""
    return cache_folder() / "objects" / sha256[:2] / f"{sha256}{suffix}"


def partial_path(suffix: str) -> Path:
    """Return a name in the folder of copies that nobody else uses."""
    path = cache_folder() / "objects" / f".{uuid.uuid4().hex}{suffix}"
    path.parent.mkdir(parents=True, exist_ok=True)
    return path


def keep(partial: Path, sha256: str, suffix: str) -> Path:
    """Give a file of `partial_path` the name of its digest."""
    target = copy_path(sha256, suffix)
    target.parent.mkdir(parents=True, exist_ok=True)
    size = partial.stat().st_size
    partial.replace(target)
    _count(size)
    return target


def used(copy: Path) -> Path:
    """Mark a copy as used now."""
    with suppress(OSError):  # it lies in somebody else's folder, or has just gone: whoever reads it will see
        os.utime(copy)
    return copy


@patient
def fetch(source: ObjectPlace, suffix: str) -> tuple[Path, str]:
    """Download an object under a name of its own; return the file and the sha256 of what came.

    Raises
    ------
    ResourceError
        R201, R208, R209: it cannot be read. R207: no room is left on this machine. FileNotFoundError: it is gone.
    """
    partial, digest = partial_path(suffix), hashlib.sha256()
    try:
        with room_for(partial), source.open() as stream, partial.open("wb") as file:
            while chunk := stream.read(_CHUNK):
                digest.update(chunk)
                file.write(chunk)
    except BaseException:
        partial.unlink(missing_ok=True)
        raise
    return partial, digest.hexdigest()


def _count(size: int) -> None:
    """Look at the size of all copies now and then, and remove the least recently used beyond the limit."""
    global _since_look
    with _lock:
        _since_look += size
        if _since_look < _SHARE * limit_bytes():
            return
        _since_look = 0
    trim()


def trim() -> None:
    """Remove the least recently used copies beyond the limit, but none that was used within `GRACE_S`."""
    files = [path for path in (cache_folder() / "objects").rglob("*") if path.is_file()]
    facts: list[tuple[float, int, Path]] = []
    for path in files:
        with suppress(FileNotFoundError):  # another process removed it
            stat = path.stat()
            facts.append((stat.st_mtime, stat.st_size, path))
    excess = sum(size for _, size, _ in facts) - limit_bytes()
    for used_at, size, path in sorted(facts):
        if excess <= 0 or time.time() - used_at < GRACE_S:
            return
        path.unlink(missing_ok=True)
        excess -= size
