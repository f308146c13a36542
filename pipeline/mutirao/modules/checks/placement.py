"""M301 to M310 without M305: does each raster lie on the module's grid, pixel for pixel?

A tile may have a part of the grid; what was resampled on request may lie elsewhere.
"""

from __future__ import annotations

from collections.abc import Iterator

from affine import Affine
from pyproj import CRS, Transformer
from pyproj.exceptions import CRSError, ProjError

from mutirao.errors import Finding
from mutirao.grid import Grid
from mutirao.io.delivered import Facts
from mutirao.io.rasters import RasterInfo
from mutirao.modules.checks.base import Check
from mutirao.modules.checks.files import each_file
from mutirao.modules.georeference import is_aligned, same_crs, same_resolution, transform_text, whole_pixels
from mutirao.modules.incoming import Incoming
from mutirao.modules.module import Module
from mutirao.modules.numbers import years_text
from mutirao.modules.planes import Resampling
from mutirao.modules.yearly import ByYear

Headers = ByYear[RasterInfo]
Box = tuple[float, float, float, float]
_WORLD = 360.0
"""No geographic coordinate is larger, and hardly a projected raster lies nearer to its origin."""


def _off_grid(incoming: Incoming, headers: Headers) -> Iterator[tuple[str, RasterInfo]]:
    """Yield name and header of each file that is not resampled, and therefore must lie on the grid."""
    resampled = {sheet.path for year in incoming.resampled for sheet in incoming.sheets[year]}
    names = {str(path) for path in resampled}
    for where, header, _ in each_file(incoming, headers, ByYear({})):
        if where not in names:
            yield where, header


class SameCrs(Check):
    """The raster has the grid's CRS, under whatever name."""

    code = "M301"
    remedy = "reproject with nearest neighbour to the grid's CRS, or correct 'grid' in the manifest"

    def check(self, module: Module, incoming: Incoming, headers: Headers) -> Iterator[Finding]:
        """Compare what the CRSs mean."""
        for where, header in _off_grid(incoming, headers):
            if not same_crs(header.crs, module.grid.crs):
                yield self.found(f"CRS is {_crs_name(header.crs)}, the grid has {_crs_name(module.grid.crs)}", where)


class SameResolution(Check):
    """Pixels have the grid's size and are not rotated."""

    code = "M302"
    remedy = "export at the grid's resolution, north up"

    def check(self, module: Module, incoming: Incoming, headers: Headers) -> Iterator[Finding]:
        """Compare pixel sides; over the whole grid they may drift a hundredth of a pixel."""
        for where, header in _off_grid(incoming, headers):
            if not same_resolution(header.transform, module.grid) and not _is_flipped(header.transform):
                message = f"raster has {transform_text(header.transform)}, grid {transform_text(module.grid.transform)}"
                yield self.found(f"pixels are not the grid's: {message}", where)


class NotShifted(Check):
    """The raster's origin lies on a corner of the grid's pixels."""

    code = "M303"
    remedy = "export again with the grid's transform, aligned to its pixels; do not edit the file's header"

    def check(self, module: Module, incoming: Incoming, headers: Headers) -> Iterator[Finding]:
        """Measure the offset, if pixel sides agree."""
        grid = module.grid
        for where, header in _off_grid(incoming, headers):
            transform = header.transform
            if not same_resolution(transform, grid) or is_aligned(transform, grid):
                continue
            x, y = grid.offset_px(transform)
            both = f"raster has {transform_text(transform)}, grid {transform_text(grid.transform)}"
            message = f"is shifted by {x:+.2f} pixel in x (to the east) and {y:+.2f} in y (to the south)"
            yield self.found(f"{message}: {both}", where, weight=max(abs(x), abs(y)))


class SameExtent(Check):
    """The raster covers exactly the grid: same first pixel, rows and columns. A tile lies within it."""

    code = "M304"
    remedy = "cut or pad the raster to the grid with nodata; do not resample"

    def check(self, module: Module, incoming: Incoming, headers: Headers) -> Iterator[Finding]:
        """Compare the size, and the origin in whole pixels if pixel sides agree."""
        grid = module.grid
        is_tiled = "{tile}" in module.manifest.delivery.files if module.manifest.delivery else False
        for where, header in _off_grid(incoming, headers):
            x, y = whole_pixels(header.transform, grid) if same_resolution(header.transform, grid) else (0, 0)
            rows, columns = header.shape
            is_within = x >= 0 and y >= 0 and y + rows <= grid.shape[0] and x + columns <= grid.shape[1]
            if is_within if is_tiled else (header.shape, x, y) == (grid.shape, 0, 0):
                continue
            size = f"{rows} rows x {columns} columns, grid {grid.shape[0]} x {grid.shape[1]}"
            east = f"{x:+d} pixel{'' if abs(x) == 1 else 's'} to the east"
            begin = f"; it begins {east} and {y:+d} to the south of the grid" if x or y else ""
            message = f"raster has {size}{begin}"
            yield self.found(message, where)


class HasAPlace(Check):
    """The raster says where it lies."""

    code = "M306"
    remedy = "export as GeoTIFF with CRS and transform; a picture of the map has neither"

    def check(self, incoming: Incoming, headers: Headers, facts: ByYear[Facts]) -> Iterator[Finding]:
        """Look for a transform other than the one of no place."""
        for where, header, fact in each_file(incoming, headers, facts):
            if header.transform == Affine.identity():
                has = f"only {fact.gcps} ground control points" if fact and fact.gcps else "nothing"
                yield self.found(f"the file says {has} about its place", where)


class NorthIsUp(Check):
    """Rows run from north to south, and columns from west to east."""

    code = "M307"
    remedy = "warp it north up with nearest neighbour (gdalwarp does by default), or write the rows in the other order"

    def check(self, incoming: Incoming, headers: Headers) -> Iterator[Finding]:
        """Look at the signs of the pixel's sides."""
        for where, header in _off_grid(incoming, headers):
            if header.transform != Affine.identity() and _is_flipped(header.transform):
                way = "from south to north" if header.transform.e > 0 else "from east to west"
                lines = "rows" if header.transform.e > 0 else "columns"
                yield self.found(f"{lines} run {way}: {transform_text(header.transform)}", where)


def _is_flipped(transform: Affine) -> bool:
    return bool(transform.a < 0 or transform.e > 0)


class UnitsFitTheCrs(Check):
    """Coordinates are in the units of the raster's CRS: degrees with degrees, metres with metres."""

    code = "M308"
    remedy = "assign the CRS that the coordinates are in, then reproject; do not only write another name"

    def check(self, incoming: Incoming, headers: Headers) -> Iterator[Finding]:
        """Compare the size of coordinates with the kind of CRS."""
        for where, header, _ in each_file(incoming, headers, ByYear({})):
            transform, kind = header.transform, _kind(header.crs)
            large = max(abs(transform.c), abs(transform.f)) > _WORLD
            if transform == Affine.identity() or not kind:
                continue
            if large == (kind == "geographic") and (large or abs(transform.a) < 1):
                units = "no degrees" if large else "degrees"
                message = f"coordinates are {units} in a {kind} CRS: {transform_text(transform)}"
                yield self.found(message, where)


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
        """Compare the bounds, if the CRS is the grid's or the raster is resampled."""
        for where, header, _ in each_file(incoming, headers, ByYear({})):
            is_elsewhere = not same_crs(header.crs, module.grid.crs)
            if header.transform == Affine.identity() or (is_elsewhere and not incoming.is_resampling):
                continue
            grid = _bounds_in(header.crs, module.grid) if is_elsewhere else module.grid.bounds
            corners = [header.transform @ (x, y) for x in (0, header.shape[1]) for y in (0, header.shape[0])]
            xs, ys = zip(*corners, strict=True)
            raster = min(xs), min(ys), max(xs), max(ys)
            if grid is not None and not _meet(raster, grid):
                message = f"lies beside the grid: raster {_box(raster)}, grid {_box(grid)} (west south east north)"
                yield self.found(message, where)


def _bounds_in(crs: str, grid: Grid) -> Box | None:
    """Return the bounds of a grid in another CRS; none if they are not known there."""
    try:
        to_raster = Transformer.from_crs(grid.pyproj_crs, CRS.from_user_input(crs), always_xy=True)
        return to_raster.transform_bounds(*grid.bounds, densify_pts=21)
    except ProjError:
        return None


def _meet(one: Box, other: Box) -> bool:
    return one[2] > other[0] and one[0] < other[2] and one[3] > other[1] and one[1] < other[3]


def _box(box: Box) -> str:
    return ", ".join(f"{value:.10g}" for value in box)


class IsResampled(Check):
    """Rasters lie on the grid, so that nothing is resampled."""

    code = "M310"
    severity = "advise"
    remedy = "export on the collection's grid if you can: resampling moves borders by up to half a pixel"

    def check(self, incoming: Incoming) -> Iterator[Finding]:
        """Say what was done on request, once for all years that lie alike."""
        done: dict[Resampling, list[int]] = {}
        for year, how in incoming.resampled.items():
            done.setdefault(how, []).append(year)
        for how, years in done.items():
            place = f"CRS {_crs_name(how.crs)}, {transform_text(how.transform)}, {how.shape[0]} x {how.shape[1]} pixels"
            yield self.found(
                f"{years_text(years)}: resampled to the grid ({how.method}) from {place}", incoming.where[years[0]]
            )


def _crs_name(crs: str) -> str:
    """Return the name and, if there is one, the code of a CRS; what nobody knows is told as it stands."""
    try:
        known = CRS.from_user_input(crs)
    except CRSError:
        return crs[:120] or "none"
    code = known.to_authority()
    return f"{known.name} ({':'.join(code)})" if code else known.name


PLACEMENT = (
    SameCrs,
    SameResolution,
    NotShifted,
    SameExtent,
    HasAPlace,
    NorthIsUp,
    UnitsFitTheCrs,
    MeetsTheGrid,
    IsResampled,
)
