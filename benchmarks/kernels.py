"""The filters beside what a user would pick instead, in one run on one core; prints the ratios.

    .venv/bin/python benchmarks/kernels.py [SIDE]

SIDE is the side of the map in pixels (default 2048). Each pair is first compared for equal results, where both define
the same thing; then the best of three runs of each counts.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable

import numpy as np
from rasterio.features import sieve
from rich.console import Console
from rich.table import Table

from mutirao.filters.patches import remove_patches
from mutirao.filters.window import close_windows

CODES = np.array([3, 4, 12, 15, 21, 25, 33, 39], np.uint8)
YEARS = 5
MIN_PIXELS = 11


def main(side: int) -> None:
    """Print the table."""
    table = Table("kernel", "peer", "ours, Mpx/s", "peer, Mpx/s", "ours / peer", box=None)
    for name, peer, pixels, ours, theirs in (window(side), patches(side)):
        rates = [pixels / best(run) / 1e6 for run in (ours, theirs)]
        table.add_row(name, peer, *(f"{rate:.0f}" for rate in rates), f"{rates[0] / rates[1]:.1f}")
    Console().print(table)


def best(run: Callable[[], object]) -> float:
    """Return the shortest of three runs in seconds, after one that compiles."""
    run()
    times = []
    for _ in range(3):
        started = time.perf_counter()
        run()
        times.append(time.perf_counter() - started)
    return min(times)


def patchwork(side: int, layers: int, share: float) -> np.ndarray:
    """Return (layer, y, x) classes in squares of 8 pixels; `share` of the squares hold a class, the others 0."""
    random = np.random.default_rng(8)
    small = random.choice(CODES, (layers, side // 8, side // 8))
    small[random.random(small.shape) > share] = 0
    return small.repeat(8, axis=1).repeat(8, axis=2)


def window(side: int):
    """Close one-year interruptions of eight classes in order."""
    series = patchwork(side, YEARS, 1.0)

    def ours() -> np.ndarray:
        block = series.copy()
        close_windows(block.reshape(YEARS, -1), CODES, 3, False)
        return block

    def peer() -> np.ndarray:
        block = series.copy()
        for code in CODES:
            held = block == code
            block[1:-1][held[:-2] & held[2:]] = code
        return block

    assert (ours() == peer()).all()
    return "window of 3", "numpy", series.size, ours, peer


def patches(side: int):
    """Remove patches under 11 pixels; GDAL's sieve takes the largest neighbour, so only the time is compared."""
    random = np.random.default_rng(3)
    noisy = patchwork(side, 1, 1.0)
    noisy = np.where(random.random(noisy.shape) < 0.02, random.choice(CODES, noisy.shape), noisy).astype(np.uint8)
    protected = np.zeros(256, bool)

    def ours() -> None:
        remove_patches(noisy.copy(), MIN_PIXELS, 8, protected)

    def peer() -> None:
        sieve(noisy[0], MIN_PIXELS, connectivity=8)

    return "patches < 11 px", "rasterio sieve", noisy.size, ours, peer


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 2048)
