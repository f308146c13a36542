"""The legend: names, groups, and what is wrong with it."""

from __future__ import annotations

from pathlib import Path

import pytest
from pydantic import ValidationError

from mutirao.io.configs import load
from mutirao.legend import Legend, slug

CONFIGS = Path(__file__).parents[1] / "configs"
FOREST = {"code": 1, "name": {"en": "Forest"}, "color": "#1f8d49"}
CLOSED = {"code": 3, "parent": 1, "name": {"en": "Closed Forest", "pt": "Floresta fechada"}, "color": "#1f8d49"}
OPEN = {"code": 4, "parent": 1, "name": {"en": "Open forest"}, "color": "#7dc975"}


def legend(*classes, **extra) -> Legend:
    return Legend.model_validate({"id": "test", "version": "1", "title": "test", "classes": classes, **extra})


def test_code_name_in_any_language_and_group_resolve():
    trees = legend(FOREST, CLOSED, OPEN, groups={"wood": [3, 4]})
    assert trees.resolve(3) == trees.resolve("closed forest") == trees.resolve("FLORESTA-FECHADA") == {3}
    assert trees.resolve_all(["wood", 1]) == {1, 3, 4}
    with pytest.raises(KeyError):
        trees.resolve("meadow")
    with pytest.raises(KeyError):
        trees.resolve(99)


def test_leaves_are_nobodys_parent():
    assert [item.code for item in legend(FOREST, CLOSED, OPEN).leaves] == [3, 4]


@pytest.mark.parametrize(
    ("classes", "groups", "message"),
    [
        ([CLOSED], {}, "parent 1, which is no class"),
        ([FOREST, FOREST], {}, "code 1 is used by 2 classes"),
        ([FOREST], {"wood": [1, 9]}, "group 'wood' lists 9"),
        ([{**FOREST, "parent": 3}, CLOSED], {}, "its own ancestor"),
        ([{**FOREST, "code": 256}], {}, "less than or equal to 255"),
        ([{**FOREST, "color": "green"}], {}, "String should match pattern"),
        ([{**FOREST, "colour": "#1f8d49"}], {}, "Extra inputs"),
    ],
)
def test_inconsistent_legends_are_refused(classes, groups, message):
    with pytest.raises(ValidationError, match=message):
        legend(*classes, groups=groups)


def test_slug_joins_words_and_keeps_letters_of_any_language():
    assert slug(" Corpo d'água ") == "corpo-d-água"


def test_mapbiomas_legend_has_the_published_tree():
    brazil = load(CONFIGS / "legends/mapbiomas-brazil.yaml", Legend).value
    assert brazil.by_code[39].title("pt") == "Soja"
    assert brazil.by_code[39].parent == 19
    assert brazil.by_code[9].parent == 14
    assert brazil.by_code[33].color == "#2532e4"
    assert len(brazil.classes) == 40
