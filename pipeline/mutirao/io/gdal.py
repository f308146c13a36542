"""How GDAL opens a raster wherever it lies, by windows over the network, and what it says when it cannot write one.

GDAL's own driver for S3 asks for two ranges where a Python file object is asked for a dozen, and does not hold the
interpreter's lock; see decision 9 for the measurements.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import rasterio
from fsspec.asyn import sync
from rasterio.session import Session

from mutirao.errors import MutiraoError, ResourceError
from mutirao.io.faults import explained, room_for
from mutirao.io.places import ObjectPlace, Place, is_far, place, store

_OPTIONS = {
    "GDAL_DISABLE_READDIR_ON_OPEN": "EMPTY_DIR",  # a raster has no sidecars, and listing its folder costs requests
    "GDAL_HTTP_MAX_RETRY": 3,
    "GDAL_HTTP_RETRY_DELAY": 0.2,
}

_NOT_WRITTEN = re.compile(r"writ|append|seek error|flush|disk space|no space|too large", re.IGNORECASE)
"""GDAL hands on no error number; these are in its words for a file that storage did not take whole."""


class _Borrowed(Session):  # type: ignore[misc]  # rasterio has no types
    """Credentials for GDAL, as they are now: those that are lent for an hour are renewed by fsspec's session."""

    def __init__(self, credentials: dict[str, str]) -> None:
        self.credentials = credentials

    @classmethod
    def hascreds(cls, config: dict[str, Any]) -> bool:
        """Return False: options alone hold no credentials."""
        return False

    def get_credential_options(self) -> dict[str, str]:
        """Return the credentials as options of GDAL."""
        return self.credentials


@contextmanager
def gdal_name(location: Place | str) -> Iterator[str]:
    """Yield the name by which GDAL opens a raster; open and read it in the block.

    Raises
    ------
    ResourceError
        R208: there are no credentials. R210: a package is missing.
    """
    if not is_far(location):
        yield str(location)
        return
    far = place(location)
    assert isinstance(far, ObjectPlace)
    session, options = _access(far)
    with rasterio.Env(session=session, **options):
        yield f"/vsis3/{far.key}"


@contextmanager
def room_for_rasters(path: object) -> Iterator[None]:
    """Say plainly that storage is full if a write in the block fails because of that, also one of GDAL's.

    Raises
    ------
    ResourceError
        R207: no room is left, or a quota is used up.
    """
    try:
        with room_for(path):
            yield
    except Exception as err:
        said = _words_of_gdal(err)
        if not (_is_of_a_draft(err) if isinstance(err, MutiraoError) else _NOT_WRITTEN.search(said)):
            raise
        message, remedy = f"storage is full or damaged: GDAL says '{said}'", "free space and run the command again"
        raise ResourceError.because("R207", message, where=str(path), remedy=remedy) from err


def _words_of_gdal(error: BaseException) -> str:
    """Return what GDAL said first, which tells most; nothing if the error is none of its own."""
    found: BaseException | None = error
    said = ""
    while found is not None:
        said = str(found) if type(found).__module__.startswith("rasterio.") else said
        found = found.__cause__
    return said


def _is_of_a_draft(error: MutiraoError) -> bool:
    """Return whether a raster cannot be read that has a temporary name: GDAL keeps failures at its close to itself."""
    return any(finding.code == "M202" and Path(finding.where).name.startswith(".") for finding in error.findings)


def _access(far: ObjectPlace) -> tuple[Session, dict[str, Any]]:
    """Return credentials, and where the store is, from the one filesystem of this process."""
    try:
        return _of_fsspec(store())
    except Exception as err:
        told = explained(err, str(far))
        if told is None:
            raise
        raise told from err


def _of_fsspec(files: Any) -> tuple[Session, dict[str, Any]]:
    files.connect()
    endpoint, region = files.s3.meta.endpoint_url, files.s3.meta.region_name
    where = urlsplit(endpoint)
    options = {**_OPTIONS, "AWS_REGION": region or "us-east-1"}
    if not (where.hostname or "").endswith(".amazonaws.com"):
        options |= {
            "AWS_S3_ENDPOINT": f"{where.netloc}{where.path}".rstrip("/"),
            "AWS_HTTPS": "YES" if where.scheme == "https" else "NO",
            "AWS_VIRTUAL_HOSTING": "FALSE",  # no name server knows buckets of a store of one's own
        }
    if files.anon:
        return _Borrowed({"AWS_NO_SIGN_REQUEST": "YES"}), options
    key, secret, token = (files.key, files.secret, files.token) if files.key else sync(files.loop, _lent, files)
    session = {"AWS_SESSION_TOKEN": token} if token else {}
    return _Borrowed({"AWS_ACCESS_KEY_ID": key, "AWS_SECRET_ACCESS_KEY": secret, **session}), options


async def _lent(files: Any) -> tuple[str, str, str | None]:
    """Return key, secret and token that environment, profile or machine lend."""
    found = await files.session.get_credentials()
    if found is None:
        raise PermissionError("no credentials were found")
    frozen = await found.get_frozen_credentials()
    return frozen.access_key, frozen.secret_key, frozen.token
