"""One state behind every door: what one answer says, no other contradicts, and roles decide who hears it."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import requests

from pytest_amlpreflight.emulator import Emulator
from pytest_amlpreflight.emulator.notation import read

SUBSCRIPTION = "/subscriptions/5f1c2f0e-6c5b-4b1e-9a35-2f4f5d6f0a11"
WORKSPACE = f"{SUBSCRIPTION}/resourceGroups/ml-prod/providers/Microsoft.MachineLearningServices/workspaces/contoso-ml"
RULE = {"type": "FQDN", "destination": "example.org", "status": "Active", "category": "UserDefined"}
VERSION = "2025-06-01"

Call = Callable[..., requests.Response]
Change = Callable[[dict[str, Any]], None]


@pytest.fixture
def serve_changed(serve: Callable[..., Emulator], world_path: Path, tmp_path: Path) -> Callable[[Change], Emulator]:
    """Serve the example's world after a change of its sections."""

    def start(change: Change) -> Emulator:
        sections = dict(read(world_path))
        change(sections)
        path = tmp_path / "changed.json"
        path.write_text(json.dumps(sections), encoding="utf-8")
        return serve(path)

    return start


def of_workspace(sections: dict[str, Any]) -> dict[str, Any]:
    """The workspace's properties, to be changed."""
    return next(one["properties"] for one in sections["resources"] if one["id"] == WORKSPACE)


def test_a_workspaces_rules_are_resources_too(serve_changed: Callable[[Change], Emulator], call: Call) -> None:
    """A rule inside the workspace is listed, and answers on its own."""

    def change(sections: dict[str, Any]) -> None:
        network = {"isolationMode": "AllowInternetOutbound", "outboundRules": {"feed": RULE}}
        of_workspace(sections)["managedNetwork"] = network

    emulator = serve_changed(change)

    rows = call(emulator, f"{WORKSPACE}/outboundRules", VERSION).json()["value"]
    alone = call(emulator, f"{WORKSPACE}/outboundRules/feed", VERSION).json()

    assert rows == [alone]
    assert (alone["name"], alone["properties"]) == ("feed", RULE)


def test_a_rule_that_is_a_resource_stands_in_the_workspace(
    serve_changed: Callable[[Change], Emulator], call: Call
) -> None:
    """A world written from `az ml workspace outbound-rule list` says the same."""
    rule = {"id": f"{WORKSPACE}/outboundRules/feed", "name": "feed", "properties": RULE}
    emulator = serve_changed(lambda sections: sections["resources"].append(rule))

    workspace = call(emulator, WORKSPACE, VERSION).json()

    assert workspace["properties"]["managedNetwork"]["outboundRules"] == {"feed": RULE}


@pytest.mark.parametrize("kind", ["models/iris", "environments/iris-scoring"])
def test_an_asset_of_which_there_is_a_version_is_listed_by_name(emulator: Emulator, call: Call, kind: str) -> None:
    """The container names its latest version, and the next."""
    folder, name = kind.split("/")

    (row,) = call(emulator, f"{WORKSPACE}/{folder}", VERSION).json()["value"]

    assert row == call(emulator, f"{WORKSPACE}/{kind}", VERSION).json()
    assert row["name"] == name
    latest = row["properties"]["latestVersion"]
    assert int(row["properties"]["nextVersion"]) == int(latest) + 1
    assert call(emulator, f"{WORKSPACE}/{kind}/versions/{latest}", VERSION).status_code == 200


def test_what_the_healthy_world_names_exists(emulator: Emulator, call: Call) -> None:
    """The compute that builds images, the deployment's code, the subnet of the private endpoint."""
    properties = call(emulator, WORKSPACE, VERSION).json()["properties"]
    blue = call(emulator, f"{WORKSPACE}/onlineEndpoints/iris/deployments/blue", VERSION).json()["properties"]
    endpoint = properties["privateEndpointConnections"][0]["properties"]["privateEndpoint"]["id"]
    subnet = call(emulator, endpoint, "2024-05-01").json()["properties"]["subnet"]["id"]

    named = [
        (f"{WORKSPACE}/computes/{properties['imageBuildCompute']}", VERSION),
        (blue["codeConfiguration"]["codeId"], VERSION),
        (subnet, "2024-05-01"),
    ]

    assert [call(emulator, *one).status_code for one in named] == [200, 200, 200]


def test_a_caller_without_roles_is_refused_as_azure_refuses(
    serve: Callable[..., Emulator], call: Call, world_path: Path
) -> None:
    """403 with action, scope and object id for what is there and for what is not; own permissions are nobody's
    secret.
    """
    emulator = serve(world_path, failures=["deployer-has-no-role"])

    for path in (WORKSPACE, f"{WORKSPACE}x"):
        refused = call(emulator, path, VERSION)
        assert (refused.status_code, refused.json()["error"]["code"]) == (403, "AuthorizationFailed")
        assert "with object id '0c6a0c3b-5b1a-4b52-8f0e-6a8f3d1e7c21'" in refused.json()["error"]["message"]
        assert "'Microsoft.MachineLearningServices/workspaces/read'" in refused.json()["error"]["message"]
    own = call(emulator, f"{WORKSPACE}/providers/Microsoft.Authorization/permissions", "2022-04-01")
    assert own.json()["value"] == []


@pytest.mark.parametrize(("failures", "seen"), [([], 1), (["deployer-has-no-role"], 0)])
def test_subscriptions_are_listed_to_whoever_may_read_one(
    serve: Callable[..., Emulator], call: Call, world_path: Path, failures: list[str], seen: int
) -> None:
    """An empty list for everybody else, never a refusal."""
    emulator = serve(world_path, failures=failures)

    answer = call(emulator, "/subscriptions", "2022-12-01")

    assert (answer.status_code, len(answer.json()["value"])) == (200, seen)


def test_a_deny_assignment_takes_a_role_away(serve_changed: Callable[[Change], Emulator], call: Call) -> None:
    """From everybody, but those it excludes."""
    denial = {
        "id": f"{WORKSPACE}/providers/Microsoft.Authorization/denyAssignments/d",
        "name": "d",
        "properties": {
            "permissions": [{"actions": ["*/computes/read"]}],
            "principals": [{"id": "00000000-0000-0000-0000-000000000000", "type": "SystemDefined"}],
        },
    }
    emulator = serve_changed(lambda sections: sections["resources"].append(denial))

    statuses = [call(emulator, path, VERSION).status_code for path in (f"{WORKSPACE}/computes", WORKSPACE)]

    assert statuses == [403, 200]


def test_a_world_may_leave_the_door_open(serve_changed: Callable[[Change], Emulator], call: Call) -> None:
    """`enforced: false` answers a caller without any role."""

    def change(sections: dict[str, Any]) -> None:
        sections["caller"] = {"objectId": "nobody", "enforced": False}

    assert call(serve_changed(change), WORKSPACE, VERSION).status_code == 200
