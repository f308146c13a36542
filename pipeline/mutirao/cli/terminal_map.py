"""A map in the terminal: two rows of pixels a line, in the colours of the legend."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from rich.style import Style
from rich.text import Text

from mutirao.cli.console import out
from mutirao.client import open_release
from mutirao.engine.build import Build
from mutirao.legend import Legend

MAX_COLUMNS = 76
UPPER_HALF = "▀"


def draw(build: Build, release: Path) -> None:
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


def picture(classes: np.ndarray, legend: Legend) -> Text:
    """Return (y, x) codes as coloured half blocks."""
    colors = {0: "#000000", **{item.code: item.color for item in legend.classes}}
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
