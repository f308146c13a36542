"""What was decided between two sets of rules."""

from __future__ import annotations

from itertools import permutations

import pytest

from mutirao.integration.decisions import compare_rules
from mutirao.integration.prevalence import RuleSet


def rules(*ids: str, **changes: dict[str, object]) -> RuleSet:
    entries = [{"id": name, "claim": {"m": 3}, "why": f"why {name}", **changes.get(name, {})} for name in ids]
    return RuleSet.model_validate({"id": "r", "title": "r", "rules": entries})


def kinds(old: RuleSet, new: RuleSet) -> list[tuple[str, str]]:
    return [(change.kind, change.rule) for change in compare_rules(old, new)]


def test_equal_rules_have_no_changes():
    assert compare_rules(rules("a", "b"), rules("a", "b")) == ()


def test_added_and_removed_rules_are_told_with_reason_and_decider():
    [added, removed] = compare_rules(rules("a", "b"), rules("a", "c", c={"decided_by": "the meeting", "since": "2.0"}))
    assert (added.kind, added.rule, added.why, added.decided_by, added.since) == (
        "added", "c", "why c", "the meeting", "2.0"
    )  # fmt: skip
    assert (removed.kind, removed.rule, removed.why) == ("removed", "b", "why b")


def test_other_classes_change_a_rule_and_other_words_do_not():
    [change] = compare_rules(rules("a"), rules("a", a={"claim": {"m": 4}, "why": "because"}))
    assert (change.kind, change.keys, change.decides) == ("changed", ("claim", "why"), True)
    [change] = compare_rules(rules("a"), rules("a", a={"decided_by": "somebody"}))
    assert (change.kind, change.keys, change.decides) == ("reworded", ("decided_by",), False)


def test_only_the_rule_that_jumps_is_moved():
    assert kinds(rules("a", "b", "c", "d"), rules("d", "a", "b", "c")) == [("moved", "d")]
    assert kinds(rules("a", "b", "c", "d"), rules("b", "c", "a", "d")) == [("moved", "a")]
    assert kinds(rules("a", "b", "c"), rules("x", "a", "b", "c")) == [("added", "x")]


@pytest.mark.parametrize("order", list(permutations("abcd")))
def test_rules_that_did_not_move_keep_their_order(order):
    moved = {rule for _, rule in kinds(rules(*"abcd"), rules(*order))}
    kept = [rule for rule in order if rule not in moved]
    assert kept == sorted(kept)
    longest = max(
        n for n in range(1, 5) for mask in range(16)
        if len(some := [rule for i, rule in enumerate(order) if mask >> i & 1]) == n and some == sorted(some)
    )  # fmt: skip
    assert len(kept) == longest


def test_another_class_for_holes_is_a_change():
    filled = rules("a").model_copy(update={"holes": {"assign": 3}})
    [change] = compare_rules(rules("a"), filled)
    assert (change.kind, change.rule) == ("changed", "holes")


def test_rules_kept_as_json_are_the_same_rules():
    kept = rules("a", "b", a={"assign": {"map": {3: 4, "forest": 5}}})
    assert RuleSet.model_validate_json(kept.model_dump_json(by_alias=True)) == kept
