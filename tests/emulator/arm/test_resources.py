"""What ARM answers: resources, collections, pages, filters and refusals."""

from collections.abc import Callable
from pathlib import Path

import pytest
import requests

from pytest_amlpreflight.emulator import Emulator

SUBSCRIPTION = "/subscriptions/5f1c2f0e-6c5b-4b1e-9a35-2f4f5d6f0a11"
GROUP = f"{SUBSCRIPTION}/resourceGroups/ml-prod"
WORKSPACE = f"{GROUP}/providers/Microsoft.MachineLearningServices/workspaces/contoso-ml"
REGISTRY = f"{GROUP}/providers/Microsoft.ContainerRegistry/registries/contosomlacr"
ROLES = "/providers/Microsoft.Authorization/roleAssignments"
IDENTITY = "b1d4a7e2-2f6a-4b7e-9c55-0d6a6f1d9e33"
ZONE = f"{GROUP}/providers/Microsoft.Network/privateDnsZones/privatelink.api.azureml.ms"
CALLER = "0c6a0c3b-5b1a-4b52-8f0e-6a8f3d1e7c21"

Call = Callable[..., requests.Response]


@pytest.mark.parametrize(
    ("path", "version", "status", "code"),
    [
        (f"{WORKSPACE}x", "2025-12-01", 404, "ResourceNotFound"),
        (f"{WORKSPACE}x/onlineEndpoints", "2025-12-01", 404, "ParentResourceNotFound"),
        (WORKSPACE.replace("ml-prod", "ml-test"), "2025-12-01", 404, "ResourceGroupNotFound"),
        ("/subscriptions/00000000-0000-0000-0000-000000000001", "2022-12-01", 404, "SubscriptionNotFound"),
        ("/subscriptions/5f1c", "2022-12-01", 400, "InvalidSubscriptionId"),
        (WORKSPACE, None, 400, "MissingApiVersionParameter"),
        (WORKSPACE, "2031-01-01", 400, "NoRegisteredProviderFound"),
        (f"{WORKSPACE}/computes", "2031-01-01", 400, "InvalidResourceType"),
        (SUBSCRIPTION, "2031-01-01", 400, "InvalidApiVersionParameter"),
        (f"{GROUP}/providers/Contoso.Nothing/things/x", "2025-12-01", 404, "InvalidResourceNamespace"),
        (f"{SUBSCRIPTION}/providers/Contoso.Nothing", "2021-04-01", 404, "InvalidResourceNamespace"),
    ],
)
def test_refuses_in_arms_words(emulator: Emulator, call: Call, path: str, version: str, status: int, code: str) -> None:
    """Each refusal has ARM's status, its code, and the header by which ARM says that it answered itself."""
    answer = call(emulator, path, version)

    assert (answer.status_code, answer.json()["error"]["code"]) == (status, code)
    assert answer.headers["x-ms-failure-cause"] == "gateway"


@pytest.mark.parametrize(
    ("namespace", "state"), [("Microsoft.PolicyInsights", "Registered"), ("Microsoft.Management", "NotRegistered")]
)
def test_a_provider_is_there_whether_or_not_it_is_registered(
    emulator: Emulator, call: Call, namespace: str, state: str
) -> None:
    """The world says which is; of another it is known whether there are resources of it."""
    provider = call(emulator, f"{SUBSCRIPTION}/providers/{namespace}", "2021-04-01").json()

    assert (provider["namespace"], provider["registrationState"]) == (namespace, state)
    assert provider["resourceTypes"]


def test_what_is_in_no_group_is_missed_with_arms_word_for_none(emulator: Emulator, call: Call) -> None:
    """`<null>`, as clients print it."""
    answer = call(emulator, f"{SUBSCRIPTION}/providers/Microsoft.Authorization/policyDefinitions/none", "2021-06-01")

    assert "under resource group '<null>' was not found" in answer.json()["error"]["message"]


def test_a_missing_record_is_refused_by_private_dns_itself(emulator: Emulator, call: Call) -> None:
    """In a body that is the error, without an envelope."""
    answer = call(emulator, f"{ZONE}/A/nobody", "2020-06-01")

    assert (answer.status_code, answer.json()["code"]) == (404, "NotFound")
    assert answer.json()["message"].endswith(f"of subscription '{SUBSCRIPTION.rpartition('/')[2]}'.")
    assert "x-ms-failure-cause" not in answer.headers


@pytest.mark.parametrize("zone", [ZONE, f"{ZONE}x"])
def test_arm_itself_knows_the_links_of_a_zone(emulator: Emulator, call: Call, zone: str) -> None:
    """They have a location of their own: one that is not there is named, whether or not its zone is there."""
    answer = call(emulator, f"{zone}/virtualNetworkLinks/nobody", "2020-06-01")

    name = zone.rpartition("/")[2]
    assert (answer.status_code, answer.json()["error"]["code"]) == (404, "ResourceNotFound")
    assert f"'Microsoft.Network/privateDnsZones/{name}/virtualNetworkLinks/nobody'" in answer.text


def test_a_missing_connection_speaks_the_second_dialect(emulator: Emulator, call: Call) -> None:
    """Assets and connections are looked up by Azure Machine Learning itself, which tells of its
    inner code in `additionalInfo`.
    """
    answer = call(emulator, f"{WORKSPACE}/connections/openai", "2025-12-01")

    assert answer.status_code == 404
    error = answer.json()["error"]
    told = {row["type"]: row["info"]["value"] for row in error["additionalInfo"]}
    assert error["code"] == "UserError"
    assert (told["InnerError"]["code"], told["Location"]) == ("NotFoundError", "eastus2")
    assert "x-ms-failure-cause" not in answer.headers


def test_what_it_does_not_know_is_reported(emulator: Emulator, call: Call) -> None:
    """An unknown api-version is remembered for the end of the run; a missing resource is an answer like any other."""
    call(emulator, WORKSPACE, "2031-01-01")
    call(emulator, f"{WORKSPACE}x", "2025-12-01")

    assert emulator.unanswered == [f"GET {WORKSPACE}?api-version=2031-01-01: unknown api-version 2031-01-01"]


def test_refuses_a_request_without_a_token(emulator: Emulator) -> None:
    """No bearer token: 401 with ARM's challenge."""
    answer = requests.get(f"{emulator.url}{WORKSPACE}?api-version=2025-12-01", timeout=5)

    assert (answer.status_code, answer.json()["error"]["code"]) == (401, "AuthenticationFailed")
    assert answer.headers["WWW-Authenticate"].startswith("Bearer ")


def test_refuses_a_token_meant_for_somebody_else(emulator: Emulator) -> None:
    """A token whose audience is the key vault's opens no door at ARM."""
    where, header = (emulator.environment[name] for name in ("IDENTITY_ENDPOINT", "IDENTITY_HEADER"))
    asked = {"resource": "https://vault.azure.net"}
    token = requests.get(where, params=asked, headers={"X-IDENTITY-HEADER": header}, timeout=5).json()["access_token"]

    headers = {"Authorization": f"Bearer {token}"}
    answer = requests.get(f"{emulator.url}{WORKSPACE}?api-version=2025-12-01", headers=headers, timeout=5)

    assert answer.json()["error"]["code"] == "InvalidAuthenticationTokenAudience"


def test_pages_carry_the_filter_onwards(
    serve: Callable[..., Emulator], call: Call, tmp_path: Path, world_path: Path
) -> None:
    """A page of one leads through nextLink, api-version included, to all; the last page has no such key."""
    small = tmp_path / "world.yml"
    small.write_text(world_path.read_text(encoding="utf-8") + "\npaging: {size: 1}\n", encoding="utf-8")
    emulator = serve(small)

    first = call(emulator, f"{REGISTRY}{ROLES}", "2022-04-01", filter=f"assignedTo('{IDENTITY}')")
    authorization = {"Authorization": first.request.headers["Authorization"]}
    second = requests.get(first.json()["nextLink"], headers=authorization, timeout=5)

    assert "api-version=2022-04-01" in first.json()["nextLink"]
    assert first.json()["value"] != second.json()["value"]
    assert "nextLink" not in second.json()


@pytest.mark.parametrize(
    ("scope", "text", "expected"),
    [
        (REGISTRY, "atScope()", {"1e0d4b6a", "2f7b9c1d", "3d8c0e2f"}),
        (REGISTRY, f"atScope() and assignedTo('{IDENTITY}')", {"1e0d4b6a", "2f7b9c1d"}),
        (SUBSCRIPTION, "atScope()", {"3d8c0e2f"}),
        (SUBSCRIPTION, f"principalId eq '{IDENTITY}'", {"1e0d4b6a", "5fae2041", "60bf3152"}),
        (GROUP, f"assignedTo('{IDENTITY}')", {"1e0d4b6a", "2f7b9c1d", "5fae2041", "60bf3152"}),
        (GROUP, f"assignedTo('{CALLER}')", {"3d8c0e2f", "71c04263", "82d15374"}),
        (f"{REGISTRY}/x", "", {"1e0d4b6a", "2f7b9c1d", "3d8c0e2f"}),
        (SUBSCRIPTION, "assignedTo('nobody')", set()),
    ],
)
def test_role_assignments_are_filtered_as_azure_does(
    emulator: Emulator, call: Call, scope: str, text: str, expected: set[str]
) -> None:
    """atScope() leaves out what is below, assignedTo() follows groups of groups, principalId eq does neither."""
    query = {"filter": text} if text else {}

    answer = call(emulator, f"{scope}{ROLES}", "2022-04-01", **query)

    assert {one["name"][:8] for one in answer.json()["value"]} == expected


def test_an_unknown_filter_is_refused_and_reported(emulator: Emulator, call: Call) -> None:
    """A filter that Azure would not evaluate never quietly returns everything."""
    answer = call(emulator, f"{SUBSCRIPTION}{ROLES}", "2022-04-01", filter="scope eq 'x'")

    assert (answer.status_code, answer.json()["error"]["code"]) == (400, "UnsupportedQuery")
    assert len(emulator.unanswered) == 1


def test_an_older_version_hides_the_registrys_role_mode(emulator: Emulator, call: Call) -> None:
    """RoleAssignmentMode is younger than 2023-07-01: a reader that asks with it must not see the member."""
    older, newer = (call(emulator, REGISTRY, version).json()["properties"] for version in ("2023-07-01", "2025-11-01"))

    assert "roleAssignmentMode" not in older
    assert newer["roleAssignmentMode"] == "LegacyRegistryPermissions"


def test_private_dns_escapes_its_slashes(emulator: Emulator, call: Call) -> None:
    """Record sets come with escaped slashes and the wildcard's own name, as recorded."""
    zone = f"{GROUP}/providers/Microsoft.Network/privateDnsZones/privatelink.api.azureml.ms"

    answer = call(emulator, f"{zone}/A", "2024-06-01")

    assert '"\\/subscriptions\\/' in answer.text
    assert [one["name"] for one in answer.json()["value"]][1].startswith("*.2c7e5d84")


@pytest.mark.parametrize(("version", "shape"), [("2019-05-01", list), ("2022-09-01", dict), ("2015-01-01", dict)])
def test_cloud_metadata_has_three_forms(emulator: Emulator, version: str, shape: type) -> None:
    """The list is what the SDK and the Azure CLI read from a URL; one object is what they discover at an endpoint."""
    answer = requests.get(f"{emulator.url}/metadata/endpoints?api-version={version}", timeout=5)

    assert isinstance(answer.json(), shape)


def test_a_sovereign_cloud_has_its_own_name_and_audience(
    serve: Callable[..., Emulator], write_world: Callable[..., Path]
) -> None:
    """A world in Azure Government answers with that cloud's name, suffixes and token audience."""
    emulator = serve(write_world("cloud: AzureUSGovernment\n"))

    cloud = requests.get(emulator.metadata_url, timeout=5).json()[0]

    assert cloud["name"] == "AzureUSGovernment"
    assert cloud["suffixes"]["storage"] == "core.usgovcloudapi.net"
    assert "https://management.core.usgovcloudapi.net/" in cloud["authentication"]["audiences"]


def test_an_unregistered_provider_answers_nothing_else(
    serve: Callable[..., Emulator], call: Call, write_world: Callable[..., Path]
) -> None:
    """409 for whatever is read through a provider that the subscription is not registered for."""
    provider = "{id: /subscriptions/s/providers/Microsoft.KeyVault, registrationState: NotRegistered}"
    emulator = serve(write_world(f"resources: [{{id: /subscriptions/s}}, {provider}]\n"))

    answer = call(emulator, "/subscriptions/s/providers/Microsoft.KeyVault/vaults", "2023-07-01")

    assert (answer.status_code, answer.json()["error"]["code"]) == (409, "MissingSubscriptionRegistration")
    (detail,) = answer.json()["error"]["details"]
    assert (detail["code"], detail["target"]) == ("MissingSubscriptionRegistration", "Microsoft.KeyVault")


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("resourceType eq 'Microsoft.KeyVault/vaults'", ["contoso-ml-kv"]),
        ("resourceGroup eq 'ml-prod' and name eq 'contosomlacr'", ["contosomlacr"]),
    ],
)
def test_resources_are_found_by_type_group_and_name(
    emulator: Emulator, call: Call, text: str, names: list[str]
) -> None:
    """The Azure CLI finds a vault's or a registry's resource group this way."""
    answer = call(emulator, f"{SUBSCRIPTION}/resources", "2021-04-01", filter=text)

    assert [one["name"] for one in answer.json()["value"]] == names
