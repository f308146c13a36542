"""`mutirao rules` as people and scripts use it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
SHIPPED = ROOT / "configs" / "rules"


@pytest.fixture
def rules(tiny_project):
    """The rule file of the small network."""
    return tiny_project.root / "configs" / "rules" / "tiny.yaml"


@pytest.fixture
def at(tiny_project):
    return ("--project", tiny_project.root)


def change(path, old, new):
    text = path.read_text(encoding="utf-8")
    assert text.count(old) == 1
    path.write_text(text.replace(old, new), encoding="utf-8")


def test_rules_of_a_collection_are_judged_by_the_manifests(call, at):
    status, out, _ = call(*at, "rules", "lint", "tiny")
    assert (status, out) == (0, "tiny: 3 rules, 0 blocking, 0 advice\n")


def test_the_demonstration_is_clean(call):
    assert call("--project", ROOT, "rules", "lint", "banat")[:2] == (0, "banat: 4 rules, 0 blocking, 0 advice\n")


def test_a_dead_rule_is_told_with_line_witness_and_remedy(call, at, rules):
    change(rules, "  - id: land\n", "  - {id: canals, claim: {water: 33}, why: Again.}\n  - id: land\n")
    status, out, _ = call(*at, "rules", "lint", "tiny")
    assert status == 1
    assert "I201 canals rule 3 can never fire: rule 1 'water' comes first everywhere" in out
    assert f"at {rules}:13:5" in out
    assert "for example: water claims 33 " in out
    assert "remedy: move it up" in out


def test_findings_speak_json(call, at, rules):
    change(rules, "[native, farming]", "native")
    status, out, _ = call(*at, "rules", "lint", "tiny", "--json")
    finding = json.loads(out)[0]
    assert status == 1
    assert set(finding) == {"code", "severity", "rule", "message", "file", "line", "column", "remedy", "witness"}
    assert (finding["code"], finding["severity"], finding["line"]) == ("I206", "block", 3)
    assert finding["witness"]["claims"]["valley"] > 0


def test_ids_are_findings_with_their_line_and_the_rest_is_judged_too(call, at, rules):
    change(rules, "- id: towns\n    claim", "- claim")
    change(rules, "- id: land", "- id: water")
    change(rules, "assign: 24", "assign: 33")
    status, out, _ = call(*at, "rules", "lint", "tiny", "--json")
    assert status == 1
    assert [(f["code"], f["line"]) for f in json.loads(out)] == [("I208", 10), ("I207", 12), ("I203", 7)]


def test_unknown_class_is_a_finding_of_its_rule(call, at, rules):
    change(rules, "claim: {urban: 24}", "claim: {urban: 240}")
    status, out, _ = call(*at, "rules", "lint", "tiny", "--json")
    assert status == 1
    assert [(f["code"], f["rule"]) for f in json.loads(out)] == [("I102", "towns")]


def test_a_file_outside_of_a_project_needs_a_vocabulary(call, rules, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    lonely = tmp_path / "elsewhere" / "tiny.yaml"
    lonely.parent.mkdir()
    lonely.write_bytes(rules.read_bytes())
    status, _, err = call("rules", "lint", lonely)
    assert status == 2
    assert "U107" in err


def test_a_file_with_a_vocabulary_is_judged_by_it(call, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    status, out, _ = call("rules", "lint", SHIPPED / "mapbiomas-brazil-c5.yaml", "--json")
    dead = [finding for finding in json.loads(out) if finding["code"] == "I201"]
    assert status == 1
    assert "rule 15 'temporary-crop-of-the-biomes' comes first everywhere" in dead[0]["message"]


def test_several_collections_need_a_choice(call, at, tiny_project):
    folder = tiny_project.root / "configs" / "collections"
    second = (folder / "tiny.yaml").read_text(encoding="utf-8").replace("id: tiny", "id: second", 1)
    (folder / "second.yaml").write_text(second, encoding="utf-8")
    status, _, err = call(*at, "rules", "lint", "tiny")
    assert status == 2
    assert "U105" in err
    assert call(*at, "rules", "lint", "tiny", "--collection", "second")[0] == 0


def test_rules_are_shown_in_words(call, at):
    status, out, _ = call(*at, "rules", "show", "tiny")
    assert status == 0
    assert "Water first, then towns, then the valley" in out
    shown = json.loads(call(*at, "rules", "show", "tiny", "--json")[1])
    assert shown[0]["exceptions"] == ["unless urban claims 24 Urban area: 24 Urban area"]
    assert [item["code"] for item in shown[1]["classes"]] == [24]


@pytest.mark.parametrize("name", ["banat", "mapbiomas-brazil-c5", "peru-amazonia-v06"])
def test_a_page_and_markdown_name_every_rule(call, name):
    page = call("--project", ROOT, "rules", "show", name, "--format", "html")[1]
    table = call("--project", ROOT, "rules", "show", name, "--format", "markdown")[1]
    rules = json.loads(call("--project", ROOT, "rules", "show", name, "--json")[1])
    assert "http" not in page.replace("http-equiv", "")
    assert all(f'id="{rule["id"]}"' in page and f"| {rule['id']} |" in table for rule in rules)
    assert table.count("\n") == len(rules) + 4
