"""`mutirao chain` as people and scripts use it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
DEAD = """id: dead
title: A rewrite behind its like
vocabulary: {legend: mapbiomas-brazil, first: 2000, last: 2009, layers: {biome: {pampa: 2}}}
steps:
  - filter: pattern
    title: Middle years
    where: {biome: pampa}
    years: {first: 2001}
    reads: running
    rewrites:
      - 3 15 3 -> _ 3 _
      - 3 15 3 -> _ 21 _
  - filter: window
    classes: [water, 24]
"""


@pytest.fixture
def dead(tmp_path, monkeypatch):
    """A chain of its own, beside a legend, in no project."""
    (tmp_path / "chains").mkdir()
    (tmp_path / "legends").mkdir()
    legend = (ROOT / "configs/legends/mapbiomas-brazil.yaml").read_bytes()
    (tmp_path / "legends" / "mapbiomas-brazil.yaml").write_bytes(legend)
    path = tmp_path / "chains" / "dead.yaml"
    path.write_text(DEAD, encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    return path


def test_the_demonstration_is_clean(call):
    assert call("--project", ROOT, "chain", "lint", "banat")[:2] == (0, "banat: 3 steps, 0 blocking, 0 advice\n")


def test_the_table_that_is_shipped_is_clean(call):
    status, out, _ = call("--project", ROOT, "chain", "lint", "amazonia-table")
    assert (status, out) == (0, "amazonia-table: 4 steps, 0 blocking, 0 advice\n")


def test_a_dead_rewrite_is_told_with_line_series_and_remedy(call, dead):
    status, out, _ = call("chain", "lint", dead)
    assert status == 1
    assert "F204 step 1 Middle years: rewrite 2 '3 15 3 -> _ 21 _' can never match" in out
    assert f"at {dead}:12:9" in out
    assert "for example, " in out
    assert "comes in" in out
    assert "\N{FULL BLOCK}15" in out
    assert "remedy: take it out, or move it" in out
    assert out.endswith("dead: 2 steps, 1 blocking, 0 advice\n")


def test_findings_speak_json(call, dead):
    status, out, _ = call("chain", "lint", dead, "--json")
    finding = json.loads(out)[0]
    assert status == 1
    assert (finding["code"], finding["severity"], finding["step"], finding["line"]) == ("F204", "block", 1, 12)
    assert finding["witness"]["series"][0]["after"] == "comes in"
    assert finding["witness"]["years"] == list(range(2000, 2010))


def test_what_a_collection_cannot_hold_is_told(call, tiny_project):
    """The modules of the small network claim no grassland (12), but its legend has it."""
    chains = tiny_project.root / "configs" / "chains"
    chains.mkdir(exist_ok=True)
    path = chains / "tiny.yaml"
    path.write_text(
        "id: tiny\ntitle: t\nsteps:\n  - {filter: pattern, rewrites: [69 3 -> 3 _, 3 33 3 -> _ 3 _]}\n",
        encoding="utf-8",
    )
    collection = tiny_project.root / "configs" / "collections" / "tiny.yaml"
    text = "".join(
        line
        for line in collection.read_text(encoding="utf-8").splitlines(keepends=True)
        if not line.startswith("chain:")
    )
    collection.write_text(text + "\nchain: tiny\n", encoding="utf-8")
    _, out, _ = call("--project", tiny_project.root, "chain", "lint", "tiny", "--json")
    assert [f["code"] for f in json.loads(out)][:1] in (["F203"], ["F101"])


def test_a_chain_that_says_nothing_of_its_legend_is_refused(call, dead):
    dead.write_text("".join(line for line in DEAD.splitlines(keepends=True) if "vocabulary" not in line), "utf-8")
    status, _, err = call("chain", "lint", dead)
    assert status == 2
    assert "U113" in err


def test_steps_are_shown_in_words(call, dead):
    status, out, _ = call("chain", "show", dead)
    assert status == 0
    assert "A rewrite behind its like" in out
    assert "where biome is pampa, from 2001" in " ".join(out.split())
    shown = json.loads(call("chain", "show", dead, "--json")[1])
    assert [step["filter"] for step in shown] == ["pattern", "window"]
    assert shown[0]["settings"]["rewrites"].startswith(
        "3 Forest formation 15 Pasture 3 Forest formation \N{RIGHTWARDS ARROW}"
    )
    assert shown[1]["settings"] == {"classes": "water , 24 Urban area"}


@pytest.mark.parametrize("name", ["banat", "amazonia-table"])
def test_a_page_and_markdown_name_every_step(call, name):
    page = call("--project", ROOT, "chain", "show", name, "--format", "html")[1]
    table = call("--project", ROOT, "chain", "show", name, "--format", "markdown")[1]
    steps = json.loads(call("--project", ROOT, "chain", "show", name, "--json")[1])
    assert "http" not in page
    assert all(step["title"] in page and step["title"] in table for step in steps)
    assert table.count("\n") == len(steps) + 4


def test_a_table_becomes_a_chain(call, tmp_path):
    table = ROOT / "configs/chains/amazonia-table.csv"
    words = ("chain", "import", table, "--legend", "mapbiomas-brazil", "--first", 1985, "--last", 2024)
    status, out, _ = call(*words)
    assert status == 0
    assert out == table.with_suffix(".yaml").read_text(encoding="utf-8")
    written = tmp_path / "Two Words.yaml"
    status, out, _ = call(*words, "--biome", "amazonia", "--out", written)
    assert (status, out) == (0, f"{written}: 4 steps, 9 rewrites, 1 rows inactive\n")
    assert "id: two-words" in written.read_text(encoding="utf-8")


def test_a_wrong_table_is_refused_with_its_cell(call, tmp_path):
    table = tmp_path / "t.csv"
    table.write_text("rule,type,kernel,active,t-2,t-1,t,t+1,t+2,result\na,RX,3,1,,3,15,3,,3\n", encoding="utf-8")
    status, _, err = call("chain", "import", table, "--legend", "l", "--first", 2000, "--last", 2001)
    assert status == 1
    assert "F143" in err
    assert f"{table}:2:3" in err
