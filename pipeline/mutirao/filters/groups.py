"""Groups of classes that a step tells apart, while it does not tell the classes inside a group."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from mutirao.filters.lookup import Lookup
from mutirao.model import Reference

Groups = tuple[Reference | tuple[Reference, ...], ...]
"""Each a group or class of the legend, or a list of them."""


def number_groups(look: Lookup, groups: Groups) -> np.ndarray:
    """Return (256,) uint16: the group of each class, numbered from 1 in order, and 0 for classes of no group.

    An empty group is the finding F121, a class in two groups F120.
    """
    numbers = np.zeros(256, np.uint16)
    for i, group in enumerate(groups):
        before = len(look.findings)
        codes = look.codes(group, "groups", i) if isinstance(group, tuple) else sorted(look.resolve(group, "groups", i))
        if not codes and len(look.findings) == before:
            look.complain("F121", "the group has no class", "name classes, or leave the group out", "groups", i)
        _join(look, numbers, codes, i)
    return numbers


def _join(look: Lookup, numbers: np.ndarray, codes: Sequence[int], i: int) -> None:
    taken = [str(code) for code in codes if numbers[code] not in (0, i + 1)]
    if taken:
        message = f"of this group, {', '.join(taken)} stand in an earlier group as well"
        look.complain("F120", message, "let every class stand in one group", "groups", i)
    numbers[list(codes)] = i + 1
