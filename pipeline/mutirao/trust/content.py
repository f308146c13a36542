"""Hold files against the record that lists them: names, bytes, pixels, and nothing else beside them."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from math import ceil
from pathlib import Path, PurePosixPath

from mutirao.errors import Finding, ResourceError
from mutirao.grid import Grid
from mutirao.io.places import ObjectPlace, Place, is_web, place
from mutirao.io.rasters import RasterError, read, stored_pixel_digests
from mutirao.io.storage import streamed_digest
from mutirao.modules.receipt import RECEIPT, REPORT, Submission, raster_name, window_digest
from mutirao.release.record import MANIFEST, Release
from mutirao.trust.signatures import belongs

_RESTORE = "bring it back from a copy; never edit what was submitted or released, make the next version"
_AT_ONCE = 4
"""Files that are read at the same time."""
_UNKNOWN_SIZE = 1 << 26
"""Largest file whose size no record tells: a check report."""
_TILES_SHOWN = 10


@dataclass(frozen=True, slots=True)
class Listed:
    """A file as its record lists it."""

    name: str
    sha256: str
    size: int | None = None
    pixels: str | None = None


@dataclass(frozen=True, slots=True)
class Contents:
    """What a record lists, and where it lies."""

    folder: str
    """Path or URL."""
    record: str
    """Name of the file that lists."""
    files: tuple[Listed, ...]
    grid: Grid
    origin: str
    """`submitted` or `released`, for people."""

    def place(self, file: Listed) -> str:
        """Return path or URL of a file."""
        return f"{self.folder}/{file.name}"


def of_submission(folder: str, receipt: Submission) -> Contents:
    """Return what a receipt lists."""
    rasters = (Listed(file.name, file.sha256, file.size, file.pixels) for file in receipt.files)
    report = Listed(REPORT, receipt.checks_digest)
    return Contents(folder, RECEIPT, (*rasters, report), receipt.grid, "submitted")


def of_release(folder: str, release: Release) -> Contents:
    """Return what a release lists."""
    files = tuple(Listed(file.name, file.sha256, file.size, file.pixels) for file in release.files)
    return Contents(folder, MANIFEST, files, release.grid, "released")


def check(contents: Contents, *, pixels: bool) -> list[Finding]:
    """Hold a folder against its record; nothing is opened unless all names are harmless.

    Returns
    -------
    Findings: S102 a name leads elsewhere; S103 a file is a link; S106 names differ only in case; S120 a file is not
    listed; S104 bytes or pixels are others; S105 a file is missing, truncated or cannot be decoded.
    """
    unsafe = [*_unsafe_names(contents), *_strangers(contents)]
    if any(finding.code in ("S102", "S103", "S106") for finding in unsafe):
        return unsafe
    with ThreadPoolExecutor(_AT_ONCE) as pool:
        found = pool.map(lambda file: _check_file(contents, file, pixels=pixels), contents.files)
        return [*unsafe, *(finding for finding in found if finding)]


def _unsafe_names(contents: Contents) -> Iterator[Finding]:
    seen = {contents.record.casefold(): contents.record}
    for file in contents.files:
        where = f"{contents.folder}/{contents.record}"
        if _leads_out(file.name):
            yield Finding("S102", f"lists {file.name!r}, which leads out of its folder", where, "do not use it")
        twin = seen.setdefault(file.name.casefold(), file.name)
        if twin != file.name:
            message = f"lists {file.name} and {twin}, which differ only in upper and lower case"
            yield Finding("S106", message, where, "do not use it: on some systems one file is the other")


def _leads_out(name: str) -> bool:
    strange = "\\" in name or ":" in name or not name.isprintable()
    return strange or any(part in ("", ".", "..") for part in name.split("/"))


def _strangers(contents: Contents) -> Iterator[Finding]:
    """Yield links, and files that nobody listed; a web address cannot be listed."""
    if is_web(contents.folder):
        return
    known = {file.name for file in contents.files} | {contents.record}
    for path in _everything(place(contents.folder)):
        name = path.relative_to(contents.folder).as_posix()
        if path.is_symlink():
            yield Finding("S103", f"is a link to {Path(str(path)).readlink()}", str(path), "put the file itself there")
        elif name not in known and not belongs(name, contents.record):
            yield Finding("S120", "is not in the record", str(path), "remove it: nobody answers for it")


def _everything(folder: Place) -> Iterator[Place]:
    if isinstance(folder, ObjectPlace):
        yield from folder.objects()
        return
    for root, folders, files in os.walk(folder, followlinks=False):
        yield from sorted(Path(root, name) for name in files)
        yield from sorted(path for name in folders if (path := Path(root, name)).is_symlink())


def _check_file(contents: Contents, file: Listed, *, pixels: bool) -> Finding | None:
    place = contents.place(file)
    try:
        size, digest = streamed_digest(place, _UNKNOWN_SIZE if file.size is None else file.size)
    except ResourceError as err:
        missing = isinstance(err.__cause__, FileNotFoundError)
        return Finding("S105", "the file is missing" if missing else err.findings[0].message, place, _RESTORE)
    if file.size is not None and size < file.size:
        return Finding("S105", f"is truncated: {size} bytes of {file.size}", place, _RESTORE)
    if digest != file.sha256:
        if file.name == REPORT:
            return Finding("S104", "the check report was changed", place, _RESTORE)
        return Finding("S104", f"bytes are not those that were {contents.origin} (sha256 differs)", place, _RESTORE)
    return _check_pixels(contents, file) if pixels and file.pixels else None


def _check_pixels(contents: Contents, file: Listed) -> Finding | None:
    place = contents.place(file)
    try:
        digests = stored_pixel_digests(place, contents.grid)
    except RasterError as err:
        return Finding("S105", err.findings[0].message, place, _RESTORE)
    if file.pixels not in digests:
        return Finding("S104", f"pixels are not those that were {contents.origin}", place, _RESTORE)
    return None


def misplaced(folder: str, receipt: Submission) -> Finding | None:
    """Return what is wrong with a receipt that was copied into the folder of another module or version."""
    here = PurePosixPath(folder)
    module, version = here.parent.name, here.name
    if (receipt.module, receipt.version) == (module, version):
        return None
    message = f"the receipt is that of {receipt.module} {receipt.version}, in the folder of {module} {version}"
    remedy = "remove the folder; submit the rasters under their own module and a new version"
    return Finding("S121", message, f"{folder}/{RECEIPT}", remedy)


def check_names(folder: str, receipt: Submission) -> list[Finding]:
    """Find rasters that are not named as a build looks for them: it would read another file than the listed one."""
    where = f"{folder}/{RECEIPT}"
    names = {file.name: raster_name(receipt.module, file.year, receipt.version) for file in receipt.files}
    wrong = [f"{name} instead of {expected}" for name, expected in names.items() if name != expected]
    if tuple(file.year for file in receipt.files) != receipt.years:
        wrong.append("files of other years than 'years'")
    return [Finding("S104", f"the receipt lists {', '.join(wrong)}", where, _RESTORE)] if wrong else []


def check_tiles(folder: str, receipt: Submission) -> list[Finding]:
    """Find tiles whose claims are not those of the receipt; builds trust these digests to know what changed."""
    where, grid = f"{folder}/{RECEIPT}", receipt.grid
    if len(receipt.tiles) != ceil(grid.shape[0] / grid.tile) * ceil(grid.shape[1] / grid.tile):
        return [Finding("S104", f"the receipt has {len(receipt.tiles)} tiles, not those of its grid", where, _RESTORE)]
    changed = list(_changed_tiles(folder, receipt))
    if not changed:
        return []
    message = f"claims differ from the receipt in tiles {', '.join(changed[:_TILES_SHOWN])}"
    return [Finding("S104", message, where, _RESTORE)]


def _changed_tiles(folder: str, receipt: Submission) -> Iterator[str]:
    for tile in receipt.grid.tiles():
        windows = {file.year: read(f"{folder}/{file.name}", tile) for file in receipt.files}
        if window_digest(windows) != receipt.tiles.get(tile.id):
            yield tile.id


def check_submission(folder: str, receipt: Submission, *, pixels: bool = True) -> list[Finding]:
    """Hold a submission against its receipt: names, bytes, and unless told otherwise pixels and tiles."""
    findings = [*check_names(folder, receipt), *check(of_submission(folder, receipt), pixels=pixels)]
    if findings or not pixels:
        return findings
    return check_tiles(folder, receipt)


def names_of(files: Iterable[Listed]) -> str:
    """Return in words how many rasters and other files there are."""
    listed = list(files)
    maps = sum(file.pixels is not None for file in listed)
    return f"{len(listed)} files ({maps} of them rasters)"
