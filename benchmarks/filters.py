"""Filters beside what a user would pick instead, in one run, one thread each, in CPU time of that thread.

    .venv/bin/python benchmarks/filters.py [SIDE]

SIDE is the side of the map in pixels (default 2048; 4096 needs 5 GB). Two stacks are filtered: a made one of 39 years
and 17 classes, two of which hold a third of the map each, in which 61 % of the pixels never change and 98.1 % are from
year to year what they were, in runs of 8 pixels; and, where it is at hand, the clip of MapBiomas Brazil, Collection 8,
of 38 years, tiled to the same side.

A step in place changes a block and tells nothing; a chain reads one block and writes two others, the classes and the
step that changed each year last. The copy is that of the stack in strips of as many pixels as a chain works on at a
time. numpy makes 17 passes, each on the series as the pass found it, in blocks of the size that suits it best on the
first rows; its results are compared with ours. The sieve of GDAL gives patches to their largest neighbour, so there
only the time is compared. What is compared takes turns, after a first turn that compiles, and the shortest turn counts.
"""

from __future__ import annotations

import sys
import time
import tracemalloc
from collections.abc import Callable, Mapping
from functools import partial
from itertools import pairwise
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
BLOCKS = (1024, 2048, 4096, 8192, 16384, 65536)
"""Pixels of a block of numpy; the last is a square of 256."""
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


Run = Callable[[], object]
Row = Callable[..., None]


def main(side: int) -> None:
    """Print a table for each stack."""
    compare(f"made, {YEARS} years x {side} x {side}", made(side))
    if CLIP.exists():
        stack, times = clip(side)
        compare(f"MapBiomas clip, {len(stack)} years, tiled {times} times to {side} x {side}", stack)


def compare(title: str, stack: np.ndarray) -> None:
    """Print what each filter takes, and its ratio to its peer."""
    table = Table("", "ns a pixel and year", "as fast as", "times", box=None)
    out, touched = np.zeros_like(stack), np.zeros_like(stack)

    def row(name: str, seconds: float, *peers: tuple[str, float], size: int = stack.size) -> None:
        for i, (peer, other) in enumerate(peers or (("", 0.0),)):
            ours = (name, f"{seconds / size * 1e9:.3f}") if i == 0 else ("", "")
            table.add_row(*ours, peer, f"{other / seconds:.2f}" if peer else "")

    for compared in (compare_windows, compare_frequency, compare_patches):
        compared(stack, out, touched, row)
    compare_chain(stack, out, touched, row)
    Console().print(f"{title}: {describe(stack)}", soft_wrap=True)
    Console().print(table)
    eight = chain(*EIGHT)
    share = memory(lambda: apply_chain(eight, stack, out=out, touched=touched)) / stack.nbytes
    Console().print(f"memory of the fused chain beyond its results: {share:.3f} of the block\n")


def compare_windows(stack: np.ndarray, out: np.ndarray, touched: np.ndarray, row: Row) -> None:
    """Compare windows and patterns with a copy, with numpy, and with each other."""
    steps = {name: chain(step)[0] for name, step in singles().items()}
    block = best_block(window_by_numpy, stack, out)
    told = partial(apply_chain, [steps["window of 3"]], stack, out=out, touched=touched)
    in_place = {
        name: partial(run_step, steps[name], out, Ground())
        for name in ("window of 3", "window of 4", "window of 5", "12 patterns of 7")
    }
    runs: dict[str, Run] = {"copy": partial(copy_strips, stack, out), "told": told, **in_place}
    runs["numpy"] = partial(by_blocks, window_by_numpy, stack, out, block)
    took = take_turns(runs, lambda: np.copyto(out, stack))
    check(steps["window of 3"], stack, out, touched)
    copied, window = ("copy", took["copy"]), ("window of 3", took["window of 3"])
    by_numpy = (f"numpy, blocks of {block}", took["numpy"])
    row("copy in strips", took["copy"])
    row("window of 3, in place", took["window of 3"], copied, by_numpy)
    row("window of 3, as a chain", took["told"], copied, by_numpy)
    for name in ("window of 4", "window of 5", "12 patterns of 7"):
        row(f"{name}, in place", took[name], window)


def compare_frequency(stack: np.ndarray, out: np.ndarray, touched: np.ndarray, row: Row) -> None:
    """Compare the frequency step with numpy."""
    step = chain(singles()["frequency"])[0]
    block = best_block(frequency_by_numpy, stack, out)
    ours, by_numpy = partial(run_step, step, out, Ground()), partial(by_blocks, frequency_by_numpy, stack, out, block)
    took = take_turns({"ours": ours, "numpy": by_numpy}, lambda: np.copyto(out, stack))
    check(step, stack, out, touched)
    row("frequency, in place", took["ours"], (f"numpy, blocks of {block}", took["numpy"]))


def compare_patches(stack: np.ndarray, out: np.ndarray, touched: np.ndarray, row: Row) -> None:
    """Compare the removal of small patches from a few years with the sieve of GDAL."""
    step = chain(singles()["patches < 11"])[0]
    few = np.ascontiguousarray(stack[::13])
    block = out[: len(few)]
    runs: dict[str, Run] = {
        "ours": partial(run_step, step, block, Ground()),
        "sieve": lambda: [sieve(year, 11, connectivity=8) for year in few],
    }
    took = take_turns(runs, lambda: np.copyto(block, few))
    row("patches < 11 pixels", took["ours"], ("sieve of GDAL", took["sieve"]), size=few.size)


def compare_chain(stack: np.ndarray, out: np.ndarray, touched: np.ndarray, row: Row) -> None:
    """Compare a chain of eight steps with its steps, each run as a chain on the result of the one before."""
    eight, other = chain(*EIGHT), np.zeros_like(stack)

    def one_by_one() -> None:
        read, write, free = stack, out, other
        for step in eight:
            apply_chain([step], read, out=write, touched=touched)
            read, write, free = write, free, write

    fused = partial(apply_chain, eight, stack, out=out, touched=touched)
    took = take_turns({"fused": fused, "one by one": one_by_one}, lambda: None)
    row("chain of eight, fused", took["fused"], ("its steps one by one", took["one by one"]))


def take_turns(runs: Mapping[str, Run], prepare: Run, rounds: int = 5) -> dict[str, float]:
    """Return the shortest turn of each run in seconds of this thread; preparing is not timed."""
    times: dict[str, list[float]] = {name: [] for name in runs}
    for _ in range(rounds + 1):
        for name, run in runs.items():
            prepare()
            started = time.thread_time()
            run()
            times[name].append(time.thread_time() - started)
    return {name: min(turns[1:]) for name, turns in times.items()}


def best_block(run: Callable[[np.ndarray], np.ndarray], stack: np.ndarray, out: np.ndarray) -> int:
    """Return the pixels of a block that suit a filter of numpy best, on an eighth of the map."""
    part, room = (np.ascontiguousarray(block[:, : stack.shape[1] // 8]) for block in (stack, out))
    took = take_turns({str(size): partial(by_blocks, run, part, room, size) for size in BLOCKS}, lambda: None, 2)
    return int(min(took, key=lambda size: took[size]))


def describe(stack: np.ndarray) -> str:
    """Return how a stack changes, over space and over time."""
    same = np.mean([(now == before).mean() for before, now in pairwise(stack)])
    never = np.logical_and.reduce([(year == stack[0]) for year in stack]).mean()
    run = 1 / (stack[0, :, 1:] != stack[0, :, :-1]).mean()
    return f"{same:.1%} unchanged a year, {never:.0%} never change, runs of {run:.1f} pixels"


def memory(run: Callable[[], object]) -> int:
    """Return the largest number of bytes held at a time that were not held before."""
    tracemalloc.start()
    run()
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    return peak


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
    """Return (year, y, x) classes: fields of 16 x 16 pixels with specks, which change in squares of 8 x 8."""
    random = np.random.default_rng(8)
    squares = (side // 8, side // 8)
    old, new = (speckled(random, side) for _ in range(2))
    kind = random.choice(["never", "for good", "for a while", "to and fro"], squares, p=[0.5, 0.17, 0.295, 0.035])
    since, years = random.integers(1, YEARS - 1, squares), random.choice([1, 2, 3], squares, p=[0.6, 0.25, 0.15])
    stack = np.empty((YEARS, side // 8 * 8, side // 8 * 8), np.uint8)
    for t in range(YEARS):
        passing = (kind == "for a while") & (t < since + years)
        fro = (kind == "to and fro") & (t < since + 5) & ((t - since) % 2 == 0)
        changed = (t >= since) & ((kind == "for good") | passing | fro)
        stack[t] = np.where(changed.repeat(8, axis=0).repeat(8, axis=1), new, old)
    return stack


def speckled(random: np.random.Generator, side: int) -> np.ndarray:
    """Return (y, x) classes: fields of 16 x 16 pixels, with specks on 6 % of the pixels."""
    side = side // 8 * 8
    codes, share = np.array(CODES, np.uint8), [1 / 3, 1 / 3] + [1 / 45] * 15
    fields = random.choice(codes, (-(-side // 16),) * 2, p=share).repeat(16, axis=0).repeat(16, axis=1)[:side, :side]
    return np.where(random.random(fields.shape) < 0.058, random.choice(codes, fields.shape, p=share), fields)


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


def by_blocks(run: Callable[[np.ndarray], np.ndarray], stack: np.ndarray, out: np.ndarray, size: int) -> None:
    """Run a filter of numpy block by block."""
    read, write = (block.reshape(len(stack), -1) for block in (stack, out))
    for first in range(0, read.shape[1], size):
        write[:, first : first + size] = run(read[:, first : first + size])


def window_by_numpy(block: np.ndarray) -> np.ndarray:
    """Close gaps of one year class by class."""
    series = block.copy()
    for code in CODES:
        before, now, after = series[:-2], series[1:-1], series[2:]
        now[(before == code) & (after == code) & (now != code)] = code
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
