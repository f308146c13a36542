"""A process of its own that builds the tiny project again and again, each time in a child that a test may kill.

Reads one line of JSON for each build from standard input, with the settings of `Fate`; answers with the exit
status of the child, negative for a signal. Everything is imported and every kernel loaded
before the first child starts, so that a child takes tenths of a second; nothing here starts a thread before a fork.
"""

from __future__ import annotations

import json
import os
import resource
import signal
import sys
import threading
import time
import traceback
from dataclasses import dataclass
from pathlib import Path

from mutirao.engine.build import build, builds_folder, ledger_of
from mutirao.engine.inputs import gather
from mutirao.engine.progress import Silent
from mutirao.engine.summary import Summary
from mutirao.engine.tilework import TileWork
from mutirao.errors import MutiraoError
from mutirao.project import Project


@dataclass(frozen=True)
class Fate:
    """What befalls a build."""

    workers: int = 2
    killed_after: float | None = None
    """Seconds after which it is killed from outside."""
    dies_at: int | None = None
    """It kills itself at this one of its changes in the workspace, counted from 1."""
    largest_file: int | None = None
    """Bytes after which the system refuses to write on."""


def main(root: Path) -> None:
    """Serve builds until standard input ends."""
    project = Project(root, root / "workspace")
    warm(project)
    tell("ready")
    for line in sys.stdin:
        fate = Fate(**json.loads(line))
        child = os.fork()
        if child == 0:
            os._exit(run(project, fate))
        if fate.killed_after is not None:
            time.sleep(fate.killed_after)
            os.kill(child, signal.SIGKILL)  # nobody has waited for it, so its number is nobody else's, even if it ended
        tell(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))


def tell(value: object) -> None:
    """Hand a line to the test."""
    sys.stdout.write(f"{value}\n")
    sys.stdout.flush()


def warm(project: Project) -> None:
    """Load the kernels."""
    inputs = gather(project, "tiny", {})
    work = TileWork(inputs, ledger_of(builds_folder(project, "tiny")))
    tile = next(iter(inputs.collection.grid.tiles()))
    Summary(inputs).add(tile, work.integrated(tile))


def run(project: Project, fate: Fate) -> int:
    """Build; return 0, or 3 if storage is full."""
    if fate.dies_at:
        die_at(fate.dies_at, str(project.workspace))
    if fate.largest_file:
        resource.setrlimit(resource.RLIMIT_FSIZE, (fate.largest_file, fate.largest_file))
    try:
        build(project, "tiny", Silent(), workers=fate.workers)
    except MutiraoError as err:
        return 3 if err.findings[0].code == "R207" else 1
    except BaseException:
        traceback.print_exc()
        return 1
    return 0


def die_at(number: int, workspace: str) -> None:
    """Let this process kill itself at one of its changes in the workspace: a file opened to write, renamed, removed."""
    seen, lock = 0, threading.Lock()

    def audit(event: str, arguments: tuple[object, ...]) -> None:
        nonlocal seen
        writes = event == "open" and isinstance(arguments[2], int) and arguments[2] & (os.O_WRONLY | os.O_RDWR)
        if not writes and event not in ("os.rename", "os.remove", "os.mkdir", "os.rmdir"):
            return
        if str(arguments[0]).startswith(workspace):
            with lock:
                seen += 1
                if seen == number:
                    os.kill(os.getpid(), signal.SIGKILL)

    sys.addaudithook(audit)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
