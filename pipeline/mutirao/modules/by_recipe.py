"""Run a module whose method is a recipe: recipe.yaml."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from mutirao.accuracy.agreement import Confusion, compare, label_codes
from mutirao.classify.prediction import predict
from mutirao.classify.recipe import Holdout, Recipe
from mutirao.classify.samples import (
    Places,
    block_mask,
    keep_aside,
    places_from_layer,
    places_from_points,
    training_set,
)
from mutirao.classify.training import train
from mutirao.classify.validation import cross_validate
from mutirao.filters.apply import apply_chain
from mutirao.filters.step import Ground, ReadyStep
from mutirao.grid import Grid
from mutirao.io.configs import Source
from mutirao.io.points import read_points
from mutirao.legend import NODATA
from mutirao.modules.inputs import ModuleInputs

Tell = Callable[[float, str], None]
"""Told the share that is done, 0 to 1, and what comes next."""


@dataclass(frozen=True)
class RecipeRun:
    """A recipe together with what it reads."""

    source: Source[Recipe]
    inputs: ModuleInputs
    grid: Grid
    series: tuple[int, ...]
    """All years of the module."""
    steps: tuple[ReadyStep, ...] = ()
    """Filters that clean the series."""

    def classify(self, years: Sequence[int], tell: Tell) -> tuple[np.ndarray, dict[str, object]]:
        """Train, classify the years, clean the series, and compare with the block kept aside.

        If there are filters, all years of the module are classified, since a filter looks at the whole series.

        Returns
        -------
        (year, y, x) uint8 codes, 0 where features are missing or nothing is claimed; and a report of plain values.
        """
        tell(0.0, "draw samples")
        learn, aside = self._split()
        samples = training_set(learn, self._features, self.recipe.samples.codes)
        tell(0.2, f"train on {len(samples.places)} pixels")
        classifier = train(samples, self.recipe.classifier, self.recipe.tie_order)
        maps: dict[int, np.ndarray] = {}
        needed = sorted({*(self.series if self.steps else years), *np.unique(aside.years).tolist()})
        for number, year in enumerate(needed):
            tell(0.4 + 0.4 * number / len(needed), f"classify {year}")
            maps[year] = predict(classifier, self._features(year))
        maps.update(self._cleaned(maps))
        counts = {str(code): count for code, count in samples.places.counts().items()}
        report: dict[str, object] = {"features": list(self.recipe.imagery.features.names), "samples": counts}
        if self.recipe.holdout:
            report["holdout"] = _holdout_report(self.recipe.holdout, aside, maps, self.recipe.samples.codes)
        if self.recipe.cross_validation:
            tell(0.8, "cross-validate by blocks")
            scores = cross_validate(samples, self.recipe.classifier, self.recipe.cross_validation)
            report["cross_validation"] = scores.as_dict()
        stack = np.stack([maps[year] for year in years])
        stack[np.isin(stack, self.recipe.unclaimed)] = NODATA
        return stack, report

    def _cleaned(self, maps: Mapping[int, np.ndarray]) -> dict[int, np.ndarray]:
        """Return the maps of the series after the filters; years outside the series stay as they are."""
        if not self.steps:
            return {}
        stack = np.stack([maps[year] for year in self.series])
        cleaned, _ = apply_chain(self.steps, stack, Ground(pixel_ha=self.grid.areas_ha(self.grid.whole)))
        return dict(zip(self.series, cleaned, strict=True))

    @property
    def recipe(self) -> Recipe:
        """The recipe."""
        return self.source.value

    def _features(self, year: int) -> np.ndarray:
        imagery = self.recipe.imagery
        return np.asarray(self.inputs.features(imagery.dataset, imagery.features, year).values)

    def _split(self) -> tuple[Places, Places]:
        """Return the places that train, and those inside the block kept aside."""
        holdout = self.recipe.holdout
        if holdout is None:
            return self._places, self._places.where(np.zeros(len(self._places), dtype=bool))
        return keep_aside(self._places, block_mask(self.grid, holdout.block), holdout.buffer_px)

    @cached_property
    def _places(self) -> Places:
        layer, points = self.recipe.samples.from_layer, self.recipe.samples.points
        if layer is not None:
            return places_from_layer(self.inputs.layer(layer.dataset), layer.ranges, layer.year)
        if points is None:  # the model has refused this already
            raise ValueError("a recipe needs samples")
        listed = read_points(self.source.path.parent / points.file, points)
        return places_from_points(listed, self.grid, self.recipe.imagery.features.season)


def _holdout_report(
    holdout: Holdout, aside: Places, maps: dict[int, np.ndarray], codes: Sequence[int]
) -> dict[str, object]:
    """Compare the maps with the samples that were kept aside, class by class and by groups of classes."""
    mapped = np.zeros(len(aside), dtype=np.uint8)
    for year in np.unique(aside.years).tolist():
        chosen = aside.years == year
        mapped[chosen] = maps[year][aside.rows[chosen], aside.columns[chosen]]
    classes = {str(code): (code,) for code in codes}
    report: dict[str, object] = {"classes": _compare(mapped, aside.codes, classes).as_dict()}
    if holdout.groups:
        report["groups"] = _compare(mapped, aside.codes, holdout.groups).as_dict()
    return report


def _compare(mapped: np.ndarray, reference: np.ndarray, labels: Mapping[str, Sequence[int]]) -> Confusion:
    return compare(label_codes(mapped, labels), label_codes(reference.astype(np.uint8), labels), labels)
