"""Places in an object store do what folders do, and tell what goes wrong; against a stand-in server, not a real S3."""

from __future__ import annotations

import json
import os
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import numpy as np
import pytest

from mutirao.errors import ConfigError, ResourceError, UsageError
from mutirao.grid import Grid, Tile
from mutirao.io import copies, faults, leases, places, rasters, storage
from mutirao.io.cogs import write_cog
from mutirao.io.locks import held, lease_of
from mutirao.io.places import ObjectPlace, is_far, is_web, place
from mutirao.io.storage import (
    find_bytes,
    matching,
    read_bytes,
    read_json,
    read_text,
    streamed_digest,
    whole_folder,
    write_json,
    write_text,
)
from mutirao.project import find

HERE = ObjectPlace("s3://bucket/a/b.tar.gz")


def test_parts_of_a_name_are_those_of_a_path():
    assert (HERE.bucket, HERE.key, HERE.name, HERE.stem, HERE.suffix) == (
        *("bucket", "bucket/a/b.tar.gz", "b.tar.gz"),
        *("b.tar", ".gz"),
    )
    assert HERE.parts == ("bucket", "a", "b.tar.gz")
    assert [str(folder) for folder in HERE.parents] == ["s3://bucket/a", "s3://bucket"]
    assert str(HERE.with_name("c") / "d/e") == "s3://bucket/a/c/d/e"
    assert HERE.relative_to(ObjectPlace("s3://bucket")).as_posix() == "a/b.tar.gz"
    assert HERE.parents[-1].parent == HERE.parents[-1]
    assert sorted([HERE / "b", HERE]) == [HERE, HERE / "b"]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("s3://bucket/a/", ObjectPlace("s3://bucket/a")),
        ("s3a://bucket", ObjectPlace("s3://bucket")),
        ("a/b", Path("a/b")),
        (Path("/a"), Path("/a")),
        (HERE, HERE),
    ],
)
def test_text_becomes_a_place(text, expected):
    assert place(text) == expected
    assert is_far(text) == isinstance(expected, ObjectPlace)


@pytest.mark.parametrize("text", ["https://example.org/a", "gs://bucket/a", "ftp://host", "s3://"])
def test_other_addresses_are_no_places(text):
    with pytest.raises(UsageError, match="U115"):
        place(text)
    assert is_web(text) == text.startswith("https")


FILES = ("a.txt", ".b.txt", "one/c.txt", "one/.hidden/d.json", "two/c.txt", "two/deep/e.txt", ".dot/c.txt")


@pytest.fixture
def twins(tmp_path, object_store) -> tuple[Path, ObjectPlace]:
    """The same files in a folder and in a store."""
    folder = tmp_path / "twin"
    for name in FILES:
        write_text(folder / name, name)
        write_text(object_store / name, name)
    return folder, object_store


@pytest.mark.parametrize(
    "pattern", ["*", "*/*", "*.txt", "*/c.txt", "[!.]*/c.txt", ".*", "one/*", "t*/deep/e.txt", "none/*", "**/c.txt"]
)
def test_glob_finds_what_it_finds_in_a_folder(twins, pattern):
    near, far = (sorted(path.relative_to(root).as_posix() for path in root.glob(pattern)) for root in twins)
    assert near == far


def test_files_and_folders_are_told_apart(twins):
    for root in twins:
        assert [(root / name).is_file() for name in ("a.txt", "one", "none", "one/none")] == [True, False, False, False]
        assert [(root / name).is_dir() for name in ("a.txt", "one", "none", "")] == [False, True, False, True]
        assert [(root / name).exists() for name in ("a.txt", "one", "none")] == [True, True, False]
        assert sorted(path.name for path in root.iterdir()) == [".b.txt", ".dot", "a.txt", "one", "two"]
        assert (root / "one/c.txt").stat().st_size == 9
    with pytest.raises(FileNotFoundError):
        (twins[1] / "none").stat()
    assert {path.relative_to(twins[1]).as_posix() for path in twins[1].objects()} == set(FILES)
    assert len(list(twins[1].rglob("*.json"))) == 1


def test_text_and_json_are_read_as_they_were_written(object_store):
    write_json(object_store / "a.json", {"ä": 1})
    assert read_json(object_store / "a.json") == read_json(f"{object_store}/a.json") == {"ä": 1}
    assert read_bytes(object_store / "a.json", 100) == b'{\n  "\xc3\xa4": 1\n}\n'
    assert streamed_digest(object_store / "a.json", 100)[0] == 14
    with pytest.raises(ResourceError, match="R201 has more than 3 bytes"):
        read_bytes(object_store / "a.json", 3)
    assert find_bytes(object_store / "b.json", 9) is None
    with pytest.raises(ResourceError, match="R201"):
        read_text(object_store / "b.json")
    (object_store / "a.json").unlink()
    (object_store / "a.json").unlink(missing_ok=True)
    with pytest.raises(FileNotFoundError):
        (object_store / "a.json").unlink()


def test_pattern_finds_objects(twins):
    assert [path.name for path in matching(f"{twins[1]}/*/c.txt")] == ["c.txt"] * 3
    assert matching(f"{twins[1]}/*.tif") == []


def test_only_one_creates_an_object_and_the_same_bytes_again_are_no_matter(object_store):
    (object_store / "a").create(b"one")
    (object_store / "a").create(b"one")
    with pytest.raises(FileExistsError):
        (object_store / "a").create(b"two")
    assert (object_store / "a").read_bytes() == b"one"


def test_object_is_replaced_only_if_it_is_still_the_one(object_store):
    path = object_store / "a"
    path.create(b"one")
    stamp = path.stat().stamp
    path.replace_if(stamp, b"two")
    with pytest.raises(FileExistsError):
        path.replace_if(stamp, b"three")
    assert path.read_bytes() == b"two"


def test_existing_object_is_not_uploaded_over(object_store, tmp_path):
    (tmp_path / "f").write_bytes(b"two")
    (object_store / "a").create(b"one")
    with pytest.raises(FileExistsError):
        (object_store / "a").upload(tmp_path / "f", create=True)
    (object_store / "a").upload(tmp_path / "f")
    (object_store / "a").upload(tmp_path / "f", create=True)
    assert (object_store / "a").read_bytes() == b"two"


# what goes wrong


def test_missing_bucket_is_said_and_none_is_made(object_store):
    far = ObjectPlace("s3://no-such-bucket-here/ws")
    for act in (
        far.is_file,
        lambda: write_text(far / "a", "a"),
        lambda: read_text(far / "a"),
        lambda: list(far.glob("*")),
    ):
        with pytest.raises(ResourceError, match="R209 there is no such bucket"):
            act()
    with pytest.raises(ResourceError, match="R209"):
        find_bytes(far / "a", 9)
    assert not any("no-such-bucket-here" in name for name in places.store().ls(""))


@pytest.fixture
def fresh_store() -> Iterator[None]:
    """Let the next request make a new filesystem, and those of other tests one of theirs."""
    places._store.cache_clear()
    yield
    places._store.cache_clear()


def test_missing_credentials_are_said_also_for_rasters(object_store, fresh_store, monkeypatch, tmp_path):
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.delenv(name)
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(tmp_path / "none"))
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "none"))
    for act in ((object_store / "a").is_file, lambda: rasters.read(object_store / "a.tif")):
        with pytest.raises(ResourceError, match="R208 the storage refuses") as refused:
            act()
        assert "AWS_PROFILE" in refused.value.findings[0].remedy


def test_refusal_is_no_missing_file(object_store, monkeypatch):
    """A library that answers 'no such file' to any failure would let a build go wrong; see decision 9."""
    monkeypatch.setattr(places.store(), "info", raising(PermissionError("Forbidden")))
    with pytest.raises(ResourceError, match="R208 the storage refuses: Forbidden"):
        (object_store / "a").is_file()


def raising(error: BaseException):
    def raise_it(*_, **__):
        raise error

    return raise_it


def client_error(code: str, status: int, words: str = "told by the store") -> BaseException:
    exceptions = pytest.importorskip("botocore.exceptions")
    answer = {"Error": {"Code": code, "Message": words}, "ResponseMetadata": {"HTTPStatusCode": status}}
    return exceptions.ClientError(answer, "PutObject")


def test_full_store_is_said(object_store, monkeypatch):
    full = OSError(5, "told by the store")
    full.__cause__ = client_error("QuotaExceeded", 507)
    monkeypatch.setattr(faults.time, "sleep", lambda _: None)
    monkeypatch.setattr(places.store(), "pipe_file", raising(full))
    with pytest.raises(ResourceError, match="R207 storage is full"):
        write_text(object_store / "a", "a")


@pytest.mark.parametrize(
    ("code", "status", "expected"),
    [("SlowDown", 503, True), ("InternalError", 500, True), ("AccessDenied", 403, False), ("NoSuchKey", 404, False)],
)
def test_answers_of_a_store_that_pass(code, status, expected):
    assert faults.passes(client_error(code, status)) == expected


def test_lost_connections_of_the_libraries_pass():
    exceptions = pytest.importorskip("botocore.exceptions")
    aiohttp = pytest.importorskip("aiohttp")
    assert faults.passes(exceptions.EndpointConnectionError(endpoint_url="x"))
    assert faults.passes(exceptions.ReadTimeoutError(endpoint_url="x"))
    assert faults.passes(aiohttp.ServerDisconnectedError())
    assert faults.passes(aiohttp.ClientPayloadError("cut off"))
    assert not faults.passes(exceptions.NoCredentialsError())
    assert not faults.passes(ValueError("SlowDown"))


def test_request_that_fails_now_and_then_is_made_again(object_store, monkeypatch):
    pauses: list[float] = []
    monkeypatch.setattr(faults.time, "sleep", pauses.append)
    write_text(object_store / "a", "a")
    answers = iter([client_error("SlowDown", 503), ConnectionResetError("gone"), None, client_error("SlowDown", 503)])
    info = places.store().info

    def now_and_then(*arguments):
        if failure := next(answers, None):
            raise failure
        return info(*arguments)

    monkeypatch.setattr(places.store(), "info", now_and_then)
    assert (object_store / "a").is_file()
    assert pauses == pytest.approx([0.1, 0.3])


def test_only_the_outermost_patience_counts(monkeypatch):
    pauses: list[float] = []
    calls = []
    monkeypatch.setattr(faults.time, "sleep", pauses.append)

    @faults.patient
    def inner():
        calls.append(1)
        raise TimeoutError("gone")

    with pytest.raises(TimeoutError):
        faults.patient(inner)()
    assert (len(calls), len(pauses)) == (4, 3)


@pytest.fixture
def web() -> Iterator[tuple[str, list[int]]]:
    """A web server that answers with the statuses of a list, and 200 when there are no more."""
    statuses: list[int] = []

    class Answer(BaseHTTPRequestHandler):
        def do_GET(self):
            self.send_response(statuses.pop(0) if statuses else 200)
            self.send_header("Content-Length", "2")
            self.end_headers()
            self.wfile.write(b"ok")

        do_HEAD = do_GET  # noqa: N815 - the name that the library calls

        def log_message(self, *_):
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Answer) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}/a.json", statuses
        server.shutdown()


def test_web_server_that_refuses_is_told_from_one_that_is_busy(web, monkeypatch):
    address, statuses = web
    pauses: list[float] = []
    statuses[:] = [403] * 9
    with pytest.raises(ResourceError, match="R208 the storage refuses: status 403"):
        read_text(address)
    monkeypatch.setattr(faults.time, "sleep", pauses.append)
    statuses[:] = [503, 503]
    assert read_text(address) == "ok"
    assert pauses


# folders that appear whole


def write_folder(folder: ObjectPlace, *names: str) -> None:
    with whole_folder(folder, "last") as local:
        for name in (*names, "last"):
            write_text(local / name, name)


def test_folder_counts_only_when_its_last_file_is_there(object_store, monkeypatch):
    folder, seen = object_store / "1.0.0", []
    upload = ObjectPlace.upload
    monkeypatch.setattr(
        ObjectPlace, "upload", lambda *a, **k: (seen.append((folder / "last").is_file()), upload(*a, **k))
    )
    with whole_folder(folder, "last") as local:
        for name in ("a/b", "c", "last"):
            write_text(local / name, name)
        assert not folder.exists()
    assert seen == [False, False]
    assert [path.relative_to(folder).as_posix() for path in folder.objects()] == ["a/b", "c", "last"]
    assert list(object_store.glob(".*")) == []


def test_folder_that_is_there_is_not_touched(object_store):
    for text in ("one", "two"):
        try:
            with whole_folder(object_store / "v", "last") as local:
                write_text(local / "last", text)
        except FileExistsError:
            assert text == "two"
    assert read_text(object_store / "v/last") == "one"


def test_what_a_dead_writer_left_is_removed_and_not_mixed_in(object_store):
    write_text(object_store / "v/stranger", "half")
    write_text(object_store / "v/a", "half")
    with whole_folder(object_store / "v", "last") as local:
        write_text(local / "a", "whole")
        write_text(local / "last", "last")
    assert sorted(path.name for path in (object_store / "v").objects()) == ["a", "last"]
    assert read_text(object_store / "v/a") == "whole"


def test_upload_that_fails_leaves_nothing(object_store, monkeypatch):
    monkeypatch.setattr(ObjectPlace, "create", failing_for("last", ObjectPlace.create))
    with pytest.raises(ResourceError, match="R201"):
        write_folder(object_store / "v", "a")
    assert object_store.objects() == {}


def failing_for(name, create):
    def creating(self, data):
        if self.name == name:
            raise ResourceError.because("R201", "cut off", where="here", remedy="none")
        create(self, data)

    return creating


def test_writer_that_was_taken_for_dead_does_not_end(object_store, monkeypatch):
    """Its lease is another's when it comes to the last file: nothing counts, and nothing of the other is removed."""
    folder = object_store / "v"
    upload = ObjectPlace.upload

    def stalled(self, *arguments, **options):
        upload(self, *arguments, **options)
        (object_store / ".v.lock").write_bytes(json.dumps({"token": "another", "pid": 1, "host": "far"}).encode())

    monkeypatch.setattr(ObjectPlace, "upload", stalled)
    with pytest.raises(ResourceError, match="R206"):
        write_folder(folder, "a")
    assert [path.name for path in folder.objects()] == ["a"]
    assert leases._read(object_store / ".v.lock")["token"] == "another"


def test_of_two_writers_at_once_one_wins_whole(object_store, monkeypatch):
    monkeypatch.setattr(leases, "POLL_S", 0.05)
    both, lost = threading.Barrier(2), []

    def write(text):
        try:
            with whole_folder(object_store / "v", "last") as local:
                for name in ("a", "b", "last"):
                    write_text(local / name, text)
                both.wait()
        except FileExistsError:
            lost.append(text)

    threads = [threading.Thread(target=write, args=(text,)) for text in ("one", "two")]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(lost) == 1
    winner = {"one": "two", "two": "one"}[lost[0]]
    assert {read_text(path) for path in (object_store / "v").objects()} == {winner}


# leases


def test_second_holder_is_refused_and_told_who_holds_it(object_store):
    path = object_store / ".lock"
    with (
        held(path),
        pytest.raises(ResourceError, match=f"R206 is in use by process {os.getpid()} .* since 20"),
        held(path),
    ):
        pass
    with held(path):
        assert lease_of(path).is_file()
    assert object_store.objects() == {}


def test_second_holder_waits_and_says_so_once(object_store, monkeypatch):
    monkeypatch.setattr(leases, "POLL_S", 0.01)
    path, told = object_store / ".lock", []
    first = leases.take(lease_of(path))
    assert first is not None

    def waiting(message):
        told.append(message)
        first.release()

    with held(path, wait_s=60, waiting=waiting):
        assert told == [f"Waiting for process {os.getpid()} {told[0].split(' ', 4)[4]}"]


@pytest.mark.parametrize(
    ("host", "pid", "age_s", "free"),
    [
        ("far", 1, 0, False),
        ("far", 1, leases.STALE_S + 5, True),
        (None, 2**22 + 1, 0, True),
        (None, os.getpid(), 0, False),
    ],
    ids=["beats elsewhere", "silent elsewhere", "ended here", "runs here"],
)
def test_lease_of_the_dead_is_taken_over(object_store, monkeypatch, host, pid, age_s, free):
    """Of another machine when it was silent for long, of a process of this one at once; pid 2**22 + 1 cannot live."""
    path = object_store / "a"
    mine = {**leases.this_process(), "pid": pid}
    path.create(json.dumps({**mine, "host": host or mine["host"]}).encode())
    now = time.time()
    monkeypatch.setattr(leases.time, "time", lambda: now + age_s)
    lease = leases.take(path)
    assert (lease is not None) == free
    if lease:
        assert lease.is_mine()
        lease.release()


def test_heart_beats_with_other_bytes_and_stops_when_the_lease_is_lost(object_store, monkeypatch):
    monkeypatch.setattr(leases, "HEARTBEAT_S", 0.01)
    path = object_store / "a"
    lease = leases.take(path)
    assert lease is not None
    stamps = set()
    deadline = time.monotonic() + 60
    while len(stamps) < 3 and time.monotonic() < deadline:
        stamps.add(path.stat().stamp)
    assert len(stamps) == 3
    path.write_bytes(json.dumps({"token": "another"}).encode())
    lease._thread.join(60)
    assert not lease._thread.is_alive()
    with pytest.raises(ResourceError, match="R206"):
        lease.require()
    lease.release()
    assert path.is_file()


# rasters and copies


@pytest.fixture
def raster(object_store, tmp_path) -> tuple[Path, ObjectPlace]:
    """The same map of 2000 x 2000 pixels here and there."""
    grid = Grid(crs="EPSG:31983", resolution=30, origin=(300000, 7800000), shape=(2000, 2000), tile=1024)
    pixels = np.random.default_rng(3).integers(1, 200, (2000, 2000)).astype(np.uint8)
    near, far = tmp_path / "a.tif", object_store / "a.tif"
    write_cog(near, pixels, grid)
    far.upload(near)
    return near, far


def test_window_of_a_raster_is_the_same_from_both(raster):
    near, far = raster
    window = Tile("w", 700, 900, 1000, 1300)
    assert rasters.info(near) == rasters.info(far)
    assert (rasters.read(near, window) == rasters.read(str(far), window)).all()
    assert rasters.file_digest(near) == rasters.file_digest(far)


def test_window_is_read_without_the_rest_of_the_raster(raster, monkeypatch):
    """Whatever reads the object whole goes through the filesystem's methods; GDAL asks for ranges itself."""
    _, far = raster
    monkeypatch.setattr(places, "_ask", raising(AssertionError("read whole")))
    assert rasters.read(far, Tile("w", 0, 10, 0, 10)).shape == (10, 10)


def test_rasters_are_read_by_threads_at_the_same_time(raster):
    from concurrent.futures import ThreadPoolExecutor

    near, far = raster
    windows = [Tile(str(n), 90 * n, 90 * n + 300, 80 * n, 80 * n + 300) for n in range(12)]
    with ThreadPoolExecutor(6) as pool:
        for here, there in zip(windows, pool.map(lambda window: rasters.read(far, window), windows), strict=True):
            assert (rasters.read(near, here) == there).all()


def test_raster_that_is_not_there_is_named(object_store):
    with pytest.raises(rasters.RasterError, match="M202") as failed:
        rasters.read(object_store / "none.tif")
    assert failed.value.findings[0].where == f"{object_store}/none.tif"


def test_copy_is_digested_on_its_way(object_store):
    (object_store / "a.bin").write_bytes(b"some bytes")
    partial, digest = copies.fetch(object_store / "a.bin", ".bin")
    assert digest == storage.hashlib.sha256(b"some bytes").hexdigest()
    kept = copies.keep(partial, digest, ".bin")
    assert kept == copies.copy_path(digest, ".bin")
    assert kept.read_bytes() == b"some bytes"
    assert [path for path in copies.cache_folder().rglob("*") if path.is_file()] == [kept]


def test_least_recently_used_copies_go_first_and_none_that_was_just_used(object_store, monkeypatch):
    kept = []
    for number in range(4):
        partial = copies.partial_path(".bin")
        partial.write_bytes(bytes(1000))
        kept.append(copies.keep(partial, f"{number}" * 64, ".bin"))
        os.utime(kept[-1], (1000 + number, 1000 + number))
    copies.used(kept[0])
    monkeypatch.setenv(copies.LIMIT_VARIABLE, "0.0000015")
    copies.trim()
    assert [path.is_file() for path in kept] == [True, False, False, False]
    assert copies.limit_bytes() == 1500


def test_download_that_breaks_off_leaves_no_copy(object_store, monkeypatch):
    (object_store / "a.bin").write_bytes(b"some bytes")

    class Broken:
        def __enter__(self):
            return self

        def __exit__(self, *_):
            pass

        def read(self, _):
            raise ValueError("broken")

    monkeypatch.setattr(ObjectPlace, "open", lambda *_: Broken())
    with pytest.raises(ValueError, match="broken"):
        copies.fetch(object_store / "a.bin", ".bin")
    assert [path for path in copies.cache_folder().rglob("*") if path.is_file()] == []


# configs/storage.yaml


@pytest.fixture
def network(tmp_path) -> Path:
    (tmp_path / "net/configs/collections").mkdir(parents=True)
    return tmp_path / "net"


def test_parts_of_the_workspace_lie_where_the_configuration_says(network):
    text = "workspace: results\nsubmissions: s3://bucket/members\nreleases: /srv/maps\n"
    write_text(network / "configs/storage.yaml", text)
    project = find(network)
    assert project.builds == network / "results/builds"
    assert project.submissions == ObjectPlace("s3://bucket/members/submissions")
    assert project.reviews == ObjectPlace("s3://bucket/members/reviews")
    assert project.receipts == ObjectPlace("s3://bucket/members/receipts")
    assert project.releases == Path("/srv/maps/releases")
    assert dict(project.elsewhere.as_text()) == {"submissions": "s3://bucket/members", "releases": "/srv/maps"}
    elsewhere = find(network, ObjectPlace("s3://other/ws"))
    assert {str(elsewhere.submissions), str(elsewhere.builds), str(elsewhere.releases)} == {
        f"s3://other/ws/{part}" for part in ("submissions", "builds", "releases")
    }


def test_without_configuration_everything_lies_in_workspace(network):
    project = find(network)
    assert (project.submissions, project.sources) == (network / "workspace/submissions", network / "workspace/sources")


def test_fetched_inputs_stay_on_this_machine(network, monkeypatch, tmp_path):
    monkeypatch.setenv("MUTIRAO_CACHE", str(tmp_path / "cache"))
    assert find(network, ObjectPlace("s3://b/ws")).sources == tmp_path / "cache/sources"


def test_address_that_cannot_be_written_is_refused_with_its_line(network):
    write_text(network / "configs/storage.yaml", "workspace: results\nbuilds: https://example.org\n")
    with pytest.raises(ConfigError, match="C106") as refused:
        find(network)
    assert refused.value.findings[0].where.endswith("storage.yaml:2:1")
