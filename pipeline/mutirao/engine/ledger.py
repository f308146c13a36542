"""The ledger: what is done, by the digest of everything that went into it.

A task's key is the digest of its inputs, parameters and code. Its result is a file named by the key with a receipt
beside it, written last; without a receipt whose digest fits the file, the task counts as not done. A stale or damaged
result can therefore never be taken for a fresh one.
"""

from __future__ import annotations

import functools
import hashlib
import json
import time
import uuid
from collections.abc import Callable
from importlib import import_module
from pathlib import Path
from typing import Any

from mutirao.io.rasters import file_digest
from mutirao.io.storage import read_json, write_json


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
    """Finished results of one kind in one folder."""

    def __init__(self, folder: Path, suffix: str) -> None:
        self.folder = folder
        self.suffix = suffix

    def path(self, key: str) -> Path:
        """Return where the result of a task lies or will lie."""
        return self.folder / key[:2] / f"{key}{self.suffix}"

    def find(self, key: str) -> Path | None:
        """Return the result of a task if it is done and intact."""
        path, receipt = self.path(key), self._receipt(key)
        if not (path.is_file() and receipt.is_file()):
            return None
        return path if read_json(receipt).get("sha256") == file_digest(path) else None

    def record(self, key: str, make: Callable[[Path], None], **facts: Any) -> Path:
        """Make the result of a task under a temporary name, rename it, and write the receipt last."""
        path = self.path(key)
        path.parent.mkdir(parents=True, exist_ok=True)
        partial = path.with_name(f".{uuid.uuid4().hex}{self.suffix}")
        started = time.perf_counter()
        try:
            make(partial)
            partial.replace(path)
        finally:
            partial.unlink(missing_ok=True)
        seconds = round(time.perf_counter() - started, 4)
        write_json(self._receipt(key), {"key": key, "sha256": file_digest(path), "seconds": seconds, **facts})
        return path

    def facts(self, key: str) -> dict[str, Any]:
        """Return what was written down with a result."""
        return dict(read_json(self._receipt(key)))

    def _receipt(self, key: str) -> Path:
        return self.path(key).with_name(f"{key}.json")
