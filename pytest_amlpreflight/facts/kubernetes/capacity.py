"""What Azure alone tells of a cluster's size: Linux nodes, vCPUs, memory."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from pytest_amlpreflight.facts.resources.cluster import Cluster, ConnectedCluster, MachineSize


@dataclass(frozen=True, slots=True)
class Capacity:
    """All Linux nodes that there are, or that the autoscaler may add; None for what is not told. `memory` is in bytes.

    What Azure, Kubernetes and other workloads keep for themselves is still in it.
    """

    cpus: int | None
    memory: float | None

    def __str__(self) -> str:
        cpus = [f"{self.cpus} vCPUs"] if self.cpus is not None else []
        return ", ".join([*cpus, *([f"{self.memory / 1e9:.1f} GB"] if self.memory is not None else [])])

    def below(self, cpus: int, memory: float) -> bool:
        """Whether what is told of it is less than this."""
        return (self.cpus is not None and self.cpus < cpus) or (self.memory is not None and self.memory < memory)


def capacity(cluster: Cluster, sizes: Sequence[MachineSize]) -> Capacity:
    """The cluster's capacity: by its pools and the sizes of their machines; of Arc only the vCPUs are told."""
    if isinstance(cluster, ConnectedCluster):
        return Capacity(cluster.cores, None)
    by_name = {size.name.lower(): size for size in sizes}
    pools = [(pool.reachable_count, by_name.get(pool.vm_size.lower())) for pool in cluster.linux_pools]
    known = [(count, size) for count, size in pools if size]
    if not pools or len(known) < len(pools):
        return Capacity(None, None)
    return Capacity(
        sum(count * size.vcpus for count, size in known), sum(count * size.memory_mib * 2**20 for count, size in known)
    )


def nodes_holding(cluster: Cluster, selector: Mapping[str, str]) -> int | None:
    """How many Linux nodes there are, or may be, in pools that hold a selector; of Arc all nodes, None where untold."""
    if isinstance(cluster, ConnectedCluster):
        return cluster.nodes
    return sum(pool.reachable_count for pool in cluster.linux_pools if pool.may_hold(selector))
