"""Every check of rasters, once without and once with a fault, on 5 x 6 pixels of 0.09 ha."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from affine import Affine

from mutirao.errors import Finding
from mutirao.modules.checks import RASTER_CHECKS
from mutirao.modules.yearly import ByYear


def affine(*, dx: float = 0, dy: float = 0, side: float = 30) -> Affine:
    return Affine(side, 0, 300000 + dx, 0, -side, 7800000 + dy)


@pytest.mark.parametrize("code", [check.code for check in RASTER_CHECKS])
def test_good_rasters_pass(code, compute_check, arrive, series):
    assert compute_check(code, incoming=arrive(series)) == []


def test_a_missing_year_names_the_file_that_was_expected(compute_check, arrive, series):
    del series[2021]
    (finding,) = compute_check("M201", incoming=arrive(series))
    assert finding.message == "year 2021 is missing, expected M-2021.tif"


def test_an_unreadable_file_is_passed_on(compute_check, arrive, series):
    unreadable = (Finding("M202", "cannot be read as a raster: broken", "M-2021.tif", "export it again"),)
    incoming = replace(arrive(series), unreadable=unreadable)
    assert compute_check("M202", incoming=incoming) == list(unreadable)


def test_an_extra_year_is_left_out_and_said(compute_check, arrive, series):
    (finding,) = compute_check("M203", incoming=replace(arrive(series), extra={2023: "M-2023.tif"}))
    assert (finding.severity, finding.where) == ("advise", "M-2023.tif")
    assert finding.message == "year 2023 is left out: the manifest has 2020 to 2022"


def test_two_files_of_a_year_are_refused(compute_check, arrive, series):
    incoming = replace(arrive(series), repeated={2020: ("a/M-2020.tif", "b/M-2020.tif")})
    (finding,) = compute_check("M204", incoming=incoming)
    assert finding.message == "year 2020 has 2 files: a/M-2020.tif, b/M-2020.tif"


def test_files_with_other_names_are_left_out_and_said_once(compute_check, arrive, series):
    names = tuple(f"in/M-2022-v{number}.tif" for number in range(1, 8))
    (finding,) = compute_check("M205", incoming=replace(arrive(series), unmatched=names))
    assert (finding.severity, finding.where) == ("advise", "in")
    shown = "M-2022-v1.tif, M-2022-v2.tif, M-2022-v3.tif, M-2022-v4.tif, M-2022-v5.tif and 2 more"
    assert finding.message == f"left out, because the name does not follow M-{{year}}.tif: {shown}"


def test_another_crs_is_named(compute_check, arrive, series):
    findings = compute_check("M301", incoming=arrive(series, crs="EPSG:32723"))
    assert [f.message for f in findings] == [
        "CRS is WGS 84 / UTM zone 23S (EPSG:32723), the grid has SIRGAS 2000 / UTM zone 23S (EPSG:31983)"
    ] * 3


def test_no_crs_is_another_crs(compute_check, arrive, series):
    assert compute_check("M301", incoming=arrive(series, crs=""))[0].message.startswith("CRS is none")


def test_another_resolution_is_refused_with_both_transforms(compute_check, arrive, series):
    finding = compute_check("M302", incoming=arrive(series, transform=affine(side=29)))[0]
    assert "pixel (29, -29)" in finding.message
    assert "pixel (30, -30)" in finding.message


def test_a_rotated_raster_is_refused(compute_check, arrive, series):
    turned = Affine(30, 1, 300000, 1, -30, 7800000)
    assert "rotated (1, 1)" in compute_check("M302", incoming=arrive(series, transform=turned))[0].message


@pytest.mark.parametrize("place", [float("nan"), float("inf")])
def test_a_place_that_is_no_number_is_refused_and_nothing_crashes(compute_check, arrive, series, place):
    nowhere = Affine(30, 0, place, 0, -30, 7800000)
    assert f"origin ({place}, 7800000)" in compute_check("M302", incoming=arrive(series, transform=nowhere))[0].message
    assert not compute_check("M303", incoming=arrive(series, transform=nowhere))
    compute_check("M304", incoming=arrive(series, transform=nowhere))


def test_a_shift_is_given_in_pixels_with_both_transforms(compute_check, arrive, series):
    # 7.5 m east is 7.5 / 30 = 0.25 pixel; 3 m north is -0.1 pixel to the south
    finding = compute_check("M303", incoming=arrive(series, transform=affine(dx=7.5, dy=3)))[0]
    assert "+0.25 pixel in x (to the east) and -0.10 in y" in finding.message
    assert "origin (300007.5, 7800003)" in finding.message
    assert "origin (300000, 7800000)" in finding.message


def test_rounding_in_a_header_is_no_shift(compute_check, arrive, series):
    assert compute_check("M303", incoming=arrive(series, transform=affine(dx=0.2))) == []  # 0.007 pixel


def test_a_shift_is_not_measured_between_different_pixels(compute_check, arrive, series):
    assert compute_check("M303", incoming=arrive(series, transform=affine(dx=7.5, side=29))) == []


def test_a_raster_that_begins_elsewhere_is_no_shift_but_another_extent(compute_check, arrive, series):
    incoming = arrive(series, transform=affine(dx=60, dy=30))
    assert compute_check("M303", incoming=incoming) == []
    assert "begins +2 pixels to the east and -1 to the south" in compute_check("M304", incoming=incoming)[0].message


def test_another_size_is_another_extent(compute_check, arrive, series):
    incoming = arrive({2020: series[2020][:4]})
    assert "4 rows x 6 columns, grid 5 x 6" in compute_check("M304", incoming=incoming)[0].message


def test_another_dtype_is_refused(compute_check, arrive, series):
    incoming = arrive({2020: series[2020].astype("int16")})
    assert compute_check("M401", incoming=incoming)[0].message == "dtype is int16, must be uint8"


def test_several_bands_are_refused(compute_check, arrive, series):
    assert compute_check("M402", incoming=arrive(series, count=3))[0].message == "has 3 bands, must have 1"


def test_another_nodata_value_is_refused(compute_check, arrive, series):
    finding = compute_check("M403", incoming=arrive(series, nodata=0))[0]
    assert finding.message == "nodata is 0 in the file and 255 in the manifest"


def test_a_file_need_not_have_a_nodata_value(compute_check, arrive, series):
    assert compute_check("M403", incoming=arrive(series, nodata=None)) == []


def test_a_class_that_is_not_claimed_is_counted(compute_check, arrive, series):
    series[2020][0, :4] = 33
    (finding,) = compute_check("M404", incoming=arrive(series))
    assert finding.message == "codes in neither 'crosswalk' nor 'classes': 33 Water (4 pixels)"


def test_values_outside_the_legend_are_counted(compute_check, arrive, series):
    series[2021][0, :2] = 99
    series[2021][4, 5] = 0  # nodata is 255 here, so 0 means nothing
    (finding,) = compute_check("M405", incoming=arrive(series))
    assert finding.message == "values in neither 'crosswalk' nor legend 'small': 0 (1 pixel), 99 (2 pixels)"


def test_a_gap_is_given_in_hectares_with_its_place(compute_check, arrive, series):
    series[2020][0, :3] = 255  # 3 of 30 pixels of 30 m; UTM scale near its centre is 1 to a thousandth
    (finding,) = compute_check("M501", incoming=arrive(series))
    assert "claims 90.00% of its territory, needs 99.00%; 0.3 ha missing" in finding.message
    assert "within 300000, 7799970, 300090, 7800000" in finding.message


def test_a_theme_need_not_cover_anything(compute_check, arrive, series, small_module):
    series[2020][0, :3] = 255
    assert compute_check("M501", incoming=arrive(series), module=small_module(kind="theme")) == []


def test_an_empty_year_of_a_region_is_refused(compute_check, arrive, series):
    series[2022][:] = 255
    (finding,) = compute_check("M502", incoming=arrive(series))
    assert (finding.message, finding.severity) == ("year 2022 claims no pixel", "block")


def test_an_empty_year_of_a_theme_is_advice(compute_check, arrive, series, small_module):
    series[2022][:] = 255
    theme = small_module(kind="theme")
    (finding,) = compute_check("M507", incoming=arrive(series), module=theme)
    assert (finding.message, finding.severity) == ("year 2022 claims no pixel", "advise")
    assert compute_check("M502", incoming=arrive(series), module=theme) == []
    assert compute_check("M507", incoming=arrive(series)) == []


def test_claims_outside_the_territory_are_refused(compute_check, arrive, series):
    inside = np.ones((5, 6), dtype=bool)
    inside[:4, 5] = False
    finding = compute_check("M503", incoming=arrive(series), territory=inside)[0]
    assert "claims 4 pixels (0.4 ha) outside the territory" in finding.message
    assert "within 300150, 7799880, 300180, 7800000" in finding.message


def test_a_territory_elsewhere_is_refused(compute_check):
    (finding,) = compute_check("M504", territory=np.zeros((5, 6), dtype=bool))
    assert finding.message.startswith("no pixel of the grid lies in the territory")


def test_a_year_that_repeats_the_one_before_is_advice(compute_check, arrive, series):
    series[2021] = series[2020].copy()
    (finding,) = compute_check("M601", incoming=arrive(series))
    assert (finding.message, finding.severity) == ("year 2021 is identical to 2020", "advise")


def test_local_codes_that_mean_the_same_class_make_no_difference(compute_check, arrive, series):
    series[2021] = np.where(series[2020] == 7, 3, series[2020]).astype("uint8")  # 7 is forest 3 in the crosswalk
    (finding,) = compute_check("M601", incoming=arrive(series))
    assert finding.message == "year 2021 is identical to 2020"


def test_years_off_the_grid_are_left_out_of_the_later_checks(compute_check, arrive, series):
    series[2020][:] = 255
    assert compute_check("M502", incoming=arrive(series, transform=affine(dx=7.5))) == []


def test_missing_headers_do_not_stop_a_check(compute_check, arrive, series):
    incoming = replace(arrive(series), headers=ByYear({}, {2020: "cannot be read"}))
    assert compute_check("M301", incoming=incoming) == []
