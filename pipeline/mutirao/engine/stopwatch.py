"""Where the time of a task goes, and the places at which a task may be stopped.

The stopwatch of a task lies in a context variable: the steps of a task name their phases and need not hand a watch
from function to function. Without a stopwatch a phase costs nothing and tells nobody.
"""

from __future__ import annotations

import threading
import time
from collections import Counter, defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field


class Stopped(Exception):  # noqa: N818 - no error: somebody asked for it
    """The run of this task was cancelled; raised between two phases, so that no phase is left half done."""


@dataclass
class Stopwatch:
    """Seconds and bytes of one task."""

    run: str
    """Which run of tasks it belongs to; see `stop_run`."""
    started: float = field(default_factory=time.time)
    """Seconds since 1970."""
    seconds: defaultdict[str, float] = field(default_factory=lambda: defaultdict(float))
    """By phase."""
    cpu_seconds: defaultdict[str, float] = field(default_factory=lambda: defaultdict(float))
    """The same, as the thread of the task had a core; where other work takes cores, this says what a phase costs."""
    bytes_read: int = 0
    """Of decoded pixels."""
    begun: float = field(default_factory=time.perf_counter)

    def elapsed(self) -> float:
        """Return the seconds since the task began."""
        return time.perf_counter() - self.begun


_current: ContextVar[Stopwatch | None] = ContextVar("stopwatch", default=None)
_stopped: set[str] = set()
_busy: Counter[str] = Counter()
_lock = threading.Lock()


@contextmanager
def watching(run: str) -> Iterator[Stopwatch]:
    """Watch a task in this thread; the task counts as busy until the block ends."""
    watch = Stopwatch(run)
    token = _current.set(watch)
    with _lock:
        _busy[run] += 1
    try:
        yield watch
    finally:
        with _lock:
            _busy[run] -= 1
        _current.reset(token)


def current() -> Stopwatch | None:
    """Return the stopwatch of the task that this thread works on."""
    return _current.get()


@contextmanager
def phase(name: str) -> Iterator[None]:
    """Time one phase of a task.

    Raises
    ------
    Stopped
        The run of the task was stopped.
    """
    watch = _current.get()
    if watch is None:
        yield
        return
    if watch.run in _stopped:
        raise Stopped(watch.run)
    begun, cpu = time.perf_counter(), time.thread_time()
    try:
        yield
    finally:
        watch.seconds[name] += time.perf_counter() - begun
        watch.cpu_seconds[name] += time.thread_time() - cpu


def count_read(amount: int) -> None:
    """Add to the bytes that the task in this thread has read."""
    watch = _current.get()
    if watch is not None:
        watch.bytes_read += amount


def stop_run(run: str) -> int:
    """Ask the tasks of a run in this process to end at their next phase; return how many are still at work."""
    _stopped.add(run)
    with _lock:
        return _busy[run]
