"""Where a collection stands, as one page without any other file: modules, years, quality, deadlines, findings."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from mutirao.collection import Level
from mutirao.modules.quality.scale import LEVELS
from mutirao.release.deadlines import State, pressing
from mutirao.release.statusrecord import ModuleStatus, Status, YearState
from mutirao.templates import fill

YEAR_WORDS: Mapping[YearState, str] = {
    "delivered": "delivered",
    "lent": "lent by an earlier version",
    "missing": "missing",
    "left": "left to the other modules",
    "none": "not announced",
}
"""In the order of the legend."""
MARKS: Mapping[State, str] = {"early": "✓", "on time": "✓", "late": "!", "open": "○", "overdue": "✗"}
TICK = 5
"""Years between two labels of the axis."""
LAST_TICK = 94
"""Place in percent of the width after which a label would leave the drawing."""
CELL, HEIGHT = 10, 20
"""Width and height of a year in the drawing of a module, in its own units."""
HEIGHTS: Mapping[YearState, int] = {"delivered": 18, "lent": 11, "missing": 16, "left": 5, "none": 1}
"""Height of a year by its state, so that the states differ without any colour."""


@dataclass(frozen=True, slots=True)
class _Tile:
    number: str
    said: str
    tone: str = ""


@dataclass(frozen=True, slots=True)
class _Milestone:
    title: str
    needs: str
    due: str
    counts: tuple[tuple[State, int], ...]
    """Modules by state, in the order of `MARKS`."""
    behind: tuple[tuple[str, tuple[str, ...]], ...]
    """Modules that are overdue, and those that came late with their days."""


def status_page(status: Status) -> str:
    """Return the page as HTML."""
    return fill("status.html.j2", _context(status))


def _context(status: Status) -> dict[str, object]:
    return {
        "status": status,
        "tiles": list(_tiles(status)),
        "levels": list(_levels(status)),
        "milestones": [_milestone(status, name, title) for name, title in status.milestones.items()],
        "rows": [(module, pressing(module.deadlines)) for module in status.modules],
        "years": _drawing,
        "ticks": _ticks(status.years),
        "pips": _pips,
        "marks": MARKS,
        "year_words": YEAR_WORDS,
        "heights": HEIGHTS,
        "cell": CELL,
        "height": HEIGHT,
        "most_changed": max(
            (one.change.changed_ha / len(one.change.years) for one in status.modules if one.change), default=0.0
        ),
        "waived": [(module, waiver) for module in status.modules for waiver in module.waivers],
    }


def _tiles(status: Status) -> Iterator[_Tile]:
    """Yield the numbers at the head of the page."""
    modules = status.modules
    delivered = sum(one.version is not None for one in modules)
    yield _Tile(f"{delivered} of {len(modules)}", "modules have delivered", "" if delivered == len(modules) else "warn")
    there, announced = sum(one.count("delivered") for one in modules), sum(one.announced for one in modules)
    yield _Tile(f"{there / announced:.0%}" if announced else "none", f"of {announced} announced maps are there")
    states = Counter(entry.state for one in modules for entry in one.deadlines)
    if status.milestones:
        yield _Tile(str(states["overdue"]), "deliveries overdue", "stop" if states["overdue"] else "good")
    stop = sum(one.open_findings("block") for one in modules)
    advice = sum(one.open_findings("advise") for one in modules)
    said = "findings that advise, none that blocks" if not stop else f"findings that advise, and {stop} that block"
    yield _Tile(str(advice), said, "stop" if stop else "")
    newest = status.releases[-1] if status.releases else None
    yield _Tile(newest.version if newest else "none", f"released {newest.released}" if newest else "released so far")


def _levels(status: Status) -> Iterator[tuple[Level | None, int]]:
    """Yield how many modules have each level, the highest first."""
    counts = Counter(module.level for module in status.modules)
    ordered: tuple[Level | None, ...] = (*reversed(LEVELS), None)
    return ((level, counts[level]) for level in ordered)


def _milestone(status: Status, name: str, title: str) -> _Milestone:
    own = [(module.module, entry) for module in status.modules for entry in module.deadlines if entry.milestone == name]
    whole = [(status.collection, entry) for entry in status.collection_deadlines if entry.milestone == name]
    entries = own or whole
    counts = Counter(entry.state for _, entry in entries)
    overdue = tuple(who for who, entry in entries if entry.state == "overdue")
    late = tuple(f"{who} ({entry.in_words()})" for who, entry in entries if entry.state == "late")
    due = str(entries[0][1].due) if entries else ""
    needs = f"{len(own)} modules" if own else "the collection"
    states = tuple((state, counts[state]) for state in MARKS if counts[state])
    return _Milestone(title, needs, due, states, (("Overdue", overdue), ("Late", late)))


def _drawing(module: ModuleStatus) -> Iterator[tuple[int, int, int, YearState, str]]:
    """Yield place, top and height of each year in the drawing of a module, its state, and what it is in words."""
    for place, (year, state) in enumerate(module.years.items()):
        height = HEIGHTS[state]
        yield place * CELL, HEIGHT - 1 - height, height, state, f"{year}: {YEAR_WORDS[state]}"


def _ticks(years: tuple[int, ...]) -> list[tuple[int, float]]:
    """Return the years that are labelled, and where their cells begin, in percent of the width."""
    step = TICK if len(years) > 2 * TICK else 1
    labelled = [(year, 100 * place / len(years)) for place, year in enumerate(years) if year % step == 0]
    return [(year, left) for year, left in labelled if left <= LAST_TICK]


def _pips(level: Level | None) -> str:
    """Return a level as filled and empty marks, which tell it without colour."""
    full = LEVELS.index(level) + 1 if level else 0
    return "◆" * full + "◇" * (len(LEVELS) - full)
