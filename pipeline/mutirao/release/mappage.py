"""What the map page reads: map.json, and the built viewer beside it."""

from __future__ import annotations

import shutil
import warnings
from collections.abc import Mapping
from importlib.resources import as_file, files
from pathlib import Path
from typing import Any

from pyproj import CRS

from mutirao.engine.basis import Basis
from mutirao.grid import Grid
from mutirao.legend import Legend
from mutirao.release import names
from mutirao.release.pagerules import page_layers, page_mosaics, page_rule
from mutirao.release.record import Release
from mutirao.release.styles import PALETTE


def page_config(
    basis: Basis,
    release: Release,
    layers: Mapping[str, Mapping[int, str]],
    territories: str | None,
) -> dict[str, Any]:
    """Return the content of map.json; every address in it is relative to the release folder."""
    collection, legend = basis.collection, basis.legend
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
        "parents": _parents(legend),
        "modules": [
            {
                **record.model_dump(include={"module", "name", "organisation", "kind", "version"}),
                "id": record.number,
                "color": color(record.number),
            }
            for record in release.modules
        ],
        "rules": [
            {"claim": record.claim, "why": record.why, **page_rule(rule, basis.names)}
            for record, rule in zip(release.rules, basis.rules, strict=True)
        ],
        "hole": basis.hole,
        "mosaics": page_mosaics(basis),
        "layers": page_layers(basis),
        "filters": [{"id": step.number, "step": step.step, "title": step.title} for step in release.steps],
        "assets": {
            **{layer: {str(year): name for year, name in by_year.items()} for layer, by_year in layers.items()},
            "history": names.history(collection.id, release.version),
            "layers": names.layers(collection.id, release.version) if collection.layers else None,
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


def _parents(legend: Legend) -> list[dict[str, Any]]:
    """Return the classes that others belong to: no map shows them, but a module may claim them."""
    upper = [item for item in legend.classes if item not in legend.leaves]
    return [{"code": item.code, "name": item.title(), "color": item.color} for item in upper]


def copy_viewer(folder: Path) -> None:
    """Copy the built viewer into a release folder."""
    with as_file(files("mutirao.web") / "viewer") as viewer:
        shutil.copytree(viewer, folder, dirs_exist_ok=True)
