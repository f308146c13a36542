"""Deadlines and goals, by days that are counted by hand."""

from __future__ import annotations

from datetime import date

import pytest

from mutirao.collection import Goal, Milestone
from mutirao.modules.quality.scale import LEVELS
from mutirao.release.deadlines import deadline, pressing, progress

DUE = Milestone(id="all", title="All deliver", due=date(2027, 3, 10), needs="submissions", since=date(2027, 1, 1))
TODAY = date(2027, 3, 20)


@pytest.mark.parametrize(
    ("done", "today", "state", "words"),
    [
        ([date(2027, 3, 3)], TODAY, "early", "7 days early"),
        ([date(2027, 3, 4)], TODAY, "on time", "on time"),
        ([date(2027, 3, 10)], TODAY, "on time", "on time"),
        ([date(2027, 3, 11)], TODAY, "late", "1 day late"),
        ([date(2027, 3, 15), date(2027, 3, 12)], TODAY, "late", "2 days late"),
        ([date(2026, 12, 31)], TODAY, "overdue", "10 days overdue"),
        ([], date(2027, 3, 10), "open", "due today"),
        ([], date(2027, 3, 9), "open", "1 day left"),
        ([], date(2027, 3, 11), "overdue", "1 day overdue"),
    ],
)
def test_the_first_day_that_counts_decides(done, today, state, words):
    entry = deadline(DUE, done, today)
    assert (entry.state, entry.in_words()) == (state, words)


def milestone(name, due, done=()):
    return deadline(DUE.model_copy(update={"id": name, "due": due}), done, TODAY)


def test_what_is_overdue_is_told_first_then_what_was_late_then_what_comes_next():
    missed, near, far = milestone("all", DUE.due), milestone("b", date(2027, 4, 1)), milestone("c", date(2027, 5, 1))
    older = milestone("older", date(2027, 3, 1))
    late = milestone("late", date(2027, 2, 1), [date(2027, 2, 3)])
    assert pressing([far, late, near, missed, older]) == (older, missed, late, near)
    assert pressing([far, near]) == (near,)
    assert pressing([]) == ()


def test_a_milestone_that_was_kept_late_is_not_hidden_by_one_that_was_kept_early():
    """Reviews came early; that the maps came late before is told all the same."""
    late = milestone("maps", date(2027, 2, 10), [date(2027, 2, 14)])
    early = milestone("reviews", date(2027, 3, 10), [date(2027, 2, 20)])
    assert (late.state, early.state) == ("late", "early")
    assert pressing([late, early]) == (late,)
    assert pressing([early, milestone("on-time", date(2027, 3, 1), [date(2027, 3, 1)])]) == (early,)


def test_a_goal_counts_the_modules_that_are_there():
    goal = Goal(id="g", title="Silver with all years", level="silver", all_years=True, by=date(2027, 3, 30))
    levels = {"a": "silver", "b": "bronze", "c": "gold", "d": None, "e": "platinum"}
    complete = {"a": True, "b": True, "c": False, "d": True, "e": True}
    told = progress(goal, list(levels), levels, complete, LEVELS, TODAY)
    assert (told.reached, told.lacking) == (("a", "e"), ("b", "c", "d"))
    assert (told.share, told.days_left) == (0.4, 10)


def test_a_goal_may_concern_some_modules_only():
    goal = Goal(id="g", title="All years", all_years=True, modules=("b",))
    told = progress(goal, ["a", "b"], {"a": None, "b": None}, {"a": False, "b": True}, LEVELS, TODAY)
    assert (told.reached, told.lacking, told.share, told.days_left) == (("b",), (), 1.0, None)


@pytest.mark.parametrize(
    "wrong", [{"since": date(2027, 4, 1)}, {"needs": "release", "modules": ("a",)}, {"needs": "cake"}]
)
def test_an_impossible_milestone_is_refused(wrong):
    with pytest.raises(ValueError, match=r"since|release"):
        Milestone.model_validate(DUE.model_dump() | wrong)


def test_a_goal_that_asks_nothing_is_refused():
    with pytest.raises(ValueError, match="asks for"):
        Goal(id="g", title="Nothing")
