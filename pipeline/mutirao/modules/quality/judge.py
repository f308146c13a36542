"""Judge a submission by the scale: the level, each rule, and whether it falls below the level of the one before."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

from mutirao.collection import Level
from mutirao.errors import Finding
from mutirao.modules.quality.measures import Facts, measure
from mutirao.modules.quality.scale import LEVELS, Rule, Scale
from mutirao.modules.receipt import QualityRecord

State = Literal["met", "waived", "unmet", "unknown"]


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of one rule."""

    rule: Rule
    state: State
    said: str
    """What was looked at, in words."""

    @property
    def passes(self) -> bool:
        """Whether the level may be given: the rule is met, or excused."""
        return self.state in ("met", "waived")


@dataclass(frozen=True, slots=True)
class Verdict:
    """The level of a submission, and why."""

    level: Level | None
    """None if not even the lowest level is reached."""
    outcomes: tuple[Outcome, ...]
    """In the order of the scale."""

    def lacking(self) -> tuple[Outcome, ...]:
        """Return the rules of the next level, or of lower ones, that are not met; none at the highest."""
        if self.next_level is None:
            return ()
        wanted = LEVELS[: LEVELS.index(self.next_level) + 1]
        return tuple(one for one in self.outcomes if one.rule.level in wanted and not one.passes)

    @property
    def next_level(self) -> Level | None:
        """The next level that has rules; None at the highest of these."""
        above = 0 if self.level is None else LEVELS.index(self.level) + 1
        asked = {one.rule.level for one in self.outcomes}
        return next((level for level in LEVELS[above:] if level in asked), None)

    def record(self) -> QualityRecord:
        """Return the verdict for the receipt."""
        return QualityRecord(
            level=self.level,
            met=self._ids("met"),
            waived=self._ids("waived"),
            unmet={one.rule.id: one.said for one in self.outcomes if not one.passes},
        )

    def _ids(self, state: State) -> tuple[str, ...]:
        return tuple(one.rule.id for one in self.outcomes if one.state == state)


def judge(scale: Scale, facts: Facts) -> Verdict:
    """Judge by all rules; a level needs its own and those of the lower ones, and one without rules is never given."""
    outcomes = tuple(_outcome(rule, facts) for rule in scale.rules)
    reached: Level | None = None
    for level in LEVELS:
        own = [one.passes for one in outcomes if one.rule.level == level]
        if not all(own):
            break
        reached = level if own else reached
    return Verdict(reached, outcomes)


def _outcome(rule: Rule, facts: Facts) -> Outcome:
    value, said = measure(rule, facts)
    if value is not None and rule.meets(value):
        return Outcome(rule, "met", said)
    waiver = next((waiver for waiver in facts.waivers if waiver.rule == rule.id), None)
    if waiver:
        return Outcome(rule, "waived", f"{said}; waived until {waiver.expires} by {waiver.author}: {waiver.reason}")
    return Outcome(rule, "unknown" if value is None else "unmet", said)


@dataclass(frozen=True, slots=True)
class Last:
    """The level of the version before: as its receipt recorded it, and as it is today."""

    version: str
    recorded: QualityRecord | None
    """None in a receipt of an older mutirao."""
    now: Verdict

    @property
    def level(self) -> Level | None:
        """The higher of both."""
        levels = [level for level in (self.recorded.level if self.recorded else None, self.now.level) if level]
        return max(levels, key=LEVELS.index, default=None)

    def held(self) -> frozenset[str]:
        """Return the rules that it met, or was excused from, as far as its level needed them."""
        recorded = {*self.recorded.met, *self.recorded.waived} if self.recorded else set()
        return frozenset({*recorded, *(one.rule.id for one in self.now.outcomes if one.passes)})


def fallen(scale: Scale, last: Last, verdict: Verdict) -> tuple[Outcome, ...]:
    """Return the rules that the version before met for its level, and this one neither meets nor has waived."""
    if last.level is None:
        return ()
    needed = {rule.id for rule in scale.up_to(last.level) if rule.ratchet} & last.held()
    return tuple(one for one in verdict.outcomes if one.rule.id in needed and not one.passes)


def ratchet(scale: Scale, last: Last, verdict: Verdict, module: str) -> Finding | None:
    """Return Q201 if a version would fall below the level of the one before."""
    lost = fallen(scale, last, verdict)
    if not lost:
        return None
    message = f"falls from {last.level} (version {last.version}) to {verdict.level or 'no level'}: {_told(lost)}"
    remedy = "; ".join(one.rule.cure(module) for one in lost)
    remedy += f"; or let a waiver in contributors/{module}/waivers.yaml excuse it"
    return Finding("Q201", message, f"module '{module}'", remedy)


def _told(outcomes: Iterable[Outcome]) -> str:
    return "; ".join(f"{one.rule.id} ({one.said})" for one in outcomes)
