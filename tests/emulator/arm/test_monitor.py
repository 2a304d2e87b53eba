"""Azure Monitor, deployments of templates, operations of providers: what a person asks who looks for a cause."""

from collections.abc import Callable
from pathlib import Path

import pytest
import requests

from pytest_amlpreflight.emulator import Emulator

SUBSCRIPTION = "/subscriptions/5f1c2f0e-6c5b-4b1e-9a35-2f4f5d6f0a11"
GROUP = f"{SUBSCRIPTION}/resourceGroups/ml-prod"
WORKSPACE = f"{GROUP}/providers/Microsoft.MachineLearningServices/workspaces/contoso-ml"
ENDPOINT = f"{WORKSPACE}/onlineEndpoints/iris"
DEPLOYMENT = f"{ENDPOINT}/deployments/blue"
EVENTS = f"{SUBSCRIPTION}/providers/Microsoft.Insights/eventtypes/management/values"
INSIGHTS = "providers/Microsoft.Insights"
HOUR = "timespan=2026-09-17T07:00:00Z/2026-09-17T08:00:00Z"

Call = Callable[..., requests.Response]


@pytest.mark.parametrize(
    ("wanted", "names"),
    [
        ("resourceGroupName eq 'ml-prod' and eventTimestamp ge 2026-09-17T07:30:00Z", ["iris"]),
        ("eventTimestamp ge '2026-09-17T07:00:00' and eventTimestamp le '2026-09-17T08:00:00'", ["iris", "blue"]),
        (f"resourceId eq '{DEPLOYMENT}'", ["blue"]),
        (f"resourceUri eq '{DEPLOYMENT}' and status eq 'Failed'", []),
    ],
)
def test_the_activity_log_follows_from_the_last_changes(
    emulator: Emulator, call: Call, wanted: str, names: list[str]
) -> None:
    """By time, resource or state, newest first."""
    events = call(emulator, EVENTS, "2015-04-01", filter=wanted).json()["value"]

    assert [one["resourceId"].rpartition("/")[2] for one in events] == names
    assert {one["status"]["value"] for one in events} <= {"Succeeded"}


@pytest.mark.parametrize("wanted", ["level eq 'Error'", "eventTimestamp eq 'now'", "eventTimestamp ge 'soon'", "x"])
def test_other_filters_of_the_activity_log_are_refused(emulator: Emulator, call: Call, wanted: str) -> None:
    """Azure takes few."""
    assert call(emulator, EVENTS, "2015-04-01", filter=wanted).status_code == 400


def test_a_failed_deployment_is_a_failed_event(
    serve: Callable[..., Emulator], call: Call, write_world: Callable[[str], Path]
) -> None:
    """With the members that were selected and no others."""
    failed = f"{{id: {DEPLOYMENT}, properties: {{provisioningState: Failed}}, systemData: {{createdAt: 2026-01-02}}}}"
    emulator = serve(write_world(f"resources:\n  - {{id: {SUBSCRIPTION}}}\n  - {failed}\n"))

    events = call(emulator, EVENTS, "2015-04-01", filter="status eq 'Failed'", select="level,status").json()["value"]

    assert events == [{"level": "Error", "status": {"value": "Failed", "localizedValue": "Failed"}}]


def test_metrics_of_endpoints_and_deployments(emulator: Emulator, call: Call) -> None:
    """A point for each interval, with a value where the world says one."""
    asked = f"{INSIGHTS}/metrics?metricnames=DeploymentCapacity,CpuUtilizationPercentage&interval=PT15M&{HOUR}"
    names = [
        one["name"]["value"]
        for one in call(emulator, f"{ENDPOINT}/{INSIGHTS}/metricDefinitions", "2018-01-01").json()["value"]
    ]

    found = call(emulator, f"{DEPLOYMENT}/{asked}&aggregation=Maximum", "2018-01-01").json()

    capacity, busy = [one["timeseries"][0]["data"] for one in found["value"]]
    assert [one["maximum"] for one in capacity] == [3.0] * 4
    assert busy[0] == {"timeStamp": "2026-09-17T07:00:00Z"}
    assert {"RequestsPerMinute", "RequestLatency_P99"} <= set(names)
    assert call(emulator, f"{WORKSPACE}/{INSIGHTS}/metrics?metricnames=Model Deploy Failed", "2018-01-01").ok


@pytest.mark.parametrize(
    ("path", "status", "said"),
    [
        (f"{ENDPOINT}/{INSIGHTS}/metrics?metricnames=Requests&{HOUR}", 400, "metric: Requests, Valid metrics: Conn"),
        (f"{ENDPOINT}/{INSIGHTS}/metrics?timespan=yesterday", 400, "timespan"),
        (
            f"{WORKSPACE}/computes/image-builder/{INSIGHTS}/metricDefinitions",
            400,
            "Failed to find metric configuration",
        ),
        (f"{ENDPOINT}-none/{INSIGHTS}/metrics", 404, "was not found"),
    ],
)
def test_azure_monitor_refuses_in_its_own_words(
    emulator: Emulator, call: Call, path: str, status: int, said: str
) -> None:
    """Its own refusals have no envelope, as recorded."""
    answer = call(emulator, path, "2018-01-01")

    assert (answer.status_code, "message" in answer.json()) == (status, status == 400)
    assert said in answer.text


@pytest.mark.parametrize(
    ("path", "version", "names"),
    [
        (f"{ENDPOINT}/{INSIGHTS}/diagnosticSettings", "2021-05-01-preview", ["to-logs"]),
        (f"{WORKSPACE}/{INSIGHTS}/diagnosticSettings", "2021-05-01-preview", []),
        (
            f"{ENDPOINT}/{INSIGHTS}/diagnosticSettingsCategories",
            "2021-05-01-preview",
            ["AmlOnlineEndpointTrafficLog", "AmlOnlineEndpointConsoleLog", "AmlOnlineEndpointEventLog", "AllMetrics"],
        ),
        (f"{GROUP}/providers/Microsoft.Resources/deployments", "2022-09-01", ["iris"]),
        (f"{SUBSCRIPTION}/resources", "2021-04-01", []),
    ],
)
def test_settings_and_deployments_are_resources_of_their_scope(
    serve: Callable[..., Emulator],
    call: Call,
    write_world: Callable[[str], Path],
    path: str,
    version: str,
    names: list[str],
) -> None:
    """Which ARM's own list of resources leaves out."""
    resources = [
        SUBSCRIPTION,
        WORKSPACE,
        ENDPOINT,
        f"{ENDPOINT}/{INSIGHTS}/diagnosticSettings/to-logs",
        f"{GROUP}/providers/Microsoft.Resources/deployments/iris",
    ]
    lines = "".join(f"  - {{id: {one}, name: {one.rpartition('/')[2]}, properties: {{}}}}\n" for one in resources)
    rows = call(serve(write_world(f"resources:\n{lines}")), path, version).json()["value"]

    assert [one["name"] for one in rows if one["name"] != "contoso-ml"] == names


def test_a_deployment_of_a_template_tells_what_it_made(
    serve: Callable[..., Emulator], call: Call, write_world: Callable[[str], Path]
) -> None:
    """At the old path, too, which clients still ask for its operations; nothing of one that is not there."""
    told = f"{{provisioningState: Succeeded, outputResources: [{{id: {ENDPOINT}}}]}}"
    held = f"{{id: {GROUP}/providers/Microsoft.Resources/deployments/d, name: d, properties: {told}}}"
    emulator = serve(write_world(f"resources:\n  - {{id: {SUBSCRIPTION}}}\n  - {{id: {GROUP}}}\n  - {held}\n"))

    rows = call(emulator, f"{GROUP}/deployments/d/operations", "2022-09-01").json()["value"]
    absent = call(emulator, f"{GROUP}/deployments/none/operations", "2022-09-01")

    assert [one["properties"]["targetResource"]["resourceName"] for one in rows] == ["iris"]
    assert (absent.status_code, absent.json()["error"]["code"]) == (404, "DeploymentNotFound")


def test_operations_of_a_provider_are_those_of_its_types(emulator: Emulator, call: Call) -> None:
    """By the names that roles use."""
    place = "/providers/Microsoft.Authorization/providerOperations"

    found = call(emulator, f"{place}/Microsoft.KeyVault", "2022-04-01").json()

    named = {operation["name"] for kind in found["resourceTypes"] for operation in kind["operations"]}
    assert {"Microsoft.KeyVault/vaults/read", "Microsoft.KeyVault/deletedVaults/read"} <= named
    assert call(emulator, f"{place}/Microsoft.None", "2022-04-01").status_code == 404


def test_names_that_are_taken_are_not_free(emulator: Emulator, call: Call) -> None:
    """Of vaults, accounts and registries; the caller needs no more than to read."""
    headers = {"Authorization": call(emulator, SUBSCRIPTION, "2022-12-01").request.headers["Authorization"]}

    def free(provider: str, name: str, version: str) -> bool:
        url = f"{emulator.url}{SUBSCRIPTION}/providers/{provider}/checkNameAvailability?api-version={version}"
        return bool(requests.post(url, json={"name": name}, headers=headers, timeout=5).json()["nameAvailable"])

    assert not free("Microsoft.KeyVault", "Contoso-ML-kv", "2023-07-01")
    assert not free("Microsoft.Storage", "contosomlstore", "2023-05-01")
    assert not free("Microsoft.ContainerRegistry", "contosomlacr", "2025-11-01")
    assert free("Microsoft.KeyVault", "rose-kv", "2023-07-01")


def test_an_identity_tells_what_it_is_assigned_to(emulator: Emulator, call: Call) -> None:
    """`az identity list-resources`."""
    headers = {"Authorization": call(emulator, SUBSCRIPTION, "2022-12-01").request.headers["Authorization"]}
    identity = f"{GROUP}/providers/Microsoft.ManagedIdentity/userAssignedIdentities/iris-endpoint-identity"
    url = f"{emulator.url}{identity}/listAssociatedResources?api-version=2021-09-30-preview"

    found = requests.post(url, headers=headers, timeout=5).json()

    assert (found["totalCount"], found["value"][0]["id"]) == (1, ENDPOINT)
