"""A lock keeps other processes out, tells who holds it, and dies with its process."""

from __future__ import annotations

import errno
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from mutirao.errors import ResourceError
from mutirao.io import locks

HOLD = """
import errno, sys
from pathlib import Path
from mutirao.io import locks
def refuse(*_):
    raise OSError(errno.ENOLCK, "No locks available")
if sys.argv[2] == "lease":
    locks.fcntl.flock = refuse
with locks.held(Path(sys.argv[1])):
    sys.stdout.write("held\\n")
    sys.stdout.flush()
    sys.stdin.read()
"""
KINDS = ("lock", "lease")


def other_process(path: Path, kind: str) -> subprocess.Popen[str]:
    """Start a process that holds a lock until its standard input ends."""
    command = [sys.executable, "-c", HOLD, str(path), kind]
    process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    assert process.stdout.readline() == "held\n"
    return process


@pytest.fixture(params=KINDS)
def kind(request, monkeypatch) -> str:
    """Both ways to hold a lock; storage without locks is one that refuses them."""
    if request.param == "lease":

        def refuse(*_):
            raise OSError(errno.ENOLCK, "No locks available")

        monkeypatch.setattr(locks.fcntl, "flock", refuse)
    return request.param


def test_second_process_is_refused_and_told_who_holds_it(tmp_path, kind):
    path = tmp_path / "x" / ".lock"
    process = other_process(path, kind)
    with pytest.raises(ResourceError, match=f"R206 is in use by process {process.pid} .* since 20"), locks.held(path):
        pass
    process.communicate()
    with locks.held(path):
        assert str(os.getpid()) in locks.holder(path)
    assert list(path.parent.iterdir()) == []


def test_second_process_waits_and_says_so_once(tmp_path, kind):
    path, told = tmp_path / ".lock", []
    process = other_process(path, kind)

    def waiting(message: str) -> None:
        told.append(message)
        process.communicate()

    with locks.held(path, wait_s=60, waiting=waiting):
        assert told == [told[0]]
        assert told[0].startswith(f"Waiting for process {process.pid} ")


def test_lock_of_a_killed_process_is_taken_over_at_once(tmp_path, kind):
    path = tmp_path / ".lock"
    process = other_process(path, kind)
    process.send_signal(signal.SIGKILL)
    process.wait()
    assert list(tmp_path.iterdir()) != []
    with locks.held(path):
        assert f"process {os.getpid()} " in locks.holder(path)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("kind", ["lease"], indirect=True)
def test_lease_of_another_machine_is_taken_over_when_its_heart_stops(tmp_path, kind):
    path = tmp_path / ".lock"
    lease = locks.lease_of(path)
    lease.write_text(json.dumps({"pid": 1, "host": "far", "user": "ana", "since": "2026-01-01", "token": "a"}))
    with pytest.raises(ResourceError, match="process 1 of ana on far since 2026-01-01"), locks.held(path):
        pass
    old = time.time() - locks.STALE_S - 1
    os.utime(lease, (old, old))
    with locks.held(path):
        assert f"process {os.getpid()} " in locks.holder(path)


@pytest.mark.parametrize("kind", ["lease"], indirect=True)
def test_lease_is_touched_while_it_is_held(tmp_path, kind, monkeypatch):
    monkeypatch.setattr(locks, "HEARTBEAT_S", 0.01)
    path = tmp_path / ".lock"
    lease = locks.lease_of(path)
    with locks.held(path):
        os.utime(lease, (0, 0))
        deadline = time.monotonic() + 60
        while lease.stat().st_mtime == 0 and time.monotonic() < deadline:
            time.sleep(0.01)
        assert lease.stat().st_mtime > 0


def test_lock_is_released_when_the_block_fails(tmp_path, kind):
    path = tmp_path / ".lock"
    with pytest.raises(ValueError, match="no"), locks.held(path):
        raise ValueError("no")
    with locks.held(path):
        pass


def test_holder_that_wrote_nothing_readable_is_another_process(tmp_path):
    path = tmp_path / ".lock"
    path.write_text("{")
    assert locks.holder(path) == "another process"
