"""`mutirao demo`: a real, small collection in a minute."""

from __future__ import annotations

import os
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from mutirao.cli.build_command import tell_build
from mutirao.cli.console import Watching, out
from mutirao.cli.release_command import tell_release
from mutirao.cli.serve_command import show

if TYPE_CHECKING:
    from mutirao.demo import Demonstration
    from mutirao.project import Project


def command(
    context: typer.Context,
    data: Annotated[
        Path | None, typer.Option(help="The wheel nrt-0.2.1-py3-none-any.whl, if the package index is out of reach.")
    ] = None,
    serve: Annotated[bool, typer.Option("--serve/--no-serve", help="Show the page.")] = sys.stdout.isatty(),
    port: Annotated[int, typer.Option(help="Port of the map page; 0 takes a free one.")] = 0,
) -> None:
    """Make two versions of a real collection: images, three modules, checks, rules, filters, release, map page."""
    from mutirao.demo import demo_project, demonstrate

    started = time.perf_counter()
    project = demo_project(context.obj.folder or Path.cwd(), context.obj.workspace)
    result = demonstrate(project, Watching(), data)
    _tell(result)
    _report(project)
    out.print(_cost(time.perf_counter() - started))
    newest = result.releases[-1].folder
    if serve:
        show(newest, port, browser=False)
    else:
        shown = os.path.relpath(newest) if isinstance(newest, Path) else newest
        out.print(f"look at it: {sys.argv[0]} serve {shown}", soft_wrap=True)


def _tell(result: Demonstration) -> None:
    from mutirao.cli.terminal_map import draw

    for built, published in zip(result.builds, result.releases, strict=True):
        tell_build(built)
        tell_release(published)
        out.print()
    draw(result.builds[-1], result.releases[-1].folder)
    if result.did_nothing:
        out.print("everything was there already: nothing was done again")


def _report(project: Project) -> None:
    """Write the pages about the newest submissions, unless they are there."""
    from mutirao.cli.report_command import write_report
    from mutirao.demo import SECOND

    for module, version in SECOND.items():
        page = project.reports / module / f"{version}.html"
        if not page.is_file():
            write_report(project, module, version)
        out.print(f"report: {page}", soft_wrap=True, markup=False)


def _cost(seconds: float) -> str:
    """Say time and peak memory where the system tells it; ru_maxrss is in kilobytes on Linux, in bytes on macOS."""
    try:
        import resource
    except ImportError:  # Windows
        return f"{seconds:.0f} s"
    unit = 1 if sys.platform == "darwin" else 1024
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit
    return f"{seconds:.0f} s, {peak / 2**30:.2f} GiB of memory at most"
