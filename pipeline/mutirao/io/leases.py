"""One writer at a time in an object store: an object that only one can create, kept alive by its holder.

The object is written anew from time to time, on condition that it is still the holder's own; each time with other
bytes, so that nobody who judged an older one can take it over. What nobody writes for long is taken over, on the same
condition.
"""

from __future__ import annotations

import json
import logging
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from mutirao.errors import MutiraoError, ResourceError
from mutirao.io.holders import HEARTBEAT_S, STALE_S, Holder, in_words, is_stale, this_process
from mutirao.io.places import ObjectPlace

POLL_S = 0.5
logger = logging.getLogger(__name__)


class Lease:
    """A lease of this process; its heart beats in a thread until it is released."""

    def __init__(self, path: ObjectPlace, mine: Holder) -> None:
        self.path, self._mine = path, mine
        self._beats = 0
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._live, daemon=True)
        self._thread.start()

    def is_mine(self) -> bool:
        """Return whether nobody has taken it over."""
        return bool(_read(self.path).get("token") == self._mine["token"])

    def require(self) -> None:
        """Refuse to go on without it.

        Raises
        ------
        ResourceError
            R206: another process took this one for dead and has it now.
        """
        if not self.is_mine():
            raise _in_use(self.path)

    def release(self) -> None:
        """Let others have it."""
        self._stop.set()
        self._thread.join()
        try:
            if self.is_mine():
                self.path.unlink(missing_ok=True)
        except (OSError, MutiraoError):  # the store does not answer: it is given up when it has been silent for long
            logger.warning("%s could not be released", self.path, exc_info=True)

    def _live(self) -> None:
        while not self._stop.wait(HEARTBEAT_S):
            try:
                self._beat()
            except (FileExistsError, FileNotFoundError):
                logger.warning("%s was taken over by another process", self.path)
                return
            except (OSError, MutiraoError):  # a heartbeat that fails once is made good by the next
                logger.debug("no heartbeat for %s", self.path, exc_info=True)

    def _beat(self) -> None:
        stamp = self.path.stat().stamp
        if not self.is_mine():
            raise FileExistsError(str(self.path))
        self._beats += 1
        self.path.replace_if(stamp, _bytes({**self._mine, "beats": self._beats}))


def take(path: ObjectPlace) -> Lease | None:
    """Take a lease; None if a process that lives has it."""
    mine = this_process()
    data = _bytes(mine)
    try:
        path.create(data)
    except FileExistsError:
        if not _take_over(path, data):
            return None
    return Lease(path, mine)


def _take_over(path: ObjectPlace, data: bytes) -> bool:
    """Replace a stale lease; of two processes that try, one finds another object than it judged."""
    found = path.find()
    if found is None or not is_stale(_read(path), time.time() - found.modified, STALE_S):
        return False
    try:
        path.replace_if(found.stamp, data)
    except (FileExistsError, FileNotFoundError):
        return False
    return True


@contextmanager
def holding(
    path: ObjectPlace, *, wait_s: float = 0, waiting: Callable[[str], None] = lambda _: None
) -> Iterator[Lease]:
    """Hold a lease while the block runs.

    Parameters
    ----------
    wait_s, waiting : as `locks.held`.

    Raises
    ------
    ResourceError
        R206: another process held it all the time.
    """
    deadline, told = time.monotonic() + wait_s, False
    while (lease := take(path)) is None:
        if time.monotonic() >= deadline:
            raise _in_use(path)
        if not told:
            waiting(f"Waiting for {holder(path)}")
            told = True
        time.sleep(POLL_S)
    try:
        yield lease
    finally:
        lease.release()


def holder(path: ObjectPlace) -> str:
    """Return in words who holds a lease, and since when."""
    return in_words(_read(path))


def _in_use(path: ObjectPlace) -> ResourceError:
    remedy = "wait until it has finished, or stop it; a process that died holds nothing after three minutes"
    return ResourceError.because("R206", f"is in use by {holder(path)}", where=str(path.parent), remedy=remedy)


def _read(path: ObjectPlace) -> Holder:
    try:
        return dict(json.loads(path.read_bytes()))
    except (FileNotFoundError, ValueError, TypeError):
        return {}


def _bytes(holder: Holder) -> bytes:
    return json.dumps(holder, sort_keys=True).encode()
