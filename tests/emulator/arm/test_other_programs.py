"""What programs send that nobody here wrote: other methods, doubled slashes, bodies of another shape."""

import json
from collections.abc import Callable
from typing import Any

import pytest
import requests

from pytest_amlpreflight.emulator import Emulator

SUBSCRIPTION = "/subscriptions/5f1c2f0e-6c5b-4b1e-9a35-2f4f5d6f0a11"
GROUP = f"{SUBSCRIPTION}/resourceGroups/ml-prod"
WORKSPACE = f"{GROUP}/providers/Microsoft.MachineLearningServices/workspaces/contoso-ml"
CALLER = "0c6a0c3b-5b1a-4b52-8f0e-6a8f3d1e7c21"

Call = Callable[..., requests.Response]


@pytest.fixture
def headers(emulator: Emulator, call: Call) -> dict[str, str]:
    """The caller's authorization."""
    return {"Authorization": call(emulator, SUBSCRIPTION, "2022-12-01").request.headers["Authorization"]}


def test_doubled_slashes_stand_for_an_empty_parent(emulator: Emulator, call: Call) -> None:
    """As the SDKs write paths of resources without one."""
    path = WORKSPACE.replace("MachineLearningServices/", "MachineLearningServices//")

    answer = call(emulator, path, "2024-10-01")

    assert answer.json()["id"] == WORKSPACE


@pytest.mark.parametrize(("group", "status"), [(GROUP, 204), (f"{GROUP}-none", 404)])
def test_head_asks_whether_something_is_there(
    emulator: Emulator, headers: dict[str, str], group: str, status: int
) -> None:
    """204 or 404, without a body."""
    answer = requests.head(f"{emulator.url}{group}?api-version=2021-04-01", headers=headers, timeout=5)

    assert (answer.status_code, answer.content) == (status, b"")


MALFORMED = {
    "open": "{",
    "list": "[]",
    "text": '"text"',
    "empty": "{}",
    "number": '{"resourceDetails": 1}',
    "tags": '{"resourceDetails": {"resourceContent": {"type": "Microsoft.KeyVault/vaults", "tags": "x"}}}',
    "query": '{"query": 1}',
    "tail": '{"tail": "x"}',
    "bytes": b"\xff\xfe",
    "deep": "[" * 100_000,
}


@pytest.mark.parametrize("body", MALFORMED.values(), ids=MALFORMED)
@pytest.mark.parametrize(
    ("path", "version"),
    [
        (f"{GROUP}/providers/Microsoft.PolicyInsights/checkPolicyRestrictions", "2023-03-01"),
        ("/providers/Microsoft.ResourceGraph/resources", "2021-03-01"),
        (f"{WORKSPACE}/onlineEndpoints/iris/deployments/blue/getLogs", "2024-10-01"),
    ],
)
def test_a_malformed_body_is_azures_400(
    emulator: Emulator, headers: dict[str, str], path: str, version: str, body: str | bytes
) -> None:
    """Or an answer, where the service needs none of what is missing; never a 500."""
    answer = requests.post(f"{emulator.url}{path}?api-version={version}", data=body, headers=headers, timeout=5)

    assert answer.status_code in ((200, 400) if path.endswith("getLogs") else (400,))
    assert answer.status_code == 200 or answer.json()["error"]["code"] == "InvalidRequestContent"


@pytest.mark.parametrize(
    ("lock", "state", "path", "code"),
    [
        (GROUP, "Enabled", f"{WORKSPACE}/listKeys?api-version=2024-10-01", "ScopeLocked"),
        (WORKSPACE, "Enabled", f"{WORKSPACE}/onlineEndpoints/iris/token?api-version=2024-10-01", "ScopeLocked"),
        (f"{WORKSPACE}/onlineEndpoints/iris", "Enabled", f"{WORKSPACE}/listKeys?api-version=2024-10-01", None),
        (None, "Disabled", f"{WORKSPACE}/listKeys?api-version=2024-10-01", "ReadOnlyDisabledSubscription"),
        (
            SUBSCRIPTION,
            "Disabled",
            f"{GROUP}/providers/Microsoft.PolicyInsights/policyStates/latest/queryResults?api-version=2019-10-01",
            None,
        ),
    ],
)
def test_a_read_only_lock_forbids_actions_and_no_reads(
    serve: Callable[..., Emulator],
    call: Call,
    write_world: Callable[..., Any],
    lock: str | None,
    state: str,
    path: str,
    code: str | None,
) -> None:
    """Keys are listed by POST, which Azure counts as a change; so does a disabled subscription."""
    ids = [GROUP, WORKSPACE, f"{WORKSPACE}/onlineEndpoints/iris"]
    resources = [{"id": SUBSCRIPTION, "state": state}, *({"id": one, "properties": {}} for one in ids)]
    if lock:
        place = f"{lock}/providers/Microsoft.Authorization/locks/frozen"
        resources.append({"id": place, "name": "frozen", "properties": {"level": "ReadOnly"}})
    emulator = serve(write_world(f"resources: {json.dumps(resources)}\n"))
    allowed = {"Authorization": call(emulator, WORKSPACE, "2024-10-01").request.headers["Authorization"]}

    answer = requests.post(f"{emulator.url}{path}", headers=allowed, json={}, timeout=5)

    assert (answer.status_code, answer.json().get("error", {}).get("code")) == (409 if code else 200, code)


def test_a_nested_resource_is_missed_by_its_whole_name(emulator: Emulator, call: Call) -> None:
    """Type and name in turns, as ARM writes it."""
    answer = call(emulator, f"{WORKSPACE}/onlineEndpoints/rose", "2024-10-01")

    expected = "'Microsoft.MachineLearningServices/workspaces/contoso-ml/onlineEndpoints/rose'"
    assert expected in answer.json()["error"]["message"]


def test_microsoft_graph_knows_who_there_is(emulator: Emulator, headers: dict[str, str]) -> None:
    """By application id, as `az ad sp show` asks, and by object id, as names of role assignments are looked up."""
    names = "servicePrincipalNames/any(c:c eq 'e93b7d10-5c4e-4f2a-8d61-2a9c0f7b4e58')"
    graph = f"{emulator.url}/v1.0"

    by_name = requests.get(f"{graph}/servicePrincipals", params={"$filter": names}, headers=headers, timeout=5).json()
    by_id = requests.post(f"{graph}/directoryObjects/getByIds", json={"ids": [CALLER]}, headers=headers, timeout=5)
    absent = requests.get(f"{graph}/servicePrincipals/none", headers=headers, timeout=5)
    odd = requests.post(f"{graph}/directoryObjects/getByIds", data="[" * 100_000, headers=headers, timeout=5)

    assert [one["displayName"] for one in by_name["value"]] == ["iris-endpoint-identity"]
    assert [one["id"] for one in by_id.json()["value"]] == [CALLER]
    assert (absent.status_code, odd.status_code) == (404, 400)


def test_microsoft_graph_knows_who_is_in_which_group(emulator: Emulator, headers: dict[str, str]) -> None:
    """Directly and through other groups; and that an application is no user."""
    graph, identity = f"{emulator.url}/v1.0", "b1d4a7e2-2f6a-4b7e-9c55-0d6a6f1d9e33"
    own, above = "4f9e6c1d-7a52-49b0-9e0d-1c2b7a8d5f60", "a7c35b18-62ef-4d0a-8b9e-5e4f3c2d1b09"

    def ids(path: str, **query: str) -> list[str]:
        rows = requests.get(f"{graph}/{path}", params=query, headers=headers, timeout=5).json()["value"]
        return [one["id"] for one in rows]

    def groups(path: str, **body: object) -> object:
        asked = requests.post(f"{graph}/directoryObjects/{identity}/{path}", json=body, headers=headers, timeout=5)
        return asked.json()["value"]

    me = requests.get(f"{graph}/me", headers=headers, timeout=5)
    assert ids("servicePrincipals", **{"$filter": "startswith(displayName, 'iris-')"}) == [identity]
    assert ids(f"groups/{own}/members") == [identity]
    assert ids(f"servicePrincipals/{identity}/memberOf") == [own]
    assert ids(f"servicePrincipals/{identity}/transitiveMemberOf") == sorted([own, above])
    assert groups("checkMemberGroups", groupIds=[above, "none"]) == [above]
    assert groups("getMemberGroups", securityEnabledOnly=True) == sorted([own, above])
    assert (me.status_code, "delegated" in me.text) == (400, True)


def test_a_world_takes_groups_and_deleted_vaults_as_they_are_printed(
    serve: Callable[..., Emulator], call: Call, write_world: Callable[..., Any]
) -> None:
    """`az` calls them Microsoft.Resources/resourceGroups and Microsoft.KeyVault/deletedVaults."""
    deleted = "/subscriptions/s/providers/Microsoft.KeyVault/locations/eastus2/deletedVaults/kv"
    resources = [
        {"id": "/subscriptions/s", "subscriptionId": "s"},
        {"id": "/subscriptions/s/resourceGroups/g", "name": "g", "type": "Microsoft.Resources/resourceGroups"},
        {
            "id": deleted,
            "name": "kv",
            "type": "Microsoft.KeyVault/deletedVaults",
            "properties": {"location": "eastus2"},
        },
    ]
    emulator = serve(write_world(f"resources: {json.dumps(resources)}\n"))

    group = call(emulator, "/subscriptions/s/resourcegroups/g", "2021-04-01").json()
    vaults = call(emulator, "/subscriptions/s/providers/Microsoft.KeyVault/deletedVaults", "2023-07-01").json()

    assert (group["name"], group["type"]) == ("g", "Microsoft.Resources/resourceGroups")
    assert [one["id"] for one in vaults["value"]] == [deleted]
    assert call(emulator, deleted, "2023-07-01").status_code == 200
