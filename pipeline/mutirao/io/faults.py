"""Which failures of storage pass, and which a person must look at."""

from __future__ import annotations

import errno
import functools
import logging
import re
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, ParamSpec, TypeVar

from mutirao.errors import ResourceError

TRIES = 4
FIRST_PAUSE_S = 0.1
"""Pause before the second try; each later one is three times as long."""
_PASSING = {
    errno.EAGAIN,
    errno.EBUSY,
    errno.EINTR,
    errno.EIO,
    errno.ESTALE,
    errno.ETIMEDOUT,
    errno.ECONNRESET,
    errno.ECONNABORTED,
    errno.ECONNREFUSED,
    errno.ENETUNREACH,
    errno.EHOSTUNREACH,
    getattr(errno, "EREMOTEIO", errno.EIO),  # what s3fs makes of an internal error of the store; Linux only
}
_PASSING_WORDS = re.compile(
    r"timed? ?out|connection (reset|aborted|closed)|temporarily|HTTP (error|response) code: (429|5\d\d)", re.I
)
"""GDAL tells what went wrong in words only."""
_PASSING_NAMES = {
    *("EndpointConnectionError", "ConnectTimeoutError", "ReadTimeoutError", "ConnectionClosedError"),
    *("HTTPClientError", "ProxyConnectionError", "ResponseStreamingError", "IncompleteReadError"),
    *("ClientConnectionError", "ClientConnectorError", "ClientOSError", "ClientPayloadError"),
    *("ServerDisconnectedError", "ServerTimeoutError"),
}
"""Exceptions of botocore and aiohttp, which are no `OSError`s; by name, since neither need be installed."""
_PASSING_CODES = {"SlowDown", "ServiceUnavailable", "InternalError", "RequestTimeout", "Throttling"}
_BUSY = (408, 425, 429)
"""Answers of web servers that pass, besides those from 500 on."""
_FULL = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}
_FULL_WORDS = re.compile(r"no space left|quota ?exceeded|storage ?full|insufficient ?storage|file too large", re.I)
_NO_CREDENTIALS = {"NoCredentialsError", "PartialCredentialsError", "CredentialRetrievalError", "ProfileNotFound"}
_FAR = ("botocore", "aiobotocore", "aiohttp", "s3fs")
"""Libraries whose exceptions come from storage, whatever they are called."""

Given = ParamSpec("Given")
Result = TypeVar("Result")
logger = logging.getLogger(__name__)
_at_it = threading.local()


def passes(error: BaseException) -> bool:
    """Return whether the same read may well succeed in a moment."""
    return any(_may_pass(cause) for cause in _causes(error))


def _may_pass(cause: BaseException) -> bool:
    if isinstance(cause, TimeoutError | ConnectionError):
        return True
    if isinstance(cause, OSError) and (cause.errno in _PASSING or _in_words(cause, _PASSING_WORDS)):
        return True
    if not is_of_a_store(cause):
        return False
    status = _status(cause)
    named = type(cause).__name__ in _PASSING_NAMES or _code(cause) in _PASSING_CODES
    return named or status in _BUSY or status >= 500


def is_full(error: BaseException) -> bool:
    """Return whether a write failed because there is no room."""
    return any(
        (isinstance(cause, OSError) and (cause.errno in _FULL or _in_words(cause, _FULL_WORDS)))
        or (is_of_a_store(cause) and _FULL_WORDS.search(str(cause)) is not None)
        for cause in _causes(error)
    )


def is_of_a_store(error: BaseException) -> bool:
    """Return whether an exception comes from a library that speaks to object stores or the web."""
    return any(kind.__module__.partition(".")[0] in _FAR for kind in type(error).__mro__)


def is_unmet(error: BaseException) -> bool:
    """Return whether a store did not write because an object is there already, or is another than was asked for."""
    return any(_code(cause) in ("PreconditionFailed", "412") for cause in _causes(error))


def explained(error: BaseException, where: str) -> ResourceError | None:
    """Return for people why remote storage failed.

    Returns
    -------
    R201 it cannot be reached; R207 it is full; R208 it refuses; R209 there is no such bucket; R210 a package is
    missing. None if that is no matter of storage, or if no such file, or one already, is there: callers know.
    """
    codes = {_code(cause) for cause in _causes(error)}
    if isinstance(error, ResourceError):
        return None
    if is_full(error):
        return _full(error, where)
    if "NoSuchBucket" in codes:
        remedy = "make the bucket, or correct the address; mutirao makes no buckets"
        return ResourceError.because("R209", "there is no such bucket", where=where, remedy=remedy)
    if _is_refused(error):
        return _refused(error, where)
    # fsspec says of a web server that is busy that there is no such file, too.
    if isinstance(error, FileNotFoundError | FileExistsError) and not passes(error):
        return None
    if isinstance(error, ImportError):
        remedy = "install it: pip install 'mutirao[s3]'"
        return ResourceError.because("R210", f"a package is missing: {error}", where=where, remedy=remedy)
    if isinstance(error, OSError) or is_of_a_store(error):
        remedy = "check the path or address and the connection"
        return ResourceError.because(
            "R201", f"cannot be read: {error or type(error).__name__}", where=where, remedy=remedy
        )
    return None


def _is_refused(error: BaseException) -> bool:
    causes = list(_causes(error))
    names = {type(cause).__name__ for cause in causes if is_of_a_store(cause)}
    denied = any(isinstance(cause, PermissionError) for cause in causes)
    return denied or bool(names & _NO_CREDENTIALS) or any(_status(cause) in (401, 403) for cause in causes)


def _refused(error: BaseException, where: str) -> ResourceError:
    remedy = (
        "look at the credentials (AWS_PROFILE, or AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY) and at what they may "
        "do; see docs/maintainer.md"
    )
    said = next((f"status {status}" for cause in _causes(error) if (status := _status(cause))), str(error))
    return ResourceError.because("R208", f"the storage refuses: {said}", where=where, remedy=remedy)


def _full(error: BaseException, where: object) -> ResourceError:
    remedy = "free space, for example with 'mutirao ledger prune', and run the command again: what is finished is kept"
    return ResourceError.because("R207", f"storage is full: {error}", where=str(where), remedy=remedy)


def patient(read: Callable[Given, Result]) -> Callable[Given, Result]:
    """Make a read try again, a few times and each time after a longer pause, if what failed is likely to pass.

    Of patient functions that call each other, only the outermost tries again.
    """

    @functools.wraps(read)
    def trying(*args: Given.args, **kwargs: Given.kwargs) -> Result:
        if getattr(_at_it, "is_patient", False):
            return read(*args, **kwargs)
        _at_it.is_patient = True
        try:
            return _try_again(functools.partial(read, *args, **kwargs))
        finally:
            _at_it.is_patient = False

    return trying


def _try_again(read: Callable[[], Result]) -> Result:
    for attempt in range(1, TRIES):
        try:
            return read()
        except Exception as err:
            if not passes(err):
                raise
            logger.warning("storage failed (%s), trying again", err)
            time.sleep(FIRST_PAUSE_S * 3 ** (attempt - 1))
    return read()


@contextmanager
def room_for(path: object) -> Iterator[None]:
    """Say plainly that storage is full if a write in the block fails because of that.

    Raises
    ------
    ResourceError
        R207: no room is left, or a quota is used up.
    """
    try:
        yield
    except OSError as err:
        if not is_full(err):
            raise
        raise _full(err, path) from err


def _causes(error: BaseException) -> Iterator[BaseException]:
    found: BaseException | None = error
    while found is not None:
        yield found
        found = found.__cause__


def _in_words(error: OSError, words: re.Pattern[str]) -> bool:
    return error.errno is None and words.search(str(error)) is not None


def _code(error: BaseException) -> str:
    """Return the code of a store's answer, such as `SlowDown`; nothing if the error is none."""
    answer: Any = getattr(error, "response", None)
    return str(answer.get("Error", {}).get("Code", "")) if isinstance(answer, dict) else ""


def _status(error: BaseException) -> int:
    """Return the status of a web server's or a store's answer; 0 if the error is none."""
    status: Any = getattr(error, "status", None)
    answer: Any = getattr(error, "response", None)
    if isinstance(answer, dict):
        status = answer.get("ResponseMetadata", {}).get("HTTPStatusCode")
    return status if isinstance(status, int) and is_of_a_store(error) else 0
