"""M215 and M216: do the tiles of a year agree where they overlap, and leave nothing out?"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np

from mutirao.errors import Finding
from mutirao.modules.checks.base import Check
from mutirao.modules.checks.places import lonlat_text, place_of
from mutirao.modules.checks.survey import Survey
from mutirao.modules.incoming import Incoming
from mutirao.modules.joined import JoinedPlane
from mutirao.modules.module import Module
from mutirao.modules.numbers import counted


class TilesAgree(Check):
    """Tiles that overlap have the same classes where both have any."""

    code = "M215"
    remedy = "export all tiles of a year from one map; two runs of a classifier seldom agree along an edge"

    def check(self, module: Module, incoming: Incoming, survey: Survey) -> Iterator[Finding]:
        """Name each pair of files, the pixels and the place; the survey has read them."""
        for year, joined in incoming.joined.items():
            for found in joined.disagreements:
                rows, columns = found.rows, found.columns
                differ = "differs" if found.pixels == 1 else "differ"
                message = (
                    f"{counted(found.pixels, 'pixel')} of {year} {differ} from {found.first} where the two overlap"
                )
                place = f"rows {rows[0]} to {rows[1] - 1}, columns {columns[0]} to {columns[1] - 1} of the joined map"
                where = () if year in incoming.resampled else (place_of(module.grid, rows, columns),)
                text = f" ({lonlat_text(where[0])})" if where else ""
                yield self.found(
                    f"{message}: {place}{text}", found.second, places=where, year=year, weight=found.pixels
                )


class TilesLeaveNoGap(Check):
    """The tiles of a year cover the territory; what lies in none of them is no claim."""

    code = "M216"
    severity = "advise"
    remedy = "look for a tile that was not exported or not copied; where no map is meant to be, give it nodata"

    def check(
        self, module: Module, incoming: Incoming, survey: Survey, territory: np.ndarray | None = None
    ) -> Iterator[Finding]:
        """Count pixels of the territory in no tile; it blocks if another year has tiles there."""
        same = module.grid == module.collection.grid and territory is not None
        gaps = {}
        for year, joined in incoming.joined.items():
            if year not in incoming.resampled:
                gaps[year] = [(box, _inside(box, territory if same else None)) for box in uncovered(joined)]
        totals = {year: sum(pixels for _, pixels in found) for year, found in gaps.items()}
        for year, found in gaps.items():
            if totals[year]:
                severity = "block" if totals[year] > min(totals.values()) else self.severity
                message = _gap_text(year, found, totals[year])
                if severity == "block":
                    message += "; in other years there are tiles"
                places = [place_of(module.grid, box[:2], box[2:]) for box, pixels in _largest(found)]
                where = str(Path(incoming.joined[year].pieces[0].plane.name).parent)
                yield self.found(message, where, severity=severity, places=places, year=year, weight=totals[year])


Gap = tuple[int, int, int, int]
"""Half-open ranges: first and last row, first and last column."""


def uncovered(joined: JoinedPlane) -> list[Gap]:
    """Return the boxes that no tile covers, cut along the edges of tiles."""
    rows = np.unique([0, joined.shape[0], *(edge for piece in joined.pieces for edge in (piece.top, piece.bottom))])
    columns = np.unique([0, joined.shape[1], *(edge for piece in joined.pieces for edge in (piece.left, piece.right))])
    empty = np.ones((len(rows) - 1, len(columns) - 1), bool)
    for piece in joined.pieces:
        down = slice(*np.searchsorted(rows, (piece.top, piece.bottom)))
        across = slice(*np.searchsorted(columns, (piece.left, piece.right)))
        empty[down, across] = False
    return [
        (int(rows[y]), int(rows[y + 1]), int(columns[x]), int(columns[x + 1]))
        for y, x in zip(*empty.nonzero(), strict=True)
    ]


def _inside(box: Gap, territory: np.ndarray | None) -> int:
    top, bottom, left, right = box
    if territory is None:
        return (bottom - top) * (right - left)
    return int(np.count_nonzero(territory[top:bottom, left:right]))


def _largest(found: list[tuple[Gap, int]]) -> list[tuple[Gap, int]]:
    return sorted((gap for gap in found if gap[1]), key=lambda gap: -gap[1])[:5]


def _gap_text(year: int, found: list[tuple[Gap, int]], total: int) -> str:
    (top, bottom, left, right), pixels = _largest(found)[0]
    place = f"rows {top} to {bottom - 1}, columns {left} to {right - 1}"
    lie = "lies" if total == 1 else "lie"
    return f"{counted(total, 'pixel')} of {year} {lie} in no tile; {pixels} of them in {place}"


TILES = (TilesAgree, TilesLeaveNoGap)
