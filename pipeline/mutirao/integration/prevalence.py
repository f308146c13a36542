"""Prevalence rules as data: an ordered list, first match wins.

A rule is a pure function of the claims and layers of one pixel and one year; `reference.decide` is its meaning.
"""

from __future__ import annotations

from collections import Counter

from pydantic import Field, model_validator

from mutirao.collection import Years
from mutirao.model import Frozen, Id, Reference

References = Reference | tuple[Reference, ...]
Conditions = dict[Id, References]


class From(Frozen):
    """Take the class that a source claims."""

    source: Id = Field(alias="from", description="Module whose claim is taken.")


class Map(Frozen):
    """Translate the claimed class; a class that is not listed is kept."""

    map: dict[Reference, Reference] = Field(min_length=1, description="New class by claimed class.")


Assign = Reference | From | Map
SKIP = "skip"


class Unless(Frozen):
    """A case in which a rule gives another class, or steps back."""

    when: Conditions = Field(min_length=1, description="All must hold: allowed classes or values by source.")
    assign: Assign = Field(description="A class, {from: source}, {map: {old: new}} or skip.")


class Rule(Frozen):
    """Whose claim wins, where and when."""

    id: Id = Field(description="Unique name of the rule.")
    claim: Conditions = Field(min_length=1, max_length=1, description="One module and the classes it claims.")
    where: Conditions = Field(default={}, description="Layers or modules that must all hold.")
    years: Years | None = Field(default=None, description="Years in which the rule holds; all years if absent.")
    unless: tuple[Unless, ...] = Field(default=(), description="Exceptions, tried in order.")
    why: str = Field(min_length=1, description="Reason, printed in the release notes and on the map page.")
    decided_by: str = Field(default="", description="Who took the decision.")
    since: str = Field(default="", description="Version of the collection in which the rule first held.")

    @property
    def source(self) -> str:
        """The module whose claim the rule is about."""
        return next(iter(self.claim))


class RuleSet(Frozen):
    """An ordered list of prevalence rules: configs/rules/<id>.yaml."""

    id: Id = Field(description="Equal to the file name.")
    title: str = Field(description="One line for people.")
    rules: tuple[Rule, ...] = Field(min_length=1, max_length=65535, description="First match wins.")

    @model_validator(mode="after")
    def _ids_are_unique(self) -> RuleSet:
        repeated = [rule for rule, n in Counter(rule.id for rule in self.rules).items() if n > 1]
        if repeated:
            raise ValueError(f"rule id used twice: {', '.join(repeated)}")
        return self


def as_tuple(references: References) -> tuple[Reference, ...]:
    """Return one or many references as a tuple."""
    return references if isinstance(references, tuple) else (references,)
