"""Judge one part of a step in its chain: whether it has an effect, and why not."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from enum import Enum
from itertools import takewhile

import numpy as np

from mutirao.filters.lint.finding import ChainScope, SeriesWitness
from mutirao.filters.lint.model import Anything, Entry, Modelled, Pass, letters_of
from mutirao.filters.lint.proof import Machine, Program, UndecidedError
from mutirao.filters.lint.trial import run, trials
from mutirao.filters.lint.worlds import World
from mutirao.filters.lookup import EVERYTHING
from mutirao.legend import NODATA

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
        self.memory: dict[tuple[bool, ...], Verdict | None] = {}

    def verdict(self, worlds: Sequence[World]) -> Verdict:
        """Return whether the part has an effect in any of the worlds; in none of them only if that is proved."""
        found = set()
        # What can be seen anywhere need not be proved elsewhere.
        for ask in (self._seen, self._proved):
            for world in worlds:
                found.add(self._ask(ask, world))
                if Verdict.effective in found:
                    return Verdict.effective
        return next(each for each in _GRAVEST if each in found)

    def _ask(self, ask: Callable[[World], Verdict | None], world: World) -> Verdict | None:
        if self.memory.get(world.active) is None:
            self.memory[world.active] = ask(world)
        return self.memory[world.active]

    def _active(self, world: World, first: int, end: int | None = None) -> list[Modelled]:
        return [step for step, active in zip(self.steps, world.active, strict=True) if active][
            sum(world.active[:first]) : None if end is None else sum(world.active[:end])
        ]

    @property
    def _others(self) -> list[Entry]:
        return [one for one in self.step.entries if one is not self.entry]

    def _trials(self, acts: Iterable[Pass | Anything], inputs: Sequence[int]) -> np.ndarray:
        return trials([act for act in acts if isinstance(act, Pass)], inputs, len(self.years))

    def _seen(self, world: World) -> Verdict | None:
        """Try the chain, and then what is followed of it, on series that come out of steps that may write anything."""
        if self._shows(self._active(world, 0, self.number), self.inputs, self._active(world, self.number + 1)):
            return Verdict.effective
        before, inputs = self._before(world)
        possible = [code for code in self.letters if code in inputs]
        return Verdict.possible if self._shows(before, possible, self._later(world)) else None

    def _shows(self, before: Sequence[Modelled], inputs: Sequence[int], later: Sequence[Modelled]) -> bool:
        """Return whether some series of given classes end differently with the part and without."""
        arrived = run(before, self._trials(self.entry.acts if self.entry else (), inputs))
        with_it, without = run([self.step], arrived), run([self.step.keeping(self._others)], arrived)
        uneven = (with_it != without).any(axis=0)
        return bool((run(later, with_it[:, uneven]) != run(later, without[:, uneven])).any())

    def _later(self, world: World) -> list[Modelled]:
        """Return the steps after the part up to the first that is not followed."""
        return list(takewhile(lambda step: step.exact, self._active(world, self.number + 1)))

    def _proved(self, world: World) -> Verdict:
        try:
            useless = self._is_useless(world, self._later(world))
        except UndecidedError:
            return Verdict.undecided
        if useless:
            return Verdict.useless
        # Beyond a step that may write anything nothing is followed, and a difference before it proves nothing.
        return Verdict.effective if all(step.exact for step in self._active(world, 0)) else Verdict.possible

    def _is_useless(self, world: World, later: Sequence[Modelled]) -> bool:
        """Return whether nothing is left of the change of a part after some of what follows it, or after all of it."""
        parts = len(self.step.entries)
        with suppress(UndecidedError):
            return self._apart(world, parts, later) is None
        # Of parts that go abreast, a later one can make an earlier one write, so that only all of them tell.
        nearer = [parts] if self.step.abreast else sorted({self._place + 1, parts})
        return any(self._apart(world, upto) is None for upto in nearer) or any(
            self._apart(world, parts, later[:end]) is None for end in range(1, len(later) + 1)
        )

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
            series = program.add(step, step.follow(), series)
        return program, series

    def _apart(self, world: World, upto: int, later: Sequence[Modelled] = ()) -> list[int] | None:
        """Return a series on which the step's first parts, and then later steps, differ with the part and without."""
        at, parts = self._place, self.step.entries
        program, arrived = self._arrived(world, replace(self.step, entries=parts[:upto]), *later)
        shared = () if self.step.abreast else parts[:at]
        fork = program.add(self.step, self.step.follow(shared), arrived)
        ends = []
        for chosen in (parts[len(shared) : upto], (*parts[len(shared) : at], *parts[at + 1 : upto])):
            followed = list(takewhile(lambda entry: entry.exact, chosen))
            series = program.add(self.step, self.step.follow(followed), fork, arrived)
            for step in takewhile(lambda step: step.exact, later if len(followed) == len(chosen) else ()):
                series = program.add(step, step.follow(), series)
            ends.append(series)
        return Machine(program).find((ends[0], ends[1]))

    @property
    def _place(self) -> int:
        return next(i for i, one in enumerate(self.step.entries) if one is self.entry)

    def reason(self, worlds: Sequence[World]) -> Explained:
        """Return why the part has no effect, by the pixels in which it comes nearest to one."""
        try:
            for world in worlds:
                if local := self._apart(world, len(self.step.entries) if self.step.abreast else self._place + 1):
                    return self._overwritten(world, local)
            if not any(self._fires(world) for world in worlds):
                return self._never(worlds[0])
            if not self.step.abreast:
                return Explained("F201", "changes nothing: it writes only what stands there already")
        except UndecidedError:
            pass
        return Explained("F206", "has no effect: without it every series stays the same")

    def _fires(
        self, world: World, without: Modelled | None = None, others: Sequence[Entry] | None = None
    ) -> list[int] | None:
        """Return a series on which the part fires, without a step before it or with some other parts only."""
        first = self._seen_by_part if others is None else tuple(others)
        entry = self.entry
        assert entry is not None, "only parts are explained"
        asked = replace(self.step, entries=(*first, entry))
        program, series = self._arrived(world, asked, without=without)
        if self.step.abreast:
            together = sorted(asked.entries, key=lambda one: one.index)
            program.add(self.step, self.step.follow(together), series, asked=together.index(entry))
        else:
            program.add(self.step, entry.acts, program.add(self.step, self.step.follow(first), series), series, asked=0)
        return Machine(program).find()

    @property
    def _seen_by_part(self) -> tuple[Entry, ...]:
        """The other parts of the step that decide what comes to the part."""
        return tuple(self._others) if self.step.abreast else self.step.entries[: self._place]

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
        parts, steps = self._seen_by_part, self._before(world)[0]
        for i in reversed(range(len(parts))):
            others = (*parts[:i], *parts[i + 1 :])
            if series := self._fires(world, others=others):
                arrived = run(steps, _column(series))
                kept = (others, parts) if self.step.abreast else (parts[:i], parts[: i + 1])
                stages = [run([self.step.keeping(some)], arrived) for some in kept]
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
        series = self._trials(self.step.acts, self.inputs)
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
        once = program.add(self.step, self.step.follow(), arrived)
        twice = program.add(self.step, self.step.follow(), once)
        try:
            return Machine(program).find((once, twice))
        except UndecidedError:
            return None

    def _witness(self, stages: Sequence[tuple[str, np.ndarray]], shows: str) -> SeriesWitness:
        rows = tuple((words, tuple(int(code) for code in block[:, 0])) for words, block in stages)
        return SeriesWitness(tuple(self.years), rows, shows)


def _is_anything(act: Pass | Anything) -> bool:
    return isinstance(act, Anything) and act.writes >= EVERYTHING - {NODATA} and not act.last_year_only


def _column(series: Sequence[int]) -> np.ndarray:
    return np.array(series, np.uint8)[:, None]
