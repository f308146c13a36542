"""One process at a time: a lock that dies with its process, or a lease with a heartbeat where storage has no locks.

Leases of object stores are in `leases`; those of folders that know no locks are here.
"""

from __future__ import annotations

import fcntl
import json
import os
import threading
import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from errno import EINVAL, ENOLCK, ENOSYS, EOPNOTSUPP
from pathlib import Path
from typing import Any, TypeVar

from mutirao.errors import ResourceError
from mutirao.io import leases
from mutirao.io.holders import HEARTBEAT_S, STALE_S, in_words, is_stale, this_process
from mutirao.io.places import ObjectPlace, Place

POLL_S = 0.2
_NO_LOCKS = {EINVAL, ENOLCK, ENOSYS, EOPNOTSUPP}

Release = Callable[[], None]
Held = TypeVar("Held", Path, ObjectPlace)


@contextmanager
def held(path: Place, *, wait_s: float = 0, waiting: Callable[[str], None] = lambda _: None) -> Iterator[None]:
    """Hold a lock while the block runs; the file is gone afterwards.

    Parameters
    ----------
    path : file that stands for the lock; it tells who holds it.
    wait_s : how long to wait for another process [seconds].
    waiting : is told once, in words, for whom this process waits.

    Raises
    ------
    ResourceError
        R206: another process held it all the time.
    """
    if isinstance(path, ObjectPlace):
        with leases.holding(lease_of(path), wait_s=wait_s, waiting=waiting):
            yield
        return
    path.parent.mkdir(parents=True, exist_ok=True)
    deadline, told = time.monotonic() + wait_s, False
    while (release := _take(path)) is None:
        if time.monotonic() >= deadline:
            remedy = "wait until it has finished, or stop it; a process that died holds nothing"
            raise ResourceError.because("R206", f"is in use by {holder(path)}", where=str(path.parent), remedy=remedy)
        if not told:
            waiting(f"Waiting for {holder(path)}")
            told = True
        time.sleep(POLL_S)
    try:
        yield
    finally:
        release()


def holder(path: Path) -> str:
    """Return in words who holds a lock, and since when."""
    try:
        return in_words(_lease(lease_of(path)) or json.loads(path.read_text(encoding="utf-8")))
    except (OSError, ValueError):
        return "another process"


def lease_of(path: Held) -> Held:
    """Return the file that stands for a lock where storage has none."""
    return path.with_name(f"{path.name}.lease")


def _take(path: Path) -> Release | None:
    try:
        return _take_lock(path)
    except OSError as err:
        if err.errno not in _NO_LOCKS:
            raise
        path.unlink(missing_ok=True)  # what opening it left behind
        return _take_lease(lease_of(path))


def _take_lock(path: Path) -> Release | None:
    """Lock the file for this process; the system lets go of it when the process ends, however it ends."""
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        if not _is_still(descriptor, path):  # the holder before removed it between open and lock
            os.close(descriptor)
            return None
        os.ftruncate(descriptor, 0)
        os.write(descriptor, json.dumps(this_process()).encode())
    except BlockingIOError:
        os.close(descriptor)
        return None
    except OSError:
        os.close(descriptor)
        raise

    def release() -> None:
        path.unlink(missing_ok=True)
        os.close(descriptor)

    return release


def _is_still(descriptor: int, path: Path) -> bool:
    try:
        return os.path.samestat(os.fstat(descriptor), path.stat())
    except FileNotFoundError:
        return False


def _take_lease(path: Path) -> Release | None:
    """Create the file, which only one process can, and touch it from time to time; take over what nobody touches."""
    mine = this_process()
    if _is_given_up(path):
        _bury(path)
    try:
        with path.open("x", encoding="utf-8") as stream:
            json.dump(mine, stream)
    except FileExistsError:
        return None
    stop = threading.Event()
    threading.Thread(target=_beat, args=(path, stop), daemon=True).start()

    def release() -> None:
        stop.set()
        if _lease(path).get("token") == mine["token"]:
            path.unlink(missing_ok=True)

    return release


def _beat(path: Path, stop: threading.Event) -> None:
    while not stop.wait(HEARTBEAT_S):
        with suppress(OSError):  # a heartbeat that fails once is made good by the next
            os.utime(path)


def _is_given_up(path: Path) -> bool:
    try:
        silent_s = time.time() - path.stat().st_mtime
    except FileNotFoundError:
        return False
    return is_stale(_lease(path), silent_s, STALE_S)


def _bury(path: Path) -> None:
    """Remove a stale lease; of two processes that try, one has renamed it before the other can."""
    grave, judged = path.with_name(f".{path.name}.{uuid.uuid4().hex}"), _lease(path)
    with suppress(FileNotFoundError):
        path.rename(grave)
        if _lease(grave) != judged:  # another process buried it first, and this is that process's fresh lease
            with suppress(FileExistsError):
                os.link(grave, path)
        grave.unlink()


def _lease(path: Path) -> dict[str, Any]:
    try:
        return dict(json.loads(path.read_text(encoding="utf-8")))
    except (OSError, ValueError):
        return {}
