"""How the steps of a chain are cut into passes: steps are fused while their halos together stay small.

A pass runs its steps one after the other on a tile with the pixels around it that they need, so fused steps cost no
reading and writing between them; but the margin of a tile is worked on by its neighbours too, and it grows with every
step that looks around. So a pass ends before a step that would make the margin too wide, its result is stored, and the
next pass reads it, also that of the neighbours. Where passes end is no matter of pixels, only of time and disk.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from mutirao.filters.apply import halo
from mutirao.filters.step import ReadyStep

FUSED_HALO = 256
"""Widest margin of fused steps in pixels: tiles of 2048 then cost at most 1.6 times their own. A single step may need
more, and then it begins a pass of its own."""


@dataclass(frozen=True, slots=True)
class Pass:
    """Steps that run on a tile without anything being stored between them; integration comes before the first."""

    first: int
    """Number of steps of the chain before it."""
    steps: tuple[ReadyStep, ...]
    is_last: bool

    @property
    def halo(self) -> int:
        """Pixels around a tile that the pass needs."""
        return halo(self.steps)

    @property
    def end(self) -> int:
        """Number of steps of the chain that have run after it."""
        return self.first + len(self.steps)


def cut_passes(steps: Sequence[ReadyStep], limit: int = FUSED_HALO) -> tuple[Pass, ...]:
    """Cut a chain into passes whose halo is at most `limit` pixels, or that of their first step that has one.

    There is one pass at least. A step that looks at no neighbour always joins the pass before it.
    """
    groups: list[list[ReadyStep]] = [[]]
    for step in steps:
        if groups[-1] and step.halo and halo(groups[-1]) + step.halo > limit:
            groups.append([])
        groups[-1].append(step)
    starts = [sum(map(len, groups[:number])) for number in range(len(groups))]
    return tuple(
        Pass(start, tuple(group), number == len(groups))
        for number, (start, group) in enumerate(zip(starts, groups, strict=True), start=1)
    )
