"""What a build writes down about itself: build.json."""

from __future__ import annotations

from typing import Any

from pydantic import Field

from mutirao.model import Frozen

CREDITS = ("name", "organisation", "license", "citation")
"""What a manifest says that the record of a build repeats."""


class ModuleRecord(Frozen):
    """A module as it took part in a build; `number` is its value in the source layer."""

    number: int
    module: str
    name: str
    kind: str
    organisation: str
    license: str
    citation: str
    version: str
    submission: str
    """sha256 of the bytes of submission.json."""
    signed_by: tuple[str, ...] = ()
    """Who signed the submission, as judged at the build; empty if nobody did, or the network does not sign."""
    accepted_by: tuple[str, ...] = ()
    """Reviewers who accepted it."""


class RuleRecord(Frozen):
    """A rule as it took part in a build; `number` is its value in the rule layer."""

    number: int
    rule: str
    claim: str
    why: str
    decided_by: str
    since: str


class StepRecord(Frozen):
    """A filter step as it took part in a build; `number` is its value in the filter layer."""

    number: int
    step: str
    title: str


class AgreementRecord(Frozen):
    """Comparison of the map with a layer held aside; shares between 0 and 1. No probability sample stands behind it."""

    id: str
    title: str
    year: int
    labels: tuple[str, ...]
    matrix: tuple[tuple[int, ...], ...]
    """Pixels by (map label, reference label); the last row holds pixels that the map gives none of the labels."""
    pixels: int
    overall: float
    users: tuple[float | None, ...]
    producers: tuple[float | None, ...]


class BuildRecord(Frozen):
    """A finished build. Equal inputs, parameters and code give an equal id."""

    id: str
    parts: dict[str, str] = Field(default={})
    """Digests of what decides the build, by what they are of in words; together they make the id."""
    collection: str
    years: tuple[int, ...]
    modules: tuple[ModuleRecord, ...]
    rules: tuple[RuleRecord, ...]
    steps: tuple[StepRecord, ...]
    tiles: dict[str, str]
    """Key in the ledger by tile."""
    hole_ha: float
    unconfirmed: tuple[int, ...] = ()
    """Last years of the series, which no step of the chain can judge before later years are known."""
    agreement: tuple[AgreementRecord, ...]
    missing: tuple[str, ...]
    """Years that a module does not deliver or that an earlier submission stands in for, in words."""
    pixels: dict[str, str]
    """Digest of the decoded pixels of all years by layer; see `layerdigests`."""
    required: tuple[str, ...] = ()
    """What the network asks to be signed (submission, review, release); empty if it does not sign."""
    held_back: tuple[str, ...] = ()
    """Submissions that the network does not take because of a signature or review, in words."""
    software: dict[str, str]
    created: str


def plain(model: Frozen) -> dict[str, Any]:
    """Return a record as plain JSON values."""
    return model.model_dump(mode="json")
