"""`mutirao download`: maps by place, years and classes."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from mutirao.cli.console import Json, Watching, out, print_json
from mutirao.cli.releases import Location, choose
from mutirao.errors import UsageError

if TYPE_CHECKING:
    import xarray as xr

    from mutirao.client import Bounds, OpenRelease


def command(
    context: typer.Context,
    release: Location = None,
    to: Annotated[Path, typer.Option(help="Folder for the files.")] = Path("maps"),
    years: Annotated[str | None, typer.Option(help="One year, or first-last; default: all.")] = None,
    bounds: Annotated[str | None, typer.Option(help="west,south,east,north in degrees; default: all.")] = None,
    classes: Annotated[str | None, typer.Option(help="Codes, names or groups to keep, by comma; default: all.")] = None,
    layer: Annotated[str, typer.Option(help="class, source, rule, conflict or filter.")] = "class",
    json: Json = False,
) -> None:
    """Download maps of a release as GeoTIFFs, cut to a place, to years and to classes."""
    opened = choose(context.obj, release)
    box = _bounds(bounds)
    keep = _codes(opened, classes)
    chosen = _years(opened, years)
    written = []
    with Watching().stage("Downloading maps", len(chosen)) as advance:
        for year in chosen:
            maps = opened.maps([year], box, layer)
            written.append(_write(opened, to, _kept(maps, keep) if keep else maps, layer))
            advance()
    if json:
        print_json({"version": opened.record.version, "files": written})
    else:
        out.print(f"maps of {len(written)} years of version {opened.record.version} in {to}", soft_wrap=True)


def _write(opened: OpenRelease, folder: Path, maps: xr.DataArray, layer: str) -> Path:
    from mutirao.io.downloads import write_clip

    year = int(maps.year[0])
    path = folder / Path(opened.address(layer, year)).name
    colors = opened.legend.colormap() if layer == "class" else None
    tags = {"COLLECTION": opened.record.title, "VERSION": opened.record.version, "YEAR": str(year), "LAYER": layer}
    write_clip(path, maps[0], opened.grid, colors, tags)
    return path


def _kept(maps: xr.DataArray, codes: frozenset[int]) -> xr.DataArray:
    return maps.where(maps.isin(list(codes)), 0).astype(maps.dtype)


def _codes(opened: OpenRelease, classes: str | None) -> frozenset[int] | None:
    if classes is None:
        return None
    references = [int(text) if text.isdigit() else text for text in (part.strip() for part in classes.split(","))]
    try:
        return opened.legend.resolve_all(references)
    except KeyError as err:
        remedy = f"the legend has: {', '.join(opened.legend.known_names())}"
        raise UsageError.because("A107", f"no class or group {err}", where="--classes", remedy=remedy) from err


def _years(opened: OpenRelease, years: str | None) -> list[int]:
    if years is None:
        return list(opened.record.years)
    match = re.fullmatch(r"(\d{4})(?:-(\d{4}))?", years)
    chosen = list(range(int(match[1]), int(match[2] or match[1]) + 1)) if match else []
    if not chosen:
        remedy = "write 2018, or 2016-2020"
        raise UsageError.because("A104", f"'{years}' is no range of years", where="--years", remedy=remedy)
    return chosen


def _bounds(text: str | None) -> Bounds | None:
    if text is None:
        return None
    try:
        west, south, east, north = (float(part) for part in text.split(","))
    except ValueError as err:
        remedy = "write west,south,east,north, for example 22.14,45.20,22.16,45.21"
        raise UsageError.because("A108", f"'{text}' is no box", where="--bounds", remedy=remedy) from err
    return west, south, east, north
