"""What checks of rasters may ask for, by name; each is made once and only if a check wants it.

Besides these, `module` (`Module`) and `incoming` (`Incoming`) are given.
"""

from __future__ import annotations

import numpy as np

from mutirao.io.rasters import RasterInfo
from mutirao.io.vectors import read_mask
from mutirao.modules.checks.base import Maker
from mutirao.modules.crosswalk import count_codes, crosswalk_table
from mutirao.modules.georeference import is_aligned, same_crs, same_resolution, whole_pixels
from mutirao.modules.incoming import Incoming
from mutirao.modules.module import Module
from mutirao.modules.regrid import plan, regrid
from mutirao.modules.yearly import ByYear


def headers(incoming: Incoming) -> ByYear[RasterInfo]:
    """Header by year."""
    return incoming.headers


def pixels(incoming: Incoming) -> ByYear[np.ndarray]:
    """(y, x) uint8 local values by year; years in another dtype are missing."""
    wrong = {
        year: f"{values.dtype.name} values, not uint8"
        for year, values in incoming.pixels.values.items()
        if values.dtype != np.uint8
    }
    right = {year: values for year, values in incoming.pixels.values.items() if year not in wrong}
    return ByYear(right, {**incoming.pixels.missing, **wrong})


def counts(pixels: ByYear[np.ndarray]) -> ByYear[dict[int, int]]:
    """Pixels by local value, by year."""
    return ByYear({year: count_codes(values) for year, values in pixels.values.items()}, pixels.missing)


def classes(module: Module, incoming: Incoming, pixels: ByYear[np.ndarray]) -> ByYear[np.ndarray]:
    """(y, x) uint8 legend codes on the collection's grid by year; years off the module's grid are missing."""
    table = crosswalk_table(module.crosswalk, module.plain_codes, incoming.nodata)
    how = plan(module.grid, module.collection.grid, module.manifest.regrid or "nearest")
    missing = dict(pixels.missing)
    values = {}
    for year, local in pixels.values.items():
        if lies_on(incoming.headers.values[year], module):
            values[year] = regrid(table[local], how)
        else:
            missing[year] = "not on the module's grid"
    return ByYear(values, missing)


def lies_on(header: RasterInfo, module: Module) -> bool:
    """Return whether a raster is one band on exactly the module's grid."""
    grid = module.grid
    fits = header.count == 1 and header.shape == grid.shape and same_crs(header.crs, grid.crs)
    if not fits or not same_resolution(header.transform, grid):
        return False
    return is_aligned(header.transform, grid) and whole_pixels(header.transform, grid) == (0, 0)


def territory(module: Module) -> np.ndarray:
    """(y, x) bool on the collection's grid: where the module may claim."""
    grid = module.collection.grid
    path = module.territory_file
    return np.ones(grid.shape, dtype=bool) if path is None else read_mask(path, grid)


def areas_ha(module: Module) -> np.ndarray:
    """(y, x) float64 hectares of each pixel of the collection's grid."""
    grid = module.collection.grid
    return np.broadcast_to(grid.areas_ha(grid.whole), grid.shape)


MAKERS: tuple[Maker, ...] = (headers, pixels, counts, classes, territory, areas_ha)
