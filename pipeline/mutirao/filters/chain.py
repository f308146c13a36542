"""Filter chains as data: typed steps in order."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from mutirao.model import Frozen, Id, Reference


class GapFill(Frozen):
    """Missing years take the nearest earlier class, and leading ones the first class."""

    filter: Literal["gap_fill"]
    title: str = Field(default="Fill missing years", description="For the notes and the map page.")


class Window(Frozen):
    """An interruption of a class between two years of that class is closed."""

    filter: Literal["window"]
    title: str = Field(default="Close short interruptions", description="For the notes and the map page.")
    width: Literal[3] = Field(default=3, description="Years in the window.")
    classes: tuple[Reference, ...] = Field(min_length=1, description="Classes in the order in which they are closed.")


class Patches(Frozen):
    """Patches below a minimum mapping unit take the majority class along their border, year by year."""

    filter: Literal["patches"]
    title: str = Field(default="Remove small patches", description="For the notes and the map page.")
    min_pixels: int = Field(ge=2, le=128, description="Smallest patch that stays, in pixels.")
    connectivity: Literal[4, 8] = Field(default=8, description="Neighbours that connect pixels to a patch.")
    protected: tuple[Reference, ...] = Field(default=(), description="Classes whose small patches stay.")


Step = Annotated[GapFill | Window | Patches, Field(discriminator="filter")]


class Chain(Frozen):
    """Filters in the order in which they run: configs/chains/<id>.yaml."""

    id: Id = Field(description="Equal to the file name.")
    title: str = Field(description="One line for people.")
    steps: tuple[Step, ...] = Field(
        min_length=1, max_length=255, description="Each step reads the result of the one before."
    )
