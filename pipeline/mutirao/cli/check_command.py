"""`mutirao check`: look at a module as a submission would."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from mutirao.cli.console import Json, out, print_json, show_findings
from mutirao.errors import Finding, MutiraoError, UsageError, blocking

if TYPE_CHECKING:
    from mutirao.grid import Grid
    from mutirao.modules.module import Module
    from mutirao.project import Project


@dataclass(frozen=True, slots=True)
class Verdict:
    """What was found in a module, and what was looked at."""

    findings: tuple[Finding, ...]
    looked_at: str
    grid: Grid | None = None
    """The collection's, for maps of where; none if the module cannot be linked."""


def command(
    context: typer.Context,
    modules: Annotated[list[str] | None, typer.Argument(help="Modules to check; all by default.")] = None,
    rasters: Annotated[str | None, typer.Option(help="Folder or pattern of finished rasters, for one module.")] = None,
    html: Annotated[Path | None, typer.Option(help="Also write a page with small maps to this file.")] = None,
    json: Json = False,
) -> None:
    """Check manifests and rasters and print all findings; nothing is submitted. Ends with 1 if something blocks."""
    project = context.obj.project()
    verdicts = {module: _verdict(project, module, rasters) for module in modules or project.module_ids()}
    if json:
        print_json({module: [f.as_dict() for f in verdict.findings] for module, verdict in verdicts.items()})
    else:
        for module, verdict in verdicts.items():
            _tell(module, verdict)
    if html is not None:
        _write_page(html, verdicts)
    if any(blocking(verdict.findings) for verdict in verdicts.values()):
        raise typer.Exit(1)


def _verdict(project: Project, module_id: str, rasters: str | None) -> Verdict:
    from mutirao.modules.discovery import load_module

    try:
        return _review(project, load_module(project, module_id), rasters)
    except MutiraoError as error:
        if error.exit_status != 1:
            raise
        return Verdict(error.findings, "manifest")


def _review(project: Project, module: Module, rasters: str | None) -> Verdict:
    from mutirao.engine.runs import finished
    from mutirao.modules.review import review_rasters

    grid = module.collection.grid
    if rasters is not None:
        return Verdict(review_rasters(module, rasters, project).findings, "manifest and rasters", grid)
    if module.manifest.method == "delivered":
        return Verdict(module.remarks, "manifest only; name its rasters with --rasters", grid)
    try:
        result = finished(project, module.id)
    except UsageError:
        return Verdict(module.remarks, f"manifest only; 'mutirao run {module.id}' makes rasters to check", grid)
    review = review_rasters(module, dict(zip(result.years, result.codes, strict=True)), project)
    return Verdict(review.findings, "manifest and last run", grid)


def _tell(module: str, verdict: Verdict) -> None:
    from mutirao.modules.checks import by_family

    stop = len(blocking(verdict.findings))
    outcome = "[red]refused[/red]" if stop else "[green]accepted[/green]"
    advice = len(verdict.findings) - stop
    out.print(f"{module}: {outcome}, {stop} blocking, {advice} advice ({verdict.looked_at})", soft_wrap=True)
    for title, findings in by_family(verdict.findings):
        out.print(f"  [bold]{title}[/bold]: {_counts(findings)}", soft_wrap=True)
        show_findings(findings)


def _counts(findings: tuple[Finding, ...]) -> str:
    stop = len(blocking(findings))
    parts = [f"[red]{stop} blocking[/red]"] if stop else []
    return ", ".join([*parts, *([f"[yellow]{len(findings) - stop} advice[/yellow]"] if len(findings) > stop else [])])


def _write_page(path: Path, verdicts: dict[str, Verdict]) -> None:
    from mutirao.io.storage import write_text
    from mutirao.web.check_page import check_page

    write_text(path, check_page({module: (v.findings, v.looked_at, v.grid) for module, v in verdicts.items()}))
    out.print(f"page: {path}", soft_wrap=True)
