"""Look after the results of a collection: what is there, whether it is intact, and what nothing needs any more."""

from __future__ import annotations

import shutil
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from mutirao.engine.build import BUILD_NAME, LOCK, POINTER, RECORD, ledger_of
from mutirao.engine.ledger import Ledger, State
from mutirao.engine.progress import Progress
from mutirao.engine.reasons import WHY, results_behind
from mutirao.engine.record import BuildRecord
from mutirao.io import locks
from mutirao.io.places import ObjectPlace, Place
from mutirao.io.storage import read_json, read_record, remove_tree


@dataclass(frozen=True, slots=True)
class Entry:
    """A result in the ledger."""

    key: str
    tile: str
    number: int
    """Of the pass, from 1."""
    made: str
    """When, in UTC; empty if its receipt is missing or damaged."""
    size: int
    """Bytes, receipt included."""
    needed: bool
    """Whether a kept build needs it, or one that has not finished."""
    why: tuple[str, ...]
    """Why it was made, in words."""


@dataclass(frozen=True, slots=True)
class Pruning:
    """What may go."""

    results: tuple[Entry, ...]
    builds: tuple[Place, ...]
    """Folders of builds that are not kept."""
    partials: tuple[Place, ...]
    """Files and folders that builds left under temporary names when they died."""
    size: int
    """Bytes of all."""


class Upkeep:
    """The builds of a collection and the results behind them.

    Parameters
    ----------
    folder : of the builds of the collection.
    keep : number of the newest builds that stay when the rest is pruned, besides the one that `latest.json` names.
    """

    def __init__(self, folder: Place, keep: int) -> None:
        self.folder, self.keep = folder, keep
        self.ledger: Ledger = ledger_of(folder)

    @cached_property
    def _records(self) -> dict[str, BuildRecord]:
        """Builds by the name of their folder, the newest first."""
        files = self.folder.glob(f"[!.]*/{RECORD}")
        found = {file.parent.name: read_record(file, BuildRecord) for file in files}
        return dict(sorted(found.items(), key=lambda item: item[1].created, reverse=True))

    @cached_property
    def _latest(self) -> str | None:
        pointer = self.folder / POINTER
        return str(read_json(pointer)["build"]) if pointer.is_file() else None

    @cached_property
    def kept(self) -> tuple[str, ...]:
        """Names of the builds that stay: the last one, and the newest."""
        newest = list(self._records)[: self.keep]
        return tuple(name for name in self._records if name in newest or name == self._latest)

    @cached_property
    def _needed(self) -> dict[str, dict[str, Any]]:
        """Receipts of what kept builds need, by key."""
        return results_behind(self.ledger, (key for name in self.kept for key in self._records[name].tiles.values()))

    def entries(self) -> list[Entry]:
        """Return every result, by tile and pass, the oldest first."""
        sizes = self.ledger.sizes()
        receipts = self.ledger.receipts(sizes.keys() - self._needed.keys()) | self._needed
        found = (self._entry(key, size, receipts[key]) for key, size in sizes.items())
        return sorted(found, key=lambda entry: (entry.tile, entry.number, entry.made))

    def damaged(self, progress: Progress) -> list[tuple[Entry, State]]:
        """Digest every result again and return those that do not count, with what they are."""
        entries = self.entries()
        with progress.stage("Digesting results", len(entries)) as advance:
            states = self.ledger.states([entry.key for entry in entries], again=True, looked=advance)
        return [(entry, states[entry.key]) for entry in entries if states[entry.key] != "done"]

    def plan(self) -> Pruning:
        """Return what may go; nothing that a kept build needs, nor what an unfinished one has made."""
        results = tuple(entry for entry in self.entries() if not entry.needed)
        builds = tuple(self.folder / name for name in self._records if name not in self.kept)
        partials = (*self._leftovers(), *self.ledger.partials())
        size = sum(entry.size for entry in results) + sum(map(_size, (*builds, *partials)))
        return Pruning(results, builds, tuple(partials), size)

    def _leftovers(self) -> Iterator[Place]:
        """Yield what builds that died left: under a hidden name, or in a store under a name and without its record."""
        yield from (path for path in self.folder.glob(".*") if not path.name.startswith(LOCK))
        if isinstance(self.folder, ObjectPlace):
            found = self.folder.glob("[0-9a-f]" * BUILD_NAME)
            yield from (path for path in found if path.name not in self._records)

    def prune(self) -> Pruning:
        """Remove what may go, builds before the results that they need, so that no build is left without them.

        Raises
        ------
        ResourceError
            R206: a build is at work; what looks left over may be its own.
        """
        with locks.held(self.folder / LOCK):
            plan = self.plan()
            for path in (*plan.partials, *plan.builds):
                _remove(path)
            for entry in plan.results:
                self.ledger.remove(entry.key)
        return plan

    def _entry(self, key: str, size: int, receipt: Mapping[str, Any]) -> Entry:
        made, why = str(receipt.get("made", "")), tuple(receipt.get(WHY, ()))
        needed = key in self._needed or self._is_unfinished(made)
        number = int(receipt.get("pass", 1))
        return Entry(key, str(receipt.get("tile", "?")), number, made, size, needed, why)

    def _is_unfinished(self, made: str) -> bool:
        """Return whether a result is younger than the newest build: one that was stopped has made it."""
        newest = next(iter(self._records.values()), None)
        return bool(made) and (newest is None or made > newest.created)


def _size(path: Place) -> int:
    if isinstance(path, ObjectPlace):
        found = path.objects().values() or [path.stat()]
        return sum(stat.st_size for stat in found)
    files = path.rglob("*") if path.is_dir() else [path]
    return sum(file.stat().st_size for file in files if file.is_file())


def _remove(path: Place) -> None:
    """Remove a file or folder; a folder loses what makes it a build first, so that no half of it is taken for one."""
    if isinstance(path, ObjectPlace):
        for record in (path / RECORD, path):
            record.unlink(missing_ok=True)
        remove_tree(path)
        return
    if path.is_file():
        path.unlink()
        return
    hidden = path if path.name.startswith(".") else path.with_name(f".{path.name}")
    path.rename(hidden)
    shutil.rmtree(hidden)
