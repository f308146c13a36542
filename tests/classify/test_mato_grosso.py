"""Real data with dates: six agricultural years of MODIS and field samples, by recipe alone."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from mutirao.modules.run import ModuleRun, run_module
from mutirao.project import Project


@pytest.fixture
def made(mato_grosso_project: Project) -> ModuleRun:
    return run_module(mato_grosso_project, "crops")


def test_recipe_with_points_maps_six_agricultural_years(made: ModuleRun):
    assert made.years == (2008, 2009, 2010, 2011, 2012, 2013)
    assert made.codes.shape == (6, 27, 37)
    assert set(np.unique(made.codes).tolist()) == {3, 39, 40, 61, 62}

    report: Any = made.report
    # 603 points less those in the block and its margin; Forest is the only class with samples in all six years.
    assert sum(report["samples"].values()) == 496
    assert report["cross_validation"]["pixels"] == 496
    assert report["cross_validation"]["overall"] >= 0.88
    assert report["cross_validation"]["producers"]["3"] >= 0.98
    assert report["holdout"]["groups"]["overall"] >= 0.95

    # The data's own page: about 330 forest pixels of 999 in 2007/08, under 210 from 2009/10 on.
    forest = (made.codes == 3).sum(axis=(1, 2))
    assert 250 <= forest[0] <= 360
    assert (forest[2:] < 210).all()
