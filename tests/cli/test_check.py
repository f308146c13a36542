"""`mutirao check`: what lies beside a module, in words, as JSON and on the page; and limits of a collection."""

from __future__ import annotations

import json
from datetime import date, timedelta

import numpy as np
import pytest

from mutirao.errors import ConfigError
from mutirao.io.cogs import write_cog
from mutirao.modules.submission import submit


@pytest.fixture
def delivered(tiny_project, tiny_rasters, tmp_path):
    """Write the valley's rasters to files; the water module has submitted its own."""
    submit(tiny_project, "water", "1.0.0", tiny_rasters["water"])
    grid = tiny_project.collection("tiny").value.grid
    for year, plane in zip((2020, 2021, 2022), tiny_rasters["valley"], strict=True):
        write_cog(tmp_path / f"in/valley-{year}.tif", plane, grid)
    return tmp_path / "in"


def test_what_the_rules_do_is_told(call, tiny_project, delivered, tmp_path):
    options = ("--project", tiny_project.root)
    page = tmp_path / "page.html"
    status, out, _ = call(*options, "check", "valley", "--rasters", delivered, "--html", page)
    assert status == 0
    # of columns 0 to 3 the water module claims all; the valley has water in two of them and forest in two
    line = next(line.strip() for line in out.splitlines() if "under the rules" in line)
    grid = tiny_project.collection("tiny").value.grid
    pixel_ha = np.broadcast_to(grid.areas_ha(grid.whole), grid.shape)
    assert f"lost {pixel_ha[:, 2:4].sum():.1f} ha to water" in line
    assert "not checked: M901 to M912 with urban: module 'urban' has no submission" in " ".join(out.split())
    html = page.read_text(encoding="utf-8")
    assert line in html
    assert "Not checked: M901 to M912 with urban" in html


def test_the_numbers_are_there_as_json(call, tiny_project, delivered):
    status, out, _ = call("--project", tiny_project.root, "check", "valley", "--rasters", delivered, "--json")
    assert status == 0
    told = json.loads(out)["valley"]
    assert {finding["severity"] for finding in told["findings"]} <= {"advise"}
    assert told["neighbourhood"]["versions"] == {"water": "1.0.0"}
    lost = [row for row in told["neighbourhood"]["contests"] if row["lost_ha"]]
    assert {(row["year"], row["code"], row["module"]) for row in lost} == {(y, 3, "water") for y in (2020, 2021, 2022)}


def test_a_manifest_alone_is_compared_with_nothing(call, tiny_project):
    told = json.loads(call("--project", tiny_project.root, "check", "valley", "--json")[1])["valley"]
    assert (told["neighbourhood"], told["findings"]) == (None, [])


def test_a_limit_that_does_not_exist_is_an_error(tiny_project):
    path = tiny_project.root / "configs/collections/tiny.yaml"
    text = path.read_text(encoding="utf-8")
    path.write_text(text + "checks: {most_isolated: 0.2, most_isolatd: 0.3}\n", encoding="utf-8")
    with pytest.raises(ConfigError) as refused:
        tiny_project.collection("tiny")
    assert [(f.code, f.message.split()[-1]) for f in refused.value.findings] == [("C104", "'checks.most_isolatd'")]
    path.write_text(text + "checks: {most_isolated: 20}\n", encoding="utf-8")
    with pytest.raises(ConfigError, match="C106"):
        tiny_project.collection("tiny")


def test_a_manifest_alone_tells_its_waivers_and_excuses_once(call, tiny_project, tmp_path):
    day = date.today() + timedelta(days=30)
    line = f"waivers: [{{code: M106, author: Ana, reason: The page comes in May., expires: {day}}}]\n"
    (tiny_project.module_folder("valley") / "waivers.yaml").write_text(line, encoding="utf-8")
    (tiny_project.module_folder("valley") / "README.md").write_text("# Method\n\nSoon.\n", encoding="utf-8")
    options, page = ("--project", tiny_project.root), tmp_path / "page.html"
    told = json.loads(call(*options, "check", "valley", "--json")[1])["valley"]
    said = f"Waived until {day} by Ana: The page comes in May."
    assert told["notes"] == [f"M106: {said}"]
    sections = [finding for finding in told["findings"] if finding["code"] == "M106"]
    assert len(sections) == 1
    assert all(finding["remedy"].endswith(said) for finding in sections)
    _, out, _ = call(*options, "check", "valley", "--html", page)
    assert f"  M106: {said}" in out
    assert f"<p>M106: {said}</p>" in page.read_text(encoding="utf-8")


def test_a_path_may_begin_with_the_home_folder(call, tiny_project, delivered, monkeypatch):
    monkeypatch.setenv("HOME", str(delivered.parent))
    status, out, _ = call("--project", tiny_project.root, "check", "valley", "--rasters", "~/in/*.tif")
    assert (status, "manifest and rasters" in out) == (0, True)


def test_years_that_are_alike_are_one_paragraph_and_each_in_json(call, tiny_project, delivered):
    manifest = tiny_project.module_folder("valley") / "manifest.yaml"
    text = manifest.read_text(encoding="utf-8")
    manifest.write_text(text.replace("valley-{year}.tif", "v-{year}.tif"), encoding="utf-8")
    options = ("--project", tiny_project.root)
    status, out, _ = call(*options, "check", "valley", "--rasters", delivered)
    assert status == 1
    assert out.count("M201") == 1
    assert "in 2020 to 2022 (3 years)" in out
    assert "correct 'delivery.files' in the manifest: no file is named like it, one is valley-2020.tif" in out
    told = json.loads(call(*options, "check", "valley", "--rasters", delivered, "--json")[1])["valley"]
    assert [finding["year"] for finding in told["findings"] if finding["code"] == "M201"] == [2020, 2021, 2022]
