"""The script writes what the manifest announces, and its second edition is better than its first."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import rasterio

from mutirao.io.datasets import fetch, open_layer
from mutirao.modules.discovery import load_module
from mutirao.project import Project

SCRIPT = Path(__file__).parents[1] / "make_exports.py"


@pytest.fixture(scope="module")
def editions(network: Project, tmp_path_factory: pytest.TempPathFactory) -> dict[int, Path]:
    cube = fetch(network.dataset("sentinel2-banat-20m"), network.sources)
    folders = {edition: tmp_path_factory.mktemp(f"edition{edition}") for edition in (1, 2)}
    for edition, folder in folders.items():
        subprocess.run([sys.executable, str(SCRIPT), str(cube), str(folder), "--edition", str(edition)], check=True)
    return folders


@pytest.fixture(scope="module")
def maps(editions: dict[int, Path]) -> dict[int, np.ndarray]:
    return {
        edition: np.stack([read(path) for path in sorted(folder.iterdir())]) for edition, folder in editions.items()
    }


def read(path: Path) -> np.ndarray:
    with rasterio.open(path) as raster:
        return np.asarray(raster.read(1) == 7)


def test_files_have_the_names_values_and_grid_of_the_manifest(editions: dict[int, Path], network: Project):
    module = load_module(network, "meadows")
    delivery = module.manifest.delivery
    assert delivery is not None
    names = [delivery.files.format(year=year) for year in module.manifest.years.all()]
    assert sorted(path.name for path in editions[2].iterdir()) == names
    with rasterio.open(editions[2] / names[0]) as raster:
        assert raster.nodata == delivery.nodata
        assert raster.transform.almost_equals(module.grid.transform, 1e-6)
        assert set(np.unique(raster.read(1)).tolist()) == {7, 255}


def test_script_imports_nothing_from_mutirao():
    assert "mutirao." not in SCRIPT.read_text(encoding="utf-8")
    assert "import mutirao" not in SCRIPT.read_text(encoding="utf-8")


def test_second_edition_is_steadier(maps: dict[int, np.ndarray]):
    changes = {edition: int((series[1:] != series[:-1]).sum()) for edition, series in maps.items()}
    assert changes[2] < changes[1] / 10


def test_second_edition_finds_more_open_land_and_takes_less_forest(maps: dict[int, np.ndarray], network: Project):
    source = network.dataset("tree-cover-density-2018")
    density = open_layer(source, fetch(source, network.sources))
    for year in range(2018, 2021):
        first, second = maps[1][year - 2016], maps[2][year - 2016]
        assert (second & (density <= 15)).sum() > (first & (density <= 15)).sum()
        assert (second & (density >= 60)).sum() < (first & (density >= 60)).sum()
