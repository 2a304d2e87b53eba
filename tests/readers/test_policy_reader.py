"""What Azure Policy is asked about a resource that is yet to be created, and its record of violations."""

from pathlib import Path
from typing import Any

import pytest

from pytest_amlpreflight.facts.project.spec import AuthMode, DeploymentSpec, EndpointSpec
from pytest_amlpreflight.facts.reference import (
    AssetReference,
    CodeConfiguration,
    EnvironmentReference,
    ModelReference,
)
from pytest_amlpreflight.facts.resource_id import parse_resource_id
from pytest_amlpreflight.readers.resources.deployment_settings import duration
from pytest_amlpreflight.readers.resources.endpoint import deployment_from_spec, endpoint_from_spec
from pytest_amlpreflight.readers.resources.policy import read_denied_states
from pytest_amlpreflight.readers.resources.request_content import (
    DEPLOYMENTS,
    RequestContent,
    deployment_content,
    endpoint_content,
)

WORKSPACE = parse_resource_id(
    "/subscriptions/s/resourceGroups/g/providers/Microsoft.MachineLearningServices/workspaces/ml"
)
assert WORKSPACE


def sent(spec: DeploymentSpec) -> RequestContent:
    """What will be sent for that spec."""
    assert WORKSPACE
    return deployment_content(deployment_from_spec(spec), spec, WORKSPACE, "eastus2")


@pytest.mark.parametrize(
    ("mode", "spelled"), [(AuthMode.KEY, "Key"), (AuthMode.AML_TOKEN, "AMLToken"), (AuthMode.AAD_TOKEN, "AADToken")]
)
def test_an_endpoint_is_sent_in_the_spelling_of_azure(mode: AuthMode, spelled: str) -> None:
    """A policy compares with ARM's words, not with those of the YAML; tags go along."""
    content: Any = endpoint_content(
        endpoint_from_spec(EndpointSpec("iris", auth_mode=mode, tags={"owner": "ml"})), "eastus2"
    ).content

    assert content["properties"]["authMode"] == spelled
    assert content["tags"] == {"owner": "ml"}


def test_a_deployment_is_sent_with_all_that_its_request_will_carry() -> None:
    """Registered assets by their ids, durations as Azure's tools write them."""
    spec = DeploymentSpec(
        "blue",
        "iris",
        model=ModelReference(asset=AssetReference("m", "3")),
        environment=EnvironmentReference(asset=AssetReference("e", "1", registry="azureml")),
        tags={"owner": "ml"},
    )

    content: Any = sent(spec).content

    properties = content["properties"]
    assert content["tags"] == {"owner": "ml"}
    assert properties["model"] == f"{WORKSPACE}/models/m/versions/3"
    assert properties["environmentId"] == "azureml://registries/azureml/environments/e/versions/1"
    assert properties["requestSettings"]["requestTimeout"] == "PT5S"
    assert properties["livenessProbe"]["initialDelay"] == "PT10S"
    assert not sent(spec).pending


def test_what_the_deployment_registers_on_its_way_is_pending() -> None:
    """Code, a local model and an inline environment get their ids from Azure."""
    spec = DeploymentSpec(
        "blue",
        "iris",
        model=ModelReference(path=Path("model")),
        environment=EnvironmentReference(image="mcr.microsoft.com/x:1"),
        code=CodeConfiguration(path=Path("src"), scoring_script="score.py"),
    )

    found = sent(spec)

    assert found.pending == tuple(
        f"{DEPLOYMENTS}/{one}" for one in ("model", "environmentId", "codeConfiguration.codeId")
    )


@pytest.mark.parametrize(("milliseconds", "text"), [(0, "PT0S"), (500, "PT0.5S"), (5000, "PT5S"), (90_000, "PT1M30S")])
def test_durations_are_written_as_azures_tools_write_them(milliseconds: int, text: str) -> None:
    """ISO 8601, without a part that is nothing."""
    assert duration(milliseconds) == text


def test_policy_states_are_read_to_their_last_page(world: Any) -> None:
    """Azure pages them by `@odata.nextLink`, which is asked by POST like the first."""
    subscription = f"/subscriptions/{world.workspace_id.subscription}"
    policy = f"{subscription}/providers/Microsoft.Authorization"
    rule = {"if": {"field": "location", "exists": "true"}, "then": {"effect": "deny"}}
    world.add({"id": f"{policy}/policyDefinitions/d", "name": "d", "properties": {"policyRule": rule}})
    given = {"policyDefinitionId": f"{policy}/policyDefinitions/d", "scope": subscription}
    world.add({"id": f"{policy}/policyAssignments/a", "name": "a", "properties": given})
    whole = read_denied_states(world.connect().arm, world.workspace_id)
    world.sections["paging"] = {"size": 2}

    assert len(whole) > 4
    assert read_denied_states(world.connect().arm, world.workspace_id) == whole
