"""Judge one part of a step in its chain: whether it has an effect, and why not."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from enum import Enum
from itertools import takewhile

import numpy as np

from mutirao.filters.lintfinding import ChainScope, SeriesWitness
from mutirao.filters.lintmodel import Act, Anything, Entry, Modelled, Pass, letters_of
from mutirao.filters.lintproof import Machine, Program, UndecidedError
from mutirao.filters.linttrial import run, trials
from mutirao.filters.lintworlds import World
from mutirao.filters.lookup import EVERYTHING

_REMEDY = "take it out, or move it"


class Verdict(Enum):
    """Whether a part of a step has an effect."""

    effective = "a series shows it"
    useless = "proved"
    possible = "not followed: a step before or after may write anything"
    undecided = "too many states to follow"


_GRAVEST = (Verdict.effective, Verdict.possible, Verdict.undecided, Verdict.useless)


@dataclass(frozen=True, slots=True)
class Explained:
    """Why a part of a step has no effect."""

    code: str
    words: str
    remedy: str = _REMEDY
    witness: SeriesWitness | None = None


class Judge:
    """Judges a part of a step, or the step as a whole, in the pixels of given worlds."""

    def __init__(self, steps: Sequence[Modelled], number: int, entry: Entry | None, scope: ChainScope) -> None:
        self.steps = steps
        self.number = number
        self.step = steps[number]
        self.entry = entry
        self.scope = scope
        self.years = scope.surroundings.years
        self.letters = letters_of(steps, scope.inputs, scope.universe)
        self.inputs = [code for code in self.letters if code in scope.inputs]
        self.memory: dict[tuple[bool, ...], Verdict] = {}

    def verdict(self, worlds: Iterable[World]) -> Verdict:
        """Return whether the part has an effect in any of the worlds; in none of them only if that is proved."""
        found = {self._in(world) for world in worlds}
        return next(each for each in _GRAVEST if each in found)

    def _in(self, world: World) -> Verdict:
        if world.active not in self.memory:
            self.memory[world.active] = self._seen(world) or self._proved(world)
        return self.memory[world.active]

    def _active(self, world: World, first: int, end: int | None = None) -> list[Modelled]:
        return [step for step, active in zip(self.steps, world.active, strict=True) if active][
            sum(world.active[:first]) : None if end is None else sum(world.active[:end])
        ]

    @property
    def _others(self) -> list[Entry]:
        return [one for one in self.step.entries if one is not self.entry]

    def _trials(self, acts: Iterable[Act]) -> np.ndarray:
        return trials([act for act in acts if isinstance(act, Pass)], self.inputs, len(self.years))

    def _seen(self, world: World) -> Verdict | None:
        acts = self.entry.acts if self.entry else ()
        arrived = run(self._active(world, 0, self.number), self._trials(acts))
        later = self._active(world, self.number + 1)
        with_it, without = run([self.step], arrived), run([self.step.keeping(self._others)], arrived)
        uneven = (with_it != without).any(axis=0)
        apart = run(later, with_it[:, uneven]) != run(later, without[:, uneven])
        return Verdict.effective if apart.any() else None

    def _proved(self, world: World) -> Verdict:
        """Follow ever more of what comes after the part, until nothing is left of its change."""
        parts, later = len(self.step.entries), self._active(world, self.number + 1)
        try:
            for upto in sorted({self._place + 1, parts}):
                if self._apart(world, upto) is None:
                    return Verdict.useless
            for end in range(1, len(later) + 1):
                if self._apart(world, parts, later[:end]) is None:
                    return Verdict.useless
        except UndecidedError:
            return Verdict.undecided
        # Beyond a step that may write anything nothing is followed, and a difference before it proves nothing.
        return Verdict.effective if all(step.exact for step in self._active(world, 0)) else Verdict.possible

    def _before(self, world: World) -> tuple[list[Modelled], frozenset[int]]:
        """Return the steps before the part since the last that may write anything, and what may come into them."""
        before = self._active(world, 0, self.number)
        anew = [i for i, step in enumerate(before, start=1) if any(map(_is_anything, step.acts))]
        return (before[anew[-1] :], self.scope.universe) if anew else (before, self.scope.inputs)

    def _arrived(self, world: World, *then: Modelled, without: Modelled | None = None) -> tuple[Program, int]:
        """Let the steps before the part follow; `then` are steps that the caller adds."""
        every, inputs = self._before(world)
        before = [step for step in every if step is not without]
        letters = letters_of([*before, *then], inputs, self.scope.universe)
        program, series = Program(letters, len(self.years), inputs), 0
        for step in before:
            series = program.add(step, step.acts, series)
        return program, series

    def _apart(self, world: World, upto: int, later: Sequence[Modelled] = ()) -> list[int] | None:
        """Return a series on which the step's first parts, and then later steps, differ with the part and without."""
        at, parts = self._place, self.step.entries
        program, arrived = self._arrived(world, replace(self.step, entries=parts[:upto]), *later)
        fork = program.add(self.step, _acts(parts[:at]), arrived)
        ends = []
        for chosen in (parts[at:upto], parts[at + 1 : upto]):
            followed = list(takewhile(lambda entry: entry.exact, chosen))
            series = program.add(self.step, _acts(followed), fork, arrived)
            for step in takewhile(lambda step: step.exact, later if len(followed) == len(chosen) else ()):
                series = program.add(step, step.acts, series)
            ends.append(series)
        return Machine(program).find((ends[0], ends[1]))

    @property
    def _place(self) -> int:
        return next(i for i, one in enumerate(self.step.entries) if one is self.entry)

    def reason(self, worlds: Sequence[World]) -> Explained:
        """Return why the part has no effect, by the pixels in which it comes nearest to one."""
        try:
            for world in worlds:
                if local := self._apart(world, self._place + 1):
                    return self._overwritten(world, local)
            if any(self._fires(world) for world in worlds):
                return Explained("F201", "changes nothing: it writes only what stands there already")
            return self._never(worlds[0])
        except UndecidedError:
            return Explained("F206", "has no effect: without it every series stays the same")

    def _fires(
        self, world: World, without: Modelled | None = None, before: Sequence[Entry] | None = None
    ) -> list[int] | None:
        """Return a series on which the part fires, without a step before it or with some parts before it only."""
        first = self.step.entries[: self._place] if before is None else tuple(before)
        acts = self.entry.acts if self.entry else ()
        asked = replace(self.step, entries=(*first, Entry(acts)))
        program, series = self._arrived(world, asked, without=without)
        program.add(self.step, acts, program.add(self.step, _acts(first), series), series, asked=True)
        return Machine(program).find()

    def _overwritten(self, world: World, series: list[int]) -> Explained:
        """Name the part or step after which nothing is left of a change."""
        entry = self.entry
        assert entry is not None, "only parts are explained"
        first = self.step.entries[: self._place + 1]
        arrived = run(self._before(world)[0], _column(series))
        stages = [("comes in", _column(series)), ("before it", arrived)]
        stages.append(("after it", run([self.step.keeping(first)], arrived)))
        stages.append(("in the end", run(self._active(world, self.number), arrived)))
        culprit = self._culprit(world)
        words = f"has no effect: {culprit} always overwrites what it writes"
        return Explained("F206", words, _REMEDY, self._witness(stages, f"{culprit} overwrites it"))

    def _culprit(self, world: World) -> str:
        parts = self.step.entries
        for upto in range(self._place + 2, len(parts) + 1):
            if self._apart(world, upto) is None:
                return f"{parts[upto - 1].name} of the same step"
        later = self._active(world, self.number + 1)
        ends = (end for end in range(1, len(later) + 1) if self._apart(world, len(parts), later[:end]) is None)
        return later[next(ends) - 1].name

    def _never(self, world: World) -> Explained:
        """Name the part or step before which a rewrite could fire."""
        parts, steps = self.step.entries[: self._place], self._before(world)[0]
        for i in reversed(range(len(parts))):
            if series := self._fires(world, before=[*parts[:i], *parts[i + 1 :]]):
                arrived = run(steps, _column(series))
                stages = [run([self.step.keeping(parts[:end])], arrived) for end in (i, i + 1)]
                return self._hidden(f"{parts[i].name} of the same step", series, stages)
        for i in reversed(range(len(steps))):
            if series := self._fires(world, without=steps[i]):
                stages = [run(steps[:end], _column(series)) for end in (i, i + 1)]
                return self._hidden(steps[i].name, series, stages)
        return Explained("F204", "can never match: the steps before it leave no such series")

    def _hidden(self, culprit: str, series: Sequence[int], stages: Sequence[np.ndarray]) -> Explained:
        before, after = stages
        rows = [("comes in", _column(series)), ("before that", before), ("after that", after)]
        witness = self._witness(rows, f"{culprit} is first")
        return Explained("F204", f"can never match: {culprit} leaves no such series", _REMEDY, witness)

    def repeats(self, world: World) -> SeriesWitness | None:
        """Return a series that the step changes, and changes again if it is run a second time."""
        series = self._trials(self.step.acts)
        if not self._repeated(world, series).size:
            found = self._proved_repeat(world)
            series = _column(found) if found else series[:, :0]
        uneven = self._repeated(world, series)
        if not uneven.size:
            return None
        turns = (series[1:, uneven] != series[:-1, uneven]).sum(axis=0)
        before = run(self._active(world, 0, self.number), series[:, uneven[[turns.argmin()]]])
        once = run([self.step], before)
        stages = [("before it", before), ("once", once), ("twice", run([self.step], once))]
        return self._witness(stages, "once is not enough")

    def _repeated(self, world: World, series: np.ndarray) -> np.ndarray:
        """Return the places of the series that a second run of the step would change."""
        once = run([self.step], run(self._active(world, 0, self.number), series))
        return np.flatnonzero((once != run([self.step], once)).any(axis=0))

    def _proved_repeat(self, world: World) -> list[int] | None:
        if not all(step.exact for step in (*self._active(world, 0, self.number), self.step)):
            return None
        program, arrived = self._arrived(world, self.step)
        once = program.add(self.step, self.step.acts, arrived)
        twice = program.add(self.step, self.step.acts, once)
        try:
            return Machine(program).find((once, twice))
        except UndecidedError:
            return None

    def _witness(self, stages: Sequence[tuple[str, np.ndarray]], shows: str) -> SeriesWitness:
        rows = tuple((words, tuple(int(code) for code in block[:, 0])) for words, block in stages)
        return SeriesWitness(tuple(self.years), rows, shows)


def _acts(entries: Iterable[Entry]) -> list[Act]:
    return [act for entry in entries for act in entry.acts]


def _is_anything(act: Act) -> bool:
    return isinstance(act, Anything) and act.writes == EVERYTHING and not act.last_year_only


def _column(series: Sequence[int]) -> np.ndarray:
    return np.array(series, np.uint8)[:, None]
