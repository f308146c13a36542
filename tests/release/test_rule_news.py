"""Release notes separate what changed by rules from what changed by data: decisions, measured alone."""

from __future__ import annotations

import numpy as np
import pytest

from mutirao.engine.build import Build, build
from mutirao.engine.progress import Silent
from mutirao.integration.impact import answerable
from mutirao.modules.submission import submit
from mutirao.project import Project
from mutirao.release.diff import CHAIN, RULES
from mutirao.release.publish import Published, publish
from mutirao.release.rulenews import tell_rules

YEARS = (2020, 2021, 2022)


def edit(project: Project, *edits: tuple[str, str]) -> None:
    path = project.root / "configs/rules/tiny.yaml"
    text = path.read_text(encoding="utf-8")
    for old, new in edits:
        assert old in text
        text = text.replace(old, new)
    path.write_text(text, encoding="utf-8")


def release(project: Project, version: str) -> tuple[Build, Published]:
    built = build(project, "tiny", Silent())
    return built, publish(project, built, version, Silent())


def notes(published: Published) -> str:
    return (published.folder / "release-notes.md").read_text(encoding="utf-8")


def hectares(published: Published) -> dict[str, float]:
    return published.changes.groupby("through")["area_ha"].sum().to_dict()


@pytest.fixture
def first(tiny_project, tiny_submitted) -> tuple[Build, Published]:
    return release(tiny_project, "1.0.0")


def deliver(project: Project, valley: np.ndarray) -> None:
    submit(project, "valley", "1.1.0", dict(zip(YEARS, valley, strict=True)))


def test_rules_and_data_are_told_apart(tiny_project, tiny_rasters, first):
    # The data: a square of 6 x 6 pixels of forest is pasture, in all years. The rules: where water and towns meet
    # (4 rows, 2 columns, 2021 and 2022) it is soybean, not town.
    valley = tiny_rasters["valley"]
    valley[:, 10:16, 10:16] = 15
    deliver(tiny_project, valley)
    edit(
        tiny_project,
        ("assign: 24", "assign: 39"),
        ("why: The water", "decided_by: the river board\n    why: The water"),
    )
    built, second = release(tiny_project, "1.1.0")
    pixel = float(built.grid.areas_ha(built.grid.whole).mean())
    assert hectares(second) == {
        "rules: water": pytest.approx(4 * 2 * 2 * pixel, rel=1e-3),
        "valley": pytest.approx(36 * 3 * pixel, rel=1e-3),
    }
    told = notes(second)
    assert "## What changed in the rules" in told
    assert "- **water** changed (unless, decided_by): The water module sees" in told
    assert "Decided by the river board." in told
    assert f"{4 * 2 * 2 * pixel:.2f} hectare-years have another\nclass before the chain" in told
    area = f"{4 * 2 * 2 * pixel:.2f}"
    assert f"| Urban area | Soybean | {area} | {area} |" in told
    assert f"| water | water | {area} | {area} |" in told
    assert (second.folder / "tables" / "rule_impact.parquet").is_file()


def test_rule_is_the_cause_just_where_the_old_rules_undo_the_change(tiny_project, tiny_rasters, first):
    random = np.random.default_rng(3)
    valley = tiny_rasters["valley"].copy()
    squares = random.choice([3, 15, 39], size=(3, 9, 10)).astype(np.uint8).repeat(4, axis=1).repeat(4, axis=2)
    valley[:, :, 8:] = np.where(random.random((36, 1)) < 0.5, squares, valley)[:, :, 8:]
    deliver(tiny_project, valley)
    old_rules = build(tiny_project, "tiny", Silent()).layer("class")
    edit(
        tiny_project,
        ("claim: {valley: [native, farming]}", "claim: {valley: [native, farming]}\n    assign: {map: {15: 39}}"),
    )
    built, second = release(tiny_project, "1.1.0")
    before, after = first[0].layer("class"), built.layer("class")
    pixel_ha = np.broadcast_to(built.grid.areas_ha(built.grid.whole), after.shape)
    undone = (before != after) & (old_rules == before)
    assert 0 < undone.sum() < (before != after).sum()
    by_rules = sum(area for cause, area in hectares(second).items() if cause.startswith(RULES))
    assert by_rules == pytest.approx(float(pixel_ha[undone].sum()), abs=1e-4)
    assert sum(hectares(second).values()) == pytest.approx(float(pixel_ha[before != after].sum()), abs=1e-4)
    assert set(hectares(second)) >= {"rules: land", "valley"}


def test_rule_of_a_new_module_is_no_cause_of_its_own(tiny_project, tiny_submitted):
    collection = tiny_project.root / "configs/collections/tiny.yaml"
    whole = collection.read_text(encoding="utf-8")
    collection.write_text(whole.replace("  - {module: urban}\n", ""), encoding="utf-8")
    towns = "  - id: towns\n    claim: {urban: 24}\n    why: Towns are drawn by hand.\n"
    case = "    unless:\n      - when: {urban: 24}\n        assign: 24\n"
    edit(tiny_project, (towns, ""), (case, ""))
    release(tiny_project, "1.0.0")
    collection.write_text(whole, encoding="utf-8")
    edit(tiny_project, ("  - id: land\n", f"{towns}  - id: land\n"))
    _, second = release(tiny_project, "1.1.0")
    assert set(hectares(second)) == {"urban"}
    assert "- **towns** added: Towns are drawn by hand." in notes(second)
    assert "| land | towns |" in notes(second)


def test_same_rules_other_words_and_unknown_rules_are_said(tiny_project, first, tmp_path):
    built, second = release(tiny_project, "1.0.1")
    assert "The rules are those of version 1.0.0." in notes(second)
    edit(tiny_project, ("Towns are drawn by hand.", "Towns are drawn by people."))
    _, third = release(tiny_project, "1.0.2")
    assert "- **towns** reworded (why): Towns are drawn by people." in notes(third)
    assert "No pixel can differ by that" in notes(third)
    (third.folder / "rules.json").unlink()
    assert "Version 1.0.2 keeps no rules" in tell_rules(tiny_project, built, third.folder, tmp_path, Silent()).unknown


def test_old_rules_that_no_longer_fit_are_said(tiny_project, first, tmp_path):
    built, published = first
    kept = published.folder / "rules.json"
    kept.write_text(kept.read_text(encoding="utf-8").replace('"urban"', '"towns_of_old"'), encoding="utf-8")
    news = tell_rules(tiny_project, built, published.folder, tmp_path, Silent())
    assert news.impact is None
    assert "towns_of_old" in news.untold


def test_changed_rule_answers_and_the_chain_answers_elsewhere():
    # Common numbers: 0 none, 1 as it was, 2 changed, 3 as it was, 4 holes.
    decided = np.array([False, False, True, False, False])
    old = {"rule": np.array([1, 2, 1, 2, 0, 1, 1]), "integrated": np.array([3, 3, 3, 3, 0, 3, 3])}
    new = {"rule": np.array([2, 1, 3, 0, 0, 0, 2]), "integrated": np.array([4, 4, 4, 0, 4, 0, 3])}
    assert answerable(old, new, decided).tolist() == [2, 2, 3, 2, 4, 1, 0]
    assert CHAIN == "filter chain"
