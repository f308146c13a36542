"""The plan tells what a build would make and why, and writes nothing."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from types import SimpleNamespace

import pytest
from typer.testing import CliRunner

from mutirao.cli.app import app
from mutirao.engine import calibration
from mutirao.engine.build import build
from mutirao.engine.inputs import gather
from mutirao.engine.plan import plan
from mutirao.engine.progress import Silent
from mutirao.engine.summary import NEEDED, Summary
from mutirao.web.plan_page import hours, plan_page

CHAIN = """id: tiny
title: Two wide steps
steps:
  - filter: gap_fill
  - filter: patches
    min_pixels: 100
  - filter: window
    classes: [33, 3, 15, 39]
  - filter: patches
    min_pixels: 50
"""


@pytest.fixture
def network(tiny_network):
    """Give the tiny network with a chain whose halos, 198 and 98 pixels, do not fit into one pass of 256."""
    (tiny_network.root / "configs/chains/tiny.yaml").write_text(CHAIN, encoding="utf-8")
    return tiny_network


def files(project) -> set[str]:
    """Return the files of the workspace but for polygons as pixels, which everybody may burn who asks for them."""
    found = (path for path in project.workspace.rglob("*") if path.is_file())
    return {path.as_posix() for path in found if project.burnt not in path.parents}


def test_plan_tells_the_passes_of_a_first_build_and_writes_nothing(network):
    before = files(network)
    found = plan(network, "tiny", Silent())
    assert files(network) == before
    titles = ("Integration", "Fill missing years", "Remove small patches", "Close short interruptions")
    assert [one.steps for one in found.passes] == [titles, ("Remove small patches",)]
    assert [one.halo for one in found.passes] == [198, 98]
    assert [len(one.tiles) for one in found.passes] == [9, 9]
    assert {why for one in found.passes for reasons in one.tiles.values() for why in reasons} == {"never made"}
    assert all(one.read_bytes > 0 and one.written_bytes > 0 and one.core_seconds > 0 for one in found.passes)
    # Nine tiles keep at most nine cores busy.
    assert found.hours(1) == pytest.approx(9 * found.hours(9)) == 9 * found.hours(32) > found.summing_seconds / 3600
    assert build(network, "tiny", Silent()).by_pass == (9, 9)


def test_bytes_read_are_those_of_the_files_by_pixels_read(network):
    # A window that is cut at the edge of the map is the whole map here, so each tile reads all claims.
    receipts = [stored.receipt for stored in gather(network, "tiny", {}).submissions]
    files_bytes = sum(file.size for receipt in receipts for file in receipt.files)
    assert plan(network, "tiny", Silent()).passes[0].read_bytes == pytest.approx(9 * files_bytes, rel=1e-6)


def test_plan_after_a_build_is_empty_and_after_a_change_tells_why(network):
    build(network, "tiny", Silent())
    done = plan(network, "tiny", Silent())
    assert (done.is_done, done.hours(1), done.total("written_bytes")) == (True, 0.0, 0.0)
    file = network.root / "configs/chains/tiny.yaml"
    file.write_text(CHAIN.replace("min_pixels: 50", "min_pixels: 40"), encoding="utf-8")
    again = plan(network, "tiny", Silent())
    assert [len(one.tiles) for one in again.passes] == [0, 9]
    assert again.passes[1].reasons == {"step 4 of the chain changed": 9}
    assert build(network, "tiny", Silent()).by_pass == (0, 9)


def test_page_draws_passes_and_tiles_and_needs_no_other_file(network):
    page = plan_page(plan(network, "tiny", Silent()), 32)
    assert page.count('class="pass"') == 2
    rows = [re.sub("<[^>]*>", "|", row).strip("|") for row in re.findall("<tr>.*</tr>", page)]
    names = " ".join(f"{row}_{column}" for row in range(3) for column in range(3))
    assert rows[-2:] == [f"1||never made||9||{names}", f"2||never made||9||{names}"]
    assert not re.search(r"""(src|href)=["'](?!data:)""", page)


def test_plan_tells_whether_the_disk_has_room(network, monkeypatch):
    monkeypatch.setattr("mutirao.engine.plan.shutil.disk_usage", lambda path: SimpleNamespace(free=5_000))
    found = plan(network, "tiny", Silent())
    assert (found.free_bytes, found.fits) == (5_000, False)
    assert "5.0 kB are free: <strong>too little" in plan_page(found, 32)
    places = ["--project", str(network.root), "--workspace", str(network.workspace)]
    assert "5.0 kB are free: too little" in CliRunner().invoke(app, [*places, "plan"]).stdout
    assert replace(found, free_bytes=round(found.total("written_bytes"))).fits
    assert replace(found, free_bytes=None).fits  # nobody knows of a store


@pytest.mark.parametrize(
    ("value", "words"),
    [(0, "0 s"), (0.0001, "under 1 s"), (0.01, "36 s"), (0.5, "30 min"), (2, "2.0 h"), (1500, "1,500.0 h")],
)
def test_hours_in_words(value, words):
    assert hours(value) == words


def test_tiles_that_are_made_for_the_same_reason_are_told_together(network):
    found = plan(network, "tiny", Silent())
    first, second = found.passes
    why = {tile: ("rule a changed",) if tile in ("0_1", "2_2") else ("never made",) for tile in first.tiles}
    page = plan_page(replace(found, passes=(replace(first, tiles=why), replace(second, tiles={}))), 32)
    rows = [re.sub("<[^>]*>", "|", row).strip("|") for row in re.findall("<tr>.*</tr>", page)]
    assert rows[-2:] == ["1||never made||7||0_0 0_2 1_0 1_1 1_2 2_0 2_1", "1||rule a changed||2||0_1 2_2"]


def test_end_of_a_build_is_tried_with_all_that_it_reads(network, monkeypatch):
    added: list[tuple[tuple[int, int], set[str]]] = []

    class Watched(Summary):
        def add(self, tile, block):
            added.append((tile.shape, set(block)))
            super().add(tile, block)

    monkeypatch.setattr(calibration, "Summary", Watched)
    assert plan(network, "tiny", Silent()).summing_seconds > 0
    # To warm up, twice to time, and to see how much memory is held: tiles 4, 2, 6 and 4 of nine, and the last column
    # has 8 pixels, the last row 4.
    assert [shape for shape, _ in added] == [(16, 16), (16, 8), (4, 16), (16, 16)]
    assert all(names == set(NEEDED) for _, names in added)


def test_command_prints_json_and_writes_the_page(network, tmp_path):
    places = ["--project", str(network.root), "--workspace", str(network.workspace)]
    page = tmp_path / "plan.html"
    told = CliRunner().invoke(app, [*places, "plan", "--json", "--cores", "8", "--html", str(page)])
    assert told.exit_code == 0, told.output
    found = json.loads(told.stdout)
    assert (found["of_tiles"], len(found["passes"]), page.is_file()) == (9, 2, True)
    assert {"1", "8"} <= set(found["hours"])
    text = CliRunner().invoke(app, [*places, "plan"]).stdout
    assert "never made" in text
    assert "on 32 such cores" in text
