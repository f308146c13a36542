"""What is handed in, from a run or from files, in one form: a header of each year, and its pixels when they are wanted.

Nothing is decoded here, and nothing judged except names that could lead out of the folder that the contributor named.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from mutirao.errors import Finding, QualityError
from mutirao.io.delivered import Facts, FilePlane, foreign_format, read_header
from mutirao.io.rasters import RasterError, RasterInfo
from mutirao.modules.module import Module
from mutirao.modules.yearly import ByYear

Rasters = np.ndarray | Mapping[int, np.ndarray] | str | Path | Sequence[Path]
"""Arrays of a run: (year, y, x) in the order of the manifest's years, or (y, x) by year. Or delivered files: a folder,
a glob, or a list of paths."""


@dataclass(frozen=True, slots=True)
class Incoming:
    """Rasters by year, in the module's own codes and on its own grid, before any check."""

    headers: ByYear[RasterInfo]
    """Header by year; missing if the file cannot be opened."""
    pixels: ByYear[np.ndarray | FilePlane]
    """(y, x) first band by year, in the file's dtype; missing if the file cannot be opened."""
    where: Mapping[int, str]
    """File, or module and year, for messages."""
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


def receive(module: Module, rasters: Rasters) -> Incoming:
    """Look at what is handed in: headers are read, and no pixel is decoded.

    Raises
    ------
    QualityError
        M206 nothing is there; S102 a name contains `..`; S103 a file is a link; S106 two names differ only in upper
        and lower case.
    """
    if isinstance(rasters, np.ndarray):
        return _from_arrays(module, dict(enumerate(rasters, start=module.manifest.years.first)))
    if isinstance(rasters, Mapping):
        return _from_arrays(module, rasters)
    if isinstance(rasters, str | Path):
        refuse_detours([Path(rasters)])
    paths = list_files(rasters)
    if not any(path.exists() for path in paths):
        remedy = f"name the folder with the files, or a pattern such as 'exports/*.tif'; you are in {Path.cwd()}"
        raise QualityError.because("M206", "no file is there", where=str(rasters), remedy=remedy)
    refuse_names(paths)
    return _from_files(module, paths)


def _from_arrays(module: Module, arrays: Mapping[int, np.ndarray]) -> Incoming:
    grid, years = module.grid, sorted(arrays)
    headers = {
        year: RasterInfo(grid.crs, grid.transform, plane.shape[-2:], plane.ndim - 1, plane.dtype.name, 0)
        for year, plane in sorted(arrays.items())
    }
    where = {year: f"run of {module.id}, {year}" for year in years}
    announced = [year for year in years if year in module.manifest.years]
    pixels = {year: arrays[year] for year in announced}
    extra = {year: where[year] for year in years if year not in announced}
    # A run writes 0 for 'no claim' whatever the value in delivered files.
    return Incoming(ByYear({y: headers[y] for y in announced}), ByYear(pixels), where, nodata=0, extra=extra)


def list_files(rasters: str | Path | Iterable[Path]) -> list[Path]:
    """Return the files of a folder, a glob or a list, in alphabetical order."""
    if isinstance(rasters, Path) or (isinstance(rasters, str) and Path(rasters).is_dir()):
        folder = Path(rasters)
        return sorted(path for path in folder.iterdir() if path.is_file()) if folder.is_dir() else [folder]
    if isinstance(rasters, str):
        pattern = Path(rasters)
        found = Path(pattern.anchor or ".").glob(str(pattern.relative_to(pattern.anchor)))
        return sorted(path for path in found if path.is_file())
    return sorted(Path(path) for path in rasters)


def refuse_detours(paths: Iterable[Path]) -> None:
    """Refuse names with `..` in them."""
    message = "the name leads out of its folder with '..'"
    findings = [Finding("S102", message, str(path), f"write {path.resolve()}") for path in paths if ".." in path.parts]
    if findings:
        raise QualityError(*findings)


def refuse_names(paths: Sequence[Path]) -> None:
    """Refuse names that lead elsewhere, or that a file system without upper case would confuse."""
    refuse_detours(paths)
    findings: list[Finding] = []
    seen: dict[str, Path] = {}
    for path in paths:
        if path.is_symlink():
            findings.append(Finding("S103", f"is a link to {path.readlink()}", str(path), "hand in the file itself"))
        twin = seen.setdefault(str(path).casefold(), path)
        if twin != path:
            message = f"the name differs from {twin.name} only in upper and lower case"
            findings.append(Finding("S106", message, str(path), "rename or remove one of the two"))
    if findings:
        raise QualityError(*findings)


def year_pattern(files: str) -> re.Pattern[str]:
    """Return the regular expression of a manifest's file pattern; every `{year}` is the same four digits."""
    first, *rest = (re.escape(part) for part in files.split("{year}"))
    return re.compile(first + r"(?P<year>\d{4})" + r"(?P=year)".join(rest))


def _from_files(module: Module, paths: Sequence[Path]) -> Incoming:
    delivery = module.manifest.delivery
    pattern = year_pattern(delivery.files if delivery else f"{module.id}_{{year}}.tif")
    by_year: dict[int, list[Path]] = {}
    unmatched = []
    for path in paths:
        if match := pattern.fullmatch(path.name):
            by_year.setdefault(int(match["year"]), []).append(path)
        else:
            unmatched.append(str(path))
    announced = {year: files[0] for year, files in sorted(by_year.items()) if year in module.manifest.years}
    headers, facts, unreadable = _read_headers(announced)
    planes = {year: FilePlane(announced[year], h.shape, np.dtype(h.dtype)) for year, h in headers.values.items()}
    return Incoming(
        headers,
        ByYear(planes, headers.missing),
        {year: str(path) for year, path in announced.items()},
        module.nodata,
        unreadable,
        {year: tuple(map(str, files)) for year, files in by_year.items() if len(files) > 1},
        tuple(unmatched),
        {year: str(files[0]) for year, files in sorted(by_year.items()) if year not in announced},
        facts,
        {str(path): words for path in announced.values() if (words := foreign_format(path))},
    )


def _read_headers(files: Mapping[int, Path]) -> tuple[ByYear[RasterInfo], ByYear[Facts], tuple[Finding, ...]]:
    headers: dict[int, RasterInfo] = {}
    facts: dict[int, Facts] = {}
    failed: dict[int, str] = {}
    unreadable: list[Finding] = []
    for year, path in files.items():
        try:
            headers[year], facts[year] = read_header(path)
        except RasterError as err:
            # The check of formats says better what is wrong with a file that is known to be something else.
            unreadable.extend(() if foreign_format(path) else err.findings)
            failed[year] = f"{path.name} cannot be read"
    return ByYear(headers, failed), ByYear(facts, failed), tuple(unreadable)
