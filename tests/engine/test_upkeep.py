"""What is listed, verified and pruned: never anything that the last build needs, or an unfinished one has made."""

from __future__ import annotations

import json

import pytest

from mutirao.engine.build import LOCK, build, builds_folder, latest
from mutirao.engine.progress import Silent
from mutirao.engine.tileprogram import LAYERS
from mutirao.engine.upkeep import Upkeep
from mutirao.errors import ResourceError
from mutirao.io import locks
from mutirao.io.storage import read_json, write_json
from mutirao.project import Project


def other_rule(project: Project) -> None:
    file = project.root / "configs/rules/tiny.yaml"
    file.write_text(file.read_text(encoding="utf-8").replace("assign: 24", "assign: skip"), encoding="utf-8")


def backdate(project: Project, year: str) -> None:
    """Let the last build and all results seem to be of another year."""
    folder = builds_folder(project, "tiny")
    for file in (latest(project, "tiny").folder / "build.json", *folder.glob("tiles/*/*.json")):
        facts = read_json(file)
        for name in {"created", "made"} & facts.keys():
            facts[name] = year + facts[name][4:]
        write_json(file, facts)


@pytest.fixture
def two_builds(tiny_network: Project) -> Project:
    """Two builds with nine results each; the first is a year older."""
    build(tiny_network, "tiny", Silent())
    backdate(tiny_network, "2020")
    other_rule(tiny_network)
    build(tiny_network, "tiny", Silent())
    return tiny_network


def test_results_are_listed_by_tile_with_reason_and_need(two_builds):
    entries = Upkeep(builds_folder(two_builds, "tiny"), 1).entries()
    assert [entry.tile for entry in entries[:4]] == ["0_0", "0_0", "0_1", "0_1"]
    assert [entry.needed for entry in entries[:2]] == [False, True]
    assert [entry.why for entry in entries[:2]] == [("never made",), ("rule water changed",)]
    assert all(entry.size > 0 and entry.number == 1 for entry in entries)


def test_pruning_leaves_what_the_last_build_needs(two_builds):
    finished = latest(two_builds, "tiny")
    layers = {name: finished.layer(name) for name in LAYERS}
    upkeep = Upkeep(builds_folder(two_builds, "tiny"), 0)
    plan = upkeep.plan()
    assert (len(plan.results), len(plan.builds)) == (9, 1)
    assert len(upkeep.entries()) == 18
    assert upkeep.prune() == plan
    assert len(upkeep.entries()) == 9
    assert build(two_builds, "tiny", Silent()).made == ()
    for name, layer in layers.items():
        assert (latest(two_builds, "tiny").layer(name) == layer).all()


def test_older_builds_stay_as_long_as_they_are_kept(two_builds):
    assert Upkeep(builds_folder(two_builds, "tiny"), 2).plan().size == 0


def test_results_of_a_build_that_has_not_finished_stay(two_builds):
    backdate(two_builds, "2019")
    folder = builds_folder(two_builds, "tiny")
    key = latest(two_builds, "tiny").record.tiles["1_1"]
    receipt = Upkeep(folder, 1).ledger.receipt(key)
    orphan = "f" * 64
    other = receipt.parents[1] / "ff" / f"{orphan}.json"
    write_json(other, {**json.loads(receipt.read_text(encoding="utf-8")), "key": orphan, "made": "2021-01-01T00:00:00"})
    assert orphan not in {entry.key for entry in Upkeep(folder, 1).plan().results}
    write_json(other, {**json.loads(receipt.read_text(encoding="utf-8")), "key": orphan, "made": "2018-01-01T00:00:00"})
    assert orphan in {entry.key for entry in Upkeep(folder, 1).plan().results}


def test_nothing_is_pruned_while_a_build_is_at_work(two_builds):
    folder = builds_folder(two_builds, "tiny")
    with locks.held(folder / LOCK), pytest.raises(ResourceError, match="R206"):
        Upkeep(folder, 0).prune()
    with locks.held(folder / LOCK), pytest.raises(ResourceError, match=r"R206 is in use by process \d+"):
        build(two_builds, "tiny", Silent())


def test_results_of_earlier_passes_are_needed_too(tiny_network):
    finished = build(tiny_network, "tiny", Silent(), fused_halo=1)
    assert sum(finished.by_pass) > 9
    upkeep = Upkeep(builds_folder(tiny_network, "tiny"), 0)
    assert upkeep.plan().results == ()


def test_damage_is_found_though_size_and_time_are_the_same(tiny_network):
    finished = build(tiny_network, "tiny", Silent())
    upkeep = Upkeep(builds_folder(tiny_network, "tiny"), 1)
    assert upkeep.damaged(Silent()) == []
    path = upkeep.ledger.path(finished.record.tiles["0_1"])
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 255
    path.write_bytes(data)
    [(entry, state)] = upkeep.damaged(Silent())
    assert (entry.tile, state) == ("0_1", "damaged")
