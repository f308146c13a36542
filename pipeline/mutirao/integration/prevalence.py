"""Prevalence rules as data: an ordered list, first match wins.

A rule is a pure function of the claims and layers of one pixel and one year; `reference.decide` is its meaning.
"""

from __future__ import annotations

from collections import Counter
from typing import Literal

from pydantic import Field, model_validator

from mutirao.collection import Mosaic, Years
from mutirao.model import Frozen, Id, Reference, ReferenceKey

References = Reference | tuple[Reference, ...]
Conditions = dict[Id, References]


Translation = dict[ReferenceKey, Reference]


class From(Frozen):
    """Take the class that a source claims; with a map, its translation, and only of the classes that are listed."""

    source: Id = Field(alias="from", description="Module or mosaic whose claim is taken.")
    map: Translation | None = Field(
        default=None, min_length=1, description="New class by claimed class; the exception holds for these only."
    )


class Map(Frozen):
    """Translate the claimed class; a class that is not listed is kept."""

    map: Translation = Field(min_length=1, description="New class by claimed class.")


Assign = Reference | From | Map
SKIP = "skip"


class Unless(Frozen):
    """A case in which a rule gives another class, or steps back."""

    when: Conditions = Field(min_length=1, description="All must hold: allowed classes or values by source.")
    assign: Assign = Field(
        description="A class, {from: source}, {map: {old: new}}, {from: source, map: {old: new}} or skip."
    )


class Rule(Frozen):
    """Whose claim wins, where and when."""

    id: Id = Field(description="Unique name of the rule.")
    claim: Conditions = Field(min_length=1, max_length=1, description="One module or mosaic and the classes it claims.")
    where: Conditions = Field(default={}, description="Layers, modules or mosaics that must all hold.")
    assign: Reference | Map | None = Field(
        default=None, description="A class or {map: {old: new}}; the claimed class if absent."
    )
    years: Years | None = Field(default=None, description="Years in which the rule holds; all years if absent.")
    unless: tuple[Unless, ...] = Field(default=(), description="Exceptions, tried in order.")
    why: str = Field(min_length=1, description="Reason, printed in the release notes and on the map page.")
    decided_by: str = Field(default="", description="Who took the decision.")
    since: str = Field(default="", description="Version of the collection in which the rule first held.")

    @property
    def source(self) -> str:
        """The module or mosaic whose claim the rule is about."""
        return next(iter(self.claim))


class Fill(Frozen):
    """Give a class to the pixels that no rule takes."""

    assign: Reference = Field(description="The class.")


class StatedVocabulary(Frozen):
    """What rules speak of, for a rule set that belongs to no collection here."""

    legend: Id = Field(description="File under configs/legends/.")
    sources: dict[Id, tuple[Reference, ...]] = Field(
        min_length=1, max_length=255, description="Classes that a module may claim, by module."
    )
    layers: dict[Id, dict[str, int]] = Field(default={}, description="Values by name, by layer.")
    mosaics: tuple[Mosaic, ...] = Field(default=(), description="Modules that rules speak of as one source.")


class RuleSet(Frozen):
    """An ordered list of prevalence rules: configs/rules/<id>.yaml."""

    id: Id = Field(description="Equal to the file name.")
    title: str = Field(description="One line for people.")
    rules: tuple[Rule, ...] = Field(min_length=1, max_length=65535, description="First match wins.")
    holes: Literal["report", "refuse"] | Fill = Field(
        default="report", description="Pixels that no rule takes: report, refuse the build, or {assign: class}."
    )
    vocabulary: StatedVocabulary | None = Field(
        default=None, description="Modules, layers and legend, where no collection gives them."
    )

    @model_validator(mode="after")
    def _ids_are_unique(self) -> RuleSet:
        repeated = [rule for rule, n in Counter(rule.id for rule in self.rules).items() if n > 1]
        if repeated:
            raise ValueError(f"rule id used twice: {', '.join(repeated)}")
        return self


def as_tuple(references: References) -> tuple[Reference, ...]:
    """Return one or many references as a tuple."""
    return references if isinstance(references, tuple) else (references,)
