"""The workspace through the real SDK stack, in every shape in which Azure sends it."""

from typing import Any

import pytest

from pytest_amlpreflight.facts.resources.public_access import PublicAccess
from pytest_amlpreflight.facts.resources.workspace import OutboundRule, Workspace
from pytest_amlpreflight.facts.unread import FactUnreadable
from pytest_amlpreflight.readers.resources.workspace import read_workspace

OWN, OTHER = "11111111-1111-1111-1111-111111111111", "22222222-2222-2222-2222-222222222222"


def read(world: Any) -> Workspace:
    """The workspace of the world as it stands."""
    return read_workspace(world.connect().arm, world.workspace_id)


def test_the_fields_that_decide_checks_survive(world: Any) -> None:
    """Those that the SDK's own entity drops among them."""
    workspace = read(world)

    assert (workspace.name, workspace.location, workspace.kind) == ("contoso-ml", "eastus2", "Default")
    assert workspace.guid == "2c7e5d84-8f31-4f0b-9b1d-6b0f4a93c7d2"
    assert workspace.ready
    assert workspace.private
    assert not workspace.v1_legacy_mode
    assert workspace.image_build_compute == "image-builder"
    assert workspace.datastores_auth_mode == "identity"
    assert workspace.created_at == "2025-02-11T09:12:44.1185163Z"
    [connection] = workspace.private_endpoint_connections
    assert connection.approved
    assert connection.private_endpoint_id == world.id("Microsoft.Network/privateEndpoints/contoso-ml-pe")


def test_ids_in_any_casing_are_the_same_resources(world: Any) -> None:
    """Azure writes `resourcegroups`, `Microsoft.Keyvault` and `storageaccounts` in one answer."""
    workspace = read(world)

    assert workspace.key_vault_id == world.id("Microsoft.KeyVault/vaults/contoso-ml-kv")
    assert workspace.storage_account_id == world.id("Microsoft.Storage/storageAccounts/contosomlstore")
    assert workspace.storage_account_id is not None
    assert workspace.storage_account_id.resource_group == "ml-prod"
    assert workspace.application_insights_id == world.id("Microsoft.Insights/components/contoso-ml-ai")


@pytest.mark.parametrize("sent", [{"containerRegistry": ""}, {"containerRegistry": None}, {}])
def test_a_workspace_before_its_first_image_build_has_no_registry(world: Any, sent: dict[str, None]) -> None:
    """An empty string, null and a missing key all say so; none is an id."""
    properties = world.properties("workspaces/contoso-ml")
    del properties["containerRegistry"]
    properties.update(sent)

    assert read(world).registry_id is None


@pytest.mark.parametrize(
    ("sent", "expected"), [({}, False), ({"v1LegacyMode": None}, False), ({"v1LegacyMode": True}, True)]
)
def test_a_workspace_from_before_legacy_mode_is_not_in_it(
    world: Any, sent: dict[str, bool | None], expected: bool
) -> None:
    """Workspaces of 2022 lack the key."""
    properties = world.properties("workspaces/contoso-ml")
    del properties["v1LegacyMode"]
    properties.update(sent)

    assert read(world).v1_legacy_mode is expected


@pytest.mark.parametrize(
    ("access", "legacy", "connections", "public"),
    [
        ("Enabled", None, True, True),
        ("enabled", None, True, True),
        ("Disabled", True, False, False),
        (None, True, True, True),
        (None, False, False, False),
        (None, None, False, True),
        (None, None, True, False),
        ("SecuredByPerimeter", None, True, None),
    ],
)
def test_public_access_is_told_by_the_key_its_older_twin_or_a_private_endpoint(
    world: Any, access: str | None, legacy: bool | None, connections: bool, public: bool | None
) -> None:
    """In that order: the documented default is public where there is no private endpoint."""
    properties = world.properties("workspaces/contoso-ml")
    properties["publicNetworkAccess"], properties["allowPublicAccessWhenBehindVnet"] = access, legacy
    if not connections:
        del properties["privateEndpointConnections"]

    words = {True: PublicAccess.ENABLED, False: PublicAccess.DISABLED, None: PublicAccess.BY_PERIMETER}
    assert read(world).public_network_access is words[public]
    assert read(world).private is (public is False)


@pytest.mark.parametrize("network", [None, {}, {"isolationMode": "Disabled"}, {"isolationMode": "disabled"}])
def test_a_workspace_without_isolation_has_no_managed_network(world: Any, network: object) -> None:
    """Azure leaves the key out, or says Disabled."""
    world.properties("workspaces/contoso-ml")["managedNetwork"] = network

    assert read(world).managed_network is None


def test_a_managed_network_comes_with_its_rules(world: Any) -> None:
    """`Inactive` until somebody provisions it; a failed rule keeps Azure's word for what went wrong."""
    store = world.id("Microsoft.Storage/storageAccounts/contosomlstore")
    world.properties("workspaces/contoso-ml")["managedNetwork"] = {
        "isolationMode": "AllowOnlyApprovedOutbound",
        "status": {"status": "Inactive", "sparkReady": False},
        "outboundRules": {
            "__SYS_PE_store": {
                "type": "PrivateEndpoint",
                "category": "Required",
                "status": "Active",
                "destination": {"serviceResourceId": store.text.upper(), "subresourceTarget": "blob"},
            },
            "docs": {"type": "FQDN", "status": "Failed", "destination": "docs.x", "errorInformation": "no such host"},
        },
    }

    network = read(world).managed_network

    assert network is not None
    assert (network.isolation_mode, network.active) == ("AllowOnlyApprovedOutbound", False)
    system, docs = network.outbound_rules
    assert (system.name, system.required, system.active) == ("__SYS_PE_store", True, True)
    assert system.leads_to(store, "blob")
    assert docs == OutboundRule("docs", "FQDN", "", "Failed", "no such host")


def test_the_display_name_of_a_region_is_understood(world: Any) -> None:
    """Old answers write `East US 2` where ids want `eastus2`."""
    world["workspaces/contoso-ml"]["location"] = "East US 2"

    assert read(world).location == "eastus2"


def test_a_connection_without_a_name_takes_it_from_its_id(world: Any) -> None:
    """Embedded connections may hold `id` and `properties` alone, and no endpoint yet."""
    connection = world.properties("workspaces/contoso-ml")["privateEndpointConnections"][0]
    del connection["name"]
    connection["properties"] = {"privateLinkServiceConnectionState": {"status": "Pending"}}

    [found] = read(world).private_endpoint_connections

    assert (found.name, found.status, found.private_endpoint_id) == ("contoso-ml-pe.6a1f", "Pending", None)


def test_a_connection_without_a_state_is_unreadable(world: Any) -> None:
    """The connection's own provisioningState says nothing about approval."""
    world.properties("workspaces/contoso-ml")["privateEndpointConnections"][0]["properties"] = {
        "provisioningState": "Succeeded"
    }

    with pytest.raises(FactUnreadable, match="privateLinkServiceConnectionState is NoneType, not an object"):
        read(world)


def test_a_deleted_user_assigned_identity_leaves_no_principal(world: Any) -> None:
    """Its key stays behind with nulls."""
    identity = "/subscriptions/s/resourceGroups/g/providers/Microsoft.ManagedIdentity/userAssignedIdentities/"
    world["workspaces/contoso-ml"]["identity"] = {
        "type": "SystemAssigned,UserAssigned",
        "principalId": OWN,
        "userAssignedIdentities": {f"{identity}gone": None, f"{identity}here": {"principalId": OTHER}},
    }

    workspace = read(world)

    assert workspace.principal_ids == (OWN, OTHER)
    assert [one.name for one in workspace.identity_ids] == ["gone", "here"]


def test_a_workspace_without_an_identity_has_no_principals(world: Any) -> None:
    """Null as well as absent."""
    world["workspaces/contoso-ml"]["identity"] = None

    assert read(world).principal_ids == ()


def test_a_state_that_azure_leaves_out_is_unreadable(world: Any) -> None:
    """Unknown is no success, and no failure."""
    del world.properties("workspaces/contoso-ml")["provisioningState"]

    with pytest.raises(FactUnreadable, match="provisioningState is NoneType, not a word"):
        read(world)


def test_a_project_inherits_what_its_hub_has(world: Any) -> None:
    """Vault, storage and registry where it names none of its own; the network always."""
    own = read(world)
    properties = world.properties("workspaces/contoso-ml")
    for key in ("keyVault", "storageAccount", "containerRegistry", "privateEndpointConnections", "publicNetworkAccess"):
        properties.pop(key)
    properties["hubResourceId"] = "/subscriptions/s/resourceGroups/g/providers/M/workspaces/hub"
    bare = read(world)

    project = bare.inheriting(own)

    assert bare.key_vault_id is None
    assert (project.key_vault_id, project.storage_account_id) == (own.key_vault_id, own.storage_account_id)
    assert project.registry_id == own.registry_id
    assert project.private


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("v1LegacyMode", "true"),
        ("managedNetwork", "AllowInternetOutbound"),
        ("privateEndpointConnections", {}),
        ("keyVault", {"id": "x"}),
        ("provisioningState", 1),
    ],
)
def test_a_field_of_another_type_is_unreadable(world: Any, key: str, value: object) -> None:
    """What was not understood does not pass."""
    world.properties("workspaces/contoso-ml")[key] = value
    azure = world.connect()

    with pytest.raises(FactUnreadable, match=f"workspace contoso-ml is unreadable: UnexpectedShape\\n  {key} is"):
        read_workspace(azure.arm, world.workspace_id)


def test_primary_identity_is_the_one_that_the_workspace_acts_as(world: Any) -> None:
    """The others stand beside it and are not used; the id is compared without case."""
    group = str(world.workspace_id).partition("/providers/")[0]
    identities = f"{group}/providers/Microsoft.ManagedIdentity/userAssignedIdentities"
    first, second, gone = (f"{identities}/{name}" for name in ("one", "two", "gone"))
    workspace = world["workspaces/contoso-ml"]
    workspace["identity"] = {
        "type": "UserAssigned",
        "userAssignedIdentities": {first: {"principalId": OWN}, second: {"principalId": OTHER}, gone: {}},
    }
    assert read(world).principal_ids == (OWN, OTHER)

    workspace["properties"]["primaryUserAssignedIdentity"] = second.upper()
    assert read(world).principal_ids == (OTHER,)
    assert not read(world).acts_as_nobody

    workspace["properties"]["primaryUserAssignedIdentity"] = gone
    assert read(world).acts_as_nobody
