"""`mutirao check`: look at a module as a submission would."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from mutirao.cli.console import Json, out, print_json, show_findings
from mutirao.errors import Finding, MutiraoError, blocking

if TYPE_CHECKING:
    from mutirao.modules.module import Module
    from mutirao.project import Project


def command(
    context: typer.Context,
    modules: Annotated[list[str] | None, typer.Argument(help="Modules to check; all by default.")] = None,
    rasters: Annotated[str | None, typer.Option(help="Folder or pattern of finished rasters, for one module.")] = None,
    json: Json = False,
) -> None:
    """Check manifests and rasters and print all findings; nothing is written. Ends with 1 if something blocks."""
    project = context.obj.project()
    chosen = modules or project.module_ids()
    findings = {module: _findings(project, module, rasters) for module in chosen}
    if json:
        print_json({module: [finding.as_dict() for finding in found] for module, found in findings.items()})
    else:
        for module, found in findings.items():
            _tell(module, found)
    if any(blocking(found) for found in findings.values()):
        raise typer.Exit(1)


def _findings(project: Project, module_id: str, rasters: str | None) -> list[Finding]:
    from mutirao.modules.discovery import load_module

    try:
        module = load_module(project, module_id)
        return list(_review(project, module, rasters))
    except MutiraoError as error:
        if error.exit_status != 1:
            raise
        return list(error.findings)


def _review(project: Project, module: Module, rasters: str | None) -> tuple[Finding, ...]:
    from mutirao.engine.runs import finished
    from mutirao.modules.review import review_rasters

    if rasters is not None:
        return review_rasters(module, rasters).findings
    if module.manifest.method == "delivered":
        return module.remarks
    result = finished(project, module.id)
    return review_rasters(module, dict(zip(result.years, result.codes, strict=True))).findings


def _tell(module: str, findings: list[Finding]) -> None:
    stop, advice = len(blocking(findings)), len(findings) - len(blocking(findings))
    verdict = "refused" if stop else "accepted"
    out.print(f"{module}: {verdict}, {stop} blocking, {advice} advice")
    show_findings(findings)
