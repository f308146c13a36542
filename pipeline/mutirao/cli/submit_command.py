"""`mutirao submit`: hand in a version of a module's rasters."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from mutirao.cli.console import Json, out, print_json, show_findings

if TYPE_CHECKING:
    from mutirao.modules.submission import Submitted
    from mutirao.project import Project


def command(
    context: typer.Context,
    module: Annotated[str, typer.Argument(help="Module to submit.")],
    version: Annotated[str, typer.Option(help="major.minor.patch; a version is never changed.")],
    rasters: Annotated[str | None, typer.Option(help="Folder or pattern of rasters; default: the last run.")] = None,
    json: Json = False,
) -> None:
    """Check a module's rasters and keep them as an immutable version."""
    result = hand_in(context.obj.project(), module, version, rasters)
    if json:
        print_json({"created": result.created, "folder": result.folder, **result.receipt.model_dump(mode="json")})
        return
    show_findings(result.findings)
    state = "submitted" if result.created else "was already submitted with the same pixels, nothing to do"
    out.print(f"{module} {version} {state}: {result.folder}", soft_wrap=True)


def hand_in(project: Project, module: str, version: str, rasters: str | None) -> Submitted:
    """Submit delivered rasters, or else the module's last run."""
    from mutirao.engine.runs import finished
    from mutirao.modules.submission import submit

    if rasters is not None:
        return submit(project, module, version, rasters)
    result = finished(project, module)
    by_year = dict(zip(result.years, result.codes, strict=True))
    return submit(project, module, version, by_year, report=result.report)
