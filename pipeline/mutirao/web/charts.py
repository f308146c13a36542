"""Small charts as inline SVG: no script, no file; a pointer that rests on a mark is told its value."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from markupsafe import Markup

from mutirao.web.svg import LETTER, Frame, element, hover, picture, scale, shortened, spread, text, years_axis

Format = Callable[[float], str]
THICKEST = 46.0
"""Width of a column, at most."""
_PANEL = (260, 128)
_WIDE = (840, 270)
_ZEROS = re.compile(r"\.0+(?!\d)")
"""What a round number on a scale goes without."""


@dataclass(frozen=True, slots=True)
class Line:
    """A series of values by year."""

    name: str
    values: Mapping[int, float]
    style: str = "now"
    """Class of the page's style: `now`, `before` or `release`."""
    color: str | None = None


def line_panel(
    lines: Sequence[Line], form: Format, label: str, *, size: tuple[int, int] = _PANEL, whole: float | None = None
) -> Markup:
    """Return lines over years: lowest and highest value labelled, the first line's last value beside its end.

    Parameters
    ----------
    lines : the first is what the panel is about; a line is broken where years are missing.
    whole : upper end of the scale, where there is one, such as 1 for a share.
    """
    years = sorted({year for line in lines for year in line.values})
    low, high = scale([value for line in lines for value in line.values.values()], whole)
    first = lines[0].values
    room = max(len(form(value)) for value in (*first.values(), low, high)) * LETTER + 10
    frame = Frame(4.0, 14.0, size[0] - room, size[1] - 18.0, _span(years), (low, high))
    said = [_said(year, lines, form) for year in years]
    parts = [
        _guide(frame, low, form(low)),
        _guide(frame, high, form(high)),
        *(_line(frame, line) for line in reversed(lines)),
        _end(frame, first, form, (low, high), lines[0].color),
        years_axis(frame, years),
        hover(frame, years, said),
    ]
    return picture(size, label, *parts)


def _span(years: Sequence[int]) -> tuple[float, float]:
    return years[0] - 0.5, years[-1] + 0.5


def _said(year: int, lines: Iterable[Line], form: Format) -> str:
    return "\n".join([str(year), *(f"{line.name}: {form(line.values[year])}" for line in lines if year in line.values)])


def _guide(frame: Frame, value: float, words: str) -> Markup:
    y = frame.at_y(value)
    line = element("line", x1=frame.left, x2=frame.right, y1=y, y2=y, class_="guide")
    return line + text(frame.right + 4, y + 3.5, _ZEROS.sub("", words), class_="tick")


def _line(frame: Frame, line: Line) -> Markup:
    """Return a line, broken where a year is missing; that of a class is outlined, since some colours are pale."""
    path, last = [], None
    for year in sorted(line.values):
        begin = "L" if last == year - 1 else "M"
        path.append(f"{begin}{frame.at_x(year):.1f} {frame.at_y(line.values[year]):.1f}")
        last = year
    alone = [year for year in line.values if year - 1 not in line.values and year + 1 not in line.values]
    dots = (_dot(frame, year, line.values[year], line.style, line.color) for year in alone)
    drawn = element("path", d="".join(path), class_=f"line {line.style}", style=_stroke(line.color))
    outline = element("path", d="".join(path), class_="outlined") if line.color else Markup("")
    return outline + drawn + Markup("").join(dots)


def _stroke(color: str | None) -> str | None:
    return f"stroke:{color}" if color else None


def _dot(frame: Frame, year: int, value: float, style: str, color: str | None) -> Markup:
    fill = f"fill:{color}" if color else None
    return element("circle", cx=frame.at_x(year), cy=frame.at_y(value), r=2.6, class_=f"dot {style}", style=fill)


def _end(
    frame: Frame, values: Mapping[int, float], form: Format, ends: tuple[float, float], color: str | None
) -> Markup:
    """Return the last value beside the end of its line, unless a label of the scale stands there."""
    year = max(values)
    y = frame.at_y(values[year])
    dot = _dot(frame, year, values[year], "now", color)
    if any(abs(y - frame.at_y(end)) < 11 for end in ends):
        return dot
    return dot + text(frame.right + 4, y + 3.5, form(values[year]), class_="value")


@dataclass(frozen=True, slots=True)
class Part:
    """A class with its colour."""

    name: str
    color: str


def stack(years: Sequence[int], amounts: np.ndarray, parts: Sequence[Part], form: Format, label: str) -> Markup:
    """Return what makes up each year: a column a year, the first part at the bottom, names at the right end.

    Parameters
    ----------
    amounts : (year, part) numbers, not negative.
    """
    width, height = _WIDE
    room = min(max(len(part.name) for part in parts), 24) * LETTER + 14
    high = float(amounts.sum(axis=1).max()) or 1.0
    frame = Frame(4.0, 8.0, width - room, height - 18.0, _span(years), (0.0, high))
    tops = np.cumsum(amounts, axis=1)
    layers = [_layer(frame, years, tops[:, k] - amounts[:, k], tops[:, k], part) for k, part in enumerate(parts)]
    said = [_stack_said(year, row, parts, form) for year, row in zip(years, amounts, strict=True)]
    names = _names_beside(frame, tops[-1] - amounts[-1] / 2, amounts[-1], parts)
    return picture(_WIDE, label, *layers, names, years_axis(frame, years), hover(frame, years, said))


def _layer(frame: Frame, years: Sequence[int], low: np.ndarray, high: np.ndarray, part: Part) -> Markup:
    """Return one part of all years; runs of years that follow each other are one shape."""
    breaks = [0, *(k for k, (a, b) in enumerate(pairwise(years), start=1) if b != a + 1), len(years)]
    path = [
        _steps(frame, years[first:last], high[first:last], "M") + _steps(frame, years[first:last], low[first:last], "L")
        for first, last in pairwise(breaks)
    ]
    return element("path", d="".join(path), class_="layer", fill=part.color)


def _steps(frame: Frame, years: Sequence[int], values: np.ndarray, begin: str) -> str:
    """Return the edge of columns: from left to right if it begins a shape, else back and closed."""
    listed = list(zip(years, values, strict=True))
    if begin == "L":
        listed.reverse()
    sides = (-0.5, 0.5) if begin == "M" else (0.5, -0.5)
    first = f"{begin}{frame.at_x(listed[0][0] + sides[0]):.1f} {frame.at_y(listed[0][1]):.1f}"
    rest = "".join(f"V{frame.at_y(value):.1f}H{frame.at_x(year + sides[1]):.1f}" for year, value in listed)
    return first + rest + ("Z" if begin == "L" else "")


def _stack_said(year: int, row: np.ndarray, parts: Sequence[Part], form: Format) -> str:
    listed = sorted(zip(row, parts, strict=True), key=lambda pair: -pair[0])
    return "\n".join([str(year), *(f"{part.name}: {form(value)}" for value, part in listed if value > 0)])


def _names_beside(frame: Frame, middles: np.ndarray, amounts: np.ndarray, parts: Sequence[Part]) -> Markup:
    """Return the names of parts, moved apart from below; parts too thin for a name go without, the thinnest first."""
    most = int((frame.bottom - frame.top) // 13)
    kept = sorted(np.argsort(-amounts, kind="stable")[:most], key=lambda k: middles[k])
    kept = [k for k in kept if amounts[k] > 0]
    places = spread([frame.at_y(middles[k]) for k in kept], 13, frame.top + 6, frame.bottom - 4)
    return Markup("").join(
        text(frame.right + 14, y + 3.5, shortened(parts[k].name), class_="name")
        + element("rect", x=frame.right + 5, y=y - 3.5, width=6, height=8, fill=parts[k].color, class_="key")
        for k, y in zip(kept, places, strict=True)
    )


@dataclass(frozen=True, slots=True)
class Bar:
    """A bar of a bar chart."""

    name: str
    value: float
    title: str
    color: str | None = None


def columns(bars: Sequence[Bar], form: Format, label: str, *, size: tuple[int, int] = (480, 170)) -> Markup:
    """Return upright bars from 0 with names below; the highest one is labelled."""
    high = max((bar.value for bar in bars), default=0.0) or 1.0
    frame = Frame(4.0, 18.0, size[0] - 4.0, size[1] - 18.0, (-0.5, max(len(bars), 1) - 0.5), (0.0, high))
    wide = frame.at_x(1) - frame.at_x(0)
    thick = min(0.84 * wide, THICKEST)
    every = max(1, math.ceil(max((len(bar.name) for bar in bars), default=1) * (LETTER + 1) / wide))
    parts: list[Markup] = []
    for k, bar in enumerate(bars):
        y = frame.at_y(bar.value)
        box = {"x": frame.at_x(k) - thick / 2, "width": thick}
        fill = f"fill:{bar.color}" if bar.color else None
        parts.append(element("rect", **box, y=y, height=frame.bottom - y, class_="bar", style=fill))
        parts.append(element("rect", element("title", bar.title), **box, y=0, height=frame.bottom, class_="hover"))
        if k % every == 0:
            parts.append(text(frame.at_x(k), frame.bottom + 13, bar.name, anchor="middle", class_="tick"))
        if bar.value == high:
            parts.append(_top(frame, k, y, form(high)))
            high = math.inf  # one label is enough
    axis = element("line", x1=frame.left, x2=frame.right, y1=frame.bottom + 0.5, y2=frame.bottom + 0.5, class_="axis")
    return picture(size, label, *parts, axis)


def _top(frame: Frame, k: int, y: float, words: str) -> Markup:
    half = len(words) * LETTER / 2
    x = min(max(frame.at_x(k), frame.left + half), frame.right - half)
    return text(x, y - 5, words, anchor="middle", class_="value")


def ribbons(table: np.ndarray, parts: Sequence[Part], ends: tuple[str, str], form: Format, label: str) -> Markup:
    """Return how amounts go from the parts on the left to those on the right, as ribbons of their width.

    Parameters
    ----------
    table : (part, part) amounts, from the row's part to the column's; the first part is drawn at the top.
    ends : what is written above each side.
    """
    width, height = _WIDE
    bar, room = 10.0, min(max(len(part.name) for part in parts), 22) * LETTER + 12
    frame = Frame(room, 22.0, width - room, height - 8.0, (0, 1), (0.0, 1.0))
    gaps = 3.0 * (len(parts) - 1)
    unit = (frame.bottom - frame.top - gaps) / (float(table.sum()) or 1.0)
    left, right = table.sum(axis=1), table.sum(axis=0)
    tops = [_tops(side * unit, frame.top) for side in (left, right)]
    flows = _flows(frame, table * unit, table, tops, parts, form, bar)
    blocks = [
        _block(x, tops[side][k], amounts[k] * unit, bar, part, f"{part.name}, {ends[side]}: {form(amounts[k])}")
        for side, (x, amounts) in enumerate(((frame.left, left), (frame.right - bar, right)))
        for k, part in enumerate(parts)
    ]
    names = [_side_names(frame, tops[side], (left, right)[side] * unit, parts, side) for side in (0, 1)]
    heads = text(frame.left, 14, ends[0], anchor="start", class_="tick") + text(
        frame.right, 14, ends[1], anchor="end", class_="tick"
    )
    return picture(_WIDE, label, *flows, *blocks, *names, heads)


def _tops(heights: np.ndarray, start: float) -> np.ndarray:
    return np.asarray(start + np.concatenate([[0], np.cumsum(heights + 3.0)[:-1]]))


def _block(x: float, y: float, height: float, width: float, part: Part, said: str) -> Markup:
    return element(
        "rect", element("title", said), x=x, y=float(y), width=width, height=max(float(height), 0.4),
        fill=part.color, class_="layer",
    )  # fmt: skip


def _flows(
    frame: Frame, heights: np.ndarray, table: np.ndarray, tops: Sequence[np.ndarray], parts: Sequence[Part],
    form: Format, bar: float,
) -> list[Markup]:  # fmt: skip
    """Return the ribbons; those of changes lie over those that stay."""
    starts = tops[0][:, None] + np.cumsum(heights, axis=1) - heights
    ends = tops[1][None, :] + np.cumsum(heights, axis=0) - heights
    pairs = sorted(map(tuple, np.argwhere(heights > 0.15)), key=lambda pair: pair[0] != pair[1])
    x = frame.left + bar, (frame.left + frame.right) / 2, frame.right - bar
    drawn = []
    for i, j in pairs:
        a, b, h = float(starts[i, j]), float(ends[i, j]), float(heights[i, j])
        path = f"M{x[0]:.1f} {a:.1f}C{x[1]:.1f} {a:.1f} {x[1]:.1f} {b:.1f} {x[2]:.1f} {b:.1f}V{b + h:.1f}"
        path += f"C{x[1]:.1f} {b + h:.1f} {x[1]:.1f} {a + h:.1f} {x[0]:.1f} {a + h:.1f}Z"
        said = f"{parts[i].name} to {parts[j].name}" if i != j else f"{parts[i].name} stays"
        kind = "flow stays" if i == j else "flow"
        title = element("title", f"{said}: {form(table[i, j])}")
        drawn.append(element("path", title, d=path, fill=parts[i].color, class_=kind))
    return drawn


def _side_names(frame: Frame, tops: np.ndarray, heights: np.ndarray, parts: Sequence[Part], side: int) -> Markup:
    """Return the names beside one end, for parts that are there; the thinnest go without where there is no room."""
    most = int((frame.bottom - frame.top) // 12)
    kept = sorted(k for k in np.argsort(-heights, kind="stable")[:most] if heights[k] > 0)
    wanted = [float(tops[k] + heights[k] / 2) for k in reversed(kept)]
    places = spread(wanted, 12, frame.top + 4, frame.bottom)
    x, anchor = ((frame.left - 5, "end"), (frame.right + 5, "start"))[side]
    return Markup("").join(
        text(x, y + 3.5, shortened(parts[k].name, 22), anchor=anchor, class_="name")
        for k, y in zip(reversed(kept), places, strict=True)
    )


def balance(names: Sequence[str], won: Sequence[float], lost: Sequence[float], form: Format, label: str) -> Markup:
    """Return lying bars, what is lost to the left and what is won to the right of a middle line."""
    width, row, room = 480, 22, min(max(map(len, names)), 28) * LETTER + 12
    most = max(*won, *lost) or 1.0
    words = max(len(form(value)) for value in (*won, *lost)) * LETTER + 6
    middle = room + (width - room) / 2
    unit = (middle - room - words) / most
    parts: list[Markup] = [element("line", x1=middle, x2=middle, y1=0, y2=row * len(names), class_="axis")]
    for k, (name, plus, minus) in enumerate(zip(names, won, lost, strict=True)):
        y = k * row
        parts.append(text(0, y + 15, shortened(name, 28), class_="name"))
        parts.append(_arm(middle - minus * unit, y, minus * unit, "lost"))
        parts.append(_arm(middle, y, plus * unit, "won"))
        parts.append(text(middle - minus * unit - 4, y + 15, form(minus), anchor="end", class_="tick"))
        parts.append(text(middle + plus * unit + 4, y + 15, form(plus), class_="tick"))
    return picture((width, row * len(names)), label, *parts)


def _arm(x: float, y: float, width: float, kind: str) -> Markup:
    return element("rect", x=x, y=y + 5, width=max(width, 0.0), height=12, class_=f"arm {kind}")
