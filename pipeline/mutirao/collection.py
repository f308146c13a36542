"""The collection: everything that one product is made of, by name. A pure value, no files."""

from __future__ import annotations

from datetime import date
from typing import Literal, Self

from pydantic import Field, model_validator

from mutirao.grid import Grid
from mutirao.limits import Limits
from mutirao.model import Frozen, Id, Reference, Version

Level = Literal["bronze", "silver", "gold", "platinum"]
"""Level of the quality scale, from the lowest to the highest."""


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


class Milestone(Frozen):
    """A day by which something is due."""

    id: Id = Field(description="Name of the milestone.")
    title: str = Field(min_length=1, description="What is due, in one line.")
    due: date = Field(description="Day, 2027-03-31; what comes on that day is on time.")
    needs: Literal["submissions", "reviews", "release"] = Field(
        description="Of each module, a submission with all its years, or one that a reviewer accepted; or a release."
    )
    since: date | None = Field(default=None, description="What came before this day does not count.")
    modules: tuple[Id, ...] = Field(default=(), description="Modules that it concerns; all of the collection if empty.")

    @model_validator(mode="after")
    def _is_possible(self) -> Milestone:
        if self.since and self.since > self.due:
            raise ValueError(f"since {self.since} is after the day that it is due, {self.due}")
        if self.needs == "release" and self.modules:
            raise ValueError("a release is due of the whole collection: take 'modules' away")
        return self


class Goal(Frozen):
    """What all modules want to reach together."""

    id: Id = Field(description="Name of the goal.")
    title: str = Field(min_length=1, description="The goal in one line.")
    level: Level | None = Field(default=None, description="Level of the quality scale that each module reaches.")
    all_years: bool = Field(default=False, description="Each module delivers all years that its manifest announces.")
    by: date | None = Field(default=None, description="Day by which it is to be reached; none if there is none.")
    modules: tuple[Id, ...] = Field(default=(), description="Modules that it concerns; all of the collection if empty.")

    @model_validator(mode="after")
    def _asks_something(self) -> Goal:
        if self.level is None and not self.all_years:
            raise ValueError("a goal asks for a 'level', or for 'all_years'")
        return self


class ReferencePoints(Frozen):
    """Points kept for accuracy, near which nobody may train."""

    files: tuple[str, ...] = Field(
        min_length=1, description="CSV with a header, GeoJSON or GeoPackage of points, relative to this file."
    )
    lon: str = Field(default="lon", description="Column of a CSV with the longitude, WGS 84 degrees.")
    lat: str = Field(default="lat", description="Column of a CSV with the latitude, WGS 84 degrees.")
    min_distance_m: float = Field(
        gt=0, description="Metres on the ellipsoid that a training point keeps from each of them."
    )


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
    checks: Limits = Field(default=Limits(), description="What the advice of the checks takes for ordinary.")
    reference: ReferencePoints | None = Field(
        default=None, description="Points kept for accuracy, which training must stay away from."
    )
    milestones: tuple[Milestone, ...] = Field(default=(), description="What is due when.")
    goals: tuple[Goal, ...] = Field(default=(), description="What the modules want to reach together.")

    @model_validator(mode="after")
    def _speaks_of_its_modules(self) -> Self:
        known = {member.module for member in self.modules}
        asked: list[Milestone | Goal] = [*self.milestones, *self.goals]
        strange = [f"'{entry.id}' names '{name}'" for entry in asked for name in entry.modules if name not in known]
        if strange:
            raise ValueError(f"no module of the collection: {', '.join(strange)}")
        return self

    @model_validator(mode="after")
    def _names_each_once(self) -> Self:
        for kind, entries in (("milestones", self.milestones), ("goals", self.goals)):
            ids = [entry.id for entry in entries]
            twice = sorted({entry for entry in ids if ids.count(entry) > 1})
            if twice:
                raise ValueError(f"two {kind} are called '{twice[0]}': give one of them another id")
        return self

    def product(self) -> Collection:
        """Return the collection without what is about people's work and not about the map."""
        return self.model_copy(update={"milestones": (), "goals": ()})
