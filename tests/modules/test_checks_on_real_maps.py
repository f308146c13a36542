"""Real maps run through the checks, and the checks say of them what their README files say."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.modules import test_real_maps as network

from mutirao.io import rasters
from mutirao.modules.discovery import load_module
from mutirao.modules.review import review_rasters

DATA = Path(__file__).parents[3] / "shared/data"
pytestmark = pytest.mark.skipif(not DATA.is_dir(), reason=f"real maps are not beside the checkout: no {DATA}")
GOIAS = DATA / "mapbiomas-c8-sul-goiano"
LOURENCO = DATA / "mapbiomas-lourenco-c6-c8/c6"
SINOP = DATA / "sinop-modis-sits/two-classifications"
ITANHANGA = DATA / "mt-region-and-theme-maps/itanhanga"


@pytest.fixture
def look(tmp_path, monkeypatch):
    """Review files of a region that delivers them as they are; its grid is the first file's unless given."""

    def run(files, classes, years, pattern, *, grid=None, nodata=0, crosswalk=None):
        monkeypatch.setattr(network, "LEGEND", dict.fromkeys(classes, "-") | {c: f"Class {c}" for c in classes})
        monkeypatch.setattr(network, "YEARS", years)
        manifest = {"kind": "region", "classes": sorted(classes), "min_coverage": 0, "crosswalk": crosswalk or {}}
        manifest |= {"delivery": {"files": pattern, "nodata": nodata}}
        project = network.make_project(tmp_path, grid or network.grid_of(files[0]), **manifest)
        findings = review_rasters(load_module(project, "mato"), files).findings
        return [finding for finding in findings if finding.code != "M106"]  # nobody wrote a method page here

    return run


def test_a_published_collection_passes_every_check(look):
    files = sorted(GOIAS.glob("*.tif"))
    codes = (3, 4, 9, 11, 12, 15, 20, 21, 24, 25, 33, 39, 41)
    assert look(files, codes, (1985, 2022), "mapbiomas-brazil-collection-80-{year}.tif") == []


def test_yearly_classes_of_fields_flicker_and_forest_does_not(look):
    files = sorted(ITANHANGA.glob("*.tif"))
    crosswalk = network.REGION | {15: 33, 16: 33}
    codes = set(crosswalk.values())
    findings = look(files, codes, (2001, 2016), "itanhanga_{year}.tif", nodata=255, crosswalk=crosswalk)
    assert {"M603", "M604", "M605"} <= {finding.code for finding in findings}
    assert all(finding.severity == "advise" for finding in findings)
    assert not any("3 Class 3" in finding.message for finding in findings)


def test_an_older_collection_has_stray_zeros_and_copied_years(look):
    files = sorted(LOURENCO.glob("*.tif"))
    codes = (3, 4, 11, 12, 15, 30, 33, 41)
    findings = look(files, codes, (1985, 2020), "utm_cover_AP_lorenco_{year}.tif", nodata=255)
    assert {finding.code for finding in findings if finding.severity == "block"} == {"M405"}
    stray = [finding.message.rsplit(": ", 1)[1] for finding in findings if finding.code == "M405"]
    assert set(stray) <= {"0 (1 pixels)", "0 (2 pixels)"}  # the README: code 0 occurs in a pixel or two
    copies = [finding.message for finding in findings if finding.code == "M601"]
    assert "year 1986 is identical to 1985" in copies


def test_bands_of_all_years_are_no_file_a_year(look):
    file = DATA / "mapbiomas-lourenco-c6-c8/c8_lorenco_85a22.tif"
    findings = look([file], (3, 15), (1985, 1985), "c8_lorenco_{year}a22.tif", nodata=27)
    assert {"M201"} == {finding.code for finding in findings if finding.severity == "block"}


def test_two_organisations_of_one_place_have_other_grids_types_and_codes(look, tmp_path):
    ours = SINOP / "sits_TERRA_MODIS_MOSAIC_2013-09-14_2014-08-29_class_v1.tif"
    theirs = tmp_path / "S-2014.tif"
    theirs.write_bytes((SINOP / "gee_ClassificationMap_Sinop_RandomForest.tif").read_bytes())
    header = rasters.info(ours)
    assert header.shape == (150, 285)
    findings = look([theirs], (3, 4, 15, 39), (2014, 2014), "S-{year}.tif", grid=network.grid_of(ours))
    blocked = {finding.code for finding in findings if finding.severity == "block"}
    assert blocked >= {"M302", "M304", "M401"}  # 231.66 m instead of 236.16, 291 x 151, int32
