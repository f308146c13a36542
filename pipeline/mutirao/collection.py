"""The collection: everything that one product is made of, by name. A pure value, no files."""

from __future__ import annotations

from typing import Literal

from pydantic import Field, model_validator

from mutirao.grid import Grid
from mutirao.model import Frozen, Id, Reference, Version


class Years(Frozen):
    """A range of years, both ends included."""

    first: int = Field(ge=1900, le=2200, description="First year.")
    last: int = Field(ge=1900, le=2200, description="Last year, included.")

    @model_validator(mode="after")
    def _is_ordered(self) -> Years:
        if self.last < self.first:
            raise ValueError(f"last year {self.last} is before first year {self.first}")
        return self

    def __contains__(self, year: object) -> bool:
        return isinstance(year, int) and self.first <= year <= self.last

    def all(self) -> tuple[int, ...]:
        """Return every year of the range."""
        return tuple(range(self.first, self.last + 1))


class Member(Frozen):
    """A module's place in the collection."""

    module: Id = Field(description="Folder name under contributors/.")
    version: Version | Literal["latest"] = Field(default="latest", description="Submission to use.")
    missing: Literal["error", "previous", "nodata"] = Field(
        default="error",
        description="A year that the submission lacks although the manifest announces it: refuse, take it from the "
        "newest earlier submission that has it, or claim nothing.",
    )


class Territories(Frozen):
    """Polygons for which areas are computed; a pixel belongs to the polygon that holds its centre."""

    level: Id = Field(description="Name of this set of territories in the area tables.")
    title: str = Field(description="One line for people.")
    file: str = Field(description="GeoJSON or GeoPackage, relative to this file.")
    key: str = Field(default="id", description="Attribute with a unique identifier.")
    name: str = Field(default="name", description="Attribute with the name for people.")


class Layer(Frozen):
    """An ancillary raster on the collection's grid that rules may consult."""

    id: Id = Field(description="Name used in rules.")
    file: str = Field(description="Single-band raster on the grid, relative to this file.")
    values: dict[str, int] = Field(default={}, description="Names for values, usable in rules.")


class Mosaic(Frozen):
    """A source that joins modules: at each pixel it claims what the module of the pixel's layer value claims."""

    id: Id = Field(description="Name used in rules.")
    layer: Id = Field(description="Layer that tells the members apart.")
    members: dict[Id, Reference] = Field(min_length=1, description="Layer value, or its name, by module.")


class Agreement(Frozen):
    """A layer held aside from all training, compared with the finished map. Not a probability sample."""

    id: Id = Field(description="Name of the comparison in the tables.")
    title: str = Field(description="What is compared, in one line.")
    dataset: Id = Field(description="Reference layer, a file under configs/datasets/.")
    year: int = Field(description="Year of the map that is compared.")
    labels: dict[str, tuple[float, float]] = Field(description="Label by closed range of the layer's values.")
    classes: dict[str, tuple[int | str, ...]] = Field(description="Map classes that count as each label.")
    block: tuple[float, float, float, float] = Field(description="west, south, east, north in the CRS of the grid.")


class Implausible(Frozen):
    """Classes that hardly follow each other within a year."""

    before: tuple[Reference, ...] = Field(min_length=1, description="Classes or groups of the legend.")
    after: tuple[Reference, ...] = Field(min_length=1, description="Classes or groups that they do not turn into.")
    max_ha: float = Field(default=0.0, ge=0, description="Hectares in a year that are let pass.")


class Gates(Frozen):
    """What a build must reach before it may be released."""

    max_hole_ha: float = Field(default=0.0, ge=0, description="Largest area that no rule may leave without a class.")
    min_agreement: dict[Id, float] = Field(default={}, description="Smallest overall agreement by comparison.")


class Collection(Frozen):
    """Configuration of one collection: configs/collections/<id>.yaml."""

    id: Id = Field(description="Equal to the file name.")
    title: str = Field(description="Title of the product.")
    description: str = Field(description="A paragraph for the catalogue.")
    publisher: str = Field(description="Network or organisation that publishes.")
    license: str = Field(default="CC-BY-4.0", description="SPDX identifier of the data licence.")
    grid: Grid = Field(description="The grid of every raster.")
    legend: Id = Field(description="File under configs/legends/.")
    years: Years = Field(description="Years of the series.")
    modules: tuple[Member, ...] = Field(min_length=1, description="Contributors, at most 255.", max_length=255)
    rules: Id = Field(description="File under configs/rules/.")
    chain: Id | None = Field(default=None, description="File under configs/chains/, applied after integration.")
    layers: tuple[Layer, ...] = Field(default=(), description="Ancillary rasters for the rules.")
    mosaics: tuple[Mosaic, ...] = Field(default=(), description="Modules that rules speak of as one source.")
    territories: tuple[Territories, ...] = Field(default=(), description="For the area tables.")
    agreement: tuple[Agreement, ...] = Field(default=(), description="Comparisons with layers held aside.")
    minimum_mapping_unit_ha: float | None = Field(
        default=None, gt=0, description="Smallest patch that a map should have; none if patches are not judged."
    )
    implausible: tuple[Implausible, ...] = Field(
        default=(), description="Changes from one year to the next that modules are asked about."
    )
    gates: Gates = Field(default=Gates(), description="Conditions of a release.")
