"""Follow passes over every series at once: is there one in which a rewrite fires, or two results differ?

A machine reads a series year by year, and with it the results of all passes. For each window that is not over it keeps
whether the window may still fit. If a window is to write before its end is known, the machine tries both: that it will
fit, and that it will not; what comes after must then agree. So the machine is exact, and its states are few, because
they keep no classes but those that are about to be copied.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cached_property

from mutirao.filters.lint.model import COPY, COPY_NEXT, Act, Anything, Modelled, Pass, passes_of
from mutirao.filters.pattern import KEEP

WORK = 100_000
"""Moves of the machine after which a question is given up."""
_OVER, _OPEN, _FITS, _FAILS = 0, 1, 2, 3
"""A window that failed or was never laid; that fits so far; that was said to fit, or not to fit, before its end."""
_LETTER = 8
"""What is to be copied is kept with the state of the window, in multiples of this."""
Option = tuple[tuple[int, ...], int, bool]
Windows = tuple[tuple[int, ...], ...]
"""State of the windows that are not over, by act."""
Phase = tuple[bool, tuple[bool, ...]]
"""Whether a year may be written by an act, and by pass of the act whether a window begins in it."""
State = tuple[Windows, bool]
"""With it, whether the question was answered on the way."""
Layer = dict[State, tuple[State, int]]
"""States after a year, each with one before it and the class that led there."""


class UndecidedError(Exception):
    """A question takes more moves than a linter may spend."""


@dataclass(frozen=True)
class Op:
    """One act between two series, numbered; 0 is what comes in."""

    act: Act
    source: int
    original: int
    """The series as the step of the act found it."""
    target: int
    writable: tuple[bool, ...]
    protected: frozenset[int]
    asked: int | None = None
    """Number of the pass of the act of which the question is if it fires."""

    @cached_property
    def passes(self) -> tuple[Pass, ...]:
        """Passes that the act makes, one beside the other."""
        return () if isinstance(self.act, Anything) else passes_of(self.act)

    @property
    def width(self) -> int:
        """Windows of the act that may be open at the end of a year."""
        return max((len(each.before) - 1 for each in self.passes), default=0) * len(self.passes)


class Program:
    """Acts in order between series that are numbered as they arise; 0 is what comes in."""

    def __init__(self, letters: Sequence[int], years: int, inputs: frozenset[int]) -> None:
        self.letters = letters
        self.years = years
        self.inputs = [code for code in letters if code in inputs]
        self.ops: list[Op] = []

    def add(
        self,
        step: Modelled,
        acts: Iterable[Act],
        source: int,
        original: int | None = None,
        *,
        asked: int | None = None,
    ) -> int:
        """Let acts of a step follow a series, and return the series that they make.

        Parameters
        ----------
        original : the series as the step found it; None is the source.
        asked : the question is if the pass of this number fires, in any of the acts.
        """
        found = source if original is None else original
        for act in acts:
            for each in _spelled_out(act, self.letters):
                target = len(self.ops) + 1
                limits = _writable(step, each, self.years), step.protected
                self.ops.append(Op(each, source, found, target, *limits, asked))
                source = target
        return source


def _spelled_out(act: Act, letters: Sequence[int]) -> Iterator[Act]:
    """Yield a pass for each class that could be copied from the year after, which the machine has not read yet."""
    if not isinstance(act, Pass) or COPY_NEXT not in act.after:
        yield act
        return
    place = act.after.index(COPY_NEXT)
    for code in (code for code in letters if code in act.before[place + 1]):
        before = (*act.before[: place + 1], frozenset({code}), *act.before[place + 2 :])
        yield replace(act, before=before, after=tuple(code if c == COPY_NEXT else c for c in act.after))


def _writable(step: Modelled, act: Act, years: int) -> tuple[bool, ...]:
    allowed = step.writable(years)
    if isinstance(act, Anything) and act.last_year_only:
        return tuple(may and t == years - 1 for t, may in enumerate(allowed))
    return allowed


class Machine:
    """Searches the series of the classes that may come in for one that answers a question."""

    def __init__(self, program: Program) -> None:
        self.ops = program.ops
        self.letters = program.letters
        self.inputs = program.inputs
        self.years = program.years
        self.moves = 0
        # Years that lay the same windows and may write the same acts are alike, and most are.
        self.phases = [tuple(_phase(op, t, self.years) for op in self.ops) for t in range(self.years)]
        self.known: list[dict[object, list[Option]]] = [{} for _ in self.ops]

    def find(self, differ: tuple[int, int] | None = None) -> list[int] | None:
        """Return a series in which an asked pass fires or two results differ in a year; None if there is none.

        Raises
        ------
        UndecidedError
            The question is too hard.
        """
        start: State = (tuple((_OVER,) * op.width for op in self.ops), False)
        layers: list[Layer] = []
        frontier: Iterable[State] = [start]
        known: dict[object, list[tuple[int, Windows, bool]]] = {}
        for phase in self.phases:
            layer: Layer = {}
            for state in frontier:
                key = (phase, state[0])
                if key not in known:
                    known[key] = list(self._moves(state[0], phase, differ))
                for letter, windows, hit in known[key]:
                    layer.setdefault((windows, state[1] or hit), (state, letter))
            layers.append(layer)
            frontier = layer
        found = next((state for state in frontier if state[1]), None)
        return self._path(layers, found) if found else None

    def _path(self, layers: Sequence[Layer], state: State) -> list[int]:
        series: list[int] = []
        for layer in reversed(layers):
            state, letter = layer[state]
            series.append(letter)
        return series[::-1]

    def _moves(
        self, windows: Windows, phases: tuple[Phase, ...], differ: tuple[int, int] | None
    ) -> Iterator[tuple[int, Windows, bool]]:
        for letter in self.inputs:
            for values, reached, hit in self._through(windows, phases, letter):
                apart = differ is not None and values[differ[0]] != values[differ[1]]
                yield letter, tuple(reached), hit or apart

    def _through(
        self, windows: Windows, phases: tuple[Phase, ...], letter: int
    ) -> list[tuple[list[int], list[tuple[int, ...]], bool]]:
        """Take one year through all acts: its class in every series, the windows after it, and whether a pass fired."""
        ways: list[tuple[list[int], list[tuple[int, ...]], bool]] = [([letter], [], False)]
        for number, phase in enumerate(phases):
            following = []
            for values, reached, hit in ways:
                following += [
                    ([*values, value], [*reached, state], hit or fired)
                    for state, value, fired in self._options(number, windows[number], phase, values)
                ]
            ways = following
        return ways

    def _options(self, number: int, windows: tuple[int, ...], phase: Phase, values: Sequence[int]) -> list[Option]:
        self.moves += 1
        if self.moves > WORK:
            raise UndecidedError
        op, known = self.ops[number], self.known[number]
        key = (windows, phase, values[op.source], values[op.original])
        if key not in known:
            known[key] = list(dict.fromkeys(_year(op, self.letters, *key)))
        return known[key]


def _phase(op: Op, t: int, years: int) -> Phase:
    return op.writable[t], tuple(t in each.starts(years) for each in op.passes)


def _year(
    op: Op, letters: Sequence[int], windows: tuple[int, ...], phase: Phase, source: int, original: int
) -> Iterable[Option]:
    """Return how a year can go through an act: the windows open after it, its class, and whether the asked pass fires.

    Parameters
    ----------
    windows : state of the windows that began before this year, the oldest first, those of one year by pass.
    source, original : class of the year as the act finds it, and as its step did.
    """
    writes, laid = phase
    if isinstance(op.act, Anything):
        written = [code for code in letters if code in op.act.writes] if writes and source not in op.protected else []
        return [((), code, False) for code in {source, *written}]
    if not any(laid) and not any(windows):
        return [(windows, source, False)]
    number = len(laid)
    begun = [*windows, *(_OPEN if each else _OVER for each in laid)]
    options: list[tuple[dict[int, int], int, bool]] = [({}, source, False)]
    rounds = range(len(begun) // number)
    for i in reversed(rounds) if op.passes[0].descending else rounds:
        following = []
        for states, found, fired in options:
            read = (source if isinstance(op.act, Pass) else found, original)
            ways = [(states, found, fired)]
            for r, each in enumerate(op.passes):
                ways = [
                    ({**before, i * number + r: state}, value, hit or (fits and r == op.asked))
                    for before, now, hit in ways
                    for state, value, fits in _window(
                        op, each, begun[i * number + r], rounds[-1] - i, now, read, writes=writes
                    )
                ]
            following += ways
        options = following
    kept = range(number, len(begun))
    return [(tuple(states[i] for i in kept), value, fired) for states, value, fired in options]


def _window(
    op: Op, act: Pass, state: int, offset: int, now: int, found: tuple[int, int], *, writes: bool
) -> Iterator[tuple[int, int, bool]]:
    """Yield the state of one window after a year, the class that it leaves, and whether it is known to fit."""
    kind, kept = state % _LETTER, state // _LETTER
    if kind == _OVER:
        yield _OVER, now, False
        return
    read = {"running": now, "pass": found[0], "original": found[1]}[act.reads]
    last = offset == len(act.before) - 1
    if read not in act.before[offset]:
        if kind != _FITS:
            yield _OVER, now, False
        return
    code = kept if act.after[offset] == COPY else act.after[offset]
    changes = code != KEEP and writes and now not in op.protected and code != now
    carried = _LETTER * read if not last and act.after[offset + 1] == COPY else 0
    if kind != _FAILS and (kind == _FITS or last or changes):
        yield (_OVER if last else _FITS + carried), code if changes else now, True
    if not last and (kind == _FAILS or (kind == _OPEN and changes)):
        yield _FAILS, now, False
    if not last and kind == _OPEN and not changes:
        yield _OPEN + carried, now, False
