"""An audit of many reads from Resource Graph what that may tell, and says nothing that a single run would not say."""

from collections.abc import Callable
from typing import Any

import pytest
from judging import EXAMPLE, WORKSPACE, Said, emulated, judge

from pytest_amlpreflight.emulator import Emulator
from pytest_amlpreflight.emulator.faults import Fault
from pytest_amlpreflight.emulator.ids import key

GROUP = WORKSPACE.partition("/providers/")[0]
SUBSCRIPTION = GROUP.partition("/resourceGroups/")[0]
VAULT = f"{GROUP}/providers/Microsoft.KeyVault/vaults/contoso-ml-kv"
ENDPOINT = f"{WORKSPACE}/onlineEndpoints/iris"
OPEN = {"properties": {"networkAcls": {"bypass": "AzureServices", "defaultAction": "Deny"}}}
SHUT = {"properties": {"networkAcls": {"bypass": "None", "defaultAction": "Deny"}}}
ADMITS = "key_vault::vault_admits_trusted_services"
KEEPS = "key_vault::vault_keeps_the_workspace_access"
PULLS = "identity::registry_grants_pull_to_endpoint_identity"
READY = "workspace::workspace_is_ready"
EXISTS = "workspace::linked_resources_exist"
FORECAST = f"{GROUP}/providers/Microsoft.PolicyInsights/checkPolicyRestrictions"
LOGS = f"{ENDPOINT}/deployments/blue/getLogs"
NO_KEYS = {
    "if": {"field": "Microsoft.MachineLearningServices/workspaces/onlineEndpoints/authMode", "equals": "Key"},
    "then": {"effect": "deny"},
}

Change = Callable[[Emulator], None]


def audit(monkeypatch: pytest.MonkeyPatch, change: Change, *only: str, bulk: bool = True) -> tuple[Said, list[str]]:
    """What the checks say, and which paths were asked."""
    with emulated(monkeypatch, EXAMPLE / "world.yml") as emulator:
        change(emulator)
        said = judge(emulator, "audit", frozenset(only) or None, bulk=bulk)
        return said, [key(request.path) for request in emulator.requests if request.status != 429]


def row(arm_id: str, patch: Any) -> Change:
    """Let Resource Graph tell something else of a resource than the resource itself."""
    return lambda emulator: emulator.world.stale.update({key(arm_id): patch})


def merged(arm_id: str, patch: dict[str, Any]) -> Change:
    """Let a resource be otherwise; Resource Graph knows it too."""

    def change(emulator: Emulator) -> None:
        found = emulator.world.get(arm_id) or {}
        emulator.world.put({**found, "properties": {**found["properties"], **patch["properties"]}})

    return change


def test_a_healthy_workspace_passes_by_rows(monkeypatch: pytest.MonkeyPatch) -> None:
    """Word for word as in a single run, and none of what has rows is asked itself."""
    direct, _ = audit(monkeypatch, lambda _: None, bulk=False)
    bulk, paths = audit(monkeypatch, lambda _: None)

    assert (bulk.passes, bulk.skips, bulk.advises) == (direct.passes, direct.skips, direct.advises)
    assert not bulk.blocks | bulk.errors
    itself = [key(one) for one in (WORKSPACE, VAULT, ENDPOINT, f"{ENDPOINT}/deployments/blue")]
    assert not set(itself) & set(paths)
    assert not [path for path in paths if path.endswith("/roleassignments") and not path.startswith(key(SUBSCRIPTION))]


@pytest.mark.parametrize(
    ("change", "check", "path"),
    [
        pytest.param(row(VAULT, SHUT), ADMITS, VAULT, id="tells what was mended"),
        pytest.param(row(VAULT, {"properties": {"networkAcls": None}}), ADMITS, VAULT, id="lacks a member"),
        pytest.param(row(VAULT, None), ADMITS, VAULT, id="is not there"),
        pytest.param(row(VAULT, {"properties": {"accessPolicies": 7}}), KEEPS, VAULT, id="makes no sense"),
        pytest.param(
            row(WORKSPACE, {"properties": {"keyVault": f"{VAULT}-old"}}), EXISTS, WORKSPACE, id="names another"
        ),
        pytest.param(
            row(WORKSPACE, {"properties": {"provisioningState": "Failed"}}), READY, WORKSPACE, id="tells an old state"
        ),
    ],
)
def test_a_row_that_lags_behind_fails_nobody(
    monkeypatch: pytest.MonkeyPatch, change: Change, check: str, path: str
) -> None:
    """The resource itself is asked, and has the last word."""
    said, paths = audit(monkeypatch, change, check)

    assert said.passes == {check}
    assert key(path) in paths


@pytest.mark.parametrize("tells", [SHUT, None, {"properties": {"networkAcls": None}}])
def test_what_is_wrong_is_said_in_a_single_run_s_words(monkeypatch: pytest.MonkeyPatch, tells: Any) -> None:
    """Whether Resource Graph knows it already, or has no row yet, or one that lacks what counts."""
    both = lambda emulator: (merged(VAULT, SHUT)(emulator), row(VAULT, tells)(emulator))  # noqa: E731

    direct, _ = audit(monkeypatch, both, ADMITS, bulk=False)
    bulk, _ = audit(monkeypatch, both, ADMITS)

    assert bulk.blocks == {ADMITS}
    assert bulk.words == direct.words


@pytest.mark.parametrize("without", [{}, {"properties": None}])
def test_why_something_failed_is_asked_of_itself(monkeypatch: pytest.MonkeyPatch, without: dict[str, Any]) -> None:
    """The row of a failed deployment may lack the address of its last operation, where the reason is."""
    name, rows = "deployment-failed-image-build", row(f"{ENDPOINT}/deployments/blue", {"properties": without})

    with emulated(monkeypatch, EXAMPLE / "world.yml", [name]) as emulator:
        rows(emulator)
        bulk, direct = (judge(emulator, "audit", bulk=bulk) for bulk in (True, False))

    assert bulk.blocks == direct.blocks >= {"logs::image_build_has_succeeded"}


def test_a_row_proves_what_is_present_in_it(monkeypatch: pytest.MonkeyPatch) -> None:
    """So a pass may be as old as the row; `--aml-fresh` is for whoever cannot live with that."""
    both = lambda emulator: (merged(VAULT, SHUT)(emulator), row(VAULT, OPEN)(emulator))  # noqa: E731

    said, paths = audit(monkeypatch, both, ADMITS)

    assert said.passes == {ADMITS}
    assert key(VAULT) not in paths


@pytest.mark.parametrize(
    "resource",
    [
        "Microsoft.ResourceGraph/resources",
        f"{SUBSCRIPTION}/providers/microsoft.authorization/*assignments".lower(),
        f"{SUBSCRIPTION}/providers/microsoft.insights/autoscalesettings".lower(),
    ],
)
def test_where_many_cannot_be_asked_at_once_each_is_asked_itself(
    monkeypatch: pytest.MonkeyPatch, resource: str
) -> None:
    """A caller who may not read a subscription may still read the workspace."""
    deny = lambda emulator: emulator.world.faults.append(Fault("deny", resource))  # noqa: E731
    checks = (ADMITS, KEEPS, PULLS, "autoscale::autoscale_targets_live_deployments")

    said, _ = audit(monkeypatch, deny, *checks)

    assert said.passes == set(checks)


def test_a_grant_of_some_management_group_proves_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    """No row says which subscriptions are beneath it; the registry itself is asked who may pull."""

    def change(emulator: Emulator) -> None:
        world = emulator.world
        for one in list(world.of_type("Microsoft.Authorization/roleAssignments")):
            if "registries" in one["id"]:
                world.remove(one["id"])
                scope = "/providers/Microsoft.Management/managementGroups/other"
                world.stale[f"{scope}/providers/microsoft.authorization/roleassignments/x".lower()] = {
                    "id": f"{scope}/providers/Microsoft.Authorization/roleAssignments/x",
                    "type": one["type"],
                    "properties": {**one["properties"], "scope": scope},
                }

    said, _ = audit(monkeypatch, change, PULLS)

    assert said.blocks == {PULLS}


def test_a_grant_that_may_have_a_condition_proves_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    """A row that does not tell the condition: the registry itself is asked, and its grant has one."""
    limited = {"condition": "@Resource[name] StringEquals 'other'", "conditionVersion": "2.0"}

    def change(emulator: Emulator) -> None:
        for one in list(emulator.world.of_type("Microsoft.Authorization/roleAssignments")):
            if "registries" in one["id"]:
                emulator.world.put({**one, "properties": {**one["properties"], **limited}})
                row(one["id"], {"properties": {"condition": None}})(emulator)

    direct, _ = audit(monkeypatch, change, PULLS, bulk=False)
    bulk, _ = audit(monkeypatch, change, PULLS)

    assert PULLS not in bulk.passes
    assert (bulk.blocks, bulk.advises, bulk.words) == (direct.blocks, direct.advises, direct.words)


def test_azure_s_limits_cost_time_and_no_verdict(monkeypatch: pytest.MonkeyPatch) -> None:
    """A refusal is waited out whole, by everybody who draws from the same bucket."""
    limits = {"reads": {"burst": 3, "per_second": 40}, "queries": {"burst": 2, "seconds": 1}}

    with emulated(monkeypatch, EXAMPLE / "world.yml") as emulator:
        emulator.world.throttling = limits
        said = judge(emulator, "audit", bulk=True)

    assert not said.blocks | said.errors | said.advises


def test_policies_are_asked_for_a_forecast_where_their_record_names_the_endpoint(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """What complies needs none; what stands against a policy is judged by what the next change would meet."""
    check = "subscription::policy_allows_the_deployment"
    definition = f"{SUBSCRIPTION}/providers/Microsoft.Authorization/policyDefinitions/no-keys"
    assigned = {"policyDefinitionId": definition, "scope": SUBSCRIPTION}

    def deny(emulator: Emulator) -> None:
        emulator.world.put({"id": definition, "properties": {"policyType": "Custom", "policyRule": NO_KEYS}})
        emulator.world.put(
            {"id": f"{SUBSCRIPTION}/providers/Microsoft.Authorization/policyAssignments/no", "properties": assigned}
        )

    healthy, unasked = audit(monkeypatch, lambda _: None, check)
    denied, asked = audit(monkeypatch, deny, check, bulk=False)

    assert (healthy.passes, unasked.count(key(FORECAST))) == ({check}, 0)
    assert (denied.blocks, asked.count(key(FORECAST))) == ({check}, 2)


@pytest.mark.parametrize(
    ("server", "state", "logs"),
    [
        pytest.param(None, "Succeeded", 1, id="a server is up"),
        pytest.param(None, "Failed", 2, id="the deployment failed"),
        pytest.param("", "Succeeded", 2, id="no container is up"),
    ],
)
def test_what_fetched_the_files_is_asked_where_no_server_has_started_since(
    monkeypatch: pytest.MonkeyPatch, server: str | None, state: str, logs: int
) -> None:
    """Its log is one more action of each workspace, and tells nothing about a server that runs."""
    deployment = f"{ENDPOINT}/deployments/blue"

    def change(emulator: Emulator) -> None:
        merged(deployment, {"properties": {"provisioningState": state}})(emulator)
        if server is not None:
            emulator.world.logs[key(deployment)]["InferenceServer"] = server

    _, paths = audit(monkeypatch, change, "logs::container_logs_are_clean")

    assert paths.count(key(LOGS)) == logs
