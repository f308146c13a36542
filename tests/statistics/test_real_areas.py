"""Areas of a published map against the table that its makers computed in Earth Engine."""

from __future__ import annotations

import csv
from pathlib import Path

import numpy as np
import pytest

from mutirao.grid import Grid
from mutirao.io import rasters
from mutirao.statistics.areas import areas_by_zone

MAPS = Path(__file__).resolve().parents[2].parent / "shared" / "data" / "mapbiomas-c8-sul-goiano"
GRASSLAND, FOREST, PASTURE = 12, 3, 15


@pytest.mark.parametrize("year", [1985, 2003, 2022])
def test_hectares_on_the_ellipsoid_equal_the_published_table(year):
    path = MAPS / f"mapbiomas-brazil-collection-80-{year}.tif"
    if not path.is_file():
        pytest.skip(f"the MapBiomas clip is not at {MAPS}")
    header = rasters.info(path)
    origin = (header.transform.c, header.transform.f)
    grid = Grid(crs="EPSG:4326", resolution=header.transform.a, origin=origin, shape=header.shape)
    classes = rasters.read(path)
    areas = areas_by_zone(classes[None], np.ones(grid.shape, np.uint8), grid.areas_ha(grid.whole), 1)[1, 0]
    # Grassland does not touch the border; elsewhere the table weights border pixels by the part that lies inside.
    assert areas[GRASSLAND] == pytest.approx(published(year)[GRASSLAND], rel=1e-5)
    for code in (FOREST, PASTURE):
        assert areas[code] == pytest.approx(published(year)[code], rel=0.01)
    assert abs(classes[classes == GRASSLAND].size * 0.09 / published(year)[GRASSLAND] - 1) > 0.01  # 900 m2 is wrong


def published(year: int) -> dict[int, float]:
    """Return hectares by class; the table has km2."""
    with next(MAPS.glob("*area.csv")).open(encoding="utf-8", newline="") as stream:
        rows = [row for row in csv.DictReader(stream) if row["band"].endswith(str(year))]
    return {int(row["class"]): float(row["area"]) * 100 for row in rows}
