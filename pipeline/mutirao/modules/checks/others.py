"""What a submission is compared with while its pixels are read: maps of others, the rules, the last release.

Everything is read in windows of the collection's grid when it is wanted; nothing is held.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from mutirao.grid import Tile
from mutirao.integration.compile import Program

ReadWindow = Callable[[Tile], np.ndarray]
"""Return (y, x) integers in a window of the collection's grid."""


@dataclass(frozen=True, slots=True)
class Neighbour:
    """Another module's submission, and where its claims may lie beside or over this module's."""

    module: str
    version: str
    planes: Mapping[int, ReadWindow]
    """Legend codes by year."""
    box: Tile
    """Pixels that are looked at: both modules' territories and a pixel around each, as far as their boxes meet."""


@dataclass(frozen=True, slots=True)
class Ruling:
    """The collection's rules, and what its modules claim."""

    modules: tuple[str, ...]
    """Modules in the order of the programs."""
    me: int
    """Place of the module that is checked."""
    program: Callable[[int], Program]
    """Compile the rules for one year."""
    layers: tuple[ReadWindow, ...]
    """What rules may consult, in the order of the programs."""
    claims: Mapping[str, Mapping[int, ReadWindow]]
    """Legend codes by other module and year; a year or module that is missing claims nothing."""
    versions: Mapping[str, str]
    """Submission by other module that is read."""


@dataclass(frozen=True, slots=True)
class Released:
    """The last release of the collection."""

    version: str
    number: int
    """Of the module that is checked, in the source layer."""
    classes: Mapping[int, ReadWindow]
    """Legend codes by year."""
    sources: Mapping[int, ReadWindow]
    """Number of the module whose claim won, by year; 0 where none did."""


@dataclass(frozen=True, slots=True)
class Others:
    """Everything that there is to compare with."""

    neighbours: tuple[Neighbour, ...] = ()
    ruling: Ruling | None = None
    released: Released | None = None
    skipped: tuple[str, ...] = ()
    """What cannot be compared, and why, in lines such as 'M901 with north: it has no submission'."""


def spread(years: Iterable[int], most: int) -> tuple[int, ...]:
    """Return at most so many years, the first and the last among them and the others at even steps between."""
    listed: Sequence[int] = sorted(years)
    if len(listed) <= most:
        return tuple(listed)
    places = np.linspace(len(listed) - 1, 0, most).round().astype(int)  # one place is the last year's
    return tuple(listed[place] for place in sorted(set(places.tolist())))
