"""Small files: JSON and text, written whole or not at all, read from a folder or a URL."""

from __future__ import annotations

import glob
import hashlib
import json
import shutil
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, BinaryIO, TypeVar

import fsspec
from pydantic import BaseModel, ValidationError

from mutirao.errors import ResourceError
from mutirao.io.faults import patient, room_for

Record = TypeVar("Record", bound=BaseModel)
_CHUNK = 1 << 20


def matching(pattern: str) -> list[Path]:
    """Return the files that fit a pattern such as `maps/*.tif`, in alphabetical order."""
    return sorted(Path(name) for name in glob.glob(str(Path(pattern).expanduser()), recursive=True))  # noqa: PTH207 - absolute patterns, too


def write_text(path: Path, text: str) -> None:
    """Write a text file; it appears under its name only when it is complete."""
    partial = path.with_name(f".{path.name}.{uuid.uuid4().hex}")
    with room_for(path):
        path.parent.mkdir(parents=True, exist_ok=True)
        try:
            partial.write_text(text, encoding="utf-8", newline="\n")
            partial.replace(path)
        finally:
            partial.unlink(missing_ok=True)


def write_json(path: Path, value: Any) -> None:
    """Write JSON with sorted keys, so that equal values give equal bytes."""
    write_text(path, json.dumps(value, indent=2, sort_keys=True, ensure_ascii=False) + "\n")


def read_json(location: Path | str) -> Any:
    """Read JSON from a path or URL."""
    return json.loads(read_text(location))


def read_record(location: Path | str, model: type[Record]) -> Record:
    """Read a record that mutirao wrote.

    Raises
    ------
    ResourceError
        R201: it does not exist or cannot be reached. R203: it is damaged, or another version of mutirao wrote it.
    """
    try:
        return model.model_validate_json(read_text(location))
    except ValidationError as err:
        first = err.errors(include_url=False)[0]
        message = f"is no record of this version of mutirao: {'.'.join(map(str, first['loc']))}: {first['msg']}"
        remedy = "restore the file from a copy, or make it again with this version"
        raise ResourceError.because("R203", message, where=str(location), remedy=remedy) from err


@patient
def read_text(location: Path | str) -> str:
    """Read text from a path or URL."""
    with opened(location) as stream:
        return stream.read().decode("utf-8")


@patient
def read_bytes(location: Path | str, limit: int) -> bytes:
    """Read a small file from a path or URL, exactly as it is.

    Raises
    ------
    ResourceError
        R201: it does not exist, cannot be reached, or has more bytes than the limit.
    """
    with opened(location) as stream:
        data = stream.read(limit + 1)
    if len(data) > limit:
        remedy = "no file of this kind is so large; look at where it comes from"
        raise ResourceError.because("R201", f"has more than {limit} bytes", where=str(location), remedy=remedy)
    return data


def find_bytes(location: Path | str, limit: int) -> bytes | None:
    """Read a small file from a path or URL as `read_bytes` does; None if there is no such file."""
    try:
        return read_bytes(location, limit)
    except ResourceError as err:
        if isinstance(err.__cause__, FileNotFoundError):
            return None
        raise


@patient
def streamed_digest(location: Path | str, limit: int) -> tuple[int, str]:
    """Return size and sha256 of a file at a path or URL; reading stops soon after `limit` bytes.

    Raises
    ------
    ResourceError
        R201: it does not exist or cannot be reached.
    """
    digest, size = hashlib.sha256(), 0
    with opened(location) as stream:
        while size <= limit and (chunk := stream.read(_CHUNK)):
            digest.update(chunk)
            size += len(chunk)
    return size, digest.hexdigest()


@contextmanager
def opened(location: Path | str) -> Iterator[BinaryIO]:
    """Open a path or URL for reading.

    Raises
    ------
    ResourceError
        R201: it does not exist or cannot be reached.
    """
    try:
        with fsspec.open(str(location), "rb") as stream:
            yield stream
    except OSError as err:
        remedy = "check the path or address and the connection"
        raise ResourceError.because("R201", f"cannot be read: {err}", where=str(location), remedy=remedy) from err


@contextmanager
def whole_folder(folder: Path) -> Iterator[Path]:
    """Yield a hidden folder beside the target; it gets the target's name if the block succeeds, else it vanishes."""
    partial = folder.with_name(f".{folder.name}.{uuid.uuid4().hex}")
    with room_for(folder):
        folder.parent.mkdir(parents=True, exist_ok=True)
        partial.mkdir()
        try:
            yield partial
            partial.rename(folder)
        finally:
            shutil.rmtree(partial, ignore_errors=True)
