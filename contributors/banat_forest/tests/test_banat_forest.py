"""The forest map is trained without the block kept aside and agrees with it."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from mutirao.classify.recipe import Recipe
from mutirao.classify.samples import block_mask
from mutirao.io import configs
from mutirao.modules.discovery import load_module
from mutirao.modules.run import ModuleRun, run_module
from mutirao.project import Project


@pytest.fixture(scope="module")
def made(network: Project) -> ModuleRun:
    return run_module(network, "banat_forest")


def test_every_pixel_of_every_year_has_a_class_of_the_manifest(made: ModuleRun):
    assert made.codes.shape == (5, 50, 50)
    assert set(np.unique(made.codes).tolist()) == {3, 4, 12}


def test_forest_and_not_forest_agree_on_the_block_kept_aside(made: ModuleRun):
    report: Any = made.report["holdout"]
    groups = report["groups"]
    assert groups["overall"] >= 0.95
    assert min(groups["producers"].values()) >= 0.9
    assert sum(row[1] for row in groups["counts"]) >= 30, "the block has real open land in it"


def test_block_kept_aside_has_ten_rows_and_twenty_columns(network: Project):
    module = load_module(network, "banat_forest")
    recipe = configs.load(module.folder / "recipe.yaml", Recipe).value
    assert recipe.holdout is not None
    rows, columns = np.nonzero(block_mask(module.grid, recipe.holdout.block))
    assert (rows.min(), rows.max(), columns.min(), columns.max()) == (0, 9, 16, 35)


def test_same_recipe_gives_the_same_pixels(made: ModuleRun, network: Project):
    again = run_module(network, "banat_forest", years=[2019])
    assert np.array_equal(again.codes[0], made.codes[3])
