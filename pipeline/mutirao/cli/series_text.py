"""How `mutirao series` shows a trajectory: coloured rows for people, plain values for programs."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from rich.table import Table
from rich.text import Text

from mutirao.cli.console import out
from mutirao.cli.explain_text import class_text, color_of
from mutirao.engine.trajectory import Trajectory
from mutirao.legend import NODATA

MARK, PRELIMINARY = "*", "?"
"""After a class that the step of the row changed, and after a year that no step can judge yet."""
_CELL = 4
"""Columns of the screen a year: three of the code, one of the mark."""


def show(trajectory: Trajectory, place: tuple[float, float]) -> None:
    """Print the series before the chain and after every step, as many years side by side as the screen holds."""
    out.print(Text(trajectory.title, style="bold"))
    out.print(f"longitude {place[0]}, latitude {place[1]}: row {trajectory.row}, column {trajectory.column}")
    words = _words(trajectory)
    most = max(1, (out.width - words - 2) // _CELL)
    for first in range(0, len(trajectory.years), most):
        out.print()
        out.print(_table(trajectory, slice(first, first + most), words))
    _key(trajectory)
    _verdict(trajectory)


def _words(trajectory: Trajectory) -> int:
    """Return columns of the screen for titles: what the years leave, and at least a third."""
    longest = max((len(f"{stage.number} {stage.title}") for stage in trajectory.stages), default=0)
    left = out.width - 2 - _CELL * len(trajectory.years)
    return min(max(longest, len("before the chain")), max(left, out.width // 3))


def _table(trajectory: Trajectory, years: slice, words: int) -> Table:
    table = Table(box=None, header_style="dim", pad_edge=False, padding=(0, 1, 0, 0))
    table.add_column("step", width=words, no_wrap=True, overflow="ellipsis")
    table.add_column(_header(trajectory, years), no_wrap=True)
    unchanged = (False,) * len(trajectory.years)
    table.add_row("before the chain", _series(trajectory, trajectory.start, unchanged, years))
    for stage in trajectory.stages:
        title = Text(f"{stage.number} {stage.title}", "" if any(stage.changed) else "dim")
        table.add_row(title, _series(trajectory, stage.series, stage.changed, years, faint=not any(stage.changed)))
    written = (f"{number or '.':>3} " for number in trajectory.writers[years])
    table.add_row(Text("written by step", "dim"), Text("".join(written), "dim"))
    return table


def _header(trajectory: Trajectory, years: slice) -> Text:
    known = len(trajectory.years) - trajectory.unconfirmed
    marks = [PRELIMINARY if index >= known else " " for index in range(len(trajectory.years))]
    return Text("".join(f" {year % 100:02}{mark}" for year, mark in zip(trajectory.years[years], marks[years])))  # noqa: B905


def _series(
    trajectory: Trajectory, codes: Sequence[int], changed: Sequence[bool], years: slice, *, faint: bool = False
) -> Text:
    text = Text()
    for code, marked in zip(codes[years], changed[years], strict=True):
        style = color_of(code, trajectory.legend)
        shown = f"{style} reverse" if marked and style else f"{style} dim" if faint and style else style
        text.append(f"{code or '-':>3}", shown).append(MARK if marked else " ", "bold")
    return text


def _key(trajectory: Trajectory) -> None:
    met = set(trajectory.start).union(*(stage.series for stage in trajectory.stages)) - {NODATA}
    out.print()
    out.print(Text("  ").join(Text(f"{code} ").append(class_text(code, trajectory.legend)) for code in sorted(met)))
    out.print(f"{MARK} the step changed the year; - no class", style="dim")


def _verdict(trajectory: Trajectory) -> None:
    if trajectory.unconfirmed:
        last = trajectory.years[-trajectory.unconfirmed :]
        words = f"{PRELIMINARY} no step can judge {', '.join(map(str, last))} before later years are known"
        out.print(words, style="yellow")
    if trajectory.kept is not None:
        years = [
            str(year) for year, a, b in zip(trajectory.years, trajectory.end, trajectory.kept, strict=True) if a != b
        ]
        if years:
            out.print(f"THE MAP SAYS SOMETHING ELSE in {', '.join(years)}; see 'mutirao explain'", style="bold red")
        else:
            out.print("✓ the map says the same as the last row", style="green")


def as_json(trajectory: Trajectory, place: tuple[float, float]) -> dict[str, Any]:
    """Return a trajectory as plain values."""
    last = trajectory.years[len(trajectory.years) - trajectory.unconfirmed :]
    return {
        "of": trajectory.title,
        "longitude": place[0],
        "latitude": place[1],
        "row": trajectory.row,
        "column": trajectory.column,
        "years": trajectory.years,
        "start": trajectory.start,
        "steps": [
            {
                "number": stage.number,
                "filter": stage.kind,
                "title": stage.title,
                "series": stage.series,
                "changed": [year for year, mark in zip(trajectory.years, stage.changed, strict=True) if mark],
            }
            for stage in trajectory.stages
        ],
        "written_by": trajectory.writers,
        "unconfirmed": last,
        "map": trajectory.kept,
    }
