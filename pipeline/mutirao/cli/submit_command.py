"""`mutirao submit`: hand in a version of a module's rasters."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from mutirao.cli.console import Json, out, print_json, show_findings

if TYPE_CHECKING:
    from mutirao.modules.acknowledgement import Acknowledgement
    from mutirao.modules.submission import Submitted
    from mutirao.project import Project


def command(
    context: typer.Context,
    module: Annotated[str, typer.Argument(help="Module to submit.")],
    version: Annotated[str, typer.Option(help="major.minor.patch; a version is never changed.")],
    rasters: Annotated[str | None, typer.Option(help="Folder or pattern of rasters; default: the last run.")] = None,
    key: Annotated[Path | None, typer.Option(help="Key that signs it, or the .pub file of one in an agent.")] = None,
    json: Json = False,
) -> None:
    """Check a module's rasters and keep them as an immutable version."""
    result = hand_in(context.obj.project(), module, version, rasters, key)
    if json:
        told = result.acknowledged.model_dump(mode="json")
        receipt = result.receipt.model_dump(mode="json")
        print_json({"created": result.created, "folder": result.folder, **receipt, "acknowledged": told})
        return
    show_findings(result.findings)
    state = "submitted" if result.created else "was already submitted with the same pixels, nothing to do"
    out.print(f"{module} {version} {state}: {result.folder}", soft_wrap=True)
    _tell(context.obj.project(), result.acknowledged)


def _tell(project: Project, told: Acknowledgement) -> None:
    """Print the receipt, which is kept."""
    path = project.receipts / told.module / f"{told.version}.json"
    out.print(f"receipt, kept in {path}:", soft_wrap=True, markup=False)
    out.print(f"  submission.json  sha256 {told.submission}", soft_wrap=True, markup=False)
    out.print(
        f"  received         {told.received}, {len(told.files)} rasters, for {told.organisation}",
        soft_wrap=True,
        markup=False,
    )
    said = ", ".join(told.findings) or "nothing"
    out.print(f"  checks           advise {said}; {len(told.skipped)} could not run", soft_wrap=True, markup=False)
    for line in told.signed or ("nobody",):
        out.print(f"  signed           {line}", soft_wrap=True, markup=False)
    out.print(f"  {told.trust}", soft_wrap=True, markup=False)


def hand_in(project: Project, module: str, version: str, rasters: str | None, key: Path | None = None) -> Submitted:
    """Submit delivered rasters, or else the module's last run."""
    from mutirao.engine.runs import finished
    from mutirao.modules.submission import submit

    if rasters is not None:
        return submit(project, module, version, rasters, key=key)
    result = finished(project, module)
    by_year = dict(zip(result.years, result.codes, strict=True))
    return submit(project, module, version, by_year, report=result.report, key=key)
