"""A project of a hub: it has vault, storage, registry and network from its hub, and every check sees them."""

import json

import pytest

from pytest_amlpreflight.emulator.notation import read

INHERITED = ("keyVault", "storageAccount", "applicationInsights", "imageBuildCompute", "systemDatastoresAuthMode")
WORKSPACES = "Microsoft.MachineLearningServices/workspaces"


def make_a_project(example: pytest.Pytester) -> None:
    """Put the example's workspace under a hub that has all it leans on."""
    world = dict(read(example.path / "world.yml"))
    project = next(one for one in world["resources"] if one["id"].endswith("/workspaces/contoso-ml"))
    properties = project["properties"]
    hub = json.loads(json.dumps(project)) | {"id": project["id"].replace("contoso-ml", "contoso-hub"), "kind": "Hub"}
    hub["name"], hub["properties"]["workspaceId"] = "contoso-hub", "77b0a1f4-2f0e-4d3f-8a51-0c9d8e7f6a5b"
    for key in (*INHERITED, "publicNetworkAccess", "privateEndpointConnections"):
        del properties[key]
    project["kind"], properties["containerRegistry"], properties["hubResourceId"] = "Project", "", hub["id"]
    world["resources"].append(hub)
    (example.path / "world.yml").write_text(json.dumps(world), encoding="utf-8")


def outcomes(example: pytest.Pytester, *arguments: str) -> dict[str, str]:
    """What each built-in check said, by its name."""
    run = example.inline_run("-p", "no:xdist", "-q", *arguments, "aml-preflight")
    reports = [one for one in run.getreports("pytest_runtest_logreport") if one.when == "call" or not one.passed]
    return {one.nodeid.split("::")[1].partition("[")[0]: one.outcome for one in reports}


def test_project_passes_with_what_its_hub_has(example: pytest.Pytester) -> None:
    """No check fails, and those of vault, storage and registry find theirs at the hub."""
    make_a_project(example)

    said = outcomes(example, "-k", "workspace or key_vault or registry or storage")

    assert "failed" not in said.values()
    assert {
        said["check_linked_resources_exist"],
        said["check_vault_admits_trusted_services"],
        said["check_vault_keeps_the_workspace_access"],
        said["check_storage_admits_azure_machine_learning"],
        said["check_private_registry_has_a_build_compute"],
        said["check_private_endpoints_are_approved_and_recent"],
    } == {"passed"}


def test_what_is_wrong_with_the_hubs_vault_blocks_the_project(example: pytest.Pytester) -> None:
    """The vault is the hub's, and the project's deployments fail on it."""
    make_a_project(example)

    said = outcomes(example, "-k", "key_vault", "--aml-failure", "key-vault-turns-trusted-services-away")

    assert said["check_vault_admits_trusted_services"] == "failed"
