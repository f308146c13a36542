"""Territories and polygons of a chain: read, brought to the grid, refused in words."""

from __future__ import annotations

import json

import geopandas
import numpy as np
import pytest
from shapely.geometry import Point, box, mapping

from mutirao.collection import Territories
from mutirao.errors import ConfigError
from mutirao.filters.chain import Chain
from mutirao.grid import Grid
from mutirao.io.burning import Canvas
from mutirao.io.vectors import read_overlays, read_zones

GRID = Grid(crs="EPSG:31983", resolution=30, origin=(300_000, 7_800_000), shape=(3, 4))


def write(path, boxes, crs="EPSG:31983", **columns):
    geopandas.GeoDataFrame(columns, geometry=[box(*b) for b in boxes], crs=crs).to_file(path, driver="GPKG")
    return path


def canvas(folder):
    return Canvas(GRID, folder / "burnt")


def read(path, **keys):
    return read_zones(path, Territories(level="farm", title="Farms", file=path.name, **keys), canvas(path.parent))


def test_pixel_belongs_to_the_polygon_that_holds_its_centre(tmp_path):
    # The first polygon ends 44 m from the west, one metre short of the centre of the second column.
    boxes = [(300_000, 7_799_910, 300_044, 7_800_000), (300_044, 7_799_970, 300_120, 7_800_000)]
    zones = read(write(tmp_path / "f.gpkg", boxes, id=["a", "b"], name=["A", "B"]))
    assert zones.codes[GRID.whole.slices].tolist() == [[1, 2, 2, 2], [1, 0, 0, 0], [1, 0, 0, 0]]
    assert (zones.level, zones.ids, zones.names) == ("farm", ("a", "b"), ("A", "B"))


def test_polygons_in_degrees_are_brought_to_the_grid(tmp_path):
    whole = geopandas.GeoSeries([box(*GRID.bounds)], crs=GRID.crs).buffer(10).to_crs(4326)
    path = tmp_path / "f.geojson"
    geopandas.GeoDataFrame({"code": [7], "label": ["All"]}, geometry=whole).to_file(path)
    zones = read(path, key="code", name="label")
    assert (zones.codes[GRID.whole.slices] == np.ones((3, 4))).all()
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


def chain(*steps: dict) -> Chain:
    return Chain.model_validate({"id": "c", "title": "c", "steps": steps})


def test_overlay_holds_the_attributes_that_steps_read_as_plain_values(tmp_path):
    features = [
        {"from": [3, "pasture"], "to": 15, "priority": None, "note": "kept out", "date": "2020-05-31"},
        {"from": [4], "to": "forest", "priority": 2, "note": "x", "date": None},
    ]
    shapes = [mapping(geopandas.GeoSeries([box(*GRID.bounds)], crs=GRID.crs).to_crs(4326)[0])] * 2
    text = {
        "type": "FeatureCollection",
        "features": [
            {"type": "Feature", "properties": values, "geometry": shape}
            for values, shape in zip(features, shapes, strict=True)
        ],
    }
    (tmp_path / "e.geojson").write_text(json.dumps(text), encoding="utf-8")
    step = {"filter": "edits", "file": "e.geojson"}
    events = {"filter": "events", "file": "e.geojson", "becomes": {"default": 3}}
    overlays = read_overlays(chain(step, {**step, "touch": True}, events), tmp_path, canvas(tmp_path))
    assert list(overlays) == ["centres:e.geojson", "touched:e.geojson"]
    found = overlays["centres:e.geojson"]
    assert found.columns == ("from", "to", "priority", "note", "date")
    assert found.rows == (
        {"from": (3, "pasture"), "to": "15", "priority": None, "date": "2020-05-31T00:00:00"},
        {"from": (4,), "to": "forest", "priority": 2.0, "date": None},
    )
    assert found.members == ((), (0, 1))
    assert (found.index[GRID.whole.slices] == 1).all()


def test_attributes_of_a_format_without_lists_are_read_as_json(tmp_path):
    frame = geopandas.GeoDataFrame({"from": ["[3, 4]", "[broken"], "to": [1, 2]}, geometry=[box(*GRID.bounds)] * 2)
    frame.set_crs(GRID.crs).to_file(tmp_path / "e.gpkg")
    found = read_overlays(chain({"filter": "edits", "file": "e.gpkg"}), tmp_path, None)["centres:e.gpkg"]
    assert [row["from"] for row in found.rows] == [(3, 4), "[broken"]
    assert (found.index.shape, found.members) == ((0, 0), ((), (0,), (1,)))


@pytest.mark.filterwarnings("ignore:'crs' was not provided:UserWarning")
def test_faults_of_a_file_are_kept_for_the_step(tmp_path):
    shapes = [box(*GRID.bounds), None, Point(300_000, 7_800_000)]
    geopandas.GeoDataFrame({"to": [3, 3, 3]}, geometry=shapes).to_file(tmp_path / "e.gpkg")
    geopandas.GeoDataFrame({"to": [3, 3, 3]}, geometry=shapes, crs=GRID.crs).to_file(tmp_path / "f.gpkg")
    (tmp_path / "g.csv").write_text("to,years\n3,2020\n", encoding="utf-8")
    files = ("e.gpkg", "f.gpkg", "g.csv", "h.gpkg")
    found = read_overlays(chain(*({"filter": "edits", "file": file} for file in files)), tmp_path, canvas(tmp_path))
    told = {name: [fault.code for fault in overlay.faults] for name, overlay in found.items()}
    assert told == {
        "centres:e.gpkg": ["F131", "F132", "F132"],
        "centres:f.gpkg": ["F132", "F132"],
        "centres:g.csv": ["F131", "F132"],
        "centres:h.gpkg": ["F130"],
    }
    assert found["centres:f.gpkg"].faults[1].message == "polygon 3 of 'f.gpkg' is a Point"
