"""The clusters behind Kubernetes computes: Azure Kubernetes Service, and clusters connected through Azure Arc."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from pytest_amlpreflight.facts.resource_id import ResourceId

AKS = "Microsoft.ContainerService/managedClusters"
ARC = "Microsoft.Kubernetes/connectedClusters"


@dataclass(frozen=True, slots=True)
class NodePool:
    """A pool of like nodes; one of single machines of several sizes stands here once for each. `count` is None where
    nobody tells; `least` and `most` bound the autoscaler, where it is on; `subnet_id` is None in AKS' own network.
    """

    name: str
    count: int | None
    vm_size: str
    autoscaling: bool = False
    least: int | None = None
    most: int | None = None
    mode: str = "User"
    kind: str = "VirtualMachineScaleSets"
    os: str = "Linux"
    running: bool = True
    max_pods: int | None = None
    labels: Mapping[str, str] = field(default_factory=dict, hash=False)
    taints: tuple[str, ...] = ()
    subnet_id: ResourceId | None = None

    @property
    def serves(self) -> bool:
        """Whether Linux containers may run on it: its nodes run, or the autoscaler would start some."""
        return self.os.lower() == "linux" and self.running and self.reachable_count != 0

    @property
    def room_to_grow(self) -> int:
        """How many nodes the autoscaler may still add."""
        return max((self.most or 0) - (self.count or 0), 0) if self.autoscaling else 0

    @property
    def reachable_count(self) -> int | None:
        """How many nodes there are, or will be when they are needed; None where nobody tells."""
        return None if self.count is None else self.count + self.room_to_grow

    def may_hold(self, selector: Mapping[str, str]) -> bool:
        """Whether its own labels hold the selector. Labels that somebody set on nodes by hand are unknown: in doubt
        yes.
        """
        return all(self.labels.get(label, value) == value for label, value in selector.items())


@dataclass(frozen=True, slots=True)
class ManagedCluster:
    """An AKS cluster as ARM describes it. What is None was not said, and has AKS' default."""

    id: ResourceId
    name: str
    location: str
    provisioning_state: str
    power_state: str = "Running"
    version: str | None = None
    fqdn: str | None = None
    private_fqdn: str | None = None
    node_resource_group: str | None = None
    service_principal: str | None = None
    pod_identity: bool = False
    local_accounts: bool = True
    private: bool = False
    public_fqdn: bool = True
    authorized_ranges: tuple[str, ...] = ()
    public_network_access: bool = True
    pools: tuple[NodePool, ...] = ()
    provisions_nodes: bool = False
    """Whether AKS adds machines of any size by itself, outside the pools: node auto-provisioning."""

    @property
    def running(self) -> bool:
        """Whether it answers at all; an update under way does not stop it."""
        return self.power_state.lower() == "running" and self.provisioning_state.lower() not in ("failed", "deleting")

    @property
    def hosts(self) -> frozenset[str]:
        """The names of its API server, in lower case."""
        return frozenset(name.lower() for name in (self.fqdn, self.private_fqdn) if name)

    @property
    def linux_pools(self) -> tuple[NodePool, ...]:
        """The pools on which models may run."""
        return tuple(pool for pool in self.pools if pool.serves)

    @property
    def closed_to_azure(self) -> str | None:
        """What keeps Azure Machine Learning from the API server unless trusted access is given; None where nothing
        does.
        """
        if not self.local_accounts:
            return "disableLocalAccounts = true"
        if self.authorized_ranges:
            return f"apiServerAccessProfile.authorizedIPRanges = {', '.join(self.authorized_ranges)}"
        if self.private and self.public_fqdn:
            return "enablePrivateCluster = true with enablePrivateClusterPublicFQDN = true"
        return None


@dataclass(frozen=True, slots=True)
class ConnectedCluster:
    """A cluster connected through Azure Arc, as ARM describes it. Times are Azure's own texts."""

    id: ResourceId
    name: str
    location: str
    connectivity: str
    last_connected: str | None = None
    certificate_expires: str | None = None
    agent_version: str | None = None
    version: str | None = None
    nodes: int | None = None
    cores: int | None = None
    distribution: str | None = None
    agent_errors: tuple[str, ...] = ()

    @property
    def running(self) -> bool:
        """Whether Azure had a heartbeat of it within the last 15 minutes, as Arc has it."""
        return self.connectivity.lower() == "connected"


Cluster = ManagedCluster | ConnectedCluster


@dataclass(frozen=True, slots=True)
class TrustedAccess:
    """A service that may pass an AKS cluster's API server by, for one source."""

    source_id: ResourceId | None
    roles: tuple[str, ...]
    provisioning_state: str

    def admits(self, workspace_id: ResourceId) -> bool:
        """Whether it lets this workspace's workloads in."""
        wanted = "Microsoft.MachineLearningServices/workspaces/mlworkload".lower()
        return (
            self.source_id == workspace_id
            and self.provisioning_state.lower() == "succeeded"
            and wanted in (role.lower() for role in self.roles)
        )


@dataclass(frozen=True, slots=True)
class MachineSize:
    """A virtual machine size of a region, whole: what Azure and Kubernetes keep for themselves is still in it."""

    name: str
    vcpus: int
    memory_mib: int


@dataclass(frozen=True, slots=True)
class NodeSet:
    """A scale set of an AKS cluster and the principals of the identities its machines carry."""

    name: str
    pool: str
    principal_ids: frozenset[str] = frozenset()
