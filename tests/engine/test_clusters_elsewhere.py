"""Clusters that are started as a spec says, against honest local stand-ins.

The SSH server is one of the package asyncssh on loopback that runs commands as this user; the batch system is a pair of
scripts named `sbatch` and `scancel` that run jobs in the background at once. Both take real clients and start real
workers.
"""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import asyncssh
import pytest

from mutirao.engine.build import build
from mutirao.engine.progress import Silent
from mutirao.engine.remote import open_crew
from mutirao.errors import ResourceError
from mutirao.project import Project

SBATCH = """#!/bin/sh
# Stand-in for sbatch: runs the job at once in the background and tells its number, which is that of the process.
# It keeps a copy of the script, as sbatch does: who submits it removes it at once.
for file; do :; done
script=$(mktemp "{folder}/script.XXXXXX")
cp "$file" "$script"
setsid sh "$script" >"$script.log" 2>&1 &
echo "$!" >>"{folder}/jobs"
echo "Submitted batch job $!"
"""
SCANCEL = """#!/bin/sh
# Stand-in for scancel: ends the job and what it started.
for job; do kill -TERM "-$job" 2>/dev/null; echo "$job" >>"{folder}/cancelled"; done
"""


def write_spec(project: Project, name: str, text: str) -> None:
    path = project.root / "configs/clusters" / f"{name}.yaml"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")


class ShellServer:
    """An SSH server on loopback, in a thread with an event loop of its own."""

    def __init__(self, folder: Path) -> None:
        self.commands: list[str] = []
        self.children: list[subprocess.Popen[bytes]] = []
        key = asyncssh.generate_private_key("ssh-ed25519")
        self.key_file = folder / "id_ed25519"
        key.write_private_key(self.key_file)
        self._authorized = asyncssh.import_authorized_keys(key.export_public_key().decode())
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self._thread.start()
        self._server = self._await(self._listen())
        self.port = self._server.get_port()

    async def _listen(self) -> asyncssh.SSHAcceptor:
        return await asyncssh.listen(
            "127.0.0.1",
            0,
            server_host_keys=[asyncssh.generate_private_key("ssh-ed25519")],
            authorized_client_keys=self._authorized,
            process_factory=self._run,
        )

    async def _run(self, process: asyncssh.SSHServerProcess) -> None:
        self.commands.append(str(process.command))
        pipe = subprocess.PIPE
        child = subprocess.Popen(
            str(process.command), shell=True, stdin=pipe, stdout=pipe, stderr=pipe, start_new_session=True
        )
        self.children.append(child)
        await process.redirect(stdin=child.stdin, stdout=child.stdout, stderr=child.stderr)
        process.exit(await asyncio.get_running_loop().run_in_executor(None, child.wait))

    def _await(self, what):
        return asyncio.run_coroutine_threadsafe(what, self._loop).result(30)

    def close(self) -> None:
        for child in self.children:  # a real server hangs up on them when the client goes
            with suppress(ProcessLookupError):
                os.killpg(child.pid, signal.SIGKILL)
        self._await(self._hang_up())
        self._loop.call_soon_threadsafe(self._loop.stop)

    async def _hang_up(self) -> None:
        self._server.close()
        others = asyncio.all_tasks() - {asyncio.current_task()}
        if others:
            await asyncio.wait(others, timeout=5)


@pytest.fixture
def ssh_server(tmp_path) -> Iterator[ShellServer]:
    server = ShellServer(tmp_path)
    yield server
    server.close()


def test_workers_over_ssh_build_the_map(tiny_network, ssh_server):
    write_spec(
        tiny_network,
        "machines",
        f"""kind: ssh
hosts: [127.0.0.1, 127.0.0.1, 127.0.0.1]
memory: 2 GB
user: somebody
python: {sys.executable}
connect: {{port: {ssh_server.port}, client_keys: ['{ssh_server.key_file}'], known_hosts: null}}
""",
    )
    with open_crew(tiny_network, "machines") as crew:
        assert [worker["memory"] for worker in crew.describe()] == [2_000_000_000] * 2
        assert len(build(tiny_network, "tiny", Silent(), workers=crew).made) == 9
    started = [command for command in ssh_server.commands if "dask_spec" in command]
    assert len(started) == 3
    assert all(sys.executable in command for command in started)


@pytest.fixture
def batch_system(tmp_path, monkeypatch) -> Path:
    """Folder with `sbatch` and `scancel` at the head of the path; it keeps the numbers of jobs."""
    folder = tmp_path / "slurm"
    folder.mkdir()
    for name, text in {"sbatch": SBATCH, "scancel": SCANCEL}.items():
        (folder / name).write_text(text.format(folder=folder), encoding="utf-8")
        (folder / name).chmod(0o755)
    monkeypatch.setenv("PATH", f"{folder}{os.pathsep}{os.environ['PATH']}")
    return folder


def test_missing_batch_system_is_told(tiny_network, monkeypatch):
    write_spec(tiny_network, "queue", "kind: queue\nsystem: slurm\njobs: 2\nmemory: 2 GB\n")
    monkeypatch.setenv("PATH", "/nowhere")
    with pytest.raises(ResourceError, match=r"R216 there is no command sbatch here"), open_crew(tiny_network, "queue"):
        pass


def test_jobs_of_a_batch_system_build_the_map_and_are_cancelled(tiny_network, batch_system, tmp_path):
    write_spec(
        tiny_network,
        "queue",
        f"""kind: queue
system: slurm
jobs: 2
memory: 2 GB
wait_minutes: 5
options: {{queue: maps, walltime: '00:10:00', local_directory: '{tmp_path}', interface: lo}}
""",
    )
    with open_crew(tiny_network, "queue") as crew:
        assert len(build(tiny_network, "tiny", Silent(), workers=crew).made) == 9
        assert {worker["threads"] for worker in crew.describe()} == {1}
        assert crew.wait_s == 300
    jobs, cancelled = ((batch_system / name).read_text().split() for name in ("jobs", "cancelled"))
    assert len(jobs) == 2
    assert sorted(cancelled) == sorted(jobs)
