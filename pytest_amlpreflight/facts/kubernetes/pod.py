"""Pods, their containers, and what the cluster says happened to them."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal

ENDPOINT = "ml.azure.com/endpoint-name"
DEPLOYMENT = "ml.azure.com/deployment-name"
SERVER = "inference-server"


def selector_of(deployment: str) -> str:
    """What selects the pods of a deployment, as kubectl takes it."""
    return f"{DEPLOYMENT}={deployment}"


@dataclass(frozen=True, slots=True)
class Container:
    """A container of a pod, `init` or not, as its status has it. What ended it last is `exit_code` and `ended_by`."""

    name: str
    init: bool = False
    ready: bool = False
    waiting: str | None = None
    message: str = ""
    exit_code: int | None = None
    ended_by: str | None = None
    restarts: int = 0

    @property
    def image_fails(self) -> bool:
        """Whether it waits for an image that does not come."""
        return self.waiting in ("ErrImagePull", "ImagePullBackOff", "InvalidImageName", "ErrImageNeverPull")

    @property
    def crashes(self) -> bool:
        """Whether it ended when it should not have: again and again, or once with an error."""
        return self.waiting == "CrashLoopBackOff" or (not self.ready and self.exit_code not in (None, 0))

    @property
    def stuck(self) -> bool:
        """Whether it cannot be made or started: a secret or ConfigMap that is not there, a command that is none."""
        return self.waiting in ("CreateContainerConfigError", "CreateContainerError", "RunContainerError")

    @property
    def out_of_memory(self) -> bool:
        """Whether it was ended for the memory it took."""
        return self.ended_by == "OOMKilled"


@dataclass(frozen=True, slots=True)
class Pod:
    """A pod. `requests` is what it takes on its node: the larger of all its containers and of any init container, with
    its overhead.
    """

    name: str
    namespace: str
    node: str | None
    phase: str
    labels: Mapping[str, str] = field(default_factory=dict, hash=False)
    requests: Mapping[str, Decimal] = field(default_factory=dict, hash=False)
    containers: tuple[Container, ...] = ()
    reason: str | None = None
    unscheduled: str | None = None
    ready: bool = False
    message: str = ""

    @property
    def evicted(self) -> bool:
        """Whether its node put it out, for want of memory or disk."""
        return self.reason == "Evicted"

    @property
    def takes_room(self) -> bool:
        """Whether its requests count on its node: not when it has ended."""
        return self.node is not None and self.phase not in ("Succeeded", "Failed")

    def belongs_to(self, endpoint: str, deployment: str | None = None) -> bool:
        """Whether it serves that endpoint, and that deployment where one is given."""
        if self.labels.get(ENDPOINT) != endpoint:
            return False
        return deployment is None or self.labels.get(DEPLOYMENT) == deployment


@dataclass(frozen=True, slots=True)
class Event:
    """Something that happened to an object; the cluster forgets it after an hour unless it was told otherwise."""

    kind: str
    name: str
    reason: str
    message: str
    count: int = 1


@dataclass(frozen=True, slots=True)
class Workload:
    """A Deployment of Kubernetes': how many of its pods are wanted, and how many are ready."""

    name: str
    wanted: int
    ready: int


@dataclass(frozen=True, slots=True)
class Service:
    """A Service: its `type`, the addresses that a load balancer gave it, and its address in the cluster."""

    name: str
    type: str
    addresses: tuple[str, ...] = ()
    cluster_ip: str | None = None


@dataclass(frozen=True, slots=True)
class Autoscaler:
    """A HorizontalPodAutoscaler, and the Deployment of Kubernetes' that it scales."""

    name: str
    target: str


@dataclass(frozen=True, slots=True)
class Namespace:
    """A namespace; `phase` is `Active`, or `Terminating` while it is deleted."""

    name: str
    phase: str


@dataclass(frozen=True, slots=True)
class KubeContext:
    """A context of the kubeconfig: its name, the host of its API server, whether it must prove its name."""

    name: str
    host: str
    verified: bool = True
