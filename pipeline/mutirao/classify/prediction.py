"""Apply a trained classifier to the features of a year."""

from __future__ import annotations

import numpy as np

from mutirao.classify.training import Classifier
from mutirao.legend import NODATA

_VOTE_DECIMALS = 9
"""Votes that differ by less are a tie: sums of shares carry rounding in the last digits."""


def predict(classifier: Classifier, features: np.ndarray) -> np.ndarray:
    """Classify one year.

    Parameters
    ----------
    features : (feature, y, x) float32, in the order that the classifier was trained with; NaN is missing.

    Returns
    -------
    (y, x) uint8 class codes, 0 where any feature is missing.
    """
    table = features.reshape(len(features), -1).T
    complete = np.isfinite(table).all(axis=1)
    codes = np.full(len(table), NODATA, dtype=np.uint8)
    if complete.any():
        codes[complete] = predict_table(classifier, table[complete])
    return np.asarray(codes.reshape(features.shape[1:]))


def predict_table(classifier: Classifier, table: np.ndarray) -> np.ndarray:
    """Classify rows of features: (n, feature) float32 without NaN in, (n,) uint8 codes out."""
    known = classifier.forest.classes_.tolist()
    order = [known.index(code) for code in classifier.tie_order if code in known]
    classes = np.array([known[place] for place in order], dtype=np.uint8)
    votes = classifier.forest.predict_proba(table)[:, order].round(_VOTE_DECIMALS)
    return np.asarray(classes.take(votes.argmax(axis=1)))
