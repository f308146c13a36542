"""What was decided between two sets of rules: which rules are new, gone, changed, moved or only worded otherwise."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from mutirao.integration.prevalence import Rule, RuleSet

Kind = Literal["added", "removed", "changed", "moved", "reworded"]
WORDS = ("why", "decided_by", "since")
"""Keys of a rule that decide no pixel."""
HOLES = "holes"


@dataclass(frozen=True, slots=True)
class RuleChange:
    """One rule that is not as it was; a rule is the same rule if it has the same id."""

    kind: Kind
    rule: str
    keys: tuple[str, ...]
    """Keys that differ; 'order' if the rule stands elsewhere among those that both sets have."""
    why: str
    """The reason that the rule gives now; for a rule that is gone, the reason it gave."""
    decided_by: str
    since: str

    @property
    def decides(self) -> bool:
        """Whether the change can change a pixel."""
        return self.kind != "reworded"


def compare_rules(old: RuleSet, new: RuleSet) -> tuple[RuleChange, ...]:
    """Return what changed, in the order of the new rules, with the removed ones last."""
    before, now = ({rule.id: rule for rule in rules.rules} for rules in (old, new))
    moved = _moved([rule for rule in before if rule in now], [rule for rule in now if rule in before])
    changes = [_change(before.get(rule.id), rule, moved=rule.id in moved) for rule in new.rules]
    removed = [_told("removed", rule, ()) for rule in old.rules if rule.id not in now]
    holes = [RuleChange("changed", HOLES, ("assign",), "", "", "")] if old.holes != new.holes else []
    return (*(change for change in changes if change), *holes, *removed)


def _change(before: Rule | None, now: Rule, *, moved: bool) -> RuleChange | None:
    if before is None:
        return _told("added", now, ())
    keys = [key for key in type(now).model_fields if getattr(before, key) != getattr(now, key)]
    if set(keys) - set(WORDS):
        return _told("changed", now, (*keys, *(["order"] if moved else [])))
    if moved:
        return _told("moved", now, (*keys, "order"))
    return _told("reworded", now, tuple(keys)) if keys else None


def _told(kind: Kind, rule: Rule, keys: tuple[str, ...]) -> RuleChange:
    return RuleChange(kind, rule.id, keys, rule.why, rule.decided_by, rule.since)


def _moved(old: Sequence[str], new: Sequence[str]) -> set[str]:
    """Return the fewest rules that must move to bring one order into the other: all but a longest rising run."""
    ends: list[int] = []
    lengths = []
    for place in map(old.index, new):
        length = bisect_left(ends, place)
        ends[length : length + 1] = [place]
        lengths.append(length)
    kept, wanted = set(), len(ends) - 1
    last = len(old)
    for rule, length in reversed(list(zip(new, lengths, strict=True))):
        if length == wanted and old.index(rule) < last:
            kept.add(rule)
            wanted, last = wanted - 1, old.index(rule)
    return set(new) - kept
