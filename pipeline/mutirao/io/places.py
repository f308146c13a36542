"""Where things lie: a folder of this machine, or one in an S3-compatible object store.

A place of this machine is a plain `pathlib.Path`. A place in a store is an `ObjectPlace`, which has the few methods of
`Path` that the package uses, and differs where a store does: nothing is renamed, folders need not be made, and what
has one name appears whole. Any failure that a person must look at is told as a `ResourceError`; see decision 9 for
why no library's paths are used.
"""

from __future__ import annotations

import functools
import os
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from errno import EEXIST
from fnmatch import fnmatchcase
from pathlib import Path, PurePosixPath
from typing import Any, BinaryIO, NamedTuple

import fsspec

from mutirao.errors import UsageError
from mutirao.io.faults import explained, is_unmet, patient

SCHEME = "s3://"
_OTHER_NAMES = ("s3a://", "s3n://")
_WEB = ("http://", "https://")
_MAGIC = frozenset("*?[")
_READ_AHEAD = 1 << 20
"""Bytes that are fetched beyond what is asked for."""


class Stat(NamedTuple):
    """What a store says of an object."""

    st_size: int
    """Bytes."""
    stamp: str
    """Another one whenever other bytes were written: the store's entity tag, and the size."""
    modified: float
    """When it was written, by the clock of the store; seconds since 1970."""


@dataclass(frozen=True, slots=True, order=True)
class ObjectPlace:
    """An object in a store, or the folder that the beginning of a name stands for."""

    address: str
    """`s3://bucket/key` without a slash at the end."""

    def __str__(self) -> str:
        return self.address

    def __truediv__(self, name: str | PurePosixPath) -> ObjectPlace:
        return ObjectPlace(f"{self.address}/{name}")

    @property
    def key(self) -> str:
        """Bucket and key."""
        return self.address.removeprefix(SCHEME)

    @property
    def bucket(self) -> str:
        """Name of the bucket."""
        return self.key.partition("/")[0]

    @property
    def parts(self) -> tuple[str, ...]:
        """Bucket, and names of folders and object."""
        return PurePosixPath(self.key).parts

    @property
    def name(self) -> str:
        """Last part of the key."""
        return self.key.rpartition("/")[2]

    @property
    def stem(self) -> str:
        """Name without its last suffix."""
        return PurePosixPath(self.name).stem

    @property
    def suffix(self) -> str:
        """Last suffix of the name."""
        return PurePosixPath(self.name).suffix

    @property
    def parent(self) -> ObjectPlace:
        """The folder that it lies in; that of a bucket is the bucket."""
        return ObjectPlace(SCHEME + (self.key.rpartition("/")[0] or self.key))

    @property
    def parents(self) -> tuple[ObjectPlace, ...]:
        """The folders that it lies in, from the nearest to the bucket."""
        here, found = self, []
        while here.parent != here:
            here = here.parent
            found.append(here)
        return tuple(found)

    def with_name(self, name: str) -> ObjectPlace:
        """Return a place beside this one."""
        return self.parent / name

    def relative_to(self, folder: object) -> PurePosixPath:
        """Return the way from a folder above."""
        return PurePosixPath(self.key).relative_to(str(folder).removeprefix(SCHEME))

    def resolve(self) -> ObjectPlace:
        """Return itself: a key leads nowhere else."""
        return self

    def is_symlink(self) -> bool:
        """Return False: a store has no links."""
        return False

    def exists(self) -> bool:
        """Return whether there is such an object or folder."""
        return self.is_file() or self.is_dir()

    def is_file(self) -> bool:
        """Return whether there is such an object."""
        return self.find() is not None

    def is_dir(self) -> bool:
        """Return whether any object lies below."""
        return bool(self._entries())

    def find(self) -> Stat | None:
        """Return what the store says of the object; None if there is none."""
        try:
            facts = self._ask("info", self.key)
        except FileNotFoundError:
            return None
        return _stat(facts) if facts["type"] == "file" else None

    def stat(self) -> Stat:
        """Return what the store says of the object; `FileNotFoundError` if there is none."""
        found = self.find()
        if found is None:
            raise FileNotFoundError(str(self))
        return found

    def iterdir(self) -> Iterator[ObjectPlace]:
        """Yield the objects and folders in a folder."""
        yield from (place for place, _ in self._entries())

    def glob(self, pattern: str) -> Iterator[ObjectPlace]:
        """Yield what fits a pattern as of `Path.glob`, in alphabetical order; one listing for each folder on the way.

        Nothing comes twice, and objects whose names begin with a dot are as good as any.
        """
        head, _, rest = pattern.partition("/")
        if head == "**":
            yield from self.glob(rest)
            for place, is_folder in self._entries():
                yield from place.glob(pattern) if is_folder else ()
        elif not _MAGIC & set(head):
            place = self / head
            yield from place.glob(rest) if rest else [place] * place.exists()
        else:
            fitting = [(place, folder) for place, folder in self._entries() if fnmatchcase(place.name, head)]
            for place, is_folder in fitting:
                yield from (place.glob(rest) if is_folder else ()) if rest else [place]

    def objects(self) -> dict[ObjectPlace, Stat]:
        """Return every object below, with one listing for each thousand of them."""
        found: dict[str, dict[str, Any]] = self._ask("find", self.key, detail=True)
        return {
            ObjectPlace(SCHEME + name): _stat(facts)
            for name, facts in sorted(found.items())
            if facts["type"] == "file" and name != self.key and not name.endswith("/")
        }

    def rglob(self, pattern: str) -> Iterator[ObjectPlace]:
        """Yield the objects below whose names fit, without the folders."""
        yield from (place for place in self.objects() if fnmatchcase(place.name, pattern))

    def open(self, mode: str = "rb") -> BinaryIO:
        """Open the object for reading; if it is replaced meanwhile, reading fails rather than mixes."""
        if mode != "rb":
            raise ValueError("objects are written whole")
        stream: BinaryIO = self._ask("open", self.key, "rb", block_size=_READ_AHEAD, cache_type="readahead")
        return stream

    def read_bytes(self) -> bytes:
        """Read the object whole, with one request."""
        return bytes(self._ask("cat_file", self.key))

    def read_text(self, encoding: str = "utf-8") -> str:
        """Read the object whole as text."""
        return self.read_bytes().decode(encoding)

    def write_bytes(self, data: bytes) -> None:
        """Write the object; readers see the old one or the new one."""
        self._ask("pipe_file", self.key, data)

    def create(self, data: bytes) -> None:
        """Write the object unless there is one.

        Raises
        ------
        FileExistsError
            There is one, with other bytes. One with these bytes is ours: its answer was lost, and we asked again.
        """
        try:
            self._ask("pipe_file", self.key, data, mode="create")
        except FileExistsError:
            if not self._holds(data):
                raise

    def replace_if(self, stamp: str, data: bytes) -> None:
        """Write the object if it is still the one that has this stamp.

        Raises
        ------
        FileExistsError, FileNotFoundError
            It is another, or gone.
        """
        try:
            self._ask("pipe_file", self.key, data, IfMatch=stamp.rpartition(":")[0])
        except FileExistsError:
            if not self._holds(data):
                raise

    def upload(self, file: Path, *, create: bool = False) -> None:
        """Write the object from a file.

        Parameters
        ----------
        create : raise `FileExistsError` if there is one already, with other bytes.
        """
        try:
            self._ask("put_file", str(file), self.key, mode="create" if create else "overwrite")
        except FileExistsError:
            if not self._holds(file.read_bytes()):
                raise

    def unlink(self, missing_ok: bool = False) -> None:
        """Remove the object."""
        if not missing_ok:
            self.stat()
        self._ask("rm_file", self.key)

    def _holds(self, data: bytes) -> bool:
        try:
            return self.read_bytes() == data
        except FileNotFoundError:  # somebody has just removed it
            return False

    def _entries(self) -> list[tuple[ObjectPlace, bool]]:
        """Return what lies in a folder, and whether each is a folder itself."""
        try:
            found = self._ask("ls", self.key, detail=True)
        except FileNotFoundError:
            return []
        names = {facts["name"].rstrip("/"): facts["type"] == "directory" for facts in found}
        return [(ObjectPlace(SCHEME + name), folder) for name, folder in sorted(names.items()) if name != self.key]

    def _ask(self, method: str, *args: Any, **options: Any) -> Any:
        return _ask(self.address, method, *args, **options)


Place = Path | ObjectPlace
"""A folder or file of this machine, or of a store."""


def place(location: object) -> Place:
    """Return the place that a text, or a path of any library, speaks of.

    Raises
    ------
    UsageError
        U115: it is an address that nothing can be written to or listed.
    """
    if isinstance(location, Path | ObjectPlace):
        return location
    text = str(location)
    for other in _OTHER_NAMES:
        text = text.replace(other, SCHEME, 1) if text.startswith(other) else text
    if text.startswith(SCHEME) and text.rstrip("/") not in ("s3:", ""):
        return ObjectPlace(text.rstrip("/"))
    if "://" not in text:
        return Path(text)
    remedy = "name a folder, or an S3 address such as s3://bucket/network"
    raise UsageError.because("U115", "neither a folder nor an S3 address", where=text, remedy=remedy)


def is_web(location: object) -> bool:
    """Return whether a location is a web address: it can be read, but its folders cannot be listed."""
    return str(location).startswith(_WEB)


def is_far(location: object) -> bool:
    """Return whether a location lies in an object store."""
    return str(location).startswith((SCHEME, *_OTHER_NAMES))


def store() -> Any:
    """Return the filesystem of this process for S3, with credentials and endpoint of fsspec's and of the AWS settings.

    Listings are not cached: other processes write.
    """
    return _store(os.getpid())


@functools.lru_cache(maxsize=1)
def _store(_process: int) -> Any:
    """Return one filesystem for all threads; a process that was forked needs its own."""
    return fsspec.filesystem("s3", use_listings_cache=False, skip_instance_cache=True)


@patient
def _ask(where: str, method: str, *args: Any, **options: Any) -> Any:
    """Ask the store; missing and existing objects are told as of files, all else for people."""
    try:
        return getattr(store(), method)(*args, **options)
    except Exception as err:
        if is_unmet(err):
            raise FileExistsError(EEXIST, "is there already, or is another", where) from err
        told = explained(err, where)
        if told is None:
            raise
        raise told from err


def _stat(facts: dict[str, Any]) -> Stat:
    modified = facts.get("LastModified")
    seconds = modified.timestamp() if isinstance(modified, datetime) else 0.0
    return Stat(int(facts["size"]), f"{facts.get('ETag', '')}:{facts['size']}", seconds)
