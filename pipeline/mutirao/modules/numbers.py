"""Counts and years as people say them."""

from __future__ import annotations

from collections.abc import Iterable


def counted(count: int, thing: str) -> str:
    """Return a count with its noun, which is one that takes an s: 1 pixel, 2 pixels."""
    return f"{count:d} {thing}{'' if abs(count) == 1 else 's'}"


def years_text(years: Iterable[int]) -> str:
    """Return years in words, runs of them by their ends."""
    runs: list[list[int]] = []
    for year in sorted(years):
        if runs and runs[-1][-1] == year - 1:
            runs[-1].append(year)
        else:
            runs.append([year])
    return ", ".join(str(run[0]) if len(run) == 1 else f"{run[0]} to {run[-1]}" for run in runs)
