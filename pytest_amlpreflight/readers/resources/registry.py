"""The container registry, through azure-mgmt-containerregistry."""

from azure.mgmt.containerregistry import ContainerRegistryManagementClient

from pytest_amlpreflight.facts.resource_id import ResourceId
from pytest_amlpreflight.facts.resources.public_access import PublicAccess
from pytest_amlpreflight.facts.resources.registry import Registry
from pytest_amlpreflight.readers.connection.api_versions import CONTAINER_REGISTRY
from pytest_amlpreflight.readers.connection.azure import Azure
from pytest_amlpreflight.readers.connection.document import document_of
from pytest_amlpreflight.readers.connection.errors import reading
from pytest_amlpreflight.readers.resources.connections import connections


def read_registry(azure: Azure, registry_id: ResourceId, *, named_by: str) -> Registry:
    """The registry with that id and, embedded, its private endpoint connections."""
    resource = f"registry {registry_id.name}"
    with reading(resource, named_by=named_by, permission="Microsoft.ContainerRegistry/registries/read"):
        found = azure.management_client(
            ContainerRegistryManagementClient, registry_id.subscription, CONTAINER_REGISTRY
        ).registries.get(registry_id.resource_group or "", registry_id.name)
    document = document_of(resource, found)
    properties = document.child("properties")
    mode = properties.word("roleAssignmentMode") or "LegacyRegistryPermissions"
    return Registry(
        id=registry_id,
        name=document.need("name"),
        login_server=properties.need_host("loginServer"),
        sku=document.child("sku").text("name"),
        public_network_access=PublicAccess.of(properties.word("publicNetworkAccess")),
        default_action=properties.child("networkRuleSet").word("defaultAction"),
        repository_permissions=mode.lower() == "abacrepositorypermissions",
        admin_user=properties.flag("adminUserEnabled") or False,
        private_endpoint_connections=connections(properties),
        anonymous_pull=properties.flag("anonymousPullEnabled") or False,
    )
