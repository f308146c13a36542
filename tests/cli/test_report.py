"""`mutirao report`, and the page that a submission leaves."""

from __future__ import annotations

import json

import numpy as np
import pytest
import rasterio

from mutirao.cli import report_command
from mutirao.errors import ResourceError


@pytest.fixture
def at(tiny_project):
    """Options that name the tiny network."""
    return ("--project", tiny_project.root)


@pytest.fixture
def towns(tmp_path):
    """Files of the module urban: local code 1 in 16 pixels, later in 24."""
    folder = tmp_path / "in"
    folder.mkdir()
    transform = rasterio.Affine(30, 0, 300000, 0, -30, 7800000)
    profile = {"crs": "EPSG:31983", "transform": transform, "nodata": 255, "dtype": "uint8", "count": 1}
    for year, columns in ((2021, 6), (2022, 8)):
        pixels = np.full((36, 40), 255, np.uint8)
        pixels[:4, 2:columns] = 1
        with rasterio.open(folder / f"towns_{year}.tif", "w", driver="GTiff", height=36, width=40, **profile) as dst:
            dst.write(pixels, 1)
    return folder


def test_a_submission_leaves_a_page_and_tells_where(call, at, tiny_project, towns):
    status, out, _ = call(*at, "submit", "urban", "--version", "1.0.0", "--rasters", towns)
    page = tiny_project.reports / "urban/1.0.0.html"
    assert status == 0
    assert f"report: {page}" in out
    assert "Towns, version 1.0.0" in page.read_text(encoding="utf-8")
    assert page.parent.parent.parent == tiny_project.workspace  # and not in the submission, which never changes
    page.unlink()
    _, out, _ = call(*at, "submit", "urban", "--version", "1.0.0", "--rasters", towns, "--json")
    assert json.loads(out)["page"] == str(page)
    assert page.is_file()  # made again for what was there already


def test_a_submission_stands_even_if_its_page_cannot_be_made(call, at, tiny_project, towns, monkeypatch):
    def full(*_: object, **__: object) -> None:
        raise ResourceError.because("R207", "no space", where="reports", remedy="make room")

    monkeypatch.setattr(report_command, "write_report", full)
    status, out, err = call(*at, "submit", "urban", "--version", "1.0.0", "--rasters", towns)
    assert status == 0
    assert "no report could be made; try 'mutirao report'" in out
    assert "R207" in err
    assert (tiny_project.submissions / "urban/1.0.0/submission.json").is_file()


def test_report_tells_the_numbers_and_writes_the_page(call, at, tiny_submitted, tmp_path):
    page = tmp_path / "valley.html"
    status, out, _ = call(*at, "report", "valley", "--html", page)
    assert status == 0
    assert "valley 1.0.0, 2020-2022" in out
    assert "129.6 ha" in out
    assert "75.0 % of the pixels claimed" in out
    assert page.read_text(encoding="utf-8").startswith("<!doctype html>")


def test_report_speaks_json(call, at, tiny_submitted, tiny_project):
    status, out, _ = call(*at, "report", "urban", "--version", "1.0.0", "--json")
    told = json.loads(out)
    assert status == 0
    assert told["page"] == str(tiny_project.reports / "urban/1.0.0.html")
    assert told["pixels_by_changes"] == [24]
    assert told["years"] == [2021, 2022]


def test_what_was_never_submitted_has_no_report(call, at):
    status, _, err = call(*at, "report", "urban")
    assert status == 2
    assert "S107" in err
