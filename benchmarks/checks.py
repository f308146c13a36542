"""The checks of a submission as large as a state, beside plain numpy over whole maps.

    .venv/bin/python benchmarks/checks.py [SIDE] [YEARS]

SIDE is the side of the map in pixels (default 5000, 25 million pixels), YEARS how many there are (default 30). The maps
are made: patches of 12 classes with ragged borders on which about 2 % of the pixels change from year to year, some
of them to and fro, written as COGs (DEFLATE, 512 blocks). Two submissions are made, so that the second is compared
with the first. Each way runs in a process of its own, because peak memory is that of a process: the review as
`mutirao check` does it, the same with the version before, the same with a neighbour over half the map, the rules of a
network of four and a release, and plain numpy (`checks.plain`, without patches) on one
eighth of the rows.
"""

from __future__ import annotations

import resource
import subprocess
import sys
import tempfile
import time
from functools import partial
from pathlib import Path

import numpy as np
from rich.console import Console
from rich.table import Table
from ruamel.yaml import YAML

from mutirao.grid import Grid, Tile
from mutirao.integration.compile import compile_rules
from mutirao.integration.resolve import Outcome, ResolvedRule
from mutirao.io.cogs import write_cog
from mutirao.io.rasters import read
from mutirao.modules.checks import RASTER_CHECKS, plain
from mutirao.modules.checks.fixtures import MAKERS, Before
from mutirao.modules.checks.others import Neighbour, Others, Released, Ruling
from mutirao.modules.discovery import load_module
from mutirao.modules.incoming import receive
from mutirao.modules.review import Fixtures, run_checks
from mutirao.project import Project

CODES = (3, 4, 9, 11, 12, 15, 20, 21, 24, 25, 33, 39)
FIRST = 1991
PART = 8
"""Numpy works on one part of so many."""


def make_maps(folder: Path, side: int, years: int, seed: int) -> None:
    """Write one COG a year."""
    rng, grid = np.random.default_rng(seed), make_grid(side)
    now = landscape(np.random.default_rng(1), side)
    for year in range(FIRST, FIRST + years):
        shown = now.copy()
        spots(rng, shown, side, 0.005)  # comes back the year after
        write_cog(folder / f"M-{year}.tif", shown, grid)
        spots(rng, now, side, 0.01)


def landscape(rng: np.random.Generator, side: int) -> np.ndarray:
    """Return (side, side) codes in patches of about 40 pixels with ragged borders."""
    coarse = rng.choice(np.array(CODES, np.uint8), (side // 40 + 2, side // 40 + 2))
    y, x = np.indices((side, side), dtype=np.int32)
    y += rng.integers(0, 6, (side, side), dtype=np.int32) + (20 * np.sin(x / 37)).astype(np.int32) + 20
    x += rng.integers(0, 6, (side, side), dtype=np.int32)
    return coarse[np.minimum(y // 40, len(coarse) - 1), np.minimum(x // 40, len(coarse) - 1)]


def spots(rng: np.random.Generator, codes: np.ndarray, side: int, share: float) -> None:
    """Give squares of 4 x 4 pixels other classes."""
    small = rng.random((side // 4, side // 4)) < share
    new = rng.choice(np.array(CODES, np.uint8), small.shape)
    for dy in range(4):
        for dx in range(4):
            view = codes[dy : side // 4 * 4 : 4, dx : side // 4 * 4 : 4]
            view[small] = new[small]


def make_grid(side: int) -> Grid:
    """Return a square grid at 30 m."""
    return Grid(crs="EPSG:31982", resolution=30, origin=(300000, 7800000), shape=(side, side))


def make_project(root: Path, side: int, years: int) -> Project:
    """Write a network of one module."""
    series = {"first": FIRST, "last": FIRST + years - 1}
    legend = [{"code": code, "name": {"en": f"Class {code}"}, "color": f"#{code * 5:02x}8080"} for code in CODES]
    files = {
        "configs/legends/b.yaml": {"id": "b", "version": "1", "title": "-", "classes": legend},
        "configs/collections/b.yaml": {
            "id": "b", "title": "-", "description": "-", "publisher": "-",
            "grid": make_grid(side).model_dump(mode="json"),
            "legend": "b", "years": series, "modules": [{"module": "m"}], "rules": "b", "minimum_mapping_unit_ha": 0.5,
            "implausible": [{"before": [24], "after": [3]}],
        },
        "contributors/m/manifest.yaml": {
            "id": "m", "name": "-", "kind": "region", "organisation": "-", "maintainers": [{"name": "-"}],
            "description": "-", "status": "active", "collection": "b", "classes": list(CODES), "years": series,
            "method": "delivered", "delivery": {"files": "M-{year}.tif", "nodata": 0},
        },
    }  # fmt: skip
    for name, value in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        YAML(typ="safe").dump(value, path)
    return Project(root, root / "workspace")


def make_others(root: Path, grid: Grid) -> Others:
    """Return a neighbour in the eastern half, it and two themes under rules, and a release; all read the old maps."""
    planes = {int(path.stem[2:]): partial(read, path) for path in sorted((root / "old").glob("*.tif"))}
    rows, columns = grid.shape
    names = ("first", "second", "m", "n")
    rules = [
        ResolvedRule(k, name, ((name, frozenset(codes)),), (), None, (), Outcome(name))
        for k, (name, codes) in enumerate(zip(names, (CODES[:2], CODES[2:4], CODES, CODES), strict=True), start=1)
    ]
    ruling = Ruling(
        names,
        2,
        lambda year: compile_rules(rules, names, [], [year]),
        (),
        dict.fromkeys(("first", "second", "n"), planes),
        {},
    )
    neighbour = Neighbour("n", "1.0.0", planes, Tile("box", 0, rows, columns // 2, columns))
    return Others((neighbour,), ruling, Released("1.0.0", CODES[0], planes, planes))


def review(root: Path, *, before: bool, beside: bool = False) -> None:
    """Run every check of rasters."""
    module = load_module(Project(root, root / "workspace"), "m")
    given = {}
    if before:
        old = receive(module, root / "old")
        given["previous"] = Before("1.0.0", tuple(old.pixels.values), old.pixels.values)
    if beside:
        given["others"] = make_others(root, module.collection.grid)
    fixtures = Fixtures(MAKERS, module=module, incoming=receive(module, root / "new"), **given)
    outcome = run_checks(RASTER_CHECKS, fixtures)
    print(f"{len(outcome.findings)} findings: {' '.join(sorted({f.code for f in outcome.findings}))}")


def review_plainly(root: Path, side: int) -> None:
    """Work out the same sums for one part of the rows, whole years in memory."""
    paths, rows = sorted((root / "new").glob("*.tif")), side // PART
    rank = np.zeros(256, np.uint8)
    rank[list(CODES)] = np.arange(1, len(CODES) + 1)
    cube = np.stack([rank[read(path)[:rows]] for path in paths])
    grid, classes, cell = make_grid(side), len(CODES) + 1, -(-side // 256)
    ha = np.broadcast_to(grid.areas_ha(grid.whole), grid.shape)[:rows]
    inside = np.ones(ha.shape, bool)
    for plane in cube:
        plain.count_year(plane, ha, classes, cell)
        plain.count_land(plane, inside, ha, cell)
    plain.count_series(cube, inside, ha, classes, cell, [True] * (len(cube) - 1), np.zeros((classes, classes), bool))
    print("no patches")


def child(way: str, root: Path, side: int) -> None:
    """Run one way and print what it took."""
    start, cpu = time.perf_counter(), time.process_time()
    if way == "numpy":
        review_plainly(root, side)
    else:
        review(root, before=way != "check", beside=way == "beside")
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024**2
    print(time.perf_counter() - start, time.process_time() - cpu, peak)


def measure(way: str, root: Path, side: int) -> tuple[str, float, float, float]:
    """Run one way in a process of its own: what it says, seconds, seconds of both cores, GiB."""
    command = [sys.executable, __file__, "--child", way, str(root), str(side)]
    said, numbers = subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip().splitlines()[-2:]
    seconds, cpu, peak = map(float, numbers.split())
    return said, seconds, cpu, peak


def main(side: int, years: int) -> None:
    """Make the maps, run the ways and print the table."""
    table = Table("way", "seconds", "CPU seconds", "peak GiB", "says", box=None)
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        make_project(root, side, years)
        for name, seed in (("old", 2), ("new", 3)):
            make_maps(root / name, side, years, seed)
        size = sum(path.stat().st_size for path in (root / "new").iterdir()) / 1e6
        measure("beside", root, side)  # compiles, and files are in the cache of the system
        for way, words, times in (
            ("check", "mutirao check", 1),
            ("before", "with the version before", 1),
            ("beside", "and a neighbour, rules and a release", 1),
            ("numpy", f"numpy, scaled from 1/{PART} of the rows", PART),
        ):
            said, seconds, cpu, peak = measure(way, root, side)
            table.add_row(words, f"{seconds * times:.1f}", f"{cpu * times:.1f}", f"{peak:.2f}", said)
    console = Console()
    console.print(f"{years} years of {side} x {side} pixels, {size:.0f} MB of COGs")
    console.print(table)


if __name__ == "__main__":
    if sys.argv[1:2] == ["--child"]:
        child(sys.argv[2], Path(sys.argv[3]), int(sys.argv[4]))
    else:
        main(*(int(value) for value in (sys.argv[1:] + ["5000", "30"][len(sys.argv) - 1 :])))
