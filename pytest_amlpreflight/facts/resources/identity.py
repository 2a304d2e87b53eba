"""The identity an endpoint acts with."""

from dataclasses import dataclass

from pytest_amlpreflight.facts.resource_id import ResourceId


@dataclass(frozen=True, slots=True)
class Identity:
    """A managed identity. `principal_id` is what roles are assigned to; `id` is None for a system-assigned one."""

    name: str
    principal_id: str
    client_id: str | None
    id: ResourceId | None

    @property
    def system_assigned(self) -> bool:
        """Whether it lives and dies with its endpoint, and Azure grants it its roles at creation."""
        return self.id is None
