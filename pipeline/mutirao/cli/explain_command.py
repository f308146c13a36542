"""`mutirao explain`: why a pixel is what it is."""

from __future__ import annotations

import math
import re
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from mutirao.cli.console import Json, print_json
from mutirao.cli.releases import choose
from mutirao.cli.state import State
from mutirao.errors import UsageError

if TYPE_CHECKING:
    from mutirao.engine.evidence import Evidence


def command(
    context: typer.Context,
    of: Annotated[
        str | None,
        typer.Argument(
            help="A collection or a build; or a release, by folder, URL or version; default: the last build here.",
            metavar="[RELEASE-OR-BUILD]",
        ),
    ] = None,
    at: Annotated[str, typer.Option(help="Longitude and latitude in degrees, for example 22.147,45.205.")] = "",
    year: Annotated[
        int | None, typer.Option(help="Year to tell in detail; default: all in short, then the last.")
    ] = None,
    json: Json = False,
) -> None:
    """Tell why a pixel is what it is: claims, rules in order, filter steps."""
    from mutirao.cli.explain_text import as_json, show
    from mutirao.engine.story import tell

    lon, lat = place_of(at)
    evidence = evidence_named(context.obj, of)
    years = evidence.basis.collection.years
    if year is not None and year not in years:
        remedy = f"years are {years.first} to {years.last}"
        raise UsageError.because("A104", f"no map of {year}", where=evidence.title, remedy=remedy)
    story = tell(evidence, *evidence.basis.collection.grid.index(lon, lat))
    if json:
        print_json(as_json(story, (lon, lat), [year] if year else story.years))
    else:
        show(story, (lon, lat), year)


def place_of(text: str) -> tuple[float, float]:
    """Read a place; a number that is none lies nowhere on Earth either."""
    try:
        lon, lat = (float(part) for part in text.split(","))
    except ValueError:
        lon = lat = math.nan
    if not (abs(lon) <= 180 and abs(lat) <= 90):
        remedy = "write longitude,latitude in degrees, for example --at 22.147,45.205"
        raise UsageError.because("A110", f"'{text}' is no place", where="--at", remedy=remedy)
    return lon, lat


def evidence_named(state: State, of: str | None) -> Evidence:
    """Return what explains a build, a release, or the last build of a collection."""
    from mutirao.release.evidence import release_evidence

    if of and (Path(of) / "build.json").is_file():
        return _build(state, Path(of).resolve().name)
    if of and ("/" in of or "\\" in of or re.fullmatch(r"v?\d+\.\d+\.\d+", of)):
        opened = choose(state, of)
        return release_evidence(opened.location, opened.record)
    return _build(state, of)


def _build(state: State, of: str | None) -> Evidence:
    """Return the build of this id, or the last one of this collection."""
    from mutirao.engine.build import find_build, latest
    from mutirao.engine.evidence import evidence_of

    project = state.project()
    found = find_build(project, of) if of else None
    return evidence_of(project, found or latest(project, state.collection(project, of)))
