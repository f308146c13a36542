"""The plan of a build: one page without any other file."""

from __future__ import annotations

from collections import defaultdict

import numpy as np

from mutirao.engine.plan import Plan
from mutirao.templates import fill
from mutirao.web.png import Color, data_address
from mutirao.web.run_page import size

DONE: Color = (0x7C, 0xA9, 0x82, 255)
WORK: tuple[Color, ...] = (
    (0x8B, 0x0F, 0x3B, 255),
    (0xD7, 0x30, 0x27, 255),
    (0xF4, 0x6D, 0x43, 255),
    (0xFD, 0xAE, 0x61, 255),
    (0xFE, 0xE0, 0x8B, 255),
)
"""By pass from which on a tile is made; later passes share the last colour."""
SIDE, CELL = 480, 24
"""Longest side of the map on the page and side of a tile on it at the most, in pixels of the screen."""
MOST, NAMED = 50, 12
"""Groups of tiles that are listed, and tiles that are named of each."""


def plan_page(plan: Plan, cores: int) -> str:
    """Return the page as HTML; `cores` are those of another machine."""
    return fill("plan.html.j2", _context(plan, cores), filters={"hours": hours, "bytes": size})


def hours(value: float) -> str:
    """Return hours as people say them, in the unit that suits: 12 s, 40 min, 3.5 h."""
    seconds = value * 3600
    if 0 < seconds < 1:
        return "under 1 s"
    return f"{seconds:.0f} s" if seconds < 100 else f"{seconds / 60:.0f} min" if seconds < 6000 else f"{value:,.1f} h"


def _context(plan: Plan, cores: int) -> dict[str, object]:
    picture = _picture(plan)
    redone = _redone(plan)
    return {
        "plan": plan,
        "picture": data_address(picture, (DONE, *WORK, (0, 0, 0, 0))),
        "width": min(SIDE, picture.shape[1]),
        "key": _key(plan),
        "counts": sorted({1, plan.cores, cores}),
        "redone": redone[:MOST],
        "of_redone": len(redone),
        "named": NAMED,
        "narrow": _narrow(plan),
    }


def _redone(plan: Plan) -> list[tuple[int, tuple[str, ...], list[str]]]:
    """Return pass, reasons and tiles of each group that is made for the same reasons, the largest of a pass first."""
    groups: dict[tuple[int, tuple[str, ...]], list[str]] = defaultdict(list)
    for one in plan.passes:
        for tile, why in one.tiles.items():
            groups[one.number, why].append(tile)
    return sorted(((*key, tiles) for key, tiles in groups.items()), key=lambda group: (group[0], -len(group[2])))


def _picture(plan: Plan) -> np.ndarray:
    """Return (y, x) uint8, a square for each tile: 0 if it is done, else the first pass that makes it, at most 5."""
    side = plan.grid.tile
    rows, columns = (-(-length // side) for length in plan.grid.shape)
    tiles = np.zeros((rows, columns), np.uint8)
    made = {tile: min(one.number, len(WORK)) for one in reversed(plan.passes) for tile in one.tiles}
    for tile in plan.grid.tiles():
        tiles[tile.top // side, tile.left // side] = made.get(tile.id, 0)
    cell = max(min(SIDE // max(rows, columns), CELL), 1)
    picture = tiles.repeat(cell, axis=0).repeat(cell, axis=1)
    if cell > 2:  # a gap tells tiles apart
        picture[cell - 1 :: cell] = picture[:, cell - 1 :: cell] = len(WORK) + 1
    return picture


def _key(plan: Plan) -> list[tuple[str, str]]:
    shown = [one.number for one in plan.passes if one.tiles]
    words = [(WORK[min(number, len(WORK)) - 1], f"made from pass {number} on") for number in shown]
    colors = [(DONE, "done"), *words]
    return [(f"rgb({red} {green} {blue})", text) for (red, green, blue, _), text in colors]


def _narrow(plan: Plan) -> list[dict[str, float]]:
    """Return by pass the squares of its drawing: the side of a tile as a share of that with its margin."""
    sides = [plan.grid.tile + 2 * one.halo for one in plan.passes]
    largest = max(sides)
    return [{"window": 96 * side / largest, "core": 96 * plan.grid.tile / largest} for side in sides]
