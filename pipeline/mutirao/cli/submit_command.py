"""`mutirao submit`: hand in a version of a module's rasters."""

from __future__ import annotations

from collections import Counter
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from mutirao.cli.console import Json, out, print_json, show_findings
from mutirao.errors import MutiraoError, QualityError, UsageError, blocking

if TYPE_CHECKING:
    from mutirao.io.places import Place
    from mutirao.modules.acknowledgement import Acknowledgement
    from mutirao.modules.incoming import HandedIn
    from mutirao.modules.submission import Submitted
    from mutirao.project import Project


class Method(StrEnum):
    """Ways to resample."""

    nearest = "nearest"
    mode = "mode"


Regrid = Annotated[
    Method | None,
    typer.Option(help="Resample rasters that lie on another grid; it is recorded. Without it they are refused."),
]


def command(
    context: typer.Context,
    module: Annotated[str, typer.Argument(help="Module to submit.")],
    version: Annotated[str, typer.Option(help="major.minor.patch; a version is never changed.")],
    rasters: Annotated[str | None, typer.Option(help="Folder or pattern of rasters; default: the last run.")] = None,
    regrid: Regrid = None,
    key: Annotated[Path | None, typer.Option(help="Key that signs it, or the .pub file of one in an agent.")] = None,
    json: Json = False,
) -> None:
    """Check a module's rasters and keep them as an immutable version."""
    given = handed_in(rasters, regrid)
    try:
        result = hand_in(context.obj.project(), module, version, given, key)
    except QualityError as refusal:
        if not json:
            stop = len(blocking(refusal.findings))
            out.print(f"{module} {version}: [red]refused[/red], {stop} blocking; nothing was kept", soft_wrap=True)
        raise
    page = _report(context.obj.project(), result)
    if json:
        told = result.acknowledged.model_dump(mode="json")
        receipt = result.receipt.model_dump(mode="json")
        made = {"created": result.created, "folder": result.folder, "page": page}
        print_json({**made, **receipt, "acknowledged": told})
        return
    show_findings(result.findings)
    state = "submitted" if result.created else "was already submitted with the same pixels, nothing to do"
    out.print(f"{module} {version} {state}: {result.folder}", soft_wrap=True)
    _tell(context.obj.project(), result.acknowledged)
    out.print(f"report: {page}" if page else "no report could be made; try 'mutirao report'", soft_wrap=True)


def _report(project: Project, result: Submitted) -> Place | None:
    """Write the page about a submission; none if that fails, for the submission is made and stands."""
    from mutirao.cli.report_command import write_report

    receipt = result.receipt
    page = project.reports / receipt.module / f"{receipt.version}.html"
    if not result.created and page.is_file():
        return page
    try:
        write_report(project, receipt.module, receipt.version, review=result.review if result.created else None)
    except (MutiraoError, OSError) as err:
        show_findings(err.findings if isinstance(err, MutiraoError) else ())
        return None
    return page


def _tell(project: Project, told: Acknowledgement) -> None:
    """Print the receipt, which is kept."""
    from mutirao.modules.numbers import counted

    path = project.receipts / told.module / f"{told.version}.json"
    out.print(f"receipt, kept in {path}:", soft_wrap=True, markup=False)
    out.print(f"  submission.json  sha256 {told.submission}", soft_wrap=True, markup=False)
    out.print(
        f"  received         {told.received}, {counted(len(told.files), 'raster')}, for {told.organisation}",
        soft_wrap=True,
        markup=False,
    )
    often = Counter(told.findings)
    said = ", ".join(f"{code} ({count})" if count > 1 else code for code, count in often.items()) or "nothing"
    out.print(f"  checks           advise {said}; {len(told.skipped)} could not run", soft_wrap=True, markup=False)
    for line in told.signed or ("nobody",):
        out.print(f"  signed           {line}", soft_wrap=True, markup=False)
    out.print(f"  {told.trust}", soft_wrap=True, markup=False)


def handed_in(rasters: str | None, regrid: Method | None) -> HandedIn | None:
    """Return delivered rasters and what is wanted for them; none if a run is meant."""
    from mutirao.modules.incoming import HandedIn

    if rasters is not None:
        # in quotes, as patterns are, the shell leaves it to us what ~ means
        files = str(Path(rasters).expanduser()) if rasters.startswith("~/") else rasters
        return HandedIn(files, regrid.value if regrid else None)
    if regrid is not None:
        remedy = "name the files with --rasters, or leave --regrid out"
        raise UsageError.because(
            "U114", "the result of a run lies on the grid already", where="--regrid", remedy=remedy
        )
    return None


def hand_in(
    project: Project, module: str, version: str, rasters: HandedIn | None, key: Path | None = None
) -> Submitted:
    """Submit delivered rasters, or else the module's last run."""
    from mutirao.engine.runs import finished
    from mutirao.modules.submission import submit

    if rasters is not None:
        return submit(project, module, version, rasters, key=key)
    result = finished(project, module)
    by_year = dict(zip(result.years, result.codes, strict=True))
    return submit(project, module, version, by_year, report=result.report, key=key)
