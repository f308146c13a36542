"""From a module's own grid to the collection's, without inventing a class. Pure functions over class arrays.

Only grids that are nested and aligned can be joined: same CRS, one pixel side a whole multiple of the other, and
every edge of the coarse pixels on an edge of the fine ones. Anything else would shift the map, and is refused.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Literal

import numpy as np

from mutirao.errors import Finding, GridError
from mutirao.grid import SHIFT_TOLERANCE_PX, Grid
from mutirao.legend import NODATA
from mutirao.modules.georeference import same_crs, transform_text

Method = Literal["nearest", "mode"]


@dataclass(frozen=True, slots=True)
class Regrid:
    """How pixels of one grid become pixels of another."""

    method: Method
    """`nearest` or `mode`; the same unless the own pixels are finer."""
    factor: int
    """Sides of fine pixels in one coarse pixel; 1 if the pixels are equal."""
    finer: bool
    """Whether the own pixels are the fine ones."""
    offset: tuple[int, int]
    """Rows and columns, in fine pixels, from the own origin to the target's."""
    shape: tuple[int, int]
    """Rows and columns of the target."""

    def band(self, top: int, bottom: int) -> tuple[int, int, Regrid]:
        """Return how rows of the target, the last one not included, are made.

        Returns
        -------
        First and last own row that they need, the last one not included and both perhaps beyond the own grid, and how
        these become the rows.
        """
        side = self.factor if self.finer else 1
        first, last = self.offset[0] + top * side, self.offset[0] + bottom * side
        own = 1 if self.finer else self.factor
        start, stop = first // own, -(-last // own)
        rows = replace(self, offset=(first - start * own, self.offset[1]), shape=(bottom - top, self.shape[1]))
        return start, stop, rows


def plan(own: Grid, target: Grid, method: Method = "nearest") -> Regrid:
    """Return how `own` becomes `target`.

    Raises
    ------
    GridError
        M305: not nested, not aligned, another CRS, or no pixel in common; with both transforms and the offsets.
    """
    if not same_crs(own.crs, target.crs):
        raise _refusal(f"CRS {own.crs} is not the collection's {target.crs}", own, target)
    finer = own.resolution < target.resolution
    fine, coarse = (own, target) if finer else (target, own)
    factor = round(coarse.resolution / fine.resolution)
    if abs(coarse.resolution / fine.resolution - factor) * max(coarse.shape) > SHIFT_TOLERANCE_PX:
        ratio = coarse.resolution / fine.resolution
        raise _refusal(f"a pixel side is {ratio:.6g} times the other, no whole number", own, target)
    offset = _offset(own, target, fine)
    _require_overlap(own, target, factor if not finer else 1, offset, factor if finer else 1)
    return Regrid(method, factor, finer, offset, target.shape)


def _offset(own: Grid, target: Grid, fine: Grid) -> tuple[int, int]:
    x = (target.origin[0] - own.origin[0]) / fine.resolution
    y = (own.origin[1] - target.origin[1]) / fine.resolution
    dx, dy = x - round(x), y - round(y)
    if max(abs(dx), abs(dy)) > SHIFT_TOLERANCE_PX:
        raise _refusal(f"edges are {dx:+.2f} fine pixel in x and {dy:+.2f} in y apart", own, target)
    return round(y), round(x)


def _require_overlap(own: Grid, target: Grid, own_side: int, offset: tuple[int, int], target_side: int) -> None:
    for start, own_pixels, target_pixels in zip(offset, own.shape, target.shape, strict=True):
        if start >= own_pixels * own_side or start + target_pixels * target_side <= 0:
            raise _refusal("the grids have no pixel in common", own, target)


def _refusal(reason: str, own: Grid, target: Grid) -> GridError:
    message = (
        f"own grid and collection grid are not nested and aligned: {reason}; "
        f"own {transform_text(own.transform)}; collection {transform_text(target.transform)}"
    )
    remedy = "export on the collection's grid, or on one whose pixels nest in it with common edges"
    return GridError(Finding("M305", message, "grid", remedy))


def regrid(classes: np.ndarray, how: Regrid) -> np.ndarray:
    """Move one year of classes to the target grid.

    Parameters
    ----------
    classes : (y, x) uint8 on the own grid, 0 means no claim.

    Returns
    -------
    (y, x) uint8 on the target grid. Target pixels that the own grid does not reach are 0.

    Notes
    -----
    Own pixels as fine as or coarser than the target's are repeated, whatever the method. Finer ones:

    - `nearest` takes the pixel under the centre; of the four around it, if the factor is even, the lower right.
    - `mode`: a target pixel is 0 if more than half of the fine pixels in it have no claim; else it takes the claim
      that most of them have, and the smallest code of several that tie. Claims are never outvoted by a half.
    """
    height, width = how.shape
    if not how.finer:
        repeated = classes.repeat(how.factor, axis=0).repeat(how.factor, axis=1)
        return _window(repeated, how.offset, (height, width))
    fine = _window(classes, how.offset, (height * how.factor, width * how.factor))
    if how.method == "nearest":
        middle = how.factor // 2
        return np.ascontiguousarray(fine[middle :: how.factor, middle :: how.factor])
    return _mode(fine.reshape(height, how.factor, width, how.factor))


def _window(classes: np.ndarray, offset: tuple[int, int], shape: tuple[int, int]) -> np.ndarray:
    """Return the part of an array at an offset, which may be negative or reach beyond it, filled up with 0."""
    out = np.full(shape, NODATA, dtype=np.uint8)
    (top, left), (height, width) = offset, shape
    rows = slice(max(top, 0), max(min(top + height, classes.shape[0]), 0))
    columns = slice(max(left, 0), max(min(left + width, classes.shape[1]), 0))
    part = classes[rows, columns]
    out[rows.start - top :, columns.start - left :][: part.shape[0], : part.shape[1]] = part
    return out


def _mode(blocks: np.ndarray) -> np.ndarray:
    """Return the majority of (y, k, x, k) blocks as (y, x) uint8."""
    size = blocks.shape[1] * blocks.shape[3]
    out = np.full((blocks.shape[0], blocks.shape[2]), NODATA, dtype=np.uint8)
    most = np.zeros(out.shape, dtype=np.int64)
    claims = np.zeros(out.shape, dtype=np.int64)
    for code in np.flatnonzero(np.bincount(blocks.ravel(), minlength=256)[1:]) + 1:  # ascending: ties keep the smallest
        count = (blocks == code).sum(axis=(1, 3))
        out[count > most] = code
        most = np.maximum(most, count)
        claims += count
    out[2 * (size - claims) > size] = NODATA
    return out
