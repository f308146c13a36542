"""`mutirao runlog`: how a build went, where its time went, and how much memory it took."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from mutirao.cli.console import Json, decimal, out, print_json, show_table
from mutirao.io.places import place
from mutirao.modules.numbers import counted

if TYPE_CHECKING:
    from mutirao.engine.runstory import RunStory
    from mutirao.project import Project

MOST = 8
"""Reasons that are printed; the report and --json have all."""


def command(
    context: typer.Context,
    collection: Annotated[str | None, typer.Argument(help="Collection, if there are several.")] = None,
    log: Annotated[str | None, typer.Option(help="Another log than that of the last build: file or URL.")] = None,
    html: Annotated[Path | None, typer.Option(help="Write a page with charts to this file.")] = None,
    json: Json = False,
) -> None:
    """Tell how the last build went, also one that was stopped or killed."""
    from mutirao.engine.runstory import read_run

    if log:
        story = read_run(place(log))
    else:
        project = context.obj.project()
        story = _last(project, context.obj.collection(project, collection))
    if html:
        _write(story, html)
    if json:
        print_json(story.as_json())
    else:
        _tell(story)
        out.print(f"report: {html}" if html else "a report with charts: add --html report.html", soft_wrap=True)


def write_report(project: Project, collection: str, path: Path) -> None:
    """Write the page on the last build of a collection."""
    _write(_last(project, collection), path)


def _last(project: Project, collection: str) -> RunStory:
    from mutirao.engine.build import builds_folder
    from mutirao.engine.runstory import last_run

    return last_run(builds_folder(project, collection))


def _write(story: RunStory, path: Path) -> None:
    from mutirao.io.storage import write_text
    from mutirao.web.run_page import run_page

    write_text(path, run_page(story))


def _tell(story: RunStory) -> None:
    from mutirao.web.run_page import duration, size

    out.print(f"build of {story.head['collection']}, {story.started}: {story.in_words}", soft_wrap=True)
    rate = f", {decimal(round(story.rate()), 1000)} pixel-years/s" if story.rate() else ""
    made = f"{counted(len(story.made), 'result')} made, {counted(len(story.reused), 'tile')} reused"
    out.print(f"{made} in {duration(story.seconds)}{rate}")
    shares = [(phase, seconds, 100 * seconds / total) for phase, seconds, total in _phases(story)]
    if shares:
        show_table("Where the time of the tasks went", ["phase", "seconds", "%"], shares)
    if story.peaks:
        show_table("Most memory", ["process", "at most"], [(name, size(peak)) for name, peak in story.peaks.items()])
    if story.reasons:
        show_table("Why results were made", ["reason", "results"], story.reasons[:MOST])


def _phases(story: RunStory) -> list[tuple[str, float, float]]:
    total = sum(story.phases.values())
    return [(phase, seconds, total) for phase, seconds in story.phases.items() if total]
