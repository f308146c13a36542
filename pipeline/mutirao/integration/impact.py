"""What a change of rules would do: the same claims under two sets of rules, compared pixel by pixel."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

Block = Mapping[str, np.ndarray]
"""Arrays `integrated`, `source`, `rule` and `class` of a tile, (year, y, x) each."""
Sums = dict[tuple[int, ...], float]
COMPARED = ("source", "rule", "integrated", "class")
"""What is compared: the winning module, the deciding rule, the class before the chain and the class after it."""
UNSEEN, BEFORE_CHAIN_ONLY, LEVELS = 0, 9, 3
"""Marks of the picture: 0 was not looked at, 1 to 8 are the shades of a place without change, 9 changes before the
chain only, and 10 to 12 change in up to a third, up to two thirds, or more of the years."""


def renumber(old: Sequence[str], new: Sequence[str]) -> tuple[tuple[str, ...], np.ndarray, np.ndarray]:
    """Give the rules of two sets common numbers, so that a rule keeps its number when it is moved.

    Returns
    -------
    names : every rule's id by common number; '' is number 0, no rule.
    old, new : uint16, common number by number in each set.
    """
    names = tuple(dict.fromkeys(["", *old, *new]))
    number = {name: position for position, name in enumerate(names)}
    before, after = (np.array([0, *(number[name] for name in rules)], np.uint16) for rules in (old, new))
    return names, before, after


def changed(old: Block, new: Block) -> np.ndarray:
    """Return (year, y, x) bool: where anything of `COMPARED` differs; rules in common numbers."""
    different = [old[name] != new[name] for name in COMPARED]
    return np.asarray(np.logical_or.reduce(different))


def sum_changes(old: Block, new: Block, zones: np.ndarray, pixel_ha: np.ndarray) -> Sums:
    """Sum the area of each kind of change.

    Parameters
    ----------
    zones : (y, x) integers, number of the territory.
    pixel_ha : float64, hectares of each pixel, broadcast against (y, x).

    Returns
    -------
    Hectares by zone, index of the year, and then each of `COMPARED` under the old and the new rules; only what differs.
    """
    where = np.nonzero(changed(old, new))
    sides = [block[name][where] for name in COMPARED for block in (old, new)]
    weights = np.broadcast_to(pixel_ha, zones.shape)[where[1:]]
    return sum_by([zones[where[1:]], where[0], *sides], weights)


def totals(sums: Sums) -> tuple[float, float, float]:
    """Return hectares decided by another module or rule, of another class before the chain, and after it; zone 1."""
    found = np.zeros(3)
    for (zone, _, *sides), area in sums.items():
        source, rule, integrated, final = (old != new for old, new in zip(sides[::2], sides[1::2], strict=True))
        if zone == 1:
            found += area * np.array([source or rule, integrated, final])
    return float(found[0]), float(found[1]), float(found[2])


def answerable(old: Block, new: Block, decided: np.ndarray) -> np.ndarray:
    """Return (year, y, x) uint16: the rule that answers for each change before the chain.

    That is the rule that decides now, if it is one of those that were changed; else the rule that decided before, if
    that one is; else the one that decides now. At a hole under both rules it is the last number; 0 is no change.

    Parameters
    ----------
    decided : (n,) bool, by common number: whether the rule is new, gone, changed or moved.
    """
    then, now = old["rule"], new["rule"]
    rule = np.where(decided[now] | ~decided[then], np.where(now > 0, now, then), then)
    hole = (then == 0) & (now == 0)
    different = old["integrated"] != new["integrated"]
    return np.where(different, np.where(hole, len(decided) - 1, rule), 0).astype(np.uint16)


def sum_by(columns: Sequence[np.ndarray], weights: np.ndarray) -> Sums:
    """Sum weights by the values that stand beside each other in columns of integers, all of length n."""
    group = np.zeros(len(weights), np.int64)
    for column in columns:
        # Ranks stay below n, so that no product overflows however many columns there are.
        values, rank = np.unique(column, return_inverse=True)
        group = np.unique(group * len(values) + rank, return_inverse=True)[1]
    _, first = np.unique(group, return_index=True)
    sums = np.bincount(group, weights, len(first))
    return dict(zip(zip(*(column[first].tolist() for column in columns), strict=True), sums.tolist(), strict=True))


def marks(old: Block, new: Block, shades: np.ndarray) -> np.ndarray:
    """Return (y, x) uint8: the marks of the picture, see `LEVELS`.

    Parameters
    ----------
    shades : (256,) uint8, shade from 1 to 8 by class.
    """
    years = len(new["class"])
    after = (old["class"] != new["class"]).sum(axis=0)
    before = (old["integrated"] != new["integrated"]).any(axis=0)
    quiet = np.where(before, BEFORE_CHAIN_ONLY, shades[new["class"][-1]])
    level = BEFORE_CHAIN_ONLY - (-after * LEVELS // years)
    return np.where(after > 0, level, quiet).astype(np.uint8)


def standard_error(values: Sequence[float], population: int) -> float | None:
    """Return the standard error of a total that is estimated from a simple random sample without replacement.

    Parameters
    ----------
    values : total of each sampled unit.
    population : number of units there are.

    Notes
    -----
    N sqrt((1 - n / N) s^2 / n), with s^2 the variance between sampled units; None for a single unit of many.
    """
    n = len(values)
    if n == population:
        return 0.0
    if n == 1:
        return None
    return float(population * np.sqrt((1 - n / population) * np.var(values, ddof=1) / n))
