"""What a patch filter does, in codes and whole units, and how far around a pixel it looks.

Sizes are whole numbers, pixels or square decimetres, so that the order in which pixels are summed never matters.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import astuple, dataclass
from typing import Any, Literal

import numpy as np

from mutirao.filters.lookup import Lookup
from mutirao.filters.step import Site
from mutirao.model import Reference

Becomes = Literal["border", "mode", "largest"]
Votes = Literal["all", "large"]
UNITS_PER_HA = 1_000_000
"""Square decimetres."""
OTHERS = "default"
"""Key for the classes that a mapping by class does not name."""


@dataclass(frozen=True, slots=True)
class Rule:
    """A patch filter; sizes are in pixels, or in square decimetres if `in_hectares`."""

    smallest: tuple[int, ...]
    """(256,) size by class below which a patch is small."""
    connectivity: Literal[4, 8] = 8
    becomes: Becomes = "border"
    radius: int = 0
    votes: Votes = "all"
    size_cap: int | None = None
    passes: int = 1
    in_hectares: bool = False

    @property
    def settings(self) -> tuple[Any, ...]:
        """The rule as plain values."""
        return astuple(self)

    def table(self) -> np.ndarray:
        """Return (256,) int64, size by class below which a patch is small."""
        return np.array(self.smallest, np.int64)


def uniform(smallest: int) -> tuple[int, ...]:
    """Return one threshold for all classes."""
    return (0, *[smallest] * 255)


def thresholds(sizes: float | Mapping[Reference, float], look: Lookup, key: str) -> tuple[float, ...]:
    """Return (256,) sizes by class; 0, so that no patch is small, where the step gives none."""
    if not isinstance(sizes, Mapping):
        return (0, *[sizes] * 255)
    named: dict[int, tuple[float, Reference]] = {}
    for reference, size in sizes.items():
        for code in () if reference == OTHERS else sorted(look.resolve(reference, key, reference)):
            known, by = named.setdefault(code, (size, reference))
            if known != size:
                message = f"class {code} has two thresholds: {known} as '{by}' and {size} as '{reference}'"
                look.complain("F111", message, "list it once, or take groups that do not overlap", key, reference)
    others = (sizes.get(OTHERS, 0), OTHERS)
    return (0, *(named.get(code, others)[0] for code in range(1, 256)))


def in_units(sizes: tuple[float, ...], in_hectares: bool) -> tuple[int, ...]:
    """Return sizes as whole units."""
    return tuple(round(size * UNITS_PER_HA) if in_hectares else int(size) for size in sizes)


def units_of(site: Site, rule: Rule) -> tuple[np.ndarray, int]:
    """Return (y, x) int64, the size of each pixel, without memory for what repeats; and the smallest.

    Raises
    ------
    ValueError
        The rule is in hectares, but the ground under the block tells no pixel sizes.
    """
    plane = site.scope.shape
    if not rule.in_hectares:
        return np.broadcast_to(np.int64(1), plane), 1
    kinds = tuple(slice(1 if stride == 0 else None) for stride in site.pixel_ha.strides)
    hectares = site.pixel_ha[kinds]
    if not np.isfinite(hectares).all():
        raise ValueError("patches are measured in hectares, but the ground tells no sizes of pixels")
    units = np.rint(hectares * UNITS_PER_HA).astype(np.int64)
    return np.broadcast_to(units, plane), int(units.min())


def halo(rule: Rule, pixel: int = 1) -> int | None:
    """Return the pixels around a tile that make the result independent of the tiling; None if there is no bound.

    Notes
    -----
    A patch of n pixels or more shows within n - 1 pixels of each of its pixels, whatever lies beyond. So smallness
    shows within n - 1; the patches along the border of a small patch begin within n - 1, and theirs within as many
    again. Where sizes are compared, n is the cap on sizes for them.

    Parameters
    ----------
    pixel : units of the smallest pixel of the grid.
    """
    reach = max(math.ceil(max(rule.smallest) / pixel) - 1, 0)
    if rule.becomes == "mode":
        return rule.passes * (reach + rule.radius if rule.votes == "large" else max(reach, rule.radius))
    if rule.becomes == "border":
        return rule.passes * 2 * reach
    if rule.size_cap is None:
        return None
    return rule.passes * (reach + max(reach, math.ceil(rule.size_cap / pixel) - 1))
