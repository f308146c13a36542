"""Where the workers of a build are: `configs/clusters/<name>.yaml`."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import Field, RootModel

from mutirao.model import Frozen

Memory = Annotated[str, Field(pattern=r"^\d+(\.\d+)? ?([kMGT]i?)?B$")]
"""For example `4 GB` or `3.5GiB`."""
Count = Annotated[int, Field(ge=1)]
WAIT = "Minutes to wait for the first worker, and for another one when all are lost."


class AtAddress(Frozen):
    """A scheduler that runs already, with its workers."""

    kind: Literal["address"]
    address: str = Field(pattern=r"^[a-z]+://.+", description="For example `tcp://10.0.0.5:8786`.")


class Processes(Frozen):
    """Worker processes on this machine."""

    kind: Literal["local"]
    workers: Count = Field(description="Processes.")
    threads: Count = Field(default=1, description="Threads of each, one tile each.")
    memory: Memory | None = Field(default=None, description="Limit of each worker; default: its share of the machine.")


class OverSsh(Frozen):
    """Machines that are reached by SSH with a key; needs the package asyncssh."""

    kind: Literal["ssh"]
    hosts: tuple[str, ...] = Field(min_length=2, description="The first runs the scheduler, the others a worker each.")
    threads: Count = Field(default=1, description="Threads of each worker.")
    memory: Memory | None = Field(default=None, description="Limit of each worker.")
    python: str | None = Field(default=None, description="Python of the environment on those machines.")
    user: str | None = Field(default=None, description="Name to log in with.")
    connect: dict[str, Any] = Field(
        default_factory=dict, description="More keywords of asyncssh.connect, such as port and client_keys."
    )


class OnKubernetes(Frozen):
    """Pods of a Kubernetes cluster with the Dask operator; needs the package dask-kubernetes."""

    kind: Literal["kubernetes"]
    image: str = Field(description="Container image that holds mutirao.")
    workers: Count = Field(description="Pods.")
    memory: Memory | None = Field(default=None, description="Limit of each worker.")
    namespace: str | None = Field(default=None, description="Default: that of the current context.")
    wait_minutes: float = Field(default=10, gt=0, description=WAIT)
    options: dict[str, Any] = Field(default_factory=dict, description="More keywords of dask_kubernetes KubeCluster.")


class JobQueue(Frozen):
    """Jobs of a batch system; needs the package dask-jobqueue."""

    kind: Literal["queue"]
    system: Literal["slurm", "pbs", "sge", "lsf", "oar", "htcondor", "moab"]
    jobs: Count = Field(description="Jobs to submit, one worker each.")
    threads: Count = Field(default=1, description="Cores of each job, one tile each.")
    memory: Memory = Field(description="Limit of each job.")
    wait_minutes: float = Field(default=60, gt=0, description=WAIT)
    options: dict[str, Any] = Field(
        default_factory=dict, description="More keywords of the dask_jobqueue class, such as queue and walltime."
    )


AnyCluster = AtAddress | Processes | OverSsh | OnKubernetes | JobQueue


class ClusterSpec(RootModel[Annotated[AnyCluster, Field(discriminator="kind")]]):
    """Where the workers of a build are."""
