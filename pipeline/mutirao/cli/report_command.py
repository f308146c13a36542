"""`mutirao report`: what a submission is like, on one page."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from mutirao.cli.console import Json, out, print_json

if TYPE_CHECKING:
    from mutirao.io.places import Place
    from mutirao.modules.report import Report
    from mutirao.modules.review import Review
    from mutirao.project import Project


def command(
    context: typer.Context,
    module: Annotated[str, typer.Argument(help="Module.")],
    version: Annotated[str, typer.Option(help="Version of its submission.")] = "latest",
    html: Annotated[Path | None, typer.Option(help="File for the page; default: reports/ in the workspace.")] = None,
    json: Json = False,
) -> None:
    """Write a page about a submission: maps, areas, changes, seams, conflicts, findings, accuracy, provenance."""
    project: Project = context.obj.project()
    report, place = write_report(project, module, version, html=html)
    if json:
        print_json({"page": str(place), **report.as_dict()})
        return
    _tell(report)
    out.print(f"page: {place}", soft_wrap=True, markup=False)


def write_report(
    project: Project, module: str, version: str, *, html: Path | None = None, review: Review | None = None
) -> tuple[Report, Place]:
    """Write the page of a stored submission; return its numbers and where it is.

    Parameters
    ----------
    review : what the checks found when it was handed in, to spare another pass over its pixels.
    """
    from mutirao.io.storage import write_text
    from mutirao.modules.reportmaps import make_maps
    from mutirao.modules.reportsource import make_report
    from mutirao.web.report_page import report_page

    report = make_report(project, module, version, review)
    place = html or project.reports / module / f"{report.stored.receipt.version}.html"
    write_text(place, report_page(report, make_maps(report)))
    return report, place


def _tell(report: Report) -> None:
    from mutirao.web.words import hectares, percent

    receipt, years = report.stored.receipt, report.years
    span = f"{years[0]}" if len(years) == 1 else f"{years[0]}-{years[-1]}"
    out.print(f"[bold]{receipt.module} {receipt.version}[/bold], {span}", soft_wrap=True)
    out.print(f"  claimed in {years[-1]}      {hectares(float(report.claimed_ha[-1]))}", soft_wrap=True)
    if report.stable_share is not None:
        out.print(f"  never change class   {percent(report.stable_share)} of the pixels claimed", soft_wrap=True)
    if report.earlier:
        mean = hectares(float(report.earlier.differs_ha.mean()))
        out.print(f"  differ from {report.earlier.version:<8} {mean} in a mean year", soft_wrap=True)
    for module in report.neighbourhood.modules if report.neighbourhood else ():
        seam = report.neighbourhood.all_years(module)  # type: ignore[union-attr]
        agreement = f"{percent(seam.across.share)} across, {percent(seam.inside.share)} inside"
        out.print(f"  border with {module:<8} {agreement}", soft_wrap=True, markup=False)
