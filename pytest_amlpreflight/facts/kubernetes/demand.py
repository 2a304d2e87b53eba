"""What a deployment's pods demand, and what a cluster holds already."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal

from pytest_amlpreflight.facts.kubernetes.fit import Fit, Node, Toleration, place, pod_request, rooms
from pytest_amlpreflight.facts.kubernetes.limits import LimitRange, ResourceQuota
from pytest_amlpreflight.facts.kubernetes.pod import Pod
from pytest_amlpreflight.facts.kubernetes.requirements import Requirements


@dataclass(frozen=True, slots=True)
class Occupancy:
    """What there is in a cluster and what is taken of it; quotas and limit ranges are those of one namespace."""

    nodes: tuple[Node, ...] = ()
    pods: tuple[Pod, ...] = ()
    quotas: tuple[ResourceQuota, ...] = ()
    limit_ranges: tuple[LimitRange, ...] = ()


@dataclass(frozen=True, slots=True)
class Wanted:
    """What the pods of a deployment ask for, how many there are at first, and where they may stand."""

    requirements: Requirements
    count: int
    selector: Mapping[str, str] = field(default_factory=dict, hash=False)
    toleration: Toleration = field(default_factory=Toleration)

    @property
    def request(self) -> dict[str, Decimal]:
        """What one pod takes of its node."""
        return pod_request(self.requirements.asked)

    def placed(self, nodes: Sequence[Node], pods: Sequence[Pod] = (), *, whole: bool = False) -> Fit:
        """Where they find room beside these pods. `whole` machines, as Azure tells of them, are judged by what it tells
        alone: of GPUs it says nothing.
        """
        told = {name for node in nodes for name in node.allocatable}
        request = {name: amount for name, amount in self.request.items() if name in told or not whole}
        return place(rooms(nodes, pods, self.selector, self.toleration), request, self.count)
