"""The Azure Machine Learning workspace and how it is reached."""

from dataclasses import dataclass
from enum import StrEnum

from pytest_amlpreflight.facts.resource_id import ResourceId


class WorkspaceKind(StrEnum):
    """What ARM calls `kind`: one resource type serves four products."""

    DEFAULT = "Default"
    HUB = "Hub"
    PROJECT = "Project"
    FEATURE_STORE = "FeatureStore"


@dataclass(frozen=True, slots=True)
class PrivateEndpointConnection:
    """A private endpoint as the resource behind it sees it.

    `status` is `Approved`, `Pending`, `Rejected`, `Disconnected` or `Timeout`; the connection's own `provisioningState` says nothing about approval.
    """

    id: str
    name: str
    status: str
    description: str | None
    private_endpoint_id: ResourceId | None

    @property
    def approved(self) -> bool:
        """Whether traffic may pass."""
        return self.status.lower() == "approved"


@dataclass(frozen=True, slots=True)
class ManagedNetwork:
    """The workspace's own managed virtual network. Azure leaves the key out, or says `Disabled`, where there is none."""

    isolation_mode: str
    status: str | None

    @property
    def active(self) -> bool:
        """Whether it has been provisioned."""
        return (self.status or "").lower() == "active"


@dataclass(frozen=True, slots=True)
class Workspace:
    """A workspace as ARM describes it. `guid` is the one in its host names; `registry_id` is None until the first image build."""

    id: ResourceId
    name: str
    guid: str
    location: str
    kind: str
    provisioning_state: str
    v1_legacy_mode: bool
    public_network_access: bool
    key_vault_id: ResourceId | None
    registry_id: ResourceId | None
    storage_account_id: ResourceId | None
    application_insights_id: ResourceId | None
    hub_id: ResourceId | None
    managed_network: ManagedNetwork | None
    private_endpoint_connections: tuple[PrivateEndpointConnection, ...]
    image_build_compute: str | None
    datastores_auth_mode: str | None
    identity_principal_id: str | None
    identity_ids: tuple[ResourceId, ...]

    @property
    def private(self) -> bool:
        """Whether the workspace is reached through private endpoints only."""
        return not self.public_network_access

    @property
    def hosts_endpoints(self) -> bool:
        """Whether online endpoints can be created in it; a feature store cannot have any."""
        return self.kind.lower() != WorkspaceKind.FEATURE_STORE.lower()

    @property
    def ready(self) -> bool:
        """Whether its last operation succeeded."""
        return self.provisioning_state == "Succeeded"
