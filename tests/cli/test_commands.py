"""The command line as people and scripts use it: words, JSON, and exit status."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import rasterio
from typer.testing import CliRunner

from mutirao import __version__
from mutirao.cli.app import GROUPS, app

REQUIRED = {
    "new", "run", "check", "submit", "status", "build", "release", "list", "stats", "download", "serve", "demo",
}  # fmt: skip


@pytest.fixture
def at(demo):
    """Options that name the demonstration."""
    return ("--project", demo.project.root, "--workspace", demo.project.workspace)


def test_help_groups_every_command_by_person():
    text = CliRunner().invoke(app, ["--help"], env={"COLUMNS": "100"}).output
    assert {name for names in GROUPS.values() for name in names} >= REQUIRED
    order = [text.index(panel) for panel in ("For members", "For maintainers", "For analysts")]
    assert order == sorted(order)
    assert all(f" {name} " in text for name in REQUIRED)


def test_every_reporting_command_speaks_json(call, at, tmp_path):
    for arguments in (
        ("run", "clearcuts"),
        ("check",),
        ("submit", "clearcuts", "--version", "0.1.0"),
        ("status",),
        ("build",),
        ("release", "--version", "0.2.0"),
        ("list",),
        ("stats",),
        ("download", "--to", tmp_path),
    ):
        status, out, _ = call(*at, *arguments, "--json")
        assert status == 0, arguments
        assert json.loads(out) is not None


def test_status_tells_modules_build_and_releases(call, at):
    status, out, _ = call(*at, "status", "--json")
    told = json.loads(out)
    assert status == 0
    assert {module["module"]: module["versions"][-1] for module in told["modules"]}["meadows"] == "0.2.0"
    assert [release["version"] for release in told["releases"]] == ["0.1.0", "0.2.0"]
    assert told["build"]["newer_submissions"] == []
    assert "meadows" in call(*at, "status")[1]


def test_stats_of_territories_sum_to_the_whole(call, at):
    whole = json.loads(call(*at, "stats", "--json")[1])
    sides = json.loads(call(*at, "stats", "--level", "slope", "--json")[1])
    for year in range(2016, 2021):
        sums = [sum(row["area_ha"] for row in rows if row["year"] == year) for rows in (whole, sides)]
        assert sums == pytest.approx([100.0, 100.0])


def test_download_cuts_to_years_place_and_classes(call, at, demo, tmp_path):
    west, south, east, north = demo.project.collection("banat").value.grid.lonlat_bounds()
    box = f"--bounds={west},{south},{(west + east) / 2},{north}"
    status, _, _ = call(
        *at, "download", "0.1.0", "--to", tmp_path, "--years", "2018-2019", "--classes", "forestry,12", box
    )
    assert status == 0
    files = sorted(path.name for path in tmp_path.iterdir())
    assert files == ["banat_lulc_2018_v0.1.0.tif", "banat_lulc_2019_v0.1.0.tif"]
    with rasterio.open(tmp_path / files[1]) as clip, rasterio.open(demo.result.releases[0].folder / files[1]) as whole:
        column, row = ~whole.transform @ (clip.transform.c, clip.transform.f)
        window = rasterio.windows.Window(round(column), round(row), clip.width, clip.height)
        expected = whole.read(1, window=window)
        assert clip.width < whole.width
        assert clip.colormap(1)[25] == whole.colormap(1)[25]
        assert (clip.read(1) == np.where(np.isin(expected, [12, 21, 25]), expected, 0)).all()


@pytest.mark.parametrize(
    ("arguments", "status", "code"),
    [
        (("run", "no_such_module"), 2, "U101"),
        (("run", "meadows"), 2, "U103"),
        (("build", "no_such_collection"), 2, "U105"),
        (("build", "--use", "meadows"), 2, "B104"),
        (("release", "--version", "1"), 2, "U106"),
        (("release", "--version", "0.1.5"), 1, "L104"),
        (("submit", "clearcuts", "--version", "0.1.0", "--rasters", "nowhere"), 1, "M206"),
        (("stats", "9.9.9"), 2, "A106"),
        (("stats", "/nowhere/v1.0.0"), 3, "R201"),
        (("stats", "--level", "continent"), 2, "A101"),
        (("download", "--years", "soon"), 2, "A104"),
        (("download", "--years", "2020-2016"), 2, "A104"),
        (("submit", "meadows", "--version", "0.3.0"), 2, "U103"),
        (("download", "--classes", "unicorns"), 2, "A107"),
        (("download", "--bounds", "1,2,3"), 2, "A108"),
    ],
)
def test_refusals_name_code_place_and_remedy(call, at, arguments, status, code):
    ended, _, err = call(*at, *arguments)
    assert ended == status
    assert code in err
    assert "remedy: " in err
    assert "Traceback" not in err


def test_version_is_told_without_a_command(call):
    assert call("--version")[:2] == (0, f"mutirao {__version__}\n")


def test_storage_that_fails_is_told_without_a_trace(call, at, tmp_path):
    (tmp_path / "maps").write_text("a file where a folder should be")
    status, _, err = call(*at, "download", "--to", tmp_path / "maps")
    assert status == 3
    assert "R204" in err
    assert "remedy: " in err


def test_wrong_word_on_the_command_line_is_usage(call):
    assert call("bild")[0] == 2
    assert call("submit", "clearcuts")[0] == 2


def test_outside_a_project_the_remedy_names_the_demo(call, monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    status, _, err = call("status")
    assert status == 2
    assert "U102" in err
    assert "mutirao demo" in err


def test_check_prints_all_findings_and_ends_with_one(call, tiny_project):
    manifest = tiny_project.module_folder("water") / "manifest.yaml"
    manifest.write_text(manifest.read_text().replace("kind: theme", "kind: theme\ncolour: blue"), encoding="utf-8")
    options = ("--project", tiny_project.root)
    status, out, _ = call(*options, "check", "water", "valley")
    assert status == 1
    assert "water: refused, 1 blocking, 0 advice (manifest)" in out
    assert "valley: accepted, 0 blocking, 0 advice (manifest only; name its rasters with --rasters)" in out
    assert "C104" in out
    assert "manifest.yaml:4:1" in out
    assert not tiny_project.workspace.exists()


def test_new_module_is_listed_and_refused_until_filled_in(call, tiny_project):
    options = ("--project", tiny_project.root)
    answers = ("--kind", "theme", "--method", "delivered", "--organisation", "Bee Club", "--maintainer", "Ada")
    assert call(*options, "new", "flowers", *answers)[0] == 0
    assert (tiny_project.module_folder("flowers") / "manifest.yaml").is_file()
    status, out, _ = call(*options, "check", "flowers")
    assert status == 1
    assert "M107" in out


def test_registry_out_of_reach_says_what_to_do(tmp_path):
    """The demonstration, with a package index that cannot be reached."""
    lonely = {
        "PIP_INDEX_URL": "http://127.0.0.1:9/simple",
        "PIP_EXTRA_INDEX_URL": "",
        "PIP_FIND_LINKS": "",
        "PIP_RETRIES": "0",
    }
    command = [sys.executable, "-m", "mutirao", "--workspace", str(tmp_path), "demo", "--no-serve"]
    root = Path(__file__).parents[2]
    environment = {**os.environ, **lonely, "PIP_CONFIG_FILE": os.devnull}
    done = subprocess.run(command, cwd=root, env=environment, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 3
    assert "R101" in done.stderr
    assert "mutirao demo --data" in done.stderr
    assert "Traceback" not in done.stderr
    assert not (tmp_path / "submissions").exists()
