"""Little maps beside findings: boxes on a frame of the map."""

from __future__ import annotations

from dataclasses import dataclass

from mutirao.errors import Finding
from mutirao.grid import Tile

SIDE = 120
"""Longer side of a little map, in its own units."""
SMALLEST = 3
"""Side of a box in these units, below which nobody would see it."""
Box = tuple[float, float, float, float]
"""x, y, width, height on the little map."""


@dataclass(frozen=True, slots=True)
class MiniMap:
    """The frame of all little maps of a page."""

    window: Tile
    """Pixels of the collection's grid that are seen."""

    @property
    def scale(self) -> float:
        """Units of the little map in a pixel."""
        return SIDE / max(self.window.shape)

    @property
    def size(self) -> tuple[float, float]:
        """Width and height."""
        rows, columns = self.window.shape
        return columns * self.scale, rows * self.scale

    def boxes(self, finding: Finding) -> tuple[Box, ...]:
        """Return the places of a finding on the little map."""
        scale, top, left = self.scale, self.window.top, self.window.left
        return tuple(
            (
                (place.columns[0] - left) * scale,
                (place.rows[0] - top) * scale,
                max((place.columns[1] - place.columns[0]) * scale, SMALLEST),
                max((place.rows[1] - place.rows[0]) * scale, SMALLEST),
            )
            for place in finding.places
        )
