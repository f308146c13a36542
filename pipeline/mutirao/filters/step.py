"""What all steps of a chain have: where and when they write, what they never overwrite, and how they run."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Annotated, Any, Literal

import numba
import numpy as np
from pydantic import Field, model_validator

from mutirao.model import Frozen, Id, Reference

if TYPE_CHECKING:
    from mutirao.filters.lookup import Lookup
    from mutirao.filters.overlay import Overlay

Reads = Literal["original", "pass", "running"]
Scan = Literal["ascending", "descending"]
Share = Annotated[float, Field(ge=0, le=1)]
READS = (
    "original: judge on the series as the step found it; pass: as the pass of the class found it; running: on what has "
    "been written so far."
)
MAX_HALO = 512
"""Largest halo of a step: a tile of 2048 pixels then costs 2.25 times its own. A step that needs more is refused."""
SCAN = "Order in which the years are judged; matters only for 'reads: running'."
TITLE = "For the notes and the map page."


class Span(Frozen):
    """Years that a step may write, both ends included; an end that is not given is that of the series."""

    first: int | None = Field(default=None, ge=1900, le=2200, description="First year.")
    last: int | None = Field(default=None, ge=1900, le=2200, description="Last year, included.")

    @model_validator(mode="after")
    def _is_ordered(self) -> Span:
        if self.first is not None and self.last is not None and self.last < self.first:
            raise ValueError(f"last year {self.last} is before first year {self.first}")
        return self


class Between(Frozen):
    """Values of a layer from one to another."""

    at_least: int | None = Field(default=None, description="Smallest value.")
    at_most: int | None = Field(default=None, description="Largest value.")


class Except(Frozen):
    """All values of a layer but some."""

    none_of: Reference | tuple[Reference, ...] = Field(description="Values or their names.")


Condition = Reference | tuple[Reference, ...] | Between | Except


class Step(Frozen):
    """What a step of any kind may say."""

    title: str = Field(default="", description=TITLE)
    where: dict[Id, Condition] = Field(
        default={},
        description="Pixels that the step may write: values by layer or by level of territories; all must hold.",
    )
    years: Span | None = Field(default=None, description="Years that the step may write.")
    protected: tuple[Reference, ...] = Field(default=(), description="Classes that the step never overwrites.")

    def prepare(self, look: Lookup) -> Prepared:
        """Look up names, and return what makes the work of the step; it is called only if all names are known."""
        raise NotImplementedError

    def classes_written(self, look: Lookup) -> frozenset[int] | None:
        """Return the classes that the step may write where they did not stand, nodata included; None is any.

        The linter of chains relies on it: what is not named here is never written, on any map, whatever else the step
        says. It is called only if all names are known.
        """
        del look
        return None


@dataclass(frozen=True, slots=True)
class Limits:
    """What a step may overwrite, as the references take it."""

    years: frozenset[int] | None = None
    """Places in the series; None is all."""
    protected: frozenset[int] = frozenset()

    def allow(self, t: int, code: int) -> bool:
        """Return whether a class may be overwritten at this place of the series."""
        return (self.years is None or t in self.years) and code not in self.protected


FREE = Limits()


@numba.njit(nogil=True, cache=True)
def may_write(writable, protected, t, code):  # type: ignore[no-untyped-def]
    """Return whether a kernel may overwrite a class in a year: `Limits.allow` in arrays."""
    return writable[t] and not protected[code]


@dataclass(frozen=True, slots=True)
class Site:
    """Where a step that looks at maps may write, and what it may consult; a window of (y, x) pixels."""

    scope: np.ndarray
    """(y, x) bool, pixels that may be written."""
    writable: np.ndarray
    """(year,) bool, years that may be written."""
    protected: np.ndarray
    """(256,) bool, classes that are never overwritten."""
    layers: np.ndarray
    """(layer, y, x) int64, the layers that the step named, in its order."""
    pixel_ha: np.ndarray
    """(y, x) float64, hectares of each pixel, on the ellipsoid."""


@dataclass(frozen=True, slots=True)
class SeriesWork:
    """Work on the series of each pixel alone."""

    settings: tuple[Any, ...]
    """Everything that decides what the step does, as plain values; steps with equal settings do the same."""
    kernel: Callable[..., None]
    """`kernel(series, writable, protected, *arguments)`, or with layers `kernel(series, layers, writable, ...)`:
    changes (year, pixel) uint8 in place; writable is (year,) bool, protected (256,) bool, layers (layer, pixel) int64.
    """
    arguments: tuple[Any, ...] = ()
    layers: tuple[str, ...] = ()
    """Layers that the kernel reads."""
    evidence: tuple[int, int] | None = None
    """Years before and after a year that the step must see to judge it; None if it judges no year by other years."""
    judged: tuple[int, ...] | None = None
    """Places of the series, negative ones from its end, that alone the step judges; None is all."""
    by_value: tuple[Any, ...] = ()
    """What each value of the only layer means, as plain values, if the settings do not tell: the step does at a pixel
    what the pixel's value means, whatever the other values mean."""
    streams: bool = False
    """Whether the kernel passes over the years of a block once, so that strips in the cache are of no use to it."""


@dataclass(frozen=True, slots=True)
class MapWork:
    """Work on whole maps, where pixels look at their neighbours."""

    settings: tuple[Any, ...]
    """As those of a `SeriesWork`."""
    run: Callable[[np.ndarray, Site], None]
    """Changes a C-ordered (year, y, x) uint8 block in place."""
    halo: int
    """Pixels around a tile that make its result independent of the tiling."""
    layers: tuple[str, ...] = ()
    evidence: tuple[int, int] | None = None
    """As that of a `SeriesWork`."""
    judged: tuple[int, ...] | None = None


Work = SeriesWork | MapWork
Prepared = Callable[[], Work]


@dataclass(frozen=True, slots=True)
class Scope:
    """Conditions on layers in values: by layer a set of values or a range, all of which must hold."""

    conditions: tuple[tuple[str, frozenset[int] | tuple[int | None, int | None], bool], ...] = ()
    """Layer, values or (smallest, largest), and whether they are meant or all others."""

    @property
    def layers(self) -> tuple[str, ...]:
        """Layers that are asked."""
        return tuple(layer for layer, _, _ in self.conditions)

    def mask(self, layers: Mapping[str, np.ndarray], shape: tuple[int, int]) -> np.ndarray:
        """Return (y, x) bool, true where all conditions hold."""
        held = np.ones(shape, bool)
        for layer, wanted, meant in self.conditions:
            held &= _holds(layers[layer], wanted) == meant
        return held


def _holds(values: np.ndarray, wanted: frozenset[int] | tuple[int | None, int | None]) -> np.ndarray:
    if isinstance(wanted, frozenset):
        return np.isin(values, sorted(wanted))
    low, high = wanted
    held = np.ones(values.shape, bool)
    return held & (low is None or values >= low) & (high is None or values <= high)


@dataclass(frozen=True, slots=True)
class ReadyStep:
    """A step in codes."""

    title: str
    work: Work
    scope: Scope = Scope()
    years: tuple[bool, ...] | None = None
    """Whether each year of the series may be written; None is all, in a series of any length."""
    protected: frozenset[int] = frozenset()

    @property
    def settings(self) -> tuple[Any, ...]:
        """Everything that decides what the step does, as plain values."""
        conditions = [(layer, sorted(w) if isinstance(w, frozenset) else w, m) for layer, w, m in self.scope.conditions]
        return (*self.work.settings, conditions, self.years, sorted(self.protected))

    @property
    def halo(self) -> int:
        """Pixels around a tile that the step needs."""
        return self.work.halo if isinstance(self.work, MapWork) else 0

    @property
    def layers(self) -> tuple[str, ...]:
        """Layers that the step reads, or asks where it may write."""
        return (*self.work.layers, *self.scope.layers)


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What the steps of a chain may speak of besides classes."""

    years: tuple[int, ...] = ()
    """Years of the series; none if they are not known."""
    layers: Mapping[str, Mapping[str, int]] = field(default_factory=dict)
    """Names of values by layer; territories are layers too, the names of their values are identifiers."""
    pixel_ha: tuple[float, float] | None = None
    """Smallest and largest pixel [ha]."""
    levels: frozenset[str] = frozenset()
    """Layers that are territories: a number that a step names is an identifier there too."""
    overlays: Mapping[str, Overlay] = field(default_factory=dict)
    """Polygons by the name that the steps which read them give (`PolygonStep.layer`)."""


@dataclass(frozen=True, slots=True)
class Ground:
    """What lies under a block of series: layers and the size of pixels."""

    layers: Mapping[str, np.ndarray] = field(default_factory=dict)
    """(y, x) integers by name."""
    pixel_ha: np.ndarray | None = None
    """(y, x) float64 or what spreads to it; None if no step asks for it."""

    def site(self, step: ReadyStep, shape: tuple[int, int, int]) -> Site:
        """Return where a step may write in a block of (year, y, x), and what it may consult."""
        years, plane = shape[0], shape[1:]
        size = np.nan if self.pixel_ha is None else self.pixel_ha
        return Site(
            scope=step.scope.mask(self.layers, plane),
            writable=np.ones(years, bool) if step.years is None else np.array(step.years),
            protected=table_of(step.protected),
            layers=np.array([self.layers[name] for name in step.work.layers], np.int64).reshape(-1, *plane),
            pixel_ha=np.broadcast_to(size, plane),
        )


def table_of(codes: Sequence[int] | frozenset[int]) -> np.ndarray:
    """Return (256,) bool, true at the codes."""
    return np.isin(np.arange(256), list(codes))
