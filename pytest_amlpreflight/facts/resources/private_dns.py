"""Private DNS zones: where the names of private endpoints lead."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from pytest_amlpreflight.facts.resource_id import ResourceId
from pytest_amlpreflight.facts.resources.network import PrivateEndpoint, Resolution


@dataclass(frozen=True, slots=True)
class NetworkLink:
    """The tie between a zone and a virtual network whose resolver then answers from the zone."""

    name: str
    network_id: ResourceId | None
    state: str

    @property
    def completed(self) -> bool:
        """Whether the network's resolver knows of the zone already."""
        return self.state.lower() == "completed"

    @property
    def untold(self) -> bool:
        """Whether Azure did not say how far it is."""
        return self.state.lower() == "unknown"


@dataclass(frozen=True, slots=True)
class ZoneInSight:
    """A zone that Resource Graph knows, with the ids, in lower case, of the networks that it says are linked to it."""

    id: ResourceId
    networks: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class PrivateDnsZone:
    """A private DNS zone with its A records (relative names, lower case) and its links."""

    id: ResourceId
    records: Mapping[str, tuple[str, ...]] = field(default_factory=dict, hash=False)
    links: tuple[NetworkLink, ...] = ()

    @property
    def name(self) -> str:
        """The domain it answers for."""
        return self.id.name

    def inference_record(self, workspace_guid: str, endpoint: str) -> str | None:
        """The name of the record that answers for the endpoint: its own, else the workspace's wildcard; None without
        either.

        The region at its end is left open, since the one in host names may differ from the workspace's location.
        """
        stems = [f"{label}.{workspace_guid}.inference.".lower() for label in (endpoint, "*")]
        return next((name for stem in stems for name in self.records if name.startswith(stem)), None)

    def linked_to(self, networks: frozenset[ResourceId]) -> bool:
        """Whether one of these networks resolves from the zone."""
        return any(link.completed and link.network_id in networks for link in self.links)


def networks_of(endpoints: tuple[PrivateEndpoint, ...]) -> frozenset[ResourceId]:
    """The virtual networks that the private endpoints stand in."""
    return frozenset(one.network_id for one in endpoints if one.network_id)


def answering(zones: tuple[PrivateDnsZone, ...], endpoints: tuple[PrivateEndpoint, ...]) -> tuple[PrivateDnsZone, ...]:
    """The zones that count for these private endpoints: those linked to their networks, else all: a name may have a
    zone per hub.
    """
    networks = networks_of(endpoints)
    return tuple(zone for zone in zones if zone.linked_to(networks)) or zones


@dataclass(frozen=True, slots=True)
class TwoResolutions:
    """One host as the callers' resolver and Azure's own see it, asked at the same time."""

    callers: Resolution
    azure: Resolution

    @property
    def agree(self) -> bool:
        """Whether both give the same addresses."""
        return set(self.callers.addresses) == set(self.azure.addresses)

    @property
    def side_by_side(self) -> str:
        """Both ways from the host to its addresses, a line each."""
        return "\n".join(f"{one.path}  (asked of {one.resolver})" for one in (self.callers, self.azure))
