"""The notebooks run from top to bottom on the demonstration, and hold text and code, nothing else."""

from __future__ import annotations

import ast
import re
import runpy
from itertools import pairwise
from pathlib import Path

import matplotlib as mpl
import matplotlib.pyplot as plt
import pytest

NOTEBOOKS = Path(__file__).parents[1] / "notebooks"
PAGES = sorted(NOTEBOOKS.glob("*.py"))
MARK = re.compile(r"^# %%(?P<kind> \[markdown\])?$", re.MULTILINE)
PLACE_ON_A_MACHINE = re.compile(r"^(/|~|[A-Za-z]:[\\/]|file:)|/(home|Users|root|tmp)/")


@pytest.fixture
def play(demo, monkeypatch):
    """Run a notebook as a person would, in its folder and after the demonstration; return its variables."""
    monkeypatch.setenv("MUTIRAO_WORKSPACE", str(demo.project.workspace))
    monkeypatch.setenv("MPLBACKEND", "agg")
    monkeypatch.chdir(NOTEBOOKS)
    mpl.use("agg")
    plt.close("all")
    yield lambda name: runpy.run_path(str(NOTEBOOKS / f"{name}.py"), run_name="__main__")
    plt.close("all")


def figures() -> int:
    return len(plt.get_fignums())


def test_member_sees_scenes_a_run_and_what_the_checks_say(play, capsys):
    seen = play("01_member")
    assert seen["scenes"].sizes["time"] == 140
    assert not seen["result"].fresh
    assert seen["review"].is_accepted
    told = capsys.readouterr().out
    assert "M404" in told
    assert "M601" in told
    assert figures() == 4


def test_maintainer_builds_nothing_twice_and_explains_a_pixel(play):
    seen = play("02_maintainer")
    assert seen["built"].made == ()
    assert seen["in_build"] == tuple(seen["decision"])
    assert seen["changes"]["area_ha"].sum() == pytest.approx(float(seen["differs"].sum()) * 0.04)
    assert figures() == 2


def test_analyst_sees_areas_transitions_and_a_history(play):
    seen = play("03_analyst")
    assert seen["curve"].sum(axis=1).to_numpy() == pytest.approx(100.0)
    assert seen["chosen"]["area_ha"].sum() == pytest.approx(100.0)
    row, column, maps = seen["row"], seen["column"], seen["maps"]
    assert [seen["read"](seen["history"], band=b)[row, column] for b in range(1, 6)] == maps[
        :, row, column
    ].values.tolist()
    assert figures() == 2


def test_there_is_a_notebook_for_each_person():
    assert [page.stem for page in PAGES] == ["01_member", "02_maintainer", "03_analyst"]
    assert not list(NOTEBOOKS.glob("*.ipynb")), "outputs do not belong in the repository; keep the .py alone"


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_every_code_cell_is_introduced(page):
    kinds = ["text" if mark["kind"] else "code" for mark in MARK.finditer(page.read_text(encoding="utf-8"))]
    assert kinds[0] == "text"
    assert ("code", "code") not in set(pairwise(kinds))


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_no_place_on_somebodys_machine_is_named(page):
    tree = ast.parse(page.read_text(encoding="utf-8"))
    texts = [node.value for node in ast.walk(tree) if isinstance(node, ast.Constant) and isinstance(node.value, str)]
    assert [text for text in texts if PLACE_ON_A_MACHINE.search(text)] == []
