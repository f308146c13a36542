"""What the linter knows of each operator: the passes that it makes over a series, or at least what it may write.

Most operators on series are passes of rewrites over windows of years, so that a finite machine can follow them
(`lintproof`). Of an operator that is unknown here nothing is taken for granted: wherever its step may write, it may
write any class, or those that a method `classes_written(look)` of the operator names.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal

from mutirao.filters.endpoints import Endpoints
from mutirao.filters.frequency import Frequency
from mutirao.filters.gapfill import GapFill
from mutirao.filters.isolated import Isolated
from mutirao.filters.lead_in import LeadIn
from mutirao.filters.lookup import EVERYTHING, Lookup
from mutirao.filters.majority import Majority
from mutirao.filters.pattern import KEEP, Pattern, read_rewrite
from mutirao.filters.regrowth import Regrowth
from mutirao.filters.step import Reads, ReadyStep, SeriesWork, Step
from mutirao.filters.window import Window
from mutirao.legend import NODATA

COPY, COPY_NEXT = -2, -3
"""Written instead of a class: what stands one place before, or after, in the window."""
LONGEST = 8
"""Years in the longest window that is followed exactly; the machine grows with it."""
Place = tuple[int | str, ...]


@dataclass(frozen=True, slots=True)
class Pass:
    """One rewrite over the windows of a series, as `pattern.reference` runs it."""

    before: tuple[frozenset[int], ...]
    after: tuple[int, ...]
    """Class by place of the window, `KEEP`, `COPY` or `COPY_NEXT`."""
    windows: Literal["any", "first", "last"] = "any"
    reads: Reads = "pass"
    descending: bool = False

    def starts(self, years: int) -> range:
        """Return the years at which the window is laid."""
        fitting = range(years - len(self.before) + 1)
        return {"any": fitting, "first": fitting[:1], "last": fitting[-1:]}[self.windows]


@dataclass(frozen=True, slots=True)
class Anything:
    """An act of which only is known what it may write."""

    writes: frozenset[int]
    last_year_only: bool = False


Act = Pass | Anything


@dataclass(frozen=True, slots=True)
class Entry:
    """A part of a step that could be taken out: one value of a list, or the step as a whole."""

    acts: tuple[Act, ...]
    key: str | None = None
    """Key of the list; None is the whole step."""
    index: int = 0
    words: str = ""
    """As it is written."""

    @property
    def exact(self) -> bool:
        """Whether all that it does is known."""
        return all(isinstance(act, Pass) for act in self.acts)

    @property
    def name(self) -> str:
        """The part in a sentence."""
        noun = {None: "the step", "rewrites": "rewrite"}.get(self.key, "class")
        return f"{noun} {self.index + 1} {self.words}" if self.key else noun


@dataclass(frozen=True, slots=True)
class Modelled:
    """A step with its parts, in codes."""

    number: int
    """From 1, in the order in which steps run."""
    step: Step
    place: Place
    entries: tuple[Entry, ...]
    ready: ReadyStep | None
    """None if the step names something that does not exist."""
    look: Lookup

    @property
    def acts(self) -> Iterator[Act]:
        """What the step does, in order."""
        return (act for entry in self.entries for act in entry.acts)

    @property
    def exact(self) -> bool:
        """Whether all that the step does is known."""
        return all(entry.exact for entry in self.entries)

    def writable(self, years: int) -> tuple[bool, ...]:
        """Return whether each year may be written."""
        return (self.ready.years if self.ready else None) or (True,) * years

    @property
    def protected(self) -> frozenset[int]:
        """Classes that are never overwritten."""
        return self.ready.protected if self.ready else frozenset()

    @property
    def name(self) -> str:
        """The step in a sentence."""
        kind = getattr(self.step, "filter", "step")
        return f"step {self.number} ({kind}: {self.step.title})" if self.step.title else f"step {self.number} ({kind})"

    def keeping(self, kept: Sequence[Entry]) -> Modelled:
        """Return the step with some of its parts only; without any it does nothing."""
        key = kept[0].key if kept else None
        if self.ready is None or key is None:
            return replace(self, entries=tuple(kept), ready=self.ready if kept else None)
        # The step itself stays as it is written, so that places in lists stay those of the file.
        values = tuple(getattr(self.step, key)[one.index] for one in kept if one.key == key)
        work = self.step.model_copy(update={key: values}).prepare(self.look)()
        return replace(self, entries=tuple(kept), ready=replace(self.ready, work=work))


def model(number: int, step: Step, place: Place, look: Lookup) -> Modelled:
    """Look up what a step names, and say what it does; mistakes go to the findings of `look`."""
    before = len(look.findings)
    prepared, scope, years = step.prepare(look), look.scope(step.where), look.writable(step.years)
    protected = frozenset(look.codes(step.protected, "protected"))
    unknown = (Entry((Anything(EVERYTHING),)),)
    if len(look.findings) > before:
        return Modelled(number, step, place, unknown, None, look)
    ready = ReadyStep(step.title, prepared(), scope, years, protected)
    followed = isinstance(ready.work, SeriesWork) and not ready.work.layers
    describe = _MODELS.get(type(step)) if followed else None
    entries = tuple(describe(step, look)) if describe else (Entry((Anything(_declared(step, look)),)),)
    return Modelled(number, step, place, entries, ready, look)


def _declared(step: Step, look: Lookup) -> frozenset[int]:
    declare = getattr(step, "classes_written", None)
    return frozenset(declare(look)) if declare else EVERYTHING


def _pattern(step: Pattern, look: Lookup) -> Iterator[Entry]:
    for i, text in enumerate(step.rewrites):
        rewrite = read_rewrite(text, look, "rewrites", i)
        done = Pass(rewrite.before, rewrite.after, step.windows, step.reads, step.scan == "descending")
        yield Entry(_followed(done), "rewrites", i, f"'{text}'")


def _followed(done: Pass) -> tuple[Act, ...]:
    if len(done.before) <= LONGEST:
        return (done,)
    return (Anything(frozenset(code for code in done.after if code != KEEP)),)


def _window(step: Window, look: Lookup) -> Iterator[Entry]:
    gap = step.width - 2
    for i, reference in enumerate(step.classes):
        acts = []
        for code in sorted(look.resolve(reference, "classes", i)):
            other, here = EVERYTHING - {code}, frozenset({code})
            after = (KEEP, code, *((code if step.writes == "gap" else KEEP,) * (gap - 1)), KEEP)
            before = (here, *(other,) * gap, here)
            acts.append(Pass(before, after, "any", step.reads, step.scan == "descending"))
        yield Entry(tuple(acts), "classes", i, f"'{reference}'")


def _isolated(step: Isolated, look: Lookup) -> Iterator[Entry]:
    allowed = frozenset(look.codes(step.allowed, "allowed")) or EVERYTHING - {NODATA}
    for i, reference in enumerate(step.classes):
        acts = []
        for code in sorted(look.resolve(reference, "classes", i)):
            here = frozenset({code})
            acts.append(Pass((allowed - here, here, EVERYTHING - here), (KEEP, COPY, KEEP)))
        yield Entry(tuple(acts), "classes", i, f"'{reference}'")


def _endpoints(step: Endpoints, look: Lookup) -> Iterator[Entry]:
    for i, reference in enumerate(step.first):
        acts = []
        for code in sorted(look.resolve(reference, "first", i)):
            here = frozenset({code})
            acts.append(Pass((EVERYTHING - here, here, here), (code, KEEP, KEEP), "first"))
        yield Entry(tuple(acts), "first", i, f"'{reference}'")
    if step.last:
        yield Entry((Anything(EVERYTHING, last_year_only=True),))


def _gap_fill(step: GapFill, look: Lookup) -> Iterator[Entry]:
    missing, valid = frozenset({NODATA}), EVERYTHING - {NODATA}
    forward = Pass((valid, missing), (KEEP, COPY), reads="running")
    backward = Pass((missing, valid), (COPY_NEXT, KEEP), reads="running", descending=True)
    yield Entry((forward, backward))


def _regrowth(step: Regrowth, look: Lookup) -> Iterator[Entry]:
    use, native = frozenset(look.codes(step.use, "use")), frozenset(look.codes(step.native, "native"))
    becomes = COPY if step.becomes == "before" else look.single(step.becomes, "becomes")
    if step.run < LONGEST:
        yield Entry((Pass((*(use,) * step.run, native), (*(KEEP,) * step.run, becomes), reads="running"),))
    else:
        yield Entry((Anything(use if becomes == COPY else frozenset({becomes})),))


def _frequency(step: Frequency, look: Lookup) -> Iterator[Entry]:
    yield Entry((Anything(frozenset(look.codes(step.thresholds, "thresholds"))),))


def _lead_in(step: LeadIn, look: Lookup) -> Iterator[Entry]:
    yield Entry((Anything(frozenset(look.codes(step.targets, "targets"))),))


def _majority(step: Majority, look: Lookup) -> Iterator[Entry]:
    yield Entry((Anything(frozenset(look.codes(step.classes, "classes"))),))


_MODELS: dict[type[Step], Callable[[Any, Lookup], Iterator[Entry]]] = {
    Pattern: _pattern,
    Window: _window,
    Isolated: _isolated,
    Endpoints: _endpoints,
    GapFill: _gap_fill,
    Regrowth: _regrowth,
    Frequency: _frequency,
    LeadIn: _lead_in,
    Majority: _majority,
}


def letters_of(steps: Iterable[Modelled], inputs: frozenset[int], universe: frozenset[int]) -> tuple[int, ...]:
    """Return classes that stand for all: those that nothing can tell apart share one of them.

    A step that copies a class from another year can bring two of them to one place, so that a pair stands for each
    such set; otherwise the class itself does not matter, and one is enough.

    Parameters
    ----------
    inputs : classes that may come in, nodata included.
    universe : classes that there are.
    """
    listed = list(steps)
    acts = [act for step in listed for act in step.acts]
    written = frozenset(code for act in acts if isinstance(act, Pass) for code in act.after if code >= 0)
    sets = {inputs, *(step.protected for step in listed), *(part for act in acts for part in _sets(act))}
    copies = any(isinstance(act, Pass) and {COPY, COPY_NEXT} & {*act.after} for act in acts)
    atoms: dict[object, list[int]] = {}
    for code in sorted(inputs | universe | written):
        atoms.setdefault((code if code in written else None, *(code in part for part in sets)), []).append(code)
    return tuple(code for codes in atoms.values() for code in codes[: 2 if copies else 1])


def _sets(act: Act) -> Sequence[frozenset[int]]:
    return act.before if isinstance(act, Pass) else (act.writes,)
