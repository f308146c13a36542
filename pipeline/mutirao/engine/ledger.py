"""The ledger: what is done, by the digest of everything that went into it.

A task's key is the digest of its inputs, parameters and code. Its result is a file named by the key with a receipt
beside it, written last; without a receipt whose digest fits the file, the task counts as not done. A stale or damaged
result can therefore never be taken for a fresh one. That holds to the last read: a file that is another than when its
digest was taken is digested again.
"""

from __future__ import annotations

import functools
import hashlib
import json
import time
import uuid
from collections import Counter
from collections.abc import Callable, Collection, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from datetime import UTC, datetime
from importlib import import_module
from pathlib import Path
from typing import Any, Literal, TypeVar

from mutirao.errors import ResourceError
from mutirao.io.faults import room_for
from mutirao.io.places import Place
from mutirao.io.rasters import file_digest
from mutirao.io.storage import read_json, write_json

RECEIPT = ".json"
State = Literal["done", "damaged", "unfinished", "missing"]
"""`damaged`: the file is another than the receipt says; `unfinished`: it has no receipt yet."""
Looked = TypeVar("Looked")
_Signature = tuple[int, int, int, int]
_SETTLED_S = 2.0
"""Younger files are digested whenever they are read: a change may have left the same time of change behind."""
AT_ONCE = 8
"""Results that are looked at at the same time: digesting keeps cores busy, and a store makes one wait."""
_intact: dict[Path, _Signature] = {}
"""Files that this process has digested and found intact."""


def digest_of(*parts: Any) -> str:
    """Return the sha256 of values as canonical JSON; a value must be made of plain JSON types or pydantic models."""
    text = json.dumps(parts, sort_keys=True, default=_plain, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()


def _plain(value: Any) -> Any:
    if hasattr(value, "model_dump"):
        return value.model_dump(mode="json")
    if isinstance(value, frozenset | set):
        return sorted(value)
    if hasattr(value, "__dataclass_fields__"):
        return {name: getattr(value, name) for name in value.__dataclass_fields__}
    raise TypeError(f"{type(value).__name__} has no canonical JSON")


@functools.cache
def code_digest(*packages: str) -> str:
    """Return the sha256 of the source of packages such as `mutirao.integration`: the code version of a step."""
    digest = hashlib.sha256()
    for package in packages:
        file = Path(str(import_module(package).__file__))
        sources = sorted(file.parent.rglob("*.py")) if file.name == "__init__.py" else [file]
        for source in sources:
            digest.update(source.name.encode() + b"\0" + source.read_bytes())
    return digest.hexdigest()


class Ledger:
    """Finished results of one kind in one folder of this machine; `farledger.FarLedger` is one in a store."""

    def __init__(self, folder: Place, suffix: str) -> None:
        self.folder = folder
        self.suffix = suffix

    def path(self, key: str) -> Place:
        """Return where the result of a task lies or will lie."""
        return self.folder / key[:2] / f"{key}{self.suffix}"

    def find(self, key: str) -> Place | None:
        """Return the result of a task if it is done and intact."""
        return self.path(key) if self.state(key) == "done" else None

    def state(self, key: str, *, again: bool = False) -> State:
        """Return what is there of a task.

        Parameters
        ----------
        again : digest the file also if it has not changed since this process digested it.
        """
        path, receipt = self._file(key), self.receipt(key)
        if not path.is_file():
            return "damaged" if receipt.is_file() else "missing"
        if not receipt.is_file():
            return "unfinished"
        return "done" if is_intact(path, lambda: self._promised(key), again=again) else "damaged"

    def states(
        self, keys: Collection[str], *, again: bool = False, looked: Callable[[], None] = lambda: None
    ) -> dict[str, State]:
        """Return what is there of many tasks, as `state` does.

        Parameters
        ----------
        looked : is called after each, from several threads.
        """

        def look(key: str) -> State:
            found = self.state(key, again=again)
            looked()
            return found

        return dict(zip(keys, at_once(look, keys), strict=True))

    def require(self, key: str) -> Path:
        """Return the result of a task for reading, as a file of this machine.

        Raises
        ------
        ResourceError
            R205: it is damaged or gone since it was made.
        """
        found = self.state(key)
        if found == "done":
            return self._file(key)
        raise self._lost(key, found)

    def _lost(self, key: str, found: State) -> ResourceError:
        message = "an intermediate result is gone" if found == "missing" else f"an intermediate result is {found}"
        remedy = "build the collection again: what is damaged or gone is made anew"
        return ResourceError.because("R205", message, where=str(self.path(key)), remedy=remedy)

    def record(self, key: str, make: Callable[[Path], None], **facts: Any) -> Place:
        """Make the result of a task under a temporary name, rename it, and write the receipt last.

        Raises
        ------
        ResourceError
            R207: storage is full. Nothing is left behind.
        """
        path, receipt = self._file(key), self.receipt(key)
        partial = path.with_name(f".{uuid.uuid4().hex}{self.suffix}")
        started = time.perf_counter()
        with room_for(path):
            path.parent.mkdir(parents=True, exist_ok=True)
            try:
                make(partial)
                digest = file_digest(partial)
                receipt.unlink(missing_ok=True)  # that of a damaged result would speak of another file
                partial.replace(path)
            finally:
                partial.unlink(missing_ok=True)
        self._write_receipt(key, digest, started, facts)
        return path

    def _write_receipt(self, key: str, digest: str, started: float, facts: dict[str, Any]) -> None:
        seconds = round(time.perf_counter() - started, 4)
        made = datetime.now(UTC).isoformat(timespec="seconds")
        write_json(self.receipt(key), {"key": key, "sha256": digest, "seconds": seconds, "made": made, **facts})

    def facts(self, key: str) -> dict[str, Any]:
        """Return what was written down with a result."""
        return dict(read_json(self.receipt(key)))

    def known(self, key: str) -> dict[str, Any]:
        """Return what was written down with a result; nothing if there is no receipt, or a damaged one."""
        try:
            return self.facts(key)
        except (ResourceError, ValueError, TypeError):
            return {}

    def receipts(self, keys: Collection[str]) -> dict[str, dict[str, Any]]:
        """Return by key what was written down with many results, as `known` does."""
        return dict(zip(keys, at_once(self.known, keys), strict=True))

    def sizes(self) -> dict[str, int]:
        """Return the bytes that each result and its receipt take, by key."""
        sizes: Counter[str] = Counter()
        for path in self.folder.glob("*/*"):
            with suppress(FileNotFoundError):  # a build at work has just replaced it
                sizes[key_of(path)] += path.stat().st_size
        return {key: size for key, size in sizes.items() if key}

    def partials(self) -> Iterator[Place]:
        """Yield the files that a task at work, or one that died, has under temporary names."""
        yield from sorted(path for path in self.folder.glob("*/.*") if path.is_file())

    def remove(self, key: str) -> None:
        """Remove a result, its receipt first, so that no half of it ever counts."""
        _intact.pop(self._file(key), None)
        self.receipt(key).unlink(missing_ok=True)
        self.path(key).unlink(missing_ok=True)

    def receipt(self, key: str) -> Place:
        """Return where the receipt of a task lies or will lie."""
        return self.path(key).with_name(f"{key}{RECEIPT}")

    def _file(self, key: str) -> Path:
        path = self.path(key)
        assert isinstance(path, Path), "a ledger in a store is a FarLedger"
        return path

    def _promised(self, key: str) -> object:
        """Return the digest that the receipt tells; nothing if the receipt is damaged."""
        return self.known(key).get("sha256")


def key_of(path: Place) -> str:
    """Return the key that a file of a ledger is of; nothing for a file under a temporary name."""
    return path.name.partition(".")[0]


def at_once(look: Callable[[str], Looked], keys: Collection[str]) -> list[Looked]:
    """Look at many results at the same time."""
    with ThreadPoolExecutor(AT_ONCE) as pool:
        return list(pool.map(look, keys))


def is_intact(path: Path, promised: Callable[[], object], *, again: bool = False) -> bool:
    """Return whether a file has the digest that was promised; it is digested once, until it changes."""
    signature, now = _signature(path), time.time()
    if not again and _intact.get(path) == signature:
        return True
    if promised() != file_digest(path):
        return False
    if now - signature[-1] / 1e9 > _SETTLED_S:
        _intact[path] = signature
    return True


def _signature(path: Path) -> _Signature:
    """Return what changes whenever somebody writes to a file; its own time of change cannot be set by a program."""
    stat = path.stat()
    return stat.st_ino, stat.st_size, stat.st_mtime_ns, stat.st_ctime_ns
