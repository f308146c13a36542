"""Small files: JSON and text, written whole or not at all, read from a folder or a URL."""

from __future__ import annotations

import glob
import hashlib
import json
import shutil
import uuid
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from errno import EEXIST
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, BinaryIO, TypeVar

import fsspec
from pydantic import BaseModel, ValidationError

from mutirao.errors import ResourceError
from mutirao.io import leases
from mutirao.io.faults import explained, passes, patient, room_for
from mutirao.io.gdal import room_for_rasters
from mutirao.io.places import ObjectPlace, Place, is_far, is_web, place

Record = TypeVar("Record", bound=BaseModel)
_CHUNK = 1 << 20
_AT_ONCE = 4
"""Files that are uploaded at the same time; each is held in memory up to 100 MB."""
UPLOAD_WAIT_S = 3600.0
"""How long to wait for another writer of the same folder of a store."""


def matching(pattern: str) -> list[Place]:
    """Return the files that fit a pattern such as `maps/*.tif` or `s3://maps/*.tif`, in alphabetical order."""
    far = place(pattern) if is_far(pattern) else None
    if isinstance(far, ObjectPlace):
        bucket = far.parents[-1]
        return sorted(bucket.glob(far.relative_to(bucket).as_posix()), key=str)
    return sorted(Path(name) for name in glob.glob(str(Path(pattern).expanduser()), recursive=True))  # noqa: PTH207 - absolute patterns, too


def write_text(path: Place, text: str) -> None:
    """Write a text file; it appears under its name only when it is complete."""
    if isinstance(path, ObjectPlace):
        path.write_bytes(text.encode())
        return
    partial = path.with_name(f".{path.name}.{uuid.uuid4().hex}")
    with room_for(path):
        path.parent.mkdir(parents=True, exist_ok=True)
        try:
            partial.write_text(text, encoding="utf-8", newline="\n")
            partial.replace(path)
        finally:
            partial.unlink(missing_ok=True)


def write_json(path: Place, value: Any) -> None:
    """Write JSON with sorted keys, so that equal values give equal bytes."""
    write_text(path, json.dumps(value, indent=2, sort_keys=True, ensure_ascii=False) + "\n")


def read_json(location: Place | str) -> Any:
    """Read JSON from a path or URL."""
    return json.loads(read_text(location))


def read_record(location: Place | str, model: type[Record]) -> Record:
    """Read a record that mutirao wrote.

    Raises
    ------
    ResourceError
        R201: it does not exist or cannot be reached; R208 to R210 as `opened`. R203: it is damaged, or another version
        of mutirao wrote it.
    """
    try:
        return model.model_validate_json(read_text(location))
    except ValidationError as err:
        first = err.errors(include_url=False)[0]
        message = f"is no record of this version of mutirao: {'.'.join(map(str, first['loc']))}: {first['msg']}"
        remedy = "restore the file from a copy, or make it again with this version"
        raise ResourceError.because("R203", message, where=str(location), remedy=remedy) from err


@patient
def read_text(location: Place | str) -> str:
    """Read text from a path or URL."""
    far = place(location) if is_far(location) else None
    if isinstance(far, ObjectPlace):
        return _whole(far).decode("utf-8")
    with opened(location) as stream:
        return stream.read().decode("utf-8")


def _whole(far: ObjectPlace) -> bytes:
    """Read an object with one request, where `opened` asks for its size first."""
    try:
        return far.read_bytes()
    except FileNotFoundError as err:
        raise _unreadable(far, err) from err


@patient
def read_bytes(location: Place | str, limit: int) -> bytes:
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


def find_bytes(location: Place | str, limit: int) -> bytes | None:
    """Read a small file from a path or URL as `read_bytes` does; None if there is no such file."""
    try:
        return read_bytes(location, limit)
    except ResourceError as err:
        if is_missing(err):
            return None
        raise


def is_missing(error: ResourceError) -> bool:
    """Return whether a read failed because there is no such file; not because a store refuses or does not answer."""
    gone = error.findings[0].code == "R201" and isinstance(error.__cause__, FileNotFoundError)
    return gone and not passes(error)


@patient
def streamed_digest(location: Place | str, limit: int) -> tuple[int, str]:
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
def opened(location: Place | str) -> Iterator[BinaryIO]:
    """Open a path or URL for reading.

    Raises
    ------
    ResourceError
        R201: it does not exist or cannot be reached. R208: the storage refuses. R209: there is no such bucket. R210: a
        package for this storage is missing.
    """
    try:
        if is_far(location):
            with place(location).open("rb") as stream:
                yield stream
        else:
            with fsspec.open(str(location), "rb") as stream:
                yield stream
    except Exception as err:
        told = explained(err, str(location)) if is_web(location) or is_far(location) else None
        if told is None and isinstance(err, OSError):
            told = _unreadable(location, err)
        if told is None:
            raise
        raise told from err


def _unreadable(location: Place | str, err: OSError) -> ResourceError:
    remedy = "check the path or address and the connection"
    return ResourceError.because("R201", f"cannot be read: {err}", where=str(location), remedy=remedy)


@contextmanager
def whole_folder(folder: Place, last: str = "") -> Iterator[Path]:
    """Yield an empty folder of this machine; what lies in it appears at the target whole, if the block succeeds.

    On this machine it lies hidden beside the target and is renamed. In a store it is uploaded, see `_upload`.

    Parameters
    ----------
    last : name of the file without which nobody takes the folder for what it is; in a store there must be one.

    Raises
    ------
    OSError
        There is such a folder already; nothing of it was touched.
    ResourceError
        R207: no room is left, here or in the store.
    """
    if isinstance(folder, ObjectPlace):
        with TemporaryDirectory() as local:
            with room_for_rasters(local):
                yield Path(local)
            _upload(Path(local), folder, last)
        return
    partial = folder.with_name(f".{folder.name}.{uuid.uuid4().hex}")
    with room_for_rasters(folder):
        folder.parent.mkdir(parents=True, exist_ok=True)
        partial.mkdir()
        try:
            yield partial
            partial.rename(folder)
        finally:
            shutil.rmtree(partial, ignore_errors=True)


def _upload(local: Path, folder: ObjectPlace, last: str) -> None:
    """Upload a folder; the file that makes it count is created last, by one writer only.

    One writer at a time, by a lease; what a dead one left behind is removed. Should a writer that was taken for dead
    go on, it cannot replace an object, since each is created, and it does not end, since the lease is another's.
    """
    names = sorted(path.relative_to(local).as_posix() for path in local.rglob("*") if path.is_file())
    names.remove(last)
    with leases.holding(folder.with_name(f".{folder.name}.lock"), wait_s=UPLOAD_WAIT_S) as lease:
        if (folder / last).is_file():
            raise FileExistsError(EEXIST, "is there already", str(folder))
        remove_tree(folder)
        try:
            with ThreadPoolExecutor(_AT_ONCE) as pool:
                list(pool.map(lambda name: (folder / name).upload(local / name, create=True), names))
            lease.require()
            (folder / last).create((local / last).read_bytes())
        except BaseException:
            if lease.is_mine():
                remove_tree(folder, unless=last)
            raise


def remove_tree(folder: ObjectPlace, unless: str = "") -> None:
    """Remove every object of a folder, unless there is one of this name, which makes the folder count."""
    found = folder.objects()
    if not (unless and folder / unless in found):
        for path in found:
            path.unlink(missing_ok=True)
