"""What the log of a build tells: what ran, how long, where the time went, and how much memory it took."""

from __future__ import annotations

import json
from collections import Counter, defaultdict
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cached_property
from typing import Any

from mutirao.engine.runlog import FOLDER
from mutirao.errors import ResourceError, UsageError
from mutirao.io.places import Place

PHASES = ("read", "integrate", "chain", "tally", "write", "other")
"""Of a task, in the order in which they run; `other` is the rest."""
Line = dict[str, Any]


@dataclass(frozen=True)
class Lane:
    """One thread of one worker."""

    worker: str
    number: int
    """Of the thread in its worker, from 1."""
    tasks: tuple[Line, ...]
    """In the order of their beginning."""

    @property
    def busy_seconds(self) -> float:
        """Seconds at work."""
        return float(sum(task["total_seconds"] for task in self.tasks))


@dataclass(frozen=True)
class RunStory:
    """One build, finished or not, as its log tells it."""

    path: Place
    head: Line
    tasks: tuple[Line, ...]
    parts: dict[str, float]
    """Seconds of what is no task, by name."""
    end: Line | None
    """None if the build was killed or is at work."""

    @property
    def state(self) -> str:
        """`finished`, `stopped`, `failed` or `unfinished`."""
        return str(self.end["state"]) if self.end else "unfinished"

    @property
    def in_words(self) -> str:
        """How it went, for people."""
        if self.end is None:
            return "not ended: it is at work, or was killed"
        why, build = self.end.get("why"), self.end.get("build")
        why = why or ("" if self.made else ", ".join(self.end.get("changed", ())))
        return self.state + (f" as build {build}" if build else "") + (f": {why}" if why else "")

    @property
    def started(self) -> str:
        """When it began, for people: day and time in UTC."""
        return datetime.fromisoformat(self.head["started"]).astimezone(UTC).strftime("%Y-%m-%d %H:%M:%S UTC")

    @property
    def begun(self) -> float:
        """Seconds since 1970."""
        return datetime.fromisoformat(self.head["started"]).timestamp()

    @cached_property
    def seconds(self) -> float:
        """Seconds from the beginning to the end, or to the last task that is known."""
        last = max((task["started"] + task["total_seconds"] for task in self.made), default=self.begun)
        return float(self.end["seconds"]) if self.end else last - self.begun

    @cached_property
    def made(self) -> tuple[Line, ...]:
        """Tasks that were done, in the order of their beginning."""
        return tuple(
            sorted((task for task in self.tasks if task["result"] == "made"), key=lambda task: task["started"])
        )

    @cached_property
    def reused(self) -> tuple[Line, ...]:
        """Tiles that were taken from the ledger."""
        return tuple(task for task in self.tasks if task["result"] == "reused")

    @cached_property
    def phases(self) -> dict[str, float]:
        """Seconds of all tasks together by phase."""
        sums = {phase: sum(task["seconds"].get(phase, 0.0) for task in self.made) for phase in PHASES[:-1]}
        whole = sum(task["total_seconds"] for task in self.made)
        return {**sums, "other": max(whole - sum(sums.values()), 0.0)}

    @cached_property
    def tiles(self) -> dict[str, float]:
        """Seconds by tile over all passes, of those that were made."""
        seconds: defaultdict[str, float] = defaultdict(float)
        for task in self.made:
            seconds[task["tile"]] += task["total_seconds"]
        return dict(seconds)

    @cached_property
    def windows(self) -> dict[str, list[int]]:
        """First row, first column, rows and columns of every tile that the log knows."""
        return {task["tile"]: task["window"] for task in self.tasks}

    @cached_property
    def lanes(self) -> tuple[Lane, ...]:
        """Workers and their threads, in the order of their first task."""
        by_thread: defaultdict[tuple[str, int], list[Line]] = defaultdict(list)
        for task in self.made:
            by_thread[task["worker"], task["thread"]].append(task)
        count: Counter[str] = Counter()
        lanes = []
        for (worker, _), tasks in by_thread.items():
            count[worker] += 1
            lanes.append(Lane(worker, count[worker], tuple(tasks)))
        return tuple(sorted(lanes, key=lambda lane: (lane.worker, lane.number)))

    @cached_property
    def peaks(self) -> dict[str, int]:
        """Most memory in bytes by worker, and of the process that led the build."""
        peaks: dict[str, int] = {}
        for task in self.made:
            peaks[task["worker"]] = max(peaks.get(task["worker"], 0), task["peak_bytes"])
        if self.end:
            peaks[self.head["process"]] = self.end["peak_bytes"]
        return peaks

    @property
    def reasons(self) -> list[tuple[str, int]]:
        """Why results were made, with their number, the most frequent first."""
        return Counter(why for task in self.made for why in task["why"]).most_common()

    @property
    def pixel_years(self) -> int:
        """Pixels times years that were made, over all passes."""
        pixels = sum(task["window"][2] * task["window"][3] for task in self.made)
        return int(self.head["years"] * pixels)

    @property
    def task_seconds(self) -> float:
        """Seconds from the first task's beginning to the last one's end."""
        if not self.made:
            return 0.0
        return float(max(task["started"] + task["total_seconds"] for task in self.made) - self.made[0]["started"])

    def rate(self) -> float:
        """Return pixel-years a second while tasks ran; 0 if there were none."""
        return self.pixel_years / self.task_seconds if self.task_seconds else 0.0

    def as_json(self) -> Line:
        """Return all of it as plain values."""
        return {
            "log": str(self.path),
            "state": self.state,
            "why": (self.end or {}).get("why"),
            "build": (self.end or {}).get("build"),
            **{name: self.head[name] for name in ("collection", "started", "passes", "versions", "workers")},
            "seconds": round(self.seconds, 3),
            "made": len(self.made),
            "reused": len(self.reused),
            "pixel_years": self.pixel_years,
            "pixel_years_per_second": round(self.rate()),
            "bytes_read": sum(task["bytes_read"] for task in self.made),
            "bytes_written": sum(task["bytes_written"] for task in self.made),
            "phases": {phase: round(seconds, 3) for phase, seconds in self.phases.items()},
            "parts": self.parts,
            "peak_bytes": self.peaks,
            "reasons": dict(self.reasons),
            "tasks": [*self.made, *self.reused],
        }


def logs_of(builds: Place) -> list[Place]:
    """Return the logs of a collection's builds, the oldest first, given the folder of the builds."""
    return sorted((builds / FOLDER).glob("*.jsonl"), key=str)


def last_run(builds: Place) -> RunStory:
    """Read the log of the last build of a collection, however it ended.

    Raises
    ------
    UsageError
        B101: nothing has been built yet.
    """
    logs = logs_of(builds)
    if not logs:
        remedy = f"run 'mutirao build {builds.name}' first"
        raise UsageError.because("B101", f"no build of '{builds.name}'", where=str(builds), remedy=remedy)
    return read_run(logs[-1])


def read_run(path: Place) -> RunStory:
    """Read the log of a build; a last line that was cut off by a kill is left out.

    Raises
    ------
    ResourceError
        R203: it is no log of a build.
    """
    lines = list(filter(None, map(_line, path.read_text(encoding="utf-8").splitlines())))
    if not lines or lines[0].get("event") != "start":
        remedy = "name a file of the folder log/ of a collection's builds"
        raise ResourceError.because("R203", "is no log of a build", where=str(path), remedy=remedy)
    return RunStory(
        path=path,
        head=lines[0],
        tasks=tuple(line for line in lines if line["event"] == "task"),
        parts={line["name"]: line["seconds"] for line in lines if line["event"] == "part"},
        end=next((line for line in lines if line["event"] == "end"), None),
    )


def _line(text: str) -> Line | None:
    try:
        line = json.loads(text)
    except ValueError:
        return None
    return line if isinstance(line, dict) and "event" in line else None
