"""The same post-classification as a user would write it: rasterio and numpy, or xarray and dask. No line of mutirao.

Both read the same submissions, apply the same ordered rules with the same four layers (class, rule, module, number of
modules against), run the same six steps and write the same files. `endtoend` compares their pixels with ours.

The numpy version holds the maps of all years in memory, evaluates rules with `numpy.select`, a year at a time, runs
steps on whole series, and labels patches class by class with scipy. Tuned, it runs the steps in blocks of pixels and
works on several years in threads. The xarray version says each step once, for all years, in `xarray.where`, `shift`
and sums; what has no such words (gaps, patches) goes through `map_blocks` and `map_overlap`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import dask
import dask.array
import numpy as np
import rasterio
import rasterio.shutil
import xarray as xr
from dask.delayed import delayed
from rasterio.io import MemoryFile
from scipy import ndimage

BLOCK = 16384
"""Pixels of a block of series; of 4096, 16384 and 65536 the fastest when this was written."""
CHUNK = 1024
"""Side of a chunk of dask in pixels, one year each until steps need them all; 512 makes four times the tasks."""
LAYERS = ("class", "source", "rule", "conflict")
EIGHT = np.ones((3, 3), bool)


@dataclass(frozen=True, slots=True)
class Rule:
    """Who claims what, where."""

    source: str
    """A module, or the mosaic."""
    codes: tuple[int, ...]
    biomes: tuple[int, ...] = ()
    """Any if empty."""


@dataclass(frozen=True, slots=True)
class Task:
    """What there is to do; a chain is that of `countryfiles.CHAIN`."""

    files: Mapping[str, Sequence[Path]]
    """By module, one a year, in order."""
    layers: Mapping[str, Path]
    """`biome` and `region`."""
    rules: Sequence[Rule]
    mosaic: str
    members: Mapping[int, str]
    """Module of the mosaic by value of the layer `region`."""
    order: Sequence[int]
    """Classes of the window of three years."""
    native: Sequence[int]
    """Classes of the window of four years."""
    natural: Sequence[int]
    farming: Sequence[int]
    shares: Mapping[int, float]
    total: float
    smallest: int
    """Pixels of the smallest patch that stays."""

    @property
    def modules(self) -> list[str]:
        """Modules in order."""
        return list(self.files)


Stacks = Sequence[np.ndarray]
"""(year, y, x) uint8 in the order of `LAYERS`."""


def by_numpy(task: Task, threads: int, block: int | None = None) -> Stacks:
    """Make the layers with rasterio, numpy and scipy.

    Parameters
    ----------
    block : pixels whose series are filtered at a time; all if absent.
    """
    years = range(len(next(iter(task.files.values()))))
    layers = {name: _read(path) for name, path in task.layers.items()}
    with ThreadPoolExecutor(threads) as pool:
        made = list(pool.map(lambda t: integrate_year(task, t, layers), years))
        classes, source, rule, conflict = (np.stack(planes) for planes in zip(*made, strict=True))
        flat = classes.reshape(len(classes), -1)
        size = block or flat.shape[1]
        starts = range(0, flat.shape[1], size)
        list(pool.map(lambda start: _filter_block(task, flat[:, start : start + size]), starts))
        classes = np.stack(list(pool.map(lambda plane: remove_patches(plane, task.smallest), classes)))
    return classes, source, rule, conflict


def integrate_year(task: Task, t: int, layers: Mapping[str, np.ndarray]) -> tuple[np.ndarray, ...]:
    """Return class, module, rule and modules against of a year, (y, x) uint8 each."""
    claims = np.stack([_read(files[t]) for files in task.files.values()])
    claim_of = dict(zip(task.modules, claims, strict=True))
    owner = np.zeros(layers["region"].shape, np.uint8)
    land = np.zeros_like(owner)
    for value, name in task.members.items():
        inside = layers["region"] == value
        owner[inside] = task.modules.index(name) + 1
        land[inside] = claim_of[name][inside]
    held = []
    for rule in task.rules:
        where = np.isin(land if rule.source == task.mosaic else claim_of[rule.source], rule.codes)
        held.append(where & np.isin(layers["biome"], rule.biomes) if rule.biomes else where)
    rule = np.select(held, [np.uint8(number) for number in range(1, len(held) + 1)], np.uint8(0))
    fixed = [0 if rule.source == task.mosaic else task.modules.index(rule.source) + 1 for rule in task.rules]
    source = np.array([0, *fixed], np.uint8)[rule]
    of_mosaic = np.array([False, *(rule.source == task.mosaic for rule in task.rules)])[rule]
    source[of_mosaic] = owner[of_mosaic]
    module = np.maximum(source, 1).astype(np.intp) - 1
    classes = np.where(source, np.take_along_axis(claims, module[np.newaxis], axis=0)[0], np.uint8(0))
    conflict = ((claims != 0) & (claims != classes)).sum(axis=0, dtype=np.uint8)
    return classes, source, rule, conflict


def _filter_block(task: Task, series: np.ndarray) -> None:
    """Run the steps on series in place, on (year, pixel) uint8."""
    now = np.ascontiguousarray(series)
    fill_gaps(now)
    for code in task.order:
        before, year, after = now[:-2], now[1:-1], now[2:]
        year[(before == code) & (after == code) & (year != code)] = code
    for code in task.native:
        one, two = now[1:-2], now[2:-1]
        gap = (now[:-3] == code) & (now[3:] == code) & (one != code) & (two != code)
        one[gap], two[gap] = code, code
    natural, farming = (np.isin(now, codes) for codes in (task.natural, task.farming))
    patch = farming[:-4] & natural[1:-3] & natural[2:-2] & natural[3:-1] & farming[4:]
    for part in (now[1:-3], now[2:-2], now[3:-1]):
        part[patch] = 21
    _stabilise(task, now)
    series[:] = now


def fill_gaps(series: np.ndarray) -> np.ndarray:
    """Give missing years the year before, and leading ones the first there is; years come first."""
    for t in range(1, len(series)):
        np.copyto(series[t], series[t - 1], where=series[t] == 0)
    for t in range(len(series) - 2, -1, -1):
        np.copyto(series[t], series[t + 1], where=series[t] == 0)
    return series


def _stabilise(task: Task, series: np.ndarray) -> None:
    valid = (series != 0).sum(axis=0, dtype=np.uint8)
    held = {code: series == code for code in task.shares}
    count = {code: years.sum(axis=0, dtype=np.uint8) for code, years in held.items()}
    enough = (valid > 0) & (np.add.reduce(list(count.values())) >= task.total * valid)
    winner = np.zeros(series.shape[1], np.uint8)
    for code, share in task.shares.items():
        winner[enough & (count[code] >= share * valid)] = code
    inside = np.logical_or.reduce(list(held.values())) & (winner > 0)
    np.copyto(series, np.broadcast_to(winner, series.shape), where=inside)


def remove_patches(classes: np.ndarray, smallest: int) -> np.ndarray:
    """Give pixels of small patches of a (y, x) map the most frequent class of the nine pixels around them."""
    small = np.zeros(classes.shape, bool)
    codes = np.flatnonzero(np.bincount(classes.ravel()))
    for code in codes[codes > 0]:
        labels, _ = ndimage.label(classes == code, EIGHT)
        few = np.bincount(labels.ravel()) < smallest
        few[0] = False
        small |= few[labels]
    rows, columns = np.nonzero(small)
    around = np.pad(classes, 1)
    near = np.stack([around[rows + dy, columns + dx] for dy in range(3) for dx in range(3)])
    best, winner = np.zeros(len(rows), np.uint8), classes[rows, columns]
    for code in codes[codes > 0]:
        votes = (near == code).sum(axis=0, dtype=np.uint8)
        more = votes > best
        best[more], winner[more] = votes[more], code
    out = classes.copy()
    out[rows, columns] = winner
    return out


def by_xarray(task: Task, threads: int) -> Stacks:
    """Make the layers with xarray and dask."""
    claims = {name: _lazy(files) for name, files in task.files.items()}
    layers = {name: _lazy([path]).isel(year=0) for name, path in task.layers.items()}
    classes, source, rule, conflict = _integrate(task, claims, layers)
    filtered = _filter(task, classes)
    with dask.config.set(scheduler="threads", num_workers=threads):
        stacks: Stacks = dask.compute(filtered.data, source.data, rule.data, conflict.data)
    return stacks


def _lazy(files: Sequence[Path]) -> xr.DataArray:
    """Return (year, y, x) chunks, each of which opens its file and reads its window."""
    with rasterio.open(files[0]) as src:
        height, width = src.shape
    spans = [[(start, min(start + CHUNK, size)) for start in range(0, size, CHUNK)] for size in (height, width)]

    def chunk(path: Path, rows: tuple[int, int], columns: tuple[int, int]) -> Any:
        shape = (1, rows[1] - rows[0], columns[1] - columns[0])
        return dask.array.from_delayed(delayed(_read)(path, (rows, columns), years=True), shape, np.uint8)

    blocks = [[[chunk(path, rows, columns) for columns in spans[1]] for rows in spans[0]] for path in files]
    return xr.DataArray(dask.array.block(blocks), dims=("year", "y", "x"))


def _integrate(
    task: Task, claims: Mapping[str, xr.DataArray], layers: Mapping[str, xr.DataArray]
) -> tuple[xr.DataArray, ...]:
    nothing = xr.zeros_like(next(iter(claims.values())))
    land, owner = nothing, xr.zeros_like(layers["region"])
    for value, name in task.members.items():
        land = xr.where(layers["region"] == value, claims[name], land)
        owner = xr.where(layers["region"] == value, np.uint8(task.modules.index(name) + 1), owner)
    classes = source = rule = nothing
    for number, one in reversed(list(enumerate(task.rules, start=1))):
        claim = land if one.source == task.mosaic else claims[one.source]
        held = claim.isin(one.codes)
        held = held & layers["biome"].isin(one.biomes) if one.biomes else held
        module = owner if one.source == task.mosaic else np.uint8(task.modules.index(one.source) + 1)
        classes, rule = xr.where(held, claim, classes), xr.where(held, np.uint8(number), rule)
        source = xr.where(held, module, source)
    conflict = sum(((claim != 0) & (claim != classes)).astype(np.uint8) for claim in claims.values())
    return tuple(layer.transpose("year", "y", "x") for layer in (classes, source, rule, conflict))


def _filter(task: Task, classes: xr.DataArray) -> xr.DataArray:
    now = classes.chunk({"year": -1})
    now = now.copy(data=now.data.map_blocks(lambda block: fill_gaps(block.copy()), dtype=np.uint8))
    for code in task.order:
        closed = (_year(now, -1) == code) & (_year(now, 1) == code) & (now != code)
        now = xr.where(closed, np.uint8(code), now)
    for code in task.native:
        gap = (_year(now, -1) == code) & (now != code) & (_year(now, 1) != code) & (_year(now, 2) == code)
        inside = gap & (_number(now) < now.sizes["year"] - 2)
        now = xr.where(inside | _year(inside, -1, fill=False), np.uint8(code), now)
    natural, farming = now.isin(task.natural), now.isin(task.farming)
    first = _year(farming, -1, False) & natural & _year(natural, 1, False) & _year(natural, 2, False)
    first = first & _year(farming, 3, False)
    patch = first | _year(first, -1, False) | _year(first, -2, False)
    now = _settle(task, xr.where(patch, np.uint8(21), now))
    by_year = now.chunk({"year": 1}).data
    cut = {0: 0, 1: task.smallest + 2, 2: task.smallest + 2}
    return now.copy(
        data=dask.array.map_overlap(_patches_of, by_year, depth=cut, boundary=0, dtype=np.uint8, smallest=task.smallest)
    )


def _patches_of(years: np.ndarray, smallest: int) -> np.ndarray:
    return np.stack([remove_patches(year, smallest) for year in years])


def _year(series: xr.DataArray, ahead: int, fill: Any = 0) -> xr.DataArray:
    """Return for each year the one so many years later."""
    return series.shift(year=-ahead, fill_value=fill)


def _number(series: xr.DataArray) -> xr.DataArray:
    return xr.DataArray(np.arange(series.sizes["year"]), dims="year")


def _settle(task: Task, now: xr.DataArray) -> xr.DataArray:
    valid = (now != 0).sum("year")
    count = {code: (now == code).sum("year") for code in task.shares}
    enough = (valid > 0) & (sum(count.values()) >= task.total * valid)
    winner = xr.zeros_like(now.isel(year=0))
    for code, share in task.shares.items():
        winner = xr.where(enough & (count[code] >= share * valid), np.uint8(code), winner)
    settled = xr.where(now.isin(list(task.shares)) & (winner > 0), winner, now)
    return settled.transpose("year", "y", "x")


def _read(path: Path, window: Any = None, *, years: bool = False) -> np.ndarray:
    with rasterio.open(path) as src:
        pixels = src.read(1, window=window)
    return pixels[np.newaxis] if years else pixels


def _place(path: Path) -> dict[str, Any]:
    with rasterio.open(path) as src:
        return {"crs": src.crs, "transform": src.transform, "height": src.height, "width": src.width}


def write_stacks(write: Callable[..., None], task: Task, stacks: Stacks, out: Path, threads: int) -> None:
    """Write all layers, a file a year, with `write_cog` or `write_tiff`."""
    place, named = _place(next(iter(task.layers.values()))), zip(LAYERS, stacks, strict=True)
    planes = [(out / f"{name}-{t}.tif", plane) for name, stack in named for t, plane in enumerate(stack)]
    with ThreadPoolExecutor(threads) as pool:
        list(pool.map(lambda plane: write(*plane, place), planes))


def write_tiff(path: Path, pixels: np.ndarray, place: Mapping[str, Any]) -> None:
    """Write a tiled GeoTIFF for further work: Zstandard 3, as ours stores tiles; of GDAL's codecs about the fastest."""
    tiles = {"tiled": True, "blockxsize": 512, "blockysize": 512, "compress": "zstd", "zstd_level": 3}
    with rasterio.open(path, "w", driver="GTiff", dtype=np.uint8, nodata=0, count=1, **tiles, **place) as dst:
        dst.write(pixels, 1)


def write_cog(path: Path, pixels: np.ndarray, place: Mapping[str, Any]) -> None:
    """Write a COG: DEFLATE 6, 512 blocks, mode overviews."""
    with MemoryFile() as memory:
        with memory.open(driver="GTiff", dtype=np.uint8, nodata=0, count=1, **place) as dst:
            dst.write(pixels, 1)
        options = {"COMPRESS": "DEFLATE", "LEVEL": 6, "BLOCKSIZE": 512, "OVERVIEW_RESAMPLING": "MODE"}
        rasterio.shutil.copy(memory.name, path, driver="COG", BIGTIFF="IF_SAFER", **options)
