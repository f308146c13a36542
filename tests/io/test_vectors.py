"""Territories: burnt by pixel centre, refused in words."""

from __future__ import annotations

import geopandas
import numpy as np
import pytest
from shapely.geometry import box

from mutirao.collection import Territories
from mutirao.errors import ConfigError
from mutirao.grid import Grid
from mutirao.io.vectors import read_zones

GRID = Grid(crs="EPSG:31983", resolution=30, origin=(300_000, 7_800_000), shape=(3, 4))


def write(path, boxes, crs="EPSG:31983", **columns):
    geopandas.GeoDataFrame(columns, geometry=[box(*b) for b in boxes], crs=crs).to_file(path, driver="GPKG")
    return path


def read(path, **keys):
    return read_zones(path, Territories(level="farm", title="Farms", file=path.name, **keys), GRID)


def test_pixel_belongs_to_the_polygon_that_holds_its_centre(tmp_path):
    # The first polygon ends 44 m from the west, one metre short of the centre of the second column.
    boxes = [(300_000, 7_799_910, 300_044, 7_800_000), (300_044, 7_799_970, 300_120, 7_800_000)]
    zones = read(write(tmp_path / "f.gpkg", boxes, id=["a", "b"], name=["A", "B"]))
    assert zones.codes.tolist() == [[1, 2, 2, 2], [1, 0, 0, 0], [1, 0, 0, 0]]
    assert (zones.level, zones.ids, zones.names) == ("farm", ("a", "b"), ("A", "B"))


def test_polygons_in_degrees_are_brought_to_the_grid(tmp_path):
    whole = geopandas.GeoSeries([box(*GRID.bounds)], crs=GRID.crs).buffer(10).to_crs(4326)
    path = tmp_path / "f.geojson"
    geopandas.GeoDataFrame({"code": [7], "label": ["All"]}, geometry=whole).to_file(path)
    zones = read(path, key="code", name="label")
    assert (zones.codes == np.ones((3, 4))).all()
    assert zones.ids == ("7",)


@pytest.mark.filterwarnings("ignore:'crs' was not provided:UserWarning")
@pytest.mark.parametrize(
    ("columns", "crs", "code"),
    [
        ({"code": ["a"], "name": ["A"]}, "EPSG:31983", "T102"),
        ({"id": ["a", "a"], "name": ["A", "B"]}, "EPSG:31983", "T103"),
        ({"id": ["a"], "name": ["A"]}, None, "T104"),
    ],
)
def test_unclear_polygons_are_refused(tmp_path, columns, crs, code):
    boxes = [GRID.bounds] * len(next(iter(columns.values())))
    with pytest.raises(ConfigError, match=code):
        read(write(tmp_path / "f.gpkg", boxes, crs, **columns))


def test_file_without_polygons_is_refused(tmp_path):
    (tmp_path / "f.geojson").write_text("no", encoding="utf-8")
    with pytest.raises(ConfigError, match="T101"):
        read(tmp_path / "f.geojson")
