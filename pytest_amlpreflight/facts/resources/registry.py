"""The workspace's container registry."""

from dataclasses import dataclass

from pytest_amlpreflight.facts.resource_id import ResourceId
from pytest_amlpreflight.facts.resources.public_access import PublicAccess
from pytest_amlpreflight.facts.resources.workspace import PrivateEndpointConnection

EGRESS_CONNECTION = "Egress for Microsoft.MachineLearningServices/workspaces/onlineEndpoints"
"""What Azure Machine Learning writes as description of the connections it makes for a deployment's own network."""


@dataclass(frozen=True, slots=True)
class Registry:
    """A container registry as ARM describes it. `default_action` is None on Basic and Standard, which have no network
    rules.
    """

    id: ResourceId
    name: str
    login_server: str
    sku: str | None
    public_network_access: PublicAccess
    default_action: str | None
    repository_permissions: bool
    admin_user: bool
    private_endpoint_connections: tuple[PrivateEndpointConnection, ...]
    anonymous_pull: bool = False

    @property
    def egress_connections(self) -> tuple[PrivateEndpointConnection, ...]:
        """The private endpoint connections that deployments with closed egress pull their image through."""
        return tuple(c for c in self.private_endpoint_connections if c.description == EGRESS_CONNECTION)

    @property
    def takes_private_endpoints(self) -> bool:
        """Whether it can have private endpoints: a tier that is not told is taken to."""
        return self.sku is None or self.sku.lower() == "premium"

    @property
    def private(self) -> bool:
        """Whether its public address answers nobody, or those alone whom its own rules admit."""
        ruled = (
            self.public_network_access is PublicAccess.ENABLED and (self.default_action or "Allow").lower() == "deny"
        )
        return ruled or self.public_network_access is PublicAccess.DISABLED
