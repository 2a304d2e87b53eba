"""The virtual networks of a cluster's nodes, and the private ways from there to what deployments need."""

from dataclasses import dataclass

from pytest_amlpreflight.facts.resource_id import ResourceId
from pytest_amlpreflight.facts.resources.network import PrivateEndpoint
from pytest_amlpreflight.facts.resources.private_dns import PrivateDnsZone


@dataclass(frozen=True, slots=True)
class Way:
    """The way to one thing that deployments need. `closed` says that its public address answers nobody, `guarded` that
    a firewall decides which public addresses it answers.

    `part` is what a private endpoint to it leads to (`registry`, `blob`, `amlworkspace`), `zone` the name of the
    private DNS zone that answers for it.
    """

    word: str
    id: ResourceId
    part: str
    zone: str
    closed: bool
    guarded: bool = False
    endpoints: tuple[PrivateEndpoint, ...] = ()
    zones: tuple[PrivateDnsZone, ...] = ()

    def reaches(self, networks: frozenset[ResourceId]) -> bool:
        """Whether one of its private endpoints stands in one of these networks."""
        return any(one.network_id in networks for one in self.endpoints)


@dataclass(frozen=True, slots=True)
class ClusterNetwork:
    """The networks in which a cluster's nodes stand, those that are peered with them, and the ways from there."""

    own: frozenset[ResourceId]
    peered: frozenset[ResourceId] = frozenset()
    ways: tuple[Way, ...] = ()

    @property
    def all(self) -> frozenset[ResourceId]:
        """Every network that the nodes reach by a private address."""
        return self.own | self.peered

    @property
    def shown(self) -> str:
        """Its own networks by name."""
        return ", ".join(sorted(one.name for one in self.own)) or "no virtual network that can be seen"
