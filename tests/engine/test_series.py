"""Missing years, holes, mosaics: a build does what the collection and the rule set say, and records it."""

from __future__ import annotations

import numpy as np
import pytest

from mutirao.engine.build import build
from mutirao.engine.inputs import gather
from mutirao.engine.progress import Silent
from mutirao.errors import QualityError, UsageError
from mutirao.modules.store import load_submission
from mutirao.modules.submission import submit
from mutirao.project import Project

YEARS = (2020, 2021, 2022)


def edit(project: Project, path: str, old: str, new: str) -> None:
    file = project.root / path
    text = file.read_text(encoding="utf-8")
    assert old in text
    file.write_text(text.replace(old, new), encoding="utf-8")


@pytest.fixture
def network(tiny_network: Project) -> Project:
    """Give the tiny network with a submission 0.2.0 of water that lacks 2021, and claims nothing in the others."""
    manifest = "contributors/water/manifest.yaml"
    empty = np.zeros((36, 40), np.uint8)
    edit(tiny_network, manifest, "years: {first: 2020, last: 2022}", "years: {first: 2020, last: 2020}")
    submit(tiny_network, "water", "0.2.0", {2020: empty})
    edit(tiny_network, manifest, "years: {first: 2020, last: 2020}", "years: {first: 2020, last: 2022}")
    return tiny_network


def policy(project: Project, missing: str) -> None:
    edit(project, "configs/collections/tiny.yaml", "{module: water}", f"{{module: water, missing: {missing}}}")


def source(project: Project) -> np.ndarray:
    return build(project, "tiny", Silent()).layer("source")


def test_year_that_the_manifest_announces_is_missed(network):
    with pytest.raises(UsageError) as caught:
        build(network, "tiny", Silent())
    assert [finding.code for finding in caught.value.findings] == ["B105", "B105"]
    assert "water 0.2.0 has no 2021" in caught.value.findings[0].message


def test_missing_year_may_be_no_claim(network):
    policy(network, "nodata")
    assert not (source(network) == 2).any()
    expected = ("water does not deliver 2021", "water does not deliver 2022", "urban does not deliver 2020")
    assert build(network, "tiny", Silent()).record.missing == expected


def test_missing_year_may_come_from_the_newest_earlier_submission(network):
    policy(network, "previous")
    earlier = load_submission(network, "water", "0.1.0").read_claims(YEARS)
    got = source(network)
    assert not (got[0] == 2).any()
    assert (got[1:] == 2).any()
    assert not (got[1:] == 2)[earlier[1:] == 0].any()
    record = build(network, "tiny", Silent()).record
    assert "water 2021 is taken from the earlier submission 0.1.0" in record.missing
    assert "urban does not deliver 2020" in record.missing


def test_tile_is_made_again_when_what_stands_in_changes(network):
    policy(network, "previous")
    build(network, "tiny", Silent())
    assert build(network, "tiny", Silent()).made == ()
    edit(network, "configs/collections/tiny.yaml", "missing: previous", "missing: nodata")
    assert len(build(network, "tiny", Silent()).made) == 9


def test_policy_previous_refuses_a_year_that_nobody_has(network):
    policy(network, "previous")
    edit(network, "configs/collections/tiny.yaml", "last: 2022", "last: 2023")
    edit(network, "contributors/water/manifest.yaml", "last: 2022", "last: 2023")
    with pytest.raises(UsageError, match="nor has any earlier submission"):
        build(network, "tiny", Silent())


def leave_forest(project: Project, holes: str) -> None:
    """Let no rule take forest."""
    rules = "configs/rules/tiny.yaml"
    edit(project, rules, "claim: {valley: [native, farming]}", "claim: {valley: [15, 39]}")
    edit(project, rules, "rules:", f"holes: {holes}\nrules:")


def test_holes_may_be_refused_and_are_told_by_claim(tiny_network):
    leave_forest(tiny_network, "refuse")
    with pytest.raises(UsageError, match="B106") as caught:
        build(tiny_network, "tiny", Silent())
    assert "valley claims Forest" in caught.value.findings[0].message


def test_holes_may_get_a_class_but_no_rule_and_no_module(tiny_network):
    leave_forest(tiny_network, "{assign: 15}")
    made = build(tiny_network, "tiny", Silent())
    hole = made.layer("rule") == 0
    assert hole.any()
    assert (made.layer("integrated")[hole] == 15).all()
    assert not made.layer("source")[hole].any()


def test_rule_without_holes_is_not_refused(tiny_network):
    edit(tiny_network, "configs/rules/tiny.yaml", "rules:", "holes: refuse\nrules:")
    edit(tiny_network, "configs/rules/tiny.yaml", "[native, farming]", "[native, farming, 33]")
    assert build(tiny_network, "tiny", Silent()).record.hole_ha == 0


def test_files_of_a_module_that_claims_nothing_around_are_not_opened(tiny_project, tiny_submitted):
    """Towns lie in rows 0 to 3 and columns 2 to 7, in the first of 3 x 3 tiles of 16 pixels."""
    inputs = gather(tiny_project, "tiny", {})
    tiles = {tile.id: tile for tile in inputs.collection.grid.tiles()}
    around = inputs.collection.grid.window_around(tiles["1_1"], 1)
    before = inputs.claims(tiles["0_0"])
    assert before[2].any()
    for raster in tiny_submitted["urban"].folder.glob("*.tif"):
        raster.unlink()
    far = inputs.claims(tiles["2_2"])
    assert not far[2].any()
    assert (far[0, 0] == 15).all()
    for window in (tiles["0_0"], around):  # the margin of the tile in the middle touches the first one
        with pytest.raises(QualityError) as caught:
            inputs.claims(window)
        assert caught.value.findings[0].code == "S105"
