"""What is due when, and who kept it: milestones and goals of a collection held against dates. No files."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from typing import Literal, get_args

from mutirao.collection import Goal, Level, Milestone
from mutirao.model import Frozen

EARLY_DAYS = 7
"""What comes at least so many days before it is due comes early."""
State = Literal["early", "on time", "late", "open", "overdue"]


class Deadline(Frozen):
    """How one module, or the collection, stands with one milestone."""

    milestone: str
    state: State
    due: date
    done: date | None
    days: int
    """Days before the day that it is due (done or today), negative after it."""

    def in_words(self) -> str:
        """Return the state with its days."""
        days = f"{abs(self.days)} day{'' if abs(self.days) == 1 else 's'}"
        match self.state:
            case "open":
                return f"{days} left" if self.days else "due today"
            case "overdue":
                return f"{days} overdue"
            case "early" | "late":
                return f"{days} {self.state}"
            case _:
                return "on time"


def deadline(milestone: Milestone, done: Iterable[date], today: date) -> Deadline:
    """Return how a milestone was kept; the first day on which it was fulfilled counts."""
    days = sorted(day for day in done if milestone.since is None or day >= milestone.since)
    first = days[0] if days else None
    left = (milestone.due - (first or today)).days
    return Deadline(milestone=milestone.id, state=_state(left, first), due=milestone.due, done=first, days=left)


def _state(left: int, done: date | None) -> State:
    if done is None:
        return "open" if left >= 0 else "overdue"
    if left < 0:
        return "late"
    return "early" if left >= EARLY_DAYS else "on time"


def pressing(deadlines: Sequence[Deadline]) -> tuple[Deadline, ...]:
    """Return the milestones to tell first: all that are overdue, all that were kept late, and the next open one.

    Where there is none of these, the last that was kept. What is overdue or late is never hidden by another milestone.
    """
    by_due = sorted(deadlines, key=lambda entry: entry.due)
    in_state = {state: [entry for entry in by_due if entry.state == state] for state in get_args(State)}
    told = (*in_state["overdue"], *in_state["late"], *in_state["open"][:1])
    return told or tuple(by_due[-1:])


class Progress(Frozen):
    """How far the modules are on the way to a goal that they share."""

    goal: str
    title: str
    reached: tuple[str, ...]
    """Modules that are there."""
    lacking: tuple[str, ...]
    by: date | None
    days_left: int | None
    """Negative after the day; None if there is no day."""

    @property
    def share(self) -> float:
        """Share of the modules that are there, 0 to 1."""
        return len(self.reached) / (len(self.reached) + len(self.lacking))


def progress(
    goal: Goal,
    modules: Sequence[str],
    levels: Mapping[str, Level | None],
    complete: Mapping[str, bool],
    order: Sequence[Level],
    today: date,
) -> Progress:
    """Return which modules have reached a goal.

    Parameters
    ----------
    modules : those of the collection; the goal may concern some of them.
    levels, complete : level, and whether all announced years are there, by module.
    order : levels from the lowest to the highest.
    """
    asked = [name for name in modules if not goal.modules or name in goal.modules]

    def is_there(name: str) -> bool:
        level = levels[name]
        high = goal.level is None or (level is not None and order.index(level) >= order.index(goal.level))
        return high and (complete[name] or not goal.all_years)

    return Progress(
        goal=goal.id,
        title=goal.title,
        reached=tuple(name for name in asked if is_there(name)),
        lacking=tuple(name for name in asked if not is_there(name)),
        by=goal.by,
        days_left=(goal.by - today).days if goal.by else None,
    )
