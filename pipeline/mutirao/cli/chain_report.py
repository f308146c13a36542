"""`mutirao chain report`: what each step of a chain did to a map."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.table import Table
from rich.text import Text

from mutirao.cli.console import Json, out, print_json, show_table
from mutirao.cli.series_command import ChainName, Layers, LegendName, Rasters, stack_chain
from mutirao.cli.state import State

if TYPE_CHECKING:
    from mutirao.engine.chainreport import ChainReport, StepRow

MOST = 8
"""Pairs of classes that are printed; the report and --json have all."""


def command(
    context: typer.Context,
    of: Annotated[
        str | None, typer.Argument(help="A collection or a build; default: the last build.", metavar="[BUILD]")
    ] = None,
    chain: ChainName = None,
    rasters: Rasters = None,
    legend: LegendName = None,
    layer: Layers = None,
    html: Annotated[Path | None, typer.Option(help="Write a report with charts and a map to this file.")] = None,
    json: Json = False,
) -> None:
    """Tell in hectares what each step did in a build; or what a chain would do to yearly rasters."""
    from mutirao.engine.chainreport import report_of_stack
    from mutirao.io.storage import write_text
    from mutirao.web.chain_page import chain_page

    if chain or rasters:
        report = report_of_stack(stack_chain(context.obj, of, chain, rasters, legend, layer))
    else:
        report = _of_build(context.obj, of)
    if html:
        write_text(html, chain_page(report))
    if json:
        print_json(report.as_json())
    else:
        _tell(report)
        out.print(
            f"report: {html}" if html else "a report with charts and a map: add --html report.html", soft_wrap=True
        )


def _of_build(state: State, of: str | None) -> ChainReport:
    from mutirao.engine.build import find_build, latest
    from mutirao.engine.chainreport import report_of_build

    project = state.project()
    found = find_build(project, of) if of else None
    return report_of_build(found or latest(project, state.collection(project, of)))


def _tell(report: ChainReport) -> None:
    out.print(report.title, style="bold")
    if len(report.steps) == 1:
        out.print("there is no chain: nothing is rewritten")
        return
    out.print(_steps(report))
    out.print(
        "series: hectares of the pixels changed in any year; rewritten: hectares summed over the years;", style="dim"
    )
    out.print("changes: how often a series changes its class in time, mean over all series", style="dim")
    rows = [(rewrite.name_from, rewrite.name_to, rewrite.area_ha) for rewrite in report.rewrites(0)[:MOST]]
    show_table("What the chain comes to, hectares summed over the years", ["from", "to", "ha"], rows)
    if report.unconfirmed:
        years = ", ".join(map(str, report.unconfirmed))
        out.print(f"no step can judge {years} before later years are known", style="yellow")


def _steps(report: ChainReport) -> Table:
    table = Table(box=None, header_style="dim", pad_edge=False)
    table.add_column("no.", justify="right")
    table.add_column("step", overflow="fold")
    for name in ("series ha", "rewritten ha", "changes"):
        table.add_column(name, justify="right", no_wrap=True)
    whole, *steps = report.rows()
    most = max(row.rewritten_ha for row in steps)
    for row in steps:
        _add(
            table, str(row.step), row, "dim" if not row.series else "yellow" if 3 * row.rewritten_ha > most else "green"
        )
    _add(table, "", whole, "bold")
    return table


def _add(table: Table, number: str, row: StepRow, tone: str) -> None:
    calmer, rougher = row.changes_after < row.changes_before, row.changes_after > row.changes_before
    style = "green" if calmer else "red" if rougher else "dim"
    changes = Text(f"{row.changes_before:.3f} → {row.changes_after:.3f}", style)
    table.add_row(number, Text(row.title, tone), f"{row.series_ha:,.2f}", f"{row.rewritten_ha:,.2f}", changes)
