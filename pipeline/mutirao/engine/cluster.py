"""Run coarse tasks with Dask: threads on this machine, one kernel each."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from typing import TypeVar

from dask.base import compute
from dask.delayed import delayed

from mutirao.engine.progress import Advance

Item = TypeVar("Item")
Result = TypeVar("Result")


def run_tasks(
    task: Callable[[Item], Result], items: Sequence[Item], advance: Advance, workers: int | None = None
) -> list[Result]:
    """Apply a task to every item and return the results in order.

    Numba kernels and GDAL release the interpreter lock, so threads scale and no array is copied between processes.
    """

    def run(item: Item) -> Result:
        result = task(item)
        advance()
        return result

    tasks = [delayed(run, pure=False)(item) for item in items]
    return list(compute(*tasks, scheduler="threads", num_workers=workers or os.cpu_count()))
