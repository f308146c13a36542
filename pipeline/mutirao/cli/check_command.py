"""`mutirao check`: look at a module as a submission would."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from mutirao.cli.console import Json, out, print_json, show_findings
from mutirao.cli.submit_command import Regrid, handed_in
from mutirao.errors import Finding, MutiraoError, UsageError, blocking

if TYPE_CHECKING:
    from mutirao.grid import Grid
    from mutirao.modules.checks.neighbourhood import Neighbourhood
    from mutirao.modules.incoming import HandedIn
    from mutirao.modules.module import Module
    from mutirao.modules.review import Review
    from mutirao.project import Project


@dataclass(frozen=True, slots=True)
class Verdict:
    """What was found in a module, and what was looked at."""

    findings: tuple[Finding, ...]
    looked_at: str
    grid: Grid | None = None
    """The collection's, for maps of where; none if the module cannot be linked."""
    notes: tuple[str, ...] = ()
    """Level of the quality scale and waivers, in words."""
    beside: tuple[str, ...] = ()
    """What lies beside and over it in maps of others, in words."""
    neighbourhood: Neighbourhood | None = None
    """The same in numbers."""
    skipped: tuple[str, ...] = ()
    """What could not be checked, and why."""

    def as_dict(self) -> dict[str, Any]:
        """Return plain values, for `--json`."""
        return {
            "looked_at": self.looked_at,
            "findings": [finding.as_dict() for finding in self.findings],
            "skipped": list(self.skipped),
            "notes": list(self.notes),
            "neighbourhood": self.neighbourhood.as_dict() if self.neighbourhood else None,
        }


def command(
    context: typer.Context,
    modules: Annotated[list[str] | None, typer.Argument(help="Modules to check; all by default.")] = None,
    rasters: Annotated[str | None, typer.Option(help="Folder or pattern of finished rasters, for one module.")] = None,
    regrid: Regrid = None,
    html: Annotated[Path | None, typer.Option(help="Also write a page with small maps to this file.")] = None,
    json: Json = False,
) -> None:
    """Check manifests and rasters and print all findings; nothing is submitted. Ends with 1 if something blocks."""
    project = context.obj.project()
    given = handed_in(rasters, regrid)
    verdicts = {module: _verdict(project, module, given) for module in modules or project.module_ids()}
    if json:
        print_json({module: verdict.as_dict() for module, verdict in verdicts.items()})
    else:
        for module, verdict in verdicts.items():
            _tell(module, verdict)
    if html is not None:
        _write_page(html, verdicts)
    if any(blocking(verdict.findings) for verdict in verdicts.values()):
        raise typer.Exit(1)


def _verdict(project: Project, module_id: str, rasters: HandedIn | None) -> Verdict:
    from mutirao.modules.discovery import load_module

    try:
        return _review(project, load_module(project, module_id), rasters)
    except MutiraoError as error:
        if error.exit_status != 1:
            raise
        return Verdict(error.findings, "manifest")


def _review(project: Project, module: Module, rasters: HandedIn | None) -> Verdict:
    from mutirao.engine.runs import finished
    from mutirao.modules.review import review_rasters

    if rasters is not None:
        return _graded(project, module, review_rasters(module, rasters, project), "manifest and rasters", {})
    if module.manifest.method in ("delivered", "earthengine"):
        return _manifest_only(project, module, "name its rasters with --rasters")
    try:
        result = finished(project, module.id)
    except UsageError:
        return _manifest_only(project, module, f"'mutirao run {module.id}' makes rasters to check")
    review = review_rasters(module, dict(zip(result.years, result.codes, strict=True)), project)
    return _graded(project, module, review, "manifest and last run", result.report)


def _graded(project: Project, module: Module, review: Review, looked_at: str, report: dict[str, Any]) -> Verdict:
    from mutirao.modules.checks.beside_words import beside_lines
    from mutirao.modules.quality.grade import grade

    graded = grade(project, module, review, report=report)
    there = review.neighbourhood
    return Verdict(
        graded.review.findings,
        looked_at,
        module.collection.grid,
        graded.in_words(),
        beside_lines(there, module.legend),
        there,
        review.skipped,
    )


def _manifest_only(project: Project, module: Module, hint: str) -> Verdict:
    from mutirao.modules.quality.grade import judge_manifest
    from mutirao.modules.review import review_manifest

    review = review_manifest(module, project)
    findings, waivers = judge_manifest(project, module, review)
    return Verdict(findings, f"manifest only; {hint}", module.collection.grid, waivers, skipped=review.skipped)


def _tell(module: str, verdict: Verdict) -> None:
    from mutirao.modules.checks import by_family
    from mutirao.modules.checks.alike import fold

    stop = len(blocking(verdict.findings))
    outcome = "[red]refused[/red]" if stop else "[green]accepted[/green]"
    advice = len(verdict.findings) - stop
    out.print(f"{module}: {outcome}, {stop} blocking, {advice} advice ({verdict.looked_at})", soft_wrap=True)
    for note in verdict.notes:
        out.print(f"  {note}", soft_wrap=True, markup=False)
    for line in verdict.beside:
        out.print(f"  {line}", soft_wrap=True, markup=False)
    for title, groups in by_family(verdict.findings):
        findings = tuple(finding for alike in groups for finding in alike.findings)
        out.print(f"  [bold]{title}[/bold]: {_counts(findings)}", soft_wrap=True)
        show_findings(findings, out)
    for line in fold(verdict.skipped):
        out.print(f"  not checked: {line}", soft_wrap=True, markup=False, style="dim")


def _counts(findings: tuple[Finding, ...]) -> str:
    stop = len(blocking(findings))
    parts = [f"[red]{stop} blocking[/red]"] if stop else []
    return ", ".join([*parts, *([f"[yellow]{len(findings) - stop} advice[/yellow]"] if len(findings) > stop else [])])


def _write_page(path: Path, verdicts: dict[str, Verdict]) -> None:
    from mutirao.io.storage import write_text
    from mutirao.web.check_page import Looked, check_page

    pages = {
        module: Looked(v.findings, v.looked_at, v.grid, (*v.notes, *v.beside), v.skipped)
        for module, v in verdicts.items()
    }
    write_text(path, check_page(pages))
    out.print(f"page: {path}", soft_wrap=True)
