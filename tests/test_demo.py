"""The demonstration: a real collection from images to two released versions."""

from __future__ import annotations

import shutil

import numpy as np
import pytest

from mutirao.client import open_release
from mutirao.demo import demonstrate
from mutirao.engine.progress import Silent
from mutirao.integration.reference import decide
from mutirao.modules.store import load_submission
from mutirao.project import Project

YEARS = (2016, 2017, 2018, 2019, 2020)


def test_region_module_agrees_with_the_block_kept_aside(demo):
    report = load_submission(demo.project, "banat_forest").receipt.report
    assert report["holdout"]["groups"]["pixels"] >= 100
    assert report["holdout"]["groups"]["overall"] >= 0.95


def test_finished_map_agrees_with_the_block_kept_aside(demo):
    for built in demo.result.builds:
        [forest] = built.record.agreement
        assert forest.overall >= 0.95
        assert sum(map(sum, forest.matrix)) == forest.pixels == 157


def test_modules_disagree_and_every_rule_decides_something(demo):
    built = demo.result.builds[-1]
    assert (built.layer("conflict") > 0).mean() > 0.01
    assert set(np.unique(built.layer("rule"))) == {1, 2, 3, 4}
    assert set(np.unique(built.layer("source"))) == {1, 2, 3}
    assert set(np.unique(built.layer("filter"))) >= {0, 2, 3}


def test_every_decision_is_what_the_reference_says(demo):
    built = demo.result.builds[-1]
    from mutirao.engine.inputs import gather

    inputs = gather(demo.project, "banat", {})
    claims = inputs.claims(inputs.collection.grid.whole)
    layers = {name: built.layer(name) for name in ("integrated", "rule", "source", "conflict")}
    names = [module.id for module in inputs.modules]
    for t, y, x in np.argwhere((claims > 0).sum(axis=0) > 1).tolist():
        pixel = dict(zip(names, claims[:, t, y, x].tolist(), strict=True))
        assert tuple(layer[t, y, x] for layer in layers.values()) == decide(inputs.rules, pixel, {}, YEARS[t])


def test_hectares_of_a_year_are_the_square_kilometre(demo):
    areas = demo.result.builds[-1].table("areas")
    sums = areas.groupby(["territory_level", "year"])["area_ha"].sum()
    assert sums.to_numpy() == pytest.approx(100.0)
    assert demo.result.builds[-1].record.hole_ha == 0


def test_second_version_says_what_changed_and_through_which_module(demo):
    published = demo.result.releases[-1]
    maps = [open_release(one.folder).maps().to_numpy() for one in demo.result.releases]
    assert published.changes["area_ha"].sum() == pytest.approx((maps[0] != maps[1]).sum() * 0.04)
    assert set(published.changes["through"]) == {"meadows", "filter chain"}
    notes = (published.folder / "release-notes.md").read_text(encoding="utf-8")
    assert "through meadows" in notes


def test_second_run_does_nothing_and_gives_the_same_pixels(demo):
    again = demonstrate(demo.project, Silent())
    assert again.did_nothing
    for before, after in zip(demo.result.releases, again.releases, strict=True):
        assert before.release == after.release


def test_run_elsewhere_gives_the_same_pixels(demo, tmp_path):
    shutil.copytree(demo.project.sources, tmp_path / "sources")
    elsewhere = demonstrate(Project(demo.project.root, tmp_path), Silent())
    digests = [{file.name: file.pixels for file in one.release.files} for one in demo.result.releases]
    assert digests == [{file.name: file.pixels for file in one.release.files} for one in elsewhere.releases]
