"""The trajectory of one pixel: its series before the chain and after every step."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from mutirao.engine.evidence import Evidence
from mutirao.engine.stack import ChainOnStack
from mutirao.engine.story import Change, follow, tell
from mutirao.filters.apply import halo
from mutirao.filters.judged import judged_years, unconfirmed
from mutirao.filters.step import ReadyStep
from mutirao.grid import Tile
from mutirao.legend import Legend


@dataclass(frozen=True, slots=True)
class Stage:
    """The series after a step."""

    number: int
    kind: str
    """The filter."""
    title: str
    series: tuple[int, ...]
    changed: tuple[bool, ...]
    """Years that the step changed, one a year."""


@dataclass(frozen=True, slots=True)
class Trajectory:
    """What a chain makes of one pixel, step by step."""

    title: str
    """What the series are of, in words."""
    legend: Legend
    row: int
    column: int
    years: tuple[int, ...]
    start: tuple[int, ...]
    """Series before the chain."""
    stages: tuple[Stage, ...]
    """One a step, those that change nothing included."""
    unconfirmed: int
    """Number of the last years, which no step can judge yet."""
    kept: tuple[int, ...] | None
    """What the map says, if there is one."""

    @property
    def end(self) -> tuple[int, ...]:
        """Series after the chain."""
        return self.stages[-1].series if self.stages else self.start

    @property
    def writers(self) -> tuple[int, ...]:
        """Number of the last step that changed each year; 0 for none."""
        marks = [[stage.number * changed for changed in stage.changed] for stage in self.stages]
        return tuple(max(column) for column in zip(*marks, strict=True)) if marks else (0,) * len(self.years)


def of_evidence(evidence: Evidence, row: int, column: int) -> Trajectory:
    """Follow a pixel of a build or of a release; see `story.tell`."""
    story = tell(evidence, row, column)
    return Trajectory(
        title=story.title,
        legend=story.basis.legend,
        row=row,
        column=column,
        years=story.years,
        start=story.integrated,
        stages=tuple(_stages(story.basis.steps, story.integrated, story.changes)),
        unconfirmed=_unconfirmed(story.basis.steps, story.years),
        kept=story.kept["class"],
    )


def of_stack(chain: ChainOnStack, row: int, column: int) -> Trajectory:
    """Follow a pixel of yearly rasters through a chain."""
    pixel = Tile("pixel", row, row + 1, column, column + 1)
    window = chain.stack.grid.window_around(pixel, halo(chain.steps))
    classes, core = chain.stack.read(window), pixel.within(window)
    start = tuple(classes[:, *core].ravel().tolist())
    changes = follow(chain.steps, classes, chain.ground(window), core)
    return Trajectory(
        title=chain.title,
        legend=chain.legend,
        row=row,
        column=column,
        years=chain.stack.years,
        start=start,
        stages=tuple(_stages(chain.steps, start, changes)),
        unconfirmed=_unconfirmed(chain.steps, chain.stack.years),
        kept=None,
    )


def _stages(steps: tuple[ReadyStep, ...], start: tuple[int, ...], changes: tuple[Change, ...]) -> Iterator[Stage]:
    now, by_number = start, {change.number: change for change in changes}
    for number, step in enumerate(steps, start=1):
        before, now = now, by_number[number].after if number in by_number else now
        changed = tuple(a != b for a, b in zip(before, now, strict=True))
        yield Stage(number, str(step.settings[0]), step.title, now, changed)


def _unconfirmed(steps: tuple[ReadyStep, ...], years: tuple[int, ...]) -> int:
    return unconfirmed(judged_years(steps, len(years)))
