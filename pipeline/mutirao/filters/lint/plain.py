"""What is wrong with a part of a step in itself: seen from its classes and years, without following any series."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from mutirao.filters.lint.model import COPY, COPY_NEXT, Anything, Entry, Modelled, Pass
from mutirao.filters.pattern import KEEP


@dataclass(frozen=True, slots=True)
class Reason:
    """Why a part of a step can do nothing."""

    code: str
    words: str
    remedy: str


@dataclass(frozen=True, slots=True)
class Plain:
    """What parts of steps are judged by."""

    possible: frozenset[int]
    """Classes that may stand in a series when it comes to the step, nodata included."""
    years: int

    def useless(self, step: Modelled, entry: Entry) -> Reason | None:
        """Return why no pass of a part can ever change anything; None if one may."""
        if not entry.acts:
            return Reason("F203", "it stands for no class", "name a class, or take it out")
        reasons = [self._reason(step, entry, act) for act in entry.acts if isinstance(act, Pass)]
        return reasons[0] if len(reasons) == len(entry.acts) and all(reasons) else None

    def _reason(self, step: Modelled, entry: Entry, act: Pass) -> Reason | None:
        if not act.starts(self.years):
            words = f"it is {len(act.before)} years long, and the series has {self.years}"
            return Reason("F202", words, "shorten it, or take it out")
        for i, allowed in enumerate(act.before):
            if not allowed & self.possible:
                return Reason("F203", f"{self._absent(i, allowed)}", "mend the class, or take it out")
        places = [i for i, code in enumerate(act.after) if code != KEEP]
        if not places or (self._reads_now(entry, step) and not self.changing(act)):
            return Reason("F201", "it writes only what stands there already", "write another class, or take it out")
        if all(self.is_ignored(step, act, i) for i in places):
            return Reason("F205", "every place that it writes is ignored", self._ignored_remedy(step))
        return None

    def _absent(self, place: int, allowed: frozenset[int]) -> str:
        if not allowed:
            return f"place {place + 1} allows no class at all"
        codes = ", ".join(map(str, sorted(allowed)[:5]))
        which = f"class {codes}" if len(allowed) == 1 else f"none of the classes {codes}"
        return f"{which} can stand at place {place + 1}: it neither comes in nor is written before"

    @staticmethod
    def _reads_now(entry: Entry, step: Modelled) -> bool:
        """Return whether what a pass reads is what it would overwrite, however passes of its step before it went."""
        reads = {act.reads for act in entry.acts if isinstance(act, Pass)}
        if step.abreast:
            return reads == {"running"} or step.entries == (entry,)
        return step.entries[0] is entry or "original" not in reads

    def changing(self, act: Pass) -> list[int]:
        """Return the places of a window at which another class may be written than was read."""
        return [
            i
            for i, code in enumerate(act.after)
            if code in (COPY, COPY_NEXT) or (code != KEEP and not act.before[i] & self.possible <= {code})
        ]

    def is_ignored(self, step: Modelled, act: Pass, place: int) -> bool:
        """Return whether what is written at a place of the window is ignored at every year."""
        writable = step.writable(self.years)
        outside = not any(writable[start + place] for start in act.starts(self.years))
        return outside or act.before[place] & self.possible <= step.protected

    @staticmethod
    def _ignored_remedy(step: Modelled) -> str:
        keys = [key for key in ("years", "protected") if getattr(step.step, key)]
        return f"widen {' or '.join(repr(key) for key in keys)} of the step, or take it out"


def listed_before(entries: Sequence[Entry], number: int) -> bool:
    """Return whether all passes of an entry of a list of classes stand in the list before it already."""
    entry = entries[number]
    earlier = [act for other in entries[:number] if other.key == entry.key for act in other.acts]
    return entry.key in ("classes", "first", "last") and bool(entry.acts) and all(act in earlier for act in entry.acts)


def possible_before(
    steps: Sequence[Modelled], inputs: frozenset[int], universe: frozenset[int]
) -> Iterator[frozenset[int]]:
    """Yield the classes that may stand in a series before each step, wherever it is."""
    possible = inputs
    for step in steps:
        yield possible
        for act in step.acts:
            if isinstance(act, Anything):
                possible |= act.writes & universe
            else:
                possible |= {code for code in act.after if code >= 0}
