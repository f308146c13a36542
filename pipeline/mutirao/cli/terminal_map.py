"""A map in the terminal: two rows of pixels a line, in the colours of the legend."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from rich.style import Style
from rich.text import Text

from mutirao.cli.console import out
from mutirao.client import open_release
from mutirao.engine.build import Build
from mutirao.engine.impact import Impact
from mutirao.io.places import Place
from mutirao.legend import Legend
from mutirao.web.impact_page import AFTER, BEFORE, COLORS, GREYS
from mutirao.web.png import Color

MAX_COLUMNS = 76
UPPER_HALF = "▀"


def draw(build: Build, release: Place) -> None:
    """Draw the last year of a release if colours can be shown."""
    if not out.is_terminal:
        return
    opened = open_release(release)
    year = build.record.years[-1]
    classes = opened.maps([year]).to_numpy()[0]
    step = -(-classes.shape[1] // MAX_COLUMNS)
    out.print(f"\n{opened.record.title}, {year}, version {opened.record.version}", style="bold")
    out.print(picture(classes[::step, ::step], opened.legend))
    out.print(_key(np.unique(classes).tolist(), opened.legend))


def draw_impact(impact: Impact) -> None:
    """Draw where a change of rules would change the map, if colours can be shown."""
    if not out.is_terminal:
        return
    colors = {mark: _hexadecimal(color) for mark, color in enumerate(COLORS)}
    out.print(half_blocks(coarse(impact.picture, MAX_COLUMNS), colors))
    key = ((GREYS[4], "no change"), (BEFORE, "before the chain only"), (AFTER[1], "another class in some years"))
    out.print(Text("  ").join(Text.assemble(("■ ", _hexadecimal(color)), words) for color, words in key))


def _hexadecimal(color: Color) -> str:
    red, green, blue, _ = color
    return f"#{red:02x}{green:02x}{blue:02x}"


def coarse(marks: np.ndarray, most: int) -> np.ndarray:
    """Return marks in no more than so many columns; a cell shows the highest of its marks."""
    step = -(-marks.shape[1] // most)
    rows, columns = (-(-side // step) for side in marks.shape)
    padded = np.zeros((rows * step, columns * step), marks.dtype)
    padded[: marks.shape[0], : marks.shape[1]] = marks
    return np.asarray(padded.reshape(rows, step, columns, step).max(axis=(1, 3)))


def picture(classes: np.ndarray, legend: Legend) -> Text:
    """Return (y, x) codes as coloured half blocks."""
    return half_blocks(classes, {0: "#000000", **{item.code: item.color for item in legend.classes}})


def half_blocks(classes: np.ndarray, colors: Mapping[int, str]) -> Text:
    """Return (y, x) numbers as half blocks in the colour of each number."""
    even = np.vstack([classes, np.zeros((classes.shape[0] % 2, classes.shape[1]), classes.dtype)])
    text = Text()
    for upper, lower in zip(even[0::2].tolist(), even[1::2].tolist(), strict=True):
        for above, below in zip(upper, lower, strict=True):
            text.append(UPPER_HALF, Style(color=colors[above], bgcolor=colors[below]))
        text.append("\n")
    return text


def _key(codes: list[int], legend: Legend) -> Text:
    shown = [item for item in legend.classes if item.code in codes]
    return Text("  ").join(Text.assemble(("■ ", item.color), item.title()) for item in shown)
