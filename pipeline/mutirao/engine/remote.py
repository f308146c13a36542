"""Workers in other processes: a Dask scheduler that runs already, or one that is started as a spec says."""

from __future__ import annotations

import logging
import shutil
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from importlib import import_module
from typing import Any, TypeVar

import dask
from dask.utils import parse_bytes
from distributed import Client, as_completed
from distributed.scheduler import KilledWorker

from mutirao.engine.cluster import LOOK, Crew, Tell, guarded
from mutirao.engine.clusterspec import AnyCluster, AtAddress, JobQueue, OnKubernetes, OverSsh, Processes
from mutirao.engine.ledger import code_digest
from mutirao.engine.stopwatch import stop_run
from mutirao.errors import ResourceError
from mutirao.project import Project

Item = TypeVar("Item")
Result = TypeVar("Result")
CODE = ("mutirao.integration", "mutirao.filters", "mutirao.grid", "mutirao.engine", "mutirao.io")
"""Packages whose source must be the same on the workers."""
ANSWER = 10
"""Seconds within which a scheduler must answer."""
FIRST_WORKER = 60
"""Seconds within which the first worker must be there, and within which a lost one must be followed by another, unless
the spec gives them more: jobs may stand in a queue for long."""
SETTINGS = {"distributed.scheduler.allowed-failures": 3}
"""Workers that one task may take down with it before it is given up, where the scheduler is ours."""
QUEUES = {
    "slurm": "SLURMCluster",
    "pbs": "PBSCluster",
    "sge": "SGECluster",
    "lsf": "LSFCluster",
    "oar": "OARCluster",
    "htcondor": "HTCondorCluster",
    "moab": "MoabCluster",
}


class Remote:
    """Workers that a Dask scheduler knows."""

    def __init__(self, client: Client, wait_s: float | None = None) -> None:
        self.client, self.wait_s = client, FIRST_WORKER if wait_s is None else wait_s
        self.where = str(client.scheduler_info(n_workers=0)["address"])

    def run(self, run: str, task: Callable[[Item], Result], items: Sequence[Item], tell: Tell) -> list[Result]:
        """Do a task for every item, tell each result, return them in order.

        A task whose worker is lost is given to another one.

        Raises
        ------
        MutiraoError
            As the task raised it. R212: no worker is left. R214: the task took several workers down with it.
        """
        futures = [self.client.submit(guarded, run, task, item, pure=False) for item in items]
        results: dict[Any, Result] = {}
        try:
            for future in self._finished(futures):
                results[future.key] = self._result(future)  # fetched now: the worker that holds it may be lost later
                tell(results[future.key])
            return [results[future.key] for future in futures]
        finally:
            self.client.cancel(futures, force=True)

    def _finished(self, futures: Sequence[Any]) -> Iterator[Any]:
        """Yield futures as they end; looks rather than waits, so that a lost cluster and Ctrl-C are seen."""
        waiting = as_completed(futures, loop=self.client.loop)
        seen = time.monotonic()
        while waiting.count():
            batch = waiting.next_batch(block=False)
            yield from batch
            if batch or self.client.nthreads():
                seen = time.monotonic()
            elif time.monotonic() - seen > self.wait_s:
                raise self._no_worker("has lost all its workers")
            time.sleep(0 if batch else LOOK)

    def _result(self, future: Any) -> Any:
        try:
            return future.result()
        except KilledWorker as err:
            message = f"a task took {SETTINGS['distributed.scheduler.allowed-failures'] + 1} workers down with it"
            remedy = "give the workers more memory or fewer threads, or the collection smaller tiles; see their logs"
            raise ResourceError.because("R214", message, where=self.where, remedy=remedy) from err

    def stop(self, run: str) -> int:
        """Ask the tasks of a run to end soon; return how many are at work."""
        return sum(self.client.run(stop_run, run, on_error="ignore").values())

    def describe(self) -> list[dict[str, Any]]:
        """Return name, threads and memory limit in bytes of each worker."""
        known = self.client.scheduler_info(n_workers=-1)["workers"]
        return [
            {"name": address, "threads": worker["nthreads"], "memory": worker["memory_limit"] or None}
            for address, worker in sorted(known.items())
        ]

    def require_workers(self) -> None:
        """Wait for the first worker and compare the code of all that are there.

        Raises
        ------
        ResourceError
            R212: there is no worker, or it dies at once. R213: a worker has another mutirao, or none.
        """
        try:
            self.client.wait_for_workers(1, timeout=self.wait_s)
        except TimeoutError:
            raise self._no_worker(f"has no worker after {self.wait_s:.0f} s") from None
        mine = code_digest(*CODE)
        codes = self.client.run(code_digest, *CODE, on_error="return")
        silent = {address: code for address, code in codes.items() if isinstance(code, OSError)}
        if silent:
            message = f"{len(silent)} of {len(codes)} workers died when they were asked: {next(iter(silent.values()))}"
            remedy = "see their logs, and give them more memory: they need half a gigabyte before they hold a pixel"
            raise ResourceError.because("R212", message, where=_first(silent), remedy=remedy)
        strange = {address: code for address, code in codes.items() if code != mine}
        if strange:
            failed = next((f": {code!r}" for code in strange.values() if isinstance(code, Exception)), "")
            message = f"{len(strange)} of {len(codes)} workers run another mutirao, or none{failed}"
            remedy = "install this version on every worker and start the workers again"
            raise ResourceError.because("R213", message, where=_first(strange), remedy=remedy)

    def _no_worker(self, what: str) -> ResourceError:
        remedy = f"start one with 'dask worker {self.where}'; what is finished is kept"
        return ResourceError.because("R212", f"the scheduler {what}", where=self.where, remedy=remedy)


def _first(addresses: Iterable[str]) -> str:
    """Return a few addresses in words."""
    return ", ".join(sorted(addresses)[:3])


@contextmanager
def open_crew(project: Project, name: str, say: Callable[[str], None] = lambda _: None) -> Iterator[Crew]:
    """Yield the workers of an address such as tcp://10.0.0.5:8786, or of `configs/clusters/<name>.yaml`.

    Parameters
    ----------
    say : is told for whom this process waits.

    Raises
    ------
    ConfigError
        The spec is missing or wrong.
    ResourceError
        R211: no scheduler answers. R212: no workers. R213: workers with another mutirao. R216: a package is missing.
    """
    _hush()
    spec = AtAddress(kind="address", address=name) if "://" in name else project.cluster(name).value.root
    with dask.config.set(SETTINGS), _started(spec) as target, _client(target, name) as client:
        crew = Remote(client, spec.wait_minutes * 60 if isinstance(spec, JobQueue | OnKubernetes) else None)
        if not client.nthreads():
            say(f"Waiting up to {crew.wait_s:.0f} s for the first worker of {crew.where}")
        crew.require_workers()
        yield crew


def _hush() -> None:
    """Leave what goes wrong to our own words, unless somebody debugs."""
    if not logging.getLogger().isEnabledFor(logging.DEBUG):
        for name in ("distributed", "distributed.client", "distributed.nanny", "distributed.scheduler"):
            logging.getLogger(name).setLevel(logging.CRITICAL)


@contextmanager
def _client(target: Any, name: str) -> Iterator[Client]:
    try:
        client = Client(target, timeout=ANSWER, set_as_default=False)
    except (OSError, ValueError) as err:
        remedy = "start 'dask scheduler' there, and look at the address, the port and the firewall"
        raise ResourceError.because("R211", f"no scheduler answers: {err}", where=name, remedy=remedy) from err
    try:
        yield client
    finally:
        client.close(timeout=ANSWER)


@contextmanager
def _started(spec: AnyCluster) -> Iterator[Any]:
    """Yield what a client connects to; a cluster that is started here is closed, too."""
    match spec:
        case AtAddress():
            yield spec.address
        case _:
            with STARTERS[type(spec)](spec) as cluster:
                yield cluster


def _processes(spec: Processes) -> Any:
    from distributed import LocalCluster

    return LocalCluster(
        n_workers=spec.workers,
        threads_per_worker=spec.threads,
        processes=True,
        memory_limit=spec.memory or "auto",
        dashboard_address=None,
        preload=["mutirao.engine.workersetup"],
    )


def _over_ssh(spec: OverSsh) -> Any:
    _need("asyncssh", "asyncssh")
    from distributed import SSHCluster

    options = {"nthreads": spec.threads, **({"memory_limit": spec.memory} if spec.memory else {})}
    login = {**({"username": spec.user} if spec.user else {}), **spec.connect}
    return SSHCluster(list(spec.hosts), connect_options=login, worker_options=options, remote_python=spec.python)


def _on_kubernetes(spec: OnKubernetes) -> Any:
    operator = _need("dask_kubernetes.operator", "dask-kubernetes")
    limits = {"resources": {"limits": {"memory": str(parse_bytes(spec.memory))}}} if spec.memory else {}
    place = {"namespace": spec.namespace} if spec.namespace else {}
    return operator.KubeCluster(
        name="mutirao", image=spec.image, n_workers=spec.workers, **limits, **place, **spec.options
    )


def _job_queue(spec: JobQueue) -> Any:
    jobqueue = _need("dask_jobqueue", "dask-jobqueue")
    kind = getattr(jobqueue, QUEUES[spec.system])
    submit = kind.job_cls.submit_command.split()[0]
    if shutil.which(submit) is None:  # dask-jobqueue would wait for workers all the same
        message, remedy = f"there is no command {submit} here", "run the build on a machine that submits jobs"
        raise ResourceError.because("R216", message, where="--cluster", remedy=remedy)
    cluster = kind(cores=spec.threads, processes=1, memory=spec.memory, **spec.options)
    cluster.scale(jobs=spec.jobs)
    return cluster


STARTERS: dict[type, Callable[[Any], Any]] = {
    Processes: _processes,
    OverSsh: _over_ssh,
    OnKubernetes: _on_kubernetes,
    JobQueue: _job_queue,
}


def _need(module: str, package: str) -> Any:
    try:
        return import_module(module)
    except ModuleNotFoundError as err:
        remedy = f"pip install {package}"
        message = f"this kind of cluster needs the package {package}"
        raise ResourceError.because("R216", message, where="--cluster", remedy=remedy) from err
