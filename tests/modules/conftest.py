"""A module on a grid of 5 x 6 pixels, and one check at a time."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from ruamel.yaml.comments import CommentedMap

from mutirao.collection import Collection
from mutirao.errors import Finding
from mutirao.grid import Grid
from mutirao.io.configs import Source
from mutirao.io.rasters import RasterInfo
from mutirao.legend import Legend
from mutirao.modules.checks import ALL_CHECKS
from mutirao.modules.checks.base import Fixtures, run_checks
from mutirao.modules.checks.fixtures import MAKERS
from mutirao.modules.incoming import Incoming
from mutirao.modules.manifest import Manifest
from mutirao.modules.module import Module
from mutirao.modules.yearly import ByYear

GRID = Grid(crs="EPSG:31983", resolution=30, origin=(300000, 7800000), shape=(5, 6), tile=16)
LEGEND = Legend.model_validate(
    {
        "id": "small",
        "version": "1",
        "title": "Three classes",
        "classes": [
            {"code": 3, "name": {"en": "Forest"}, "color": "#1f8d49"},
            {"code": 15, "name": {"en": "Pasture"}, "color": "#edde8e"},
            {"code": 33, "name": {"en": "Water"}, "color": "#2532e4"},
        ],
    }
)
COLLECTION = Collection.model_validate(
    {
        "id": "small",
        "title": "Small",
        "description": "For tests.",
        "publisher": "Nobody",
        "grid": GRID.model_dump(),
        "legend": "small",
        "years": {"first": 2020, "last": 2022},
        "modules": [{"module": "meadows"}],
        "rules": "small",
    }
)
MANIFEST: dict[str, Any] = {
    "id": "meadows",
    "name": "Meadows",
    "kind": "region",
    "organisation": "Meadow Institute",
    "maintainers": [{"name": "Ana"}],
    "description": "Forest and pasture.",
    "status": "active",
    "collection": "small",
    "classes": [3, 15],
    "years": {"first": 2020, "last": 2022},
    "method": "delivered",
    "crosswalk": {7: 3},
    "delivery": {"files": "M-{year}.tif", "nodata": 255},
}


@pytest.fixture
def small_module(tmp_path: Path) -> Callable[..., Module]:
    """Make a module of region 'meadows': classes 3 and 15, local code 7 is 3, nodata 255, years 2020 to 2022."""

    def make(*, codes: frozenset[int] = frozenset({3, 15}), **changes: Any) -> Module:
        manifest = Manifest.model_validate(MANIFEST | changes)
        source = Source(manifest, tmp_path / "manifest.yaml", _nowhere())
        own = manifest.grid or GRID
        return Module(source, COLLECTION, LEGEND, tmp_path, codes, manifest.crosswalk, own)  # type: ignore[arg-type]

    return make


def _nowhere() -> CommentedMap:
    """Return an empty tree of which everything stands in the first line."""
    tree = CommentedMap()
    tree.lc.line = tree.lc.col = 0
    return tree


@pytest.fixture
def module(small_module: Callable[..., Module]) -> Module:
    """The module as it is."""
    return small_module()


@pytest.fixture
def arrive() -> Callable[..., Incoming]:
    """Make what is handed in, (5, 6) local codes by year; `header` changes the headers of all years."""

    def make(planes: Mapping[int, np.ndarray], **header: Any) -> Incoming:
        info = RasterInfo(GRID.crs, GRID.transform, (5, 6), 1, "uint8", 255)
        headers = {
            year: dataclasses.replace(info, **{"shape": plane.shape, "dtype": plane.dtype.name} | header)
            for year, plane in planes.items()
        }
        where = {year: f"M-{year}.tif" for year in planes}
        return Incoming(ByYear(headers), ByYear(planes), where, nodata=255)

    return make


@pytest.fixture
def series() -> dict[int, np.ndarray]:
    """Three years without a fault: forest 3, pasture 15 that grows by one row a year, local forest 7."""
    first = np.array(
        [
            [3, 3, 3, 3, 3, 3],
            [3, 3, 3, 3, 3, 3],
            [7, 7, 7, 7, 7, 7],
            [3, 3, 3, 3, 3, 3],
            [15, 15, 15, 15, 15, 15],
        ],
        dtype=np.uint8,
    )
    second, third = first.copy(), first.copy()
    second[3] = 15
    third[2:4] = 15
    return {2020: first, 2021: second, 2022: third}


@pytest.fixture
def compute_check(module: Module) -> Callable[..., list[Finding]]:
    """Run one check, by code, over what is handed in; the module is `module` unless given."""

    def compute(code: str, **given: object) -> list[Finding]:
        (check,) = [check for check in ALL_CHECKS if check.code == code]
        fixtures = Fixtures(MAKERS, **{"module": module, **given})
        return list(run_checks([check], fixtures).findings)

    return compute
