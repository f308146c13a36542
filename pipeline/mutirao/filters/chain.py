"""Filter chains as data: typed steps in order."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, Literal

from pydantic import Field, model_validator

from mutirao.filters.changed_patches import ChangedPatches
from mutirao.filters.edits import Edits
from mutirao.filters.enclosure import Enclosure
from mutirao.filters.endpoints import Endpoints
from mutirao.filters.events import Events
from mutirao.filters.frequency import Frequency
from mutirao.filters.gapfill import GapFill
from mutirao.filters.incidence import Incidence
from mutirao.filters.isolated import Isolated
from mutirao.filters.lead_in import LeadIn
from mutirao.filters.mode import Mode
from mutirao.filters.patches import Patches
from mutirao.filters.pattern import Pattern
from mutirao.filters.persistence import Persistence
from mutirao.filters.reassign import Reassign
from mutirao.filters.regrowth import Regrowth
from mutirao.filters.shape import Shape
from mutirao.filters.step import Step
from mutirao.filters.window import Window
from mutirao.model import Frozen, Id, Reference, ReferenceKey

MOST_STEPS = 255
"""Steps of a chain, single ones of every region counted: the last that changed a pixel is kept in a byte."""
AnyStep = Annotated[
    GapFill
    | Mode
    | Persistence
    | Reassign
    | Window
    | Isolated
    | Pattern
    | Endpoints
    | Frequency
    | Regrowth
    | LeadIn
    | ChangedPatches
    | Enclosure
    | Incidence
    | Shape
    | Patches
    | Edits
    | Events,
    Field(discriminator="filter"),
]


class ByRegion(Frozen):
    """Steps of their own for every region: they run one region after the other, and write inside it only."""

    filter: Literal["by_region"]
    title: str = Field(default="", description="Said before the title of each step.")
    layer: Id = Field(description="Layer or level of territories that tells the regions apart.")
    regions: dict[ReferenceKey, tuple[AnyStep, ...]] = Field(
        min_length=1, description="Steps by value of the layer, or by its name."
    )


class StatedSurroundings(Frozen):
    """What a chain speaks of, where no collection gives it."""

    legend: Id = Field(description="File under configs/legends/.")
    first: int = Field(ge=1900, le=2200, description="First year of the series.")
    last: int = Field(ge=1900, le=2200, description="Last year of the series, included.")
    layers: dict[Id, dict[str, int]] = Field(default={}, description="Values by name, by layer.")


class Chain(Frozen):
    """Filters in the order in which they run: configs/chains/<id>.yaml."""

    id: Id = Field(description="Equal to the file name.")
    title: str = Field(description="One line for people.")
    steps: tuple[Annotated[AnyStep | ByRegion, Field(discriminator="filter")], ...] = Field(
        min_length=1, max_length=MOST_STEPS, description="Each step reads the result of the one before."
    )
    groups: dict[Id, tuple[Reference, ...]] = Field(
        default={}, description="Groups of classes for this chain only, beside those of the legend."
    )
    vocabulary: StatedSurroundings | None = Field(
        default=None, description="Legend, years and layers, where no collection gives them."
    )

    @model_validator(mode="after")
    def _is_countable(self) -> Chain:
        count = sum(1 for _ in self.flat())
        if count > MOST_STEPS:
            raise ValueError(f"{count} steps, those of every region counted, and at most {MOST_STEPS} are allowed")
        return self

    def flat(self) -> Iterator[tuple[Step, tuple[int | str, ...]]]:
        """Yield single steps, those of a region confined to it, and the place of each in the file."""
        for number, step in enumerate(self.steps):
            if isinstance(step, ByRegion):
                for region, inner in step.regions.items():
                    for i, one in enumerate(inner):
                        yield _confined(one, step, region), ("steps", number, "regions", region, i)
            else:
                yield step, ("steps", number)


def _confined(step: Step, by: ByRegion, region: Reference) -> Step:
    words = [by.title, str(region), step.title]
    where = {**step.where, by.layer: region}
    return step.model_copy(update={"title": ": ".join(word for word in words if word), "where": where})
