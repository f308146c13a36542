"""`mutirao rules impact`: what a change of rules would do, before anyone adopts it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from mutirao.cli.console import Json, Watching, out, print_json, show_table

if TYPE_CHECKING:
    from mutirao.engine.build import Build
    from mutirao.engine.impact import Impact
    from mutirao.project import Project

WORDS = {
    "before_ha": "another class before the chain",
    "after_ha": "another class in the finished map",
    "otherwise_ha": "decided by another module or rule",
}
AREA_HEADS = ["decided otherwise", "before chain", "after chain"]


def command(
    context: typer.Context,
    old: Annotated[str, typer.Argument(help="Rules as they are: 'build', a file or an id under configs/rules/.")],
    new: Annotated[str, typer.Argument(help="Rules as they might be: a file or an id.")],
    on: Annotated[str | None, typer.Option(help="Build whose claims are used; default: the last one.")] = None,
    sample: Annotated[int | None, typer.Option(help="Look at this many random tiles and estimate.", min=1)] = None,
    html: Annotated[Path | None, typer.Option(help="Write a report with a map to this file.")] = None,
    workers: Annotated[int | None, typer.Option(help="Threads; default: one a core.")] = None,
    json: Json = False,
) -> None:
    """Tell in hectares what a change of rules would do to a build; nothing is adopted."""
    from mutirao.engine.impact import choose_rules, measure
    from mutirao.io.storage import write_text
    from mutirao.web.impact_page import impact_page

    project = context.obj.project()
    build = _build(project, context.obj.collection, on)
    before, after = (choose_rules(project, build, name) for name in (old, new))
    impact = measure(project, build, before, after, Watching(), sample=sample, workers=workers)
    if html:
        write_text(html, impact_page(impact))
    if json:
        print_json(_summary(impact))
    else:
        _tell(impact)
        out.print(f"report: {html}" if html else "a report with a map: add --html report.html", soft_wrap=True)


def _build(project: Project, collection: Callable[[Project, None], str], on: str | None) -> Build:
    from mutirao.engine.build import latest
    from mutirao.engine.impact import named_build

    return named_build(project, on) if on else latest(project, collection(project, None))


def _summary(impact: Impact) -> dict[str, object]:
    return {
        "collection": impact.collection,
        "build": impact.build,
        "old": impact.old,
        "new": impact.new,
        "years": impact.years,
        "tiles": impact.tiles,
        "of_tiles": impact.of_tiles,
        "estimate": impact.is_estimate,
        "totals": impact.totals(),
        "standard_errors": impact.errors,
        "changes": impact.table.to_dict(orient="records"),
    }


def _tell(impact: Impact) -> None:
    from mutirao.cli.terminal_map import draw_impact
    from mutirao.engine.impacttables import by, by_class, by_territory, by_year
    from mutirao.web.impact_page import rows

    _headline(impact)
    if impact.table.empty:
        return
    draw_impact(impact)
    show_table("From class to class", ["from", "to", *AREA_HEADS[1:]], rows(by_class(impact.table)))
    for title, name in (("Who loses, who gains", "module"), ("By rule", "rule")):
        changes = rows(by(impact.table, f"{name}_from", f"{name}_to"))
        show_table(title, [f"{name} now", f"{name} then", *AREA_HEADS], changes)
    show_table("By year", ["year", *AREA_HEADS], rows(by_year(impact.table)))
    places = by_territory(impact.table)
    lines = [(name, *map(float, row)) for (_, name), row in zip(places.index, places.to_numpy(), strict=True)]
    show_table("By territory and year, after the chain", ["territory", *map(str, places.columns)], lines)


def _headline(impact: Impact) -> None:
    out.print(f"from {impact.old} to {impact.new}, on build {impact.build}; nothing is adopted", soft_wrap=True)
    if impact.is_estimate:
        share = impact.tiles / impact.of_tiles
        out.print(f"an estimate from {impact.tiles} of {impact.of_tiles} tiles ({share:.1%}) drawn at random,")
        out.print("scaled to all tiles, ± one standard error")
    if impact.table.empty:
        out.print("nothing changes: every pixel keeps its class, its module and its rule")
        return
    areas = impact.totals()
    lines = [(words, f"{areas[name]:,.2f}{_error(impact, name)}") for name, words in WORDS.items()]
    show_table("What differs, hectares summed over the years", ["", "ha"], lines)


def _error(impact: Impact, name: str) -> str:
    error = impact.errors[name]
    return f" ± {error:,.2f}" if error else ""
