"""The workspace's storage account."""

from dataclasses import dataclass

from pytest_amlpreflight.facts.resource_id import ResourceId


@dataclass(frozen=True, slots=True)
class StorageAccount:
    """A storage account as ARM describes it; `blob_endpoint` ends with a slash, `bypass` is Azure's comma-separated list."""

    id: ResourceId
    name: str
    blob_endpoint: str | None
    public_network_access: str
    default_action: str
    bypass: tuple[str, ...]
    admitted_resources: tuple[str, ...]
    shared_keys: bool

    @property
    def admits_trusted_services(self) -> bool:
        """Whether Azure's own services get through the firewall."""
        return self.default_action.lower() == "allow" or "azureservices" in (item.lower() for item in self.bypass)

    def admits_resource(self, resource: ResourceId) -> bool:
        """Whether a resource access rule lets this very resource in; a rule may end in `/*`."""
        wanted = resource.text.lower()
        return any(
            wanted == rule.lower() or (rule.endswith("/*") and wanted.startswith(rule[:-1].lower()))
            for rule in self.admitted_resources
        )
