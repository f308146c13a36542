"""A workspace in an object store: the same map as in a folder, whatever happens; against a stand-in, not a real S3."""

from __future__ import annotations

import errno
import json
import os
import shutil
import signal
import subprocess
import sys
import threading
import urllib.request
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pytest

from mutirao.cli import main
from mutirao.client import list_releases, open_release
from mutirao.engine import farledger, runlog
from mutirao.engine.build import build, builds_folder, latest, ledger_of
from mutirao.engine.progress import Silent
from mutirao.engine.remote import open_crew
from mutirao.engine.runs import blocks
from mutirao.engine.runstory import last_run, logs_of
from mutirao.engine.upkeep import Upkeep
from mutirao.errors import ImmutableError, ResourceError
from mutirao.io import copies, faults, leases, places
from mutirao.io.locks import held
from mutirao.io.places import ObjectPlace
from mutirao.io.storage import write_text
from mutirao.modules.store import list_submissions, load_submission, verify_submission
from mutirao.modules.submission import submit
from mutirao.project import Elsewhere, Project
from mutirao.release.publish import publish
from mutirao.trust.verification import How, verify
from mutirao.web.server import make_server

SHARED = Path(__file__).resolve().parents[3] / "shared/data"


@pytest.fixture
def no_pause(monkeypatch) -> list[float]:
    pauses: list[float] = []
    monkeypatch.setattr(faults.time, "sleep", pauses.append)
    return pauses


def test_whole_way_gives_what_a_folder_gives(far_network, near_build, tmp_path):
    expected = near_build
    here = replace(far_network, workspace=tmp_path / "here")
    shutil.copytree(near_build.folder.parents[2], here.workspace)
    finished = build(far_network, "tiny", Silent())
    assert finished.record.pixels == expected.record.pixels
    assert finished.record.id == expected.record.id
    assert finished.record.tiles == expected.record.tiles
    assert (finished.layer("rule") == expected.layer("rule")).all()
    again = build(far_network, "tiny", Silent())
    assert (again.made, again.record) == ((), finished.record)
    assert [path.name for path in builds_folder(far_network, "tiny").glob(".*")] == []
    assert last_run(builds_folder(far_network, "tiny")).state == "finished"

    published = publish(far_network, finished, "1.0.0", Silent())
    assert published.created
    assert not publish(far_network, finished, "1.0.0", Silent()).created
    assert [release.location for release in list_releases(far_network.releases)] == [str(published.folder)]
    there, released = open_release(published.folder), publish(here, latest(here, "tiny"), "1.0.0", Silent())
    assert (there.maps() == open_release(released.folder).maps()).all()
    assert there.areas().equals(open_release(released.folder).areas())
    assert {file.name: file.pixels for file in there.record.files if file.pixels} == {
        file.name: file.pixels for file in released.release.files if file.pixels
    }
    proved = verify(str(published.folder), How(None, datetime.now(UTC), unsigned=True))
    assert proved.holds
    assert any("release" in line for line in proved.proved)


def test_submission_lies_there_whole_and_is_verified(far_network):
    assert list_submissions(far_network, "valley") == ["0.1.0"]
    assert verify_submission(far_network, "valley") == []
    stored = load_submission(far_network, "urban")
    assert (stored.read_claims([2020]) == 0).all()
    assert stored.read_claims([2021, 2022]).shape == (2, 36, 40)
    (stored.folder / "urban_2022_v0.1.0.tif").write_bytes(b"II*\0 other bytes")
    write_text(stored.folder / "stranger.txt", "?")
    assert {finding.code for finding in verify_submission(far_network, "urban")} == {"S105", "S120"}


def test_of_two_writers_of_one_version_one_is_kept_whole(tiny_project, tiny_rasters, object_store, monkeypatch):
    monkeypatch.setattr(leases, "POLL_S", 0.05)
    project = replace(tiny_project, workspace=object_store)
    other = tiny_rasters["water"].copy()
    other[:, 10:20, 10:20] = 33
    both, outcomes = threading.Barrier(2), []
    upload = ObjectPlace.upload

    def at_once(self, *arguments, **options):
        if "water_2020" in self.name:
            outcomes.append(self.name)
        upload(self, *arguments, **options)

    monkeypatch.setattr(ObjectPlace, "upload", at_once)

    def hand_in(rasters):
        both.wait()
        try:
            outcomes.append(submit(project, "water", "1.0.0", rasters).created)
        except ImmutableError as err:
            outcomes.append(err.findings[0].code)

    threads = [threading.Thread(target=hand_in, args=(rasters,)) for rasters in (tiny_rasters["water"], other)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(map(str, outcomes)) == ["S101", "True", "water_2020_v1.0.0.tif"]
    assert verify_submission(project, "water") == []


# results that cannot be trusted


def one_result(project: Project, tile: str = "0_2") -> tuple[ObjectPlace, str]:
    key = latest(project, "tiny").record.tiles[tile]
    return ledger_of(builds_folder(project, "tiny")).path(key), key


def test_results_that_are_others_are_found_and_made_again(far_network):
    finished = build(far_network, "tiny", Silent())
    ledger, whole = ledger_of(builds_folder(far_network, "tiny")), {}
    for tile, data in (("0_1", b"other bytes"), ("0_2", b"cut"), ("1_0", None)):
        path, key = one_result(far_network, tile)
        whole[path] = path.read_bytes()
        if data is None:
            path.unlink()
        else:
            path.write_bytes(whole[path][:-20] if data == b"cut" else data)
        assert ledger.state(key) == "damaged"
    again = build(far_network, "tiny", Silent())
    assert (sorted(again.made), set(again.reasons)) == (["0_1", "0_2", "1_0"], {("result damaged",)})
    assert again.record == finished.record
    assert {path: path.read_bytes() for path in whole} == whole


def test_result_without_receipt_is_not_counted(far_network):
    build(far_network, "tiny", Silent())
    _, key = one_result(far_network)
    ledger = ledger_of(builds_folder(far_network, "tiny"))
    ledger.receipt(key).unlink()
    assert (ledger.state(key), ledger.find(key)) == ("unfinished", None)
    assert build(far_network, "tiny", Silent()).reasons == (("left unfinished",),)


def test_result_that_was_copied_to_another_bucket_counts_by_its_digest(far_network):
    build(far_network, "tiny", Silent())
    path, key = one_result(far_network)
    ledger = ledger_of(builds_folder(far_network, "tiny"))
    receipt = ledger.facts(key)
    write_text(ledger.receipt(key), json.dumps({**receipt, farledger.STAMP: "another store's"}))
    assert ledger.state(key) == "done"
    path.write_bytes(path.read_bytes() + b"!")
    assert ledger.state(key) == "damaged"


def test_results_are_looked_at_with_one_listing(far_network, monkeypatch):
    finished = build(far_network, "tiny", Silent())
    ledger, keys = ledger_of(builds_folder(far_network, "tiny")), list(finished.record.tiles.values())
    ledger.path(keys[0]).write_bytes(b"other bytes")
    ledger.receipt(keys[1]).unlink()
    ledger.remove(keys[2])
    write_text(ledger.receipt(keys[3]), json.dumps({"sha256": "0" * 64}))
    states = ["damaged", "unfinished", "missing", "damaged", *["done"] * 5, "missing"]
    expected = dict(zip([*keys, "f" * 64], states, strict=True))
    assert {key: ledger.state(key) for key in expected} == expected
    asked: list[str] = []

    def counted(where, method, *args, **options):
        asked.append(method)
        return ask(where, method, *args, **options)

    ask = places._ask
    monkeypatch.setattr(places, "_ask", counted)
    assert ledger.states(expected.keys()) == expected
    # The receipts of all but the second, third and last; the first and fourth are downloaded, having other stamps.
    assert sorted(asked) == ["cat_file"] * 7 + ["find"] + ["open"] * 2
    asked.clear()
    assert {key: size > 0 for key, size in ledger.sizes().items()} == dict.fromkeys({*keys} - {keys[2]}, True)
    assert asked == ["find"]


def test_damaged_result_is_not_read_while_a_build_uses_it(far_network, monkeypatch):
    monkeypatch.setattr(farledger, "LOOK_S", 0.0)
    finished = build(far_network, "tiny", Silent())
    path, key = one_result(far_network, "2_2")
    before = finished.layer("class")
    copy = copies.copy_path(ledger_of(builds_folder(far_network, "tiny")).facts(key)["sha256"], blocks.SUFFIX)
    copy.write_bytes(b"a copy that somebody wrote to")
    assert (finished.layer("class") == before).all()
    path.write_bytes(b"other bytes")
    with pytest.raises(ResourceError, match="R205 an intermediate result is damaged"):
        finished.layer("class")


# faults


def test_requests_that_fail_now_and_then_are_made_again(far_network, no_pause, monkeypatch, near_build):
    expected = near_build.record
    count = 0

    def shaky(ask):
        def asking(*arguments, **options):
            nonlocal count
            count += 1
            if count % 7 == 0:
                raise OSError(errno.EBUSY, "Please reduce your request rate")
            return ask(*arguments, **options)

        return asking

    files = places.store()
    for name in ("info", "cat_file", "pipe_file", "put_file", "ls", "find", "open", "rm_file"):
        monkeypatch.setattr(files, name, shaky(getattr(files, name)))
    finished = build(far_network, "tiny", Silent(), workers=1)
    assert finished.record.pixels == expected.pixels
    assert len(no_pause) >= count // 7


def test_store_that_fills_up_ends_the_build_which_then_goes_on(far_network, no_pause, monkeypatch):
    full = OSError(errno.EIO, "told by the store")
    full.__cause__ = pytest.importorskip("botocore.exceptions").ClientError({"Error": {"Code": "QuotaExceeded"}}, "Put")
    put, calls = places.store().put_file, []

    def filling(*arguments, **options):
        calls.append(1)
        if len(calls) > 4:
            raise full
        return put(*arguments, **options)

    with monkeypatch.context() as small:
        small.setattr(places.store(), "put_file", filling)
        with pytest.raises(ResourceError, match="R207 storage is full"):
            build(far_network, "tiny", Silent(), workers=1)
    ledger = ledger_of(builds_folder(far_network, "tiny"))
    assert [ledger.state(key) for key in ledger.sizes()] == ["done"] * 4
    assert len(build(far_network, "tiny", Silent()).made) == 5


KILLED = """
import os, signal, sys
from pathlib import Path
from mutirao.engine.build import build
from mutirao.engine.progress import Silent
from mutirao.io import places
from mutirao.project import Project
moment, seen = int(sys.argv[3]), 0
ask = places._ask
def asking(where, method, *arguments, **options):
    global seen
    seen += method in ("put_file", "pipe_file", "rm_file") and "/log/" not in where
    if seen == moment:
        os.kill(os.getpid(), signal.SIGKILL)
    return ask(where, method, *arguments, **options)
places._ask = asking
build(Project(Path(sys.argv[1]), places.place(sys.argv[2])), "tiny", Silent(), workers=2)
"""


def test_build_killed_at_its_writes_goes_on_and_leaves_nothing_partial(far_network, near_build):
    expected = near_build.record
    folder = builds_folder(far_network, "tiny")
    kept: dict[str, str] = {}
    for moment in (20, 20):  # among the results; in the middle of the build's own folder
        command = [sys.executable, "-c", KILLED, str(far_network.root), str(far_network.workspace), str(moment)]
        assert subprocess.run(command, check=False, stderr=subprocess.DEVNULL).returncode == -signal.SIGKILL
        ledger = ledger_of(folder)
        done = {key: ledger.path(key).stat().stamp for key in ledger.sizes() if ledger.state(key, again=True) == "done"}
        assert kept.items() <= done.items()
        kept = done
        assert list(folder.glob("*/build.json")) == []
        assert not (folder / "latest.json").exists()
    assert kept
    assert (folder / ".lock.lease").is_file()
    finished = build(far_network, "tiny", Silent())
    assert finished.record.pixels == expected.pixels
    assert len(finished.made) == 9 - len(kept)
    assert list(folder.glob(".*")) == []
    ledger = ledger_of(folder)
    assert kept.items() <= {key: ledger.path(key).stat().stamp for key in ledger.sizes()}.items()


def test_second_build_at_once_is_refused_or_waits(far_network):
    folder = builds_folder(far_network, "tiny")
    told: list[str] = []

    class Telling(Silent):
        def say(self, message: str) -> None:
            told.append(message)
            done.set()

    done = threading.Event()
    with held(folder / ".lock"):
        with pytest.raises(ResourceError, match=f"R206 is in use by process {os.getpid()}"):
            build(far_network, "tiny", Silent())
        waiting = threading.Thread(target=lambda: build(far_network, "tiny", Telling(), wait_s=120))
        waiting.start()
        assert done.wait(60)
        assert not (folder / "latest.json").exists()
    waiting.join()
    assert told[0].startswith("Waiting for process")
    assert latest(far_network, "tiny").record.tiles


def test_log_is_uploaded_now_and_then(far_network, monkeypatch):
    monkeypatch.setattr(runlog, "UPLOAD_S", 0.0)
    folder = builds_folder(far_network, "tiny")
    log = runlog.RunLog(folder / runlog.FOLDER)
    log.write("start", started="2026-11-22T00:00:00+00:00", collection="tiny", years=3, process="p", workers=[])
    assert last_run(folder).state == "unfinished"
    log.end("stopped")
    log.close()
    assert (last_run(folder).state, len(logs_of(folder))) == ("stopped", 1)
    assert list((copies.cache_folder() / "objects").iterdir()) == []


# upkeep


def test_prune_removes_what_nothing_needs(far_network):
    first = build(far_network, "tiny", Silent())
    folder = builds_folder(far_network, "tiny")
    edited = far_network.root / "configs/chains/tiny.yaml"
    edited.write_text(edited.read_text(encoding="utf-8").replace("min_pixels: 3", "min_pixels: 2"))
    second = build(far_network, "tiny", Silent())
    write_text(folder / "0123456789abcdef/tables/areas.csv", "left by a build that died")
    pruned = Upkeep(folder, 0).prune()
    assert [path.name for path in pruned.partials] == ["0123456789abcdef"]
    assert [path.name for path in pruned.builds] == [first.folder.name]
    needed = set(second.record.tiles.values())
    assert {entry.key for entry in pruned.results} == set(first.record.tiles.values()) - needed
    assert sorted(path.name for path in folder.iterdir()) == sorted([second.folder.name, "latest.json", "log", "tiles"])
    assert Upkeep(folder, 1).damaged(Silent()) == []
    assert set(ledger_of(folder).sizes()) == needed


def test_nothing_is_pruned_while_the_store_does_not_answer(far_network, no_pause, monkeypatch):
    build(far_network, "tiny", Silent())
    folder = builds_folder(far_network, "tiny")
    before = set(folder.objects())

    def busy(*_, **__):
        raise OSError(errno.EBUSY, "Please reduce your request rate")

    with monkeypatch.context() as shut:
        shut.setattr(places.store(), "cat_file", busy)
        with pytest.raises(ResourceError, match="R201"):
            Upkeep(folder, 1).prune()
    assert {path for path in folder.objects() if path.name != ".lock.lease"} == before


# other machines, other parts, real maps


def test_workers_in_other_processes_make_the_same_map(far_network, near_build):
    expected = near_build.record
    spec = far_network.root / "configs/clusters/two.yaml"
    write_text(spec, "kind: local\nworkers: 2\n")
    with open_crew(far_network, "two") as crew:
        finished = build(far_network, "tiny", Silent(), workers=crew)
    assert (finished.record.pixels, len(finished.made)) == (expected.pixels, 9)
    assert len(last_run(builds_folder(far_network, "tiny")).peaks) >= 2


def test_builds_may_lie_here_and_submissions_and_releases_there(far_network, tmp_path):
    parts = Elsewhere(submissions=far_network.workspace, releases=far_network.workspace)
    project = replace(far_network, workspace=tmp_path / "here", elsewhere=parts)
    finished = build(project, "tiny", Silent())
    published = publish(project, finished, "0.1.0", Silent())
    assert (tmp_path / "here/builds/tiny/latest.json").is_file()
    assert str(published.folder) == f"{far_network.workspace}/releases/tiny/v0.1.0"
    assert not (far_network.workspace / "builds").exists()


def test_command_line_takes_the_address_from_the_environment(far_network, monkeypatch, capfd):
    monkeypatch.setenv("MUTIRAO_WORKSPACE", str(far_network.workspace))
    monkeypatch.setattr(sys, "argv", ["mutirao", "--project", str(far_network.root), "build", "--json"])
    with pytest.raises(SystemExit) as ended:
        main()
    told = json.loads(capfd.readouterr().out)
    assert (ended.value.code or 0, len(told["made"])) == (0, 9)
    assert told["folder"] == str(latest(far_network, "tiny").folder)


def test_release_in_a_store_is_served_in_ranges(far_network):
    published = publish(far_network, build(far_network, "tiny", Silent()), "0.1.0", Silent())
    whole = (published.folder / "tiny_history_v0.1.0.tif").read_bytes()
    with make_server(published.folder.parent) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        address = f"http://127.0.0.1:{server.server_port}/v0.1.0/"
        part = urllib.request.Request(f"{address}tiny_history_v0.1.0.tif", headers={"Range": "bytes=10-29"})
        with urllib.request.urlopen(part) as answer:
            assert (answer.status, answer.read()) == (206, whole[10:30])
        with urllib.request.urlopen(address) as answer:
            assert b"<html" in answer.read()
        with pytest.raises(urllib.error.HTTPError, match="404"):
            urllib.request.urlopen(f"{address}../../submissions/valley/0.1.0/submission.json")
        server.shutdown()


@pytest.mark.skipif(not SHARED.is_dir(), reason=f"real maps are not beside the checkout: no {SHARED}")
def test_real_maps_are_submitted_from_a_store_into_it(tmp_path, object_store, monkeypatch):
    from tests.modules import test_real_maps as network

    files = sorted((SHARED / "mapbiomas-c8-sul-goiano").glob("*.tif"))[:3]
    for path in files:
        (object_store / "exports" / path.name).upload(path)
    codes = (3, 4, 9, 11, 12, 15, 20, 21, 24, 25, 33, 39, 41)
    monkeypatch.setattr(network, "LEGEND", {code: f"Class {code}" for code in codes})
    monkeypatch.setattr(network, "YEARS", (1985, 1987))
    manifest = {"kind": "region", "classes": sorted(codes), "min_coverage": 0}
    delivery = {"files": "mapbiomas-brazil-collection-80-{year}.tif", "nodata": 0}
    made = network.make_project(tmp_path, network.grid_of(files[0]), **manifest, delivery=delivery)
    project = replace(made, workspace=object_store)
    submitted = submit(project, "mato", "0.1.0", f"{object_store}/exports/*.tif")
    assert submitted.created
    here = submit(made, "mato", "0.1.0", files)
    assert [file.pixels for file in submitted.receipt.files] == [file.pixels for file in here.receipt.files]
    claims = load_submission(project, "mato").read_claims([1985, 1986, 1987])
    assert (claims == load_submission(made, "mato").read_claims([1985, 1986, 1987])).all()
    assert len(np.unique(claims)) > 5
