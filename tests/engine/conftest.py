"""The tiny project with submissions of its three modules."""

from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from mutirao.engine.build import Build, build
from mutirao.engine.progress import Silent
from mutirao.io.places import ObjectPlace
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
    return handed_in(tiny_project)


@pytest.fixture(scope="session")
def near_build(tmp_path_factory: pytest.TempPathFactory) -> Build:
    """Build of the same as `tiny_network`, in a folder that no test changes; submissions lie beside it."""
    root = tmp_path_factory.mktemp("near") / "tiny"
    shutil.copytree(Path(__file__).parents[1] / "projects" / "tiny", root)
    return build(handed_in(Project(root, root / "workspace")), "tiny", Silent())


@pytest.fixture
def far_network(tiny_project: Project, object_store: ObjectPlace, near_build: Build) -> Project:
    """Give the submissions of `tiny_network` in an object store."""
    workspace = near_build.folder.parents[2]
    for path in (workspace / "submissions").rglob("*.*"):
        if path.is_file():
            (object_store / path.relative_to(workspace).as_posix()).upload(path)
    return replace(tiny_project, workspace=object_store)


def handed_in(tiny_project: Project) -> Project:
    """Submit version 0.1.0 of the three modules."""
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
