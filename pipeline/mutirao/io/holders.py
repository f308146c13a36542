"""Who holds a lock or a lease, and whether that process still lives."""

from __future__ import annotations

import getpass
import os
import socket
import uuid
from datetime import UTC, datetime
from typing import Any

HEARTBEAT_S = 20.0
"""Pause between two signs of life of a lease."""
STALE_S = 180.0
"""A lease without a heartbeat for so long is taken over, also from another machine whose processes cannot be asked."""
Holder = dict[str, Any]


def this_process() -> Holder:
    """Return what a lock says of the process that holds it; the token is another one each time."""
    try:
        user = getpass.getuser()
    except (KeyError, OSError):  # a container may give the process a number without a name
        user = str(os.getuid())
    since = datetime.now(UTC).isoformat(timespec="seconds")
    return {"pid": os.getpid(), "host": socket.gethostname(), "user": user, "since": since, "token": uuid.uuid4().hex}


def is_stale(holder: Holder, silent_s: float, limit_s: float = STALE_S) -> bool:
    """Return whether a holder that gave no sign of life for so long may be taken for dead."""
    return silent_s > limit_s or (holder.get("host") == socket.gethostname() and not _is_alive(holder.get("pid")))


def in_words(holder: Holder) -> str:
    """Return who it is, and since when."""
    try:
        return f"process {holder['pid']} of {holder['user']} on {holder['host']} since {holder['since']}"
    except KeyError:
        return "another process"


def _is_alive(pid: Any) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except (OSError, TypeError):  # it belongs to somebody else, or nothing is known about it
        return True
    return True
