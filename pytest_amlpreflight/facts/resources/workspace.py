"""The Azure Machine Learning workspace and how it is reached."""

from dataclasses import dataclass, replace
from enum import StrEnum

from pytest_amlpreflight.facts.resource_id import ResourceId
from pytest_amlpreflight.facts.resources.public_access import PublicAccess


class WorkspaceKind(StrEnum):
    """What ARM calls `kind`: one resource type serves four products."""

    DEFAULT = "Default"
    HUB = "Hub"
    PROJECT = "Project"
    FEATURE_STORE = "FeatureStore"


@dataclass(frozen=True, slots=True)
class PrivateEndpointConnection:
    """A private endpoint as the resource behind it sees it.

    `status` is `Approved`, `Pending`, `Rejected`, `Disconnected` or `Timeout`; the connection's own
    `provisioningState` says nothing about approval. `created_at` is when it was made, where Azure tells: the private
    endpoint itself does not in any api-version.
    """

    id: str
    name: str
    status: str
    description: str | None
    private_endpoint_id: ResourceId | None
    created_at: str | None = None

    @property
    def approved(self) -> bool:
        """Whether traffic may pass."""
        return self.status.lower() == "approved"


@dataclass(frozen=True, slots=True)
class OutboundRule:
    """A way out of the managed network. `category` is `Required`, `Recommended`, `UserDefined` or `Dependency`;
    `error` is Azure's own word on a failed one. `destination_id` and `part` are the resource and the part of it
    (`blob`, `vault`) that a rule of kind `PrivateEndpoint` leads to.
    """

    name: str
    kind: str
    category: str
    status: str
    error: str | None = None
    destination_id: ResourceId | None = None
    part: str | None = None

    def leads_to(self, resource: ResourceId, part: str) -> bool:
        """Whether it is a private endpoint to that part of a resource."""
        return self.destination_id == resource and (self.part or "").lower() == part

    @property
    def failed(self) -> bool:
        """Whether Azure could not set it up."""
        return self.status.lower() == "failed"

    @property
    def active(self) -> bool:
        """Whether traffic may take it."""
        return self.status.lower() == "active"

    @property
    def required(self) -> bool:
        """Whether Azure Machine Learning itself needs it."""
        return self.category.lower() == "required"


@dataclass(frozen=True, slots=True)
class ManagedNetwork:
    """The workspace's own managed virtual network. Azure leaves the key out or says `Disabled` where there is none."""

    isolation_mode: str
    status: str | None
    outbound_rules: tuple[OutboundRule, ...] = ()

    @property
    def active(self) -> bool:
        """Whether it has been provisioned."""
        return (self.status or "").lower() == "active"

    def leads_to(self, resource: ResourceId, part: str) -> bool:
        """Whether traffic may take a private endpoint of the network's own to that part (`blob`) of a resource."""
        return any(rule.active and rule.leads_to(resource, part) for rule in self.outbound_rules)


@dataclass(frozen=True, slots=True)
class Workspace:
    """A workspace as ARM describes it. `guid` is the one in its host names; `registry_id` is None until the first
    image build.
    """

    id: ResourceId
    name: str
    guid: str
    location: str
    kind: str
    provisioning_state: str
    v1_legacy_mode: bool
    public_network_access: PublicAccess
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
    tenant_id: str | None = None
    created_at: str | None = None
    identity_principals: tuple[str, ...] = ()
    primary_identity_id: ResourceId | None = None
    primary_principal_id: str | None = None
    serverless_subnet_id: ResourceId | None = None

    @property
    def acts_as_nobody(self) -> bool:
        """Whether the primary identity that it names is gone: one that is there has a principal."""
        return self.primary_identity_id is not None and self.primary_principal_id is None

    @property
    def principal_ids(self) -> tuple[str, ...]:
        """The principals it may act as: the primary user-assigned identity's where it names one, as Azure Machine
        Learning takes that and no other; else that of its system-assigned identity and those of its user-assigned ones.
        """
        if self.primary_principal_id:
            return (self.primary_principal_id,)
        return tuple(filter(None, (self.identity_principal_id, *self.identity_principals)))

    @property
    def isolated(self) -> bool:
        """Whether its network is closed, from outside or by a managed network of its own."""
        return self.private or self.managed_network is not None

    @property
    def private(self) -> bool:
        """Whether the workspace is reached through private endpoints only."""
        return self.public_network_access is PublicAccess.DISABLED

    @property
    def hosts_endpoints(self) -> bool:
        """Whether online endpoints can be created in it; a feature store cannot have any."""
        return self.kind.lower() != WorkspaceKind.FEATURE_STORE.lower()

    @property
    def ready(self) -> bool:
        """Whether its last operation succeeded."""
        return self.provisioning_state == "Succeeded"

    def inheriting(self, hub: "Workspace") -> "Workspace":
        """A project as it works: with the vault, storage, registry and network of its hub.

        Azure repeats some of them in the project's own answer and leaves out others; the network is always the hub's.
        """
        return replace(
            self,
            key_vault_id=self.key_vault_id or hub.key_vault_id,
            registry_id=self.registry_id or hub.registry_id,
            storage_account_id=self.storage_account_id or hub.storage_account_id,
            application_insights_id=self.application_insights_id or hub.application_insights_id,
            image_build_compute=self.image_build_compute or hub.image_build_compute,
            datastores_auth_mode=self.datastores_auth_mode or hub.datastores_auth_mode,
            managed_network=hub.managed_network,
            serverless_subnet_id=self.serverless_subnet_id or hub.serverless_subnet_id,
            public_network_access=hub.public_network_access,
            private_endpoint_connections=hub.private_endpoint_connections,
        )
