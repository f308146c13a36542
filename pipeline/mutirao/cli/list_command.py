"""`mutirao list`: which releases there are."""

from __future__ import annotations

from os.path import relpath

import typer

from mutirao.cli.console import Json, out, print_json, show_table
from mutirao.io.places import is_far


def command(context: typer.Context, json: Json = False) -> None:
    """List the releases of the project."""
    from mutirao.client import list_releases

    releases = list_releases(context.obj.project().releases)
    records = [(release.record, release.location) for release in releases]
    if json:
        facts = ("collection", "title", "version", "released", "years", "license")
        print_json([{**record.model_dump(mode="json", include=set(facts)), "location": at} for record, at in records])
        return
    if not records:
        out.print("no release yet: run 'mutirao build', then 'mutirao release --version 0.1.0'")
        return
    rows = [(r.collection, r.version, r.released, f"{r.years[0]}-{r.years[-1]}", _shown(at)) for r, at in records]
    show_table("Releases", ["collection", "version", "released", "years", "folder"], rows)


def _shown(location: str) -> str:
    return location if is_far(location) else relpath(location)
