"""From submissions to maps: ours beside rasterio + numpy and xarray + dask, files to files, in one run.

    .venv/bin/python benchmarks/endtoend.py [--side 2048] [--years 30] [--tile 1024] [--repeat 1] [--json endtoend.json]

Ten modules of a made country (`countryfiles`), 22 rules, six steps; class, module, rule and modules against, of all
years. The clock is read at two ends: files to go on with, ours' tiles and the peers' GeoTIFFs, in the same codec; and
the COGs of a product, with the same settings everywhere. The pixels of all ways are compared and must be equal. Each
way runs in a process of its own and begins with the files in the cache of the system; ours has compiled before. What
ours does beside that and the peers do not: areas by territory, transitions, decisions, conflicts by pair of modules
and what each step changed, in hectares and as tables; digests of every layer; a ledger from which a build resumes;
memory that does not grow with the map.

Ours is given one core and two, as threads and as processes of Dask; numpy one, as such a script is written, and two,
with threads over the years and steps in blocks; dask two, as threads, in the idiom of the documentation (`idiomatic`)
and in bytes. On a machine whose speed wavers, `--repeat 3` goes round all ways three times and tells the best of each.
The last line says what the ledger costs: keys, digests, receipts and renaming, timed where they happen, as a share of
the whole build in one thread.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from functools import cached_property, partial, wraps
from pathlib import Path
from typing import Any
from unittest.mock import patch

import numpy as np
from countryfiles import CHAIN, FIRST, ID, VERSION, Country, make_project, submit_directly
from idiomatic import by_idiom
from peers import BLOCK, LAYERS, Rule, Stacks, Task, by_numpy, by_xarray, write_stacks, write_tiff
from peers import write_cog as write_plain_cog
from scalereport import print_ways

from mutirao.engine import build as building
from mutirao.engine.build import Build, build
from mutirao.engine.cluster import Crew
from mutirao.engine.ledger import Ledger
from mutirao.engine.progress import Silent
from mutirao.engine.tilework import TileWork
from mutirao.io import blocks
from mutirao.io.cogs import write_cog
from mutirao.io.rasters import read
from mutirao.io.storage import write_json
from mutirao.modules.receipt import raster_name
from mutirao.project import Project

Spent = dict[str, float]
NOTHING: Spent = {"wall": 0.0, "cpu": 0.0, "peak_bytes": 0.0}
RSS_UNIT = 1 if sys.platform == "darwin" else 1024
RUNS = (("ours", 1), ("ours", 2), ("ours, processes", 1), ("ours, processes", 2))
PEERS = (("numpy", 1), ("numpy, tuned", 2), ("xarray + dask", 2), ("xarray + dask, tuned", 2))
WAYS: dict[str, Callable[[Task, int], Stacks]] = {
    "numpy": by_numpy,
    "numpy, tuned": partial(by_numpy, block=BLOCK),
    "xarray + dask": by_idiom,
    "xarray + dask, tuned": by_xarray,
}


def main(arguments: Sequence[str] | None = None) -> None:
    """Make a country, run all ways and print the tables."""
    options = _parser().parse_args(arguments)
    if options.child:
        print(json.dumps(_child(options.child, options.way, options.threads)))
        return
    country = Country(options.side, options.years, tile=options.tile)
    with tempfile.TemporaryDirectory(prefix="endtoend-", dir=options.workspace) as folder:
        root = Path(folder) / "country"
        submit_directly(country, make_project(country, root), os.cpu_count() or 1)
        write_json(root / "country.json", [country.side, country.years, country.tile])
        wanted = [run for run in (*RUNS, *PEERS) if run[0].split()[0].strip(",") in options.ways]
        rounds = [[_run(root, way, threads) for way, threads in wanted] for _ in range(options.repeat)]
        runs = [min(tries, key=lambda run: float(run["stored"]["wall"])) for tries in zip(*rounds, strict=True)]
        compare(country, [root / f"made-{way}-{threads}" for way, threads in wanted])
    measured = {
        "side": country.side,
        "years": country.years,
        "tile": country.tile,
        "best_of": options.repeat,
        "runs": runs,
    }
    print_ways(measured)
    if options.json:
        write_json(options.json, measured)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    for name, value in {"side": 2048, "years": 30, "tile": 1024, "threads": 2, "repeat": 1}.items():
        parser.add_argument(f"--{name}", type=int, default=value, help=f"default: {value}")
    parser.add_argument("--ways", nargs="+", default=["ours", "numpy", "xarray"], help="default: ours numpy xarray")
    parser.add_argument("--workspace", type=Path, help="where files are made; default: a temporary folder")
    parser.add_argument("--json", type=Path, help="write what was measured")
    parser.add_argument("--child", type=Path, help=argparse.SUPPRESS)
    parser.add_argument("--way", help=argparse.SUPPRESS)
    return parser


def _run(root: Path, way: str, threads: int) -> dict[str, Any]:
    load = os.getloadavg()[0]
    command = [sys.executable, __file__, "--child", str(root), "--way", way, "--threads", str(threads)]
    ran = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True)
    return {"way": way, "threads": threads, "load": round(load, 1), **json.loads(ran.stdout.splitlines()[-1])}


def _child(root: Path, way: str, threads: int) -> dict[str, Any]:
    """Run one way; return seconds, seconds of all cores and bytes at peak, those of its processes added."""
    side, years, tile = json.loads((root / "country.json").read_text())
    country, out = Country(side, years, tile=tile), root / f"made-{way}-{threads}"
    shutil.rmtree(out, ignore_errors=True)
    out.mkdir()
    _take_cores(threads)
    if way.startswith("ours"):
        return _ours(country, root, out, threads, processes=way != "ours")
    task = task_of(country, root)
    with timed() as made:
        stacks = WAYS[way](task, threads)
    with timed() as stored, tempfile.TemporaryDirectory(dir=root) as folder:
        write_stacks(write_tiff, task, stacks, Path(folder), threads)
    with timed() as product:
        write_stacks(write_plain_cog, task, stacks, out, threads)
    return _both_ends(made, stored, product)


def _both_ends(made: Spent, stored: Spent, product: Spent) -> dict[str, Any]:
    """Return what both ends took: files to go on with, and COGs, which begin where the layers are made."""
    return {
        "stored": {name: made[name] + stored[name] for name in ("wall", "cpu")},
        "product": {name: made[name] + product[name] for name in ("wall", "cpu")},
        "product_cpu": product["cpu"],
        "peak_bytes": max(part["peak_bytes"] for part in (made, stored, product)),
    }


def _take_cores(number: int) -> None:
    """Leave this process, and those that it starts, so many cores, where the system can."""
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, sorted(os.sched_getaffinity(0))[:number])


def _ours(country: Country, root: Path, out: Path, threads: int, *, processes: bool) -> dict[str, Any]:
    with tempfile.TemporaryDirectory() as folder, _crew(threads, processes=processes) as crew:
        small = Country(side=128, years=country.years, tile=64)
        project = make_project(small, Path(folder) / "small")
        submit_directly(small, project, 1)
        build(project, ID, Silent(), workers=crew)
        write_product(build(project, ID, Silent()), Path(folder), 1)
        shutil.rmtree(root / "workspace" / "builds", ignore_errors=True)
        with ledger_watched() as ledger, timed() as built:
            made = build(Project(root, root / "workspace"), ID, Silent(), workers=crew)
        with timed() as product:
            write_product(made, out, threads)
    return {**_both_ends(built, NOTHING, product), "ledger": ledger}


@contextmanager
def _crew(threads: int, *, processes: bool) -> Iterator[int | Crew]:
    if not processes:
        yield threads
        return
    from distributed import Client, LocalCluster

    from mutirao.engine.remote import Remote

    with (
        LocalCluster(n_workers=threads, threads_per_worker=1, dashboard_address=None) as cluster,
        Client(cluster) as at,
    ):
        yield Remote(at)


@contextmanager
def timed() -> Iterator[Spent]:
    """Measure a block: seconds, seconds of all cores, and bytes at peak so far."""
    spent: Spent = {}
    wall, cpu = time.perf_counter(), time.process_time()
    yield spent
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * RSS_UNIT
    spent.update(wall=time.perf_counter() - wall, cpu=time.process_time() - cpu, peak_bytes=peak)


def write_product(made: Build, out: Path, threads: int) -> None:
    """Write the layers that the peers write, a file a year."""
    grid = made.grid
    with ThreadPoolExecutor(threads) as pool:
        for layer in LAYERS:
            stack = made.layer(layer).astype(np.uint8, copy=False)
            jobs = [pool.submit(write_cog, out / f"{layer}-{t}.tif", plane, grid) for t, plane in enumerate(stack)]
            for job in jobs:
                job.result()


def task_of(country: Country, root: Path) -> Task:
    """Return what the peers are told: files, rules and the settings of the chain."""
    years = range(FIRST, FIRST + country.years)
    project = Project(root, root / "workspace")
    folders = {module: project.submissions / module / VERSION for module in country.modules}
    legend = project.legend("mapbiomas-brazil").value
    rules = [(*next(iter(rule["claim"].items())), rule.get("where", {}).get("biome", ())) for rule in country.rules()]
    return Task(
        files={name: [folder / raster_name(name, year, VERSION) for year in years] for name, folder in folders.items()},
        layers={name: root / "configs" / "layers" / f"{name}.tif" for name in ("biome", "region")},
        rules=[Rule(name, tuple(np.atleast_1d(codes).tolist()), tuple(biomes)) for name, codes, biomes in rules],
        mosaic="land",
        members=dict(enumerate(country.modules[country.themes :], start=1)),
        order=CHAIN[1]["classes"],
        native=CHAIN[2]["classes"],
        natural=legend.groups["natural"],
        farming=legend.groups["farming"],
        shares=CHAIN[4]["thresholds"],
        total=CHAIN[4]["total"],
        smallest=CHAIN[5]["min_pixels"],
    )


def compare(country: Country, folders: Sequence[Path]) -> None:
    """Refuse to report ways whose pixels differ in any layer and year.

    Raises
    ------
    ValueError
        Two ways made different pixels.
    """
    for layer in LAYERS:
        for t in range(country.years):
            first, *others = (read(folder / f"{layer}-{t}.tif") for folder in folders)
            for folder, other in zip(folders[1:], others, strict=True):
                if (first != other).any():
                    raise ValueError(f"{folder.name} differs in {(first != other).sum()} pixels of {layer}, year {t}")


@contextmanager
def ledger_watched() -> Iterator[dict[str, float]]:
    """Time what a build does only for its ledger: seconds of all threads together, by what it is."""
    spent = dict.fromkeys(("keys", "states", "records", "receipts"), 0.0)

    def clocked(name: str, call: Callable[..., Any]) -> Callable[..., Any]:
        @wraps(call)
        def run(*args: Any, **kwargs: Any) -> Any:
            begun = time.perf_counter()
            try:
                return call(*args, **kwargs)
            finally:
                spent[name] += time.perf_counter() - begun

        return run

    def unclocked(path: Path, arrays: Any) -> None:
        begun = time.perf_counter()
        plain_write(path, arrays)
        spent["records"] -= time.perf_counter() - begun  # the result itself is no overhead

    plain_write, plain_known = blocks.write_block, TileWork._known.func
    known = cached_property(clocked("keys", plain_known))
    known.__set_name__(TileWork, "_known")
    with (
        patch.object(TileWork, "_known", known),
        patch.object(Ledger, "state", clocked("states", Ledger.state)),
        patch.object(Ledger, "record", clocked("records", Ledger.record)),
        patch.object(blocks, "write_block", unclocked),
        patch.object(building, "_parts", clocked("receipts", building._parts)),
    ):
        yield spent


if __name__ == "__main__":
    main()
