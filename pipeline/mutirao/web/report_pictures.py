"""The pictures of a module report: maps of years and of change as PNG, small enough for one page."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from mutirao.legend import rgb
from mutirao.modules.report import ClassLine, Report
from mutirao.modules.reportmaps import Maps
from mutirao.web.minimap import SIDE
from mutirao.web.png import Color, data_address

SIDES = (360, 280, 220, 180, 150, 120, 96, 72, 56, 40)
"""Longer sides that the pictures of years may have; the largest that fits is taken [pixels]."""
LARGE_SIDES = (720, 560, 420, 320, 240)
MOST_YEARS = 400_000
"""Letters of the page that all pictures of years may take together."""
MOST_LARGE = 160_000
"""Letters of the page that one larger picture may take."""
NEVER: Color = (0x9A, 0xA3, 0x9E, 70)
SHADES: tuple[Color, ...] = (
    (0xF7, 0xC8, 0x5A, 255), (0xF0, 0x93, 0x3A, 255), (0xDB, 0x54, 0x3A, 255),
    (0xA8, 0x22, 0x52, 255), (0x5B, 0x12, 0x5E, 255),
)  # fmt: skip
PIXEL_BREAKS = (0.5, 1.5, 2.5, 3.5, 4.5)
"""Lower ends of the shades where a cell is one pixel, which changes a whole number of times."""
CELL_BREAKS = (0.0, 0.1, 0.5, 1.0, 2.0)
"""Lower ends of the shades of mean numbers of changes; the first begins right above."""


@dataclass(frozen=True, slots=True)
class Shade:
    """One entry of the key of the map of changes."""

    color: str
    words: str


@dataclass(frozen=True, slots=True)
class Pictures:
    """Data addresses of the pictures."""

    years: dict[int, str]
    newest: str
    small: str
    """Newest year as the ground of little maps."""
    changes: str
    shades: tuple[Shade, ...]


def make_pictures(report: Report, maps: Maps) -> Pictures:
    """Encode the pictures of a report in the colours of its classes."""
    draw = _painter(report.classes)
    years = _fitting([*maps.years.values()], SIDES, MOST_YEARS, draw)
    (newest,) = _fitting([maps.newest], LARGE_SIDES, MOST_LARGE, draw)
    breaks = PIXEL_BREAKS if report.survey.cell == 1 else CELL_BREAKS
    levels = _levels(maps.changes, breaks)
    (changes,) = _fitting([levels], SIDES, MOST_LARGE, _draw_changes)
    key = _key(breaks)[: max(int(levels.max()), 1)]
    small = draw(shrunk(maps.newest, SIDE))
    return Pictures(dict(zip(maps.years, years, strict=True)), newest, small, changes, key)


def _painter(classes: Sequence[ClassLine]) -> Callable[[np.ndarray], str]:
    """Return what makes data addresses of (y, x) uint8 legend codes; codes that are no class are not seen."""
    places = np.zeros(256, np.uint8)
    places[[item.code for item in classes]] = np.arange(1, len(classes) + 1)
    colors: list[Color] = [(0, 0, 0, 0), *((*rgb(item.color), 255) for item in classes)]
    return lambda codes: data_address(places[codes], colors)


def _fitting(
    arrays: Sequence[np.ndarray], sides: Sequence[int], most: int, draw: Callable[[np.ndarray], str]
) -> list[str]:
    """Draw pictures as large as they may be together; one of them tells about how large that is."""
    one, allowed = arrays[len(arrays) // 2], most / len(arrays)
    drawn: list[str] = []
    for side in sides:
        if side != sides[-1] and len(draw(shrunk(one, side))) > 1.1 * allowed:
            continue
        drawn = [draw(shrunk(array, side)) for array in arrays]
        if sum(map(len, drawn)) <= most:
            break
    return drawn


def shrunk(array: np.ndarray, side: int) -> np.ndarray:
    """Return every so many pixels of (y, x), so that the longer side is at most `side`."""
    share = min(1.0, side / max(array.shape))
    shape = [max(1, round(length * share)) for length in array.shape]
    rows, columns = (
        ((np.arange(new) + 0.5) * old / new).astype(int) for new, old in zip(shape, array.shape, strict=True)
    )
    return np.asarray(array[np.ix_(rows, columns)])


def _levels(changes: np.ndarray, breaks: Sequence[float]) -> np.ndarray:
    """Return 0 where nothing is claimed, 1 where nothing changes, then the shades."""
    right = breaks[0] == 0.0  # nothing at all is below the first break
    levels = 1 + np.digitize(np.nan_to_num(changes), breaks, right=right)
    return np.where(np.isnan(changes), 0, levels).astype(np.uint8)


def _draw_changes(levels: np.ndarray) -> str:
    return data_address(levels, ((0, 0, 0, 0), NEVER, *SHADES))


def _key(breaks: Sequence[float]) -> tuple[Shade, ...]:
    if breaks == PIXEL_BREAKS:
        words = ["once", "twice", "3 times", "4 times", "more often"]
    else:
        words = ["up to 0.1 times", "0.1 to 0.5", "0.5 to 1", "1 to 2", "more than 2 times"]
    colors = (_css(color) for color in (NEVER, *SHADES))
    return tuple(Shade(color, word) for color, word in zip(colors, ["never", *words], strict=True))


def _css(color: Color) -> str:
    red, green, blue, opacity = color
    return f"rgb({red} {green} {blue} / {opacity / 255:.2f})"
