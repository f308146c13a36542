"""What was burnt stays as long as a collection asks for it, or may be reading it."""

from __future__ import annotations

import json
import os
import re
import time
from dataclasses import replace

import pytest

from mutirao.cli import main
from mutirao.engine import burntsets
from mutirao.engine.build import LOCK, build, builds_folder
from mutirao.engine.progress import Silent
from mutirao.io import locks
from mutirao.io.burning import RECORD
from mutirao.io.places import ObjectPlace
from mutirao.project import Project

OLD = "0" * 64


def age(project: Project, hours: float = 2) -> None:
    """Let everything that was burnt have been asked for so long ago."""
    for record in project.burnt.glob(f"*/{RECORD}"):
        os.utime(record, (time.time() - hours * 3600,) * 2)


def names(project: Project) -> set[str]:
    return {path.name for path in project.burnt.iterdir()}


def move_a_border(project: Project) -> None:
    """Move the first corner of the first territory by a pixel."""
    [file] = (project.root / "configs/territories").glob("*.geojson")
    shapes = json.loads(file.read_text(encoding="utf-8"))
    ring = shapes["features"][0]["geometry"]["coordinates"][0]
    ring[0][0] = ring[-1][0] = ring[0][0] + 30
    file.write_text(json.dumps(shapes), encoding="utf-8")


@pytest.fixture
def moved(tiny_network: Project) -> tuple[Project, set[str], set[str]]:
    """Give a network whose territories were changed between two builds, and what each build burnt."""
    build(tiny_network, "tiny", Silent())
    first = names(tiny_network)
    move_a_border(tiny_network)
    build(tiny_network, "tiny", Silent())
    second = names(tiny_network) - first
    assert (len(first), len(second)) == (1, 1)
    return tiny_network, first, second


def test_what_no_collection_asks_for_is_removed(moved):
    network, first, second = moved
    age(network)
    found = burntsets.unused(network)
    assert {path.name for path in found.sets} == first
    assert found.size == sum(file.stat().st_size for file in (network.burnt / first.pop()).iterdir())
    assert burntsets.prune(network) == found
    assert names(network) == second
    assert burntsets.prune(network).sets == ()
    assert build(network, "tiny", Silent()).made == ()


def test_what_was_asked_for_lately_stays(moved):
    network, first, second = moved
    assert burntsets.prune(network).sets == ()
    age(network)
    build(network, "tiny", Silent())  # asks for the second
    records = {name: (network.burnt / name / RECORD).stat().st_mtime for name in first | second}
    assert {name for name, used in records.items() if time.time() - used < burntsets.GRACE_S} == second
    assert {path.name for path in burntsets.unused(network).sets} == first


def test_nothing_is_removed_while_a_build_is_at_work(moved):
    network, first, second = moved
    age(network)
    with locks.held(builds_folder(network, "tiny") / LOCK):
        found = burntsets.prune(network)
    assert (found.sets, found.size) == ((), 0)
    assert found.busy.startswith("a build is in use by process ")
    assert names(network) == first | second


def test_what_a_dead_process_left_goes_after_a_while(moved):
    network, first, second = moved
    age(network)
    left = network.burnt / f".{OLD}.0123"
    left.mkdir()
    (left / "map.tif").write_bytes(b"half a map")
    assert burntsets.unused(network).sets == (network.burnt / min(first),)
    os.utime(left, (time.time() - 7200,) * 2)
    assert burntsets.prune(network).sets == (left, network.burnt / min(first))
    assert names(network) == second


def test_nothing_is_removed_if_a_collection_cannot_be_read(moved):
    network, first, second = moved
    age(network)
    [file] = (network.root / "configs/territories").glob("*.geojson")
    file.write_text("{", encoding="utf-8")
    found = burntsets.prune(network)
    assert found.sets == ()
    assert re.search(r"what a collection asks for cannot be read: .*halves\.geojson.*: T101", found.busy)
    assert names(network) == first | second


def test_folder_that_workspaces_share_is_given_a_week(moved, tmp_path, monkeypatch):
    network, first, _ = moved
    cache = tmp_path / "copies"
    cache.mkdir()
    network.burnt.rename(cache / "burnt")
    monkeypatch.setenv("MUTIRAO_CACHE", str(cache))
    far = replace(network, workspace=ObjectPlace("s3://bucket/ws"))
    age(far, hours=6 * 24)
    assert burntsets.unused(far).sets == ()
    age(far, hours=8 * 24)
    assert {path.name for path in burntsets.unused(far).sets} == first


def test_command_prunes_polygons_too(moved, monkeypatch, capsys):
    network, _, second = moved
    age(network)
    words = ["mutirao", "--project", str(network.root), "ledger", "prune", "--yes", "--keep", "0"]
    monkeypatch.setattr("sys.argv", words)
    with pytest.raises(SystemExit, match="0"):
        main()
    assert "1 set of polygons that no collection asks for" in capsys.readouterr().out
    assert names(network) == second
