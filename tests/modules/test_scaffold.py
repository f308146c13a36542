"""A new module is complete, runs, and says what is left to do."""

from __future__ import annotations

import json
import runpy
import subprocess
import sys
import types
from pathlib import Path

import numpy as np
import pytest
import rasterio
from typer.testing import CliRunner

from mutirao.classify.recipe import Recipe
from mutirao.cli.app import app
from mutirao.errors import MutiraoError, QualityError, UsageError
from mutirao.io import configs
from mutirao.modules.discovery import load_module
from mutirao.modules.review import review_manifest, review_rasters
from mutirao.modules.run import run_module
from mutirao.modules.scaffold import new_module
from mutirao.modules.submission import submit

NEW = {
    "kind": "region",
    "method": "python",
    "organisation": "Instituto do Pampa: 'Sul'",
    "maintainer": "José Luís",
    "collection": "tiny",
}


@pytest.mark.parametrize("method", ["recipe", "python", "earthengine", "delivered"])
@pytest.mark.parametrize("kind", ["region", "theme"])
def test_a_new_module_can_be_linked_and_only_its_marks_are_left(tiny_project, method, kind):
    done = new_module(tiny_project, "pampa_grass", **NEW | {"method": method, "kind": kind})
    module = load_module(tiny_project, "pampa_grass")
    # The scenes of the recipe's template are still to be named; a draft is not yet active.
    assert {remark.code for remark in module.remarks} == {"M107", "M113"} | ({"M112"} if method == "recipe" else set())
    assert (module.manifest.kind, module.manifest.method) == (kind, method)
    assert module.manifest.organisation == "Instituto do Pampa: 'Sul'"
    assert module.manifest.maintainers[0].name == "José Luís"
    assert done.folder == module.folder


@pytest.mark.parametrize("classes", [[], ["forest"], [3, 15]])
@pytest.mark.parametrize("kind", ["region", "theme"])
def test_a_recipe_has_two_classes_and_a_theme_one_that_claims_nothing(tiny_project, kind, classes):
    folder = new_module(tiny_project, "pampa_grass", **NEW | {"method": "recipe", "kind": kind}, classes=classes).folder
    recipe = configs.load(folder / "recipe.yaml", Recipe).value
    rest = (255,) if kind == "theme" or len(classes) == 1 else ()
    assert recipe.unclaimed == rest
    assert len(recipe.samples.codes) >= 2
    assert set(recipe.samples.codes) & {*rest} == {*rest}


@pytest.mark.parametrize("method", ["recipe", "python", "earthengine", "delivered"])
def test_the_module_brings_a_test_that_passes(tiny_project, method):
    folder = new_module(tiny_project, "pampa_grass", **NEW | {"method": method, "kind": "theme"}).folder
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", str(folder / "tests")]
    done = subprocess.run(command, cwd=tiny_project.root, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def test_a_submission_is_refused_until_the_marks_are_gone(tiny_project):
    folder = new_module(tiny_project, "pampa_grass", **NEW).folder
    claims = np.full((3, 36, 40), 3, dtype=np.uint8)
    with pytest.raises(QualityError) as refused:
        submit(tiny_project, "pampa_grass", "1.0.0", claims)
    assert {f.code for f in refused.value.findings if f.severity == "block"} == {"M107", "M113"}
    for path in folder.rglob("*.*"):
        text = path.read_text(encoding="utf-8").replace("TODO:", "done:").replace("status: draft", "status: active")
        path.write_text(text, encoding="utf-8")
    assert submit(tiny_project, "pampa_grass", "1.0.0", claims).created


def test_the_next_steps_end_with_the_submission(tiny_project):
    steps = new_module(tiny_project, "pampa_grass", **NEW | {"method": "delivered"}).next_steps
    assert steps[0].startswith("Fill in the lines marked TODO in ")
    assert "west 300000.0, south 7798920.0, east 301200.0, north 7800000.0, 40 columns and 36 rows" in steps[1]
    assert "-te 300000.0 7798920.0 301200.0 7800000.0 -ts 40 36" in steps[1]
    assert steps[3].startswith("mutirao check pampa_grass --rasters exports says what is left")
    assert steps[4].startswith("Write 'status: active' in ")
    assert steps[5].startswith("mutirao sync ")
    assert steps[-1] == "mutirao submit pampa_grass --version 1.0.0 --rasters exports"


def test_a_method_that_runs_is_run_before_it_is_checked(tiny_project, monkeypatch):
    monkeypatch.chdir(tiny_project.root)
    steps = new_module(tiny_project, "pampa_grass", **NEW).next_steps
    assert steps[0].startswith("Fill in the lines marked TODO in contributors/pampa_grass/manifest.yaml;")
    assert steps[2] == "mutirao run pampa_grass"
    assert steps[4].startswith("mutirao check pampa_grass says ")
    assert steps[-1] == "mutirao submit pampa_grass --version 1.0.0"


def test_a_network_that_signs_asks_for_a_key(tiny_project, monkeypatch):
    monkeypatch.setattr("mutirao.project.Project.trust", lambda self: object())
    steps = new_module(tiny_project, "pampa_grass", **NEW).next_steps
    assert steps[-1] == "mutirao submit pampa_grass --version 1.0.0 --key ~/.ssh/id_ed25519"


@pytest.mark.parametrize("method", ["recipe", "python", "earthengine", "delivered"])
@pytest.mark.parametrize("kind", ["region", "theme"])
def test_every_finding_on_a_new_module_is_a_line_with_a_mark(tiny_project, method, kind):
    new_module(tiny_project, "pampa_grass", **NEW | {"method": method, "kind": kind})
    found = review_manifest(load_module(tiny_project, "pampa_grass"), tiny_project).findings
    for finding in found:
        path, line, _ = finding.where.rsplit(":", 2)
        assert "TODO:" in Path(path).read_text(encoding="utf-8").splitlines()[int(line) - 1], finding
    assert {"M107", "M113"} <= {finding.code for finding in found}


def test_an_existing_module_is_not_overwritten(tiny_project):
    before = (tiny_project.root / "contributors/water/manifest.yaml").read_bytes()
    with pytest.raises(UsageError, match="N101 module 'water' exists"):
        new_module(tiny_project, "water", **NEW)
    assert (tiny_project.root / "contributors/water/manifest.yaml").read_bytes() == before


@pytest.mark.parametrize("name", ["Pampa", "../pampa", "2pampa", "", "pampa grass"])
def test_a_name_that_cannot_be_a_folder_and_file_is_refused(tiny_project, name):
    with pytest.raises(UsageError, match="N102"):
        new_module(tiny_project, name, **NEW)


@pytest.mark.parametrize("change", [{"kind": "biome"}, {"method": "excel"}])
def test_a_kind_or_method_without_template_is_refused(tiny_project, change):
    with pytest.raises(UsageError, match=r"N103.*Remedy: choose "):
        new_module(tiny_project, "pampa_grass", **NEW | change)
    assert not (tiny_project.root / "contributors/pampa_grass").exists()


def test_a_class_that_the_legend_does_not_have_is_refused(tiny_project):
    with pytest.raises(UsageError, match="N104 'forrest' is no class or group"):
        new_module(tiny_project, "pampa_grass", **NEW, classes=["forrest", 15])


def test_chosen_classes_and_a_contact_are_not_left_to_be_filled_in(tiny_project):
    new_module(tiny_project, "pampa_grass", **NEW, classes=[15, "forest"], contact="jose@pampa.example")
    module = load_module(tiny_project, "pampa_grass")
    assert module.manifest.classes == (15, 3)
    text = module.source.path.read_text(encoding="utf-8")
    assert "classes: [15, 3]\n" in text
    assert 'contact: "jose@pampa.example"\n' in text


def test_a_method_on_earth_engine_exports_on_the_grid_and_is_handed_in_as_files(tiny_project, monkeypatch, tmp_path):
    """The template runs against a stand-in for Earth Engine that writes down what is asked of it."""
    folder = new_module(tiny_project, "pampa_grass", **NEW | {"method": "earthengine"}, classes=[3]).folder
    asked: list[dict[str, object]] = []

    class Image:
        @staticmethod
        def constant(value):
            return Image()

        def unmask(self, value):
            return self

        def toByte(self):  # noqa: N802 - the name in Earth Engine
            return self

    def to_drive(**options):
        asked.append(options)
        return types.SimpleNamespace(start=lambda: None)

    export = types.SimpleNamespace(image=types.SimpleNamespace(toDrive=to_drive))
    fake = types.SimpleNamespace(
        Image=Image, Initialize=lambda project: None, batch=types.SimpleNamespace(Export=export)
    )
    monkeypatch.setitem(sys.modules, "ee", fake)
    runpy.run_path(str(folder / "module.py"))["export"]("my-project")
    assert [options["fileNamePrefix"] for options in asked] == [f"pampa_grass-{year}" for year in (2020, 2021, 2022)]
    grid = tiny_project.collection("tiny").value.grid
    width, height = map(int, asked[0]["dimensions"].split("x"))
    assert (asked[0]["crs"], tuple(asked[0]["crsTransform"])) == (grid.crs, grid.transform[:6])
    assert (height, width) == grid.shape
    for options in asked:
        profile = {"driver": "GTiff", "count": 1, "dtype": "uint8", "crs": options["crs"], "height": height}
        profile |= {"width": width, "transform": rasterio.Affine(*options["crsTransform"])}
        with rasterio.open(tmp_path / f"{options['fileNamePrefix']}.tif", "w", **profile) as dst:
            dst.write(np.full((1, height, width), 3, np.uint8))
    with pytest.raises(MutiraoError, match="P104"):
        run_module(tiny_project, "pampa_grass")
    review = review_rasters(load_module(tiny_project, "pampa_grass"), str(tmp_path / "*.tif"))
    blocking = {finding.code for finding in review.findings if finding.severity == "block"}
    assert blocking == {"M107", "M113"}  # the marks of the template, and that it is a draft
    assert list(review.classes.values) == [2020, 2021, 2022]


@pytest.fixture
def call(tiny_project):
    def calling(*arguments: str, answers: str | None = None):
        command = ["--project", str(tiny_project.root), "new", "pampa_grass", *arguments]
        return CliRunner().invoke(app, command, input=answers)

    return calling


FLAGS = ("--kind", "theme", "--method", "delivered", "--organisation", "Izvor", "--maintainer", "Ion")


def test_without_a_terminal_everything_that_is_missing_is_named_at_once(call):
    done = call("--kind", "theme")
    assert isinstance(done.exception, UsageError)
    missing = ["--method is missing", "--organisation is missing", "--maintainer is missing"]
    assert [(finding.code, finding.message) for finding in done.exception.findings] == [("N105", m) for m in missing]


def test_with_flags_nothing_is_asked(call, tiny_project):
    done = call(*FLAGS, "--json")
    assert json.loads(done.stdout)["folder"].endswith("contributors/pampa_grass")
    assert load_module(tiny_project, "pampa_grass").manifest.organisation == "Izvor"


def test_on_a_terminal_it_asks_for_what_is_missing(call, tiny_project, monkeypatch):
    monkeypatch.setattr("mutirao.cli.new_command._is_terminal", lambda: True)
    done = call("--kind", "theme", answers="excel\nearthengine\nIzvor\nIon Popa\nion@izvor.example\nforest, 15\n")
    assert done.exit_code == 0, done.output
    assert "'excel' is none of recipe, python, earthengine, delivered" in done.output
    assert "3 Forest" in done.output
    manifest = load_module(tiny_project, "pampa_grass").manifest
    assert (manifest.kind, manifest.method, manifest.classes) == ("theme", "earthengine", (3, 15))
    assert manifest.maintainers[0].contact == "ion@izvor.example"
