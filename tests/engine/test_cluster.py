"""Workers in other processes: the same map as with threads, whatever happens to the workers."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from distributed import Client, LocalCluster
from distributed.comm import CommClosedError

from mutirao.engine import remote
from mutirao.engine.build import build
from mutirao.engine.cluster import Threads, run_tasks
from mutirao.engine.progress import Silent
from mutirao.engine.remote import open_crew
from mutirao.errors import ConfigError, ResourceError, UsageError
from mutirao.project import Project

BIN = Path(sys.executable).parent
SPECS = Path("configs/clusters")


def started(*command: str) -> subprocess.Popen[bytes]:
    return subprocess.Popen([*command], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


@pytest.fixture
def scheduler(tmp_path) -> Iterator[str]:
    """Address of `dask scheduler` with two workers, processes of their own on loopback."""
    file = tmp_path / "scheduler.json"
    found = ("--scheduler-file", str(file))
    loop = ("--host", "127.0.0.1", "--no-dashboard")
    processes = [started(str(BIN / "dask"), "scheduler", *loop, "--port", "0", *found)]
    worker = (str(BIN / "dask"), "worker", *found, "--host", "127.0.0.1", "--no-dashboard", "--nthreads", "1")
    folder = ("--local-directory", str(tmp_path / "scratch"), "--memory-limit", "2 GB")
    processes += [started(*worker, "--name", name, *folder) for name in ("one", "two")]
    deadline = time.monotonic() + 60
    while not (file.is_file() and file.read_text().endswith("}")) and time.monotonic() < deadline:
        time.sleep(0.05)
    address = json.loads(file.read_text())["address"]
    with Client(address, set_as_default=False) as client:
        client.wait_for_workers(2, timeout=60)
    yield address
    for process in processes:
        process.kill()  # the workers end with their nannies
        process.wait()


def pids(address: str) -> list[int]:
    with Client(address, set_as_default=False) as client:
        return list(client.run(os.getpid).values())


class Killing(Silent):
    """Kills a process after a number of tiles."""

    def __init__(self, pid: int, after: int) -> None:
        self.pid, self.after = pid, after

    def _advance(self) -> None:
        self.after -= 1
        if self.after == 0:
            os.kill(self.pid, signal.SIGKILL)

    @contextmanager
    def stage(self, title, total, pixel_years=0):
        yield self._advance


def copy_of(project: Project, folder: Path) -> Project:
    """The same project and submissions with a ledger of its own."""
    workspace = folder / "other"
    workspace.mkdir()
    (workspace / "submissions").symlink_to(project.workspace / "submissions")
    return Project(project.root, workspace)


def log_lines(project: Project) -> list[dict]:
    path = max((project.workspace / "builds/tiny/log").glob("*.jsonl"))
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


def hidden_files(project: Project) -> list[Path]:
    return [path for path in (project.workspace / "builds").rglob(".*") if path.is_file() and path.name != ".lock"]


def test_cluster_makes_the_same_map_though_a_worker_is_killed(tiny_network, scheduler, tmp_path):
    here = build(copy_of(tiny_network, tmp_path), "tiny", Silent())
    victim = pids(scheduler)[0]
    with open_crew(tiny_network, scheduler) as crew:
        there = build(tiny_network, "tiny", Killing(victim, 3), workers=crew)
    assert victim not in pids(scheduler)
    assert there.record.pixels == here.record.pixels
    assert len(there.made) == 9
    assert hidden_files(tiny_network) == []
    head, *tasks, sums, end = log_lines(tiny_network)
    assert [worker["memory"] for worker in head["workers"]] == [2_000_000_000] * 2
    assert sorted(task["tile"] for task in tasks) == sorted(there.record.tiles)
    assert all(task["seconds"].keys() == {"read", "integrate", "chain", "tally", "write"} for task in tasks)
    assert all(task["peak_bytes"] > 10_000_000 and task["bytes_written"] > 100 for task in tasks)
    assert (sums["name"], end["state"], end["build"]) == ("sums", "finished", there.folder.name)


def test_error_of_a_task_arrives_as_it_was(tiny_network):
    def fail(number):
        if number == 2:
            raise UsageError.because("B101", "no such thing", where="here", remedy="none")
        return number

    spec = tiny_network.root / SPECS / "mine.yaml"
    spec.parent.mkdir(parents=True, exist_ok=True)
    spec.write_text("kind: local\nworkers: 1\nmemory: 1 GB\n", encoding="utf-8")
    with open_crew(tiny_network, "mine") as crew:
        assert run_tasks(abs, [-1, 2], lambda: None, crew) == [1, 2]
        with pytest.raises(UsageError) as caught:
            run_tasks(fail, [1, 2, 3], lambda: None, crew)
        assert crew.describe()[0]["memory"] == 1_000_000_000
    assert caught.value.findings[0].remedy == "none"


def test_no_scheduler_is_told(tiny_network, monkeypatch):
    monkeypatch.setattr(remote, "ANSWER", 1)
    with pytest.raises(ResourceError, match="R211"), open_crew(tiny_network, "tcp://127.0.0.1:9"):
        pass


def test_scheduler_without_workers_is_told_and_who_is_waited_for(tiny_network, monkeypatch):
    monkeypatch.setattr(remote, "FIRST_WORKER", 0.2)
    said: list[str] = []
    with LocalCluster(n_workers=0, processes=False, dashboard_address=None) as cluster:
        address = cluster.scheduler_address
        with (
            pytest.raises(ResourceError, match=r"R212 the scheduler has no worker after 0 s.*dask worker"),
            open_crew(tiny_network, address, said.append),
        ):
            pass
    assert said == [f"Waiting up to 0 s for the first worker of {address}"]


def test_workers_that_die_at_once_are_told_from_those_with_another_code(tiny_network, scheduler, monkeypatch):
    def lost(self, function, *args, **options):
        return {"tcp://10.0.0.7:1": CommClosedError("closed by its nanny"), "tcp://10.0.0.8:1": "another code"}

    monkeypatch.setattr(Client, "run", lost)
    told = r"tcp://10.0.0.7:1: R212 1 of 2 workers died when they were asked: closed by its nanny.*memory"
    with pytest.raises(ResourceError, match=told), open_crew(tiny_network, scheduler):
        pass


def test_workers_with_another_code_are_refused(tiny_network, scheduler, monkeypatch):
    monkeypatch.setattr(remote, "code_digest", lambda *_: os.getpid())
    with pytest.raises(ResourceError, match="R213"), open_crew(tiny_network, scheduler):
        pass


class Interrupting(Killing):
    """Presses Ctrl-C after a number of tiles, and sees to it that the next tile is not done before it is heard."""

    def __init__(self, after: int) -> None:
        super().__init__(os.getpid(), after)

    def _advance(self) -> None:
        self.after -= 1
        if self.after == 0:
            os.kill(os.getpid(), signal.SIGINT)
            time.sleep(0.5)


def assert_stopped_and_resumed(project: Project, *, made_before: set[int]) -> None:
    """Nothing partial is left, the log tells of the stop, and the next build makes the rest."""
    folder = project.workspace / "builds" / "tiny"
    assert hidden_files(project) == []
    assert not (folder / "latest.json").exists()
    lines = log_lines(project)
    assert (lines[0]["event"], lines[-1]["state"]) == ("start", "stopped")
    again = build(project, "tiny", Silent())
    assert 9 - len(again.made) in made_before


def test_interrupt_stops_threads_and_a_later_build_goes_on(tiny_network):
    with pytest.raises(KeyboardInterrupt):
        build(tiny_network, "tiny", Interrupting(3), workers=1)
    assert_stopped_and_resumed(tiny_network, made_before={3})


def test_interrupt_stops_a_cluster_and_a_later_build_goes_on(tiny_network, scheduler):
    with pytest.raises(KeyboardInterrupt), open_crew(tiny_network, scheduler) as crew:
        build(tiny_network, "tiny", Interrupting(3), workers=crew)
    # The workers went on until they were told.
    assert_stopped_and_resumed(tiny_network, made_before={3, 4, 5, 6, 7, 8, 9})


def test_cluster_needs_its_package_and_a_known_kind(tiny_network, monkeypatch):
    for package in ("dask_jobqueue", "dask_kubernetes.operator"):
        monkeypatch.setitem(sys.modules, package, None)  # as if it were not installed
    folder = tiny_network.root / SPECS
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "jobs.yaml").write_text("kind: queue\nsystem: slurm\njobs: 3\nmemory: 8 GB\n", encoding="utf-8")
    with pytest.raises(ResourceError, match="pip install dask-jobqueue"), open_crew(tiny_network, "jobs"):
        pass
    (folder / "pods.yaml").write_text("kind: kubernetes\nworkers: 3\nimage: mutirao:1\n", encoding="utf-8")
    with pytest.raises(ResourceError, match="pip install dask-kubernetes"), open_crew(tiny_network, "pods"):
        pass
    (folder / "odd.yaml").write_text("kind: local\nworkers: 0\n", encoding="utf-8")
    with pytest.raises(ConfigError, match=r"odd.yaml:\d+:\d+: C106 .*workers"), open_crew(tiny_network, "odd"):
        pass


def test_worker_that_cannot_hold_its_claims_is_refused(tiny_network):
    class Small(Threads):
        def describe(self):
            return [{"name": "small", "threads": 2, "memory": 10367}]

    # The chain looks 4 pixels around tiles of 16: 24 x 24 pixels, 3 modules, 3 years, 2 threads are 10368 bytes.
    with pytest.raises(ResourceError, match="R217 2 tiles read 10368 bytes"):
        build(tiny_network, "tiny", Silent(), workers=Small())


def test_threads_work_on_as_many_tiles_as_memory_holds(tiny_network):
    class Telling(Silent):
        def say(self, message):
            told.append(message)

    told: list[str] = []
    # A window of 24 x 24 pixels and 3 years takes a byte for each of 3 modules and 16 bytes to work.
    tile = 24 * 24 * 3 * (3 + 16)
    with pytest.raises(ResourceError, match="R217 1 tiles read 5184 bytes of claims, and the worker may hold 5183"):
        build(tiny_network, "tiny", Silent(), workers=Threads(4, memory=24 * 24 * 3 * 3 - 1))
    result = build(tiny_network, "tiny", Telling(), workers=Threads(4, memory=3 * tile - 1))
    assert len(result.made) == 9
    assert log_lines(tiny_network)[0]["workers"] == [{"name": "threads", "threads": 2, "memory": 3 * tile - 1}]
    assert told[0] == "Memory allows 2 of 4 tiles at a time, 0.0 MiB each"
