"""`mutirao check`: look at a module as a submission would."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated

import typer

from mutirao.cli.console import Json, out, print_json, show_findings
from mutirao.errors import Finding, MutiraoError, UsageError, blocking

if TYPE_CHECKING:
    from mutirao.modules.module import Module
    from mutirao.project import Project


@dataclass(frozen=True, slots=True)
class Verdict:
    """What was found in a module, and what was looked at."""

    findings: tuple[Finding, ...]
    looked_at: str


def command(
    context: typer.Context,
    modules: Annotated[list[str] | None, typer.Argument(help="Modules to check; all by default.")] = None,
    rasters: Annotated[str | None, typer.Option(help="Folder or pattern of finished rasters, for one module.")] = None,
    json: Json = False,
) -> None:
    """Check manifests and rasters and print all findings; nothing is written. Ends with 1 if something blocks."""
    project = context.obj.project()
    verdicts = {module: _verdict(project, module, rasters) for module in modules or project.module_ids()}
    if json:
        print_json({module: [f.as_dict() for f in verdict.findings] for module, verdict in verdicts.items()})
    else:
        for module, verdict in verdicts.items():
            _tell(module, verdict)
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

    if rasters is not None:
        return Verdict(review_rasters(module, rasters).findings, "manifest and rasters")
    if module.manifest.method == "delivered":
        return Verdict(module.remarks, "manifest only; name its rasters with --rasters")
    try:
        result = finished(project, module.id)
    except UsageError:
        return Verdict(module.remarks, f"manifest only; 'mutirao run {module.id}' makes rasters to check")
    review = review_rasters(module, dict(zip(result.years, result.codes, strict=True)))
    return Verdict(review.findings, "manifest and last run")


def _tell(module: str, verdict: Verdict) -> None:
    stop = len(blocking(verdict.findings))
    outcome = "[red]refused[/red]" if stop else "[green]accepted[/green]"
    advice = len(verdict.findings) - stop
    out.print(f"{module}: {outcome}, {stop} blocking, {advice} advice ({verdict.looked_at})", soft_wrap=True)
    show_findings(verdict.findings)
