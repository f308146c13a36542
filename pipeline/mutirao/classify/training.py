"""Learn classes from samples. Equal samples, settings and seed give an equal classifier."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from sklearn.ensemble import RandomForestClassifier

from mutirao.classify.recipe import RandomForest
from mutirao.classify.samples import TrainingSet


@dataclass(frozen=True)
class Classifier:
    """A trained forest and the order in which its classes win ties."""

    forest: RandomForestClassifier
    tie_order: tuple[int, ...]


def train(samples: TrainingSet, settings: RandomForest, tie_order: tuple[int, ...]) -> Classifier:
    """Fit a random forest to a training set.

    Parameters
    ----------
    tie_order : class codes, the winner of a tie of votes first.
    """
    forest = RandomForestClassifier(
        n_estimators=settings.trees,
        min_samples_leaf=settings.min_samples_leaf,
        max_features=settings.max_features,
        class_weight=settings.class_weight,
        random_state=settings.seed,
        # Several threads would add up votes in the order in which they finish, and ties could then fall either way.
        n_jobs=1,
    )
    forest.fit(samples.features, samples.places.codes.astype(np.uint8))
    return Classifier(forest, tie_order)
