"""What the map page reads: map.json, and the built viewer beside it."""

from __future__ import annotations

import shutil
import warnings
from collections.abc import Mapping
from importlib.resources import as_file, files
from pathlib import Path
from typing import Any

from pyproj import CRS

from mutirao.collection import Collection
from mutirao.grid import Grid
from mutirao.legend import Legend
from mutirao.release import names
from mutirao.release.record import Release
from mutirao.release.styles import PALETTE


def page_config(
    collection: Collection,
    legend: Legend,
    release: Release,
    layers: Mapping[str, Mapping[int, str]],
    territories: str | None,
) -> dict[str, Any]:
    """Return the content of map.json; every address in it is relative to the release folder."""
    return {
        "title": collection.title,
        "product": collection.id,
        "version": release.version,
        "released": release.released,
        "description": collection.description,
        "license": release.license,
        "attribution": release.attribution,
        "notes": "release-notes.md",
        "catalog": "catalog.json",
        "grid": _grid(collection.grid),
        "years": list(release.years),
        "legend": _legend(legend),
        "modules": [
            {
                **record.model_dump(include={"module", "name", "organisation", "kind", "version"}),
                "id": record.number,
                "color": color(record.number),
            }
            for record in release.modules
        ],
        "rules": [
            {"id": rule.number, "rule": rule.rule, "claim": rule.claim, "why": rule.why} for rule in release.rules
        ],
        "filters": [{"id": step.number, "step": step.step, "title": step.title} for step in release.steps],
        "assets": {
            **{layer: {str(year): name for year, name in by_year.items()} for layer, by_year in layers.items()},
            "history": names.history(collection.id, release.version),
        },
        "tables": {"areas": {"parquet": "tables/areas.parquet", "csv": "tables/areas.csv"}},
        "territories": territories,
        "previous": f"../v{release.previous_version}/" if release.previous_version else None,
    }


def color(number: int) -> str:
    """Return the colour of a module by its number."""
    return PALETTE[(number - 1) % len(PALETTE)]


def _grid(grid: Grid) -> dict[str, Any]:
    crs = CRS.from_user_input(grid.crs)
    return {
        "crs": grid.crs,
        "proj4": _proj4(crs),
        "transform": list(grid.transform)[:6],
        "width": grid.shape[1],
        "height": grid.shape[0],
        "bounds": list(grid.bounds),
        "unit": "degree" if crs.is_geographic else "m",
    }


def _proj4(crs: CRS) -> str:
    """Return the PROJ string that the page's proj4js reads; it needs no datum grid and no authority."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)  # PROJ strings lose the CRS's name, which the page has from `crs`
        return str(crs.to_proj4())


def _legend(legend: Legend) -> list[dict[str, Any]]:
    rows = []
    for item in legend.leaves:
        parent = legend.by_code.get(item.parent) if item.parent else None
        group = parent.title() if parent else item.title()
        rows.append(
            {"code": item.code, "name": item.title(), "color": item.color, "parent": item.parent, "group": group}
        )
    return rows


def copy_viewer(folder: Path) -> None:
    """Copy the built viewer into a release folder."""
    with as_file(files("mutirao.web") / "viewer") as viewer:
        shutil.copytree(viewer, folder, dirs_exist_ok=True)
