"""What people see: findings, tables, progress on a terminal, plain lines elsewhere, JSON for programs."""

from __future__ import annotations

import json
import time
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn
from rich.table import Table
from rich.text import Text

from mutirao.engine.progress import Advance
from mutirao.errors import Finding

out = Console(highlight=False)
err = Console(stderr=True, highlight=False)

Json = Annotated[bool, typer.Option("--json", help="Print JSON for programs.")]


def print_json(value: Any) -> None:
    """Print a value as JSON on standard output."""
    typer.echo(json.dumps(value, indent=2, ensure_ascii=False, default=str))


def show_findings(findings: Iterable[Finding]) -> None:
    """Print findings on standard error, one paragraph each: where, code, what, remedy."""
    for finding in findings:
        style = "bold red" if finding.severity == "block" else "bold yellow"
        err.print(Text.assemble((finding.code, style), " ", finding.message), soft_wrap=True)
        err.print(Text(f"     at {finding.where}", style="dim"), soft_wrap=True)
        err.print(Text.assemble("     remedy: ", finding.remedy), soft_wrap=True)


def show_table(title: str, columns: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
    """Print a table; columns whose values are numbers are aligned to the right."""
    listed = [[_text(value) for value in row] for row in rows]
    table = Table(box=None, header_style="dim", pad_edge=False)
    for index, column in enumerate(columns):
        numeric = bool(listed) and all(_is_number(row[index]) for row in listed)
        table.add_column(column, justify="right" if numeric else "left", overflow="fold")
    for row in listed:
        table.add_row(*row)
    out.print(title, style="bold")
    out.print(table)


def _text(value: object) -> str:
    return f"{value:,.2f}" if isinstance(value, float) else str(value)


def _is_number(text: str) -> bool:
    return text.replace(",", "").replace(".", "", 1).lstrip("+-").isdigit()


class Watching:
    """Progress for people: bars with the time left on a terminal, one line a stage elsewhere."""

    @contextmanager
    def stage(self, title: str, total: int) -> Iterator[Advance]:
        """Show one stage."""
        if total == 0:
            yield lambda: None
        elif err.is_terminal:
            with _bars() as bars:
                task = bars.add_task(title, total=total)
                yield lambda: bars.advance(task)
        else:
            started = time.perf_counter()
            yield lambda: None
            self.say(f"{title}: done in {time.perf_counter() - started:.1f} s")

    def say(self, message: str) -> None:
        """Print one line on standard error, where progress belongs."""
        err.print(message, style="dim", soft_wrap=True)


def _bars() -> Progress:
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    return Progress(*columns, TextColumn("left"), TimeRemainingColumn(), console=err)
