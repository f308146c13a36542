"""Which failures of storage pass, and which a person must look at."""

from __future__ import annotations

import errno
import functools
import logging
import re
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import ParamSpec, TypeVar

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
}
_PASSING_WORDS = re.compile(
    r"timed? ?out|connection (reset|aborted|closed)|temporarily|HTTP (error|response) code: (429|5\d\d)", re.I
)
"""GDAL tells what went wrong in words only."""
_FULL = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}
_FULL_WORDS = re.compile(r"no space left|quota exceeded|file too large", re.I)

Given = ParamSpec("Given")
Result = TypeVar("Result")
logger = logging.getLogger(__name__)


def passes(error: BaseException) -> bool:
    """Return whether the same read may well succeed in a moment."""
    return any(
        isinstance(cause, TimeoutError | ConnectionError)
        or (isinstance(cause, OSError) and (cause.errno in _PASSING or _in_words(cause, _PASSING_WORDS)))
        for cause in _causes(error)
    )


def is_full(error: BaseException) -> bool:
    """Return whether a write failed because there is no room."""
    return any(
        isinstance(cause, OSError) and (cause.errno in _FULL or _in_words(cause, _FULL_WORDS))
        for cause in _causes(error)
    )


def patient(read: Callable[Given, Result]) -> Callable[Given, Result]:
    """Make a read try again, a few times and each time after a longer pause, if what failed is likely to pass."""

    @functools.wraps(read)
    def trying(*args: Given.args, **kwargs: Given.kwargs) -> Result:
        for attempt in range(1, TRIES):
            try:
                return read(*args, **kwargs)
            except Exception as err:
                if not passes(err):
                    raise
                logger.warning("read failed (%s), trying again", err)
                time.sleep(FIRST_PAUSE_S * 3 ** (attempt - 1))
        return read(*args, **kwargs)

    return trying


@contextmanager
def room_for(path: Path) -> Iterator[None]:
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
        remedy = (
            "free space, for example with 'mutirao ledger prune', and run the command again: what is finished is kept"
        )
        raise ResourceError.because("R207", f"storage is full: {err}", where=str(path), remedy=remedy) from err


def _causes(error: BaseException) -> Iterator[BaseException]:
    found: BaseException | None = error
    while found is not None:
        yield found
        found = found.__cause__


def _in_words(error: OSError, words: re.Pattern[str]) -> bool:
    return error.errno is None and words.search(str(error)) is not None
