"""The diagnosis of a workspace and the list of deleted vaults, as the embedded Azure answers them."""

from collections.abc import Callable

import requests

from pytest_amlpreflight.emulator import Emulator

SUBSCRIPTION = "/subscriptions/5f1c2f0e-6c5b-4b1e-9a35-2f4f5d6f0a11"
WORKSPACES = f"{SUBSCRIPTION}/resourceGroups/ml-prod/providers/Microsoft.MachineLearningServices/workspaces"
Call = Callable[..., requests.Response]


def diagnose(emulator: Emulator, workspace: str = "contoso-ml") -> requests.Response:
    """Start the diagnosis of a workspace, without following it."""
    identity = emulator.environment
    headers = {"X-IDENTITY-HEADER": identity["IDENTITY_HEADER"]}
    asked = {"resource": "https://management.azure.com/"}
    token = requests.get(identity["IDENTITY_ENDPOINT"], params=asked, headers=headers, timeout=5).json()
    url = f"{emulator.url}{WORKSPACES}/{workspace}/diagnose?api-version=2024-10-01"
    return requests.post(
        url, json={"value": {}}, headers={"Authorization": f"Bearer {token['access_token']}"}, timeout=5
    )


def ask(emulator: Emulator, call: Call, url: str) -> requests.Response:
    """Ask after an operation at the address that Azure gave."""
    path, _, query = url.removeprefix(emulator.url).partition("?")
    assert "type=location" in query
    return call(emulator, f"{path}?type=location", "2024-10-01")


def test_diagnosis_is_under_way_once_and_then_done(emulator: Emulator, call: Call) -> None:
    """202 with one address and no body, 202 again with two, then every group of results."""
    started = diagnose(emulator)

    first = ask(emulator, call, started.headers["Location"])
    second = ask(emulator, call, first.headers["Location"])

    assert (started.status_code, started.content, "Retry-After" in started.headers) == (202, b"", False)
    assert "Azure-AsyncOperation" not in started.headers
    assert first.headers["Azure-AsyncOperation"].endswith("&type=async")
    assert (first.status_code, second.status_code) == (202, 200)
    assert second.json()["value"]["dnsResolutionResults"] == []


def test_diagnosis_of_a_workspace_that_is_not_there_is_404(emulator: Emulator) -> None:
    """ARM looks for the workspace first."""
    answer = diagnose(emulator, "gone")

    assert (answer.status_code, answer.json()["error"]["code"]) == (404, "ResourceNotFound")


def test_operation_that_was_never_started_is_404(emulator: Emulator, call: Call) -> None:
    """An id of somebody's invention is no operation."""
    stem = f"{SUBSCRIPTION}/providers/Microsoft.MachineLearningServices/locations/eastus2/workspaceOperationsStatus"

    answer = call(emulator, f"{stem}/0d9f", "2024-10-01")

    assert answer.status_code == 404


def test_no_vault_is_deleted_in_the_example(emulator: Emulator, call: Call) -> None:
    """The list over all regions answers, empty."""
    answer = call(emulator, f"{SUBSCRIPTION}/providers/Microsoft.KeyVault/deletedVaults", "2023-07-01")

    assert answer.json() == {"value": []}
