"""YAML in, models out; every mistake with file, line, column, value and remedy."""

from __future__ import annotations

from itertools import pairwise

import pytest

from mutirao.errors import ConfigError
from mutirao.io.configs import load
from mutirao.legend import Legend

GOOD = """\
id: trees
version: "1"
title: Trees
classes:
  - {code: 010, name: {en: NO}, color: "#1f8d49"}
  - code: 3
    parent: 10
    name: {en: Pine}
    color: "#7dc975"
"""


@pytest.fixture
def read(tmp_path):
    def read(text: str):
        path = tmp_path / "trees.yaml"
        path.write_text(text, encoding="utf-8")
        return load(path, Legend)

    return read


def refused(read, text: str) -> list[tuple[str, str, str, str]]:
    with pytest.raises(ConfigError) as caught:
        read(text)
    found = caught.value.findings
    return [(f.code, f.where.rsplit("/", 1)[-1], f.message, f.remedy) for f in found]


def test_numbers_and_words_are_read_as_people_mean_them(read):
    first = read(GOOD).value.classes[0]
    assert first.code == 10
    assert first.title() == "NO"


def test_position_of_a_key_is_known(read):
    assert read(GOOD).at("classes", 1, "color").endswith("trees.yaml:9:5")


def test_duplicate_key(read):
    [(code, where, message, _)] = refused(read, GOOD + "title: Bushes\n")
    assert (code, where) == ("C103", "trees.yaml:10:1")
    assert 'duplicate key "title"' in message


def test_unknown_key_with_the_nearest(read):
    [(code, where, message, remedy)] = refused(read, GOOD.replace("parent:", "parrent:"))
    assert (code, where, message) == ("C104", "trees.yaml:7:5", "unknown key 'classes.1.parrent'")
    assert remedy.startswith("did you mean 'parent'? Keys here: code, color, name, parent")


def test_missing_key(read):
    [(code, where, message, _)] = refused(read, GOOD.replace('version: "1"\n', ""))
    assert (code, where, message) == ("C105", "trees.yaml:1:1", "key 'version' is missing")


def test_wrong_value_is_shown(read):
    [(code, where, message, _)] = refused(read, GOOD.replace("#7dc975", "green"))
    assert (code, where) == ("C106", "trees.yaml:9:5")
    assert "value 'green'" in message


def test_broken_yaml(read):
    [(code, where, _, _)] = refused(read, GOOD + "groups: [1, 2\n")
    assert code == "C102"
    assert where.startswith("trees.yaml:")


def test_no_mapping(read):
    assert refused(read, "- 1\n")[0][0] == "C102"


def test_all_mistakes_at_once(read):
    text = GOOD.replace("parent:", "parrent:").replace("#7dc975", "green").replace('version: "1"\n', "")
    assert sorted(code for code, *_ in refused(read, text)) == ["C104", "C105", "C106"]


def test_missing_file_names_its_neighbours(read, tmp_path):
    read(GOOD)
    with pytest.raises(ConfigError, match=r"C101 file does not exist.*trees"):
        load(tmp_path / "bushes.yaml", Legend)


def test_file_too_large_to_be_written_by_people(read):
    [(code, where, message, _)] = refused(read, GOOD + "#\n" * (4 * 1024 * 1024))
    assert code == "C102"
    assert "bytes" in message
    # Lines of two bytes, but for those of the good text before them: the limit lies in this line.
    assert where.endswith(f":{1 + (GOOD + '#' * 2).count(chr(10)) + (8 * 1024 * 1024 - len(GOOD.encode())) // 2}:1")


def test_aliases_that_stand_for_billions(read):
    lines = ["a: &a [1, 1, 1, 1, 1, 1, 1, 1, 1]"]
    lines += [f"{b}: &{b} [{', '.join([f'*{a}'] * 9)}]" for a, b in pairwise("abcdefghij")]
    [(code, where, _, _)] = refused(read, "\n".join(lines))
    assert (code, where.split(":")[1:]) == ("C108", ["10", "1"])  # the line that stands for most


def test_lists_nested_too_deep(read):
    assert [code for code, *_ in refused(read, f"a: {'[' * 3000}{']' * 3000}")] == ["C102"]
