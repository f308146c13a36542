"""The tiny project with submissions of its three modules."""

from __future__ import annotations

import numpy as np
import pytest

from mutirao.io.vectors import read_mask
from mutirao.modules.submission import submit
from mutirao.project import Project

YEARS = (2020, 2021, 2022)


def patchwork(random: np.random.Generator, codes: list[int], shares: list[float]) -> np.ndarray:
    """Return (year, y, x) claims in squares of 3 x 4 pixels, on 36 x 40 pixels."""
    small = random.choice(codes, p=shares, size=(3, 12, 10)).astype(np.uint8)
    return small.repeat(3, axis=1).repeat(4, axis=2)


@pytest.fixture
def tiny_network(tiny_project: Project) -> Project:
    """Give the tiny project with submissions 0.1.0 of valley, water and urban."""
    random = np.random.default_rng(20)
    valley = patchwork(random, [3, 15, 39, 33], [0.4, 0.3, 0.2, 0.1])
    water = patchwork(random, [0, 33], [0.9, 0.1])
    urban = patchwork(random, [0, 1], [0.7, 0.3])[1:]
    grid = tiny_project.collection("tiny").value.grid
    urban[:, ~read_mask(tiny_project.module_folder("urban") / "territory.geojson", grid)] = 0
    submit(tiny_project, "valley", "0.1.0", dict(zip(YEARS, valley, strict=True)))
    submit(tiny_project, "water", "0.1.0", dict(zip(YEARS, water, strict=True)))
    submit(tiny_project, "urban", "0.1.0", {2021: urban[0], 2022: urban[1]})
    return tiny_project
