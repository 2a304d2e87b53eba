"""The workspace's key vault."""

from dataclasses import dataclass

from pytest_amlpreflight.facts.resource_id import ResourceId


@dataclass(frozen=True, slots=True)
class AccessPolicy:
    """What one principal may do with the secrets of a vault that does not use Azure RBAC."""

    object_id: str
    secrets: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class KeyVault:
    """A key vault as ARM describes it. `default_action` and `bypass` are None where Azure sent no `networkAcls`: the firewall is open then."""

    id: ResourceId
    name: str
    uri: str | None
    location: str | None
    tenant_id: str | None
    rbac_authorization: bool
    public_network_access: bool
    default_action: str | None
    bypass: str | None
    access_policies: tuple[AccessPolicy, ...]

    @property
    def admits_trusted_services(self) -> bool:
        """Whether Azure Machine Learning gets through the firewall without a network path of its own."""
        open_to_all = (self.default_action or "Allow").lower() == "allow"
        return open_to_all or (self.bypass or "").lower() == "azureservices"
