"""`mutirao build`: integrate the submissions into one map."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import pandas as pd
import typer

from mutirao.cli.console import Json, Watching, out, print_json, show_table
from mutirao.errors import UsageError

if TYPE_CHECKING:
    from mutirao.engine.build import Build

MOST_CONFLICTS = 3
"""Conflicts that are printed; all of them are in the build's tables/conflicts.csv."""


def command(
    context: typer.Context,
    collection: Annotated[str | None, typer.Argument(help="Collection, if there are several.")] = None,
    use: Annotated[
        list[str] | None, typer.Option(help="module=version: another submission than the collection names; repeat it.")
    ] = None,
    workers: Annotated[int | None, typer.Option(help="Threads; default: one a core.")] = None,
    json: Json = False,
) -> None:
    """Integrate and filter the submissions; only tiles whose inputs changed are made anew."""
    from mutirao.engine.build import build
    from mutirao.engine.record import plain

    project = context.obj.project()
    chosen = context.obj.collection(project, collection)
    result = build(project, chosen, Watching(), use=_versions(use or []), workers=workers)
    if json:
        print_json({"folder": result.folder, "made": result.made, "reused": result.reused, **plain(result.record)})
    else:
        tell_build(result)


def _versions(pairs: list[str]) -> dict[str, str]:
    split = [pair.partition("=") for pair in pairs]
    wrong = [module for module, _, version in split if not version]
    if wrong:
        remedy = "write module=version, for example --use meadows=0.1.0"
        raise UsageError.because("B104", f"'{wrong[0]}' names no version", where="--use", remedy=remedy)
    return {module: version for module, _, version in split}


def tell_build(result: Build) -> None:
    """Print what a build did and found."""
    total = len(result.record.tiles)
    if not result.made:
        out.print(f"build {result.folder.name}: nothing to do, all {total} tiles are done")
    else:
        reason = f" ({', '.join(result.renewed)})" if result.renewed else ""
        out.print(
            f"build {result.folder.name}: {len(result.made)} of {total} tiles made{reason}, {result.reused} reused"
        )
    for entry in result.record.agreement:
        out.print(f"agreement {entry.overall:.4f} on {entry.pixels} pixels: {entry.title}")
    if result.record.hole_ha:
        out.print(f"[yellow]{result.record.hole_ha} ha are taken by no rule in the worst year[/yellow]")
    show_areas(result)
    show_conflicts(result)


def show_conflicts(result: Build) -> None:
    """Print the largest conflicts, hectares over all years."""
    conflicts = result.table("conflicts")
    kinds = ["module_a", "name_a", "module_b", "name_b", "rule"]
    summed = pd.DataFrame(conflicts.groupby(kinds, as_index=False)["area_ha"].sum())
    largest = summed.sort_values("area_ha", ascending=False).head(MOST_CONFLICTS)
    rows = [
        (f"{a}: {in_a}", f"{b}: {in_b}", rule or "no rule", float(ha))
        for a, in_a, b, in_b, rule, ha in largest.itertuples(index=False)
    ]
    if rows:
        show_table("Largest conflicts, hectares over all years", ["who", "against whom", "decided by", "ha"], rows)


def show_areas(result: Build) -> None:
    """Print hectares by class and year."""
    areas = result.table("areas")
    whole = areas[areas["territory_level"] == "all"]
    years = result.record.years
    rows = [
        (name, *(float(group.loc[group["year"] == year, "area_ha"].sum()) for year in years))
        for name, group in whole.groupby("class_name", sort=False)
    ]
    show_table("Hectares", ["class", *map(str, years)], rows)
