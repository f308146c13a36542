"""What checks of rasters may ask for, by name; each is made once and only if a check wants it.

Besides these, `module` (`Module`) and `incoming` (`Incoming`) are given, and `previous`, the submission before
(`Before`) or none.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import product
from pathlib import Path

import numpy as np

from mutirao.io.delivered import Facts
from mutirao.io.pointfiles import read_lonlat
from mutirao.io.rasters import RasterInfo
from mutirao.io.vectors import read_mask
from mutirao.legend import NODATA
from mutirao.limits import Limits
from mutirao.modules.checks.base import Maker
from mutirao.modules.checks.linking import recipe
from mutirao.modules.checks.neighbourhood import Neighbourhood, neighbourhood_of
from mutirao.modules.checks.others import Others
from mutirao.modules.checks.samples import Reference
from mutirao.modules.checks.stream import ClassPlanes, Plane, Recoding
from mutirao.modules.checks.survey import Survey, Task, take_survey
from mutirao.modules.crosswalk import crosswalk_table
from mutirao.modules.incoming import Incoming
from mutirao.modules.module import Module
from mutirao.modules.planes import is_too_large, lies_on
from mutirao.modules.regrid import plan
from mutirao.modules.yearly import ByYear

_POINTS = ("csv", "geojson", "gpkg")
"""Endings of files in samples/ that may hold training points."""


@dataclass(frozen=True, slots=True)
class Before:
    """The submission that this one follows."""

    version: str
    years: tuple[int, ...]
    planes: Mapping[int, Plane]
    """Legend codes on the collection's grid, by year."""


def limits(module: Module) -> Limits:
    """What the collection takes for ordinary."""
    return module.collection.checks


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
        if (reason := _unfit(plane, incoming.headers.values[year], module))
    }
    right = {year: plane for year, plane in incoming.pixels.values.items() if year not in wrong}
    return ByYear(right, {**incoming.pixels.missing, **wrong})


def _unfit(plane: Plane, header: RasterInfo, module: Module) -> str:
    """Return why the array of a run cannot be looked at; files are sorted out when they come in."""
    if plane.dtype != np.uint8:
        return f"{plane.dtype.name} values, not uint8"
    if header.count != 1:
        return f"{header.count} bands, not 1"
    return "too large to be decoded" if is_too_large(header, module.grid, is_resampled=False) else ""


def recoding(module: Module, incoming: Incoming) -> Recoding:
    """From local values on the module's grid to legend codes on the collection's."""
    table = crosswalk_table(module.crosswalk, module.plain_codes, incoming.nodata)
    how = plan(module.grid, module.collection.grid, module.manifest.regrid or "nearest")
    return Recoding(table, how, module.grid.shape[0])


def placed(module: Module, incoming: Incoming, pixels: ByYear[Plane]) -> ByYear[Plane]:
    """The years that lie on the module's grid."""
    right = {year: p for year, p in pixels.values.items() if lies_on(incoming.headers.values[year], module.grid)}
    off = {year: "not on the module's grid" for year in pixels.values if year not in right}
    return ByYear(right, {**pixels.missing, **off})


def survey(
    module: Module,
    pixels: ByYear[Plane],
    placed: ByYear[Plane],
    recoding: Recoding | None = None,
    territory: np.ndarray | None = None,
    previous: Before | None = None,
    others: Others | None = None,
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
            others or Others(),
            module.collection.checks.compared_years,
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


def territory(module: Module) -> np.ndarray:
    """(y, x) bool on the collection's grid: where the module may claim."""
    grid = module.collection.grid
    path = module.territory_file
    return np.ones(grid.shape, dtype=bool) if path is None else read_mask(path, grid)


def previous() -> Before | None:
    """The submission before; none unless it is given."""
    return None


def others() -> Others:
    """Maps of others to compare with; none unless they are given."""
    return Others()


def reference() -> Reference | None:
    """Points kept for accuracy; none unless they are given."""
    return None


def training(module: Module) -> dict[Path, np.ndarray]:
    """(n, 2) float64 longitude and latitude of training points by file: of the recipe, and in samples/."""
    columns = _recipe_columns(module)
    files = sorted({*columns, *(path for ending in _POINTS for path in module.folder.glob(f"samples/**/*.{ending}"))})
    return {path: read_lonlat(path, columns.get(path)) for path in files}


def _recipe_columns(module: Module) -> dict[Path, tuple[str, str]]:
    found = recipe(module)
    points = found.value.samples.points if found else None
    return {module.folder / points.file: (points.lon, points.lat)} if points else {}


def neighbourhood(survey: Survey) -> Neighbourhood | None:
    """What lies beside and over the submission in maps of others; none if nothing could be compared."""
    return neighbourhood_of(survey.beside)


MAKERS: tuple[Maker, ...] = (
    limits, headers, facts, pixels, recoding, placed, survey, counts, classes, years, territory, previous,
    others, neighbourhood, reference, training,
)  # fmt: skip
