"""What the checks found, as one page without any other file, with a small map beside each finding that has a place."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from jinja2 import Environment, PackageLoader, StrictUndefined

from mutirao.errors import Finding, blocking
from mutirao.grid import Grid
from mutirao.modules.checks import by_family

SIDE = 120
"""Longer side of a small map, in its own units."""
SMALLEST = 3
"""Side of a box in these units, below which nobody would see it."""
Verdicts = Mapping[str, tuple[tuple[Finding, ...], str, Grid | None]]
"""Findings, what was looked at, and the grid of the collection, by module."""


@dataclass(frozen=True, slots=True)
class _Line:
    finding: Finding
    boxes: tuple[tuple[float, float, float, float], ...]
    """x, y, width, height of each place on the small map."""


@dataclass(frozen=True, slots=True)
class _Section:
    module: str
    looked_at: str
    stop: int
    advice: int
    frame: tuple[float, float]
    """Width and height of the small maps."""
    families: tuple[tuple[str, tuple[_Line, ...]], ...]


def check_page(verdicts: Verdicts) -> str:
    """Return the page as HTML."""
    environment = Environment(
        loader=PackageLoader("mutirao.web", "templates"),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        autoescape=True,
    )
    sections = [_section(module, *verdict) for module, verdict in verdicts.items()]
    return environment.get_template("check.html.j2").render(sections=sections)


def _section(module: str, findings: tuple[Finding, ...], looked_at: str, grid: Grid | None) -> _Section:
    stop = len(blocking(findings))
    rows, columns = grid.shape if grid else (1, 1)
    scale = SIDE / max(rows, columns)
    families = tuple(
        (title, tuple(_Line(finding, _boxes(finding, scale)) for finding in group))
        for title, group in by_family(findings)
    )
    return _Section(module, looked_at, stop, len(findings) - stop, (columns * scale, rows * scale), families)


def _boxes(finding: Finding, scale: float) -> tuple[tuple[float, float, float, float], ...]:
    return tuple(
        (
            place.columns[0] * scale,
            place.rows[0] * scale,
            max((place.columns[1] - place.columns[0]) * scale, SMALLEST),
            max((place.rows[1] - place.rows[0]) * scale, SMALLEST),
        )
        for place in finding.places
    )
