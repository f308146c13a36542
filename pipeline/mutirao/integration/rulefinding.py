"""What the linter of rules says, and what it judges rules against."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from mutirao.errors import Finding
from mutirao.integration.describe import witness_dict
from mutirao.integration.prevalence import Conditions, as_tuple
from mutirao.integration.resolve import Vocabulary
from mutirao.integration.universe import Witness
from mutirao.legend import NODATA
from mutirao.model import Reference

Place = tuple[str | int, ...]


@dataclass(frozen=True, slots=True)
class RuleFinding(Finding):
    """One thing that is wrong with a rule set."""

    rule: str = ""
    """Id of the rule, empty if it is about the whole set."""
    witness: Witness | None = None
    """A combination of inputs that shows it, where there can be one."""

    def as_json(self) -> dict[str, Any]:
        """Return plain values, with file and line apart."""
        file, line, column = split_place(self.where)
        return {
            "code": self.code,
            "severity": self.severity,
            "rule": self.rule,
            "message": self.message,
            "file": file,
            "line": line,
            "column": column,
            "remedy": self.remedy,
            "witness": witness_dict(self.witness) if self.witness else None,
        }


def split_place(where: str) -> tuple[str, int, int]:
    """Return file, line and column of 'file:line:column'; 0 where it has none."""
    parts = where.rsplit(":", 2)
    if len(parts) == 3 and parts[1].isdigit() and parts[2].isdigit():
        return parts[0], int(parts[1]), int(parts[2])
    return where, 0, 0


@dataclass(frozen=True, slots=True)
class Scope:
    """What rules are judged against."""

    vocabulary: Vocabulary
    claims: Mapping[str, frozenset[int]]
    """Classes that each module may claim."""
    years: Sequence[int] | None = None
    """Years of the collection, None if not known."""

    def claimable(self, source: str) -> frozenset[int]:
        """Return the classes that a module or mosaic may claim."""
        if source in self.vocabulary.mosaics:
            members = self.vocabulary.mosaics[source][1].values()
            return frozenset[int]().union(*(self.claims[member] for member in members))
        return self.claims[source]

    def codes(self, name: str, reference: Reference) -> frozenset[int]:
        """Return what one entry of a condition stands for."""
        if name in self.vocabulary.layers:
            return frozenset({reference if isinstance(reference, int) else self.vocabulary.layers[name][reference]})
        return frozenset({NODATA}) if reference == NODATA else self.vocabulary.legend.resolve(reference)

    def entries(self, conditions: Conditions) -> Iterator[tuple[str, int, Reference, frozenset[int]]]:
        """Yield every entry of conditions: source or layer, place in its list, the entry, what it stands for."""
        for name, references in conditions.items():
            for i, reference in enumerate(as_tuple(references)):
                yield name, i, reference, self.codes(name, reference)
