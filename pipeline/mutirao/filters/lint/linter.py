"""What is wrong with a chain: parts of steps without effect, and steps that would change a series again.

A part of a step is one of its rewrites, one of its listed classes, or the step as a whole. It has no effect if every
series that may come in leaves the chain the same without it. That it has one is seen by trying (`trial`); that it
has none is proved (`proof`), in every combination of regions. What can be neither seen nor proved is not reported.
Parts are judged from the last to the first, each without those that were found useless before, so that of two that
make each other useless one is named.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace

from mutirao.errors import Severity
from mutirao.filters.chain import Chain
from mutirao.filters.lint.finding import ChainFinding, ChainScope, SeriesWitness
from mutirao.filters.lint.judge import Judge, Verdict
from mutirao.filters.lint.model import Entry, Modelled, Pass, Place, model
from mutirao.filters.lint.plain import Plain, listed_before, possible_before
from mutirao.filters.lint.proof import UndecidedError
from mutirao.filters.lint.worlds import World, worlds_of
from mutirao.filters.lookup import Classes, Lookup
from mutirao.filters.names import own_groups
from mutirao.filters.step import Step

Where = Callable[..., str]
_BLOCKING = ("F202", "F203", "F204", "F205", "F213")


def lint(chain: Chain, scope: ChainScope, where: Where) -> list[ChainFinding]:
    """Return everything that is wrong or useless in a chain, in the order of its steps.

    Parameters
    ----------
    scope : legend, years, layers, and the classes that may come in.
    where : gives 'file:line:column' of a key path in the file of the chain.
    """
    found: list[ChainFinding] = []
    classes = _classes(chain, scope, where, found)
    steps = [
        _model(number, step, place, Lookup(classes, _at(where, place), [], scope.surroundings), found)
        for number, (step, place) in enumerate(chain.flat(), 1)
    ]
    linter = _Linter(steps, scope, where)
    found += [*linter.plain(), *linter.effects()]
    return sorted(found, key=lambda finding: finding.step)


def _classes(chain: Chain, scope: ChainScope, where: Where, found: list[ChainFinding]) -> Classes:
    """Return the classes and groups that the chain may name; what its own groups name wrongly is told."""
    look = Lookup(scope.legend, where, [], scope.surroundings)
    classes = own_groups(chain.groups, look)
    found += _told(look)
    return classes


def _at(where: Where, place: Place) -> Where:
    return lambda *inner: where(*place, *inner)


def _model(number: int, step: Step, place: Place, look: Lookup, found: list[ChainFinding]) -> Modelled:
    modelled = model(number, step, place, look)
    found += [replace(told, step=number, title=step.title) for told in _told(look)]
    return modelled


def _told(look: Lookup) -> Iterator[ChainFinding]:
    """Yield the mistakes of a lookup, each once."""
    for one in dict.fromkeys(look.findings):
        yield ChainFinding(one.code, one.message, one.where, one.remedy, one.severity)


class _Linter:
    """Asks of each part of each step whether it has an effect."""

    def __init__(self, steps: Sequence[Modelled], scope: ChainScope, where: Where) -> None:
        self.whole = tuple(steps)
        self.steps = list(steps)
        self.scope = scope
        self.where = where
        self.years = len(scope.surroundings.years)

    def _tell(
        self,
        code: str,
        step: Modelled,
        entry: Entry | None,
        message: str,
        remedy: str,
        witness: SeriesWitness | None = None,
    ) -> ChainFinding:
        inner: Place = (entry.key, entry.index) if entry and entry.key else ()
        severity: Severity = "block" if code in _BLOCKING else "advise"
        place = self.where(*step.place, *inner)
        told = ChainFinding(code, message, place, remedy, severity)
        return replace(told, step=step.number, title=step.step.title, witness=witness)

    def plain(self) -> Iterator[ChainFinding]:
        """Yield what is wrong with parts in themselves, and take those that do nothing out of the steps."""
        possible = list(possible_before(self.steps, self.scope.inputs, self.scope.universe))
        for number, step in enumerate(self.steps):
            rules, kept = Plain(possible[number], self.years), []
            for i, entry in enumerate(step.entries):
                reason = rules.useless(step, entry)
                if reason:
                    verb = "changes nothing" if reason.code in ("F201", "F205") else "can never match"
                    yield self._tell(reason.code, step, entry, f"{entry.name} {verb}: {reason.words}", reason.remedy)
                    continue
                kept.append(entry)
                yield from self._ignored_places(rules, step, entry)
                if listed_before(step.entries, i):
                    yield self._tell("F207", step, entry, f"{entry.name} is listed twice", "keep one of the two")
            if len(kept) < len(step.entries):
                self.steps[number] = step.keeping(kept)

    def _ignored_places(self, rules: Plain, step: Modelled, entry: Entry) -> Iterator[ChainFinding]:
        for act in entry.acts if entry.key == "rewrites" else ():
            places = [i for i in rules.changing(act) if rules.is_ignored(step, act, i)] if isinstance(act, Pass) else []
            if places:
                which = ", ".join(str(i + 1) for i in places)
                message = f"{entry.name} writes at place {which}, which the step ignores in every year"
                remedy = "write '_' there, or widen 'years' or 'protected' of the step"
                yield self._tell("F210", step, entry, message, remedy)

    def effects(self) -> Iterator[ChainFinding]:
        """Yield the parts without which every series stays the same."""
        try:
            worlds = worlds_of(self.steps, self.scope.surroundings.layers)
        except UndecidedError:
            message = "the steps speak of too many combinations of layers to decide whether all of them have an effect"
            yield ChainFinding("F211", message, self.where("steps"), "ask fewer layers in one chain", "advise")
            return
        for number in reversed(range(len(self.steps))):
            mine = [world for world in worlds if world.active[number]]
            if not mine:
                yield self._tell(
                    "F213", self.steps[number], None, "no pixel can meet its 'where'", "mend the condition"
                )
                continue
            for entry in reversed([entry for entry in self.steps[number].entries if entry.exact]):
                yield from self._effect(number, entry, mine)
            yield from self._repeats(number, mine[0])

    def _effect(self, number: int, entry: Entry, mine: Sequence[World]) -> Iterator[ChainFinding]:
        step = self.steps[number]
        judge = Judge(self.steps, number, entry, self.scope)
        verdict = judge.verdict([world for world in mine if world.named] or mine)
        if verdict is Verdict.useless and judge.verdict(mine) in (Verdict.effective, Verdict.possible):
            message = f"{entry.name} has an effect only where a layer has none of its named values"
            remedy = "take it out, unless such pixels matter"
            yield self._tell("F208", step, entry, message, remedy)
        elif verdict is Verdict.useless and judge.verdict(mine) is Verdict.useless:
            reason = judge.reason(mine)
            yield self._tell(reason.code, step, entry, f"{entry.name} {reason.words}", reason.remedy, reason.witness)
            self.steps[number] = step.keeping([one for one in step.entries if one is not entry])
        elif verdict is Verdict.undecided:
            message = f"{entry.name}: too entangled with other steps to decide whether it has an effect"
            yield self._tell("F211", step, entry, message, "split the step, or look at it by hand")

    def _repeats(self, number: int, world: World) -> Iterator[ChainFinding]:
        """Yield that a step changes a series again if it is run twice."""
        witness = Judge(self.whole, number, None, self.scope).repeats(world)
        if witness:
            message = "run a second time, the step changes a series again"
            remedy = "keep it if that is meant; else read the running series, or repeat the step"
            yield self._tell("F209", self.steps[number], None, message, remedy, witness)
