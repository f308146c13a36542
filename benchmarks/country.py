"""A made country of any size, built by the real engine: how long, how much memory, and what that means for Brazil.

    .venv/bin/python benchmarks/country.py --side 8192 --years 24 --json country.json
    .venv/bin/python benchmarks/country.py --series --side 2048 --years 24 --json series.json
    .venv/bin/python benchmarks/country.py --report series.json country.json endtoend.json --into docs/scale.md

Region modules map territories of their own and a margin beyond their borders, theme modules claim little; there are
holes, seams, two layers, two levels of territories, 22 rules and a chain of six steps. `landscape` tells what
the land looks like, `countryfiles` what is written. The build is that of `mutirao build`, from nothing, in a process of
its own, since peak memory is that of a process; the process compiles on a country of one tile before. With `--release`
the build is released, too.

`--series` builds areas of 1, 2 and 4 times `--side` squared, and fits how time and memory grow. `--report` prints what
`--json` wrote, here and in `endtoend`, as the tables of docs/scale.md, with the extrapolation to Brazil and its
arithmetic; `--into` puts them in that page.
"""

from __future__ import annotations

import argparse
import json
import math
import os
import platform
import resource
import shutil
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

from countryfiles import ID, Country, make_project, submit_directly
from scalereport import print_report, write_report

from mutirao.engine import stopwatch
from mutirao.engine.build import build
from mutirao.engine.progress import Silent
from mutirao.engine.runlog import RunLog
from mutirao.io.software import software_versions
from mutirao.io.storage import write_json
from mutirao.project import Project
from mutirao.release.publish import publish

RSS_UNIT = 1 if sys.platform == "darwin" else 1024


def main(arguments: Sequence[str] | None = None) -> None:
    """Generate, build and print, as the command line says."""
    options = _parser().parse_args(arguments)
    if options.child:
        print(json.dumps(_measured(Project(options.child, options.child / "workspace"), options)))
    elif options.report:
        documents = [json.loads(path.read_text()) for path in options.report]
        write_report(documents, options.into) if options.into else print_report(documents)
    else:
        runs = [_run(country, options) for country in _countries(options)]
        if options.json:
            write_json(options.json, runs)
        print_report([runs])


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    numbers = {"side": 2048, "years": 24, "regions": 4, "themes": 6, "tile": 1024, "seed": 1}
    for name, value in numbers.items():
        parser.add_argument(f"--{name}", type=int, default=value, help=f"default: {value}")
    parser.add_argument(
        "--threads", type=int, default=os.cpu_count(), help="of generator and build; default: all cores"
    )
    parser.add_argument("--workspace", type=Path, help="where the country is made; default: a temporary folder")
    parser.add_argument("--keep", action="store_true", help="leave the country's files there")
    parser.add_argument("--release", action="store_true", help="release the build, too")
    parser.add_argument("--series", action="store_true", help="areas of 1, 2 and 4 times side x side")
    parser.add_argument("--json", type=Path, help="write what was measured")
    parser.add_argument("--report", type=Path, nargs="+", help="print what --json wrote as tables, and do nothing else")
    parser.add_argument("--into", type=Path, help="with --report: replace the tables of this page, docs/scale.md")
    parser.add_argument("--child", type=Path, help=argparse.SUPPRESS)
    return parser


def _countries(options: argparse.Namespace) -> Iterator[Country]:
    """Yield the countries to make; sides are whole tiles where the first one is."""
    country = Country(options.side, options.years, options.regions, options.themes, options.tile, options.seed)
    for times in (1, 2, 4) if options.series else (1,):
        yield replace(country, side=round(options.side * math.sqrt(times)))


def _run(country: Country, options: argparse.Namespace) -> dict[str, Any]:
    """Generate a country and build it in another process; return what was measured."""
    with _folder(options) as root:
        begun = time.perf_counter()
        project = make_project(country, root)
        submit_directly(country, project, options.threads)
        generated = time.perf_counter() - begun
        command = [sys.executable, __file__, "--child", str(root), "--threads", str(options.threads)]
        load = os.getloadavg()[0]
        ran = subprocess.run(command + ["--release"] * options.release, check=True, capture_output=True, text=True)
        measured = json.loads(ran.stdout.splitlines()[-1])
        disk = {name: _size(project.workspace / name) for name in ("submissions", "builds", "releases")}
    facts = {"pixel_years": country.pixel_years, "modules": len(country.modules), "generated_seconds": generated}
    return {"country": asdict(country), **facts, "disk": disk, "machine": _machine(load), **measured}


@contextmanager
def _folder(options: argparse.Namespace) -> Iterator[Path]:
    if options.workspace:
        options.workspace.mkdir(parents=True, exist_ok=True)
    root = Path(tempfile.mkdtemp(prefix="country-", dir=options.workspace))
    try:
        yield root
    finally:
        if not options.keep:
            shutil.rmtree(root)


def _measured(project: Project, options: argparse.Namespace) -> dict[str, Any]:
    """Build in this process, and release if asked; return seconds by phase, and peak memory."""
    _compile(options.threads)
    with watched() as phases:
        wall, cpu = time.perf_counter(), time.process_time()
        made = build(project, ID, Silent(), workers=options.threads)
        whole = {"wall": time.perf_counter() - wall, "cpu": time.process_time() - cpu}
    measured = {"threads": options.threads, "build": {**whole, "phases": phases, "peak_bytes": _peak()}}
    if options.release:
        wall, cpu = time.perf_counter(), time.process_time()
        publish(project, made, "1.0.0", Silent())
        whole = {"wall": time.perf_counter() - wall, "cpu": time.process_time() - cpu}
        measured["release"] = {**whole, "peak_bytes": _peak()}
    return measured


def _compile(threads: int) -> None:
    """Build a small country, so that compiling is not measured."""
    with tempfile.TemporaryDirectory() as folder:
        small = Country(side=128, years=5, tile=64)
        project = make_project(small, Path(folder) / "small")
        submit_directly(small, project, threads)
        build(project, ID, Silent(), workers=threads)


def _peak() -> int:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * RSS_UNIT


@contextmanager
def watched() -> Iterator[dict[str, dict[str, float]]]:
    """Collect what the stopwatches of all tasks say: seconds by phase, wall of all threads together and CPU.

    `sums` is what a build does after its last tile, in the wall time of the build.
    """
    watches: list[stopwatch.Stopwatch] = []
    phases: dict[str, dict[str, float]] = {}
    plain, plain_part = stopwatch.Stopwatch, RunLog.part

    def kept(run: str) -> stopwatch.Stopwatch:
        watches.append(plain(run))
        return watches[-1]

    @contextmanager
    def part(log: RunLog, name: str) -> Iterator[None]:
        wall, cpu = time.perf_counter(), time.process_time()
        with plain_part(log, name):
            yield
        phases[name] = {"wall": time.perf_counter() - wall, "cpu": time.process_time() - cpu}

    stopwatch.Stopwatch, RunLog.part = kept, part
    try:
        yield phases
    finally:
        stopwatch.Stopwatch, RunLog.part = plain, plain_part
    wall, cpu = Counter[str](), Counter[str]()
    for watch in watches:
        wall.update(watch.seconds)
        cpu.update(watch.cpu_seconds)
    phases.update({name: {"wall": wall[name], "cpu": cpu[name]} for name in wall})


def _size(folder: Path) -> int:
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())


def _machine(load: float) -> dict[str, Any]:
    """Return what a reader must know to judge a number; the load is that of the minute before the build."""
    cpus = Path("/proc/cpuinfo")
    named = [line.partition(":")[2].strip() for line in cpus.read_text().splitlines() if line.startswith("model name")]
    software = software_versions()
    return {
        "cpu": named[0] if named else platform.processor(),
        "cores": os.cpu_count(),
        "load": load,
        "software": {"python": platform.python_version(), **software},
        "day": time.strftime("%Y-%m-%d"),
    }


if __name__ == "__main__":
    main()
