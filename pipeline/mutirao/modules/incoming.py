"""What is handed in, from a run or from files, in one form: a header of each year, and its pixels when they are wanted.

Nothing is decoded here, and nothing judged except names that could lead out of the folder that the contributor named.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np

from mutirao.errors import Finding, QualityError
from mutirao.io.delivered import Facts, Readable
from mutirao.io.places import ObjectPlace, Place, is_far, place
from mutirao.io.rasters import RasterInfo
from mutirao.io.storage import matching
from mutirao.legend import NODATA
from mutirao.modules.joined import JoinedPlane
from mutirao.modules.manifest import Delivery
from mutirao.modules.module import Module
from mutirao.modules.names import refuse_names, refuse_typed
from mutirao.modules.planes import Planes, Resampling
from mutirao.modules.regrid import Method
from mutirao.modules.sheets import Sheet, Sorted, sort_files
from mutirao.modules.yearly import ByYear

Files = str | Place | Sequence[Place]
"""Delivered files: a folder, a glob, or a list of paths; of this machine or of an object store."""


@dataclass(frozen=True, slots=True)
class HandedIn:
    """Delivered files, and what is wanted for these alone."""

    files: Files
    regrid: Method | None = None
    """How rasters on other grids are resampled; none: as the manifest says."""


Rasters = np.ndarray | Mapping[int, np.ndarray] | Files | HandedIn
"""Arrays of a run: (year, y, x) in the order of the manifest's years, or (y, x) by year. Or delivered files."""


@dataclass(frozen=True, slots=True)
class Incoming:
    """Rasters by year, in the module's own codes and on its own grid, before any check."""

    headers: ByYear[RasterInfo]
    """Header by year; missing if the file cannot be opened."""
    pixels: ByYear[np.ndarray | Readable]
    """(y, x) values by year, in the run's dtype or uint8; missing if the files cannot be opened or are no maps."""
    where: Mapping[int, str]
    """File and band, or module and year, for messages."""
    nodata: int
    """Value that means 'no claim'."""
    unreadable: tuple[Finding, ...] = ()
    """M202: one for each file that cannot be opened."""
    repeated: Mapping[int, tuple[str, ...]] = field(default_factory=dict)
    """Files by year, where several claim to be the same year; only the first is read."""
    unmatched: tuple[str, ...] = ()
    """Files whose name does not follow the manifest's pattern."""
    extra: Mapping[int, str] = field(default_factory=dict)
    """File by year that the module's manifest does not announce; it is not read."""
    facts: ByYear[Facts] = field(default_factory=lambda: ByYear({}))
    """What files say about themselves beside their place, by year; a run has none."""
    foreign: Mapping[str, str] = field(default_factory=dict)
    """What it is, by file that is in another format."""
    sheets: Mapping[int, tuple[Sheet, ...]] = field(default_factory=dict)
    """Bands of files by year, as they are; a run has none."""
    joined: Mapping[int, JoinedPlane] = field(default_factory=dict)
    """Tiles as one plane, by year that came in tiles."""
    resampled: Mapping[int, Resampling] = field(default_factory=dict)
    """How it was done, by year that lay on another grid."""
    odd_bands: Mapping[str, tuple[int, str]] = field(default_factory=dict)
    """The year by its place and what is wrong, by band whose name speaks of another year."""
    is_resampling: bool = False
    """Whether files on another grid are resampled if that makes sense."""


def receive(module: Module, rasters: Rasters) -> Incoming:
    """Look at what is handed in: headers are read, and no pixel is decoded.

    Raises
    ------
    QualityError
        M206 nothing is there; S102 a name contains `..`, S103 a link leads to it, S106 two names differ only in upper
        and lower case: see `names`.
    """
    if isinstance(rasters, np.ndarray):
        return _from_arrays(module, dict(enumerate(rasters, start=module.manifest.years.first)))
    if isinstance(rasters, Mapping):
        return _from_arrays(module, rasters)
    given = rasters if isinstance(rasters, HandedIn) else HandedIn(rasters)
    typed = _typed(given.files)
    if typed is not None:
        refuse_typed(typed)
    paths = list_files(given.files)
    if not any(path.exists() for path in paths):
        remedy = f"name the folder with the files, or a pattern such as 'exports/*.tif'; you are in {Path.cwd()}"
        raise QualityError.because("M206", "no file is there", where=str(given.files), remedy=remedy)
    refuse_names(paths, typed if isinstance(typed, Path) else None)
    return _from_files(module, paths, given.regrid)


def _typed(files: Files) -> Place | None:
    """Return a path or pattern that somebody named; none for a list of files."""
    return place(files) if isinstance(files, str | Path | ObjectPlace) else None


def _from_arrays(module: Module, arrays: Mapping[int, np.ndarray]) -> Incoming:
    grid, years = module.grid, sorted(arrays)
    headers = {
        year: RasterInfo(grid.crs, grid.transform, plane.shape[-2:], plane.ndim - 1, plane.dtype.name, 0)
        for year, plane in sorted(arrays.items())
    }
    where = {year: f"run of {module.id}, {year}" for year in years}
    announced = [year for year in years if year in module.manifest.years]
    pixels: dict[int, np.ndarray | Readable] = {year: arrays[year] for year in announced}
    extra = {year: where[year] for year in years if year not in announced}
    # A run writes 0 for 'no claim' whatever the value in delivered files.
    return Incoming(ByYear({y: headers[y] for y in announced}), ByYear(pixels), where, nodata=0, extra=extra)


def list_files(rasters: str | Place | Iterable[Place]) -> list[Place]:
    """Return the files of a folder, a glob or a list, in alphabetical order."""
    if isinstance(rasters, ObjectPlace) or (isinstance(rasters, str) and is_far(rasters)):
        return matching(str(rasters)) if set("*?[") & set(str(rasters)) else _objects(rasters)
    if isinstance(rasters, Path) or (isinstance(rasters, str) and Path(rasters).is_dir()):
        folder = Path(rasters)
        return sorted(path for path in folder.iterdir() if path.is_file()) if folder.is_dir() else [folder]
    if isinstance(rasters, str):
        pattern = Path(rasters)
        found = Path(pattern.anchor or ".").glob(str(pattern.relative_to(pattern.anchor)))
        return sorted(path for path in found if path.is_file())
    return sorted(map(place, rasters), key=str)


def _objects(location: str | ObjectPlace) -> list[Place]:
    """Return the objects right in a folder of a store, or the one object."""
    here = place(location)
    return sorted((path for path in here.iterdir() if path.is_file()), key=str) or [here]


def _from_files(module: Module, paths: Sequence[Place], regrid: Method | None) -> Incoming:
    delivery = module.manifest.delivery or Delivery(files=f"{module.id}_{{year}}.tif", nodata=NODATA)
    came = sort_files(delivery, paths, module.manifest.years.all())
    nodata = _nodata(delivery, came)
    asked = None if module.manifest.grid else module.manifest.regrid
    planes = Planes(module.grid, nodata, "{tile}" in delivery.files, regrid or asked, _bundles(came))
    years = {year: planes.of_year(sheets) for year, sheets in came.sheets.items()}
    headers = {year: made.header for year, made in years.items()}
    if delivery.nodata == "file":  # whether files agree is a question of its own
        headers = {year: replace(header, nodata=nodata) for year, header in headers.items()}
    missing = {year: made.missing for year, made in years.items() if made.plane is None}
    return Incoming(
        ByYear(headers, came.failed),
        ByYear(
            {year: made.plane for year, made in years.items() if made.plane is not None}, {**came.failed, **missing}
        ),
        came.where,
        nodata,
        came.unreadable,
        came.repeated,
        came.unmatched,
        came.extra,
        ByYear({year: sheets[0].facts for year, sheets in came.sheets.items()}, came.failed),
        came.foreign,
        came.sheets,
        {year: made.joined for year, made in years.items() if made.joined},
        {year: made.resampling for year, made in years.items() if made.resampling},
        came.odd_bands,
        (regrid or asked) is not None,
    )


def _nodata(delivery: Delivery, came: Sorted) -> int:
    """Return the value for 'no claim'; if files say it themselves, that of the first, which the others are held to."""
    if isinstance(delivery.nodata, int):
        return delivery.nodata
    said = next((sheets[0].header.nodata for sheets in came.sheets.values()), None)
    return int(said) if said is not None and said in range(256) else NODATA


def _bundles(came: Sorted) -> dict[Place, tuple[int, ...]]:
    """Return the bands that are wanted, by file whose bands lie side by side."""
    wanted: dict[Place, list[int]] = {}
    for sheets in came.sheets.values():
        for sheet in sheets:
            if sheet.facts.is_bundled:
                wanted.setdefault(sheet.path, []).append(sheet.band)
    return {path: tuple(sorted(bands)) for path, bands in wanted.items()}
