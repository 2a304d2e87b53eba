"""What the workspace is linked to and what Azure finds, read through the SDK stack."""

from typing import Any

import pytest

from pytest_amlpreflight.facts.resources.diagnosis import DiagnosisResult
from pytest_amlpreflight.facts.unread import FactAbsent, FactUnreadable
from pytest_amlpreflight.readers.resources.application_insights import read_application_insights
from pytest_amlpreflight.readers.resources.deleted_key_vault import read_deleted_key_vault
from pytest_amlpreflight.readers.resources.diagnosis import read_diagnosis
from pytest_amlpreflight.readers.resources.workspace import read_workspace

OWN, OTHER = "11111111-1111-1111-1111-111111111111", "22222222-2222-2222-2222-222222222222"

DIAGNOSE = "*/workspaces/contoso-ml/diagnose"
VAULT = "Microsoft.KeyVault/vaults/contoso-ml-kv"


def diagnosed(world: Any, **groups: list[dict[str, str]]) -> None:
    """Let Azure find something."""
    world.add({"id": f"{world.workspace_id}/diagnose/default", "value": groups})


def test_healthy_workspace_has_an_empty_diagnosis(world: Any) -> None:
    """The operation is asked after until it is done: one POST, two reads."""
    azure = world.connect()

    diagnosis = read_diagnosis(azure.arm, world.workspace_id)

    assert diagnosis is not None
    assert diagnosis.results == ()
    assert [request.status for request in world.emulator.requests if "iagnos" in request.path] == [202]
    assert sum("workspaceOperationsStatus" in request.path for request in world.emulator.requests) == 2


def test_results_keep_azures_words_and_groups(world: Any) -> None:
    """Code and message verbatim, levels compared without case."""
    row = {"code": "CustomDNSInUse", "level": "Warning", "message": "custom DNS"}
    diagnosed(world, dnsResolutionResults=[row], otherResults=[])

    diagnosis = read_diagnosis(world.connect().arm, world.workspace_id)

    assert diagnosis is not None
    assert diagnosis.of_level("warning") == (
        DiagnosisResult("dnsResolutionResults", "CustomDNSInUse", "Warning", "custom DNS"),
    )
    assert diagnosis.of_level("Error") == ()


def test_diagnosis_that_is_denied_is_none(world: Any) -> None:
    """Reader may not run it, and that is no error."""
    world.fault("deny", DIAGNOSE)

    assert read_diagnosis(world.connect().arm, world.workspace_id) is None


def test_diagnosis_that_a_lock_forbids_is_none(world: Any) -> None:
    """A read-only lock lets nobody run actions; that it stands there is for another check to say."""
    lock = {"name": "frozen", "properties": {"level": "ReadOnly"}}
    world.add(lock | {"id": f"{world.workspace_id.text}/providers/Microsoft.Authorization/locks/frozen"})

    assert read_diagnosis(world.connect().arm, world.workspace_id) is None


def test_diagnosis_in_a_disabled_subscription_is_none(world: Any) -> None:
    """Nothing but reading is left there."""
    world["5f1c2f0e-6c5b-4b1e-9a35-2f4f5d6f0a11"]["state"] = "Disabled"

    assert read_diagnosis(world.connect().arm, world.workspace_id) is None


def test_diagnosis_that_fails_is_unreadable(world: Any) -> None:
    """Everything but a denial is an answer that was expected and did not come."""
    world.fault("status", DIAGNOSE, status=400, code="BadRequest")

    with pytest.raises(FactUnreadable, match=r"the diagnosis of workspace contoso-ml is unreadable: HTTP 400"):
        read_diagnosis(world.connect().arm, world.workspace_id)


def test_vault_in_soft_delete_is_found_by_the_id_it_had(world: Any) -> None:
    """Another vault of the same name in another group is none of ours; casing is Azure's own."""
    other = world.id(VAULT).text.replace("ml-prod", "other")
    add_deleted(world, "westus", "contoso-ml-kv", vaultId=other)
    add_deleted(
        world, "eastus2", "contoso-ml-kv", vaultId=world.id(VAULT).text.upper(), scheduledPurgeDate="2027-01-28"
    )
    arm = world.connect().arm

    for region in ("eastus2", "westus", "northeurope"):
        deleted = read_deleted_key_vault(arm, world.id(VAULT), region)
        assert deleted is not None
        assert (deleted.location, deleted.deleted_at, deleted.purged_at) == ("eastus2", None, "2027-01-28")


def test_vault_in_soft_delete_costs_one_request_in_the_workspaces_region(world: Any) -> None:
    """The list of a busy subscription takes one for every five vaults."""
    for number in range(7):
        add_deleted(world, "eastus2", f"kv-{number}", vaultId=f"/none/{number}")
    add_deleted(world, "eastus2", "contoso-ml-kv", vaultId=world.id(VAULT).text)
    arm, asked = world.connect().arm, world.emulator.requests
    before = len(asked)

    assert read_deleted_key_vault(arm, world.id(VAULT), "eastus2")

    assert [one.path.rpartition("/")[2] for one in asked[before:] if "deletedVaults" in one.path] == ["contoso-ml-kv"]
    assert read_deleted_key_vault(arm, world.id("Microsoft.KeyVault/vaults/gone"), "eastus2") is None
    assert [one.path.rpartition("/")[2] for one in asked if "deletedVaults" in one.path][1:] == [
        "gone",
        "deletedVaults",
        "deletedVaults",
    ]


def add_deleted(world: Any, region: str, name: str, **properties: str) -> None:
    """One more vault in soft delete."""
    place = f"{world.id(VAULT).text.partition('/resourceGroups')[0]}/providers/Microsoft.KeyVault/locations/{region}"
    document = {"id": f"{place}/deletedVaults/{name}", "name": name, "properties": {**properties, "location": region}}
    world.add(document)


def test_vault_that_was_never_deleted_is_not_among_the_deleted(world: Any) -> None:
    """An empty list is an answer."""
    assert read_deleted_key_vault(world.connect().arm, world.id(VAULT), "eastus2") is None


def test_application_insights_are_read_by_the_casing_of_the_workspace(world: Any) -> None:
    """Azure writes `microsoft.insights` and `Microsoft.insights`, and means the same."""
    found = read_application_insights(
        world.connect().arm, world.id("Microsoft.insights/components/contoso-ml-ai"), named_by="workspace contoso-ml"
    )

    assert found.name == "contoso-ml-ai"


def test_application_insights_that_are_gone_are_absent(world: Any) -> None:
    """The one who names them is in the sentence."""
    with pytest.raises(FactAbsent, match=r"Application Insights gone does not exist, but workspace contoso-ml names"):
        read_application_insights(
            world.connect().arm, world.id("Microsoft.Insights/components/gone"), named_by="workspace contoso-ml"
        )


def test_hub_that_is_gone_is_called_a_hub(world: Any) -> None:
    """A hub is a workspace to ARM, and not to the operator."""
    hub = world.id("Microsoft.MachineLearningServices/workspaces/hub")

    with pytest.raises(FactAbsent, match=r"^hub hub does not exist, but project contoso-ml names it"):
        read_workspace(world.connect().arm, hub, word="hub", named_by="project contoso-ml")


def test_outbound_rules_come_with_the_workspace(world: Any) -> None:
    """Azure repeats them in the workspace's own answer, so they cost no read; an odd one has no category."""
    rules = {
        "feed": {"type": "FQDN", "destination": "feed.contoso.com", "status": "Active", "category": "UserDefined"},
        "odd": {"type": "PrivateEndpoint", "destination": {}, "status": "Failed", "errorInformation": "subnet full"},
    }
    network = {"isolationMode": "AllowOnlyApprovedOutbound", "status": {"status": "Active"}, "outboundRules": rules}
    world.properties("workspaces/contoso-ml")["managedNetwork"] = network

    found = read_workspace(world.connect().arm, world.workspace_id).managed_network

    assert found is not None
    assert found.active
    assert [(one.name, one.category, one.failed, one.error) for one in found.outbound_rules] == [
        ("feed", "UserDefined", False, None),
        ("odd", "", True, "subnet full"),
    ]


def test_principals_are_those_of_every_identity(world: Any) -> None:
    """A user-assigned identity that was deleted stays behind as a key without a principal."""
    world["workspaces/contoso-ml"]["identity"] = {
        "type": "SystemAssigned,UserAssigned",
        "principalId": OWN,
        "userAssignedIdentities": {
            world.id("Microsoft.ManagedIdentity/userAssignedIdentities/a").text: {
                "principalId": OTHER,
                "clientId": OTHER,
            },
            world.id("Microsoft.ManagedIdentity/userAssignedIdentities/b").text: None,
        },
    }

    found = read_workspace(world.connect().arm, world.workspace_id)

    assert found.principal_ids == (OWN, OTHER)
