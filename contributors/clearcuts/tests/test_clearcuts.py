"""Openings are found where and when they can be seen, and stay."""

from __future__ import annotations

import numpy as np
import pytest

from mutirao.modules.by_python import Context, classify_by_python
from mutirao.modules.discovery import load_module
from mutirao.modules.inputs import ModuleInputs
from mutirao.modules.run import ModuleRun, run_module
from mutirao.project import Project

NONE, FRESH, YOUNG = 0, 1, 2


@pytest.fixture(scope="module")
def made(network: Project) -> ModuleRun:
    return run_module(network, "clearcuts")


def test_first_year_claims_nothing_because_the_year_before_has_too_few_dates(made: ModuleRun):
    assert not made.codes[0].any()


# Openings in the false-colour composites: year of the cut, row and column of the centre.
@pytest.mark.parametrize(("year", "row", "column"), [(2017, 28, 46), (2018, 62, 8), (2019, 70, 47), (2020, 81, 36)])
def test_visible_opening_is_fresh_in_its_year_and_not_before(made: ModuleRun, year: int, row: int, column: int):
    series = made.codes[:, row, column].tolist()
    assert series[: year - 2016] == [NONE] * (year - 2016)
    assert series[year - 2016] == FRESH


def test_opening_stays_on_the_map_and_never_becomes_fresh_again(made: ModuleRun):
    opened = made.codes > NONE
    assert (opened[1:] >= opened[:-1]).all()
    assert not ((made.codes[:-1] == YOUNG) & (made.codes[1:] == FRESH)).any()


def test_road_and_meadow_are_not_taken_for_clear_cuts(made: ModuleRun):
    road = made.codes[:, 8:12, 30:36]
    meadow = made.codes[:, 10:20, 88:98]
    assert not road.any()
    assert not meadow.any()


def test_a_single_year_gives_the_same_map_as_the_whole_run(made: ModuleRun, network: Project):
    assert np.array_equal(run_module(network, "clearcuts", years=[2020]).codes[0], made.codes[4])


def test_map_does_not_depend_on_the_tiles(made: ModuleRun, network: Project):
    module = load_module(network, "clearcuts")
    grid = module.grid.model_copy(update={"tile": 32})
    context = Context(grid, module.manifest.years, module.manifest.parameters, ModuleInputs(network, module))
    codes = classify_by_python(module.folder / "module.py", context, [2019], lambda fraction, message: None)
    assert np.array_equal(codes[0], made.codes[3])
