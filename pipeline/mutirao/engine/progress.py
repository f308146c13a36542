"""Progress as a callback, so that stages need not know whether a terminal, a log or a test is watching."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import Protocol

Advance = Callable[[], None]


class Progress(Protocol):
    """Something that watches work: a terminal, a log, or nobody."""

    def stage(self, title: str, total: int, pixel_years: int = 0) -> AbstractContextManager[Advance]:
        """Open a stage of `total` steps; call the value once for each finished step.

        Parameters
        ----------
        pixel_years : pixels times years of all steps together, if the steps are tiles.
        """

    def say(self, message: str) -> None:
        """Tell one line."""


class Silent:
    """Nobody watches."""

    @contextmanager
    def stage(self, title: str, total: int, pixel_years: int = 0) -> Iterator[Advance]:
        """Count nothing."""
        yield lambda: None

    def say(self, message: str) -> None:
        """Say nothing."""


def by_share(advance: Advance, steps: int) -> Callable[[float, str], None]:
    """Return what advances a stage of so many steps whenever it is told the share that is done, 0 to 1."""
    done = 0

    def tell(share: float, message: str) -> None:
        nonlocal done
        while done < int(share * steps):
            advance()
            done += 1

    return tell
