"""What a module says about itself: contributors/<id>/manifest.yaml."""

from __future__ import annotations

from typing import Literal

from pydantic import Field, field_validator, model_validator

from mutirao.collection import Years
from mutirao.grid import Grid
from mutirao.legend import Code
from mutirao.model import Frozen, Id, Reference


class Maintainer(Frozen):
    """A person who answers for the module."""

    name: str = Field(min_length=1, description="Name of the person.")
    contact: str = Field(default="", description="E-mail address, ORCID or forge handle.")


class Bands(Frozen):
    """Which band of a file is which year."""

    first: int | None = Field(
        default=None, ge=1900, le=2200, description="Year of band 1; band 2 is the year after it, and so on."
    )
    names: str | None = Field(
        default=None, description="Name of a band with {year} in it, for example classification_{year}."
    )

    @model_validator(mode="after")
    def _tells_the_year(self) -> Bands:
        if self.first is None and self.names is None:
            raise ValueError("say 'first', the year of band 1, or 'names', how bands are called, or both")
        if self.names is not None and self.names.count("{year}") != 1:
            raise ValueError(f"names is {self.names!r} and does not say once where the year stands: write {{year}}")
        return self


class Delivery(Frozen):
    """How finished rasters are handed in."""

    files: str = Field(
        description="File name with {year} in it, for example MEADOWS-{year}-final.tif; {tile} stands for any text, if "
        "a year comes in several files that lie side by side or overlap."
    )
    bands: Bands | None = Field(
        default=None, description="Years of the bands, if a file has several years; 'files' has no {year} then."
    )
    nodata: int | Literal["file"] = Field(
        description="Value that means 'no claim' in the files, 0 to 255; 'file' if each file says it itself."
    )

    @field_validator("nodata")
    @classmethod
    def _is_a_byte(cls, value: int | str) -> int | str:
        if isinstance(value, int) and not 0 <= value <= 255:
            raise ValueError("a value of a byte, 0 to 255, or 'file'")
        return value

    @model_validator(mode="after")
    def _names_the_year(self) -> Delivery:
        if self.bands is None and "{year}" not in self.files:
            raise ValueError(
                f"files is {self.files!r} and does not say where the year stands: write {{year}}, or say under 'bands' "
                "which band is which year"
            )
        if self.bands is not None and "{year}" in self.files:
            raise ValueError(
                f"files is {self.files!r} with {{year}}, but 'bands' says the years: take one of them away"
            )
        if self.files.count("{tile}") > 1:
            raise ValueError(f"files is {self.files!r} with {{tile}} twice: write it once")
        return self


class Manifest(Frozen):
    """Manifest of one contributor module."""

    id: Id = Field(description="Equal to the folder name.")
    name: str = Field(min_length=1, description="Name for people.")
    kind: Literal["region", "theme"] = Field(description="A region claims its whole territory, a theme what it maps.")
    organisation: str = Field(min_length=1, description="Who owns the module.")
    maintainers: tuple[Maintainer, ...] = Field(min_length=1, description="At least one person.")
    keys: tuple[str, ...] = Field(default=(), description="SSH public keys that may sign submissions.")
    description: str = Field(min_length=1, description="One sentence.")
    status: Literal["draft", "active", "deprecated", "retired"] = Field(description="Stage of its life.")
    collection: Id = Field(description="Collection the module belongs to, a file under configs/collections/.")
    classes: tuple[Reference, ...] = Field(min_length=1, description="Classes of the legend that it may claim.")
    years: Years = Field(description="Years it delivers.")
    territory: str | None = Field(default=None, description="GeoJSON, relative to this file; absent: the whole grid.")
    min_coverage: float = Field(default=0.99, ge=0, le=1, description="Smallest share of its territory, for a region.")
    method: Literal["recipe", "python", "earthengine", "delivered"] = Field(description="How classes are made.")
    inputs: tuple[Id, ...] = Field(default=(), description="Datasets it reads, files under configs/datasets/.")
    grid: Grid | None = Field(default=None, description="Its own grid, if not the collection's.")
    regrid: Literal["nearest", "mode"] | None = Field(
        default=None,
        description="How its own 'grid' becomes the collection's; without 'grid', how delivered rasters on any other "
        "grid are resampled to it. Recorded in each submission.",
    )
    legend: Id | None = Field(
        default=None, description="Legend of its own codes, if not the collection's; crosswalk tables must lead there."
    )
    crosswalk: dict[Code, Reference] = Field(
        default={}, description="Class by local code: of the collection's legend, or of 'legend' if that is given."
    )
    parameters: dict[str, float | int | str | bool] = Field(default={}, description="Handed to a python module.")
    delivery: Delivery | None = Field(default=None, description="How files are named that were made elsewhere.")
    license: str = Field(default="CC-BY-4.0", description="SPDX identifier of the data licence.")
    citation: str = Field(default="", description="How to cite the method.")

    @model_validator(mode="after")
    def _fits_its_method(self) -> Manifest:
        if self.method == "delivered" and self.delivery is None:
            raise ValueError("method is delivered, so 'delivery' must say how the files are named")
        if self.method not in ("delivered", "earthengine") and self.delivery is not None:
            raise ValueError(f"method is {self.method}, so there is nothing to say under 'delivery'")
        if self.grid is not None and self.regrid is None:
            raise ValueError("a grid of its own needs 'regrid: nearest' or 'regrid: mode'")
        return self
