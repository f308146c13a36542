"""What the linter of chains says, and what it judges chains against."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from mutirao.errors import Finding
from mutirao.filters.step import Surroundings
from mutirao.integration.rulefinding import split_place
from mutirao.legend import NODATA, Legend


@dataclass(frozen=True, slots=True)
class ChainScope:
    """What a chain is judged against."""

    legend: Legend
    surroundings: Surroundings
    """Years must be known."""
    inputs: frozenset[int]
    """Classes that may come in, nodata included."""

    @property
    def universe(self) -> frozenset[int]:
        """Classes that there are, and nodata."""
        return self.legend.codes | {NODATA}


@dataclass(frozen=True, slots=True)
class SeriesWitness:
    """A series of classes on its way through a chain."""

    years: tuple[int, ...]
    stages: tuple[tuple[str, tuple[int, ...]], ...]
    """What was done so far, and the classes by year after it."""
    shows: str

    def as_dict(self) -> dict[str, object]:
        """Return plain values for `--json`."""
        stages = [{"after": words, "classes": list(codes)} for words, codes in self.stages]
        return {"years": list(self.years), "series": stages, "shows": self.shows}

    def seen(self) -> range:
        """Return the places of the years worth showing: those that change in any stage, and two on either side."""
        columns = list(zip(*(codes for _, codes in self.stages), strict=True))
        uneven = [i for i, column in enumerate(columns) if len(set(column)) > 1]
        turns = [i for i in range(1, len(columns)) if columns[i] != columns[i - 1]]
        marked = uneven or turns or [0]
        return range(max(marked[0] - 2, 0), min(marked[-1] + 3, len(columns)))


@dataclass(frozen=True, slots=True)
class ChainFinding(Finding):
    """One thing that is wrong with a chain."""

    step: int = 0
    """Number of the step from 1, in the order in which steps run; 0 is the whole chain."""
    title: str = ""
    witness: SeriesWitness | None = field(default=None)
    """A series that shows it, where there can be one."""

    def as_json(self) -> dict[str, Any]:
        """Return plain values, with file and line apart."""
        file, line, column = split_place(self.where)
        return {
            "code": self.code,
            "severity": self.severity,
            "step": self.step,
            "title": self.title,
            "message": self.message,
            "file": file,
            "line": line,
            "column": column,
            "remedy": self.remedy,
            "witness": self.witness.as_dict() if self.witness else None,
        }


def series_words(codes: Sequence[int], places: range) -> str:
    """Return the codes of some years in a row; nodata is a dash."""
    return " ".join(str(codes[i]) if codes[i] != NODATA else "-" for i in places)
