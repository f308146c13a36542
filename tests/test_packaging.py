"""The wheel holds everything that a user without the repository needs."""

from __future__ import annotations

import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("wheel")
    command = [sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps", "--wheel-dir", str(folder), str(ROOT)]
    subprocess.run(command, check=True, capture_output=True)
    return next(folder.glob("*.whl"))


def test_wheel_holds_viewer_templates_and_the_demonstration(wheel):
    names = set(zipfile.ZipFile(wheel).namelist())
    for name in (
        "mutirao/web/viewer/index.html",
        "mutirao/web/viewer/assets/viewer.js",
        "mutirao/web/viewer/assets/THIRD-PARTY-NOTICES.txt",
        "mutirao/web/templates/release-notes.md.j2",
        "mutirao/modules/quality/default.yaml",
        "mutirao/network/configs/collections/banat.yaml",
        "mutirao/network/contributors/meadows/make_exports.py",
        "mutirao/py.typed",
    ):
        assert name in names
    assert not [name for name in names if "node_modules" in name or "__pycache__" in name or "workspace" in name]


def test_wheel_works_without_the_repository(wheel, tmp_path):
    """Unpacked elsewhere, it is imported from there and finds its pages and its demonstration."""
    zipfile.ZipFile(wheel).extractall(tmp_path / "site")
    program = (
        "import sys; sys.path.insert(0, sys.argv[1])\n"
        "from pathlib import Path\n"
        "import mutirao; from mutirao.demo import demo_project; from mutirao.release.mappage import copy_viewer\n"
        "assert Path(mutirao.__file__).is_relative_to(sys.argv[1])\n"
        "copy_viewer(Path('page'))\n"
        "print(Path('page/index.html').is_file(), demo_project(Path('.'), None).module_ids())\n"
    )
    work = tmp_path / "work"
    work.mkdir()
    command = [sys.executable, "-c", program, str(tmp_path / "site")]
    done = subprocess.run(command, cwd=work, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "True ['banat_forest', 'clearcuts', 'meadows']"
