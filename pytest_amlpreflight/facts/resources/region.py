"""What already lives in a region, as far as the caller can see, and how much may."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache

from pytest_amlpreflight.data import load
from pytest_amlpreflight.facts.resource_id import ResourceId


@dataclass(frozen=True, slots=True)
class EndpointInRegion:
    """An endpoint somewhere in the subscription and region, online or batch. `compute` is the Kubernetes compute of one
    that is attached to it.
    """

    id: ResourceId
    batch: bool = False
    compute: str | None = None

    @property
    def name(self) -> str:
        """Its name, which no other managed endpoint of the region may have."""
        return self.id.name

    @property
    def managed(self) -> bool:
        """Whether Azure Machine Learning runs it and gives it a host name of the region."""
        return not self.batch and self.compute is None

    @property
    def workspace(self) -> str:
        """The name of its workspace."""
        return self.id.text.strip("/").split("/")[-3]

    def in_workspace(self, workspace_id: ResourceId) -> bool:
        """Whether it belongs to that workspace."""
        return self.id.text.lower().startswith(f"{workspace_id.text.lower()}/")


@dataclass(frozen=True, slots=True)
class Region:
    """Every endpoint and deployment of a subscription in a region that the caller may read, over all workspaces.

    What the caller may not read is not there, so a count is a lower bound: it can prove that there is no room, never
    that there is.
    """

    location: str
    endpoints: tuple[EndpointInRegion, ...] = ()
    deployments: tuple[ResourceId, ...] = ()

    def named(self, name: str) -> tuple[EndpointInRegion, ...]:
        """The managed endpoints of that name, in any workspace."""
        return tuple(one for one in self.endpoints if one.managed and one.name.lower() == name.lower())

    def on_compute(self, compute: str) -> tuple[EndpointInRegion, ...]:
        """The endpoints attached to one Kubernetes compute, by its name or id."""
        return tuple(one for one in self.endpoints if one.compute and _last(one.compute) == _last(compute))

    def deployments_of(self, endpoints: tuple[EndpointInRegion, ...]) -> tuple[ResourceId, ...]:
        """The deployments of these endpoints."""
        owners = {one.id.text.lower() for one in endpoints}
        return tuple(one for one in self.deployments if one.text.lower().rpartition("/deployments/")[0] in owners)


@cache
def documented_limits() -> Mapping[str, int]:
    """How many there may be of what by default, as the table `online-endpoint-limits` has it. No API tells; many can be
    raised.
    """
    return load("online-endpoint-limits").pairs("limit", "value")


def _last(compute: str) -> str:
    return compute.rpartition("/")[2].lower()
