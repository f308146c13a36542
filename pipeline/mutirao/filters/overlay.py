"""Polygons over the map, and what steps that rewrite classes inside polygons share.

Any number of polygons may cover a pixel. An overlay numbers the combinations of polygons that occur; a step then says
for each combination and year which class becomes which, so that its kernel looks up one number a pixel and year,
however many polygons there are.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeVar

import numba
import numpy as np
from pydantic import Field

from mutirao.filters.lookup import Lookup
from mutirao.filters.step import SeriesWork, Step, may_write
from mutirao.grid import Pixels

Attribute = int | float | str | tuple[int | float | str, ...] | None
"""Value of one polygon; None where it says nothing."""
IDENTITY = np.arange(256, dtype=np.uint8)
Meaning = TypeVar("Meaning", bound=Hashable)
Said = TypeVar("Said")


@dataclass(frozen=True, slots=True)
class Fault:
    """What is wrong with a file of polygons; a step that reads the file tells it at its place in the chain."""

    code: str
    message: str
    remedy: str


@dataclass(frozen=True, slots=True)
class Overlay:
    """Polygons on a grid."""

    index: Pixels
    """(y, x) uint32, combination of polygons at each pixel, 0 for none; (0, 0) where only meanings are needed."""
    members: tuple[tuple[int, ...], ...]
    """Polygons of each combination, numbered from 0 in the order of the file; no polygon at 0."""
    columns: tuple[str, ...]
    """Attributes that the file has."""
    rows: tuple[Mapping[str, Attribute], ...]
    """By polygon, the attributes that steps read."""
    faults: tuple[Fault, ...] = ()


class PolygonStep(Step):
    """A step that reads polygons from a file."""

    file: str = Field(min_length=1, description="GeoJSON or GeoPackage with a CRS, relative to the file of the chain.")
    touch: bool = Field(
        default=False, description="A polygon holds all pixels that it touches, not only those whose centre it holds."
    )

    @property
    def layer(self) -> str:
        """Name of the overlay among the layers; steps that read one file in one way share it."""
        return f"{'touched' if self.touch else 'centres'}:{self.file}"

    def names(self) -> dict[str, str]:
        """Return the attributes of the polygons that the step reads, by what they mean."""
        raise NotImplementedError

    def overlay(self, look: Lookup) -> Overlay | None:
        """Return the polygons of the step; what is wrong with their file or with names of attributes is told."""
        found = look.surroundings.overlays.get(self.layer)
        if found is None or not look.surroundings.years:
            remedy = "run the chain in a collection: its years and grid say what the polygons cover"
            look.complain("F130", f"the polygons of '{self.file}' are not at hand", remedy, "file")
            return None
        for fault in found.faults:
            look.complain(fault.code, fault.message, fault.remedy, "file")
        for meaning, name in self.names().items() if found.rows else ():
            if name != meaning and name not in found.columns:
                self.no_attribute(look, found, name, "attributes", meaning)
        return found

    def no_attribute(self, look: Lookup, overlay: Overlay, name: str, *place: str) -> None:
        """Tell that the file lacks an attribute."""
        remedy = f"name one that it has: {', '.join(overlay.columns) or 'none'}"
        look.complain("F133", f"the polygons of '{self.file}' have no attribute '{name}'", remedy, *place)


class Reader:
    """Reads values of polygons; a mistake becomes a finding that names the polygon, counted from 1."""

    def __init__(self, step: PolygonStep, look: Lookup) -> None:
        self.step, self.look, self.names = step, look, step.names()
        self.row: Mapping[str, Attribute] = {}
        self.number = 0

    def each(self, rows: Iterable[Mapping[str, Attribute]], read: Callable[[Reader], Said | None]) -> list[Said | None]:
        """Return what every polygon says; polygons that repeat a sound one are not read again."""
        known: dict[Hashable, Said | None] = {}
        said = []
        for self.number, self.row in enumerate(rows):
            key, before = tuple(self.row.items()), len(self.look.findings)
            said.append(known[key] if key in known else read(self))
            if len(self.look.findings) == before:
                known[key] = said[-1]
        return said

    def value(self, meaning: str) -> Attribute:
        """Return a value; empty text is none."""
        value = self.row.get(self.names[meaning])
        return (value.strip() or None) if isinstance(value, str) else value

    def complain(self, code: str, message: str, remedy: str) -> None:
        """Keep a finding about the polygon."""
        self.look.complain(code, f"polygon {self.number + 1} of '{self.step.file}': {message}", remedy, "file")

    def unreadable(self, meaning: str, remedy: str) -> None:
        """Tell that a value cannot be read."""
        shown = self.row.get(self.names[meaning])
        self.complain("F135", f"'{shown}' is no value for '{self.names[meaning]}'", remedy)

    def codes(self, meaning: str) -> frozenset[int] | None:
        """Return the classes of a list, or of text with commas; None if it is empty."""
        value = self.value(meaning)
        items = value.split(",") if isinstance(value, str) else value if isinstance(value, tuple) else (value,)
        listed = [item for item in items if item is not None and item != ""]
        return frozenset().union(*(self._codes(item) for item in listed)) if listed else None

    def single(self, meaning: str) -> int | None:
        """Return one class; None, and a finding, if the polygon has none or several."""
        codes = self.codes(meaning)
        if codes is None:
            name = self.names[meaning]
            self.complain("F134", f"'{name}' is empty", f"write in '{name}' the class that the pixels become")
        elif len(codes) > 1:
            self.complain("F102", f"'{self.value(meaning)}' is {len(codes)} classes", "name a single class")
        return min(codes) if codes and len(codes) == 1 else None

    def number_of(self, meaning: str) -> int | None:
        """Return a whole number; None, and a finding, if it is something else."""
        value = self.value(meaning)
        try:
            number = float(value) if isinstance(value, int | float | str) else None
        except ValueError:
            number = None
        if value is not None and (number is None or not number.is_integer()):
            self.unreadable(meaning, "write a whole number")
            return None
        return None if number is None else int(number)

    def _codes(self, item: float | str) -> frozenset[int]:
        text = str(item).strip()
        reference = int(float(text)) if re.fullmatch(r"\d+(\.0+)?", text) else text
        try:
            return self.look.legend.resolve(reference)
        except KeyError:
            message = f"'{reference}' is no class or group of the legend"
            self.complain("F101", message, self.look.class_hint(reference))
            return frozenset()


def rewriting(
    step: PolygonStep,
    settings: tuple[object, ...],
    meanings: Sequence[Meaning],
    table: Callable[[Meaning, int], np.ndarray],
    years: int,
) -> SeriesWork:
    """Return the work of a step that rewrites classes inside polygons.

    Parameters
    ----------
    meanings : what each combination of polygons says, made of plain values; the first is that of no polygon.
    table : returns for a meaning and a place in the series the class that each class becomes, (256,) uint8.
    """
    numbers = {meaning: number for number, meaning in enumerate(dict.fromkeys(meanings))}
    tables = {IDENTITY.tobytes(): 0}
    by_year = np.zeros((len(numbers), years), np.int32)
    for meaning, number in numbers.items():
        for t in range(years):
            by_year[number, t] = tables.setdefault(table(meaning, t).tobytes(), len(tables))
    meaning_of = np.array([numbers[meaning] for meaning in meanings], np.int32)
    rewritten = np.frombuffer(b"".join(tables), np.uint8).reshape(-1, 256)
    arguments = (meaning_of, by_year, rewritten)
    return SeriesWork(settings, rewrite, arguments, layers=(step.layer,), by_value=tuple(meanings))


@numba.njit(nogil=True, cache=True)
def rewrite(series, layers, writable, protected, meaning_of, by_year, rewritten):  # type: ignore[no-untyped-def]
    """Rewrite classes by combination of polygons and year, in place.

    Parameters
    ----------
    series : (year, pixel) uint8, class codes; changed in place.
    layers : (1, pixel) int64, combination of polygons.
    writable, protected : see `SeriesWork.kernel`.
    meaning_of : (combination,) int32, rows of `by_year`.
    by_year : (meaning, year) int32, rows of `rewritten`; row 0 changes nothing.
    rewritten : (table, 256) uint8, the class that each class becomes.
    """
    for p in range(series.shape[1]):
        if layers[0, p] == 0:
            continue
        meaning = meaning_of[layers[0, p]]
        for t in range(len(series)):
            number = by_year[meaning, t]
            if number and may_write(writable, protected, t, series[t, p]):
                series[t, p] = rewritten[number, series[t, p]]
