"""Filter chains as data: typed steps in order."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from mutirao.model import Frozen, Id, Reference

Reads = Literal["original", "running"]
Scan = Literal["ascending", "descending"]
Share = Annotated[float, Field(ge=0, le=1)]
_READS = "original: judge on the series as the step found it; running: on what the step has written so far."
_SCAN = "Order of the years; matters only for 'reads: running'."


class GapFill(Frozen):
    """Missing years take the nearest earlier class, and leading ones the first class."""

    filter: Literal["gap_fill"]
    title: str = Field(default="Fill missing years", description="For the notes and the map page.")


class Window(Frozen):
    """An interruption of a class between two years of that class is closed."""

    filter: Literal["window"]
    title: str = Field(default="Close short interruptions", description="For the notes and the map page.")
    width: Literal[3, 4, 5] = Field(default=3, description="Years in the window; the gap has two fewer.")
    classes: tuple[Reference, ...] = Field(min_length=1, description="Classes in the order in which they are closed.")
    writes: Literal["first", "gap"] = Field(default="first", description="First year of the gap, or all of it.")


class Isolated(Frozen):
    """A year of a class that both neighbours in time differ from takes the class of the year before."""

    filter: Literal["isolated"]
    title: str = Field(default="Remove isolated years", description="For the notes and the map page.")
    classes: tuple[Reference, ...] = Field(min_length=1, description="Classes in the order in which they are judged.")
    allowed: tuple[Reference, ...] = Field(default=(), description="Classes that may take the place; default: any.")


class Pattern(Frozen):
    """Series of classes are rewritten: `3 21 21 15 -> 3 21 15 15`, with groups, `*` (anything) and `_` (keep)."""

    filter: Literal["pattern"]
    title: str = Field(default="Rewrite patterns", description="For the notes and the map page.")
    rewrites: tuple[str, ...] = Field(min_length=1, description="Patterns in order; names in one word, as open-land.")
    windows: Literal["any", "first", "last"] = Field(
        default="any", description="Where in the series a pattern is laid."
    )
    reads: Reads = Field(default="original", description=_READS)
    scan: Scan = Field(default="ascending", description=_SCAN)


class Endpoints(Frozen):
    """The first and the last year follow the two years next to them."""

    filter: Literal["endpoints"]
    title: str = Field(default="Correct the first and last year", description="For the notes and the map page.")
    first: tuple[Reference, ...] = Field(default=(), description="Classes that the first year may take, in order.")
    last: bool = Field(default=True, description="Whether the last year takes the class of the two before it.")
    protected: tuple[Reference, ...] = Field(default=(), description="Classes of the last year that stay.")


class Frequency(Frozen):
    """A pixel that nearly always belongs to a group takes the class that it has most clearly."""

    filter: Literal["frequency"]
    title: str = Field(default="Stabilise by frequency", description="For the notes and the map page.")
    group: tuple[Reference, ...] = Field(min_length=1, description="Classes whose shares of the years are summed.")
    total: Share = Field(description="Smallest summed share, 0 to 1.")
    thresholds: dict[Reference, Share] = Field(min_length=1, description="Smallest share by class; later ones win.")
    writes: Literal["all", "group"] = Field(default="group", description="All valid years, or those of the group.")


class Regrowth(Frozen):
    """Native vegetation right after many years of use stays use; judged on the running series, years ascending."""

    filter: Literal["regrowth"]
    title: str = Field(default="Block false regrowth", description="For the notes and the map page.")
    use: tuple[Reference, ...] = Field(min_length=1, description="Classes whose unbroken run is counted.")
    years: int = Field(ge=1, le=100, description="Years in a row that block.")
    native: tuple[Reference, ...] = Field(min_length=1, description="Classes that are blocked.")
    becomes: Reference = Field(description="Class that is written instead.")


class LeadIn(Frozen):
    """The block of one class that leads up to the first year of another becomes the other."""

    filter: Literal["lead_in"]
    title: str = Field(default="Give the years before a class to it", description="For the notes and the map page.")
    targets: tuple[Reference, ...] = Field(min_length=1, description="Classes whose first year is looked for.")
    lead: tuple[Reference, ...] = Field(min_length=1, description="Classes of the unbroken block before it.")
    keep: int = Field(default=0, ge=0, le=100, description="Years at the head of the block that stay.")


class Majority(Frozen):
    """A series that never leaves a group takes its most frequent class in all years."""

    filter: Literal["majority"]
    title: str = Field(default="Settle on the most frequent class", description="For the notes and the map page.")
    classes: tuple[Reference, ...] = Field(min_length=1, description="The group; of equally frequent ones the first.")


class Patches(Frozen):
    """Patches below a minimum mapping unit take the majority class along their border, year by year."""

    filter: Literal["patches"]
    title: str = Field(default="Remove small patches", description="For the notes and the map page.")
    min_pixels: int = Field(ge=2, le=128, description="Smallest patch that stays, in pixels.")
    connectivity: Literal[4, 8] = Field(default=8, description="Neighbours that connect pixels to a patch.")
    protected: tuple[Reference, ...] = Field(default=(), description="Classes whose small patches stay.")


Step = Annotated[
    GapFill | Window | Isolated | Pattern | Endpoints | Frequency | Regrowth | LeadIn | Majority | Patches,
    Field(discriminator="filter"),
]


class Chain(Frozen):
    """Filters in the order in which they run: configs/chains/<id>.yaml."""

    id: Id = Field(description="Equal to the file name.")
    title: str = Field(description="One line for people.")
    steps: tuple[Step, ...] = Field(
        min_length=1, max_length=255, description="Each step reads the result of the one before."
    )
