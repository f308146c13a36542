"""The report of how a build went: one page without any other file."""

from __future__ import annotations

from dataclasses import dataclass

from mutirao.engine.runstory import Line, RunStory
from mutirao.templates import fill

LEVELS = 5
"""Shades of the map of seconds."""
SLOWEST = 10
"""Tiles that are listed."""
WIDE = 1000
"""Of the picture of a lane, in its own units."""
THINNEST = 1.0
"""Mark of a task on its lane, so that a very short one is seen."""


@dataclass(frozen=True, slots=True)
class Square:
    """A tile on the map, in pixels of the grid."""

    x: int
    y: int
    width: int
    height: int
    level: int
    """0 for reused, then 1 to `LEVELS` from fast to slow."""
    label: str


@dataclass(frozen=True, slots=True)
class Mark:
    """A task on the lane of its thread, in units of the picture."""

    x: float
    width: float
    label: str


@dataclass(frozen=True, slots=True)
class LaneRow:
    """One thread."""

    name: str
    marks: list[Mark]
    tasks: int
    busy_percent: float


def run_page(story: RunStory) -> str:
    """Return the page as HTML."""
    return fill("run.html.j2", _context(story), filters={"duration": duration, "bytes": size})


def _context(story: RunStory) -> dict[str, object]:
    total = sum(story.phases.values())
    rows, columns = story.head["shape"]
    return {
        "story": story,
        "told": story.as_json(),
        "phases": [(name, seconds, 100 * seconds / total) for name, seconds in story.phases.items() if total],
        "squares": squares(story),
        "levels": range(1, LEVELS + 1) if story.made else range(0),
        "slowest_s": max(story.tiles.values(), default=0.0),
        "rows": rows,
        "columns": columns,
        "lanes": lanes(story),
        "slowest": sorted(story.made, key=lambda task: -task["total_seconds"])[:SLOWEST],
        "peak": max(story.peaks.values(), default=0),
        "limits": [worker for worker in story.head["workers"] if worker["memory"]],
    }


def squares(story: RunStory) -> list[Square]:
    """Return every tile, the shade being its share of the slowest one's seconds."""
    most = max(story.tiles.values(), default=0.0)
    return [_square(tile, window, story.tiles.get(tile), most) for tile, window in story.windows.items()]


def _square(tile: str, window: list[int], seconds: float | None, most: float) -> Square:
    top, left, height, width = window
    if seconds is None:
        return Square(left, top, width, height, 0, f"{tile}: reused")
    level = min(int(LEVELS * seconds / most) + 1, LEVELS) if most else 1
    return Square(left, top, width, height, level, f"{tile}: {duration(seconds)}")


def lanes(story: RunStory) -> list[LaneRow]:
    """Return each thread with its tasks from the beginning of the first task to the end of the last."""
    if not story.made or not story.task_seconds:
        return []
    begun, span = story.made[0]["started"], story.task_seconds
    return [
        LaneRow(
            name=f"{lane.worker}, thread {lane.number}",
            marks=[_mark(task, begun, span) for task in lane.tasks],
            tasks=len(lane.tasks),
            busy_percent=100 * lane.busy_seconds / span,
        )
        for lane in story.lanes
    ]


def _mark(task: Line, begun: float, span: float) -> Mark:
    width = max(WIDE * task["total_seconds"] / span, THINNEST)
    label = f"{task['tile']}, pass {task['number'] + 1}: {duration(task['total_seconds'])}"
    return Mark(round(WIDE * (task["started"] - begun) / span, 2), round(width, 2), label)


def duration(seconds: float) -> str:
    """Return seconds as people say them: 0.34 s, 12.0 s, 3 min 20 s, 2 h 5 min."""
    if seconds < 1:
        return f"{seconds:.2f} s"
    if seconds < 60:
        return f"{seconds:.1f} s"
    minutes, rest = divmod(round(seconds), 60)
    if minutes < 60:
        return f"{minutes} min {rest} s"
    return f"{minutes // 60:,} h {minutes % 60} min"


def size(amount: float) -> str:
    """Return bytes as people say them: 812 B, 1.4 GB."""
    for unit in ("B", "kB", "MB", "GB"):
        if amount < 1000:
            return f"{amount:.0f} {unit}" if unit == "B" else f"{amount:.1f} {unit}"
        amount /= 1000
    return f"{amount:.1f} TB"
