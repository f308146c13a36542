"""Look up the names of a chain in the legend; every mistake is kept, so that all of them are told at once."""

from __future__ import annotations

import difflib
from collections.abc import Callable, Iterable

from mutirao.errors import Finding
from mutirao.filters.pattern import KEEP, Rewrite
from mutirao.legend import Legend
from mutirao.model import Reference

EVERYTHING = frozenset(range(256))
Where = Callable[..., str]


class Lookup:
    """Turns class names and groups of one step into codes; `place` is the step's place in the file."""

    def __init__(self, legend: Legend, where: Where, findings: list[Finding]) -> None:
        self.legend = legend
        self.where = where
        self.findings = findings

    def codes(self, references: Iterable[Reference], *place: int | str) -> list[int]:
        """Return codes in order; a group stands for its classes in ascending order."""
        return [code for i, reference in enumerate(references) for code in sorted(self._resolve(reference, *place, i))]

    def single(self, reference: Reference, *place: int | str) -> int:
        """Return one code; a group of several is a finding."""
        codes = self._resolve(reference, *place)
        if len(codes) > 1:
            self.complain("F102", f"'{reference}' is a group of {len(codes)} classes", "name a single class", *place)
        return min(codes, default=0)

    def rewrite(self, text: str, *place: int | str) -> Rewrite:
        """Read a pattern such as `3 21 21 15 -> 3 21 15 15`."""
        left, arrow, right = text.partition("->")
        before, after = left.split(), right.split()
        if not arrow or not before or len(before) != len(after):
            message = f"'{text}' has {len(before)} places on the left and {len(after)} on the right of '->'"
            self.complain("F103", message, "write as many on both sides, for example '3 21 3 -> _ 3 _'", *place)
            return Rewrite((), ())
        allowed = tuple(EVERYTHING if token == "*" else self._resolve(_reference(token), *place) for token in before)
        return Rewrite(allowed, tuple(self._written(token, *place) for token in after))

    def complain(self, code: str, message: str, remedy: str, *place: int | str) -> None:
        """Keep a finding."""
        self.findings.append(Finding(code, message, self.where(*place), remedy))

    def _written(self, token: str, *place: int | str) -> int:
        if token == "*":
            self.complain("F104", "'*' stands on the right side", "write '_' to keep a year as it is", *place)
        return KEEP if token in ("_", "*") else self.single(_reference(token), *place)

    def _resolve(self, reference: Reference, *place: int | str) -> frozenset[int]:
        try:
            return self.legend.resolve(reference)
        except KeyError:
            near = difflib.get_close_matches(str(reference), self.legend.known_names(), 1)
            hint = f"did you mean '{near[0]}'? " if near else ""
            remedy = f"{hint}the legend '{self.legend.id}' has: {', '.join(self.legend.known_names())}"
            self.complain("F101", f"'{reference}' is no class or group of the legend", remedy, *place)
            return frozenset()


def _reference(token: str) -> Reference:
    return int(token) if token.isdigit() else token
