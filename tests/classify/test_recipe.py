"""A recipe is data, and wrong data is refused."""

from __future__ import annotations

from typing import Any

import pytest

from mutirao.classify.recipe import Recipe


def recipe(**more: Any) -> Recipe:
    layer = {"dataset": "density", "year": 2018, "ranges": {3: [60, 100], 12: [0, 15]}}
    base = {
        "imagery": {"dataset": "scenes", "features": {"layers": ["ndvi"]}},
        "samples": {"from_layer": layer},
        "classifier": {"method": "random_forest"},
    }
    return Recipe.model_validate(base | more)


def points(**classes: int) -> dict[str, Any]:
    return {"points": {"file": "points.csv", "classes": classes}}


def layer(ranges: dict[int, list[float]]) -> dict[str, Any]:
    return {"from_layer": {"dataset": "density", "year": 2018, "ranges": ranges}}


def test_ties_go_to_the_declared_order_and_then_to_the_order_of_the_samples():
    assert recipe().tie_order == (3, 12)
    assert recipe(class_order=[12]).tie_order == (12, 3)
    assert recipe(samples=points(Soy=39, Soya=39, Forest=3)).tie_order == (39, 3)


@pytest.mark.parametrize(
    ("more", "reason"),
    [
        ({"samples": {}}, "exactly one of 'from_layer' and 'points'"),
        ({"samples": layer({3: [60, 100], 12: [0, 60]})}, "ranges of classes 3 and 12 overlap"),
        ({"samples": layer({3: [100, 60], 12: [0, 15]})}, "range 100.0 to 60.0 of class 3 is upside down"),
        ({"samples": layer({3: [60, 100]})}, "at least 2"),
        ({"class_order": [4]}, r"no samples for the classes \[4\]"),
        ({"holdout": {"block": [0, 0, 1, 1], "groups": {"a": [3, 9]}}}, r"no samples for the classes \[9\]"),
        ({"holdout": {"block": [1, 0, 0, 1]}}, "west < east"),
        ({"classifier": {"method": "random_forest", "max_features": 2}}, "less than or equal to 1"),
        ({"classifier": {"method": "oracle"}}, "random_forest"),
        ({"surprise": 1}, "Extra inputs"),
    ],
)
def test_wrong_recipes_are_refused(more: dict[str, Any], reason: str):
    with pytest.raises(ValueError, match=reason):
        recipe(**more)
