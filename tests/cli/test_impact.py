"""`mutirao rules impact`: words, JSON, report and map."""

from __future__ import annotations

import base64
import io
import json
import re
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import rasterio
from rich.console import Console
from typer.testing import CliRunner

from mutirao.cli import terminal_map
from mutirao.cli.app import app
from mutirao.engine.build import latest
from mutirao.engine.impact import choose_rules, measure
from mutirao.engine.progress import Silent
from mutirao.errors import MutiraoError
from mutirao.web.impact_page import COLORS, impact_page
from mutirao.web.png import png

ROOT = Path(__file__).resolve().parents[2]
PROPOSAL = ROOT / "docs/examples/banat-closed-forest.yaml"


@pytest.fixture
def call(demo):
    """Call the command on the demonstration."""

    def call(*arguments: object):
        place = ("--project", demo.project.root, "--workspace", demo.project.workspace)
        words = [str(word) for word in (*place, "rules", "impact", *arguments)]
        return CliRunner().invoke(app, words, env={"COLUMNS": "80"})

    return call


@pytest.fixture(scope="module")
def impact(demo):
    built = latest(demo.project, "banat")
    old, new = (choose_rules(demo.project, built, name) for name in ("build", str(PROPOSAL)))
    return measure(demo.project, built, old, new, Silent())


def files(folder: Path) -> dict[str, bytes]:
    return {str(path): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_words_on_a_narrow_terminal_and_nothing_written(call, demo):
    before = files(demo.project.workspace)
    said = call("build", PROPOSAL)
    assert said.exit_code == 0
    assert "another class before the chain     1.88" in said.output
    assert "another class in the finished map  2.00" in said.output
    assert "meadows       banat_forest               1.88          1.88         1.84" in said.output
    tables = said.output.split("nothing is adopted\n")[1].split("a report with a map")[0]
    assert max(map(len, tables.splitlines())) <= 80
    assert files(demo.project.workspace) == before


def test_documents_show_what_is_said(call):
    said = call("build", PROPOSAL).output
    shown = (ROOT / "docs/maintainer.md").read_text(encoding="utf-8")
    block = re.search(r"```\n(What differs.*?)```", shown, re.DOTALL)
    assert block is not None
    assert block[1] in said


def test_json_sums_to_its_totals(call, demo):
    said = json.loads(call("banat", PROPOSAL, "--json").stdout)
    whole = [row for row in said["changes"] if row["territory_level"] == "all"]
    assert (said["tiles"], said["of_tiles"], said["estimate"]) == (16, 16, False)
    for name, old, new in (("before_ha", "class_from", "class_to"), ("after_ha", "final_from", "final_to")):
        assert sum(row["area_ha"] for row in whole if row[old] != row[new]) == pytest.approx(said["totals"][name])
    sampled = json.loads(call("build", PROPOSAL, "--json", "--sample", 1).stdout)
    assert (sampled["tiles"], sampled["estimate"]) == (1, True)
    assert sampled["standard_errors"]["before_ha"] is None


def test_sample_is_said_to_be_an_estimate(call, tmp_path):
    said = call("build", PROPOSAL, "--sample", 6, "--html", tmp_path / "report.html").output
    assert "an estimate from 6 of 16 tiles (37.5%)" in said
    assert re.search(r"finished map +\d\.\d\d ± \d\.\d\d", said)
    page = (tmp_path / "report.html").read_text(encoding="utf-8")
    assert "<strong>An estimate</strong> from 6 of 16 tiles" in page
    assert "not looked at" in page


def test_same_rules_change_nothing(call, tmp_path):
    said = call("build", "banat", "--html", tmp_path / "report.html")
    assert "nothing changes" in said.output
    assert "Nothing changes" in (tmp_path / "report.html").read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        (("build", "no_such_rules"), "C101"),
        (("build", "nowhere/rules.yaml"), "C101"),
        (("build", PROPOSAL, "--on", "abcdef012345"), "B107"),
    ],
)
def test_refusals_have_a_code(call, arguments, code):
    refused = call(*arguments)
    assert isinstance(refused.exception, MutiraoError)
    assert [finding.code for finding in refused.exception.findings] == [code]


def test_wrong_rules_are_refused_with_their_findings(call, tmp_path):
    wrong = tmp_path / "wrong.yaml"
    text = PROPOSAL.read_text(encoding="utf-8")
    wrong.write_text(text.replace("{meadows: meadow", "{meadow: meadow").replace("fresh clear-cut", "stale"), "utf-8")
    found = call("build", wrong).exception.findings
    assert {finding.code for finding in found} == {"I101", "I102"}
    assert all(finding.where.startswith(f"{wrong}:") for finding in found)


def test_report_is_one_file_whose_map_shows_the_marks(impact):
    page = impact_page(impact)
    assert not re.search(r"(?:src|href)=\"(?!data:)", page)
    assert "@import" not in page
    picture = base64.b64decode(re.search(r"data:image/png;base64,([^\"]+)", page)[1])
    with rasterio.MemoryFile(picture) as file, file.open() as src:
        assert (src.read(1) == impact.picture).all()
        assert src.colormap(1)[11] == COLORS[11]
    assert "prefers-color-scheme: dark" in page
    assert "{:,.2f} ha".format(impact.totals()["after_ha"]) in page


def test_names_in_the_report_are_text_not_markup(impact):
    assert "<script>" not in impact_page(replace(impact, new="<script>alert(1)</script>"))


def test_png_keeps_every_number():
    marks = np.arange(13, dtype=np.uint8).repeat(7).reshape(13, 7)
    with rasterio.MemoryFile(png(marks, COLORS)) as file, file.open() as src:
        assert (src.read(1) == marks).all()


def test_terminal_draws_the_places_that_change(impact, monkeypatch):
    stream = io.StringIO()
    screen = Console(file=stream, force_terminal=True, width=80, color_system="truecolor")
    monkeypatch.setattr(terminal_map, "out", screen)
    terminal_map.draw_impact(impact)
    drawn = stream.getvalue()
    assert drawn.count("▀") == 25 * 50
    assert "38;2;227;86;31" in drawn
    lines = re.sub(r"\x1b\[[\d;]*m", "", drawn).splitlines()
    assert max(map(len, lines)) <= 80
    monkeypatch.setattr(terminal_map, "out", Console(file=stream, force_terminal=False))
    terminal_map.draw_impact(impact)
    assert stream.getvalue() == drawn


def test_coarse_map_keeps_the_highest_mark():
    marks = np.ones((4, 160), np.uint8)
    marks[3, 159] = 12
    coarse = terminal_map.coarse(marks, 80)
    assert coarse.shape == (2, 80)
    assert coarse[1, 79] == 12
    assert coarse.sum() == 2 * 80 + 11
