"""Checks that judge a landscape: each once without and once with a fault, on 160 x 150 pixels and nine years.

The good series: forest 3 in the north, pasture 15 in the south, water 33 in a lake; each year forest takes a row more.
"""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
import scipy.ndimage
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from mutirao.collection import Implausible
from mutirao.grid import Grid
from mutirao.io.delivered import Facts
from mutirao.modules.checks import ALL_CHECKS, Fixtures, run_checks
from mutirao.modules.checks.areas import jumps, trend_break
from mutirao.modules.checks.fixtures import MAKERS, Before
from mutirao.modules.checks.noise import sharp_lines
from mutirao.modules.checks.places import group_sums, place_of, worst_places
from mutirao.modules.yearly import ByYear

YEARS = range(2012, 2021)
SHAPE = (160, 150)
_Y, _X = np.indices(SHAPE)
LAKE = ((_Y - 20) / 10) ** 2 + ((_X - 40) / 20) ** 2 < 1
CODES = [
    "M505", "M506", "M601", "M602", "M603", "M604", "M605", "M606", "M607",
    "M608", "M609", "M610", "M611", "M612", "M701", "M702", "M703", "M704",
]  # fmt: skip
FACTS = Facts(1000, (16, 150), 1, "deflate", ("gray",), {}, 1.0, 0.0, 0)


@pytest.fixture
def region(small_module):
    """Make the module on the larger grid, with changes to its collection."""

    def make(**changes):
        module = small_module(classes=[3, 15, 33], codes=frozenset({3, 15, 33}), years={"first": 2012, "last": 2020})
        grid = module.collection.grid.model_copy(update={"shape": SHAPE})
        years = {"first": 2012, "last": 2020}
        collection = module.collection.model_copy(update={"grid": grid, "years": years} | changes)
        return dataclasses.replace(module, collection=collection, grid=grid)

    return make


@pytest.fixture
def maps():
    """(y, x) codes by year."""
    cube = np.full((len(YEARS), *SHAPE), 3, np.uint8)
    for k in range(len(YEARS)):
        rows = 60 + np.round(5 * np.sin(np.arange(SHAPE[1]) / 9)).astype(int) + k
        cube[k][np.arange(SHAPE[0])[:, None] >= rows] = 15
        cube[k][LAKE] = 33
    return dict(zip(YEARS, cube, strict=True))


@pytest.fixture
def compute(region, arrive):
    """Run one check over maps."""

    def run(code, maps, *, module=None, previous=None, **facts):
        module = module or region()
        incoming = arrive(maps, transform=module.grid.transform)
        if facts:
            fact = dataclasses.replace(FACTS, **facts)
            incoming = dataclasses.replace(incoming, facts=ByYear(dict.fromkeys(maps, fact)))
        (check,) = [check for check in ALL_CHECKS if check.code == code]
        outcome = run_checks([check], Fixtures(MAKERS, module=module, incoming=incoming, previous=previous))
        assert outcome.skipped == ()
        return list(outcome.findings)

    return run


@pytest.mark.parametrize("code", CODES)
def test_a_good_landscape_passes(code, compute, maps):
    assert compute(code, maps) == []


def test_a_tile_that_one_year_lacks_has_a_place(compute, maps):
    maps[2015][80:120, 50:100] = 255
    (finding,) = compute("M505", maps)
    assert finding.where == "M-2015.tif"
    assert finding.message.startswith("180")  # 40 x 50 pixels of 0.09 ha on the ellipsoid
    assert (finding.places[0].rows, finding.places[0].columns) == ((80, 120), (50, 100))


def test_a_hole_of_all_years_has_a_place(compute, maps):
    for plane in maps.values():
        plane[100:110, 0:40] = 255
        plane[0:2, 148:150] = 255
    (finding,) = compute("M506", maps)
    assert "are claimed in no year, in 2 places" in finding.message
    assert [place.columns for place in finding.places] == [(0, 40), (148, 150)]


def test_a_gap_below_the_minimum_is_shown_with_its_places(compute, maps):
    maps[2013][100:110, 0:100] = 255
    maps[2013][0:4, 148:150] = 255
    (finding,) = compute("M501", maps)
    assert "2 gaps, the largest of 90" in finding.message
    assert [place.rows for place in finding.places] == [(100, 110), (0, 4)]


def restless(maps):
    """Let scattered pixels in a quarter of the map change each year, so that standing still is strange."""
    rng = np.random.default_rng(5)
    for plane in maps.values():
        plane[80:, :80][rng.random((80, 80)) < 0.5] = 3
    return maps


def test_a_block_that_is_a_copy_of_the_year_before_is_found(compute, region, maps, monkeypatch):
    monkeypatch.setattr("mutirao.modules.checks.survey.CELLS", 16)  # cells of 10 pixels
    maps = restless(maps)
    assert compute("M602", maps) == []
    maps[2016][80:120, 0:60] = maps[2015][80:120, 0:60]
    (finding,) = compute("M602", maps)
    assert finding.where == "M-2016.tif"
    assert "24 of 73 cells of 10 pixels do not change in 2016" in finding.message
    assert (finding.places[0].rows, finding.places[0].columns) == ((80, 120), (0, 60))


def test_flicker_is_counted_by_series(compute, maps):
    maps[2015][100:125] = 3  # pasture, forest for one year, pasture: 25 of 160 rows
    (finding,) = compute("M603", maps)
    assert "15.6% of the claimed area flickers" in finding.message
    assert "the worst year is 2015" in finding.message


def test_a_class_that_only_visits_is_named(compute, maps):
    for year in maps:
        maps[year][10:30, 20:60] = 3
    maps[2016][10:30, 20:60] = 33
    (finding,) = compute("M604", maps)
    assert finding.message.startswith("100.0% of the area of 33 Water (72.")


def test_pixels_that_change_every_year_are_noticed(compute, maps):
    for year in list(maps)[::2]:
        maps[year][80:110] = 3  # 30 of 160 rows change in all 8 steps, 1.5 times on average
    (finding,) = compute("M605", maps)
    assert "one of a hundred 8 times or more" in finding.message


def test_a_jump_is_given_in_hectares(compute, maps):
    for year in range(2016, 2021):
        maps[year][80:130] = 3
    findings = compute("M606", maps)
    assert [finding.where for finding in findings] == ["M-2016.tif"] * 2
    assert findings[0].message.startswith("3 Forest goes from")
    assert findings[1].message.startswith("15 Pasture goes from 130")


def test_a_jump_is_measured_against_the_usual_change():
    assert jumps(np.array([100, 101, 102, 103, 104, 105.0]), 1000) == []
    assert jumps(np.array([100, 101, 102, 203, 204, 205.0]), 1000) == [2]
    assert jumps(np.array([1, 2, 3, 8, 9, 10.0]), 10_000) == []  # 5 ha are little of such a map


def test_a_trend_that_turns_is_dated(compute, maps):
    for k, year in enumerate(maps):
        rows = 60 + (-10 * k if k <= 4 else -40 + 15 * (k - 4))
        maps[year][:] = 3
        maps[year][rows:] = 15
    findings = compute("M607", maps)
    assert {finding.where for finding in findings} == {"M-2016.tif"}
    assert "breaks in 2016" in findings[0].message


def test_a_steady_trend_does_not_break():
    assert trend_break(np.arange(20) * 3.0 + 100, 1000) is None
    assert trend_break(np.array([10, 20, 30, 40, 50, 40, 30, 20, 10.0]), 50) == (4, 10.0, -10.0)


def test_an_implausible_change_is_measured_and_placed(compute, region, maps):
    rule = Implausible(before=(33,), after=("forest",), max_ha=1)
    module = region(implausible=(rule,))
    assert compute("M608", maps, module=module) == []
    maps[2018][10:20, 20:60] = 3
    (finding,) = compute("M608", maps, module=module)
    assert finding.where == "M-2018.tif"
    assert finding.message.startswith("26.0 ha")
    assert "33 Water to 3 Forest" in finding.message
    assert [place.rows for place in finding.places] == [(11, 20)]


def test_a_class_that_is_gone_for_a_year_is_named(compute, maps):
    maps[2014][maps[2014] == 33] = 3
    (finding,) = compute("M609", maps)
    assert finding.message == "33 Water is missing in 2014 and there the years before and after"


def test_a_class_of_one_year_is_named(compute, maps):
    for year in maps:
        maps[year][maps[year] == 33] = 33 if year == 2017 else 3
    (finding,) = compute("M609", maps)
    assert finding.message == "33 Water is there in 2017 only (617 pixels)"


def test_a_class_that_never_appears_is_named(compute, maps):
    for plane in maps.values():
        plane[plane == 33] = 3
    (finding,) = compute("M610", maps)
    assert finding.message == "33 Water is announced and never appears"


def test_a_year_of_another_place_is_found(compute, maps):
    maps[2016] = np.ascontiguousarray(maps[2016][::-1])
    (finding,) = compute("M611", maps)
    assert finding.where == "M-2016.tif"


def test_a_gap_between_years_is_said(compute, maps):
    del maps[2016]
    (finding,) = compute("M612", maps)
    assert finding.message == "no readable year between 2015 and 2017"


def test_speckle_is_measured(compute, maps):
    for plane in maps.values():
        plane[80::3, ::3] = 3  # single pixels of forest in pasture: 27 x 50 of 24000 a year
    (finding,) = compute("M701", maps)
    assert finding.message.startswith("5.6% of the claimed pixels have no neighbour of their class")
    assert finding.places[0].rows[0] >= 80


def test_a_class_of_single_pixels_is_named(compute, maps):
    for plane in maps.values():
        plane[plane == 33] = 3
        plane[100:130:2, 20:60:2] = 33
    (finding,) = compute("M702", maps)
    assert finding.message.startswith("100.0% of the pixels of 33 Water stand alone")


def test_small_patches_are_measured_against_the_minimum_mapping_unit(compute, region, maps):
    module = region(minimum_mapping_unit_ha=0.5)  # 6 pixels of 0.09 ha
    assert compute("M703", maps, module=module) == []
    for plane in maps.values():
        for dy in (0, 1):
            plane[100 + dy :: 5, ::3] = 3  # patches of two pixels
            plane[1 + dy : 50 : 4, ::3] = 15
    (finding,) = compute("M703", maps, module=module)
    assert "lies in patches below 0.5 ha" in finding.message


def test_classes_that_change_along_tile_borders_are_found(compute, maps):
    rng = np.random.default_rng(2)
    for year in maps:
        base = rng.random(SHAPE) < 0.1
        tiles = (np.indices(SHAPE)[1] // 50) % 2 == 1
        maps[year][:] = np.where(tiles ^ base, 3, 15)
    (finding,) = compute("M704", maps)
    assert finding.message == "classes change along straight lines, before column 50, 100: every 50 pixels"
    assert [place.columns for place in finding.places] == [(49, 51), (99, 101)]


def test_neither_noise_nor_the_edge_of_the_map_is_a_straight_line():
    rng = np.random.default_rng(0)
    assert sharp_lines(rng.poisson(20, 500), 300) == []
    assert sharp_lines(np.array([0] * 199 + [90]), 100) == []


def before(maps, version="1.0.0"):
    return Before(version, tuple(maps), {year: plane.copy() for year, plane in maps.items()})


@pytest.mark.parametrize("code", ["M801", "M802", "M803", "M804"])
def test_a_first_submission_has_no_history(code, compute, maps):
    assert compute(code, maps) == []


def test_a_little_correction_passes(compute, maps):
    old = before(maps)
    maps[2015][100:102] = 3
    assert [compute(code, maps, previous=old) for code in ("M801", "M802", "M803", "M804")] == [[]] * 4


def test_a_rewritten_year_is_given_in_hectares_by_class(compute, maps):
    old = before(maps)
    maps[2015][100:132] = 3  # 32 of 160 rows
    (finding,) = compute("M801", maps, previous=old)
    assert "differ from version 1.0.0; agreement 80.0%; 3 Forest +43" in finding.message
    assert finding.places[0].rows == (100, 132)


def test_a_class_with_another_area_is_named(compute, maps):
    old = before(maps)
    for plane in maps.values():
        plane[10:30, 20:60] = 3
    (finding,) = compute("M802", maps, previous=old)
    assert finding.message.startswith("33 Water has 0.0 ha in a mean year, 55.5 ha")


def test_a_dropped_year_is_named(compute, maps):
    old = before(maps)
    del maps[2013]
    (finding,) = compute("M803", maps, previous=old)
    assert finding.message == "version 1.0.0 has 2013, which this one lacks"


def test_a_version_that_changes_nothing_is_said(compute, maps):
    (finding,) = compute("M804", maps, previous=before(maps))
    assert finding.message == "all years are those of version 1.0.0, pixel for pixel"


@pytest.mark.parametrize(
    ("code", "facts", "says"),
    [
        ("M209", {"block": (65536, 65536)}, "blocks have 65,536 x 65,536 pixels, 4,096 MiB each"),
        ("M210", {"compression": "jpeg"}, "is compressed with JPEG"),
        ("M407", {"colors": ("red", "green", "blue", "alpha")}, "its bands are red, green, blue, alpha"),
        ("M408", {"palette": {3: (0xED, 0xDE, 0x8E, 255)}}, "draws 3 Forest in the colour of 15 Pasture"),
        ("M409", {"scale": 0.5}, "scale 0.5 and offset 0"),
        ("M306", {"gcps": 4}, ""),
    ],
)
def test_what_a_file_says_about_itself_is_judged(code, facts, says, compute, maps):
    assert compute(code, maps, size=1000) == []
    findings = compute(code, maps, **facts)
    assert len(findings) == (len(maps) if says else 0)
    assert all(says in finding.message for finding in findings)


def test_places_are_boxes_of_pixels_and_degrees(region):
    grid = region().grid
    cells = np.zeros((4, 4))
    cells[0, 0], cells[2:, 2:] = 9, 1
    places = worst_places(cells, grid, 40)
    assert [(place.rows, place.columns) for place in places] == [((0, 40), (0, 40)), ((80, 160), (80, 150))]
    assert group_sums(cells) == [9.0, 4.0]
    west, south, east, north = place_of(grid, (0, 160), (0, 150)).bbox
    assert (west, south, east, north) == pytest.approx(grid.lonlat_bounds(), abs=1e-5)
    assert places[0].as_dict()["geometry"]["type"] == "Polygon"


_GRID = Grid(crs="EPSG:31983", resolution=30, origin=(300000, 7800000), shape=(90, 90))


@settings(max_examples=60)
@given(arrays.arrays(np.int32, st.tuples(st.integers(1, 9), st.integers(1, 9)), elements=st.integers(-1, 3)))
def test_groups_of_cells_are_those_of_scipy(cells):
    labels, count = scipy.ndimage.label(cells > 0, np.ones((3, 3)))
    sums = [int(cells[labels == number].sum()) for number in range(1, count + 1)]
    assert group_sums(cells) == sorted(sums, reverse=True)
    boxes = [tuple((10 * side.start, 10 * side.stop) for side in box) for box in scipy.ndimage.find_objects(labels)]
    places = worst_places(cells, _GRID, 10, most=100)
    assert {(place.rows, place.columns) for place in places} == set(boxes)
    by_box = dict(zip(boxes, sums, strict=True))
    if len(by_box) == count:  # two groups may have one box
        told = [by_box[place.rows, place.columns] for place in places]
        assert told == sorted(sums, reverse=True)
