"""Training and prediction on classes that a single threshold parts."""

from __future__ import annotations

import numpy as np
import pytest

from mutirao.classify.prediction import predict
from mutirao.classify.recipe import CrossValidation, RandomForest
from mutirao.classify.samples import Places, TrainingSet
from mutirao.classify.training import Classifier, train
from mutirao.classify.validation import block_ids, cross_validate
from mutirao.errors import ConfigError

FOREST = RandomForest(method="random_forest", trees=15, seed=3)


def samples(noise: float = 0.0) -> TrainingSet:
    """20 x 20 places; class 3 has features near 0.8 and class 12 near 0.2, in stripes of one column."""
    rows, columns = np.indices((20, 20)).reshape(2, -1)
    codes = np.where(columns % 2, 3, 12)
    scatter = np.random.default_rng(1).normal(0, noise, (400, 2))
    features = np.where(codes == 3, 0.8, 0.2)[:, None] + scatter
    return TrainingSet(features.astype(np.float32), Places(rows, columns, np.full(400, 2018), codes))


def test_clear_cases_are_mapped_and_missing_features_are_nodata():
    classifier = train(samples(), FOREST, (3, 12))
    features = np.array([[[0.9, 0.1, np.nan, 0.9]], [[0.9, 0.1, 0.9, np.nan]]], dtype=np.float32)
    codes = predict(classifier, features)
    assert codes.dtype == np.uint8
    assert codes.tolist() == [[3, 12, 0, 0]]


def test_all_missing_features_give_an_empty_map():
    classifier = train(samples(), FOREST, (3, 12))
    assert not predict(classifier, np.full((2, 3, 4), np.nan, dtype=np.float32)).any()


class EvenForest:
    """Votes one half for each class, but for a rounding in the last digits."""

    classes_ = np.array([3, 12])

    def predict_proba(self, table: np.ndarray) -> np.ndarray:
        return np.full((len(table), 2), 0.5) + np.array([0, 1e-12])


@pytest.mark.parametrize("order", [(3, 12), (12, 3)])
def test_tie_goes_to_the_first_class_of_the_order(order: tuple[int, int]):
    classifier = Classifier(EvenForest(), order)
    assert predict(classifier, np.zeros((1, 1, 1), dtype=np.float32)).item() == order[0]


def test_equal_seeds_give_equal_maps():
    grid = np.random.default_rng(2).uniform(0, 1, (2, 30, 30)).astype(np.float32)
    maps = [predict(train(samples(0.3), settings, (3, 12)), grid) for settings in (FOREST, FOREST)]
    assert np.array_equal(*maps)


def test_blocks_are_numbered_by_row_and_column():
    places = Places(np.array([0, 4, 5, 9]), np.array([0, 4, 4, 9]), np.zeros(4, int), np.zeros(4, int))
    assert block_ids(places, 5).tolist() == [0, 0, 2, 3]


def test_cross_validation_judges_every_sample_once():
    found = cross_validate(samples(), FOREST, CrossValidation(block_px=5, folds=4))
    assert found.labels == ("3", "12")
    assert found.counts.tolist() == [[200, 0], [0, 200], [0, 0]]


def test_cross_validation_by_blocks_sees_through_places_that_repeat():
    # Feature 1 is the number of the block and class is decided by block: a random split would look perfect.
    rows, columns = np.indices((20, 20)).reshape(2, -1)
    blocks = rows // 5 * 4 + columns // 5
    codes = np.where(np.random.default_rng(5).permutation(16)[blocks] % 2, 3, 12)
    places = Places(rows, columns, np.full(400, 2018), codes)
    shuffled = np.random.default_rng(6).permutation(16)[blocks]
    found = cross_validate(TrainingSet(shuffled[:, None].astype(np.float32), places), FOREST, CrossValidation(folds=4))
    assert found.overall < 0.8


def test_too_few_blocks_are_refused():
    with pytest.raises(ConfigError, match=r"P204 .*1 blocks of 50 pixels, fewer than 5 folds"):
        cross_validate(samples(), FOREST, CrossValidation(block_px=50))
