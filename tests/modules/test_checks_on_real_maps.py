"""Real maps run through the checks, and the checks say of them what their README files say."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from tests.modules import test_real_maps as network

from mutirao.grid import Tile
from mutirao.io import rasters
from mutirao.modules.discovery import load_module
from mutirao.modules.review import review_rasters
from mutirao.modules.submission import submit

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
    unsteady = [finding for finding in findings if finding.code in ("M603", "M604", "M605")]
    assert {finding.code for finding in unsteady} == {"M603", "M604", "M605"}
    assert all(finding.severity == "advise" for finding in findings)
    assert not any("3 Class 3" in finding.message for finding in unsteady)


def test_an_older_collection_has_stray_zeros_and_copied_years(look):
    files = sorted(LOURENCO.glob("*.tif"))
    codes = (3, 4, 11, 12, 15, 30, 33, 41)
    findings = look(files, codes, (1985, 2020), "utm_cover_AP_lorenco_{year}.tif", nodata=255)
    assert {finding.code for finding in findings if finding.severity == "block"} == {"M405"}
    stray = [finding.message.rsplit(": ", 1)[1] for finding in findings if finding.code == "M405"]
    assert set(stray) <= {"0 (1 pixel)", "0 (2 pixels)"}  # the README: code 0 occurs in a pixel or two
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


@pytest.fixture
def halves(tmp_path, monkeypatch):
    """Review the western half of real maps beside the eastern half, which another region has submitted."""

    def run(files, classes, change):
        years = tuple(int(path.stem[-4:]) for path in files)
        monkeypatch.setattr(network, "LEGEND", {c: f"Class {c}" for c in classes})
        monkeypatch.setattr(network, "YEARS", (years[0], years[-1]))
        grid = network.grid_of(files[0])
        manifest = {"kind": "region", "classes": sorted(classes), "min_coverage": 0}
        manifest |= {"delivery": {"files": "M-{year}.tif", "nodata": 0}}
        project = network.make_project(tmp_path, grid, **manifest)
        collection = project.collection("mt").value.model_dump(mode="json", exclude_defaults=True)
        collection["modules"] = [{"module": "mato"}, {"module": "east"}]
        network.write(tmp_path / "configs/collections/mt.yaml", collection)
        own = project.manifest("mato").value.model_dump(mode="json", exclude_defaults=True)
        network.write(tmp_path / "contributors/east/manifest.yaml", own | {"id": "east"})
        maps = {year: rasters.read(path) for year, path in zip(years, files, strict=True)}
        west = np.arange(grid.shape[1]) < grid.shape[1] // 2
        submit(project, "east", "1.0.0", {year: np.where(west, 0, change(plane)) for year, plane in maps.items()})
        mine = {year: np.where(west, plane, 0).astype(np.uint8) for year, plane in maps.items()}
        return review_rasters(load_module(project, "mato"), mine, project)

    return run


CODES = (3, 4, 9, 11, 12, 15, 20, 21, 24, 25, 33, 39, 41)


def seams(review):
    return {finding.code for finding in review.findings if finding.code.startswith("M9")}


def test_two_halves_of_one_map_have_no_seam(halves):
    review = halves(sorted(GOIAS.glob("*.tif"))[-3:], CODES, lambda plane: plane)
    assert seams(review) == set()
    seam = review.neighbourhood.all_years("east")
    assert seam.across.compared > 3000
    assert abs(seam.across.share - seam.inside.share) < 0.03


def test_a_half_that_was_moved_or_drawn_otherwise_has_a_seam(halves):
    def other_legend(plane):
        return np.where(plane == 15, 21, plane).astype(np.uint8)  # pasture as a mosaic of uses

    assert seams(halves(sorted(GOIAS.glob("*.tif"))[-3:], CODES, other_legend)) == {"M902"}


def test_a_half_that_lies_a_few_pixels_off_has_a_seam(halves):
    assert seams(halves(sorted(GOIAS.glob("*.tif"))[-3:], CODES, lambda plane: np.roll(plane, 6, axis=0))) == {"M902"}


THEMES = {"prodes": ("PRODES_2001_forest", {13: 3}), "waters": ("water", {12: 33})}
THEME_RULES = [
    {"id": "waters", "claim": {"waters": 33}, "why": "-"},
    {"id": "prodes", "claim": {"prodes": [3, 39]}, "why": "-"},
    {"id": "mato", "claim": {"mato": sorted({*network.REGION.values(), 33})}, "why": "-"},
]


@pytest.fixture
def mixed(tmp_path):
    """Write a network of the regional series and two themes of other institutes, which have submitted their masks.

    The masks lie 0.26 pixel beside the region's grid, so they are taken to its nearest pixels, as their makers would.
    """

    def make(prodes=None):
        project = network.region(tmp_path, network.grid_of(ITANHANGA / "itanhanga_2003.tif"))
        collection = project.collection("mt").value.model_dump(mode="json", exclude_defaults=True)
        collection["modules"] = [{"module": name} for name in ("mato", *THEMES)]
        network.write(tmp_path / "configs/collections/mt.yaml", collection)
        network.write(tmp_path / "configs/rules/mt.yaml", {"id": "mt", "title": "-", "rules": THEME_RULES})
        own = project.manifest("mato").value.model_dump(mode="json", exclude_defaults=True)
        for name, (_, crosswalk) in THEMES.items():
            table = prodes if name == "prodes" and prodes else crosswalk
            theme = {"id": name, "kind": "theme", "classes": [*table.values()], "crosswalk": table}
            network.write(tmp_path / f"contributors/{name}/manifest.yaml", own | theme)
            submit(project, name, "1.0.0", dict.fromkeys(network.YEARS, mask(name)))
        return project

    return make


def mask(name):
    """Return a theme in the window of the region, in the values of its institute."""
    path, window = network.DATA / f"masks/{THEMES[name][0]}.tif", network.mask_window()
    column, row = (round(value) for value in ~network.grid_of(path).transform @ window.origin)
    return rasters.read(path, Tile("window", row, row + window.shape[0], column, column + window.shape[1]))


def series():
    return [ITANHANGA / f"itanhanga_{year}.tif" for year in network.YEARS]


def lost_ha(review, year):
    return {(c.code, c.module): c.lost_ha for c in review.neighbourhood.contests if c.year == year and c.lost_ha}


def test_themes_of_other_institutes_win_what_a_plain_count_says(mixed):
    project = mixed()
    module = load_module(project, "mato")
    review = review_rasters(module, series(), project)
    local, forest, water = rasters.read(series()[1]), mask("prodes") == 13, mask("waters") == 12
    grid = module.collection.grid
    ha = np.broadcast_to(grid.areas_ha(grid.whole), grid.shape)
    pasture, trees = np.isin(local, (5, 6, 7)), local == 4
    lost = lost_ha(review, 2004)
    assert lost[15, "prodes"] == pytest.approx(ha[pasture & forest & ~water].sum())
    assert lost[15, "waters"] == pytest.approx(ha[pasture & water].sum())
    assert lost[3, "waters"] == pytest.approx(ha[trees & water].sum())
    assert (3, "prodes") not in lost  # both say forest
    # the mask shows the forest of 2001: more than half of the pasture of 2004 was cut since
    assert "15 Pasture" in [f.message.split(":")[0] for f in review.findings if f.code == "M911"]
    assert review.skipped == ()


def test_a_theme_that_reads_its_codes_in_another_institutes_way_takes_the_forest(mixed):
    project = mixed(prodes={13: 39})  # in the regional series 13 is soybean, in the mask it is forest
    review = review_rasters(load_module(project, "mato"), series(), project)
    (forest,) = [f.message for f in review.findings if f.code == "M911" and f.message.startswith("3 Forest")]
    assert "to others in a mean year: prodes" in forest
    local = rasters.read(series()[1])
    share = ((local == 4) & (mask("prodes") == 13)).sum() / (local == 4).sum()
    assert share == pytest.approx(0.95, abs=0.01)
    assert lost_ha(review, 2004)[3, "prodes"] > 0.9 * review.neighbourhood.claimed_ha[3] / 2


def test_an_old_theme_is_told_what_it_takes_from_the_region(mixed):
    project = mixed()
    submit(project, "mato", "1.0.0", series())
    review = review_rasters(load_module(project, "prodes"), dict.fromkeys(network.YEARS, mask("prodes")), project)
    (taken,) = [finding.message for finding in review.findings if finding.code == "M912"]
    assert "from mato, " in taken
    assert ": 3 Forest " in taken
