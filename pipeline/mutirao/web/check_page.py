"""What the checks found, as one page without any other file, with a small map beside each finding that has a place."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from mutirao.errors import Finding, blocking
from mutirao.grid import Grid, Tile
from mutirao.modules.checks import by_family
from mutirao.modules.checks.alike import Alike, fold
from mutirao.templates import fill
from mutirao.web.minimap import MiniMap

NOWHERE = Tile("nowhere", 0, 1, 0, 1)
"""Frame of the small maps where there is no grid, and so no finding has a place."""


@dataclass(frozen=True, slots=True)
class Looked:
    """What is told of one module."""

    findings: tuple[Finding, ...]
    looked_at: str
    grid: Grid | None
    """The collection's; none if the module cannot be linked."""
    notes: tuple[str, ...] = ()
    """Level, waivers and what lies beside it, in lines."""
    skipped: tuple[str, ...] = ()
    """What could not be checked, and why."""


@dataclass(frozen=True, slots=True)
class _Section:
    module: str
    looked: Looked
    stop: int
    advice: int
    mini: MiniMap
    families: tuple[tuple[str, tuple[Alike, ...]], ...]
    skipped: tuple[str, ...]


def check_page(verdicts: Mapping[str, Looked]) -> str:
    """Return the page as HTML."""
    sections = [_section(module, verdict) for module, verdict in verdicts.items()]
    return fill("check.html.j2", {"sections": sections})


def _section(module: str, looked: Looked) -> _Section:
    stop = len(blocking(looked.findings))
    mini = MiniMap(looked.grid.whole if looked.grid else NOWHERE)
    families = tuple(by_family(looked.findings))
    return _Section(module, looked, stop, len(looked.findings) - stop, mini, families, fold(looked.skipped))
