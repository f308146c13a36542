"""The ledger in an object store: results are made on this machine and uploaded, and read from copies of it.

A receipt tells besides the digest the stamp that the store gave the uploaded object. An object with another stamp, or
without one, counts only if its bytes, downloaded, have the digest. Results are read from copies on this machine that
were digested while they came in, so that nothing damaged is ever read; see `io.copies`.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Collection, Iterator
from pathlib import Path
from typing import Any

from mutirao.engine.ledger import Ledger, State, at_once, is_intact, key_of
from mutirao.errors import ResourceError
from mutirao.io import copies
from mutirao.io.faults import room_for
from mutirao.io.places import ObjectPlace, Place, Stat
from mutirao.io.rasters import file_digest
from mutirao.io.storage import is_missing

STAMP = "stamp"
"""Fact of a receipt: what the store called the object when it was new."""
LOOK_S = 30.0
"""A result that was found done within so many seconds is read from its copy without asking the store again."""


def open_ledger(folder: Place, suffix: str) -> Ledger:
    """Return the ledger in a folder, wherever that is."""
    return FarLedger(folder, suffix) if isinstance(folder, ObjectPlace) else Ledger(folder, suffix)


class FarLedger(Ledger):
    """Finished results of one kind in one folder of an object store."""

    def __init__(self, folder: Place, suffix: str) -> None:
        super().__init__(folder, suffix)
        self._seen: dict[str, tuple[str, float]] = {}
        """Digest by key of what was found done lately, and when."""

    def state(self, key: str, *, again: bool = False) -> State:
        """Return what is there of a task.

        Parameters
        ----------
        again : download and digest the object also if it has the stamp that the receipt tells.
        """
        return self._look(key, self._object(key).find(), again=again)[0]

    def states(
        self, keys: Collection[str], *, again: bool = False, looked: Callable[[], None] = lambda: None
    ) -> dict[str, State]:
        """Return what is there of many tasks: the objects are listed at once, and only receipts are read."""
        there = self._folder.objects() if keys else {}

        def look(key: str) -> State:
            found, promised = self._look(key, there.get(self._object(key)), again=again, listed=there)
            if found == "done":
                self._seen[key] = promised, time.monotonic()
            looked()
            return found

        return dict(zip(keys, at_once(look, keys), strict=True))

    def require(self, key: str) -> Path:
        """Return a copy of the result of a task on this machine.

        Raises
        ------
        ResourceError
            R205: it is damaged or gone since it was made. R207: there is no room for the copy.
        """
        promised, seen = self._seen.get(key, ("", -LOOK_S))
        if time.monotonic() - seen < LOOK_S and (copy := self._copy(promised)):
            return copy
        found, promised = self._look(key, self._object(key).find())
        copy = (self._copy(promised) or self._fetched(key, promised)) if found == "done" else None
        if copy is None:
            raise self._lost(key, "damaged" if found == "done" else found)
        self._seen[key] = promised, time.monotonic()
        return copy

    def record(self, key: str, make: Callable[[Path], None], **facts: Any) -> Place:
        """Make the result of a task on this machine, upload it, and write the receipt last.

        Raises
        ------
        ResourceError
            R207: this machine or the store is full. No half of a result is left behind.
        """
        path, started = self._object(key), time.perf_counter()
        partial = copies.partial_path(self.suffix)
        with room_for(partial):
            try:
                make(partial)
                digest, size = file_digest(partial), partial.stat().st_size
                self.receipt(key).unlink(missing_ok=True)  # that of a damaged result would speak of another object
                path.upload(partial)
                copies.keep(partial, digest, self.suffix)
            finally:
                partial.unlink(missing_ok=True)
        there = path.stat()
        stamp = {STAMP: there.stamp} if there.st_size == size else {}
        self._write_receipt(key, digest, started, {**facts, **stamp})
        return path

    def known(self, key: str) -> dict[str, Any]:
        """Return what was written down with a result; nothing if there is no receipt, or a damaged one.

        A store that does not answer is an error: what nobody knows to be needed would be pruned.
        """
        return self._receipt(key) or {}

    def sizes(self) -> dict[str, int]:
        """Return the bytes that each result and its receipt take, by key; with one listing."""
        sizes: Counter[str] = Counter()
        for path, stat in self._folder.objects().items():
            sizes[key_of(path)] += stat.st_size
        return dict(sizes)

    def partials(self) -> Iterator[Place]:
        """Yield nothing: an object has its final name or none."""
        yield from ()

    def remove(self, key: str) -> None:
        """Remove a result, its receipt first, so that no half of it ever counts."""
        self._seen.pop(key, None)
        self.receipt(key).unlink(missing_ok=True)
        self.path(key).unlink(missing_ok=True)

    def _look(
        self, key: str, there: Stat | None, *, again: bool = False, listed: Collection[Place] | None = None
    ) -> tuple[State, str]:
        """Return the state of a task, and the digest that its receipt promises.

        Parameters
        ----------
        there : what the store says of the result.
        listed : all objects, if they are known; a receipt that is not among them is not asked for.
        """
        receipt = self._receipt(key) if listed is None or self.receipt(key) in listed else None
        if there is None:
            return ("missing" if receipt is None else "damaged"), ""
        if receipt is None:
            return "unfinished", ""
        promised = str(receipt.get("sha256", ""))
        if not again and _has_stamp(there, receipt):
            return "done", promised
        return ("done" if self._fetched(key, promised) else "damaged"), promised

    def _receipt(self, key: str) -> dict[str, Any] | None:
        """Return the receipt of a task; none if there is none, and an empty one if it is damaged."""
        try:
            return self.facts(key)
        except ResourceError as err:
            if is_missing(err):
                return None
            raise
        except (ValueError, TypeError):
            return {}

    def _copy(self, promised: str) -> Path | None:
        """Return a copy that is there already, and intact."""
        copy = copies.copy_path(promised, self.suffix)
        return copies.used(copy) if copy.is_file() and is_intact(copy, lambda: promised) else None

    def _fetched(self, key: str, promised: str) -> Path | None:
        """Download a result; return its copy if it has the digest that was promised."""
        try:
            partial, digest = copies.fetch(self._object(key), self.suffix)
        except FileNotFoundError:
            return None
        if digest != promised:
            partial.unlink(missing_ok=True)
            return None
        return copies.keep(partial, digest, self.suffix)

    @property
    def _folder(self) -> ObjectPlace:
        assert isinstance(self.folder, ObjectPlace)
        return self.folder

    def _object(self, key: str) -> ObjectPlace:
        path = self.path(key)
        assert isinstance(path, ObjectPlace)
        return path


def _has_stamp(there: Stat, receipt: dict[str, Any]) -> bool:
    return bool(there.stamp) and receipt.get(STAMP) == there.stamp
