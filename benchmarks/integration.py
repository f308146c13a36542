"""Integration beside what a user would pick instead, in one run, one thread each.

    .venv/bin/python benchmarks/integration.py [SIDE]

SIDE is the side of the map in pixels (default 2048; 4096 needs 8 GB). Ten modules claim for ten years: one region
module claims everywhere, nine themes claim in patches on 0.5 to 12 % of the map; from one year to the next about 1 %
of the pixels change, at the edges of patches. Forty rules, each about one or two classes of a module, some of them in
one biome only. A second row takes the years in an order that leaves nothing as it was the year before.

Ours writes class, rule, module and number of conflicts. "numpy.select, all layers" writes the same four, in the
fastest of the ways tried. Every other peer writes one layer: numpy.select and where of xarray with dask give the
class only. The time of all of them includes the conditions; what they write is compared with ours. numpy works block by
block, which is faster than on the whole map. rasterio.merge knows no rules: it reads ten rasters out of memory and lays
them over each other, so it does less; it runs on two of the years.
"""

from __future__ import annotations

import sys
import time
import tracemalloc
from collections.abc import Callable, Iterator, Sequence
from functools import partial

import dask
import numpy as np
import rasterio
import xarray as xr
from rasterio.io import MemoryFile
from rasterio.merge import merge
from rich.console import Console
from rich.table import Table
from scipy.ndimage import gaussian_filter

from mutirao.integration.compile import Integrated, Program, compile_rules, integrate
from mutirao.integration.resolve import Allowed, Outcome, ResolvedRule

YEARS = 10
SHARES = (0.005, 0.005, 0.01, 0.01, 0.02, 0.03, 0.05, 0.08, 0.12)
MODULES = (*(f"theme{number}" for number in range(len(SHARES))), "region")
REGION = (3, 4, 11, 12, 15, 21, 25, 29, 33)
BIOMES = (1, 2, 3)
LAYERS = ("classes", "rule", "source", "conflicts")
BLOCK = 128
"""Rows of a block of numpy: the fastest of 16, 64, 128, 512 and the whole map when this was written."""

Scope = tuple[str, frozenset[int], int | None]
"""Module, classes and biome of a rule."""


def main(side: int) -> None:
    """Print the tables."""
    claims, biome = network(side)
    shuffled = np.ascontiguousarray(claims[:, [0, 5, 1, 6, 2, 7, 3, 8, 4, 9]][:, :, :, ::-1])
    shuffled[:, 1::2] = shuffled[:, 1::2, ::-1]
    compare("years mostly unchanged", claims, biome)
    compare("years unlike each other", shuffled, biome)
    programs = [compile_scopes(scopes(number)) for number in (10, 67)]
    seconds = best([partial(integrate, program, claims, biome) for program in programs])
    extra = memory(compile_scopes(scopes(40)), claims, biome) / 2**20
    Console().print(f"67 rules take {seconds[1] / seconds[0]:.2f} times as long as 10 rules ({seconds[0]:.2f} s)")
    Console().print(f"memory beyond inputs and outputs: {extra:.1f} MB")


def compare(title: str, claims: np.ndarray, biome: np.ndarray) -> None:
    """Print our rate and those of the peers on the same claims."""
    rules, pixels = scopes(40), claims[0].size
    program = compile_scopes(rules)
    whole = integrate(program, claims, biome)
    assert (whole.classes == by_select(rules, claims, biome)).all()
    assert (whole.classes == by_xarray(rules, claims, biome)).all()
    made = layers_by_select(rules, claims, biome)
    assert all((getattr(whole, field) == getattr(made, field)).all() for field in LAYERS)
    files = [[raster(plane) for plane in claims[:, t]] for t in range(2)]
    runs: dict[str, tuple[int, Callable[[], object]]] = {
        "mutirao": (pixels, lambda: integrate(program, claims, biome)),
        "numpy.select": (pixels, lambda: by_select(rules, claims, biome)),
        "numpy.select, all layers": (pixels, lambda: layers_by_select(rules, claims, biome)),
        "xarray + dask": (pixels, lambda: by_xarray(rules, claims, biome)),
        "rasterio.merge": (pixels * 2 // YEARS, lambda: [merge(year, method="first") for year in files]),
    }
    seconds = best([run for _, run in runs.values()])
    rates = {name: size / s / 1e6 for (name, (size, _)), s in zip(runs.items(), seconds, strict=True)}
    table = Table(title, "Mpx/s", "ours / peer", box=None)
    for name, rate in rates.items():
        table.add_row(name, f"{rate:.1f}", f"{rates['mutirao'] / rate:.1f}")
    Console().print(table)


def best(runs: Sequence[Callable[[], object]]) -> list[float]:
    """Return the shortest time of each in seconds of one thread, out of three.

    All were compiled before; they take turns, so that what else the machine does meets them alike.
    """
    times = [[timed(run) for run in runs] for _ in range(3)]
    return [min(times_of_run) for times_of_run in zip(*times, strict=True)]


def timed(run: Callable[[], object]) -> float:
    """Return the seconds of this thread that a run takes."""
    started = time.thread_time()
    run()
    return time.thread_time() - started


def memory(program: Program, claims: np.ndarray, biome: np.ndarray) -> int:
    """Return the largest number of bytes that integration holds beyond its inputs and its result."""
    tracemalloc.start()
    made = integrate(program, claims, biome)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    return peak - size_of(made)


def size_of(made: Integrated) -> int:
    """Return the bytes of a result."""
    return sum(getattr(made, field).nbytes for field in LAYERS)


def network(side: int) -> tuple[np.ndarray, np.ndarray]:
    """Return claims (module, year, y, x) and biome (1, y, x)."""
    random = np.random.default_rng(8)
    claims = np.zeros((len(MODULES), YEARS, side, side), np.uint8)
    for number, share in enumerate(SHARES):
        height, kind = smooth(random, side, 8), blobs(random, side, theme_codes(number))
        for t in range(YEARS):  # a theme grows by a tenth in ten years
            claims[number, t] = np.where(height > np.quantile(height, 1 - share * (1 + t / 100)), kind, 0)
    old, new, when = blobs(random, side, REGION), blobs(random, side, REGION), smooth(random, side, 6)
    for t in range(YEARS):
        claims[-1, t] = np.where(when > np.quantile(when, 1 - 0.01 * t), new, old)
    return claims, blobs(random, side, BIOMES, side / 8)[np.newaxis]


def smooth(random: np.random.Generator, side: int, pixels: float) -> np.ndarray:
    """Return hills of a given size."""
    return gaussian_filter(random.standard_normal((side, side), np.float32), pixels)


def blobs(random: np.random.Generator, side: int, codes: tuple[int, ...], pixels: float = 8) -> np.ndarray:
    """Return a map of patches: of smooth hills, one for each code, the highest."""
    highest, best_code = smooth(random, side, pixels), np.full((side, side), codes[0], np.uint8)
    for code in codes[1:]:
        height = smooth(random, side, pixels)
        best_code[height > highest] = code
        highest = np.maximum(height, highest)
    return best_code


def theme_codes(number: int) -> tuple[int, ...]:
    """Return the four classes of a theme."""
    return tuple(range(40 + 4 * number, 44 + 4 * number))


def scopes(count: int) -> list[Scope]:
    """Return 10, 40 or 67 rules over the same claims."""
    themes = {name: theme_codes(number) for number, name in enumerate(MODULES[:-1])}
    if count == 10:
        return [(name, frozenset(codes), None) for name, codes in {**themes, "region": REGION}.items()]
    kinds = [(name, frozenset({code}), None) for name, codes in themes.items() for code in codes]
    if count == 40:
        pairs = [(name, frozenset(codes[2:]), None) for name, codes in themes.items()]
        kinds = [kind for kind in kinds if max(kind[1]) % 4 < 2] + pairs
    base: list[Scope] = [("region", frozenset({code}), None) for code in REGION]
    local: list[Scope] = [("region", frozenset({code}), biome) for biome in BIOMES for code in REGION]
    return [*kinds, *local[: count - len(kinds) - len(base)], *base]


def compile_scopes(rules: list[Scope]) -> Program:
    """Compile rules of the benchmark."""

    def rule(number: int, module: str, codes: frozenset[int], biome: int | None) -> ResolvedRule:
        where: Allowed = () if biome is None else (("biome", frozenset({biome})),)
        return ResolvedRule(number, f"r{number}", ((module, codes),), where, None, (), Outcome(module))

    resolved = [rule(number, *scope) for number, scope in enumerate(rules, start=1)]
    return compile_rules(resolved, MODULES, ("biome",), range(YEARS))


def conditions(rules: list[Scope], claims, biome) -> Iterator[tuple]:
    """Yield for each rule where it holds and what it gives, by numpy or xarray."""
    for module, codes, place in rules:
        claim = claims[MODULES.index(module)]
        held = claim == min(codes) if len(codes) == 1 else (claim >= min(codes)) & (claim <= max(codes))
        yield (held if place is None else held & (biome == place)), claim


def by_select(rules: list[Scope], claims: np.ndarray, biome: np.ndarray) -> np.ndarray:
    """Integrate with numpy.select, block by block."""
    out = np.empty(claims.shape[1:], np.uint8)
    for t in range(YEARS):
        for row in range(0, claims.shape[2], BLOCK):
            rows = slice(row, row + BLOCK)
            held, given = zip(*conditions(rules, claims[:, t, rows], biome[0, rows]), strict=True)
            out[t, rows] = np.select(held, given, np.uint8(0))
    return out


def layers_by_select(rules: list[Scope], claims: np.ndarray, biome: np.ndarray) -> Integrated:
    """Integrate with numpy.select, block by block: select the rule, and take module and class from there."""
    numbers = np.arange(1, len(rules) + 1, dtype=np.uint16)
    module_of = np.array([0, *(1 + MODULES.index(module) for module, _, _ in rules)], np.uint8)
    dtypes = (np.uint8, np.uint16, np.uint8, np.uint8)
    out = Integrated(*(np.empty(claims.shape[1:], dtype) for dtype in dtypes))
    for t in range(YEARS):
        for row in range(0, claims.shape[2], BLOCK):
            rows = slice(row, row + BLOCK)
            here = claims[:, t, rows]
            rule = np.select([held for held, _ in conditions(rules, here, biome[0, rows])], list(numbers), np.uint16(0))
            source = module_of[rule]
            module = np.maximum(source, 1).astype(np.intp) - 1
            classes = np.where(source, np.take_along_axis(here, module[np.newaxis], axis=0)[0], np.uint8(0))
            out.classes[t, rows], out.rule[t, rows], out.source[t, rows] = classes, rule, source
            out.conflicts[t, rows] = sum(((claim != 0) & (claim != classes)).view(np.uint8) for claim in here)
    return out


def by_xarray(rules: list[Scope], claims: np.ndarray, biome: np.ndarray) -> np.ndarray:
    """Integrate with xarray.where over dask chunks of 1024 x 1024 pixels, lowest rule first."""
    chunks = {"year": 1, "y": 1024, "x": 1024}
    modules = [xr.DataArray(claim, dims=("year", "y", "x")).chunk(chunks) for claim in claims]
    place = xr.DataArray(biome[0], dims=("y", "x")).chunk({"y": 1024, "x": 1024})
    out = xr.zeros_like(modules[0])
    for held, given in reversed(list(conditions(rules, modules, place))):
        out = xr.where(held, given, out)
    with dask.config.set(scheduler="synchronous"):
        return out.transpose("year", "y", "x").to_numpy()


def raster(plane: np.ndarray) -> rasterio.DatasetReader:
    """Return a plane as an open raster in memory, tiled, not compressed, with nodata 0."""
    height, width = plane.shape
    form = {"driver": "GTiff", "dtype": "uint8", "count": 1, "nodata": 0, "tiled": True}
    place = {"height": height, "width": width, "transform": rasterio.Affine(30, 0, 0, 0, -30, 30 * height)}
    memory_file = MemoryFile()
    with memory_file.open(**form, **place, crs="EPSG:3857") as dataset:
        dataset.write(plane, 1)
    return memory_file.open()


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 2048)
