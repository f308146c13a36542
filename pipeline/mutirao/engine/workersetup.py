"""What a worker process of ours does when it starts; Dask calls `dask_setup`."""

from __future__ import annotations

import signal


def dask_setup(_worker: object) -> None:
    """Leave Ctrl-C, which a terminal sends to all processes, to the one that leads the build: it stops the workers."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
