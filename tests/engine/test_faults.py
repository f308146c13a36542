"""Builds that are killed, run out of disk, fail to read or lose a worker come to the same pixels when they go on."""

from __future__ import annotations

import errno
import json
import os
import random
import signal
import subprocess
import sys
import time
import zipfile
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from mutirao.engine.build import Build, build, builds_folder, latest, ledger_of
from mutirao.engine.progress import Silent
from mutirao.engine.upkeep import Upkeep
from mutirao.errors import MutiraoError, ResourceError
from mutirao.io import blocks, faults, rasters
from mutirao.io.storage import read_text, whole_folder, write_text
from mutirao.project import Project

KILLS = int(os.environ.get("MUTIRAO_SOAK_KILLS", "25"))
"""`make soak` asks for many more."""
WORKERS = 2


class Victim:
    """Builds in children of one helper process; see victim.py."""

    def __init__(self, project: Project) -> None:
        script = Path(__file__).with_name("victim.py")
        command = [sys.executable, str(script), str(project.root)]
        self._helper = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        assert self._line() == "ready"

    def run(self, **fate: object) -> int:
        """Build in a child, with the settings of `victim.Fate`; return its exit status."""
        assert self._helper.stdin is not None
        self._helper.stdin.write(json.dumps(fate) + "\n")
        self._helper.stdin.flush()
        return int(self._line())

    def close(self) -> None:
        self._helper.communicate()

    def _line(self) -> str:
        assert self._helper.stdout is not None
        return self._helper.stdout.readline().strip()


@pytest.fixture
def victim(tiny_network: Project) -> Iterator[Victim]:
    helper = Victim(tiny_network)
    yield helper
    helper.close()


def done_keys(project: Project) -> set[str]:
    ledger = ledger_of(builds_folder(project, "tiny"))
    return {key for key in ledger.sizes() if ledger.find(key)}


def require_nothing_partial(project: Project, whole: set[str]) -> None:
    """Look at everything under a final name; `whole` are the files of a finished build."""
    folder = builds_folder(project, "tiny")
    ledger = ledger_of(folder)
    for key in ledger.sizes():
        # A receipt is written last, so where there is one, its file is whole. A file without one is not counted.
        if ledger.receipt(key).is_file():
            assert ledger.state(key, again=True) == "done"
        else:
            assert ledger.find(key) is None
    for build_folder in {file.parent for file in folder.glob("[!.]*/build.json")} | set(folder.glob("[0-9a-f]*")):
        assert files_of(build_folder) == whole
    if (folder / "latest.json").is_file():
        assert files_of(latest(project, "tiny").folder) == whole


def files_of(folder: Path) -> set[str]:
    return {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()}


def forget(project: Project) -> None:
    """Move what was built out of the way."""
    folder = builds_folder(project, "tiny")
    folder.rename(folder.with_name(f"old-{time.monotonic_ns()}"))


def undisturbed(project: Project, victim: Victim) -> tuple[Build, set[str], float]:
    """Return a build that nothing befell, its files, and the seconds that it took."""
    started = time.perf_counter()
    assert victim.run(workers=WORKERS) == 0
    seconds = time.perf_counter() - started
    finished = latest(project, "tiny")
    files = files_of(finished.folder)
    forget(project)
    return finished, files, seconds


def test_build_killed_at_random_moments_comes_to_the_same_pixels(tiny_network, victim):
    expected, whole, seconds = undisturbed(tiny_network, victim)
    moments, kills = random.Random(5), 0
    while kills < KILLS:
        before = done_keys(tiny_network)
        status = victim.run(workers=WORKERS, killed_after=moments.uniform(0, seconds))
        kills += status == -signal.SIGKILL
        assert status in (0, -signal.SIGKILL)
        require_nothing_partial(tiny_network, whole)
        assert before <= done_keys(tiny_network)
        if status == 0:
            assert latest(tiny_network, "tiny").record.pixels == expected.record.pixels
            forget(tiny_network)
    assert victim.run(workers=WORKERS) == 0
    require_nothing_partial(tiny_network, whole)
    assert latest(tiny_network, "tiny").record.pixels == expected.record.pixels
    assert latest(tiny_network, "tiny").record.id == expected.record.id


def test_build_killed_at_its_writes_redoes_at_most_the_tiles_in_flight(tiny_network, victim):
    expected, whole, _ = undisturbed(tiny_network, victim)
    for change in range(1, 200, 23):
        if victim.run(workers=WORKERS, dies_at=change) == 0:
            break
        require_nothing_partial(tiny_network, whole)
        kept = results(tiny_network)
        assert tiles_begun(tiny_network) - len(kept) <= WORKERS
        assert victim.run(workers=WORKERS) == 0
        assert kept.items() <= results(tiny_network).items()  # what was done is the same file as before
        assert len(results(tiny_network)) == len(expected.record.tiles)
        assert latest(tiny_network, "tiny").record.pixels == expected.record.pixels
        forget(tiny_network)
    else:
        pytest.fail("a build never came to its end")


def results(project: Project) -> dict[str, tuple[int, int]]:
    """Return number and time of the file of each result that counts."""
    ledger = ledger_of(builds_folder(project, "tiny"))
    files = {key: ledger.path(key).stat() for key in done_keys(project)}
    return {key: (stat.st_ino, stat.st_mtime_ns) for key, stat in files.items()}


def tiles_begun(project: Project) -> int:
    """Return how many results lie there under a final name, or half written under a temporary one."""
    ledger = ledger_of(builds_folder(project, "tiny"))
    halves = [path for path in ledger.partials() if path.name.endswith(blocks.SUFFIX)]
    return len(ledger.sizes()) + len(halves)


def test_lock_of_a_killed_build_holds_nobody_up_and_its_leftovers_are_pruned(tiny_network, victim):
    assert victim.run(dies_at=40) == -signal.SIGKILL
    folder = builds_folder(tiny_network, "tiny")
    assert (folder / ".lock").is_file()
    assert len(build(tiny_network, "tiny", Silent()).record.tiles) == 9
    (folder / "tiles" / "00").mkdir(exist_ok=True)
    (folder / "tiles" / "00" / f".half{blocks.SUFFIX}").write_bytes(b"half")
    (folder / ".0123456789abcdef.half").mkdir()
    assert len(Upkeep(folder, 3).prune().partials) >= 2
    assert list(folder.rglob(".*")) == []
    assert build(tiny_network, "tiny", Silent()).made == ()


def test_full_disk_is_said_and_the_build_goes_on_when_there_is_room(tiny_network, victim):
    expected, whole, _ = undisturbed(tiny_network, victim)
    assert victim.run(largest_file=2000) == 3
    require_nothing_partial(tiny_network, whole)
    assert victim.run(largest_file=20_000) in (0, 3)
    require_nothing_partial(tiny_network, whole)
    assert victim.run() == 0
    assert latest(tiny_network, "tiny").record.pixels == expected.record.pixels


@pytest.mark.parametrize("seed", range(4))
def test_write_that_finds_no_room_at_a_random_moment_leaves_nothing_partial(tiny_network, monkeypatch, seed):
    """Not a full disk, but writes of results that fail like on one."""
    fails_at = random.Random(seed).randint(1, 9)
    monkeypatch.setattr(blocks, "write_block", failing_like_a_full_disk(blocks.write_block, fails_at))
    with pytest.raises(ResourceError, match="R207 storage is full"):
        build(tiny_network, "tiny", Silent(), workers=1)
    monkeypatch.undo()
    folder = builds_folder(tiny_network, "tiny")
    assert list((folder / "tiles").rglob(".*")) == []
    finished = build(tiny_network, "tiny", Silent())
    require_nothing_partial(tiny_network, files_of(finished.folder))
    forget(tiny_network)
    assert build(tiny_network, "tiny", Silent()).record.pixels == finished.record.pixels


def failing_like_a_full_disk(write, fails_at):
    calls = []

    def writing(path, arrays):
        calls.append(path)
        if len(calls) == fails_at:
            path.write_bytes(b"half")
            raise OSError(errno.ENOSPC, "No space left on device", str(path))
        write(path, arrays)

    return writing


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="the system has no device that is always full")
def test_full_device_is_recognised():
    with pytest.raises(ResourceError, match="R207"), faults.room_for(Path("/dev/full")):
        Path("/dev/full").write_bytes(bytes(100_000))


def test_full_disk_leaves_no_text_and_no_folder(tmp_path, monkeypatch):
    def full(*_, **__):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(Path, "replace", full)
    with pytest.raises(ResourceError, match="R207"):
        write_text(tmp_path / "a.txt", "a")
    with pytest.raises(ResourceError, match="R207"), whole_folder(tmp_path / "b") as partial:
        write_text(partial / "c.txt", "c")
    assert list(tmp_path.iterdir()) == []


@pytest.fixture
def no_pause(monkeypatch):
    pauses: list[float] = []
    monkeypatch.setattr(faults.time, "sleep", pauses.append)
    return pauses


def failing_reads(read, number, every):
    calls = []

    def reading(*arguments, **options):
        calls.append(1)
        if len(calls) % every == 0:
            raise OSError(number, os.strerror(number))
        return read(*arguments, **options)

    return reading


def test_reads_that_fail_now_and_then_are_tried_again(tiny_network, no_pause, monkeypatch):
    expected = build(tiny_network, "tiny", Silent()).record
    forget(tiny_network)
    monkeypatch.setattr(rasters.rasterio, "open", failing_reads(rasters.rasterio.open, errno.EIO, 3))
    again = build(tiny_network, "tiny", Silent(), workers=1)
    assert again.record.pixels == expected.pixels
    assert no_pause


def test_read_that_never_succeeds_is_an_error_after_a_few_tries(tmp_path, no_pause, monkeypatch):
    monkeypatch.setattr("fsspec.open", failing_reads(None, errno.ETIMEDOUT, 1))
    with pytest.raises(ResourceError, match="R201"):
        read_text(tmp_path / "a.txt")
    assert no_pause == pytest.approx([0.1, 0.3, 0.9])


@pytest.mark.parametrize("number", [errno.ENOENT, errno.EACCES, errno.EISDIR])
def test_read_that_cannot_succeed_is_not_tried_again(number, no_pause):
    calls = []

    def reading():
        calls.append(1)
        raise OSError(number, os.strerror(number))

    with pytest.raises(OSError, match=os.strerror(number)):
        faults.patient(reading)()
    assert (len(calls), no_pause) == (1, [])


def test_words_of_gdal_tell_what_passes():
    assert faults.passes(OSError("HTTP response code: 503"))
    assert faults.passes(OSError("Operation timed out after 30000 milliseconds"))
    assert not faults.passes(OSError("HTTP response code: 404"))
    assert not faults.passes(OSError("not recognized as being in a supported file format"))


@pytest.mark.parametrize("death", [SystemExit, MemoryError])
def test_worker_thread_that_dies_ends_the_build_which_then_goes_on(tiny_network, monkeypatch, death):
    expected = build(tiny_network, "tiny", Silent()).record
    forget(tiny_network)
    calls = []
    write = blocks.write_block

    def dying(*arguments):
        calls.append(1)
        if len(calls) == 5:
            raise death
        write(*arguments)

    monkeypatch.setattr(blocks, "write_block", dying)
    with pytest.raises((death, MutiraoError)):
        build(tiny_network, "tiny", Silent(), workers=WORKERS)
    monkeypatch.undo()
    kept = len(done_keys(tiny_network))
    assert 4 <= kept < 9
    again = build(tiny_network, "tiny", Silent())
    assert (len(again.made), again.record.pixels) == (9 - kept, expected.pixels)


def test_corrupted_chunk_is_found_and_made_again(tiny_network):
    finished = build(tiny_network, "tiny", Silent())
    path = ledger_of(finished.folder.parent).path(finished.record.tiles["0_2"])
    with zipfile.ZipFile(path) as archive:
        chunk = next(info for info in archive.infolist() if info.filename.startswith("class/c/"))
    data = bytearray(path.read_bytes())
    data[chunk.header_offset + 60] ^= 1
    path.write_bytes(data)
    again = build(tiny_network, "tiny", Silent())
    assert (again.made, again.reasons) == (("0_2",), (("result damaged",),))
    assert again.record == finished.record
    assert (again.layer("class") == finished.layer("class")).all()


def test_result_that_changes_while_a_build_runs_is_not_read(tiny_network, monkeypatch):
    finished = build(tiny_network, "tiny", Silent())
    path = ledger_of(finished.folder.parent).path(finished.record.tiles["2_2"])
    data = path.read_bytes()

    def tampered(*_):
        other = {name: np.zeros_like(array) for name, array in blocks.read_block(path).items()}
        blocks.write_block(path, other)

    monkeypatch.setattr("mutirao.engine.build.refuse_holes", tampered)
    edited = tiny_network.root / "configs/rules/tiny.yaml"  # other words: no tile is made again, only the sums
    edited.write_text(edited.read_text(encoding="utf-8").replace("Towns are drawn by hand.", "Towns are drawn."))
    with pytest.raises(ResourceError, match="R205 an intermediate result is damaged"):
        build(tiny_network, "tiny", Silent())
    with pytest.raises(ResourceError, match="R205"):
        finished.layer("class")
    monkeypatch.undo()
    assert build(tiny_network, "tiny", Silent()).made == ("2_2",)
    assert path.read_bytes() == data
