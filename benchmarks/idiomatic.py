"""The same post-classification in the idiom of rioxarray's and xarray's documentation; `peers` has the tuned version.

Missing values are NaN, so maps are float32; gaps are filled with `ffill` and `bfill`, and patches are removed with
`apply_ufunc` from whole maps.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import dask
import numpy as np
import rioxarray
import xarray as xr
from peers import CHUNK, Stacks, Task, remove_patches


def by_idiom(task: Task, threads: int) -> Stacks:
    """Make the layers with rioxarray, xarray and dask."""
    claims = {name: _series(files) for name, files in task.files.items()}
    layers = {name: _open(path, masked=False) for name, path in task.layers.items()}
    classes, source, rule, conflict = _integrate(task, claims, layers)
    named = (_filter(task, classes), source, rule, conflict)
    with dask.config.set(scheduler="threads", num_workers=threads):
        made = dask.compute(*(layer.transpose("year", "y", "x").astype(np.uint8) for layer in named))
    return [layer.values for layer in made]


def _open(path: Path, *, masked: bool = True) -> xr.DataArray:
    opened: Any = rioxarray.open_rasterio(path, chunks={"x": CHUNK, "y": CHUNK}, masked=masked)
    layer: xr.DataArray = opened.squeeze("band", drop=True).drop_vars("spatial_ref")
    return layer


def _series(files: Sequence[Path]) -> xr.DataArray:
    return xr.concat([_open(path) for path in files], "year")


def _integrate(
    task: Task, claims: Mapping[str, xr.DataArray], layers: Mapping[str, xr.DataArray]
) -> tuple[xr.DataArray, ...]:
    nothing = xr.full_like(next(iter(claims.values())), np.nan)
    land, owner = nothing, xr.zeros_like(layers["region"])
    for value, name in task.members.items():
        land = land.where(layers["region"] != value, claims[name])
        owner = owner.where(layers["region"] != value, task.modules.index(name) + 1)
    classes, source, rule = nothing, xr.zeros_like(nothing), xr.zeros_like(nothing)
    for number, one in reversed(list(enumerate(task.rules, start=1))):
        claim = land if one.source == task.mosaic else claims[one.source]
        held = claim.isin(one.codes)
        held = held & layers["biome"].isin(one.biomes) if one.biomes else held
        module = owner if one.source == task.mosaic else task.modules.index(one.source) + 1
        classes, rule, source = (
            layer.where(~held, value) for layer, value in ((classes, claim), (rule, number), (source, module))
        )
    conflict = sum((claim.notnull() & (claim != classes)) for claim in claims.values())
    return classes, source, rule, conflict


def _filter(task: Task, classes: xr.DataArray) -> xr.DataArray:
    now = classes.chunk({"year": -1}).ffill("year").bfill("year")
    for code in task.order:
        closed = (now.shift(year=1) == code) & (now.shift(year=-1) == code)
        now = now.where(~closed, code)
    for code in task.native:
        one = (now.shift(year=1) == code) & (now != code) & (now.shift(year=-1) != code) & (now.shift(year=-2) == code)
        now = now.where(~(one | one.shift(year=1, fill_value=False)), code)
    natural, farming = now.isin(task.natural), now.isin(task.farming)
    first = farming.shift(year=1, fill_value=False) & natural & farming.shift(year=-3, fill_value=False)
    first = first & natural.shift(year=-1, fill_value=False) & natural.shift(year=-2, fill_value=False)
    patch = first | first.shift(year=1, fill_value=False) | first.shift(year=2, fill_value=False)
    now = _settle(task, now.where(~patch, 21)).fillna(0).astype(np.uint8)
    return xr.apply_ufunc(
        remove_patches,
        now.chunk({"year": 1, "y": -1, "x": -1}),
        input_core_dims=[["y", "x"]],
        output_core_dims=[["y", "x"]],
        kwargs={"smallest": task.smallest},
        vectorize=True,
        dask="parallelized",
        output_dtypes=[np.uint8],
    )


def _settle(task: Task, now: xr.DataArray) -> xr.DataArray:
    valid = now.notnull().sum("year")
    count = {code: (now == code).sum("year") for code in task.shares}
    enough = (valid > 0) & (sum(count.values()) >= task.total * valid)
    winner = xr.zeros_like(valid)
    for code, share in task.shares.items():
        winner = winner.where(~(enough & (count[code] >= share * valid)), code)
    return now.where(~(now.isin(list(task.shares)) & (winner > 0)), winner)
