"""What a submission says about itself: submission.json, written last and never changed."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from typing import Any, Literal

import numpy as np
from pydantic import Field

from mutirao.collection import Level
from mutirao.grid import Grid
from mutirao.model import Frozen, Id, Version

Digest = str
RECEIPT = "submission.json"
REPORT = "checks.json"


class FileRecord(Frozen):
    """One raster of the submission."""

    year: int = Field(description="Year of the map.")
    name: str = Field(description="File name in the submission's folder.")
    size: int = Field(ge=1, description="Bytes.")
    sha256: Digest = Field(description="Digest of the file's bytes.")
    pixels: Digest = Field(description="Digest of the decoded pixels with grid, dtype and nodata.")


class LegendRecord(Frozen):
    """The legend whose codes the rasters carry."""

    id: Id = Field(description="Name of the legend.")
    version: str = Field(description="Its version.")


class OwnLegendRecord(LegendRecord):
    """The legend in which the module delivered, if it is another."""

    tables: tuple[Id, ...] = Field(description="Crosswalk tables that lead from it to the collection's, in order.")


class RegridRecord(Frozen):
    """How the module's own grid became the collection's."""

    own: Grid = Field(description="The module's own grid.")
    method: Literal["nearest", "mode"] = Field(description="Rule for several own pixels in one.")
    factor: int = Field(ge=1, description="Sides of fine pixels in one coarse pixel.")


class ResampleRecord(Frozen):
    """How rasters that were delivered on another grid became rasters on the module's."""

    years: tuple[int, ...] = Field(min_length=1, description="Years that were delivered so.")
    method: Literal["nearest", "mode"] = Field(description="What was done; by GDAL's warper.")
    crs: str = Field(description="CRS of the files.")
    transform: tuple[float, float, float, float, float, float] = Field(
        description="Affine of the files from (column, row) to (x, y): a, b, c, d, e, f."
    )
    shape: tuple[int, int] = Field(description="Rows and columns of the files, tiles joined.")


class CodeRecord(Frozen):
    """State of the network's repository at submission."""

    commit: str | None = Field(default=None, description="Commit of HEAD; none outside a git repository.")
    dirty: bool | None = Field(default=None, description="Whether files differed from that commit.")


class QualityRecord(Frozen):
    """The level of the quality scale that a submission had when it was taken in; see `modules.quality`."""

    level: Level | None = Field(description="Level; none if not even the lowest was reached.")
    met: tuple[Id, ...] = Field(description="Rules of the scale that were met.")
    waived: tuple[Id, ...] = Field(default=(), description="Rules that a waiver excused.")
    unmet: dict[Id, str] = Field(description="What was looked at, by rule that was not met or not known.")


class ChangeRecord(Frozen):
    """How much of the map is of another class than in the module's submission before."""

    previous: Version = Field(description="Version of the submission before.")
    years: tuple[int, ...] = Field(min_length=1, description="Years that both have.")
    changed_ha: float = Field(ge=0, description="Hectares of another class, summed over these years.")


class Submission(Frozen):
    """Receipt of one immutable version of a module's yearly rasters."""

    schema_version: Literal["1"] = Field(default="1", description="Version of this format.")
    module: Id = Field(description="Module that claims.")
    version: Version = Field(description="Version of the submission.")
    kind: Literal["region", "theme"] = Field(description="Kind of the module at submission.")
    organisation: str = Field(description="Owner of the module at submission.")
    collection: Id = Field(description="Collection it was made for.")
    years: tuple[int, ...] = Field(min_length=1, description="Years delivered, ascending.")
    grid: Grid = Field(description="Grid of the rasters, the collection's.")
    grid_digest: Digest = Field(description="Digest of CRS, resolution, origin and shape.")
    legend: LegendRecord = Field(description="Legend of the codes.")
    files: tuple[FileRecord, ...] = Field(min_length=1, description="One raster a year, in order of the years.")
    tiles: dict[str, Digest] = Field(description="Digest of the claims of all years, by tile of the grid.")
    own_legend: OwnLegendRecord | None = Field(default=None, description="None if the module has no legend of its own.")
    crosswalk: dict[int, int] = Field(default={}, description="Legend code by local code, as applied.")
    regrid: RegridRecord | None = Field(default=None, description="None if the rasters came on the grid.")
    resampled: tuple[ResampleRecord, ...] = Field(default=(), description="Empty if all rasters came on the grid.")
    code: CodeRecord = Field(description="State of the repository.")
    manifest_digest: Digest = Field(description="Digest of manifest.yaml.")
    method_digest: Digest | None = Field(default=None, description="Digest of recipe.yaml or module.py.")
    checks_digest: Digest = Field(description="Digest of checks.json beside it.")
    software: dict[str, str] = Field(description="Version by name.")
    report: dict[str, Any] = Field(default={}, description="What the run says about itself.")
    quality: QualityRecord | None = Field(default=None, description="None in receipts of older versions of mutirao.")
    change: ChangeRecord | None = Field(default=None, description="None if there was nothing to compare with.")
    created: str = Field(description="UTC time of submission, ISO 8601.")


def raster_name(module: str, year: int, version: str) -> str:
    """Return the file name of one year of a submission."""
    return f"{module}_{year}_v{version}.tif"


def grid_digest(grid: Grid) -> Digest:
    """Return the sha256 of what places pixels: CRS, resolution, origin, shape; the tile side is left out."""
    text = f"{grid.crs}|{grid.resolution!r}|{grid.origin!r}|{grid.shape!r}"
    return hashlib.sha256(text.encode()).hexdigest()


class TileDigests:
    """The sha256 of a module's claims in each tile of a grid, fed year by year."""

    def __init__(self, grid: Grid) -> None:
        self._tiles = [(tile, hashlib.sha256()) for tile in grid.tiles()]

    def add(self, year: int, plane: np.ndarray) -> None:
        """Take in the claims of a year, (y, x) uint8 on the grid; years must come in ascending order."""
        for tile, digest in self._tiles:
            _feed(digest, year, plane[tile.slices])

    def finish(self) -> dict[str, Digest]:
        """Return the digests by tile."""
        return {tile.id: digest.hexdigest() for tile, digest in self._tiles}


def tile_digests(classes: np.ndarray | Mapping[int, np.ndarray], grid: Grid) -> dict[str, Digest]:
    """Return the sha256 of a module's claims of all years in each tile of a grid.

    Two submissions of a module make the same claims in a tile if and only if its digests are equal.

    Parameters
    ----------
    classes : (y, x) uint8 on the grid, by year; an array (year, y, x) is digested as the years 0, 1, 2 and so on.
    """
    planes = classes if isinstance(classes, Mapping) else dict(enumerate(classes))
    digests = TileDigests(grid)
    for year in sorted(planes):
        digests.add(year, planes[year])
    return digests.finish()


def window_digest(windows: Mapping[int, np.ndarray]) -> Digest:
    """Return the sha256 of claims in one window: (y, x) uint8 by year, in ascending order."""
    digest = hashlib.sha256()
    for year, window in windows.items():
        _feed(digest, year, window)
    return digest.hexdigest()


def _feed(digest: hashlib._Hash, year: int, window: np.ndarray) -> None:
    digest.update(f"{year}|{window.shape}|{window.dtype.str}|".encode())
    digest.update(np.ascontiguousarray(window).data)
