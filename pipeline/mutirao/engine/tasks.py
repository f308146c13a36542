"""What travels to a worker and back: which tile of which build, and what making it took. No arrays."""

from __future__ import annotations

import os
import resource
import socket
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from mutirao.engine.farledger import open_ledger
from mutirao.engine.inputs import gather
from mutirao.engine.stopwatch import Stopwatch, current
from mutirao.engine.tilework import TileWork
from mutirao.errors import MutiraoError, ResourceError
from mutirao.io.places import Place, place
from mutirao.project import Elsewhere, Project

KEPT = 2
"""Builds whose inputs a worker process keeps; more would only hold memory."""
RSS_UNIT = 1 if sys.platform == "darwin" else 1024
"""Bytes in one unit of `ru_maxrss`."""


@dataclass(frozen=True, slots=True)
class Order:
    """What a process anywhere must know to gather the inputs of a build."""

    root: str
    workspace: str
    """Folder or URL."""
    elsewhere: tuple[tuple[str, str], ...]
    """Parts of the workspace that lie elsewhere, and the folder or URL in which each lies."""
    collection: str
    versions: tuple[tuple[str, str], ...]
    """Of every module's submission, so that no worker sees a newer one."""
    ledger: tuple[str, str]
    """Folder and suffix of the results."""
    limit: int
    """Widest margin of fused steps; see `passes`."""
    digest: str
    """Of the keys of all tasks: two builds with the same digest read the same inputs."""


@dataclass(frozen=True, slots=True)
class TileTask:
    """One tile in one pass."""

    order: Order
    number: int
    """Of the pass, from 0."""
    tile: str
    key: str
    why: tuple[str, ...] = ()
    """Why it has to be made, in words."""


@dataclass(frozen=True, slots=True)
class TaskFacts:
    """What making one tile took."""

    number: int
    """Of the pass, from 0."""
    tile: str
    key: str
    started: float
    """Seconds since 1970, by the clock of the worker."""
    seconds: dict[str, float]
    """By phase."""
    total_seconds: float
    """With what belongs to no phase."""
    bytes_read: int
    """Of decoded pixels."""
    bytes_written: int
    """Of files."""
    worker: str
    """Host and process."""
    thread: int
    """Number that the system gave it."""
    peak_bytes: int
    """Most memory that the process of the worker has held so far."""


_works: dict[Order, TileWork] = {}
_lock = threading.Lock()


@contextmanager
def remembered(order: Order, work: TileWork) -> Iterator[None]:
    """Let tasks in this process use inputs that are gathered already."""
    with _lock:
        _works[order] = work
    try:
        yield
    finally:
        with _lock:
            _works.pop(order, None)


def make_tile(task: TileTask) -> TaskFacts:
    """Make a tile in a pass and record it in the ledger; runs in any process that sees the project's folders.

    Raises
    ------
    ResourceError
        R215: this process does not see the project or its submissions, or sees others.
    """
    work = work_of(task.order)
    tile = next((tile for tile in work.grid.tiles() if tile.id == task.tile), None)
    if tile is None or work.keys(task.number)[task.tile] != task.key:
        raise _other_inputs(task.order, f"finds other inputs for tile {task.tile} than the build that sent it")
    work.make(task.number, tile, task.why)
    return _facts(task, work.ledger.path(task.key))


def work_of(order: Order) -> TileWork:
    """Gather the inputs of an order, once in a process."""
    with _lock:  # two threads of a worker shall not read the same layers at the same time
        if order not in _works:
            while len(_works) >= KEPT:
                del _works[next(iter(_works))]
            _works[order] = _gather(order)
        return _works[order]


def _gather(order: Order) -> TileWork:
    folder, suffix = order.ledger
    try:
        elsewhere = Elsewhere(**{part: place(where) for part, where in order.elsewhere})
        project = Project(Path(order.root), place(order.workspace), elsewhere)
        inputs = gather(project, order.collection, dict(order.versions))
        return TileWork(inputs, open_ledger(place(folder), suffix), order.limit)
    except (MutiraoError, OSError) as err:
        raise _other_inputs(order, f"cannot gather the inputs of the build: {err}") from err


def _other_inputs(order: Order, what: str) -> ResourceError:
    remedy = (
        f"let {order.root} and {order.workspace} be the same on all machines, change nothing in them while a "
        "build runs, and start the build again; what is finished is kept"
    )
    return ResourceError.because("R215", f"a worker {what}", where=worker_name(), remedy=remedy)


def _facts(task: TileTask, path: Place) -> TaskFacts:
    """Sum up a task whose stopwatch runs in this thread."""
    watch = current() or Stopwatch("")
    return TaskFacts(
        number=task.number,
        tile=task.tile,
        key=task.key,
        started=round(watch.started, 3),
        seconds={name: round(value, 4) for name, value in watch.seconds.items()},
        total_seconds=round(watch.elapsed(), 4),
        bytes_read=watch.bytes_read,
        bytes_written=path.stat().st_size,
        worker=worker_name(),
        thread=threading.get_native_id(),
        peak_bytes=peak_bytes(),
    )


def worker_name() -> str:
    """Return host and process."""
    return f"{socket.gethostname()}:{os.getpid()}"


def peak_bytes() -> int:
    """Return the most memory that this process has held so far."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * RSS_UNIT
