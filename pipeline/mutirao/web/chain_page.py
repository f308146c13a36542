"""The report of a chain: one page without any other file."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from mutirao.engine.chainreport import ChainReport
from mutirao.templates import fill
from mutirao.web.png import Color, data_address

COLORS: tuple[Color, ...] = (
    (0x9A, 0xA3, 0x9E, 70),
    (0xFE, 0xE0, 0x8B, 255),
    (0xFD, 0xAE, 0x61, 255),
    (0xF4, 0x6D, 0x43, 255),
    (0xD7, 0x30, 0x27, 255),
    (0x8B, 0x0F, 0x3B, 255),
)
"""By class of the count: never, then from few rewrites to many."""
BREAKS = (1, 2, 4, 8, 16)
"""Smallest count of each class but the first."""
WIDEST_PIXEL, LONGEST_SIDE = 12, 720
"""Of the map on the page, in pixels of the screen, at most."""


@dataclass(frozen=True, slots=True)
class Point:
    """A place of the line of changes, in the coordinates of its picture."""

    x: float
    y: float
    label: str


def chain_page(report: ChainReport) -> str:
    """Return the page as HTML."""
    return fill("chain-report.html.j2", _context(report))


def _context(report: ChainReport) -> dict[str, object]:
    whole, *steps = report.rows()
    return {
        "report": report,
        "whole": whole,
        "steps": steps,
        "most_ha": max((step.rewritten_ha for step in steps), default=0.0) or 1.0,
        "points": line(report),
        "tables": [(step, report.rewrites(step.step)) for step in [*steps, whole] if step.series],
        "judged": list(report.judged.itertuples()),
        "picture": data_address(np.digitize(report.picture, BREAKS).astype(np.uint8), COLORS),
        "width": _width(*report.picture.shape),
        "key": [(_css(color), words) for color, words in zip(COLORS, _words(int(report.picture.max())), strict=False)],
    }


def line(report: ChainReport, width: float = 600, height: float = 120) -> list[Point]:
    """Return the mean number of changes before the chain and after each step as points of a picture."""
    whole, *steps = report.rows()
    values = [whole.changes_before, *(step.changes_after for step in steps)]
    low, high = min(values), max(values)
    span, gap = (high - low) or 1.0, width / max(len(values) - 1, 1)
    return [
        Point(round(gap * i, 1), round(height * (high - value) / span, 1), f"{value:.3f}")
        for i, value in enumerate(values)
    ]


def _words(highest: int) -> list[str]:
    """Return what each colour means, up to the highest count of the map."""
    ends = [*(start - 1 for start in BREAKS[1:]), max(highest, BREAKS[-1])]
    spans = ["once" if high == 1 else f"{low} to {high} times" for low, high in zip(BREAKS, ends, strict=True)]
    return ["never", *(words for words, low in zip(spans, BREAKS, strict=True) if low <= highest)]


def _width(rows: int, columns: int) -> int:
    """Return the width of the map on the page, in pixels of the screen."""
    return round(columns * min(WIDEST_PIXEL, LONGEST_SIDE / max(rows, columns)))


def _css(color: Color) -> str:
    red, green, blue, opacity = color
    return f"rgb({red} {green} {blue} / {opacity / 255:.2f})"
