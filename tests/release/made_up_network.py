"""A network of 16 modules and 41 years that has nothing but receipts: enough to say where everybody stands."""

from __future__ import annotations

import json
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

from mutirao.grid import Grid
from mutirao.modules.receipt import REPORT, FileRecord, Submission, grid_digest, raster_name
from mutirao.project import Project

TODAY = date(2027, 3, 20)
DUE = date(2027, 3, 10)
YEARS = tuple(range(1985, 2026))
GRID = Grid(crs="EPSG:4326", resolution=0.1, origin=(-74, 6), shape=(400, 400), tile=200)
REGIONS = ("amazonia", "caatinga", "cerrado", "mata-atlantica", "pampa", "pantanal", "coastal-zone", "islands")
THEMES = ("agriculture", "pasture", "forestry", "mining", "urban", "water", "irrigation", "fire-scars")
NAMES = REGIONS + THEMES
SHORT = {"mining": 1996, "fire-scars": 2000}
"""First year of modules that announce less than the whole series."""
ADVICE = {"cerrado": ("M603", "M703"), "islands": ("M601",), "urban": ("M701",), "mining": ("M606", "M610", "M610")}
CHANGED = {"amazonia": 184_200.5, "cerrado": 912_345.25, "pampa": 20_400.0, "water": 55_120.75, "urban": 3_100.5}
"""Hectares of another class than in the version before; these modules have two versions."""

COLLECTION = """
id: made-up
title: Land cover of a made-up country, 1985 to 2025
description: For tests and for looking at the status page.
publisher: Made-up network
grid: {crs: "EPSG:4326", resolution: 0.1, origin: [-74, 6], shape: [400, 400], tile: 200}
legend: small
years: {first: 1985, last: 2025}
modules:
MODULES
rules: small
milestones:
  - {id: deliveries, title: All modules deliver, due: 2027-03-10, needs: submissions, since: 2027-01-01}
  - {id: islands, title: The islands deliver, due: 2027-04-30, needs: submissions, modules: [islands, coastal-zone]}
  - {id: collection, title: The collection is released, due: 2027-06-05, needs: release}
goals:
  - {id: silver, title: Every module is silver or better, level: silver, by: 2027-06-05}
  - {id: years, title: No year is missing, all_years: true}
"""
LEGEND = """
id: small
version: "1"
title: Two classes
classes:
  - {code: 3, name: {en: Forest}, color: "#1f8d49"}
  - {code: 15, name: {en: Pasture}, color: "#edde8e"}
"""
RULES = "id: small\nrules: [{id: all, claim: {amazonia: [3, 15]}, why: There is nothing else.}]\n"
MANIFEST = """
id: {module}
name: {title} of the made-up country
kind: {kind}
organisation: {organisation}
maintainers: [{people}]
description: It has receipts and no maps.
status: active
collection: made-up
classes: [3, 15]
years: {{first: {first}, last: 2025}}
method: delivered
delivery: {{files: "M-{{year}}.tif", nodata: 0}}
citation: Nobody (2027).
"""
WAIVERS = """
waivers:
  - {code: M603, author: Ana Reis, reason: Double cropping flickers by nature., expires: 2027-04-12}
  - {rule: two-maintainers, author: Rui Lima, reason: A second person starts in May., expires: 2027-03-01}
"""
ACCURACY = """
assessments:
  - version: 1.0.0
    overall: 0.912
    standard_error: 0.009
    sample_size: 1200
    design: stratified
    reference: Visual interpretation of Landsat mosaics
    author: Lia Prado
    organisation: Laboratory of another university
    date: 2027-02-20
"""


def made_up_network(root: Path) -> Project:
    """Write the network; all states of years, deadlines, levels and waivers stand somewhere in it."""
    configs = root / "configs"
    lines = "\n".join(f"  - {{module: {name}, missing: {_missing(name)}}}" for name in NAMES)
    _write(configs / "collections/made-up.yaml", COLLECTION.replace("MODULES", lines))
    _write(configs / "legends/small.yaml", LEGEND)
    _write(configs / "rules/small.yaml", RULES)
    project = Project(root, root / "workspace")
    for number, name in enumerate(NAMES):
        _module(project, number, name)
    return project


def _missing(name: str) -> str:
    return {"pampa": "previous", "water": "nodata"}.get(name, "error")


def _module(project: Project, number: int, name: str) -> None:
    folder = project.module_folder(name)
    people = ["{name: Ana Reis}"] if name in ("cerrado", "islands") else ["{name: Ana Reis}", "{name: Rui Lima}"]
    _write(
        folder / "manifest.yaml",
        MANIFEST.format(
            module=name,
            title=name.replace("-", " ").capitalize(),
            kind="region" if name in REGIONS else "theme",
            organisation=f"Institute of the {name.replace('-', ' ')}",
            people=", ".join(people),
            first=SHORT.get(name, 1985),
        ),
    )
    _write(folder / "README.md", "# Method\n\n" + "A made-up method. " * (10 if name == "pasture" else 50))
    if name == "cerrado":
        _write(folder / "waivers.yaml", WAIVERS)
    if name in ("amazonia", "forestry"):
        _write(folder / "accuracy.yaml", ACCURACY)
    _submissions(project, number, name)


def _submissions(project: Project, number: int, name: str) -> None:
    own = range(SHORT.get(name, 1985), 2026)
    came = DUE + timedelta(days=number - 12)
    match name:
        case "fire-scars" | "coastal-zone":
            return
        case "pampa":
            _submission(project, name, "0.9.0", date(2026, 2, 1), own)
            _submission(project, name, "1.0.0", came, [year for year in own if year < 2021], "0.9.0")
        case "water":
            _submission(project, name, "0.9.0", date(2026, 2, 1), own[:30])
            _submission(project, name, "1.0.0", came, [year for year in own if year not in (1990, 1991)], "0.9.0")
        case "irrigation":
            _submission(project, name, "1.0.0", came, [year for year in own if year not in (2011, 2012, 2013)])
        case _ if name in CHANGED:
            _submission(project, name, "0.9.0", date(2026, 2, 1), own)
            _submission(project, name, "1.0.0", came, own, "0.9.0")
        case _:
            _submission(project, name, "1.0.0", came, own)


def _submission(
    project: Project, module: str, version: str, came: date, years: Any, previous: str | None = None
) -> None:
    folder = project.submissions / module / version
    findings = [
        {"code": code, "severity": "advise", "message": "made up", "where": f"M-{2000 + i}.tif", "remedy": "none"}
        for i, code in enumerate(ADVICE.get(module, ()))
    ]
    _write(folder / REPORT, json.dumps({"module": module, "version": version, "findings": findings, "skipped": []}))
    change = {"previous": previous, "years": sorted(years), "changed_ha": CHANGED[module]} if previous else None
    record = {"size": 1, "sha256": "0", "pixels": "0"}
    receipt = Submission(
        module=module,
        version=version,
        kind="region",
        organisation=f"Institute of the {module.replace('-', ' ')}",
        collection="made-up",
        years=tuple(sorted(years)),
        grid=GRID,
        grid_digest=grid_digest(GRID),
        legend={"id": "small", "version": "1"},
        files=tuple(FileRecord(year=year, name=raster_name(module, year, version), **record) for year in sorted(years)),
        tiles={},
        code={},
        manifest_digest="0",
        checks_digest="0",
        software={},
        change=change,
        created=datetime.combine(came, datetime.min.time()).isoformat(timespec="seconds"),
    )
    _write(folder / "submission.json", receipt.model_dump_json())


def _write(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
