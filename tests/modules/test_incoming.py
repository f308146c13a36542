"""What is handed in, before any check: which file is which year, and what is left out."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
import rasterio

from mutirao.modules.incoming import list_files, receive
from mutirao.modules.review import review_rasters
from mutirao.modules.sheets import name_pattern


def write(path, value: int) -> None:
    path.parent.mkdir(exist_ok=True)
    profile = {"driver": "GTiff", "height": 5, "width": 6, "count": 1, "dtype": "uint8", "crs": "EPSG:31983"}
    transform = rasterio.Affine(30, 0, 300000, 0, -30, 7800000)
    with rasterio.open(path, "w", transform=transform, **profile) as dst:
        dst.write(np.full((5, 6), value, dtype=np.uint8), 1)


@pytest.mark.parametrize(
    ("pattern", "name", "year"),
    [
        ("M-{year}.tif", "M-2020.tif", "2020"),
        ("M-{year}.tif", "M-2020xtif", None),  # a point is a point
        ("M-{year}.tif", "M-20.tif", None),
        ("{year}/M-{year}.tif", "2020/M-2020.tif", "2020"),
        ("{year}/M-{year}.tif", "2020/M-2021.tif", None),
        ("M ({year}).tif", "M (2020).tif", "2020"),
    ],
)
def test_the_year_is_read_out_of_the_name(pattern, name, year):
    match = name_pattern(pattern).fullmatch(name)
    assert (match and match["year"]) == year


def test_files_are_sorted_into_years_extra_years_repetitions_and_strangers(module, tmp_path):
    for name in ("a/M-2020.tif", "b/M-2020.tif", "a/M-2021.tif", "a/M-2030.tif", "a/other.tif"):
        write(tmp_path / name, 3)
    incoming = receive(module, str(tmp_path / "*" / "*.tif"))
    assert list(incoming.pixels.values) == [2020, 2021]
    assert list(incoming.repeated) == [2020]
    assert list(incoming.extra) == [2030]
    assert incoming.unmatched == (str(tmp_path / "a/other.tif"),)
    assert incoming.nodata == 255


def test_an_unreadable_file_leaves_the_other_years(module, tmp_path):
    write(tmp_path / "in/M-2020.tif", 3)
    (tmp_path / "in/M-2021.tif").write_text("PENDING", encoding="utf-8")
    incoming = receive(module, tmp_path / "in")
    assert list(incoming.pixels.values) == [2020]
    assert incoming.pixels.missing == {2021: "M-2021.tif cannot be read"}
    assert [finding.code for finding in incoming.unreadable] == ["M202"]


def test_what_could_not_be_looked_at_is_said(module, tmp_path):
    for year in (2020, 2022):
        write(tmp_path / f"in/M-{year}.tif", 3)
    (tmp_path / "in/M-2021.tif").write_text("PENDING", encoding="utf-8")
    review = review_rasters(module, tmp_path / "in")
    assert not review.is_accepted
    assert "M405 for 2021: M-2021.tif cannot be read" in review.skipped
    assert list(review.classes.values) == [2020, 2022]


def test_a_run_writes_0_for_no_claim_whatever_the_files_have(module):
    incoming = receive(module, np.zeros((3, 5, 6), dtype=np.uint8))
    assert (incoming.nodata, list(incoming.pixels.values)) == (0, [2020, 2021, 2022])


def test_a_run_of_too_many_years_is_extra(module):
    assert list(receive(module, np.zeros((4, 5, 6), dtype=np.uint8)).extra) == [2023]


def test_an_array_that_is_no_plane_has_too_many_bands(module):
    cube = {year: np.full((2, 5, 6), 3, dtype=np.uint8) for year in (2020, 2021, 2022)}
    assert {finding.code for finding in review_rasters(module, cube).findings} == {"M402"}


def test_a_territory_that_cannot_be_read_is_said_once(small_module, tmp_path):
    (tmp_path / "territory.geojson").write_text("{}", encoding="utf-8")
    module = small_module(territory="territory.geojson")
    review = review_rasters(module, {year: np.full((5, 6), year % 2 * 12 + 3, "uint8") for year in (2020, 2021, 2022)})
    assert [finding.code for finding in review.findings] == ["T101"]
    assert {line.split(":")[0] for line in review.skipped} == {"M501", "M503", "M504", "M505", "M506"}


def test_remarks_on_the_module_are_part_of_the_review(module, arrive, series):
    remark = review_rasters(module, {2020: series[2020]}).findings[0]
    again = dataclasses.replace(module, remarks=(remark,))
    assert review_rasters(again, series).findings[0] == remark


def test_a_pattern_of_files_may_be_relative(tmp_path, monkeypatch):
    write(tmp_path / "in/M-2020.tif", 3)
    monkeypatch.chdir(tmp_path)
    assert [path.as_posix() for path in list_files("in/*.tif")] == ["in/M-2020.tif"]
