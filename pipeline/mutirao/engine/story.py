"""The story of one pixel: claims, rules and filter steps of every year, worked out again and held against the map."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from mutirao.engine.basis import Basis
from mutirao.engine.evidence import COMPARED, Evidence
from mutirao.engine.tileprogram import ground_of, run_tile
from mutirao.filters.apply import halo, run_step
from mutirao.filters.step import Ground, ReadyStep
from mutirao.grid import Tile
from mutirao.integration.explain import Explanation, explain


@dataclass(frozen=True, slots=True)
class Change:
    """The series of the pixel after a filter step that changed it."""

    number: int
    """Number of the step, from 1."""
    title: str
    before: tuple[int, ...]
    after: tuple[int, ...]

    def changed(self, index: int) -> bool:
        """Return whether the step changed the year at this place of the series."""
        return self.before[index] != self.after[index]


@dataclass(frozen=True, slots=True)
class Story:
    """Why a pixel is what it is in each year."""

    title: str
    basis: Basis
    versions: dict[str, str]
    """Version of the submission by module."""
    row: int
    column: int
    years: tuple[int, ...]
    explanations: tuple[Explanation, ...]
    """One a year."""
    changes: tuple[Change, ...]
    """Filter steps that changed the pixel in any year, in order."""
    told: Mapping[str, tuple[int, ...]]
    """What this story says, by layer of the map and year."""
    kept: Mapping[str, tuple[int, ...]]
    """What the map says."""

    @property
    def integrated(self) -> tuple[int, ...]:
        """Class of each year before the chain."""
        return tuple(explanation.code for explanation in self.explanations)

    def differences(self, index: int) -> tuple[str, ...]:
        """Return the layers in which the map says something else than this story in one year."""
        return tuple(layer for layer in COMPARED if self.told[layer][index] != self.kept[layer][index])


def tell(evidence: Evidence, row: int, column: int) -> Story:
    """Work out one pixel again, from the claims to the last filter step, in all years."""
    basis, pixel = evidence.basis, Tile("pixel", row, row + 1, column, column + 1)
    years = basis.collection.years.all()
    window = basis.collection.grid.window_around(pixel, halo(basis.steps))
    claims, layers = evidence.claims(years, window), evidence.layers(window)
    core = pixel.within(window)
    ground = ground_of(basis.collection, layers, evidence.consulted(window), window)
    ran = run_tile(basis.program, basis.steps, claims, layers, ground, (slice(None), slice(None)))
    told = {layer: tuple(array[:, *core].ravel().tolist()) for layer, array in ran.items()}
    return Story(
        title=evidence.title,
        basis=basis,
        versions=evidence.versions(),
        row=row,
        column=column,
        years=years,
        explanations=_explanations(basis, claims[:, :, *core], layers[:, *core]),
        changes=follow(basis.steps, ran["integrated"], ground, core),
        told=told,
        kept=evidence.kept(pixel),
    )


def _explanations(basis: Basis, claims: np.ndarray, layers: np.ndarray) -> tuple[Explanation, ...]:
    """Explain each year of one pixel; claims are (module, year, 1, 1), layers (layer, 1, 1)."""
    here = dict(zip((layer.id for layer in basis.collection.layers), layers.ravel().tolist(), strict=True))
    by_year = [dict(zip(basis.modules, claims[:, t].ravel().tolist(), strict=True)) for t in range(claims.shape[1])]
    return tuple(
        explain(basis.rules, claimed, here, year, mosaics=basis.vocabulary.mosaics, hole=basis.hole)
        for claimed, year in zip(by_year, basis.collection.years.all(), strict=True)
    )


def follow(
    steps: Sequence[ReadyStep], classes: np.ndarray, ground: Ground, core: tuple[slice, slice]
) -> tuple[Change, ...]:
    """Run steps on a window of (year, y, x) classes, and return what they change at the one pixel of its core."""
    now, found = np.array(classes, order="C"), []
    series = _series(now, core)
    for number, step in enumerate(steps, start=1):
        run_step(step, now, ground)
        before, series = series, _series(now, core)
        if before != series:
            found.append(Change(number, step.title, before, series))
    return tuple(found)


def _series(classes: np.ndarray, core: tuple[slice, slice]) -> tuple[int, ...]:
    return tuple(classes[:, *core].ravel().tolist())
