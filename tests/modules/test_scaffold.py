"""A new module is complete, runs, and says what is left to do."""

from __future__ import annotations

import subprocess
import sys

import numpy as np
import pytest

from mutirao.errors import QualityError, UsageError
from mutirao.modules.discovery import load_module
from mutirao.modules.scaffold import new_module
from mutirao.modules.submission import submit

NEW = {
    "kind": "region",
    "method": "python",
    "organisation": "Instituto do Pampa: 'Sul'",
    "maintainer": "José Luís",
    "collection": "tiny",
}


@pytest.mark.parametrize("method", ["recipe", "python", "delivered"])
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


@pytest.mark.parametrize("method", ["recipe", "python", "delivered"])
def test_the_module_brings_a_test_that_passes(tiny_project, method):
    folder = new_module(tiny_project, "pampa_grass", **NEW | {"method": method}).folder
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
    assert steps[-1] == "mutirao submit pampa_grass --version 1.0.0 --rasters FOLDER"


def test_an_existing_module_is_not_overwritten(tiny_project):
    before = (tiny_project.root / "contributors/water/manifest.yaml").read_bytes()
    with pytest.raises(UsageError, match="N101 module 'water' exists"):
        new_module(tiny_project, "water", **NEW)
    assert (tiny_project.root / "contributors/water/manifest.yaml").read_bytes() == before


@pytest.mark.parametrize("name", ["Pampa", "../pampa", "2pampa", "", "pampa grass"])
def test_a_name_that_cannot_be_a_folder_and_file_is_refused(tiny_project, name):
    with pytest.raises(UsageError, match="N102"):
        new_module(tiny_project, name, **NEW)


@pytest.mark.parametrize("change", [{"kind": "biome"}, {"method": "earthengine"}])
def test_a_kind_or_method_without_template_is_refused(tiny_project, change):
    with pytest.raises(UsageError, match=r"N103.*Remedy: choose "):
        new_module(tiny_project, "pampa_grass", **NEW | change)
    assert not (tiny_project.root / "contributors/pampa_grass").exists()
