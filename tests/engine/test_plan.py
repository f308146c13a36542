"""The plan tells what a build would make and why, and writes nothing."""

from __future__ import annotations

import json
import re

import pytest
from typer.testing import CliRunner

from mutirao.cli.app import app
from mutirao.engine.build import build
from mutirao.engine.inputs import gather
from mutirao.engine.plan import plan
from mutirao.engine.progress import Silent
from mutirao.web.plan_page import plan_page

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
    found = plan(network, "tiny")
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
    assert plan(network, "tiny").passes[0].read_bytes == pytest.approx(9 * files_bytes, rel=1e-6)


def test_plan_after_a_build_is_empty_and_after_a_change_tells_why(network):
    build(network, "tiny", Silent())
    done = plan(network, "tiny")
    assert (done.is_done, done.hours(1), done.total("written_bytes")) == (True, 0.0, 0.0)
    file = network.root / "configs/chains/tiny.yaml"
    file.write_text(CHAIN.replace("min_pixels: 50", "min_pixels: 40"), encoding="utf-8")
    again = plan(network, "tiny")
    assert [len(one.tiles) for one in again.passes] == [0, 9]
    assert again.passes[1].reasons == {"step 4 of the chain changed": 9}
    assert build(network, "tiny", Silent()).by_pass == (0, 9)


def test_page_draws_passes_and_tiles_and_needs_no_other_file(network):
    page = plan_page(plan(network, "tiny"), 32)
    assert page.count('class="pass"') == 2
    assert page.count("never made") >= 18
    assert not re.search(r"""(src|href)=["'](?!data:)""", page)


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
