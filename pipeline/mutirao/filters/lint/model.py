"""What the linter knows of each operator: the passes that it makes over a series, or at least what it may write.

Most operators on series are passes of rewrites over windows of years, so that a finite machine can follow them
(`proof`). Of all others is known only what `Step.classes_written` names: wherever the step may write, it may write any
of these classes.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal

from mutirao.filters.endpoints import Endpoints
from mutirao.filters.gapfill import GapFill
from mutirao.filters.isolated import Isolated
from mutirao.filters.lookup import EVERYTHING, Lookup
from mutirao.filters.pattern import KEEP, Pattern, read_rewrite
from mutirao.filters.regrowth import Regrowth
from mutirao.filters.step import Reads, ReadyStep, SeriesWork, Step
from mutirao.filters.window import Window
from mutirao.legend import NODATA

COPY, COPY_NEXT = -2, -3
"""Written instead of a class: what stands one place before, or after, in the window."""
LONGEST = 8
"""Years in the longest window that is followed exactly; the machine grows with it."""
_LISTS: dict[type[Step], tuple[str, ...]] = {
    Pattern: ("rewrites",),
    Window: ("classes",),
    Isolated: ("classes",),
    Endpoints: ("first", "last"),
}
"""Lists whose values are parts, by operator."""
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
class Abreast:
    """Passes that go through the years side by side: at each year, the first of a window, all in order."""

    passes: tuple[Pass, ...]


@dataclass(frozen=True, slots=True)
class Anything:
    """An act of which only is known what it may write."""

    writes: frozenset[int]
    last_year_only: bool = False


Act = Pass | Abreast | Anything


def passes_of(act: Pass | Abreast) -> tuple[Pass, ...]:
    """Return the passes of an act that is followed."""
    return act.passes if isinstance(act, Abreast) else (act,)


@dataclass(frozen=True, slots=True)
class Entry:
    """A part of a step that could be taken out: one value of a list, or the step as a whole."""

    acts: tuple[Pass | Anything, ...]
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
        nouns = {None: "the step", "rewrites": "rewrite", "first": "first class", "last": "last class"}
        noun = nouns.get(self.key, "class")
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
    abreast: bool = False
    """Whether the passes of all parts go through the years side by side, and not one after the other."""

    @property
    def acts(self) -> Iterator[Pass | Anything]:
        """What the step does, by part in order."""
        return (act for entry in self.entries for act in entry.acts)

    def follow(self, entries: Iterable[Entry] | None = None) -> list[Act]:
        """Return what the step does with some of its parts, all if none are given, as it is followed."""
        acts = [act for entry in (self.entries if entries is None else entries) for act in entry.acts]
        passes = tuple(act for act in acts if isinstance(act, Pass))
        return [Abreast(passes)] if self.abreast and passes else [*acts]

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
        if self.ready is None or not kept:
            return replace(self, entries=tuple(kept), ready=None)
        lists = [key for key in _LISTS.get(type(self.step), ()) if isinstance(getattr(self.step, key), tuple)]
        if not lists:
            return replace(self, entries=tuple(kept))
        # The step itself stays as it is written, so that places in lists stay those of the file.
        values = {key: tuple(getattr(self.step, key)[one.index] for one in kept if one.key == key) for key in lists}
        work = self.step.model_copy(update=values).prepare(self.look)()
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
    abreast = isinstance(step, Pattern) and step.order == "years" and all(entry.exact for entry in entries)
    return Modelled(number, step, place, entries, ready, look, abreast)


def _declared(step: Step, look: Lookup) -> frozenset[int]:
    declared = step.classes_written(look)
    return EVERYTHING if declared is None else declared


def _pattern(step: Pattern, look: Lookup) -> Iterator[Entry]:
    rewrites = [read_rewrite(text, look, "rewrites", i) for i, text in enumerate(step.rewrites)]
    # Rewrites that go abreast are followed together or not at all.
    too_long = [len(rewrite.before) > LONGEST for rewrite in rewrites]
    together = any(too_long) and step.order == "years"
    for i, rewrite in enumerate(rewrites):
        act: Pass | Anything = Anything(frozenset(code for code in rewrite.after if code != KEEP))
        if not (together or too_long[i]):
            act = Pass(rewrite.before, rewrite.after, step.windows, step.reads, step.scan == "descending")
        yield Entry((act,), "rewrites", i, f"'{step.rewrites[i]}'")


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
    lists = (("first", step.first), ("last", () if isinstance(step.last, bool) else step.last))
    for key, references in lists:
        for i, reference in enumerate(references):
            acts = tuple(_end(code, first=key == "first") for code in sorted(look.resolve(reference, key, i)))
            yield Entry(acts, key, i, f"'{reference}'")
    if step.last is True:
        yield Entry((Anything(EVERYTHING, last_year_only=True),))


def _end(code: int, *, first: bool) -> Pass:
    here, other = frozenset({code}), EVERYTHING - {code}
    if first:
        return Pass((other, here, here), (code, KEEP, KEEP), "first")
    return Pass((here, here, other), (KEEP, KEEP, code), "last")


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


_MODELS: dict[type[Step], Callable[[Any, Lookup], Iterator[Entry]]] = {
    Pattern: _pattern,
    Window: _window,
    Isolated: _isolated,
    Endpoints: _endpoints,
    GapFill: _gap_fill,
    Regrowth: _regrowth,
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


def _sets(act: Pass | Anything) -> Sequence[frozenset[int]]:
    return act.before if isinstance(act, Pass) else (act.writes,)
