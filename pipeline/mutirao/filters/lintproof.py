"""Follow passes over every series at once: is there one in which a rewrite fires, or two results differ?

A machine reads a series year by year, and with it the results of all passes. For each window that is not over it keeps
whether the window may still fit. If a window is to write before its end is known, the machine tries both: that it will
fit, and that it will not; what comes after must then agree. So the machine is exact, and its states are few, because
they keep no classes but those that are about to be copied.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

from mutirao.filters.lintmodel import COPY, COPY_NEXT, Act, Anything, Modelled, Pass
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
State = tuple[Windows, bool]
"""With it, whether the question was answered on the way."""
Layer = dict[State, tuple[State, int]]
"""States after a year, each with one before it and the class that led there."""


class UndecidedError(Exception):
    """A question takes more moves than a linter may spend."""


@dataclass(frozen=True, slots=True)
class Op:
    """One act between two series, numbered; 0 is what comes in."""

    act: Act
    source: int
    original: int
    """The series as the step of the act found it."""
    target: int
    writable: tuple[bool, ...]
    protected: frozenset[int]
    asked: bool = False
    """Whether the question is if this pass fires."""


class Program:
    """Acts in order between series that are numbered as they arise; 0 is what comes in."""

    def __init__(self, letters: Sequence[int], years: int, inputs: frozenset[int]) -> None:
        self.letters = letters
        self.years = years
        self.inputs = [code for code in letters if code in inputs]
        self.ops: list[Op] = []

    def add(
        self, step: Modelled, acts: Iterable[Act], source: int, original: int | None = None, *, asked: bool = False
    ) -> int:
        """Let acts of a step follow a series, and return the series that they make.

        Parameters
        ----------
        original : the series as the step found it; None is the source.
        asked : whether the question is if these acts fire.
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
    if isinstance(act, Anything) or COPY_NEXT not in act.after:
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

    def find(self, differ: tuple[int, int] | None = None) -> list[int] | None:
        """Return a series in which an asked pass fires or two results differ in a year; None if there is none.

        Raises
        ------
        UndecidedError
            The question is too hard.
        """
        start: State = (tuple((_OVER,) * _width(op) for op in self.ops), False)
        layers: list[Layer] = []
        frontier: Iterable[State] = [start]
        known: dict[object, list[tuple[int, Windows, bool]]] = {}
        for t in range(self.years):
            phase = tuple((op.writable[t], _is_laid(op, t, self.years)) for op in self.ops)
            layer: Layer = {}
            for state in frontier:
                key = (phase, state[0])
                if key not in known:
                    known[key] = list(self._moves(state[0], t, differ))
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

    def _moves(self, windows: Windows, t: int, differ: tuple[int, int] | None) -> Iterator[tuple[int, Windows, bool]]:
        for letter in self.inputs:
            values = {0: letter}
            for reached, hit in self._through(0, windows, t, values):
                apart = differ is not None and values[differ[0]] != values[differ[1]]
                yield letter, reached, hit or apart

    def _through(self, number: int, windows: Windows, t: int, values: dict[int, int]) -> Iterator[tuple[Windows, bool]]:
        """Take one year through all acts from one on; `values` holds its class in every series meanwhile."""
        if number == len(self.ops):
            yield (), False
            return
        op = self.ops[number]
        for state, value, fired in self._options(op, windows[number], t, values):
            values[op.target] = value
            for rest, hit in self._through(number + 1, windows, t, values):
                yield (state, *rest), hit or (fired and op.asked)

    def _options(self, op: Op, windows: tuple[int, ...], t: int, values: dict[int, int]) -> list[Option]:
        self.moves += 1
        if self.moves > WORK:
            raise UndecidedError
        source, original = values[op.source], values[op.original]
        if isinstance(op.act, Pass):
            return _pass(op, op.act, windows, source, original, t, laid=_is_laid(op, t, self.years))
        free = op.writable[t] and source not in op.protected
        written = [code for code in self.letters if code in op.act.writes] if free else []
        return [((), code, False) for code in {source, *written}]


def _width(op: Op) -> int:
    return len(op.act.before) - 1 if isinstance(op.act, Pass) else 0


def _is_laid(op: Op, t: int, years: int) -> bool:
    return isinstance(op.act, Pass) and t in op.act.starts(years)


def _pass(
    op: Op, act: Pass, windows: tuple[int, ...], source: int, original: int, t: int, *, laid: bool
) -> list[Option]:
    """Return how a year can go through a pass: the windows that are not over after it, its class, whether one fits.

    Parameters
    ----------
    windows : state of the windows that began before this year, the oldest first.
    laid : whether a window begins in this year.
    """
    if not laid and not any(windows):
        return [(windows, source, False)]
    begun = [*windows, _OPEN if laid else _OVER]
    options: list[tuple[dict[int, int], int, bool]] = [({}, source, False)]
    order = range(len(begun))
    for i in reversed(order) if act.descending else order:
        offset = len(begun) - 1 - i
        options = [
            ({**states, i: state}, value, fired or fits)
            for states, now, fired in options
            for state, value, fits in _window(op, act, begun[i], offset, now, (source, original), t)
        ]
    return [(tuple(states[i] for i in order[1:]), value, fired) for states, value, fired in options]


def _window(
    op: Op, act: Pass, state: int, offset: int, now: int, found: tuple[int, int], t: int
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
    writes = code != KEEP and op.writable[t] and now not in op.protected and code != now
    carried = _LETTER * read if not last and act.after[offset + 1] == COPY else 0
    if kind != _FAILS and (kind == _FITS or last or writes):
        yield _FITS + carried, code if writes else now, True
    if not last and (kind == _FAILS or (kind == _OPEN and writes)):
        yield _FAILS, now, False
    if not last and kind == _OPEN and not writes:
        yield _OPEN + carried, now, False
