"""What Azure alone tells of a cluster's size: Linux nodes, vCPUs, memory."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal

from pytest_amlpreflight.facts.kubernetes.fit import Node, Taint
from pytest_amlpreflight.facts.resources.cluster import Cluster, ConnectedCluster, MachineSize, ManagedCluster, NodePool

MOST_PODS = 250
"""What AKS allows on one node at most."""


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
    machines = _machines(cluster, sizes)
    if not machines:
        return Capacity(None, None)
    return Capacity(
        sum(count * size.vcpus for _, count, size in machines),
        sum(count * size.memory_mib * 2**20 for _, count, size in machines),
    )


def nodes_holding(cluster: Cluster, selector: Mapping[str, str]) -> int | None:
    """How many Linux nodes there are, or may be, in pools that hold a selector; of Arc all nodes. None where untold."""
    if isinstance(cluster, ConnectedCluster):
        return cluster.nodes
    counts = [pool.reachable_count for pool in cluster.linux_pools if pool.may_hold(selector)]
    known = [count for count in counts if count is not None]
    return None if cluster.provisions_nodes or len(known) < len(counts) else sum(known)


def empty_nodes(cluster: Cluster, sizes: Sequence[MachineSize], selector: Mapping[str, str]) -> tuple[Node, ...]:
    """A node for each machine that there is or may be, whole and with nothing on it: what finds no place there never
    does. None where a size or a number is unknown; for Arc one that stands for all, of which Azure tells the vCPUs
    alone.

    Labels that somebody set on nodes by hand are unknown: a pool without such a label is taken to have it.
    """
    if isinstance(cluster, ConnectedCluster):
        told = {"cpu": Decimal(cluster.cores or 0), "pods": Decimal(MOST_PODS * (cluster.nodes or 1))}
        return (Node(cluster.name, True, told, selector),) if cluster.cores else ()
    return tuple(
        _machine(pool, size, selector) for pool, count, size in _machines(cluster, sizes) for _ in range(count)
    )


def _machines(cluster: ManagedCluster, sizes: Sequence[MachineSize]) -> list[tuple[NodePool, int, MachineSize]]:
    """Each pool with the number and the size of its machines. None at all where one of them is unknown, or where AKS
    adds machines as it likes.
    """
    by_name = {size.name.lower(): size for size in sizes}
    pools = [(pool, pool.reachable_count, by_name.get(pool.vm_size.lower())) for pool in cluster.linux_pools]
    known = [(pool, count, size) for pool, count, size in pools if size and count is not None]
    return [] if cluster.provisions_nodes or len(known) < len(pools) else known


def _machine(pool: NodePool, size: MachineSize, selector: Mapping[str, str]) -> Node:
    memory = Decimal(size.memory_mib * 2**20)
    return Node(
        pool.name,
        True,
        {"cpu": Decimal(size.vcpus), "memory": memory, "pods": Decimal(pool.max_pods or MOST_PODS)},
        {**selector, **pool.labels},
        tuple(_taint(text) for text in pool.taints),
    )


def _taint(text: str) -> Taint:
    """As AKS writes one: `KEY=VALUE:EFFECT`."""
    named, _, effect = text.rpartition(":")
    key, _, value = named.partition("=")
    return Taint(key, value, effect)
