"""Let workers make the tiles of a build that are not done, pass by pass, watched and logged."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict
from typing import Any

from mutirao.engine.cluster import Crew, Threads, crew_of, run_tasks
from mutirao.engine.ledger import State, digest_of
from mutirao.engine.progress import Progress
from mutirao.engine.reasons import GONE, earlier_results, why_made
from mutirao.engine.runlog import RunLog
from mutirao.engine.tasks import Order, TaskFacts, TileTask, make_tile, remembered, worker_name
from mutirao.engine.tilework import Missing, TileWork
from mutirao.errors import ResourceError
from mutirao.grid import Tile
from mutirao.io.software import software_versions
from mutirao.project import Project

Why = tuple[str, ...]
WORKING_BYTES = 16
"""That a tile at work holds by pixel and year besides the claims, a byte by module: layers before and after filters."""


def make_missing(
    project: Project,
    work: TileWork,
    progress: Progress,
    workers: int | Crew | None,
    log: RunLog,
    last: Iterable[str] = (),
) -> list[dict[str, Why]]:
    """Make what is not done; return by pass the tiles that were made, each with the reasons in words.

    Parameters
    ----------
    last : keys of the tiles of the last build; what goes into a tile now is compared with what went into these.

    Raises
    ------
    ResourceError
        R217: a worker has too little memory.
    MutiraoError
        As the first task that failed; what the others finished is in the ledger.
    KeyboardInterrupt
        Somebody stopped the build; no task is at work any more.
    """
    missing, order = work.missing(), order_of(project, work)
    if any(missing):
        require_memory(work, crew_of(workers))
    _tell_reused(work, missing, log)
    reasons = reasons_for(work, missing, last)
    with remembered(order, work):
        for number, tiles in enumerate(missing):
            _make_pass(work, order, number, list(tiles), reasons[number], progress, workers, log)
    return reasons


def reasons_for(work: TileWork, missing: Sequence[Missing], last: Iterable[str]) -> list[dict[str, Why]]:
    """Return by pass why each tile has to be made."""
    used = set(last) if any(missing) else set()
    earlier = earlier_results(work.ledger, used)

    def why(number: int, tile: Tile, state: State) -> Why:
        if state == "missing" and work.keys(number)[tile.id] in used:
            return (GONE,)
        return why_made(state, work.parts(number, tile), work.details(number), earlier.get((number, tile.id)))

    return [
        {tile.id: why(number, tile, state) for tile, state in tiles.items()} for number, tiles in enumerate(missing)
    ]


def order_of(project: Project, work: TileWork) -> Order:
    """Return what workers in other processes need to do the work."""
    stored = work.inputs.submissions
    return Order(
        root=str(project.root.resolve()),
        workspace=str(project.workspace.resolve()),
        elsewhere=project.elsewhere.as_text(),
        collection=work.inputs.collection.id,
        versions=tuple((one.receipt.module, one.receipt.version) for one in stored),
        ledger=(str(work.ledger.folder.resolve()), work.ledger.suffix),
        limit=work.limit,
        digest=digest_of([work.keys(number) for number in range(len(work.passes))]),
    )


def head_of(work: TileWork, workers: int | Crew | None) -> dict[str, Any]:
    """Return what the log of a build says first: what is to be built, by whom, with which versions."""
    return {
        "collection": work.inputs.collection.id,
        "shape": work.grid.shape,
        "years": len(work.inputs.years),
        "passes": len(work.passes),
        "versions": {stored.receipt.module: stored.receipt.version for stored in work.inputs.submissions},
        "workers": crew_of(workers).describe(),
        "process": worker_name(),
        "software": software_versions(),
    }


def fitted(work: TileWork, crew: Crew, progress: Progress) -> Crew:
    """Return the workers, or fewer threads if memory does not hold as many tiles as there are threads."""
    if not isinstance(crew, Threads):
        return crew
    size = _largest(work, range(len(work.passes))) * (len(work.inputs.modules) + WORKING_BYTES)
    fewer = crew.for_tasks_of(size)
    if fewer.count < crew.count:
        progress.say(f"Memory allows {fewer.count} of {crew.count} tiles at a time, {size / 2**20:.1f} MiB each")
    return fewer


def require_memory(work: TileWork, crew: Crew) -> None:
    """Refuse workers that cannot hold even the claims that their tiles read.

    Raises
    ------
    ResourceError
        R217: the memory limit of a worker is too small.
    """
    claims = len(work.inputs.modules) * _largest(work, [0])
    for worker in crew.describe():
        if worker["memory"] is not None and worker["memory"] < claims * worker["threads"]:
            message = f"{worker['threads']} tiles read {claims * worker['threads']} bytes of claims, "
            message += f"and the worker may hold {worker['memory']}"
            remedy = "give it more memory or fewer threads, or the collection smaller tiles; see 'mutirao plan'"
            raise ResourceError.because("R217", message, where=worker["name"], remedy=remedy)


def _largest(work: TileWork, passes: Iterable[int]) -> int:
    """Return the pixels times years of the largest window of some passes."""
    windows = (work.window(number, tile) for number in passes for tile in work.grid.tiles())
    return len(work.inputs.years) * max(window.shape[0] * window.shape[1] for window in windows)


def _tell_reused(work: TileWork, missing: Sequence[Missing], log: RunLog) -> None:
    last = len(work.passes) - 1
    anew = {tile.id for tile in missing[last]}
    for tile in work.grid.tiles():
        if tile.id not in anew:
            log.reused(tile, last, work.keys(last)[tile.id])


def _make_pass(
    work: TileWork,
    order: Order,
    number: int,
    tiles: Sequence[Tile],
    reasons: Mapping[str, Why],
    progress: Progress,
    workers: int | Crew | None,
    log: RunLog,
) -> None:
    windows = {tile.id: tile for tile in tiles}
    tasks = [TileTask(order, number, tile.id, work.keys(number)[tile.id], reasons[tile.id]) for tile in tiles]

    def tell(facts: TaskFacts) -> None:
        log.made(windows[facts.tile], {**asdict(facts), "why": reasons[facts.tile]})

    with progress.stage(work.title(number), len(tiles), _pixel_years(work, tiles)) as advance:
        run_tasks(make_tile, tasks, advance, workers, tell)


def _pixel_years(work: TileWork, tiles: Sequence[Tile]) -> int:
    return len(work.inputs.years) * sum(tile.shape[0] * tile.shape[1] for tile in tiles)
