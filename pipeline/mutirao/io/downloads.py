"""Write clips of maps for an analyst: plain GeoTIFFs with colours, names and tags."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import xarray as xr

from mutirao.grid import Grid
from mutirao.io.cogs import write_cog
from mutirao.io.gdal import room_for_rasters
from mutirao.io.rasters import Rgba


def write_clip(
    path: Path, year: xr.DataArray, grid: Grid, colormap: Mapping[int, Rgba] | None, tags: Mapping[str, str]
) -> None:
    """Write one (y, x) map of a clip as a COG on its part of the collection's grid.

    Raises
    ------
    ResourceError
        R207: no room is left.
    """
    left, top = float(year.x[0]) - grid.resolution / 2, float(year.y[0]) + grid.resolution / 2
    part = grid.model_copy(update={"origin": (left, top), "shape": year.shape})
    with room_for_rasters(path):
        write_cog(path, year.to_numpy(), part, colormap=colormap, tags=tags)
