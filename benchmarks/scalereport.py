"""Tables of docs/scale.md, in Markdown, from what `country.py --json` and `endtoend.py --json` wrote."""

from __future__ import annotations

import io
from collections.abc import Iterable, Mapping, Sequence
from contextlib import redirect_stdout
from pathlib import Path
from typing import Any

import numpy as np

Run = Mapping[str, Any]
PHASES = {
    "read": "decode claims",
    "integrate": "rules",
    "chain": "chain of six steps",
    "tally": "sums and digests of tiles",
    "write": "encode and write tiles",
    "sums": "areas and tables at the end",
}
ENDS = {"stored": "build", "product": "with COGs"}
"""Where `endtoend` stops the clock."""
TIMES = ("wall s", "CPU s", "x")
PER_INPUT = ("read", "integrate", "tally")
"""Phases whose time is taken to grow with the number of inputs; the others' with pixels and years alone."""
PIXELS, YEARS, INPUTS, CORES = 9.5e9, 41, 16, 32
EFFICIENCY = 0.8
"""Share of its cores' time that a machine of 32 cores is taken to put to use; not measured."""
BEGIN, END = "<!-- begin: benchmarks/country.py --report -->", "<!-- end -->"


def print_report(documents: Iterable[Any]) -> None:
    """Print the tables of all documents, and what the largest build means for Brazil."""
    found = list(documents)
    series = [document for document in found if isinstance(document, list)]
    beside = [document for document in found if isinstance(document, dict)]
    for runs in series:
        print_builds(runs)
    for document in beside:
        print_ways(document)
    if series:
        largest = max((run for runs in series for run in runs), key=lambda run: run["pixel_years"])
        print_brazil(largest, _product_rate(beside, largest))


def write_report(documents: Iterable[Any], page: Path) -> None:
    """Replace the tables between the marks of a page."""
    with redirect_stdout(io.StringIO()) as said:
        print_report(documents)
    before, _, rest = page.read_text(encoding="utf-8").partition(BEGIN)
    after = rest.partition(END)[2]
    page.write_text(f"{before}{BEGIN}\n\n{said.getvalue().strip()}\n\n{END}{after}", encoding="utf-8")


def print_builds(runs: Sequence[Run]) -> None:
    """Print size, time, memory and disk of builds, and how they grow if there are several."""
    _row(
        "map",
        "Gpx-years",
        "of inputs",
        "wall s",
        "CPU s",
        "M px-years/s",
        "peak GiB",
        "generated in s",
        "disk MB",
        "load",
    )
    _row(*["---"] * 10)
    for run in runs:
        size, made = run["pixel_years"], run["build"]
        country = run["country"]
        _row(
            f"{country['side']}² x {country['years']}, {run['modules']} modules, tiles of {country['tile']}",
            f"{size / 1e9:.2f}",
            f"{size * run['modules'] / 1e9:.1f}",
            f"{made['wall']:.0f}",
            f"{made['cpu']:.0f}",
            f"{size / made['wall'] / 1e6:.1f}",
            f"{made['peak_bytes'] / 2**30:.2f}",
            f"{run['generated_seconds']:.0f}",
            " + ".join(f"{run['disk'][name] / 1e6:.0f}" for name in ("submissions", "builds")),
            f"{run['machine']['load']:.1f}",
        )
    print(f"\nOn {_machine(runs[-1])}; load is that of the minute before the build.\n")
    _row("phase", *(f"{run['country']['side']}²: wall s of {run['threads']} threads, CPU s" for run in runs))
    _row(*["---"] * (len(runs) + 1))
    for phase, words in PHASES.items():
        spent = [run["build"]["phases"][phase] for run in runs]
        _row(words, *(f"{one['wall']:.1f}, {one['cpu']:.1f}" for one in spent))
    if len(runs) > 1:
        print(f"\n{_fit(runs)}")
    print()


def _fit(runs: Sequence[Run]) -> str:
    """Tell how time and memory grow: as a straight line, and as exponents, of which 1 is linear and 0 is flat."""
    area = np.log([run["pixel_years"] for run in runs])

    def exponent(values: Sequence[float]) -> float:
        return float(np.polyfit(area, np.log(values), 1)[0])

    wall, cpu, peak = (exponent([run["build"][name] for run in runs]) for name in ("wall", "cpu", "peak_bytes"))
    grown = runs[-1]["build"]["peak_bytes"] / runs[0]["build"]["peak_bytes"]
    times = runs[-1]["pixel_years"] / runs[0]["pixel_years"]
    sizes, seconds = ([run["pixel_years"] / 1e9 for run in runs], [run["build"]["cpu"] for run in runs])
    slope, fixed = np.polyfit(sizes, seconds, 1)
    most = max(abs(fixed + slope * x - y) / y for x, y in zip(sizes, seconds, strict=True))
    return (
        f"CPU time is {max(fixed, 0):.1f} s and {slope:.0f} s for each gigapixel-year, to within {most:.0%}. As a "
        f"power of the area, wall time grows by {wall:.2f}, CPU time by {cpu:.2f}, memory by {peak:.2f}: {times:.1f} "
        f"times the area takes {grown:.2f} times the memory."
    )


def print_ways(document: Run) -> None:
    """Print ours beside the peers: wall time, CPU time and wall time beside the best of ours, for both ends."""
    runs = document["runs"]
    best = {end: min(run[end]["wall"] for run in runs if run["way"] == "ours") for end in ENDS}
    _row("way", "cores", *(f"{words}: {name}" for words in ENDS.values() for name in TIMES), "peak GiB", "load")
    _row(*["---"] * (4 + len(ENDS) * len(TIMES)))
    for run in runs:
        spent = ((run[end]["wall"], run[end]["cpu"], run[end]["wall"] / best[end]) for end in ENDS)
        times = (f"{value:.1f}" for values in spent for value in values)
        _row(run["way"], str(run["threads"]), *times, f"{run['peak_bytes'] / 2**30:.2f}", f"{run['load']:.1f}")
    best_of = f", the best of {document['best_of']} rounds" if document["best_of"] > 1 else ""
    size = f"{document['years']} years of {document['side']}² pixels in tiles of {document['tile']}"
    print(f"\n{size}{best_of}; the pixels of all ways are equal.")
    for line in told(runs):
        print(line)
    print()


def told(runs: Sequence[Run]) -> Iterable[str]:
    """Yield what a second worker brings and what the ledger costs, in words."""
    for way in ("ours", "ours, processes"):
        one, two = ([run for run in runs if run["way"] == way and run["threads"] == n] for n in (1, 2))
        if one and two:
            stored, product = (one[0][end]["wall"] / two[0][end]["wall"] for end in ENDS)
            yield f"{way}: two workers build {stored:.2f} times as fast as one, and {product:.2f} times with COGs."
    for run in runs:
        if run["way"] == "ours" and run["threads"] == 1:
            costs = ", ".join(f"{name} {seconds:.2f} s" for name, seconds in run["ledger"].items())
            share = sum(run["ledger"].values()) / run["stored"]["wall"]
            yield f"Ledger: {share:.1%} of a build of {run['stored']['wall']:.1f} s in one thread ({costs})."


def _product_rate(beside: Sequence[Run], largest: Run) -> float | None:
    """Return CPU seconds a pixel and year that the product's COGs take: of a release, or of the four layers alone."""
    if "release" in largest:
        return float(largest["release"]["cpu"] / largest["pixel_years"])
    for document in beside:
        for run in document["runs"]:
            if run["way"] == "ours" and run["threads"] == 1:
                return float(run["product_cpu"] / (document["side"] ** 2 * document["years"]))
    return None


def print_brazil(run: Run, product: float | None) -> None:
    """Print what a measured build means for Brazil, with the arithmetic and every assumption."""
    size = PIXELS * YEARS
    more = INPUTS / run["modules"]
    print(
        f"Brazil: {PIXELS / 1e9:.1f} Gpx x {YEARS} years = {size / 1e9:.1f} Gpx-years, {INPUTS} inputs, {CORES} cores\n"
    )
    _row(
        "phase",
        "ns a px-year, measured",
        f"x {INPUTS}/{run['modules']} inputs",
        "core-hours",
        f"minutes on {CORES} cores",
    )
    _row(*["---"] * 5)
    rates = [
        (words, run["build"]["phases"][phase]["cpu"] / run["pixel_years"], more if phase in PER_INPUT else 1.0)
        for phase, words in PHASES.items()
    ]
    known = sum(rate for _, rate, _ in rates)
    rates.append(
        ("all else: reading configurations, keys, scheduling", run["build"]["cpu"] / run["pixel_years"] - known, 1.0)
    )
    if product is not None:
        rates.append(("COGs of the product", product, 1.0))
    total = sum(rate * factor for _, rate, factor in rates) * size
    for words, rate, factor in (*rates, ("**together**", total / size, 1.0)):
        seconds = rate * factor * size
        minutes = seconds / CORES / EFFICIENCY / 60
        _row(words, f"{rate * 1e9:.1f}", f"{rate * factor * 1e9:.1f}", f"{seconds / 3600:.2f}", f"{minutes:.1f}")
    print()
    for line in _assumptions(run, more):
        print(f"- {line}")


def _assumptions(run: Run, more: float) -> Iterable[str]:
    size, country = PIXELS * YEARS, run["country"]
    disk = {name: run["disk"][name] / run["pixel_years"] for name in ("submissions", "builds")}
    worker = run["build"]["peak_bytes"] / run["threads"] * more * YEARS / country["years"]
    yield f"minutes = core-seconds / {CORES} / {EFFICIENCY} / 60: {CORES} cores that work {EFFICIENCY:.0%} of the time"
    yield "core-seconds are CPU time of this machine's cores; the others are taken to be as fast, storage to keep up"
    yield f"decoding, rules and sums grow with the inputs, {INPUTS}/{run['modules']}; the rest does not"
    yield f"tiles of {country['tile']} pixels with the same margin, land as patchy and as steady as the made one"
    yield "what a build does at its end is spread over all cores, as over the two here, and all of it taken to grow"
    yield (
        f"memory: {CORES} workers x {worker / 2**30:.1f} GiB (peak here, shared by {run['threads']} threads, scaled to "
        f"{INPUTS} inputs and {YEARS} years) = {CORES * worker / 2**30:.0f} GiB"
    )
    yield (
        f"disk: {disk['submissions'] * size / 1e9:.0f} GB of submissions without overviews, more with more inputs, and "
        f"{disk['builds'] * size / 1e9:.0f} GB of tiles ({disk['builds'] * 8:.2f} bit a px-year)"
    )


def _machine(run: Run) -> str:
    machine = run["machine"]
    software = ", ".join(f"{name} {version}" for name, version in sorted(machine["software"].items()))
    return f"{machine['cores']} cores of {machine['cpu']}, {machine['day']}; {software}"


def _row(*cells: str) -> None:
    print(f"| {' | '.join(cells)} |")
