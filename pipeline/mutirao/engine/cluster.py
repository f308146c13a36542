"""Run coarse tasks with Dask: threads on this machine, one kernel each, or workers in other processes."""

from __future__ import annotations

import os
import time
import uuid
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Any, Protocol, TypeVar

import psutil
from dask.base import compute
from dask.delayed import delayed
from distributed.system import MEMORY_LIMIT

from mutirao.engine.progress import Advance
from mutirao.engine.stopwatch import stop_run, watching

Item = TypeVar("Item")
Result = TypeVar("Result")
Tell = Callable[[Any], None]
"""Called with the result of each task as soon as it is there."""
PATIENCE = 60.0
"""Seconds that a stopped run waits for the tasks at work to come to the end of their phase."""
LOOK = 0.05
"""Seconds between two looks at what is going on."""
MEMORY_SHARE = 0.8
"""Of the free memory, that threads may fill unless another limit is given."""


class Crew(Protocol):
    """Somebody who does tasks."""

    def run(self, run: str, task: Callable[[Item], Result], items: Sequence[Item], tell: Tell) -> list[Result]:
        """Do a task for every item, tell each result, return them in order."""

    def stop(self, run: str) -> int:
        """Ask the tasks of a run to end soon; return how many are at work."""

    def describe(self) -> list[dict[str, Any]]:
        """Return name, threads and memory limit in bytes of each worker."""


@dataclass(frozen=True, slots=True)
class Threads:
    """Threads of this process. Numba kernels and GDAL release the interpreter lock, so they scale without copies."""

    number: int | None = None
    """One a core if absent."""
    memory: int = field(default_factory=lambda: round(MEMORY_SHARE * free_bytes()))
    """Bytes that the tasks at work may hold together."""

    def run(self, run: str, task: Callable[[Item], Result], items: Sequence[Item], tell: Tell) -> list[Result]:
        """Do a task for every item, tell each result, return them in order."""

        def told(item: Item) -> Result:
            result = guarded(run, task, item)
            tell(result)
            return result

        tasks = [delayed(told, pure=False)(item) for item in items]
        return list(compute(*tasks, scheduler="threads", num_workers=self.count))

    def stop(self, run: str) -> int:
        """Ask the tasks of a run to end soon; return how many are at work."""
        return stop_run(run)

    def describe(self) -> list[dict[str, Any]]:
        """Return name, threads and memory limit in bytes of each worker."""
        return [{"name": "threads", "threads": self.count, "memory": self.memory}]

    def for_tasks_of(self, size: int) -> Threads:
        """Return as many of these threads, one at least, as may do tasks of `size` bytes at a time."""
        return replace(self, number=max(1, min(self.count, self.memory // size)))

    @property
    def count(self) -> int:
        """Number of threads."""
        return self.number or os.cpu_count() or 1


def free_bytes() -> int:
    """Return the memory that is free on this machine, or in the container or job that this process runs in."""
    return int(min(psutil.virtual_memory().available, MEMORY_LIMIT))


def crew_of(workers: int | Crew | None) -> Crew:
    """Return who does the work, where only a number of threads may be given."""
    return Threads(workers) if workers is None or isinstance(workers, int) else workers


def run_tasks(
    task: Callable[[Item], Result],
    items: Sequence[Item],
    advance: Advance,
    workers: int | Crew | None = None,
    tell: Tell = lambda _: None,
) -> list[Result]:
    """Apply a task to every item and return the results in order.

    Parameters
    ----------
    task : for workers in other processes an importable function, whose items and results are small and can be pickled.
    workers : number of threads, one a core if absent, or whoever shall do it.
    tell : is called with each result as soon as it is there; from a thread of the task if threads do it.

    Raises
    ------
    KeyboardInterrupt
        Somebody stopped the run. No task is at work any more, and none has left anything half done.
    """
    crew, run = crew_of(workers), uuid.uuid4().hex

    def finished(result: Result) -> None:
        tell(result)
        advance()

    try:
        return crew.run(run, task, items, finished)
    except BaseException:
        # An error of one task stops the others, too; whatever stopped them, nobody shall write on behind our back.
        _await_end(partial(crew.stop, run))
        raise


def _await_end(stop: Callable[[], int]) -> None:
    deadline = time.monotonic() + PATIENCE
    while stop() and time.monotonic() < deadline:
        time.sleep(LOOK)


def guarded(run: str, task: Callable[[Item], Result], item: Item) -> Result:
    """Do one task of a run under its stopwatch."""
    with watching(run):
        return task(item)
