"""The numbers of a module report, worked out by hand on the tiny network.

Its pixels are 30 m, 0.09 ha; what the projection takes from that is less than a thousandth.
"""

from __future__ import annotations

import json

import numpy as np
import pytest

from mutirao.errors import GridError, QualityError, UsageError
from mutirao.grid import Grid, Tile
from mutirao.io.rasters import read
from mutirao.io.thumbnails import read_small, small_shape
from mutirao.modules import reportsource
from mutirao.modules.report import named, scores_of
from mutirao.modules.reportmaps import extent, make_maps, scale_bar
from mutirao.modules.reportsource import make_report
from mutirao.modules.submission import submit

PIXEL = 0.09


def pixels(area_ha):
    """Return hectares as whole pixels of 30 m."""
    return np.round(np.asarray(area_ha) / PIXEL).astype(int).tolist()


@pytest.fixture
def second(tiny_project, tiny_submitted, tiny_rasters):
    """Version 1.1.0 of the valley: in every year ten columns of the first nine rows are pasture and no forest."""
    later = tiny_rasters["valley"].copy()
    later[:, :9, 10:20] = 15
    return submit(tiny_project, "valley", "1.1.0", later)


def test_areas_are_those_of_the_classes_that_appear(tiny_project, tiny_submitted):
    report = make_report(tiny_project, "valley")
    assert [item.code for item in report.classes] == [3, 15, 33, 39]  # the legend's order
    assert pixels(report.area_ha) == [[1008, 360, 72, 0], [1008, 0, 72, 360], [1008, 0, 72, 360]]
    assert pixels(report.claimed_ha) == [1440, 1440, 1440]


def test_changes_are_told_by_step_by_pixel_and_from_end_to_end(tiny_project, tiny_submitted):
    report = make_report(tiny_project, "valley")
    first, second = report.steps
    assert (first.before, first.after, second.after) == (2020, 2021, 2022)
    assert pixels(first.changed_ha) == 360
    assert [(change.before, change.after) for change in first.largest] == [(15, 39)]
    assert (second.changed_ha, second.largest) == (0, ())
    assert report.changes == (1080, 360)
    assert report.stable_share == 0.75
    table = np.zeros((5, 5), int)  # no claim, forest, pasture, water, soybean
    table[1, 1], table[2, 4], table[3, 3] = 1008, 360, 72
    assert pixels(report.first_last_ha) == table.tolist()


def test_claims_that_begin_are_no_change_of_class(tiny_project, tiny_submitted):
    (step,) = make_report(tiny_project, "urban").steps
    assert (step.changed_ha, step.ended_ha) == (0, 0)
    assert pixels(step.begun_ha) == 8  # two columns of four rows


def test_the_version_before_is_the_newest_that_is_older(tiny_project, second):
    report = make_report(tiny_project, "valley")
    assert report.stored.receipt.version == "1.1.0"
    assert report.earlier.version == "1.0.0"
    assert pixels(report.earlier.differs_ha) == [90, 90, 90]
    assert pixels(report.earlier.area_ha) == [[0, 1008, 360, 72, 0], [0, 1008, 0, 72, 360], [0, 1008, 0, 72, 360]]
    assert pixels(report.area_ha) == [[918, 450, 72, 0], [918, 90, 72, 360], [918, 90, 72, 360]]
    assert make_report(tiny_project, "valley", "1.0.0").earlier is None


def test_the_review_of_a_submission_spares_a_pass_and_says_the_same(tiny_project, second, monkeypatch):
    again = make_report(tiny_project, "valley").as_dict()
    monkeypatch.setattr(reportsource, "_look_again", lambda *_: pytest.fail("the pixels were passed over again"))
    assert make_report(tiny_project, "valley", review=second.review).as_dict() == again


def test_the_twin_is_plain_json_with_the_same_numbers(tiny_project, second):
    report = make_report(tiny_project, "valley")
    told = json.loads(json.dumps(report.as_dict()))
    assert told["areas_ha"]["2021"]["39"] == report.area_ha[1, 3]
    assert told["before"]["differs_ha"]["2022"] == report.earlier.differs_ha[2]
    assert told["pixels_by_changes"] == [1080, 360]
    soy = [c for c in told["first_to_last_ha"] if (c["before"], c["after"]) == (15, 39)]
    assert pixels(soy[0]["area_ha"]) == 360
    assert told["standing"]["level"] == "bronze"


def test_first_and_last_year_are_compared_in_bands(tiny_project, second, monkeypatch):
    whole = make_report(tiny_project, "valley").first_last_ha
    asked = []
    count = reportsource.count_difference

    def noted(before, after, *rest):
        asked.append(before.shape)
        count(before, after, *rest)

    monkeypatch.setattr(reportsource, "count_difference", noted)
    monkeypatch.setattr(reportsource, "_BAND", 10)
    np.testing.assert_allclose(make_report(tiny_project, "valley").first_last_ha, whole)
    assert asked == [(10, 40), (10, 40), (10, 40), (6, 40)]


def test_findings_are_those_of_the_submission(tiny_project, tiny_submitted):
    report = make_report(tiny_project, "valley")
    assert report.findings == tiny_submitted["valley"].findings


def test_what_is_not_there_is_refused(tiny_project, tiny_submitted):
    with pytest.raises(UsageError) as refused:
        make_report(tiny_project, "valley", "3.0.0")
    assert refused.value.findings[0].code == "S107"
    path = tiny_project.root / "configs/collections/tiny.yaml"
    path.write_text(path.read_text().replace("[300000, 7800000]", "[300030, 7800000]"))
    with pytest.raises(GridError) as moved:
        make_report(tiny_project, "valley")
    assert moved.value.findings[0].code == "S109"


def test_years_that_are_lost_are_told(tiny_project, tiny_submitted):
    folder = tiny_submitted["valley"].folder
    (folder / "valley_2021_v1.0.0.tif").unlink()
    report = make_report(tiny_project, "valley")
    assert report.years == (2020, 2022)
    assert "2021: the file is missing" in report.skipped
    for path in folder.glob("*.tif"):
        path.unlink()
    with pytest.raises(QualityError) as refused:
        make_report(tiny_project, "valley")
    assert [finding.code for finding in refused.value.findings] == ["S105"] * 3


def test_a_manifest_that_changed_later_is_told(tiny_project, tiny_submitted):
    assert not make_report(tiny_project, "valley").manifest_changed
    path = tiny_project.module_folder("valley") / "manifest.yaml"
    path.write_text(path.read_text().replace("name: The valley", "name: A valley"))
    assert make_report(tiny_project, "valley").manifest_changed


def test_the_run_of_a_recipe_says_how_well_it_agrees(tiny_project, tiny_submitted):
    table = {
        "labels": ["3", "15"],
        "counts": [[8, 1], [0, 11], [0, 0]],
        "overall": 0.95,
        "pixels": 20,
        "users": {"3": 8 / 9, "15": 1.0},
        "producers": {"3": 1.0, "15": None},
    }
    (scores,) = scores_of({"cross_validation": table})
    assert (scores.overall, scores.words) == (0.95, "20 pixels")
    assert scores.table.counts == ((8, 1), (0, 11), (0, 0))
    assert scores.table.producers == (1.0, None)
    module = make_report(tiny_project, "valley").module
    assert named(scores, module).table.labels == tuple(module.legend.by_code[code].title() for code in (3, 15))
    assert scores_of({}) == ()


def test_maps_are_cut_to_what_is_claimed(tiny_project, tiny_submitted):
    report = make_report(tiny_project, "urban")
    maps = make_maps(report)
    assert (maps.window.top, maps.window.bottom, maps.window.left, maps.window.right) == (0, 5, 1, 9)
    claims = read(report.stored.folder / "urban_2022_v1.0.0.tif")
    np.testing.assert_array_equal(maps.years[2022], claims[:5, 1:9])
    assert maps.changes[0, 1] == 0  # claimed in both years
    assert maps.changes[0, 5] == 1  # begins in 2022
    assert np.isnan(maps.changes[4, 0])
    (ring,) = maps.outline
    # columns 0 to 20 and rows 0 to 36 of the grid, seen from the corner of the window
    assert ring.tolist() == [[-1, 0], [19, 0], [19, 36], [-1, 36], [-1, 0]]


def test_a_map_without_a_claim_is_the_whole_grid(tiny_project):
    grid = tiny_project.collection("tiny").value.grid
    assert extent(grid, [np.zeros((18, 20), np.uint8)]) == grid.whole
    seen = np.zeros((18, 20), np.uint8)
    seen[5, 7] = 3  # a cell of two pixels a side
    assert extent(grid, [seen]) == Tile("extent", 9, 13, 13, 17)


def test_the_bar_is_a_round_length_on_the_ground():
    metric = Grid(crs="EPSG:3035", resolution=20, origin=(4321000, 3210000), shape=(50, 50))
    bar = scale_bar(metric, metric.whole)  # at the centre of the projection lengths are true; 0.3 of a kilometre
    assert bar.label == "200 m"
    assert bar.pixels == pytest.approx(10, rel=1e-3)
    degrees = Grid(crs="EPSG:4326", resolution=0.01, origin=(-50, 0.5), shape=(100, 100))
    bar = scale_bar(degrees, degrees.whole)  # a degree along the equator is 111.32 km
    assert bar.label == "20 km"
    assert bar.pixels == pytest.approx(20 / 1.1132, rel=1e-3)


def test_a_small_picture_has_the_most_frequent_class(tiny_project, tiny_submitted):
    path = tiny_submitted["valley"].folder / "valley_2020_v1.0.0.tif"
    assert small_shape(Tile("", 0, 36, 0, 40), 20) == (18, 20)
    assert small_shape(Tile("", 0, 36, 0, 40), 99) == (36, 40)
    small = read_small(path, Tile("", 0, 36, 0, 40), 20)
    np.testing.assert_array_equal(small, read(path)[::2, ::2])  # all borders lie at even pixels
