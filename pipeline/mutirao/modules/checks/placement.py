"""M301 to M304: does each raster lie on the module's grid, pixel for pixel?"""

from __future__ import annotations

from collections.abc import Iterator

from mutirao.errors import Finding
from mutirao.io.rasters import RasterInfo
from mutirao.modules.checks.base import Check
from mutirao.modules.georeference import is_aligned, same_crs, same_resolution, transform_text, whole_pixels
from mutirao.modules.incoming import Incoming
from mutirao.modules.module import Module
from mutirao.modules.yearly import ByYear

Headers = ByYear[RasterInfo]


class SameCrs(Check):
    """The raster has the grid's CRS, under whatever name."""

    code = "M301"
    remedy = "reproject with nearest neighbour to the grid's CRS, or correct 'grid' in the manifest"

    def check(self, module: Module, incoming: Incoming, headers: Headers) -> Iterator[Finding]:
        """Compare what the CRSs mean."""
        for year, header in headers.values.items():
            if not same_crs(header.crs, module.grid.crs):
                name = header.crs[:120] or "none"
                yield self.found(f"CRS is {name}, the grid has {module.grid.crs}", incoming.where[year])


class SameResolution(Check):
    """Pixels have the grid's size and are not rotated."""

    code = "M302"
    remedy = "export at the grid's resolution, north up"

    def check(self, module: Module, incoming: Incoming, headers: Headers) -> Iterator[Finding]:
        """Compare pixel sides; over the whole grid they may drift a hundredth of a pixel."""
        for year, header in headers.values.items():
            if not same_resolution(header.transform, module.grid):
                message = f"raster has {transform_text(header.transform)}, grid {transform_text(module.grid.transform)}"
                yield self.found(f"pixels are not the grid's: {message}", incoming.where[year])


class NotShifted(Check):
    """The raster's origin lies on a corner of the grid's pixels."""

    code = "M303"
    remedy = "export again with the grid's transform, aligned to its pixels; do not edit the file's header"

    def check(self, module: Module, incoming: Incoming, headers: Headers) -> Iterator[Finding]:
        """Measure the offset, if pixel sides agree."""
        grid = module.grid
        for year, header in headers.values.items():
            transform = header.transform
            if not same_resolution(transform, grid) or is_aligned(transform, grid):
                continue
            x, y = grid.offset_px(transform)
            both = f"raster has {transform_text(transform)}, grid {transform_text(grid.transform)}"
            message = f"is shifted by {x:+.2f} pixel in x (to the east) and {y:+.2f} in y (to the south)"
            yield self.found(f"{message}: {both}", incoming.where[year])


class SameExtent(Check):
    """The raster covers exactly the grid: same first pixel, rows and columns."""

    code = "M304"
    remedy = "cut or pad the raster to the grid with nodata; do not resample"

    def check(self, module: Module, incoming: Incoming, headers: Headers) -> Iterator[Finding]:
        """Compare the size, and the origin in whole pixels if pixel sides agree."""
        grid = module.grid
        for year, header in headers.values.items():
            x, y = whole_pixels(header.transform, grid) if same_resolution(header.transform, grid) else (0, 0)
            if header.shape != grid.shape or (x, y) != (0, 0):
                size = f"{header.shape[0]} rows x {header.shape[1]} columns, grid {grid.shape[0]} x {grid.shape[1]}"
                message = f"raster has {size}; it begins {x:+d} pixels to the east and {y:+d} to the south of the grid"
                yield self.found(message, incoming.where[year])


PLACEMENT = (SameCrs, SameResolution, NotShifted, SameExtent)
