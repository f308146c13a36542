"""A classification as data: contributors/<id>/recipe.yaml."""

from __future__ import annotations

from itertools import combinations
from typing import Annotated, Literal

from pydantic import Field, model_validator

from mutirao.imagery.composites import FeatureSpec
from mutirao.legend import Code
from mutirao.model import Frozen, Id

Range = tuple[float, float]


class Imagery(Frozen):
    """Which scenes, and what is made of a year of them."""

    dataset: Id = Field(description="Scenes, a file under configs/datasets/.")
    features: FeatureSpec = Field(description="Yearly features.")


class LayerSamples(Frozen):
    """Training pixels are the pixels of a layer whose value lies in a class's range."""

    dataset: Id = Field(description="Layer on the grid of the imagery, a file under configs/datasets/.")
    year: int = Field(ge=1900, le=2200, description="Year that the layer describes; its features train the classifier.")
    ranges: dict[Code, Range] = Field(min_length=2, description="Closed range of values by class code.")

    @model_validator(mode="after")
    def _ranges_are_apart(self) -> LayerSamples:
        problems = [
            f"range {low} to {high} of class {code} is upside down" for code, low, high in self._flat if low > high
        ]
        pairs = combinations(self._flat, 2)
        problems += [
            f"the ranges of classes {a[0]} and {b[0]} overlap" for a, b in pairs if a[1] <= b[2] and b[1] <= a[2]
        ]
        if problems:
            raise ValueError("; ".join(problems))
        return self

    @property
    def _flat(self) -> list[tuple[int, float, float]]:
        return [(code, low, high) for code, (low, high) in self.ranges.items()]


class PointSamples(Frozen):
    """Training pixels are those under labelled points, each in the years in which its label is valid."""

    file: str = Field(description="CSV with a header, one point a line, relative to this file.")
    lon: str = Field(default="longitude", description="Column with the WGS 84 longitude.")
    lat: str = Field(default="latitude", description="Column with the WGS 84 latitude.")
    label: str = Field(default="label", description="Column with the label.")
    valid_from: str = Field(default="from", description="Column with the first day of validity, YYYY-MM-DD.")
    valid_to: str = Field(default="to", description="Column with the last day of validity, YYYY-MM-DD.")
    classes: dict[str, Code] = Field(
        min_length=2, description="Class code by label; a label that is not listed is an error."
    )


class Samples(Frozen):
    """Where the training pixels come from."""

    from_layer: LayerSamples | None = Field(default=None, description="Out of an ancillary layer.")
    points: PointSamples | None = Field(default=None, description="Or labelled points.")

    @model_validator(mode="after")
    def _has_one_source(self) -> Samples:
        if (self.from_layer is None) == (self.points is None):
            raise ValueError("give exactly one of 'from_layer' and 'points'")
        return self

    @property
    def codes(self) -> tuple[int, ...]:
        """Class codes, in the order in which they are declared."""
        source = self.from_layer.ranges if self.from_layer else self.points.classes.values() if self.points else ()
        return tuple(dict.fromkeys(source))


class Holdout(Frozen):
    """A block that never trains, kept to compare the map with the samples that lie in it."""

    block: tuple[float, float, float, float] = Field(
        description="west, south, east, north in the CRS of the imagery; a pixel belongs to it by its centre."
    )
    buffer_px: int = Field(
        default=2, ge=0, description="Pixels around the block that do not train either: neighbours are alike."
    )
    groups: dict[str, tuple[Code, ...]] = Field(
        default={}, description="Codes by group, for a second comparison such as forest against the rest."
    )

    @model_validator(mode="after")
    def _block_has_an_inside(self) -> Holdout:
        west, south, east, north = self.block
        if not (west < east and south < north):
            raise ValueError("write the block as west, south, east, north, with west < east and south < north")
        return self


class CrossValidation(Frozen):
    """Samples are left out by square blocks in turn, since neighbouring samples are alike."""

    block_px: int = Field(default=5, ge=1, description="Side of the blocks in pixels.")
    folds: int = Field(default=5, ge=2, description="Parts into which the blocks are divided.")


class RandomForest(Frozen):
    """Random forest of scikit-learn."""

    method: Literal["random_forest"] = Field(description="Kind of classifier.")
    trees: int = Field(default=200, ge=1, description="Number of trees.")
    min_samples_leaf: int = Field(default=1, ge=1, description="Smallest number of samples in a leaf.")
    max_features: Literal["sqrt", "log2"] | Annotated[float, Field(gt=0, le=1)] = Field(
        default="sqrt", description="Features tried at each split, by rule or as a share of all."
    )
    class_weight: Literal["balanced"] | None = Field(
        default=None, description="balanced: classes with few samples weigh as much as the others."
    )
    seed: int = Field(default=0, ge=0, description="Seed of the random numbers; equal seeds give equal maps.")


class Recipe(Frozen):
    """How a region or theme is classified, without code."""

    imagery: Imagery = Field(description="Scenes and features.")
    samples: Samples = Field(description="Training pixels.")
    classifier: RandomForest = Field(description="How classes are learnt.")
    class_order: tuple[Code, ...] = Field(
        default=(), description="Classes that win ties of votes, first one first; absent: the order of the samples."
    )
    unclaimed: tuple[Code, ...] = Field(
        default=(),
        description="Classes that are learnt to be told apart and then make no claim: what a theme does not map.",
    )
    chain: str | None = Field(
        default=None, description="Filters that clean the series of maps: a chain, relative to this file."
    )
    holdout: Holdout | None = Field(default=None, description="Block kept aside.")
    cross_validation: CrossValidation | None = Field(default=None, description="Estimate from the samples themselves.")

    @model_validator(mode="after")
    def _names_known_classes(self) -> Recipe:
        codes = set(self.samples.codes)
        groups = self.holdout.groups if self.holdout else {}
        named = {*self.class_order, *self.unclaimed, *(code for members in groups.values() for code in members)}
        if named - codes:
            raise ValueError(
                f"no samples for the classes {sorted(named - codes)} of 'class_order', 'unclaimed' or 'groups'"
            )
        if codes <= {*self.unclaimed}:
            raise ValueError("all classes are 'unclaimed', so nothing would be mapped: leave out what the module maps")
        return self

    @property
    def tie_order(self) -> tuple[int, ...]:
        """All classes, the winner of a tie first."""
        return tuple(dict.fromkeys((*self.class_order, *self.samples.codes)))
