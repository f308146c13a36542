"""What checks of rasters may ask for, by name; each is made once and only if a check wants it.

Besides these, `module` (`Module`) and `incoming` (`Incoming`) are given, and `previous`, the submission before
(`Before`) or none.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import product

import numpy as np

from mutirao.io.delivered import Facts, FilePlane
from mutirao.io.rasters import RasterInfo
from mutirao.io.vectors import read_mask
from mutirao.legend import NODATA
from mutirao.modules.checks.base import Maker
from mutirao.modules.checks.stream import ClassPlanes, Plane, Recoding
from mutirao.modules.checks.survey import Survey, Task, take_survey
from mutirao.modules.crosswalk import crosswalk_table
from mutirao.modules.georeference import is_aligned, same_crs, same_resolution, whole_pixels
from mutirao.modules.incoming import Incoming
from mutirao.modules.module import Module
from mutirao.modules.regrid import plan
from mutirao.modules.yearly import ByYear

MOST_PIXELS = 4
"""Times the pixels of the module's grid that a raster may have and still be decoded, to say which values it has."""
MOST_BLOCK_BYTES = 256 << 20
"""Of a block, decoded: GDAL makes room for all of it before it reads a pixel."""


@dataclass(frozen=True, slots=True)
class Before:
    """The submission that this one follows."""

    version: str
    years: tuple[int, ...]
    planes: Mapping[int, FilePlane | np.ndarray]
    """Legend codes on the collection's grid, by year."""


def headers(incoming: Incoming) -> ByYear[RasterInfo]:
    """Header by year."""
    return incoming.headers


def facts(incoming: Incoming) -> ByYear[Facts]:
    """What files say about themselves beside their place, by year."""
    return incoming.facts


def pixels(module: Module, incoming: Incoming) -> ByYear[Plane]:
    """(y, x) uint8 local values by year, to be read; years in another dtype, and huge ones, are missing."""
    wrong = {
        year: reason
        for year, plane in incoming.pixels.values.items()
        if (reason := _unfit(plane, incoming.headers.values.get(year), incoming.facts.values.get(year), module))
    }
    right = {year: plane for year, plane in incoming.pixels.values.items() if year not in wrong}
    return ByYear(right, {**incoming.pixels.missing, **wrong})


def _unfit(plane: Plane, header: RasterInfo | None, facts: Facts | None, module: Module) -> str:
    if header is None:
        return "the header cannot be read"
    if plane.dtype != np.uint8:
        return f"{plane.dtype.name} values, not uint8"
    if header.count != 1:
        return f"{header.count} bands, not 1"
    if is_too_large(plane.shape, module) or (facts and facts.block[0] * facts.block[1] > MOST_BLOCK_BYTES):
        return "too large to be decoded"
    return ""


def is_too_large(shape: tuple[int, ...], module: Module) -> bool:
    """Return whether a raster has far more pixels than the module's grid."""
    rows, columns = module.grid.shape
    return int(shape[-2]) * int(shape[-1]) > MOST_PIXELS * rows * columns + 1_000_000


def recoding(module: Module, incoming: Incoming) -> Recoding:
    """From local values on the module's grid to legend codes on the collection's."""
    table = crosswalk_table(module.crosswalk, module.plain_codes, incoming.nodata)
    how = plan(module.grid, module.collection.grid, module.manifest.regrid or "nearest")
    return Recoding(table, how, module.grid.shape[0])


def placed(module: Module, incoming: Incoming, pixels: ByYear[Plane]) -> ByYear[Plane]:
    """The years that lie on the module's grid."""
    right = {year: p for year, p in pixels.values.items() if lies_on(incoming.headers.values[year], module)}
    off = {year: "not on the module's grid" for year in pixels.values if year not in right}
    return ByYear(right, {**pixels.missing, **off})


def survey(
    module: Module,
    pixels: ByYear[Plane],
    placed: ByYear[Plane],
    recoding: Recoding | None = None,
    territory: np.ndarray | None = None,
    previous: Before | None = None,
) -> Survey:
    """Everything that one pass over the pixels finds."""
    codes = (NODATA, *sorted((module.codes | module.legend.codes) - {NODATA}))
    rank = np.zeros(256, np.uint8)
    rank[list(codes)] = np.arange(len(codes))
    to_rank = Recoding(rank[recoding.table], recoding.how, recoding.height) if recoding else None
    return take_survey(
        Task(
            module.collection.grid,
            pixels.values,
            tuple(sorted(placed.values)),
            to_rank,
            codes,
            territory,
            previous.planes if previous else {},
            module.collection.minimum_mapping_unit_ha,
            tuple(_watched(module, codes)),
        )
    )


def _watched(module: Module, codes: Sequence[int]) -> Iterator[tuple[int, int]]:
    """Yield the places in `codes` of the classes that the collection says do not follow each other."""
    for rule in module.collection.implausible:
        for pair in product(*(module.legend.resolve_all(side) for side in (rule.before, rule.after))):
            yield codes.index(pair[0]), codes.index(pair[1])


def counts(pixels: ByYear[Plane], survey: Survey) -> ByYear[Mapping[int, int]]:
    """Pixels by local value, by year."""
    return ByYear(survey.counts, _missing(pixels, survey))


def classes(placed: ByYear[Plane], recoding: Recoding, survey: Survey) -> ByYear[np.ndarray]:
    """(y, x) uint8 legend codes on the collection's grid by year, read when asked for; others are missing."""
    right = {year: plane for year, plane in placed.values.items() if year in survey.years}
    return ByYear(ClassPlanes(right, recoding, survey.digests), _missing(placed, survey))


def years(placed: ByYear[Plane], survey: Survey) -> ByYear[int]:
    """Place in the survey by year; years that are not in it are missing."""
    return ByYear({year: k for k, year in enumerate(survey.years)}, _missing(placed, survey))


def _missing(planes: ByYear[Plane], survey: Survey) -> dict[int, str]:
    return {**planes.missing, **dict.fromkeys(survey.unreadable, "the file cannot be decoded")}


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


def previous() -> Before | None:
    """The submission before; none unless it is given."""
    return None


MAKERS: tuple[Maker, ...] = (
    headers, facts, pixels, recoding, placed, survey, counts, classes, years, territory, previous,
)  # fmt: skip
