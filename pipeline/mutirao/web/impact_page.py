"""The report of a rule change: one page without any other file."""

from __future__ import annotations

from itertools import pairwise

import pandas as pd

from mutirao.engine.impact import Impact
from mutirao.engine.impacttables import by, by_class, by_territory, by_year
from mutirao.integration.impact import BEFORE_CHAIN_ONLY, LEVELS, UNSEEN
from mutirao.templates import fill
from mutirao.web.png import Color, data_address

GREYS = tuple((v, v, v, 255) for v in range(0x7C, 0xC9, 0x0B)[: BEFORE_CHAIN_ONLY - 1])
BEFORE: Color = (0x2F, 0x7F, 0xC8, 255)
AFTER: tuple[Color, ...] = ((0xF5, 0xA3, 0x3B, 255), (0xE3, 0x56, 0x1F, 255), (0xA5, 0x0F, 0x15, 255))
COLORS: tuple[Color, ...] = ((0, 0, 0, 0), *GREYS, BEFORE, *AFTER)
"""By mark of the picture; see `integration.impact`."""
WIDEST_PIXEL = 12
"""Of a small map, in pixels of the screen."""
WIDTH = 720
"""Of the picture on the page, in pixels of the screen, at most."""


def impact_page(impact: Impact) -> str:
    """Return the page as HTML."""
    return fill("impact.html.j2", _context(impact))


def _context(impact: Impact) -> dict[str, object]:
    table = impact.table
    return {
        "impact": impact,
        "totals": impact.totals(),
        "key": _key(impact),
        "classes": rows(by_class(table)),
        "modules": rows(by(table, "module_from", "module_to")),
        "rules": rows(by(table, "rule_from", "rule_to")),
        "years": rows(by_year(table)),
        "territories": by_territory(table),
        "picture": data_address(impact.picture, COLORS),
        "width": min(WIDTH, impact.picture.shape[1] * WIDEST_PIXEL),
    }


def rows(frame: pd.DataFrame) -> list[list[object]]:
    """Return the rows of a short table; a decider that there is not is called 'no rule'."""
    return [["no rule" if value == "" else value for value in row] for row in frame.itertuples(index=False)]


def _key(impact: Impact) -> list[tuple[str, str]]:
    """Return colour and words of each mark; a mark for no years at all is left out."""
    years = len(impact.years)
    highest = [years * part // LEVELS for part in range(LEVELS + 1)]
    spans = [(low + 1, high) for low, high in pairwise(highest)]
    changed = [(color, _years(*span)) for color, span in zip(AFTER, spans, strict=True) if span[0] <= span[1]]
    key = [(GREYS[4], "no change"), (BEFORE, "changes before the chain only"), *changed]
    unseen = [(COLORS[UNSEEN], "not looked at")] if impact.is_estimate else []
    return [(_css(color), words) for color, words in [*key, *unseen]]


def _css(color: Color) -> str:
    red, green, blue, opacity = color
    return f"rgb({red} {green} {blue} / {opacity / 255})"


def _years(low: int, high: int) -> str:
    span = str(low) if low == high else f"{low} to {high}"
    return f"another class in {span} year{'' if high == 1 else 's'}"
