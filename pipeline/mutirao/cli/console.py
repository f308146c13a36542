"""What people see: findings, tables, progress on a terminal, plain lines elsewhere, JSON for programs."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from datetime import timedelta
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any

import typer
from rich import filesize
from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    ProgressColumn,
    Task,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
)
from rich.table import Table
from rich.text import Text

from mutirao.engine.progress import Advance, Silent
from mutirao.engine.progress import Progress as Watch
from mutirao.errors import Finding

out = Console(highlight=False)
err = Console(stderr=True, highlight=False)


class Format(StrEnum):
    """How rules and chains are shown."""

    terminal = "terminal"
    html = "html"
    markdown = "markdown"


Json = Annotated[bool, typer.Option("--json", help="Print JSON for programs.")]

Quiet = Annotated[bool, typer.Option("--quiet", "-q", help="Tell no progress.")]
EVERY = 10
"""Seconds between two lines of progress where there is no terminal."""


def print_json(value: Any) -> None:
    """Print a value as JSON on standard output."""
    typer.echo(json.dumps(value, indent=2, ensure_ascii=False, default=str))


def show_findings(findings: Iterable[Finding], to: Console | None = None) -> None:
    """Print findings on standard error, or elsewhere, a paragraph for all that say the same: code, what, where, remedy.

    A remedy of several paragraphs in a row is told after the last of them. Files below this folder are told from here.
    """
    from mutirao.modules.checks.alike import group

    to, groups, here = to or err, group(findings), f"{Path.cwd()}/"
    cures = [(alike.worst.code, alike.worst.remedy) for alike in groups]
    for alike, cure, following in zip(groups, cures, [*cures, None][1:], strict=True):
        style = "bold red" if alike.worst.severity == "block" else "bold yellow"
        to.print(Text.assemble((alike.worst.code, style), " ", alike.worst.message), soft_wrap=True)
        if alike.extent:
            to.print(Text(f"     {alike.extent}"), soft_wrap=True)
        to.print(Text(f"     at {alike.where.replace(here, '')}", style="dim"), soft_wrap=True)
        if cure != following:
            to.print(Text.assemble("     remedy: ", alike.worst.remedy), soft_wrap=True)


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
    """Progress for people: bars with the time left on a terminal, a line now and then elsewhere."""

    @contextmanager
    def stage(self, title: str, total: int, pixel_years: int = 0) -> Iterator[Advance]:
        """Show one stage."""
        if total == 0:
            yield lambda: None
        elif err.is_terminal:
            with _bars(pixel_years) as bars:
                task = bars.add_task(title, total=total, share=pixel_years / total)
                yield lambda: bars.advance(task)
        else:
            lines = _Lines(self.say, title, total, pixel_years)
            yield lines.advance
            lines.close()

    def say(self, message: str) -> None:
        """Print one line on standard error, where progress belongs."""
        err.print(message, style="dim", soft_wrap=True)


def watcher(quiet: bool) -> Watch:
    """Return who watches a command: nobody if its output is for a program, or if it was told to be quiet."""
    return Silent() if quiet else Watching()


class _Lines:
    """Tells how far a stage is, at most one line every `EVERY` seconds."""

    def __init__(self, say: Callable[[str], None], title: str, total: int, pixel_years: int) -> None:
        self.say, self.title, self.total, self.pixel_years = say, title, total, pixel_years
        self.done, self.begun = 0, time.perf_counter()
        self.told = self.begun
        self.lock = threading.Lock()

    def advance(self) -> None:
        """Note one more task, and say a line if the last is long ago."""
        with self.lock:
            self.done += 1
            now = time.perf_counter()
            if now - self.told < EVERY or self.done == self.total:
                return
            self.told = now
        speed = self.done / (now - self.begun)
        left = timedelta(seconds=round((self.total - self.done) / speed))
        self.say(f"{self.title}: {self.done} of {self.total}{self._rates(speed)}, {left} left")

    def close(self) -> None:
        seconds = time.perf_counter() - self.begun
        self.say(f"{self.title}: done in {seconds:.1f} s{self._rates(self.total / seconds)}")

    def _rates(self, speed: float) -> str:
        return f", {rates(speed, self.pixel_years / self.total)}" if self.pixel_years else ""


def rates(speed: float, share: float) -> str:
    """Return tiles and pixel-years a second; `share` is the pixel-years of a tile."""
    return f"{speed:,.2f} tiles/s, {decimal(round(speed * share), 1000)} pixel-years/s"


def decimal(amount: int, base: int) -> str:
    """Return a large number in a few digits: 1.2 M."""
    unit, suffix = filesize.pick_unit_and_suffix(amount, ["", "k", "M", "G", "T"], base)
    return f"{amount / unit:,.{1 if unit > 1 else 0}f} {suffix}".rstrip()


class _Rates(ProgressColumn):
    """Tiles and pixel-years a second, averaged over the stage."""

    def render(self, task: Task) -> Text:
        """Draw the column."""
        if not task.elapsed or not task.completed:
            return Text("")
        return Text(rates(task.completed / task.elapsed, task.fields["share"]), style="progress.data.speed")


def _bars(pixel_years: int) -> Progress:
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    speed = (_Rates(),) if pixel_years else ()
    return Progress(*columns, TextColumn("left"), TimeRemainingColumn(), *speed, console=err)
