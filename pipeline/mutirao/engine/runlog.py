"""The log of a build: a line of JSON for every task, written as it goes, so that a killed build leaves its lines.

`builds/<collection>/log/<start>.jsonl`. The first line is the head, each task has a line, the last line tells how the
build ended; a build that was killed has none. An object of a store cannot be appended to: there the log is uploaded
whole, now and then and at the end.
"""

from __future__ import annotations

import json
import logging
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from mutirao.engine.tasks import peak_bytes
from mutirao.errors import MutiraoError
from mutirao.grid import Tile
from mutirao.io.copies import partial_path
from mutirao.io.places import ObjectPlace, Place

FOLDER = "log"
"""Beside the builds of a collection."""
UPLOAD_S = 20.0
"""Seconds between two uploads of a log that lies in a store."""
logger = logging.getLogger(__name__)


class RunLog:
    """Writes the lines of one build; may be called from several threads."""

    def __init__(self, folder: Place) -> None:
        self.path = _free_name(folder)
        self._file = _file_for(self.path)
        self._stream = self._file.open("x", encoding="utf-8", newline="\n")
        self._uploaded = time.monotonic()
        self._lock = threading.Lock()
        self._begun = time.perf_counter()

    def write(self, event: str, **values: Any) -> None:
        """Write one line; it is handed to the system before this returns, though not always to the store."""
        line = json.dumps({"event": event, **values}, ensure_ascii=False, default=str)
        with self._lock:
            self._stream.write(line + "\n")
            self._stream.flush()
            if time.monotonic() - self._uploaded >= UPLOAD_S:
                self._upload()

    def made(self, tile: Tile, facts: Mapping[str, Any]) -> None:
        """Tell of a tile that was made; `facts` as `tasks.TaskFacts`, and why."""
        self.write("task", result="made", window=_window(tile), **facts)

    def reused(self, tile: Tile, number: int, key: str) -> None:
        """Tell of a tile of a pass, by its number from 0, that was taken from the ledger."""
        self.write("task", result="reused", window=_window(tile), number=number, tile=tile.id, key=key)

    @contextmanager
    def part(self, name: str) -> Iterator[None]:
        """Time a part of the build that is no task, such as the sums at the end."""
        begun = time.perf_counter()
        yield
        self.write("part", name=name, seconds=round(time.perf_counter() - begun, 4))

    def end(self, state: str, **values: Any) -> None:
        """Write the last line: `finished`, `stopped` or `failed`."""
        seconds = round(time.perf_counter() - self._begun, 4)
        self.write("end", state=state, seconds=seconds, peak_bytes=peak_bytes(), ended=_now(), **values)

    def close(self) -> None:
        """Close the file; in a store, upload it for the last time."""
        self._stream.close()
        self._upload()
        if self._file != self.path:
            self._file.unlink()

    def _upload(self) -> None:
        if isinstance(self.path, ObjectPlace):
            try:
                self.path.upload(self._file)
            except (OSError, MutiraoError):  # a build does not fail for its log; the next upload makes it good
                logger.warning("the log could not be uploaded to %s", self.path, exc_info=True)
            self._uploaded = time.monotonic()


@contextmanager
def logged(builds: Place, head: Mapping[str, Any]) -> Iterator[RunLog]:
    """Yield the log of a build; if the block fails, that is its last line.

    Parameters
    ----------
    builds : folder of the builds of a collection.
    head : what is known at the start.
    """
    log = RunLog(builds / FOLDER)
    try:
        log.write("start", started=_now(), **head)
        yield log
    except KeyboardInterrupt:
        log.end("stopped")
        raise
    except BaseException as err:
        log.end("failed", why=_why(err))
        raise
    finally:
        log.close()


def _why(error: BaseException) -> str:
    findings = error.findings if isinstance(error, MutiraoError) else ()
    return "; ".join(f"{finding.code} {finding.message}" for finding in findings) or f"{type(error).__name__}: {error}"


def _window(tile: Tile) -> list[int]:
    """Return first row, first column, rows and columns."""
    return [tile.top, tile.left, *tile.shape]


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="milliseconds")


def _file_for(path: Place) -> Path:
    """Return the file of this machine that lines are appended to."""
    if isinstance(path, ObjectPlace):
        return partial_path(".jsonl")
    path.parent.mkdir(parents=True, exist_ok=True)
    return path


def _free_name(folder: Place) -> Place:
    stem = datetime.now(UTC).strftime("%Y%m%dT%H%M%S%f")
    return folder / f"{stem}Z.jsonl"
