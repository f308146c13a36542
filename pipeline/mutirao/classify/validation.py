"""Cross-validation by spatial blocks.

A random split puts neighbours into both parts, and neighbours are alike, so it flatters every classifier.
"""

from __future__ import annotations

import numpy as np
from sklearn.model_selection import StratifiedGroupKFold

from mutirao.accuracy.agreement import Confusion, compare, label_codes
from mutirao.classify.prediction import predict_table
from mutirao.classify.recipe import CrossValidation, RandomForest
from mutirao.classify.samples import Places, TrainingSet
from mutirao.classify.training import train
from mutirao.errors import ConfigError


def block_ids(places: Places, block_px: int) -> np.ndarray:
    """Return the (n,) int64 number of the square block of pixels that each place lies in."""
    across = int(places.columns.max(initial=0)) // block_px + 1
    return np.asarray(places.rows // block_px * across + places.columns // block_px)


def cross_validate(samples: TrainingSet, settings: RandomForest, plan: CrossValidation) -> Confusion:
    """Predict every sample by a classifier that saw no sample of the same block, in any year.

    Returns
    -------
    Confusion of predicted (rows) and sample (columns) classes, labelled by class code.

    Raises
    ------
    ConfigError
        P204: the samples lie in fewer blocks than there are folds.
    """
    blocks = block_ids(samples.places, plan.block_px)
    _require_blocks(blocks, plan)
    codes = tuple(samples.places.counts())
    predicted = np.zeros(len(samples.places), dtype=np.uint8)
    splitter = StratifiedGroupKFold(plan.folds, shuffle=True, random_state=settings.seed)
    for learn, test in splitter.split(samples.features, samples.places.codes, blocks):
        part = TrainingSet(samples.features[learn], samples.places.where(learn))
        predicted[test] = predict_table(train(part, settings, codes), samples.features[test])
    labels = {str(code): (code,) for code in codes}
    truth = label_codes(samples.places.codes.astype(np.uint8), labels)
    return compare(label_codes(predicted, labels), truth, labels)


def _require_blocks(blocks: np.ndarray, plan: CrossValidation) -> None:
    count = len(np.unique(blocks))
    if count < plan.folds:
        raise ConfigError.because(
            "P204",
            f"the samples lie in {count} blocks of {plan.block_px} pixels, fewer than {plan.folds} folds",
            where="cross_validation",
            remedy="make the blocks smaller or ask for fewer folds",
        )
