"""Checks that look beyond the module: seams, the rules, the last release; each once without and once with a fault.

Two regions share a map of 80 x 210 pixels along the border between rows 39 and 40; both show the same stripes of
forest and pasture, seven columns each, so that of seven neighbours along the border six are alike. A theme maps mines.
"""

from __future__ import annotations

import dataclasses
import json
import shutil

import numpy as np
import pytest
from ruamel.yaml import YAML

from mutirao.engine.build import build
from mutirao.engine.progress import Silent
from mutirao.limits import Limits
from mutirao.modules.checks.neighbourhood import Agreement
from mutirao.modules.checks.neighbours import is_seam
from mutirao.modules.discovery import load_module
from mutirao.modules.review import review_rasters
from mutirao.modules.submission import submit
from mutirao.project import Project
from mutirao.release.publish import publish

SHAPE, EDGE = (80, 210), 40
YEARS = (2020, 2021)
STRIPES = np.where(np.arange(SHAPE[1]) // 7 % 2, 15, 3).astype(np.uint8)


def stripes(rows, *, shift=0):
    """Return the maps of a region, striped in the given rows and without a claim elsewhere."""
    plane = np.zeros(SHAPE, np.uint8)
    plane[rows] = np.roll(STRIPES, shift)
    return dict.fromkeys(YEARS, plane)


NORTH, SOUTH = slice(0, EDGE), slice(EDGE, SHAPE[0])


def box(top, bottom):
    """Return a GeoJSON of whole rows."""
    west, north, side = 300000, 7800000, 30
    x, ys = (west, west + side * SHAPE[1]), (north - side * top, north - side * bottom)
    ring = [[x[0], ys[0]], [x[1], ys[0]], [x[1], ys[1]], [x[0], ys[1]], [x[0], ys[0]]]
    crs = {"type": "name", "properties": {"name": "urn:ogc:def:crs:EPSG::31983"}}
    feature = {"type": "Feature", "properties": {}, "geometry": {"type": "Polygon", "coordinates": [ring]}}
    return {"type": "FeatureCollection", "crs": crs, "features": [feature]}


RULES = [
    {"id": "mines", "claim": {"mines": 24}, "why": "-"},
    {"id": "north", "claim": {"north": [3, 15]}, "why": "-"},
    {"id": "south", "claim": {"south": [3, 15]}, "why": "-"},
]


@pytest.fixture
def network(tmp_path):
    """Write the network; nobody has submitted anything."""

    def make(
        *, north=(0, EDGE), south=(EDGE, SHAPE[0]), rules=RULES, modules=("north", "south", "mines"), **collection
    ):
        years = {"first": YEARS[0], "last": YEARS[-1]}
        names = {3: "Forest", 15: "Pasture", 24: "Mine"}
        classes = [{"code": c, "name": {"en": name}, "color": f"#{c:02x}8080"} for c, name in names.items()]
        grid = {"crs": "EPSG:31983", "resolution": 30, "origin": [300000, 7800000], "shape": [*SHAPE], "tile": 64}
        manifest = {
            "organisation": "-", "maintainers": [{"name": "-"}], "description": "-", "status": "active",
            "collection": "c", "years": years, "method": "delivered", "min_coverage": 0,
            "delivery": {"files": "M-{year}.tif", "nodata": 0},
        }  # fmt: skip
        region = manifest | {"kind": "region", "classes": [3, 15], "territory": "t.geojson"}
        files = {
            "configs/legends/c.yaml": {"id": "c", "version": "1", "title": "-", "classes": classes},
            "configs/rules/c.yaml": {"id": "c", "title": "-", "rules": rules},
            "configs/collections/c.yaml": {
                "id": "c", "title": "-", "description": "-", "publisher": "-", "grid": grid, "legend": "c",
                "years": years, "modules": [{"module": name} for name in modules], "rules": "c",
                "gates": {"max_hole_ha": 1e9}, **collection,
            },
            "contributors/north/manifest.yaml": {"id": "north", "name": "-", **region},
            "contributors/south/manifest.yaml": {"id": "south", "name": "-", **region},
            "contributors/mines/manifest.yaml": {
                "id": "mines", "name": "-", **manifest, "kind": "theme", "classes": [24]
            },
            "contributors/north/t.geojson": box(*north),
            "contributors/south/t.geojson": box(*south),
        }  # fmt: skip
        for name, value in files.items():
            path = tmp_path / name
            path.parent.mkdir(parents=True, exist_ok=True)
            if name.endswith(".geojson"):
                path.write_text(json.dumps(value), encoding="utf-8")
            else:
                YAML(typ="safe").dump(value, path)
        return Project(tmp_path, tmp_path / "workspace")

    return make


def look(project, module, maps):
    return review_rasters(load_module(project, module), maps, project)


def codes(review):
    return [finding.code for finding in review.findings if finding.code[:2] in ("M8", "M9")]


def pixels_ha(project, module, mask):
    grid = load_module(project, module).collection.grid
    return float(np.broadcast_to(grid.areas_ha(grid.whole), SHAPE)[mask].sum())


def test_maps_that_go_on_across_the_border_have_no_seam(network):
    project = network()
    submit(project, "south", "1.0.0", stripes(SOUTH))
    review = look(project, "north", stripes(NORTH))
    assert codes(review) == []
    seam, other = review.neighbourhood.seams
    assert (seam.module, seam.version, seam.year, other.year) == ("south", "1.0.0", 2020, 2021)
    assert seam.overlap == Agreement(0, 0)
    assert seam.across == Agreement(210, 210)
    # along the border, in either map: 209 pairs, and 29 times the stripe changes
    assert seam.inside == Agreement(2 * 209, 2 * (209 - 29))


def test_a_shift_at_the_border_is_a_seam(network):
    project = network()
    submit(project, "south", "1.0.0", stripes(SOUTH, shift=3))
    review = look(project, "north", stripes(NORTH))
    assert codes(review) == ["M902"]
    (finding,) = [finding for finding in review.findings if finding.code == "M902"]
    # four of seven columns are alike, 120 of 210; along it 180 of 209 pairs in the north, 179 in the south (rolled)
    assert "across the border with south, version 1.0.0, 57.1% of 420 pairs" in finding.message
    assert "along it 85.9%, in 2020 to 2021" in finding.message
    assert finding.places
    assert all(place.rows[0] >= EDGE - 2 and place.rows[1] <= EDGE + 2 for place in finding.places)


def test_a_seam_of_one_year_names_the_year(network):
    project = network()
    submit(project, "south", "1.0.0", stripes(SOUTH) | {2021: stripes(SOUTH, shift=3)[2021]})
    review = look(project, "north", stripes(NORTH))
    (finding,) = [finding for finding in review.findings if finding.code == "M902"]
    assert finding.message.endswith("in 2021")


def test_the_network_says_which_seam_is_usual(network):
    project = network(checks={"seam_gap": 0.5})
    submit(project, "south", "1.0.0", stripes(SOUTH, shift=3))
    assert codes(look(project, "north", stripes(NORTH))) == []


def test_an_overlap_that_agrees_passes_and_one_that_does_not_is_told(network):
    project = network(south=(30, SHAPE[0]))
    submit(project, "south", "1.0.0", stripes(slice(30, 80)))
    review = look(project, "north", stripes(NORTH))
    assert "M901" not in codes(review)
    assert review.neighbourhood.seams[0].overlap == Agreement(2100, 2100)
    submit(project, "south", "1.1.0", stripes(slice(30, 80), shift=3))
    review = look(project, "north", stripes(NORTH))
    (finding,) = [finding for finding in review.findings if finding.code == "M901"]
    # 10 rows of 209 pairs in either map, 29 of them apart, 30 in the rolled one
    assert "57.1% of 4200 pixels are of one class, of pixels side by side 85.9%" in finding.message


def test_regions_that_do_not_touch_are_no_neighbours(network):
    project = network(south=(50, SHAPE[0]))
    submit(project, "south", "1.0.0", stripes(slice(50, 80), shift=3))
    review = look(project, "north", stripes(slice(0, EDGE)))
    assert review.neighbourhood.seams == ()


def test_a_network_of_one_module_compares_nothing_and_says_nothing(network):
    project = network(modules=["north"], rules=RULES[1:2])
    review = look(project, "north", stripes(NORTH))
    assert (review.neighbourhood, review.skipped) == (None, ())


def test_modules_without_a_submission_are_named(network):
    review = look(network(), "north", stripes(NORTH))
    assert review.neighbourhood is None
    assert [line.split(":")[0] for line in review.skipped] == [
        "M901 to M912 with south",
        "M901 to M912 with mines",
    ]


def mine(rows):
    plane = np.zeros(SHAPE, np.uint8)
    plane[rows, :100] = 24
    return dict.fromkeys(YEARS, plane)


def test_what_a_theme_takes_is_counted_by_module_class_and_year(network):
    project = network()
    submit(project, "north", "1.0.0", stripes(NORTH))
    submit(project, "south", "1.0.0", stripes(SOUTH))
    review = look(project, "mines", mine(slice(38, 41)))  # two rows of the north, one of the south
    assert codes(review) == []
    told = {(c.year, c.module): (c.code, c.won_ha, c.lost_ha) for c in review.neighbourhood.contests}
    assert set(told) == {(year, name) for year in YEARS for name in ("north", "south")}
    rows, columns = np.indices(SHAPE)
    north = pixels_ha(project, "mines", (columns < 100) & (rows >= 38) & (rows < EDGE))
    south = pixels_ha(project, "mines", (columns < 100) & (rows == EDGE))
    assert told[2020, "north"] == (24, pytest.approx(north), 0)
    assert told[2021, "south"] == (24, pytest.approx(south), 0)
    assert review.neighbourhood.claimed_ha == {24: pytest.approx(2 * (north + south))}


def test_a_theme_that_takes_much_is_told_from_whom(network):
    project = network()
    submit(project, "north", "1.0.0", stripes(NORTH))
    review = look(project, "mines", mine(slice(0, 10)))
    assert codes(review) == ["M912"]
    (finding,) = [finding for finding in review.findings if finding.code == "M912"]
    # 1000 of 8400 pixels
    assert "from north, 12% of what version 1.0.0 claims: 24 Mine " in finding.message


def test_a_region_that_loses_a_class_is_told_to_whom(network):
    project = network()
    submit(project, "mines", "1.0.0", mine(slice(0, EDGE)))
    review = look(project, "north", stripes(NORTH))
    assert codes(review) == ["M911", "M911"]
    first, second = (finding.message for finding in review.findings if finding.code == "M911")
    # forest: columns 0 to 6, 14 to 20 and so on to 90, and 98 and 99: 51 of 105; pasture: 49 of 105
    assert first.startswith("3 Forest: the rules give ")
    assert "(49%) to others in a mean year: mines " in first
    assert "(47%) to others in a mean year: mines " in second


def test_a_claim_that_the_rules_change_is_lost_to_nobody(network):
    project = network(rules=[*RULES[:2], {"id": "s", "claim": {"south": 3}, "assign": 15, "why": "-"}])
    submit(project, "north", "1.0.0", stripes(NORTH))
    review = look(project, "south", stripes(SOUTH))
    lost = {(c.code, c.module): c.lost_ha for c in review.neighbourhood.contests if c.year == 2020}
    forest = pixels_ha(project, "south", stripes(SOUTH)[2020] == 3)
    pasture = pixels_ha(project, "south", stripes(SOUTH)[2020] == 15)
    assert lost == {(3, ""): pytest.approx(forest), (15, ""): pytest.approx(pasture)}  # no rule takes the pasture
    assert codes(review) == ["M911", "M911"]
    assert "the rules themselves" in review.findings[-1].message


def test_rules_that_cannot_be_read_are_skipped_and_refuse_nobody(network, tmp_path):
    project = network()
    submit(project, "mines", "1.0.0", mine(slice(0, 3)))
    (tmp_path / "configs/rules/c.yaml").write_text("id: c\nrules: [", encoding="utf-8")
    review = look(project, "north", stripes(NORTH))
    assert review.is_accepted
    assert any(line.startswith("M911 and M912: ") for line in review.skipped)


def test_a_damaged_map_of_a_neighbour_is_skipped_and_refuses_nobody(network):
    project = network()
    done = submit(project, "south", "1.0.0", stripes(SOUTH))
    (done.folder / "south_2021_v1.0.0.tif").write_bytes(b"II*\0nothing")
    review = look(project, "north", stripes(NORTH))
    assert review.is_accepted
    assert review.neighbourhood is None
    assert {line.split(":")[0] for line in review.skipped} >= {"M901 and M902 with south", "M911 and M912"}


@pytest.fixture
def released(network):
    """Release the network once."""
    project = network()
    for name, maps in (("north", stripes(NORTH)), ("south", stripes(SOUTH)), ("mines", mine(slice(0, 3)))):
        submit(project, name, "1.0.0", maps)
    publish(project, build(project, "c", Silent()), "1.0.0", Silent())
    return project


def test_a_submission_like_the_release_passes(released):
    shutil.rmtree(released.submissions / "north")
    review = look(released, "north", stripes(NORTH))
    assert codes(review) == []
    assert (review.neighbourhood.release, review.neighbourhood.release_years) == ("1.0.0", YEARS)
    assert all(d.gained_ha == d.lost_ha == 0 for d in review.neighbourhood.differences)
    # the pixels that the mines took are not compared
    rows, columns = np.indices(SHAPE)
    kept = (stripes(NORTH)[2020] == 3) & ~((rows < 3) & (columns < 100))
    (forest,) = [d for d in review.neighbourhood.differences if (d.code, d.year) == (3, 2020)]
    assert forest.now_ha == pytest.approx(pixels_ha(released, "north", kept))


def test_a_class_that_is_another_in_the_release_is_told(released):
    maps = {
        year: np.where((np.arange(SHAPE[0])[:, None] < 20) & (p == 3), 15, p).astype(np.uint8)
        for year, p in stripes(NORTH).items()
    }
    review = look(released, "north", maps)
    found = [finding.message for finding in review.findings if finding.code == "M851"]
    assert [message[:9] for message in found] == ["3 Forest ", "15 Pastur"]
    assert "in release 1.0.0 (-" in found[0]
    assert "0.0 gained" in found[0]


def test_a_module_that_is_new_has_no_release(released):
    record = released.releases / "c" / "v1.0.0" / "release.json"
    record.write_text(record.read_text(encoding="utf-8").replace('"north"', '"west"'), encoding="utf-8")
    assert look(released, "north", stripes(NORTH)).neighbourhood.release is None


@pytest.mark.parametrize(
    ("one", "against", "expected"),
    [
        (Agreement(1000, 700), Agreement(1000, 850), True),
        (Agreement(1000, 800), Agreement(1000, 850), False),  # 5 % is less than the gap
        (Agreement(210, 147), Agreement(210, 168), False),  # 70 % of 80 %: four standard errors are 17 %
        (Agreement(100, 0), Agreement(100, 100), False),  # too few
        (Agreement(1000, 900), Agreement(1000, 700), False),
    ],
)
def test_a_seam_is_large_and_no_chance(one, against, expected):
    assert is_seam(one, against, 0.1, Limits()) is expected


def test_plain_values_say_everything(network):
    project = network()
    submit(project, "south", "1.0.0", stripes(SOUTH))
    told = look(project, "north", stripes(NORTH)).neighbourhood
    plain = told.as_dict()
    assert plain["seams"][0]["across"] == {"compared": 210, "alike": 210, "share": 1.0}
    assert {field.name for field in dataclasses.fields(told)} == set(plain)
    assert told.all_years("south").across == Agreement(420, 420)
