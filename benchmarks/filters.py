"""Filters beside what a user would pick instead, in one run, one thread each, in CPU time of that thread.

    .venv/bin/python benchmarks/filters.py [SIDE]

SIDE is the side of the map in pixels (default 2048; 4096 needs 6 GB). Two stacks are filtered: a made one of 39 years
and 17 classes, two of which hold a third of the map each, in which 70 % of the pixels never change and the rest change
for good, for one to three years, or to and fro, in runs of 8 pixels; and, where it is at hand, the clip of MapBiomas
Brazil, Collection 8, of 38 years, tiled to the same side.

A step in place changes a block and tells nothing; a chain reads one block and writes two others, the classes and the
step that changed each year last. The copy is that of the stack in strips of as many pixels as a chain works on at a
time. numpy works in blocks that fit the cache; its results are compared with ours. The sieve of GDAL gives patches to
their largest neighbour, so there only the time is compared.
"""

from __future__ import annotations

import sys
import time
import tracemalloc
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path

import numpy as np
import rasterio
from rasterio.features import sieve
from rich.console import Console
from rich.table import Table

from mutirao.filters.apply import apply_chain, ready, run_step
from mutirao.filters.chain import Chain
from mutirao.filters.step import Ground, ReadyStep
from mutirao.legend import Legend

CODES = (3, 15, 4, 9, 11, 12, 18, 20, 21, 24, 25, 29, 33, 36, 39, 41, 46)
YEARS = 39
BLOCK = 8192
"""Pixels of a block of numpy: the fastest of 1024, 4096, 8192, 16384 and 65536 when this was written."""
STRIP = 4160
CLIP = Path(__file__).resolve().parents[2] / "shared" / "data" / "mapbiomas-c8-sul-goiano"
NATIVE, THRESHOLDS, TOTAL = (3, 4, 11, 12), {3: 0.7, 11: 0.6, 4: 0.4, 12: 0.5}, 0.9
SILVICULTURE = {
    "2111113": "2333333",
    "2211113": "2233333",
    "2221113": "2223333",
    "2222113": "2222333",
    "2222213": "2222233",
    "3331112": "3333332",
    "3333112": "3333332",
    "3331122": "3333222",
    "3333223": "3333333",
    "3332233": "3333333",
    "3322333": "3333333",
    "3222233": "3333333",
}
"""Before and after of the twelve windows of Collection 11: natural 1, farming 2, silviculture 3."""
LEGEND = Legend.model_validate(
    {
        "id": "benchmark",
        "version": "1",
        "title": "the classes of the made stack",
        "classes": [{"code": code, "name": {"en": f"class {code}"}, "color": "#1f8d49"} for code in CODES],
        "groups": {"natural": [3, 4, 11, 12], "farming": [15, 18, 20, 21, 36, 39, 41, 46]},
    }
)


def main(side: int) -> None:
    """Print a table for each stack."""
    compare(f"made, {YEARS} years x {side} x {side}", made(side))
    if CLIP.exists():
        stack, times = clip(side)
        compare(f"MapBiomas clip, {len(stack)} years, tiled {times} times to {side} x {side}", stack)


def compare(title: str, stack: np.ndarray) -> None:
    """Print what each filter takes, and its ratio to its peer."""
    table = Table(title, "ns a pixel and year", "as fast as", "times", box=None)
    out, touched = np.zeros_like(stack), np.zeros_like(stack)

    def row(name: str, seconds: float, *peers: tuple[str, float], size: int = stack.size) -> None:
        for i, (peer, other) in enumerate(peers or (("", 0.0),)):
            ours = (name, f"{seconds / size * 1e9:.2f}") if i == 0 else ("", "")
            table.add_row(*ours, peer, f"{other / seconds:.2f}" if peer else "")

    def in_place(step: ReadyStep) -> float:
        return best(lambda: run_step(step, out, Ground()), lambda: np.copyto(out, stack))

    steps = {name: chain(step)[0] for name, step in singles().items()}
    copied = best(partial(copy_strips, stack, out))
    window = in_place(steps["window of 3"])
    numpy_window = best(partial(by_blocks, window_by_numpy, stack, out))
    check(steps["window of 3"], stack, out, touched)
    row("copy in strips", copied)
    row("window of 3, in place", window, ("copy", copied), ("numpy", numpy_window))
    told = best(lambda: apply_chain([steps["window of 3"]], stack, out=out, touched=touched))
    row("window of 3, as a chain", told, ("copy", copied), ("numpy", numpy_window))
    for name in ("window of 4", "window of 5", "12 patterns of 7"):
        row(name, in_place(steps[name]), ("window of 3", window))
    numpy_frequency = best(partial(by_blocks, frequency_by_numpy, stack, out))
    check(steps["frequency"], stack, out, touched)
    row("frequency", in_place(steps["frequency"]), ("numpy", numpy_frequency))
    few = np.ascontiguousarray(stack[::13])
    sieved = best(lambda: [sieve(year, 11, connectivity=8) for year in few])
    block = few.copy()
    patches = best(lambda: run_step(steps["patches < 11"], block, Ground()), lambda: np.copyto(block, few))
    row("patches < 11 pixels", patches, ("sieve of GDAL", sieved), size=few.size)
    eight = chain(*EIGHT)
    fused = best(lambda: apply_chain(eight, stack, out=out, touched=touched))
    row("chain of eight, fused", fused, ("its steps one by one", one_by_one(eight, stack, out, touched)))
    Console().print(table)
    share = memory(lambda: apply_chain(eight, stack, out=out, touched=touched)) / stack.nbytes
    Console().print(f"memory of the fused chain beyond its results: {share:.3f} of the block\n")


def best(run: Callable[[], object], prepare: Callable[[], object] = lambda: None) -> float:
    """Return the shortest of four runs in seconds of this thread, after one that compiles; preparing is not timed."""
    times = []
    for _ in range(5):
        prepare()
        started = time.thread_time()
        run()
        times.append(time.thread_time() - started)
    return min(times[1:])


def memory(run: Callable[[], object]) -> int:
    """Return the largest number of bytes held at a time that were not held before."""
    tracemalloc.start()
    run()
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    return peak


def one_by_one(steps: Sequence[ReadyStep], stack: np.ndarray, out: np.ndarray, touched: np.ndarray) -> float:
    """Return the seconds that steps take as chains of their own, each on the result of the one before."""
    now, seconds = stack.copy(), 0.0
    for step in steps:
        seconds += best(partial(apply_chain, [step], now, out=out, touched=touched))
        np.copyto(now, out)
    return seconds


def check(step: ReadyStep, stack: np.ndarray, expected: np.ndarray, touched: np.ndarray) -> None:
    """Compare a step with what numpy made."""
    assert (apply_chain([step], stack, touched=touched)[0] == expected).all()


def singles() -> dict[str, dict]:
    """Return the steps that are timed on their own."""
    words = {"1": "natural", "2": "farming", "3": "9"}
    rewrites = [
        f"{' '.join(words[digit] for digit in before)} -> {' '.join('9' if digit == '3' else '_' for digit in after)}"
        for before, after in SILVICULTURE.items()
    ]
    windows = {f"window of {n}": {"filter": "window", "width": n, "classes": CODES} for n in (3, 4, 5)}
    return {
        **windows,
        "12 patterns of 7": {"filter": "pattern", "rewrites": rewrites, "reads": "running"},
        "frequency": {"filter": "frequency", "group": NATIVE, "total": TOTAL, "thresholds": THRESHOLDS},
        "patches < 11": {"filter": "patches", "min_pixels": 11},
    }


EIGHT = (
    {"filter": "gap_fill"},
    *(singles()[f"window of {width}"] for width in (5, 4, 3)),
    {"filter": "isolated", "classes": [3, 4, 12, 15]},
    singles()["12 patterns of 7"],
    {"filter": "endpoints", "first": [3, 4, 21]},
    singles()["frequency"],
)


def chain(*steps: dict) -> tuple[ReadyStep, ...]:
    """Look up steps."""
    parsed = Chain.model_validate({"id": "benchmark", "title": "benchmark", "steps": steps})
    return ready(parsed, LEGEND, lambda *place: str(place))


def made(side: int) -> np.ndarray:
    """Return (year, y, x) classes."""
    random = np.random.default_rng(8)
    shape, share = (side, side // 8), [1 / 3, 1 / 3] + [1 / 45] * 15
    old, new = (random.choice(np.array(CODES, np.uint8), shape, p=share) for _ in range(2))
    kind = random.choice(["never", "for good", "for a while", "to and fro"], shape, p=[0.61, 0.15, 0.22, 0.02])
    since, years = random.integers(1, YEARS - 1, shape), random.choice([1, 2, 3], shape, p=[0.6, 0.25, 0.15])
    stack = np.empty((YEARS, side, side // 8 * 8), np.uint8)
    for t in range(YEARS):
        passing = (kind == "for a while") & (t < since + years)
        fro = (kind == "to and fro") & (t < since + 5) & ((t - since) % 2 == 0)
        changed = (t >= since) & ((kind == "for good") | passing | fro)
        stack[t] = np.where(changed, new, old).repeat(8, axis=1)
    return stack


def clip(side: int) -> tuple[np.ndarray, int]:
    """Return (year, y, x) classes of MapBiomas, and how often the clip lies on the map."""
    years = []
    for file in sorted(CLIP.glob("*-80-*.tif")):
        with rasterio.open(file) as source:
            years.append(source.read(1))
    height, width = years[0].shape
    times = (-(-side // height), -(-side // width))
    stack = np.empty((len(years), side, side), np.uint8)
    for t, year in enumerate(years):
        stack[t] = np.tile(year, times)[:side, :side]
    return stack, times[0] * times[1]


def copy_strips(stack: np.ndarray, out: np.ndarray) -> None:
    """Copy a stack strip by strip."""
    read, write = (block.reshape(len(stack), -1) for block in (stack, out))
    for first in range(0, read.shape[1], STRIP):
        write[:, first : first + STRIP] = read[:, first : first + STRIP]


def by_blocks(run: Callable[[np.ndarray], np.ndarray], stack: np.ndarray, out: np.ndarray) -> None:
    """Run a filter of numpy block by block."""
    read, write = (block.reshape(len(stack), -1) for block in (stack, out))
    for first in range(0, read.shape[1], BLOCK):
        write[:, first : first + BLOCK] = run(read[:, first : first + BLOCK])


def window_by_numpy(block: np.ndarray) -> np.ndarray:
    """Close gaps of one year class by class."""
    series = block.copy()
    for code in CODES:
        held = series == code
        series[1:-1][held[:-2] & held[2:]] = code
    return series


def frequency_by_numpy(block: np.ndarray) -> np.ndarray:
    """Stabilise by the share of years of four classes."""
    valid = (block != 0).sum(axis=0, dtype=np.uint8)
    held = {code: block == code for code in NATIVE}
    count = {code: years.sum(axis=0, dtype=np.uint8) for code, years in held.items()}
    enough = (valid > 0) & (np.add.reduce(list(count.values())) >= TOTAL * valid)
    winner = np.zeros(block.shape[1], np.uint8)
    for code, share in THRESHOLDS.items():
        winner[enough & (count[code] >= share * valid)] = code
    return np.where(np.logical_or.reduce(list(held.values())) & (winner > 0), winner, block)


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 2048)
