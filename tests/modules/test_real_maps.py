"""Real maps of Mato Grosso: a regional series and theme masks of other institutes, which do not line up."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from ruamel.yaml import YAML

from mutirao.errors import QualityError
from mutirao.grid import Grid, Tile
from mutirao.io import rasters
from mutirao.modules.submission import read_claims, submit
from mutirao.project import Project

DATA = Path(__file__).parents[3] / "shared/data/mt-region-and-theme-maps"
pytestmark = pytest.mark.skipif(not DATA.is_dir(), reason=f"real maps are not beside the checkout: no {DATA}")
YEARS = (2003, 2004)
LEGEND = {3: "Forest", 4: "Savanna", 15: "Pasture", 20: "Sugar cane", 33: "Water", 39: "Soybean", 41: "Other crops"}
# codes of the regional series, from its README: cerrado, cotton, forest, pastures, soybean with second crops, water
REGION = {1: 4, 2: 41, 3: 41, 4: 3, 5: 15, 6: 15, 7: 15, 8: 39, 9: 39, 10: 39, 11: 39, 12: 39, 13: 39, 14: 39}


def grid_of(path: Path, *, left: int = 0, top: int = 0, shape: tuple[int, int] | None = None) -> Grid:
    """Return a raster's own grid, or a window of it."""
    header = rasters.info(path)
    x, y = header.transform @ (left, top)
    return Grid(crs=header.crs, resolution=header.transform.a, origin=(x, y), shape=shape or header.shape)


def mask_window() -> Grid:
    """Return the window of the masks' grid that begins at the pixel with the regional series' first corner."""
    region = rasters.info(DATA / "itanhanga/itanhanga_2003.tif")
    masks = rasters.info(DATA / "masks/sugarcane_2003.tif")
    column, row = ~masks.transform @ (region.transform.c, region.transform.f)
    return grid_of(DATA / "masks/sugarcane_2003.tif", left=math.floor(column), top=math.floor(row), shape=region.shape)


def make_project(root: Path, common: Grid, **module: Any) -> Project:
    """Write a network of one module, 'mato', that hands in two years."""
    years = {"first": YEARS[0], "last": YEARS[1]}
    classes = [{"code": c, "name": {"en": name}, "color": "#808080"} for c, name in LEGEND.items()]
    collection = {
        "id": "mt",
        "title": "MT",
        "description": "-",
        "publisher": "-",
        "grid": common.model_dump(mode="json"),
    }
    collection |= {"legend": "mt", "years": years, "modules": [{"module": "mato"}], "rules": "mt"}
    manifest = {"id": "mato", "name": "-", "organisation": "INPE", "maintainers": [{"name": "-"}], "description": "-"}
    manifest |= {"status": "active", "collection": "mt", "years": years, "method": "delivered", **module}
    write(root / "configs/legends/mt.yaml", {"id": "mt", "version": "1", "title": "MT", "classes": classes})
    write(root / "configs/collections/mt.yaml", collection)
    write(root / "contributors/mato/manifest.yaml", manifest)
    return Project(root, root / "workspace")


def write(path: Path, value: dict[str, Any]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    YAML(typ="safe").dump(value, path)


def region(root: Path, grid: Grid) -> Project:
    delivery = {"files": "itanhanga_{year}.tif", "nodata": 255}
    classes = sorted(set(REGION.values()) | {33})
    crosswalk = REGION | {15: 33, 16: 33}
    return make_project(
        root, grid, kind="region", classes=classes, crosswalk=crosswalk, delivery=delivery, min_coverage=0
    )


def test_the_region_is_off_the_grid_of_the_themes(tmp_path):
    project = region(tmp_path, mask_window())
    with pytest.raises(QualityError) as refused:
        submit(project, "mato", "1.0.0", [DATA / f"itanhanga/itanhanga_{year}.tif" for year in YEARS])
    blocked = [finding for finding in refused.value.findings if finding.severity == "block"]
    # only the shift: the CRSs differ in their names and mean the same, the pixel sides in the seventh digit
    assert [finding.code for finding in blocked] == ["M303", "M303"]
    assert "shifted by +0.26 pixel in x (to the east) and +0.05 in y (to the south)" in blocked[0].message
    assert "origin (-6215047." in blocked[0].message
    assert not project.workspace.exists()


def test_the_region_is_accepted_on_its_own_grid(tmp_path):
    first = DATA / "itanhanga/itanhanga_2003.tif"
    project = region(tmp_path, grid_of(first))
    done = submit(project, "mato", "1.0.0", [DATA / f"itanhanga/itanhanga_{year}.tif" for year in YEARS])
    local, claims = rasters.read(first), read_claims(done.folder, YEARS)[0]
    assert (claims == 3).sum() == (local == 4).sum() > 0
    assert (claims == 15).sum() == np.isin(local, (5, 6, 7)).sum() > 0
    assert (claims == 0).sum() == (local == 255).sum()


def test_a_theme_of_the_whole_state_is_cut_to_the_collection(tmp_path):
    window, first = mask_window(), DATA / "masks/sugarcane_2003.tif"
    own = grid_of(first)
    project = make_project(
        tmp_path,
        window,
        kind="theme",
        classes=[20],
        crosswalk={10: 20},
        delivery={"files": "sugarcane_{year}.tif", "nodata": 0},
        grid=own.model_dump(mode="json"),
        regrid="nearest",
    )
    done = submit(project, "mato", "1.0.0", [DATA / f"masks/sugarcane_{year}.tif" for year in YEARS])
    column, row = (round(value) for value in ~own.transform @ window.origin)
    local = rasters.read(first, Tile("window", row, row + window.shape[0], column, column + window.shape[1]))
    assert np.array_equal(read_claims(done.folder, [2003])[0] == 20, local == 10)
    assert (done.receipt.regrid.factor, done.receipt.regrid.own.shape) == (1, (5132, 5581))
