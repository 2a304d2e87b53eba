"""What Azure shows of a resource under an id of its own, and lists of a provider."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import requests

from pytest_amlpreflight.emulator import Emulator

SUBSCRIPTION = "/subscriptions/5f1c2f0e-6c5b-4b1e-9a35-2f4f5d6f0a11"
PROVIDERS = f"{SUBSCRIPTION}/resourceGroups/ml-prod/providers"
WORKSPACE = f"{PROVIDERS}/Microsoft.MachineLearningServices/workspaces/contoso-ml"
ACCOUNT = f"{PROVIDERS}/Microsoft.Storage/storageAccounts/contosomlstore"
VAULT = f"{PROVIDERS}/Microsoft.KeyVault/vaults/contoso-ml-kv"
REGISTRY = f"{PROVIDERS}/Microsoft.ContainerRegistry/registries/contosomlacr"
CONTAINER = "azureml-blobstore-2c7e5d84-8f31-4f0b-9b1d-6b0f4a93c7d2"
ASSIGNMENTS = "providers/Microsoft.Authorization/policyAssignments"

Call = Callable[..., requests.Response]


@pytest.mark.parametrize(
    ("path", "version", "told"),
    [
        (f"{ACCOUNT}/blobServices/default/containers", "2023-05-01", [CONTAINER]),
        (f"{ACCOUNT}/blobServices", "2023-05-01", ["default"]),
        (f"{ACCOUNT}/privateLinkResources", "2023-05-01", ["blob", "dfs", "file", "queue", "table", "web"]),
        (f"{REGISTRY}/listUsages", "2023-07-01", ["Size", "Webhooks"]),
        (f"{REGISTRY}/privateLinkResources", "2023-07-01", ["registry"]),
        (f"{REGISTRY}/replications", "2023-07-01", []),
        (f"{VAULT}/privateLinkResources", "2023-07-01", ["vault"]),
        (f"{VAULT}/secrets", "2023-07-01", ["greenhouse-key"]),
        (f"{WORKSPACE}/privateLinkResources", "2024-10-01", ["amlworkspace"]),
        (f"{WORKSPACE}/{ASSIGNMENTS}", "2022-06-01", ["private-endpoints-only"]),
        (f"{SUBSCRIPTION}/locations", "2022-12-01", ["eastus2"]),
        (f"{SUBSCRIPTION}/providers/Microsoft.Features/features", "2021-07-01", []),
        ("/providers/Microsoft.Authorization/policyDefinitions", "2021-06-01", []),
    ],
)
def test_lists_follow_from_what_there_is(
    emulator: Emulator, call: Call, path: str, version: str, told: list[str]
) -> None:
    """By name, in the order in which Azure or the world has them."""
    answer = call(emulator, path, version)

    assert [one["name"] for one in answer.json()["value"]] == told


@pytest.mark.parametrize(
    ("path", "version", "member", "value"),
    [
        (f"{ACCOUNT}/blobServices/default", "2023-05-01", "cors", {"corsRules": []}),
        (f"{ACCOUNT}/blobServices/default/containers/{CONTAINER}", "2023-05-01", "publicAccess", "None"),
        (f"{WORKSPACE}/providers/Microsoft.Resources/tags/default", "2021-04-01", "tags", {}),
        (
            f"{WORKSPACE}/providers/Microsoft.ManagedIdentity/identities/default",
            "2023-01-31",
            "principalId",
            "3a5f8c0e-91d7-4be2-a1c4-7f20d9b6e815",
        ),
    ],
)
def test_what_follows_has_an_id_of_its_own(
    emulator: Emulator, call: Call, path: str, version: str, member: str, value: Any
) -> None:
    """As Azure writes it, with the id by which it was asked for."""
    answer = call(emulator, path, version).json()

    assert (answer["id"], answer["properties"][member]) == (path, value)


@pytest.mark.parametrize("path", [f"{ACCOUNT}x/blobServices", f"{ACCOUNT}/blobServices/default/containers/none"])
def test_nothing_follows_from_what_is_not_there(emulator: Emulator, call: Call, path: str) -> None:
    """404, as for any resource."""
    assert call(emulator, path, "2023-05-01").status_code == 404


def test_sizes_of_machines_are_those_of_the_workspaces_region(emulator: Emulator, call: Call) -> None:
    """The same sizes from both providers that list them."""
    compute = f"{SUBSCRIPTION}/providers/Microsoft.Compute"
    sizes = call(emulator, f"{compute}/locations/eastus2/vmSizes", "2024-07-01").json()["value"]
    skus = call(emulator, f"{compute}/skus", "2021-07-01", filter="location eq 'eastus2'").json()["value"]

    assert sizes[0]["numberOfCores"] == 1
    assert [one["name"] for one in sizes] == [one["name"] for one in skus]
    assert {"name": "vCPUs", "value": "1"} in skus[0]["capabilities"]


@pytest.mark.parametrize(
    ("address", "available", "reserved"),
    [("10.1.1.9", True, False), ("10.1.0.5", False, False), ("10.1.1.3", False, True), ("10.1.1.255", False, True)],
)
def test_an_address_is_free_unless_somebody_has_it(
    emulator: Emulator, call: Call, address: str, available: bool, reserved: bool
) -> None:
    """An interface of the world, or Azure itself; the next free ones of the subnet are told as well."""
    network = f"{PROVIDERS}/Microsoft.Network/virtualNetworks/contoso-vnet"

    found = call(emulator, f"{network}/CheckIPAddressAvailability?ipAddress={address}", "2024-05-01").json()

    assert (found["available"], found["isPlatformReserved"]) == (available, reserved)
    assert found["availableIPAddresses"][0] == f"{address.rpartition('.')[0]}.4"


@pytest.mark.parametrize("address", ["10.9.0.1", "fe80::1", "x", ""])
def test_an_address_of_no_subnet_is_refused(emulator: Emulator, call: Call, address: str) -> None:
    """With Azure's 400."""
    network = f"{PROVIDERS}/Microsoft.Network/virtualNetworks/contoso-vnet"

    assert call(emulator, f"{network}/CheckIPAddressAvailability?ipAddress={address}", "2024-05-01").status_code == 400


def test_what_belongs_to_a_cluster_follows_from_it(
    serve: Callable[..., Emulator], call: Call, world_path: Path
) -> None:
    """Its pools on their own, the versions it may go to, and the group of its nodes, which has no document."""
    emulator = serve(world_path.with_name("world-kubernetes.yml"))
    cluster = f"{PROVIDERS}/Microsoft.ContainerService/managedClusters/inference-aks"
    nodes = f"{SUBSCRIPTION}/resourcegroups/mc_ml-prod_inference-aks_eastus2"

    pools = call(emulator, f"{cluster}/agentPools", "2025-05-01").json()["value"]
    pool = call(emulator, f"{cluster}/agentPools/system", "2025-05-01").json()
    upgrades = call(emulator, f"{cluster}/upgradeProfiles/default", "2025-05-01").json()["properties"]
    group = call(emulator, nodes, "2021-04-01").json()
    groups = call(emulator, f"{SUBSCRIPTION}/resourcegroups", "2021-04-01").json()["value"]

    assert [one["name"] for one in pools] == ["system"]
    assert pool["properties"] == pools[0]["properties"]
    assert upgrades["controlPlaneProfile"]["kubernetesVersion"]
    assert (group["managedBy"], group["type"]) == (cluster, "Microsoft.Resources/resourceGroups")
    assert [one["name"] for one in groups] == ["ml-prod", group["name"]]
    assert call(emulator, f"{SUBSCRIPTION}/resourcegroups/none", "2021-04-01").status_code == 404


def test_a_deployment_may_be_scaled_from_what_it_has(emulator: Emulator, call: Call) -> None:
    """Its size, and how many instances Azure lets one have."""
    place = f"{WORKSPACE}/onlineEndpoints/iris/deployments/blue/skus"

    rows = call(emulator, place, "2024-10-01").json()["value"]

    assert [(one["sku"]["name"], one["capacity"]["default"]) for one in rows] == [("Default", 3)]


@pytest.mark.parametrize(
    ("wanted", "names"),
    [
        ("substringof('-kv', name)", ["contoso-ml-kv"]),
        ("startswith(name, 'iris-endpoint')", ["iris-endpoint-identity"]),
        ("resourceType eq 'Microsoft.KeyVault/vaults' and name ne 'other'", ["contoso-ml-kv"]),
        ("tagName eq 'team' and tagValue eq 'none'", []),
    ],
)
def test_resources_are_filtered_as_arm_filters_them(
    emulator: Emulator, call: Call, wanted: str, names: list[str]
) -> None:
    """Comparisons, parts of names, and tags."""
    answer = call(emulator, f"{SUBSCRIPTION}/resources", "2021-04-01", filter=wanted)

    assert [one["name"] for one in answer.json()["value"]] == names


@pytest.mark.parametrize(
    ("scope", "wanted", "names"),
    [
        (SUBSCRIPTION, "", ["private-endpoints-only"]),
        (SUBSCRIPTION, "atScopeAndBelow()", ["private-endpoints-only"]),
        (SUBSCRIPTION, "atScope()", []),
        (WORKSPACE, "atExactScope()", []),
        (WORKSPACE, "policyDefinitionId eq 'none'", []),
    ],
)
def test_policies_are_listed_by_where_they_hold(
    emulator: Emulator, call: Call, scope: str, wanted: str, names: list[str]
) -> None:
    """Above and below, at the scope alone, or of one definition; anything else is refused."""
    path = f"{scope}/{ASSIGNMENTS}"
    asked = {"filter": wanted} if wanted else {}

    assert [one["name"] for one in call(emulator, path, "2022-06-01", **asked).json()["value"]] == names
    assert call(emulator, path, "2022-06-01", filter="x").status_code == 400
