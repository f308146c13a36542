"""What charts are made of: SVG elements, the frame of the data, axes and labels.

Colours of lines, text and paper are the page's own (`--ink`, `--soft`, `--line`, `--paper`), so that charts follow
light and dark. All text is escaped.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from markupsafe import Markup, escape

LETTER = 6.1
"""Mean width of a letter of a label, in units of a chart."""


@dataclass(frozen=True, slots=True)
class Frame:
    """Where the data of a chart lie, in its own units, and what they reach from and to."""

    left: float
    top: float
    right: float
    bottom: float
    x: tuple[float, float]
    y: tuple[float, float]

    def at_x(self, value: float) -> float:
        """Return the place of a value along the chart."""
        return self.left + (value - self.x[0]) / (self.x[1] - self.x[0]) * (self.right - self.left)

    def at_y(self, value: float) -> float:
        """Return the place of a value from the top."""
        return self.bottom - (value - self.y[0]) / (self.y[1] - self.y[0]) * (self.bottom - self.top)


def element(name: str, *children: str, **attributes: object) -> Markup:
    """Return an element; `_` in names of attributes is `-`, and those that are None are left out."""
    given = Markup("").join(
        Markup(' {}="{}"').format(key.strip("_").replace("_", "-"), _plain(value))
        for key, value in attributes.items()
        if value is not None
    )
    inside = Markup("").join(escape(child) for child in children)
    return Markup("<{0}{1}>{2}</{0}>").format(Markup(name), given, inside)


def _plain(value: object) -> object:
    """Return numbers with one decimal place at most."""
    return f"{value:.1f}".removesuffix(".0") if isinstance(value, float | np.floating) else value


def picture(size: tuple[float, float], label: str, *children: str, class_: str = "chart") -> Markup:
    """Return an SVG that is as wide as its place on the page lets it be; `label` says what it shows."""
    width, height = (round(side) for side in size)
    view = f"0 0 {width} {height}"
    return element("svg", *children, class_=class_, viewBox=view, role="img", aria_label=label)


def text(x: float, y: float, words: str, *, anchor: str = "start", class_: str | None = None) -> Markup:
    """Return a label."""
    return element("text", words, x=float(x), y=float(y), text_anchor=anchor, class_=class_)


def years_axis(frame: Frame, years: Sequence[int]) -> Markup:
    """Return the first and last year, and round ones between, below a chart."""
    shown = [years[0], *([years[-1]] if len(years) > 1 else [])]
    step = next(step for step in (1, 2, 5, 10, 20, 50, 100) if (years[-1] - years[0]) / step <= 8)
    room = 40 / max(frame.right - frame.left, 1) * (frame.x[1] - frame.x[0])
    for year in range(math.ceil(years[0] / step) * step, years[-1], step):
        if all(abs(year - other) > room for other in shown):
            shown.append(year)
    line = element("line", x1=frame.left, x2=frame.right, y1=frame.bottom + 0.5, y2=frame.bottom + 0.5, class_="axis")
    labels = (_year(frame, year) for year in shown)
    return line + Markup("").join(labels)


def _year(frame: Frame, year: int) -> Markup:
    """Return a year below its place, moved so that it ends within the frame."""
    x = min(max(frame.at_x(year), frame.left + 2 * LETTER), frame.right - 2 * LETTER)
    return text(x, frame.bottom + 13, str(year), anchor="middle", class_="tick")


def hover(frame: Frame, years: Sequence[int], words: Sequence[str]) -> Markup:
    """Return a column for each year that is not seen and tells its words."""
    columns = (
        element(
            "rect",
            element("title", said),
            x=max(frame.at_x(year - 0.5), 0.0),
            y=frame.top,
            width=frame.at_x(year + 0.5) - max(frame.at_x(year - 0.5), 0.0),
            height=frame.bottom - frame.top,
            class_="hover",
        )
        for year, said in zip(years, words, strict=True)
    )
    return Markup("").join(columns)


def scale(values: Sequence[float], whole: float | None = None) -> tuple[float, float]:
    """Return the ends of a scale: from 0 unless the values differ by far less than they are large."""
    low, high = min(values), max(values)
    if whole is not None:
        return (0.0 if low < whole / 2 else math.floor(low / whole * 20) / 20 * whole), whole
    if low >= 0 and low < 0.6 * high:
        return 0.0, nice(high)
    step = nice((high - low) or abs(high) or 1.0) / 4
    low, high = math.floor(low / step) * step, math.ceil(high / step) * step
    return low, high if high > low else low + step


def nice(value: float) -> float:
    """Return the round number (1, 1.5, 2, 3, 4, 5, 6, 8 and zeros) that is next above; 1 for nothing."""
    if value <= 0:
        return 1.0
    power = 10.0 ** math.floor(math.log10(value))
    return next(step * power for step in (1, 1.5, 2, 3, 4, 5, 6, 8, 10) if step * power >= value * (1 - 1e-9))


def spread(places: Sequence[float], gap: float, low: float, high: float) -> list[float]:
    """Return places from the bottom (large) to the top, moved as little as it takes to lie `gap` apart, within ends."""
    moved: list[float] = []
    for k, place in enumerate(places):
        above = gap * (len(places) - 1 - k)  # room that those further up need
        most = high if not moved else moved[-1] - gap
        moved.append(max(min(place, most), min(low + above, most)))
    return moved


def shortened(name: str, most: int = 24) -> str:
    """Return a name that is at most so many letters long."""
    return name if len(name) <= most else name[: most - 1].rstrip() + "…"
