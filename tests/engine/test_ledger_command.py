"""`mutirao ledger`, and what `mutirao build` says about reasons."""

from __future__ import annotations

import json

import pytest
from typer.testing import CliRunner

from mutirao.cli.app import app
from mutirao.engine.build import builds_folder, ledger_of
from mutirao.project import Project


def mutirao(project: Project, *arguments: str) -> tuple[int, str]:
    result = CliRunner().invoke(app, ["--project", str(project.root), *arguments])
    return result.exit_code, result.stdout


@pytest.fixture
def built(tiny_network: Project) -> Project:
    status, text = mutirao(tiny_network, "build")
    assert status == 0
    assert "because: never made (9)" in text
    return tiny_network


def test_build_tells_its_reasons_to_programs(built):
    ledger = ledger_of(builds_folder(built, "tiny"))
    ledger.path(min(ledger.sizes())).write_bytes(b"")
    told = json.loads(mutirao(built, "build", "--json")[1])
    assert told["reasons"] == {"result damaged": 1}


def test_list(built):
    status, text = mutirao(built, "ledger", "list", "tiny")
    assert (status, text.count("never made")) == (0, 9)
    told = json.loads(mutirao(built, "ledger", "list", "--json")[1])
    assert {entry["tile"] for entry in told} == {f"{y}_{x}" for y in range(3) for x in range(3)}
    assert all(entry["needed"] for entry in told)


def test_verify(built):
    assert mutirao(built, "ledger", "verify") == (0, "all 9 results are intact\n")
    ledger = ledger_of(builds_folder(built, "tiny"))
    key = min(ledger.sizes())
    ledger.path(key).write_bytes(b"")
    status, text = mutirao(built, "ledger", "verify")
    assert status == 1
    assert "1 of 9 results do not count" in text
    told = json.loads(mutirao(built, "ledger", "verify", "--json")[1])
    assert [(one["key"], one["state"]) for one in told["damaged"]] == [(key, "damaged")]


def test_prune_tells_first_and_removes_when_told_to(built):
    folder = builds_folder(built, "tiny")
    (folder / "tiles" / "00").mkdir(exist_ok=True)
    half = folder / "tiles" / "00" / ".half.zarr.zip"
    half.write_bytes(bytes(20_000))
    status, text = mutirao(built, "ledger", "prune")
    assert status == 0
    assert "would remove 0.02 MB: 0 results, 0 builds, 1 leftover of dead builds" in text
    assert half.is_file()
    told = json.loads(mutirao(built, "ledger", "prune", "--yes", "--json")[1])
    assert (told["removed"], told["size"], told["partials"]) == (True, 20_000, [str(half)])
    assert not half.exists()
    assert "nothing to do" in mutirao(built, "build")[1]
