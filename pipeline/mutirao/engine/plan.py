"""What a build would do, before it does it: passes, tiles, bytes, memory and hours. Nothing of it is done.

Polygons are burnt to pixels if that was not done before: what decides a tile is not known without them.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from mutirao.engine.build import builds_folder, last_tiles, ledger_of
from mutirao.engine.calibration import Calibration, calibrate
from mutirao.engine.inputs import gather
from mutirao.engine.passes import FUSED_HALO
from mutirao.engine.progress import Progress
from mutirao.engine.reasons import count_reasons
from mutirao.engine.tilerun import reasons_for
from mutirao.engine.tilework import TileWork
from mutirao.grid import Grid, Tile
from mutirao.io.places import Place
from mutirao.project import Project

BASE_BYTES = 350_000_000
"""Memory of a worker without any pixels: the interpreter, its libraries and compiled kernels."""


@dataclass(frozen=True, slots=True)
class PassPlan:
    """One pass of a build."""

    number: int
    """From 1."""
    steps: tuple[str, ...]
    """Titles of what it runs, integration first."""
    halo: int
    """Pixels around a tile that are read."""
    tiles: dict[str, tuple[str, ...]]
    """Tiles that it would make, with the reasons in words."""
    read_bytes: int
    """Of files: claims in the first pass, results of the pass before in the others."""
    written_bytes: int
    core_seconds: float
    """On one core of this machine."""
    reasons: dict[str, int]
    """Tiles by reason, the most frequent first."""


@dataclass(frozen=True, slots=True)
class Plan:
    """What a build of a collection would do."""

    collection: str
    grid: Grid
    years: tuple[int, ...]
    modules: int
    passes: tuple[PassPlan, ...]
    summing_seconds: float
    """At the end, to sum up all tiles, on one core."""
    memory_bytes: int
    """Of one worker at the most."""
    free_bytes: int | None
    """That the disk of the builds has room for; None in a store."""
    cores: int
    """Of this machine."""
    calibration_seconds: float

    @property
    def tiles(self) -> int:
        """Number of tiles of the grid."""
        return sum(1 for _ in self.grid.tiles())

    @property
    def is_done(self) -> bool:
        """Whether no tile would be made."""
        return not any(one.tiles for one in self.passes)

    def total(self, name: str) -> float:
        """Return the sum over the passes of one of their numbers."""
        return float(sum(getattr(one, name) for one in self.passes))

    @property
    def fits(self) -> bool:
        """Whether there is room for what would be written, as far as that is known."""
        return self.free_bytes is None or self.total("written_bytes") <= self.free_bytes

    def hours(self, cores: int) -> float:
        """Return the hours that it would take; tiles are shared evenly, and storage keeps up."""
        busy = sum(one.core_seconds / max(min(cores, len(one.tiles)), 1) for one in self.passes)
        summing = self.summing_seconds / min(cores, self.tiles)
        return 0.0 if self.is_done else (busy + summing) / 3600


def plan(project: Project, collection_id: str, progress: Progress, *, use: Mapping[str, str] | None = None) -> Plan:
    """Say what `build` would do.

    Raises
    ------
    ConfigError, GridError, UsageError
        As `gather`.
    """
    inputs = gather(project, collection_id, use or {})
    folder = builds_folder(project, collection_id)
    work = TileWork(inputs, ledger_of(folder), FUSED_HALO)
    missing = work.missing()
    reasons = reasons_for(work, missing, last_tiles(folder, work.grid).values())
    rates = calibrate(work, progress)
    passes = tuple(_pass(work, rates, number, list(missing[number]), reasons[number]) for number in range(len(missing)))
    return Plan(
        collection=inputs.collection.id,
        grid=work.grid,
        years=inputs.years,
        modules=len(inputs.modules),
        passes=passes,
        summing_seconds=rates.summing * _size(work, [work.grid.whole]),
        memory_bytes=BASE_BYTES + _largest(work, rates),
        free_bytes=_free(folder),
        cores=os.cpu_count() or 1,
        calibration_seconds=rates.seconds,
    )


def _free(folder: Place) -> int | None:
    """Return the bytes that are free where a folder lies or will lie."""
    if not isinstance(folder, Path):
        return None
    there = next(path for path in (folder, *folder.resolve().parents) if path.is_dir())
    return shutil.disk_usage(there).free


def _pass(
    work: TileWork, rates: Calibration, number: int, tiles: list[Tile], reasons: dict[str, tuple[str, ...]]
) -> PassPlan:
    now, rate = work.passes[number], rates.passes[number]
    windows = _size(work, [work.window(number, tile) for tile in tiles])
    titles = tuple(step.title for step in now.steps)
    each = rates.passes[number - 1].classes if number else _claims_bytes(work)
    return PassPlan(
        number=number + 1,
        steps=titles if number else ("Integration", *titles),
        halo=now.halo,
        tiles=reasons,
        read_bytes=round(windows * each),
        written_bytes=round(_size(work, tiles) * rate.stored),
        core_seconds=windows * rate.seconds,
        reasons=count_reasons(reasons.values()),
    )


def _claims_bytes(work: TileWork) -> float:
    """Return the bytes of the files of all claims by pixel and year of the grid."""
    records = (file for stored in work.inputs.submissions for file in stored.receipt.files)
    years = set(work.inputs.years)
    return sum(file.size for file in records if file.year in years) / _size(work, [work.grid.whole])


def _size(work: TileWork, windows: list[Tile]) -> int:
    """Return pixels and years of windows."""
    return len(work.inputs.years) * sum(window.shape[0] * window.shape[1] for window in windows)


def _largest(work: TileWork, rates: Calibration) -> int:
    """Return the bytes that the largest window of any pass holds."""
    numbers = range(len(work.passes))
    sizes = [_size(work, [work.window(number, tile)]) for number in numbers for tile in work.grid.tiles()]
    return round(max(sizes) * max(rate.held for rate in rates.passes))
