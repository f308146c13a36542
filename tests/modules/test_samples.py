"""M115: training points and reference points, by hand, against all pairs, and with real points."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pyproj import Geod

from mutirao.errors import ConfigError
from mutirao.io.pointfiles import read_lonlat
from mutirao.modules.checks.samples import Reference, nearest_m
from mutirao.modules.discovery import load_module
from mutirao.modules.review import review_manifest

DATA = Path(__file__).parents[3] / "shared/data/reference-samples-brazil"
GEOD = Geod(ellps="WGS84")

places = st.tuples(
    st.floats(-180, 180) | st.sampled_from([179.999, -179.999, 0.0]),
    st.floats(-90, 90) | st.sampled_from([89.999, -89.999, 0.001]),
)


@settings(max_examples=80)
@given(st.lists(places, max_size=6), st.lists(places, max_size=6), st.sampled_from([10.0, 500.0, 40_000.0, 3e6]))
def test_the_tree_finds_what_all_pairs_say(points, others, within_m):
    points, others = np.array(points).reshape(-1, 2), np.array(others).reshape(-1, 2)
    expected = np.full(len(points), np.inf)
    for k, (lon, lat) in enumerate(points):
        for other in others:
            metres = GEOD.inv(lon, lat, *other)[2]
            if metres <= within_m:
                expected[k] = min(expected[k], metres)
    np.testing.assert_allclose(nearest_m(points, others, within_m), expected, rtol=1e-9, atol=1e-6)


def test_points_on_both_sides_of_the_antimeridian_are_near():
    # a thousandth of a degree of the equator is 111.32 m
    found = nearest_m(np.array([[179.9995, 0.0]]), np.array([[-179.9995, 0.0]]), 200)
    assert found[0] == pytest.approx(111.32, abs=0.01)


@pytest.fixture
def near(compute_check, module):
    """Run M115 for points on the small grid, whose corner is at lon -46.9, lat -19.9."""

    def run(points, reference, min_distance_m=100.0):
        given = Reference(np.array(reference, float), min_distance_m)
        return compute_check("M115", training={Path("samples/p.csv"): np.array(points, float)}, reference=given)

    return run


def test_points_that_keep_away_pass(near):
    # 0.001 degrees of a parallel at 19.9 degrees south are 104.7 m
    assert near([[-46.91, -19.9]], [[-46.911, -19.9]]) == []


def test_points_that_are_too_near_are_told_and_placed(near, module):
    west, south, east, north = module.collection.grid.lonlat_bounds()
    inside = [(west + east) / 2, (south + north) / 2]
    points = [[inside[0] + 1, inside[1]], inside, [inside[0] + 0.0005, inside[1]]]
    (finding,) = near(points, [inside])
    assert finding.severity == "block"
    assert finding.message == (
        "2 of 3 training points lie nearer than 100 m to a reference point: point 2 at 0 m, point 3 at 52 m"
    )
    assert finding.places[0].rows == (2, 3)


def test_a_network_without_reference_points_asks_for_nothing(compute_check):
    assert compute_check("M115", training={Path("p.csv"): np.zeros((1, 2))}) == []


def write_csv(path, header, *rows):
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w", newline="", encoding="utf-8") as stream:
        csv.writer(stream).writerows([header, *rows])


def test_files_of_points_are_read_alike(tmp_path):
    expected = [[-46.5, -19.5], [10.0, 20.0]]
    write_csv(tmp_path / "a.csv", ["id", " longitude", "latitude"], [1, -46.5, -19.5], [2, 10, 20])
    features = [
        {"type": "Feature", "properties": {}, "geometry": {"type": "Point", "coordinates": xy}} for xy in expected
    ]
    (tmp_path / "a.geojson").write_text(json.dumps({"type": "FeatureCollection", "features": features}))
    for name in ("a.csv", "a.geojson"):
        np.testing.assert_allclose(read_lonlat(tmp_path / name), expected)
    write_csv(tmp_path / "series.csv", ["date", "ndvi"], ["2001-01-01", 0.5])
    assert read_lonlat(tmp_path / "series.csv").shape == (0, 2)


def test_what_is_no_point_is_refused_line_by_line(tmp_path):
    write_csv(tmp_path / "a.csv", ["lon", "lat"], [-46.5, -19.5], [200, 0], ["x", 1])
    with pytest.raises(ConfigError) as refused:
        read_lonlat(tmp_path / "a.csv")
    assert [(f.code, f.where.rsplit(":", 1)[1]) for f in refused.value.findings] == [("P202", "3"), ("P202", "4")]
    with pytest.raises(ConfigError, match="there is no column 'east', there are lon, lat"):
        read_lonlat(tmp_path / "a.csv", ("east", "north"))
    polygon = {"type": "Polygon", "coordinates": [[[0, 0], [1, 0], [1, 1], [0, 0]]]}
    (tmp_path / "p.geojson").write_text(json.dumps({"type": "Feature", "properties": {}, "geometry": polygon}))
    with pytest.raises(ConfigError, match="holds Polygon, not points"):
        read_lonlat(tmp_path / "p.geojson")
    with pytest.raises(ConfigError, match="P201"):
        read_lonlat(tmp_path / "no-such.gpkg")


def configure(project, text):
    path = project.root / "configs/collections/tiny.yaml"
    path.write_text(path.read_text(encoding="utf-8") + text, encoding="utf-8")


def test_a_collection_names_its_reference_points(tiny_project):
    configure(tiny_project, "reference: {files: [../reference.csv], min_distance_m: 50}\n")
    grid = tiny_project.collection("tiny").value.grid
    west, south, east, north = grid.lonlat_bounds()
    lon, lat = (west + east) / 2, (south + north) / 2
    write_csv(tiny_project.root / "configs/reference.csv", ["lon", "lat"], [lon, lat])
    write_csv(tiny_project.module_folder("valley") / "samples/points.csv", ["lon", "lat"], [lon, lat], [lon, lat + 0.1])
    review = review_manifest(load_module(tiny_project, "valley"), tiny_project)
    assert [finding.code for finding in review.findings] == ["M115"]
    assert review_manifest(load_module(tiny_project, "water"), tiny_project).findings == ()


def test_reference_points_that_cannot_be_read_refuse_nobody(tiny_project):
    configure(tiny_project, "reference: {files: [../no-such.csv], min_distance_m: 50}\n")
    review = review_manifest(load_module(tiny_project, "valley"), tiny_project)
    assert review.findings == ()
    assert len(review.skipped) == 1
    assert review.skipped[0].startswith("M115: reference points: ")


@pytest.mark.skipif(not DATA.is_dir(), reason=f"real points are not beside the checkout: no {DATA}")
def test_real_points_repeat_places_and_some_lie_side_by_side():
    points = read_lonlat(DATA / "br_mt_1_8K_9classes_6bands.csv")
    assert points.shape == (1892, 2)
    train, kept = points[::2], points[1::2]
    near = nearest_m(train, kept, 1000.0)
    sample = np.flatnonzero(np.isfinite(near))[:20]
    assert len(sample) == 20
    for k in sample:
        metres = [GEOD.inv(*train[k], *other)[2] for other in kept[::1]]
        assert near[k] == pytest.approx(min(metres), abs=1e-6)
    far = nearest_m(train, read_lonlat(DATA / "samples_S2_T20LKP_2018_2019.csv"), 1000.0)
    assert not np.isfinite(far).any()  # Rondonia is no part of Mato Grosso
