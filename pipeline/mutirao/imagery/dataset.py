"""Where scenes and ancillary layers come from, as data: configs/datasets/<id>.yaml."""

from __future__ import annotations

from pathlib import PurePosixPath
from typing import Literal

from pydantic import Field, field_validator, model_validator

from mutirao.grid import Grid
from mutirao.model import Frozen, Id


class Package(Frozen):
    """A Python wheel that carries the file; it is read as a zip archive and never imported."""

    name: str = Field(description="Name in the package index.")
    version: str = Field(description="Exact version.")
    wheel: str = Field(pattern=r"^[\w.+-]+\.whl$", description="File name of the wheel.")
    sha256: str = Field(pattern=r"^[0-9a-f]{64}$", description="Digest of the wheel.")
    member: str = Field(description="Path of the file inside the wheel.")

    @field_validator("member")
    @classmethod
    def _member_stays_inside(cls, value: str) -> str:
        path = PurePosixPath(value)
        if path.is_absolute() or ".." in path.parts:
            raise ValueError("write a path inside the wheel, without '..' and without a leading '/'")
        return value


class Stack(Frozen):
    """A folder with one multi-band GeoTIFF per spectral band; band i of each file is date i of a text file."""

    folder: str = Field(description="Folder of the rasters, relative to this file.")
    dates: str = Field(description="Text file in that folder, one date (YYYY-MM-DD) a line.")


class QualityBand(Frozen):
    """The band that tells clear observations from cloud."""

    band: str = Field(description="Variable in the file.")
    clear: tuple[int, ...] = Field(min_length=1, description="Values that mean a usable observation.")


class Dataset(Frozen):
    """One input: a cube of scenes, or a single ancillary layer."""

    id: Id = Field(description="Equal to the file name.")
    title: str = Field(description="One line for people.")
    kind: Literal["scenes", "layer"] = Field(description="scenes: (time, y, x) bands; layer: one (y, x) band.")
    package: Package | None = Field(default=None, description="Fetch the file out of this wheel.")
    file: str | None = Field(default=None, description="Or a file (netCDF for scenes), relative to this one.")
    stack: Stack | None = Field(default=None, description="Or a folder of GeoTIFFs, one per band; scenes only.")
    grid: Grid = Field(description="Grid of the pixels; checked against the file's own coordinates.")
    bands: dict[str, str] = Field(
        default={}, description="Variable in the file, or file in the stack, by our band name; scenes only."
    )
    scale: float = Field(default=1.0, gt=0, description="Reflectance = stored value x scale.")
    quality: QualityBand | None = Field(default=None, description="Cloud mask band; scenes only.")
    nodata: float | None = Field(default=None, description="Stored value that means missing.")
    license: str = Field(description="SPDX identifier or name of the licence.")
    attribution: str = Field(description="Text that must accompany products.")

    @model_validator(mode="after")
    def _has_one_source(self) -> Dataset:
        if sum(source is not None for source in (self.package, self.file, self.stack)) != 1:
            raise ValueError("give exactly one of 'package', 'file' and 'stack'")
        return self

    @model_validator(mode="after")
    def _fits_its_kind(self) -> Dataset:
        if self.kind == "scenes" and not self.bands:
            raise ValueError("scenes need 'bands': our band name and the variable or file that holds it")
        if self.kind == "layer" and (self.bands or self.quality or self.stack):
            raise ValueError("a layer is one band: leave out 'bands', 'quality' and 'stack'")
        return self
