"""Crosswalk tables: the way from one legend to another, worked by hand, and what is wrong with tables."""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise
from pathlib import Path

import pytest

from mutirao.crosswalk import Crosswalk, Table, Translation, find_way, translate
from mutirao.errors import ConfigError
from mutirao.io.configs import load
from mutirao.legend import Legend
from mutirao.project import Project

PROJECT = Project(Path(__file__).parents[1], Path("unused"))


def legend(name: str, classes: dict[int, str], **groups: list[int]) -> Legend:
    listed = [{"code": code, "name": {"en": text}, "color": "#808080"} for code, text in classes.items()]
    return Legend.model_validate({"id": name, "version": "1", "title": name, "classes": listed, "groups": groups})


OLD = legend("old", {3: "Dense forest", 4: "Open forest", 26: "Water", 34: "Glacier"}, wood=[3, 4])
MIDDLE = legend("middle", {3: "Forest", 26: "Water", 29: "Ice"}, all=[3, 26])
NEW = legend("new", {1: "Trees", 33: "River"})
LEGENDS = {each.id: each for each in (OLD, MIDDLE, NEW)}
OLD_TO_MIDDLE = """\
id: old-to-middle
title: test
from: old
to: middle
classes:
  wood: 3
  26: Water
untranslated:
  34: The ice is gone.
"""
MIDDLE_TO_NEW = """\
id: middle-to-new
title: test
from: middle
to: new
classes:
  3: Trees
  26: 33
untranslated: {29: Nobody mapped it.}
"""


@pytest.fixture
def table(tmp_path: Path) -> Callable[..., Table]:
    """Write a table to a file named by its id, with pieces of its text replaced, and read it."""

    def read(text: str, **replaced: str) -> Table:
        for old, new in replaced.items():
            text = text.replace(old, new)
        path = tmp_path / f"{text.split()[1]}.yaml"
        path.write_text(text, encoding="utf-8")
        source = load(path, Crosswalk)
        return Table(source.value, source.at)

    return read


@pytest.fixture
def step(table: Callable[..., Table]) -> Callable[[str, str], Table]:
    """Make a table from one legend to another, both of which have one class."""

    def make(origin: str, target: str, name: str = "") -> Table:
        lines = (f"id: {name or f'{origin}-{target}'}", "title: test", f"from: {origin}", f"to: {target}")
        return table("\n".join((*lines, "classes: {1: 1}\n")))

    return make


def legends(names: str) -> dict[str, Legend]:
    return {name: legend(name, {1: "All"}) for name in names}


def refused(tables: list[Table], known: dict[str, Legend], origin: str, target: str) -> list[tuple[str, ...]]:
    with pytest.raises(ConfigError) as caught:
        translate(tables, known, origin, target, "manifest.yaml:9:1")
    return [(f.code, f.message, f.where.rsplit("/", 1)[-1], f.remedy) for f in caught.value.findings]


def test_one_table_maps_groups_and_names_and_keeps_the_reasons(table):
    got = translate([table(OLD_TO_MIDDLE)], LEGENDS, "old", "middle", "here")
    assert got == Translation(("old-to-middle",), {3: 3, 4: 3, 26: 26}, {34: "The ice is gone."})


def test_tables_are_followed_one_after_the_other(table):
    tables = [table(MIDDLE_TO_NEW), table(OLD_TO_MIDDLE)]
    got = translate(tables, LEGENDS, "old", "new", "here")
    assert got.tables == ("old-to-middle", "middle-to-new")
    assert (got.codes, got.untranslated) == ({3: 1, 4: 1, 26: 33}, {34: "The ice is gone."})


def test_what_a_later_table_loses_is_told_by_the_old_code(table):
    tables = [table(OLD_TO_MIDDLE, **{"  26: Water": "  26: Ice"}), table(MIDDLE_TO_NEW)]
    got = translate(tables, LEGENDS, "old", "new", "here")
    assert got.untranslated == {26: "Nobody mapped it.", 34: "The ice is gone."}
    assert got.codes == {3: 1, 4: 1}


def test_a_legend_is_its_own_translation():
    assert translate([], LEGENDS, "new", "new", "here") == Translation((), {1: 1, 33: 33}, {})


def test_the_way_with_the_fewest_tables_is_taken(step):
    tables = [step("a", "b"), step("b", "c"), step("c", "d"), step("a", "c")]
    way = find_way(tables, legends("abcd"), "a", "d", "here")
    assert [table.crosswalk.id for table in way] == ["a-c", "c-d"]


def test_two_ways_of_one_length_are_refused(step):
    tables = [step("a", "b"), step("b", "d"), step("a", "c"), step("c", "d")]
    message = "two ways lead from legend 'a' to 'd': a-b, b-d; a-c, c-d"
    remedy = "remove one of them, or write one crosswalk from 'a' to 'd'"
    assert refused(tables, legends("abcd"), "a", "d") == [("X103", message, "manifest.yaml:9:1", remedy)]
    twice = [step("a", "b"), step("a", "b", "other")]
    assert refused(twice, legends("ab"), "a", "b")[0][1] == "two ways lead from legend 'a' to 'b': a-b; other"


def test_many_ways_are_found_to_be_two_at_once(step):
    names = "abcdefghijklmnopqrstuvwxyz"
    tables = [step(x, y, f"{x}-{y}{i}") for x, y in pairwise(names) for i in (1, 2)]
    assert refused(tables, legends(names), "a", "z")[0][0] == "X103"  # there are 2 ** 25


def test_no_way_lists_the_ways_that_there_are(step):
    found = refused([step("a", "b")], legends("abc"), "b", "c")
    remedy = "write one under configs/crosswalks/, where these are: 'a' to 'b'"
    assert found == [("X102", "no crosswalk leads from legend 'b' to 'c'", "manifest.yaml:9:1", remedy)]
    assert refused([], legends("ab"), "a", "b")[0][3].endswith("where there is none yet")


def test_a_circle_is_printed_as_a_way_wherever_it_lies(step):
    tables = [step("a", "b"), step("b", "c"), step("c", "b")]
    ((code, message, where, remedy),) = refused(tables, legends("abc"), "a", "b")
    assert code == "X104"
    assert message in {
        "crosswalks lead in a circle: b -> c -> b (b-c, c-b)",
        "crosswalks lead in a circle: c -> b -> c (c-b, b-c)",
    }
    assert where in {"c-b.yaml:4:1", "b-c.yaml:4:1"}
    assert "remove one of these" in remedy


def test_a_table_may_not_lead_to_where_it_begins(step):
    message = "crosswalks lead in a circle: a -> a (a-a)"
    assert [found[:3] for found in refused([step("a", "a")], legends("a"), "a", "a")] == [
        ("X104", message, "a-a.yaml:4:1")
    ]


def test_unknown_legends_are_told_where_they_are_named(step):
    found = refused([step("a", "x"), step("y", "b")], legends("ab"), "z", "b")
    assert [(code, message, where) for code, message, where, _ in found] == [
        ("X101", "'z' is no legend", "manifest.yaml:9:1"),
        ("X101", "'y' is no legend", "y-b.yaml:3:1"),
        ("X101", "'x' is no legend", "a-x.yaml:4:1"),
    ]
    assert found[0][3] == "legends are: a, b"


@pytest.mark.parametrize(
    ("old", "new", "code", "says", "line", "remedy"),
    [
        ("  26: Water", "  26: Watr", "X105", "'Watr' is no class or group of legend 'middle'", "7:3", "'water'?"),
        (
            "  26: Water",
            "  26: 33",
            "X105",
            "'33' is no class or group of legend 'middle'",
            "7:3",
            "codes are 3 Forest",
        ),
        ("  26: Water", "  26: all", "X105", "'all' stands for 2 classes of legend 'middle'", "7:3", "single class"),
        (
            "  26: Water",
            "  26: 26\n  27: 26",
            "X105",
            "'27' is no class or group of legend 'old'",
            "8:3",
            "codes are 3",
        ),
        ("  wood: 3", "  3: 3", "X106", "4 Open forest of legend 'old' stands in no line", "5:1", "untranslated"),
        ("  wood: 3", "  wood: 3\n  4: 3", "X107", "4 Open forest stands here and under 'wood'", "7:3", "keep one"),
        ("  34: The", "  34: x\n  26: The", "X107", "26 Water stands here and under '26'", "10:3", "keep one"),
    ],
)
def test_a_wrong_line_is_told_with_its_place_and_remedy(table, old, new, code, says, line, remedy):
    found = refused([table(OLD_TO_MIDDLE, **{old: new})], LEGENDS, "old", "middle")
    assert [each[:3] for each in found] == [(code, says, f"old-to-middle.yaml:{line}")]
    assert remedy in found[0][3]


def test_all_wrong_lines_of_all_tables_are_told_at_once(table):
    tables = [table(OLD_TO_MIDDLE, wood="woods"), table(MIDDLE_TO_NEW, Trees="Tees")]
    assert [found[0] for found in refused(tables, LEGENDS, "old", "new")] == ["X105", "X106", "X106", "X105"]


def test_only_tables_on_the_way_must_be_right(table):
    tables = [table(OLD_TO_MIDDLE, wood="woods"), table(MIDDLE_TO_NEW)]
    assert translate(tables, LEGENDS, "middle", "new", "here").codes == {3: 1, 26: 33}


@pytest.mark.parametrize("crosswalk", PROJECT.crosswalks(), ids=lambda source: source.value.id)
def test_shipped_tables_are_right(crosswalk):
    known = {name: PROJECT.legend(name).value for name in PROJECT.legend_ids()}
    tables = [Table(each.value, each.at) for each in PROJECT.crosswalks()]
    got = translate(tables, known, crosswalk.value.origin, crosswalk.value.to, "here")
    assert got.tables == (crosswalk.value.id,)


def test_the_networks_of_mapbiomas_share_their_codes_but_for_ice():
    known = {name: PROJECT.legend(name).value for name in PROJECT.legend_ids()}
    tables = [Table(each.value, each.at) for each in PROJECT.crosswalks()]
    got = translate(tables, known, "mapbiomas-amazonia", "mapbiomas-brazil", "here")
    assert got.codes == {code: code for code in known["mapbiomas-amazonia"].codes - {34}}
    assert list(got.untranslated) == [34]
