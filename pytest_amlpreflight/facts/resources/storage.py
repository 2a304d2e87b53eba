"""The workspace's storage account."""

from dataclasses import dataclass
from fnmatch import fnmatchcase

from pytest_amlpreflight.facts.resource_id import ResourceId
from pytest_amlpreflight.facts.resources.public_access import PublicAccess
from pytest_amlpreflight.facts.resources.workspace import PrivateEndpointConnection


@dataclass(frozen=True, slots=True)
class StorageAccount:
    """A storage account as ARM describes it; `blob_endpoint` ends with a slash, `bypass` is Azure's comma-separated
    list.
    """

    id: ResourceId
    name: str
    blob_endpoint: str | None
    public_network_access: PublicAccess
    default_action: str
    bypass: tuple[str, ...]
    admitted_resources: tuple[str, ...]
    shared_keys: bool
    private_endpoint_connections: tuple[PrivateEndpointConnection, ...] = ()

    @property
    def open(self) -> bool:
        """Whether everybody gets to its public address; with public access off the rules' default decides nothing."""
        return self.public_network_access is PublicAccess.ENABLED and self.default_action.lower() == "allow"

    @property
    def admits_trusted_services(self) -> bool:
        """Whether Azure's own services get through the firewall."""
        return self.open or "azureservices" in (item.lower() for item in self.bypass)

    def admits_resource(self, resource: ResourceId) -> bool:
        """Whether a resource access rule lets this very resource in; a rule may hold `*` for a subscription, a
        resource group or a name.
        """
        return any(fnmatchcase(resource.text.lower(), rule.lower()) for rule in self.admitted_resources)
