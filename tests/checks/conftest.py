"""The facts of a deployment that will work: private, closed egress, its own identity. Tests change one thing."""

from collections.abc import Callable

import pytest
from building import a_workspace

from pytest_amlpreflight.facts.project.position import Position, Source
from pytest_amlpreflight.facts.resource_id import ResourceId, parse_resource_id
from pytest_amlpreflight.facts.resources.access import Access, PermissionBlock, RoleAssignment, RoleDefinition
from pytest_amlpreflight.facts.resources.endpoint import Deployment, Endpoint
from pytest_amlpreflight.facts.resources.identity import Identity
from pytest_amlpreflight.facts.resources.key_vault import KeyVault
from pytest_amlpreflight.facts.resources.network import PrivateEndpoint, Resolution
from pytest_amlpreflight.facts.resources.public_access import PublicAccess
from pytest_amlpreflight.facts.resources.quota import Quota, Usage, UsageLevel, VmSize
from pytest_amlpreflight.facts.resources.registry import EGRESS_CONNECTION, Registry
from pytest_amlpreflight.facts.resources.workspace import PrivateEndpointConnection, Workspace

GROUP = "/subscriptions/5f1c2f0e-6c5b-4b1e-9a35-2f4f5d6f0a11/resourceGroups/ml-prod"
PRINCIPAL = "b1d4a7e2-2f6a-4b7e-9c55-0d6a6f1d9e33"
HOST = "iris.eastus2.inference.ml.azure.com"
PRIVATE_NAME = "iris.2c7e5d84.inference.eastus2.privatelink.api.azureml.ms"


def arm_id(path: str) -> ResourceId:
    """The id of a resource in the group, from `Microsoft.KeyVault/vaults/contoso-ml-kv`."""
    found = parse_resource_id(f"{GROUP}/providers/{path}")
    assert found is not None
    return found


@pytest.fixture
def workspace() -> Workspace:
    """A private workspace in eastus2, ready, without a managed network."""
    return a_workspace(
        arm_id("Microsoft.MachineLearningServices/workspaces/contoso-ml"),
        name="contoso-ml",
        guid="2c7e5d84",
        key_vault_id=arm_id("Microsoft.KeyVault/vaults/contoso-ml-kv"),
        registry_id=arm_id("Microsoft.ContainerRegistry/registries/contosomlacr"),
        storage_account_id=arm_id("Microsoft.Storage/storageAccounts/contosomlstore"),
        datastores_auth_mode="identity",
        identity_principal_id="3a5f8c0e-91d7-4be2-a1c4-7f20d9b6e815",
    )


@pytest.fixture
def key_vault() -> KeyVault:
    """A vault whose firewall lets trusted services through."""
    return KeyVault(
        id=arm_id("Microsoft.KeyVault/vaults/contoso-ml-kv"),
        name="contoso-ml-kv",
        uri="https://contoso-ml-kv.vault.azure.net/",
        location="eastus2",
        tenant_id=None,
        rbac_authorization=True,
        public_network_access=PublicAccess.ENABLED,
        default_action="Deny",
        bypass="AzureServices",
        access_policies=(),
    )


@pytest.fixture
def connection() -> Callable[[str], PrivateEndpointConnection]:
    """A connection that a deployment with closed egress requested, in a state of your choice."""

    def in_state(status: str) -> PrivateEndpointConnection:
        return PrivateEndpointConnection("/c", "contosomlacr.5d0b", status, EGRESS_CONNECTION, None)

    return in_state


@pytest.fixture
def registry(connection: Callable[[str], PrivateEndpointConnection]) -> Registry:
    """A private registry that has approved the deployment's connection and honours AcrPull."""
    return Registry(
        id=arm_id("Microsoft.ContainerRegistry/registries/contosomlacr"),
        name="contosomlacr",
        login_server="contosomlacr.azurecr.io",
        sku="Premium",
        public_network_access=PublicAccess.DISABLED,
        default_action="Deny",
        repository_permissions=False,
        admin_user=False,
        private_endpoint_connections=(connection("Approved"),),
    )


@pytest.fixture
def identity() -> Identity:
    """The endpoint's user-assigned identity."""
    return Identity(
        name="iris-endpoint-identity",
        principal_id=PRINCIPAL,
        client_id="e93b7d10-5c4e-4f2a-8d61-2a9c0f7b4e58",
        id=arm_id("Microsoft.ManagedIdentity/userAssignedIdentities/iris-endpoint-identity"),
    )


@pytest.fixture
def endpoint(identity: Identity) -> Endpoint:
    """A managed, private endpoint with that identity."""
    assert identity.id is not None
    return Endpoint(
        name="iris",
        source=Source("endpoint.yml"),
        auth_mode="key",
        identity_ids=(identity.id,),
        public_network_access=False,
        scoring_uri=f"https://{HOST}/score",
    )


@pytest.fixture
def deployment() -> Deployment:
    """Three instances of four cores, with closed egress; `instance_count` stands on line 14 of deployments/blue.yml."""
    return Deployment(
        name="blue",
        endpoint_name="iris",
        source=Source("deployments/blue.yml", {"instance_count": Position("deployments/blue.yml", 14)}),
        instance_type="Standard_DS3_v2",
        instance_count=3,
        egress_public_network_access=False,
    )


@pytest.fixture
def access() -> Callable[..., Access]:
    """What the identity may do at a scope with one role: `access(scope, "AcrPull", actions=(...))`; or with none."""

    def at(scope: ResourceId, role: str | None = None, *, condition: str | None = None, **block: object) -> Access:
        if role is None:
            return Access(PRINCIPAL, scope.text)
        definition = RoleDefinition("role", role, custom=False, permissions=(PermissionBlock(**block),))  # type: ignore[arg-type]
        given = RoleAssignment("given", "role", PRINCIPAL, "ServicePrincipal", scope.text, condition)
        return Access(PRINCIPAL, scope.text, ((given, definition),))

    return at


@pytest.fixture
def usage(workspace: Workspace) -> Callable[..., Usage]:
    """A row of usages at a level: `usage(UsageLevel.WORKSPACE, used=60, limit=100)`."""

    def row(level: UsageLevel, used: int, limit: int | None) -> Usage:
        if level is UsageLevel.REGION_TOTAL:
            return Usage(level, "Total Cluster Dedicated Regional vCPUs", used, limit)
        where = workspace.id.text if level is UsageLevel.WORKSPACE else None
        return Usage(level, "Standard DSv2 Family Cluster Dedicated vCPUs", used, limit, "dsv2", where)

    return row


@pytest.fixture
def quota(usage: Callable[..., Usage]) -> Quota:
    """Room for the deployment and no more than four cores beside, at every level; two sizes of one family."""
    return Quota(
        usages=tuple(
            usage(level, used=80, limit=100)
            for level in (UsageLevel.SUBSCRIPTION, UsageLevel.WORKSPACE, UsageLevel.REGION_TOTAL)
        ),
        vm_sizes=(
            VmSize("Standard_DS2_v2", "standardDSv2Family", 2),
            VmSize("Standard_DS3_v2", "standardDSv2Family", 4),
        ),
    )


@pytest.fixture
def private_endpoint() -> PrivateEndpoint:
    """The workspace's private endpoint: one address for the workspace, another for scoring."""
    return PrivateEndpoint(
        id=arm_id("Microsoft.Network/privateEndpoints/contoso-ml-pe"),
        name="contoso-ml-pe",
        addresses={
            "2c7e5d84.workspace.eastus2.api.azureml.ms": ("10.1.0.5",),
            "*.2c7e5d84.inference.eastus2.api.azureml.ms": ("10.1.0.7",),
        },
    )


@pytest.fixture
def resolution() -> Resolution:
    """The scoring host, which leads through the private DNS zone to the private endpoint."""
    return Resolution(HOST, "10.1.0.4", (PRIVATE_NAME,), ("10.1.0.7",), broken=None)
