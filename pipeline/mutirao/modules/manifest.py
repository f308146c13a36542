"""What a module says about itself: contributors/<id>/manifest.yaml."""

from __future__ import annotations

from typing import Literal

from pydantic import Field, model_validator

from mutirao.collection import Years
from mutirao.grid import Grid
from mutirao.legend import Code
from mutirao.model import Frozen, Id, Reference


class Maintainer(Frozen):
    """A person who answers for the module."""

    name: str = Field(min_length=1, description="Name of the person.")
    contact: str = Field(default="", description="E-mail address, ORCID or forge handle.")


class Delivery(Frozen):
    """How finished rasters are handed in."""

    files: str = Field(description="File name with {year} in it, for example MEADOWS-{year}-final.tif.")
    nodata: int = Field(ge=0, le=255, description="Value that means 'no claim' in the files.")

    @model_validator(mode="after")
    def _names_the_year(self) -> Delivery:
        if "{year}" not in self.files:
            raise ValueError(f"files is {self.files!r} and does not say where the year stands: write {{year}}")
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
        default=None, description="How its own grid becomes the collection's; recorded in each submission."
    )
    legend: Id | None = Field(
        default=None, description="Legend of its own codes, if not the collection's; crosswalk tables must lead there."
    )
    crosswalk: dict[Code, Reference] = Field(
        default={}, description="Class by local code: of the collection's legend, or of 'legend' if that is given."
    )
    parameters: dict[str, float | int | str | bool] = Field(default={}, description="Handed to a python module.")
    delivery: Delivery | None = Field(default=None, description="Only for the method delivered.")
    license: str = Field(default="CC-BY-4.0", description="SPDX identifier of the data licence.")
    citation: str = Field(default="", description="How to cite the method.")

    @model_validator(mode="after")
    def _fits_its_method(self) -> Manifest:
        if self.method == "delivered" and self.delivery is None:
            raise ValueError("method is delivered, so 'delivery' must say how the files are named")
        if self.method != "delivered" and self.delivery is not None:
            raise ValueError(f"method is {self.method}, so there is nothing to say under 'delivery'")
        if self.grid is not None and self.regrid is None:
            raise ValueError("a grid of its own needs 'regrid: nearest' or 'regrid: mode'")
        return self
