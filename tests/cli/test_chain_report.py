"""`mutirao chain report`: words, JSON and page, of a build and of rasters."""

from __future__ import annotations

import base64
import json
import re
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import rasterio

from mutirao.cli import console
from mutirao.engine.build import latest
from mutirao.engine.chainreport import ChainReport, picture_of, report_of_build, report_of_stack
from mutirao.engine.stack import chain_on_stack, open_stack
from mutirao.filters.tally import reference
from mutirao.grid import Grid
from mutirao.project import Project
from mutirao.web.chain_page import BREAKS, chain_page, line

ROOT = Path(__file__).resolve().parents[2]
MAPS = ROOT.parent / "shared" / "data" / "mapbiomas-c8-sul-goiano"
STEPS = """id: long
title: Long
vocabulary: {legend: mapbiomas-brazil, first: 1985, last: 2022}
steps:
  - {filter: gap_fill}
  - {filter: window, width: 5, classes: [4, 11, 3, 12, 21, 25, 33]}
  - {filter: window, width: 4, classes: [4, 11, 3, 12, 21, 25, 33]}
  - {filter: window, width: 3, classes: [4, 11, 3, 12, 21, 25, 33]}
  - {filter: isolated, classes: [3, 4, 12, 15]}
  - {filter: pattern, rewrites: ["3 21 21 15 -> 3 21 15 15"], reads: running}
  - {filter: patches, min_pixels: 6, protected: [33]}
"""


@pytest.fixture(scope="module")
def report(demo) -> ChainReport:
    return report_of_build(latest(demo.project, "banat"))


def test_tables_of_a_build_are_those_of_plain_python(demo):
    built = latest(demo.project, "banat")
    before, after, last = (built.layer(name) for name in ("integrated", "class", "filter"))
    grid, steps = built.grid, built.table("filter_steps")
    pixel_ha = np.broadcast_to(grid.areas_ha(grid.whole), grid.shape)
    expected = reference([before, after], pixel_ha)  # as if the chain were a single step
    whole = steps.iloc[0]
    assert (whole["series"], whole["series_ha"]) == (
        expected.steps[0, 0],
        pytest.approx(expected.steps[0, 1], abs=1e-5),
    )
    means = expected.steps[0, 2:] / expected.whole[1]
    assert (whole["changes_before"], whole["changes_after"]) == pytest.approx(tuple(means), abs=1e-5)
    net = built.table("filter_chain")["area_ha"].sum()
    assert net == pytest.approx(expected.area_ha[expected.kinds[:, 0] == 0].sum(), abs=1e-3)
    for number in (1, 2, 3):
        # What a step was the last to write is no more than all that it wrote.
        assert steps["rewritten_ha"][number] >= (pixel_ha * (last == number)).sum() - 1e-3
    assert steps["rewritten_ha"][1:].sum() == pytest.approx(built.table("filters")["area_ha"].sum(), abs=1e-3)
    counts = np.zeros(grid.shape, np.int64)
    for tile, rewrites in built.rewrites():
        counts[tile.slices] = rewrites
    assert ((counts > 0) == (last > 0).any(axis=0)).all()


def test_last_year_is_flagged_in_record_notes_and_tables(demo, report):
    assert latest(demo.project, "banat").record.unconfirmed == (2020,)
    assert report.unconfirmed == [2020]
    folder = demo.result.releases[-1].folder
    assert "Preliminary: no step can judge 2020" in (folder / "release-notes.md").read_text(encoding="utf-8")
    years = pd.read_csv(folder / "tables" / "filter_years.csv", keep_default_na=False, dtype=str)
    assert years.to_numpy().tolist() == [
        ["2016", "", "false"],
        ["2017", "2", "false"],
        ["2018", "2", "false"],
        ["2019", "2", "false"],
        ["2020", "", "true"],
    ]


def test_words_and_json_of_a_build(call, demo, monkeypatch, report):
    monkeypatch.setattr(console.out, "width", 80)
    options = ("--project", demo.project.root, "--workspace", demo.project.workspace, "chain", "report")
    status, out, _ = call(*options)
    assert status == 0
    assert max(map(len, out.splitlines()[:-1])) <= 80
    assert re.search(r"3 +Remove patches under 3 .* → ", out)
    assert "no step can judge 2020" in out
    told = json.loads(call(*options, "banat", "--json")[1])
    assert told["unconfirmed"] == [2020]
    assert len(told["filters"]) == len(report.filters)
    assert told["steps"][0]["step_title"] == "Whole chain"
    block = re.search(r"```\n(banat, build .*?)```", (ROOT / "docs/maintainer.md").read_text("utf-8"), re.DOTALL)
    assert block is not None
    shown, said = ([line.rstrip() for line in text.splitlines()] for text in (block[1], out))
    assert shown[1:] == said[1 : len(shown)]


def test_page_is_one_file_with_the_map_and_all_steps(report):
    page = chain_page(report)
    assert not re.search(r"(?:src|href)=\"(?!data:)", page)
    assert "prefers-color-scheme: dark" in page
    assert "Preliminary: 2020" in page
    picture = base64.b64decode(re.search(r"data:image/png;base64,([^\"]+)", page)[1])
    with rasterio.MemoryFile(picture) as file, file.open() as src:
        assert (src.read(1) == np.digitize(report.picture, BREAKS)).all()
    for step in report.rows():
        assert f"{step.rewritten_ha:,.2f}" in page


def test_names_on_the_page_are_text_not_markup(report):
    assert "<script>" not in chain_page(replace(report, title="<script>alert(1)</script>"))


def test_line_of_changes_falls_from_top_to_bottom(report):
    frame = pd.DataFrame({**dict.fromkeys(report.steps, 0), "changes_after": [1.0, 2.0, 1.0]})
    frame["changes_before"] = 3.0
    points = line(replace(report, steps=frame), width=100, height=50)
    assert [(point.x, point.y, point.label) for point in points] == [
        (0, 0, "3.000"),
        (50, 25, "2.000"),
        (100, 50, "1.000"),
    ]


def test_picture_of_a_large_map_keeps_the_highest_count(monkeypatch):
    grid = Grid(crs="EPSG:3035", resolution=30, origin=(0, 0), shape=(5, 8), tile=16)
    monkeypatch.setattr("mutirao.engine.chainreport.MAX_SIDE", 4)
    counts = np.zeros((5, 8), np.uint16)
    counts[4, 7], counts[0, 1] = 300, 2
    assert picture_of(grid, [(grid.whole, counts)]).tolist() == [[2, 0, 0, 0], [0, 0, 0, 0], [0, 0, 0, 300]]


def test_38_real_years_through_a_long_chain(tmp_path, monkeypatch):
    files = sorted(MAPS.glob("*-80-*.tif"))
    if not files:
        pytest.skip(f"the MapBiomas clip is not at {MAPS}")
    (tmp_path / "long.yaml").write_text(STEPS, encoding="utf-8")
    stack = open_stack(files)
    monkeypatch.setattr("mutirao.engine.chainreport.MAX_SIDE", max(stack.grid.shape))
    monkeypatch.setattr(type(stack.grid), "tiles", lambda grid: iter([grid._tile(1, 0)]))
    small = replace(stack, grid=stack.grid.model_copy(update={"tile": 256}))
    chain = chain_on_stack(Project(ROOT, tmp_path), str(tmp_path / "long.yaml"), small)
    found = report_of_stack(chain)
    whole, *steps = found.rows()
    assert found.unconfirmed == [2022]
    assert [step.series > 0 for step in steps] == [False, True, True, True, False, True, True]
    for step, before in zip(steps[1:], steps, strict=False):
        assert step.changes_before == pytest.approx(before.changes_after)
    assert steps[3].changes_after < steps[3].changes_before
    assert (whole.changes_before, whole.changes_after) == (steps[0].changes_before, steps[-1].changes_after)
    assert whole.rewritten_ha <= sum(step.rewritten_ha for step in steps)
    pixel_ha = stack.grid.areas_ha(small.grid._tile(1, 0)).mean()
    assert found.picture.sum() * pixel_ha == pytest.approx(sum(step.rewritten_ha for step in steps), rel=1e-3)
    page = chain_page(found)
    assert "Preliminary: 2022" in page
    assert page.count("<details>") == 7
