"""Run a module whose method is Python: module.py with a function `classify(tile, year, context)`."""

from __future__ import annotations

import hashlib
import importlib.util
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType

import numpy as np
import xarray as xr

from mutirao.collection import Years
from mutirao.errors import ConfigError, MutiraoError
from mutirao.grid import Grid, Tile
from mutirao.imagery.composites import FeatureSpec
from mutirao.modules.by_recipe import Tell
from mutirao.modules.inputs import ModuleInputs


@dataclass(frozen=True)
class Context:
    """What a module's function may know besides the tile and the year; it opens no files."""

    grid: Grid
    """Grid of the module's rasters."""
    years: Years
    """Years that the module delivers; features may be asked for other years too."""
    parameters: Mapping[str, float | int | str | bool]
    """The manifest's `parameters`."""
    inputs: ModuleInputs

    def features(self, dataset: str, spec: FeatureSpec, year: int, tile: Tile | None = None) -> xr.DataArray:
        """Return a year's features of a declared dataset, whole or in a window of the grid.

        A method that looks at neighbours asks for `context.grid.window_around(tile, halo)` and cuts its result with
        `tile.within(window)`.

        Returns
        -------
        (feature, y, x) float32, NaN where nothing is clear; all NaN in a year without scenes.
        """
        return _cut(self.inputs.features(dataset, spec, year), tile)

    def layer(self, dataset: str, tile: Tile | None = None) -> np.ndarray:
        """Return a declared ancillary layer, whole or in a window: (y, x) float32, NaN where it has no value."""
        layer = self.inputs.layer(dataset)
        return layer if tile is None else layer[tile.slices]


Classify = Callable[[Tile, int, Context], np.ndarray]


def classify_by_python(path: Path, context: Context, years: Sequence[int], tell: Tell) -> np.ndarray:
    """Call a module's function for every year and tile.

    Returns
    -------
    (year, y, x) uint8 in the module's local codes.

    Raises
    ------
    ConfigError
        P101: there is no module.py, or it cannot be imported. P102: it has no function `classify`.
    MutiraoError
        P103: the function failed, or returned something else than a uint8 array of the tile's shape.
    """
    classify = load_function(path)
    tiles = list(context.grid.tiles())
    codes = np.zeros((len(years), *context.grid.shape), dtype=np.uint8)
    for index, year in enumerate(years):
        tell(index / len(years), f"classify {year}")
        for tile in tiles:
            codes[index][tile.slices] = _checked(classify, tile, year, context, path)
    return codes


def load_function(path: Path) -> Classify:
    """Import `classify` from a file, under a name that no other module has."""
    module = _import(path)
    function = getattr(module, "classify", None)
    if not callable(function):
        remedy = "define classify(tile, year, context) that returns a (y, x) uint8 array"
        raise ConfigError.because("P102", "there is no function 'classify'", where=str(path), remedy=remedy)
    return function  # type: ignore[no-any-return]


def _import(path: Path) -> ModuleType:
    name = f"_mutirao_{path.parent.name}_{hashlib.sha256(str(path.resolve()).encode()).hexdigest()[:12]}"
    spec = importlib.util.spec_from_file_location(name, path)
    if spec is None or spec.loader is None or not path.is_file():
        remedy = "write it; see the contributor's guide for a template"
        raise ConfigError.because("P101", "file does not exist", where=str(path), remedy=remedy)
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module  # dataclasses look their module up there
    try:
        spec.loader.exec_module(module)
    except Exception as err:
        del sys.modules[name]
        message = f"cannot be imported: {type(err).__name__}: {err}"
        raise ConfigError.because(
            "P101", message, where=str(path), remedy="repair it; --debug shows the trace"
        ) from err
    return module


def _checked(classify: Classify, tile: Tile, year: int, context: Context, path: Path) -> np.ndarray:
    where = f"{path}: classify, tile {tile.id}, year {year}"
    try:
        codes = classify(tile, year, context)
    except MutiraoError:
        raise
    except Exception as err:
        message = f"{type(err).__name__}: {err}"
        raise MutiraoError.because("P103", message, where=where, remedy="repair it; --debug shows the trace") from err
    if not (isinstance(codes, np.ndarray) and codes.dtype == np.uint8 and codes.shape == tile.shape):
        found = f"{codes.dtype} {codes.shape}" if isinstance(codes, np.ndarray) else type(codes).__name__
        remedy = f"return a uint8 array of shape {tile.shape}, 0 where there is no claim"
        raise MutiraoError.because("P103", f"the result is {found}", where=where, remedy=remedy)
    return codes


def _cut(features: xr.DataArray, tile: Tile | None) -> xr.DataArray:
    return features if tile is None else features[:, tile.slices[0], tile.slices[1]]
