"""`mutirao stats`: areas by class, year and territory."""

from __future__ import annotations

from typing import Annotated

import typer

from mutirao.cli.console import Json, print_json, show_table
from mutirao.cli.releases import Location, choose


def command(
    context: typer.Context,
    release: Location = None,
    level: Annotated[str, typer.Option(help="Set of territories; 'all' is the whole collection.")] = "all",
    json: Json = False,
) -> None:
    """Print hectares by territory, class and year of a release."""
    opened = choose(context.obj, release)
    areas = opened.areas(level)
    if json:
        print_json(areas.to_dict(orient="records"))
        return
    years = opened.record.years
    for territory, group in areas.groupby("territory_name", sort=False):
        rows = [
            (name, *(float(rows.loc[rows["year"] == year, "area_ha"].sum()) for year in years))
            for name, rows in group.groupby("class_name", sort=False)
        ]
        show_table(f"{territory}, hectares, version {opened.record.version}", ["class", *map(str, years)], rows)
