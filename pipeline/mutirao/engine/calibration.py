"""A short trial on a few real windows: seconds, bytes and memory of each pass, by pixel and year. Nothing is kept."""

from __future__ import annotations

import time
import tracemalloc
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np

from mutirao.engine.progress import Progress
from mutirao.engine.summary import NEEDED, Summary
from mutirao.engine.tileprogram import KINDS, KINDS_HA, LAYERS, run_steps, tile_sums
from mutirao.engine.tilework import TileWork
from mutirao.grid import Tile
from mutirao.io import blocks

SIDE = 512
"""Of a window of the trial, in pixels, at most; a tile that is smaller is tried whole."""
WARM = 32
"""Side of the window that is run first and not timed: kernels are compiled then."""
WINDOWS = 2
"""Windows that are tried, spread over the map."""


@dataclass(frozen=True, slots=True)
class Rate:
    """What a pass costs on a pixel in a year; pixels that are read count with the margin."""

    seconds: float
    """To read, work and compress, by pixel and year of the window."""
    stored: float
    """Bytes written by pixel and year of the tile."""
    classes: float
    """Bytes of the classes alone, as far as the pass stores them, which the next pass reads."""
    held: float
    """Bytes of memory at the most, by pixel and year of the window."""


@dataclass(frozen=True, slots=True)
class Calibration:
    """Rates of this machine with one worker."""

    passes: tuple[Rate, ...]
    summing: float
    """Seconds by pixel and year to read and sum up a finished tile at the end of a build."""
    seconds: float
    """That the trial took."""


@dataclass(frozen=True, slots=True)
class _Trial:
    """What a pass took on one window."""

    seconds: float
    window: int
    """Pixels and years that were worked on."""
    core: int
    stored: int
    classes: int
    arrays: dict[str, np.ndarray]


def calibrate(work: TileWork, progress: Progress) -> Calibration:
    """Try every pass on a few windows of the map; kernels that changed are compiled first, which may take a minute."""
    started, found = time.perf_counter(), []
    with progress.stage("Trying every pass on windows of the map", WINDOWS + 2) as advance:
        _try(work, _window(work, 0.5, WARM))
        advance()
        for place in range(WINDOWS):
            found.append(_try(work, _window(work, (place + 0.5) / WINDOWS, SIDE)))
            advance()
        held = _memory(work, _window(work, 0.5, SIDE // 2))
        advance()
    rates = tuple(_rate([trials[number] for trials, _ in found], held) for number in range(len(work.passes)))
    summing = sum(seconds for _, seconds in found) / sum(trials[-1].core for trials, _ in found)
    return Calibration(rates, summing, time.perf_counter() - started)


def _window(work: TileWork, share: float, side: int) -> Tile:
    """Return a window in the middle of the tile that lies at a share of all tiles."""
    tiles = list(work.grid.tiles())
    tile = tiles[min(int(share * len(tiles)), len(tiles) - 1)]
    height, width = (min(side, length) for length in tile.shape)
    top, left = tile.top + (tile.shape[0] - height) // 2, tile.left + (tile.shape[1] - width) // 2
    return Tile(tile.id, top, top + height, left, left + width)


def _try(work: TileWork, tile: Tile) -> tuple[list[_Trial], float]:
    """Run all passes on a window; return what each took, and the seconds that its end takes."""
    trials: list[_Trial] = []
    for number in range(len(work.passes)):
        begun = time.perf_counter()
        window = work.window(number, tile)
        arrays = work.integrated(tile) if number == 0 else _continued(work, number, tile, window, trials[-1].arrays)
        stored, classes = _stored(arrays)
        whole = {**(trials[0].arrays if trials else {}), **arrays}
        taken = time.perf_counter() - begun
        trials.append(_Trial(taken, _size(work, window), _size(work, tile), stored, classes, whole))
    return trials, _summed(work, tile, trials[-1].arrays)


def _summed(work: TileWork, tile: Tile, arrays: dict[str, np.ndarray]) -> float:
    """Return the seconds that a build takes at its end for a window: it reads what it needs and adds it up."""
    with TemporaryDirectory() as folder:
        path = Path(folder) / "block"
        blocks.write_block(path, arrays)
        begun = time.perf_counter()
        Summary(work.inputs).add(tile, blocks.read_block(path, NEEDED))
        return time.perf_counter() - begun


def _continued(
    work: TileWork, number: int, tile: Tile, window: Tile, before: dict[str, np.ndarray]
) -> dict[str, np.ndarray]:
    """Run a later pass; what would come from the neighbours is mirrored from the window itself."""
    now, core = work.passes[number], tile.within(window)
    pads = ((0, 0), *((part.start, side - part.stop) for part, side in zip(core, window.shape, strict=True)))
    classes = np.pad(before["class"], pads, mode="symmetric")
    tally, ground = work.tally(tile, window), work.inputs.ground(window)
    done, touched = run_steps(now.steps, now.first, classes, before["filter"], ground, core, tally)
    block = {"class": done, "filter": touched}
    if not now.is_last:
        return block
    whole = {name: {**before, **block}[name] for name in (*LAYERS, KINDS, KINDS_HA)}
    return {**whole, **tile_sums(tally, whole, work.grid.areas_ha(tile), len(work.inputs.modules))}


def _stored(arrays: dict[str, np.ndarray]) -> tuple[int, int]:
    """Return the bytes that a block takes, and those of its classes alone."""
    with TemporaryDirectory() as folder:
        whole, part = Path(folder) / "whole", Path(folder) / "class"
        blocks.write_block(whole, arrays)
        blocks.write_block(part, {"class": arrays["class"]})
        return whole.stat().st_size, part.stat().st_size


def _memory(work: TileWork, tile: Tile) -> float:
    """Return the most bytes that a window takes at a time, by pixel and year with the margin of the widest pass."""
    tracemalloc.start()
    try:
        _try(work, tile)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    return peak / max(_size(work, work.window(number, tile)) for number in range(len(work.passes)))


def _size(work: TileWork, window: Tile) -> int:
    """Return pixels times years."""
    return len(work.inputs.years) * window.shape[0] * window.shape[1]


def _rate(trials: Sequence[_Trial], held: float) -> Rate:
    window, core = sum(trial.window for trial in trials), sum(trial.core for trial in trials)
    return Rate(
        seconds=sum(trial.seconds for trial in trials) / window,
        stored=sum(trial.stored for trial in trials) / core,
        classes=sum(trial.classes for trial in trials) / core,
        held=held,
    )
