"""M301 to M309 without M305: does each raster lie on the module's grid, pixel for pixel?"""

from __future__ import annotations

from collections.abc import Iterator

from affine import Affine
from pyproj import CRS
from pyproj.exceptions import CRSError

from mutirao.errors import Finding
from mutirao.io.delivered import Facts
from mutirao.io.rasters import RasterInfo
from mutirao.modules.checks.base import Check
from mutirao.modules.georeference import is_aligned, same_crs, same_resolution, transform_text, whole_pixels
from mutirao.modules.incoming import Incoming
from mutirao.modules.module import Module
from mutirao.modules.yearly import ByYear

Headers = ByYear[RasterInfo]
_WORLD = 360.0
"""No geographic coordinate is larger, and hardly a projected raster lies nearer to its origin."""


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
            if not same_resolution(header.transform, module.grid) and not _is_flipped(header.transform):
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


class HasAPlace(Check):
    """The raster says where it lies."""

    code = "M306"
    remedy = "export as GeoTIFF with CRS and transform; a picture of the map has neither"

    def check(self, incoming: Incoming, headers: Headers, facts: ByYear[Facts]) -> Iterator[Finding]:
        """Look for a transform other than the one of no place."""
        for year, header in headers.values.items():
            if header.transform == Affine.identity():
                points = facts.values[year].gcps if year in facts.values else 0
                has = f"only {points} ground control points" if points else "nothing"
                yield self.found(f"the file says {has} about its place", incoming.where[year])


class NorthIsUp(Check):
    """Rows run from north to south, and columns from west to east."""

    code = "M307"
    remedy = "warp it north up with nearest neighbour (gdalwarp does by default), or write the rows in the other order"

    def check(self, incoming: Incoming, headers: Headers) -> Iterator[Finding]:
        """Look at the signs of the pixel's sides."""
        for year, header in headers.values.items():
            if header.transform != Affine.identity() and _is_flipped(header.transform):
                way = "from south to north" if header.transform.e > 0 else "from east to west"
                lines = "rows" if header.transform.e > 0 else "columns"
                yield self.found(f"{lines} run {way}: {transform_text(header.transform)}", incoming.where[year])


def _is_flipped(transform: Affine) -> bool:
    return bool(transform.a < 0 or transform.e > 0)


class UnitsFitTheCrs(Check):
    """Coordinates are in the units of the raster's CRS: degrees with degrees, metres with metres."""

    code = "M308"
    remedy = "assign the CRS that the coordinates are in, then reproject; do not only write another name"

    def check(self, incoming: Incoming, headers: Headers) -> Iterator[Finding]:
        """Compare the size of coordinates with the kind of CRS."""
        for year, header in headers.values.items():
            transform, kind = header.transform, _kind(header.crs)
            large = max(abs(transform.c), abs(transform.f)) > _WORLD
            if transform == Affine.identity() or not kind:
                continue
            if large == (kind == "geographic") and (large or abs(transform.a) < 1):
                units = "no degrees" if large else "degrees"
                message = f"coordinates are {units} in a {kind} CRS: {transform_text(transform)}"
                yield self.found(message, incoming.where[year])


def _kind(crs: str) -> str:
    try:
        return "geographic" if CRS.from_user_input(crs).is_geographic else "projected"
    except CRSError:
        return ""


class MeetsTheGrid(Check):
    """The raster has a pixel in common with the grid."""

    code = "M309"
    remedy = "look at place, zone and sign of the coordinates; a UTM zone beside the right one moves a map by 6 degrees"

    def check(self, module: Module, incoming: Incoming, headers: Headers) -> Iterator[Finding]:
        """Compare the bounds, if the CRS is the grid's."""
        west, south, east, north = module.grid.bounds
        for year, header in headers.values.items():
            if header.transform == Affine.identity() or not same_crs(header.crs, module.grid.crs):
                continue
            corners = [header.transform @ (x, y) for x in (0, header.shape[1]) for y in (0, header.shape[0])]
            xs, ys = zip(*corners, strict=True)
            if max(xs) <= west or min(xs) >= east or max(ys) <= south or min(ys) >= north:
                bounds = f"{min(xs):.10g}, {min(ys):.10g}, {max(xs):.10g}, {max(ys):.10g}"
                grid = f"{west:.10g}, {south:.10g}, {east:.10g}, {north:.10g}"
                message = f"lies beside the grid: raster {bounds}, grid {grid} (west south east north)"
                yield self.found(message, incoming.where[year])


PLACEMENT = (SameCrs, SameResolution, NotShifted, SameExtent, HasAPlace, NorthIsUp, UnitsFitTheCrs, MeetsTheGrid)
