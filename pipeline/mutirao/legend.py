"""The legend: class codes, names, colours, parents and groups of a collection. A pure value, no files."""

from __future__ import annotations

import difflib
import re
from collections import Counter
from collections.abc import Iterable
from functools import cached_property
from typing import Annotated

from pydantic import Field, model_validator

from mutirao.model import Frozen, Id

Code = Annotated[int, Field(ge=1, le=255)]
Text = dict[str, str]
NODATA = 0
_CODES_SHOWN = 40


class LandClass(Frozen):
    """One class of the legend."""

    code: Code = Field(description="Code in the class rasters, 1 to 255; never reused for another meaning.")
    name: Text = Field(min_length=1, description="Name by language, for example {en: Pasture, pt: Pastagem}.")
    color: str = Field(pattern=r"^#[0-9a-fA-F]{6}$", description="Display colour as #rrggbb; colours may repeat.")
    parent: Code | None = Field(default=None, description="Code of the parent class, none at level 1.")

    def title(self, language: str = "en") -> str:
        """Return the name in a language, or in the first language that there is."""
        return self.name.get(language) or next(iter(self.name.values()))


class Legend(Frozen):
    """Versioned list of classes with named groups; code 0 is nodata and is not listed."""

    id: Id = Field(description="Name of the legend; equal to its file name.")
    version: str = Field(description="Version of the legend, changed whenever a code changes its meaning.")
    title: str = Field(description="One line for people.")
    source: str = Field(default="", description="Where codes, names and colours come from.")
    classes: tuple[LandClass, ...] = Field(min_length=1, description="The classes, in display order.")
    groups: dict[str, tuple[Code, ...]] = Field(default={}, description="Named sets of codes, usable in rules.")

    @model_validator(mode="after")
    def _is_consistent(self) -> Legend:
        problems = [*self._repeated(), *self._orphans(), *self._unknown_members(), *self._cycles()]
        if problems:
            raise ValueError("; ".join(problems))
        return self

    def _repeated(self) -> list[str]:
        counts = Counter(item.code for item in self.classes)
        return [f"code {code} is used by {n} classes" for code, n in counts.items() if n > 1]

    def _orphans(self) -> list[str]:
        return [
            f"class {item.code} has parent {item.parent}, which is no class"
            for item in self.classes
            if item.parent is not None and item.parent not in self.by_code
        ]

    def _unknown_members(self) -> list[str]:
        return [
            f"group '{group}' lists {code}, which is no class"
            for group, codes in self.groups.items()
            for code in codes
            if code not in self.by_code
        ]

    def _cycles(self) -> list[str]:
        return [f"class {item.code} is its own ancestor" for item in self.classes if self._loops(item)]

    def _loops(self, item: LandClass) -> bool:
        seen: set[int] = set()
        parent = item.parent
        while parent is not None and parent in self.by_code and parent not in seen:
            seen.add(parent)
            parent = self.by_code[parent].parent
        return item.code in seen

    @cached_property
    def by_code(self) -> dict[int, LandClass]:
        """Classes by code."""
        return {item.code: item for item in self.classes}

    @cached_property
    def codes(self) -> frozenset[int]:
        """All codes, parents included, nodata excluded."""
        return frozenset(self.by_code)

    @cached_property
    def leaves(self) -> tuple[LandClass, ...]:
        """Classes that are nobody's parent, in display order."""
        parents = {item.parent for item in self.classes}
        return tuple(item for item in self.classes if item.code not in parents)

    @cached_property
    def _names(self) -> dict[str, frozenset[int]]:
        names: dict[str, set[int]] = {}
        for item in self.classes:
            for name in item.name.values():
                names.setdefault(slug(name), set()).add(item.code)
        names.update({slug(group): set(codes) for group, codes in self.groups.items()})
        return {name: frozenset(codes) for name, codes in names.items()}

    def resolve(self, reference: int | str) -> frozenset[int]:
        """Return the codes that a code, class name or group name stands for.

        Raises
        ------
        KeyError
            The legend knows no such code, class or group.
        """
        if isinstance(reference, int):
            return frozenset({self.by_code[reference].code})
        return self._names[slug(reference)]

    def resolve_all(self, references: Iterable[int | str]) -> frozenset[int]:
        """Return the union of `resolve` over many references."""
        return frozenset().union(*(self.resolve(reference) for reference in references))

    def known_names(self) -> list[str]:
        """Return every class and group name that `resolve` understands, for suggestions."""
        return sorted(self._names)

    def hint(self, reference: int | str) -> str:
        """Return what to write instead of a reference that `resolve` does not understand."""
        if isinstance(reference, int):
            shown = sorted(self.codes)[:_CODES_SHOWN]
            return f"codes are {', '.join(f'{code} {self.by_code[code].title()}' for code in shown)}"
        near = difflib.get_close_matches(slug(reference), self.known_names(), 1, 0.5)
        return f"did you mean '{near[0]}'?" if near else f"names are {', '.join(self.known_names())}"

    def colormap(self) -> dict[int, tuple[int, int, int, int]]:
        """Return (red, green, blue, alpha) by code; nodata is transparent."""
        colors = {item.code: (*rgb(item.color), 255) for item in self.classes}
        return {NODATA: (0, 0, 0, 0), **colors}


def slug(name: str) -> str:
    """Return a name in lower case with single dashes, so that 'Open Land' and 'open-land' are the same."""
    return re.sub(r"[\W_]+", "-", name.strip().lower()).strip("-")


def rgb(color: str) -> tuple[int, int, int]:
    """Return (red, green, blue), 0 to 255, of '#rrggbb'."""
    return int(color[1:3], 16), int(color[3:5], 16), int(color[5:7], 16)
