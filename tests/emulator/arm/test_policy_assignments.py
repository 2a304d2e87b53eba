"""Which policies are in force, as the emulator's forecast has them."""

import json
from pathlib import Path
from typing import Any

import pytest

from pytest_amlpreflight.emulator import world
from pytest_amlpreflight.emulator.arm.policy import restrictions
from pytest_amlpreflight.emulator.notation import merge

GROUP = "/subscriptions/5f1c2f0e-6c5b-4b1e-9a35-2f4f5d6f0a11/resourceGroups/ml-prod"
WORKSPACE = f"{GROUP}/providers/Microsoft.MachineLearningServices/workspaces/contoso-ml"
ASSIGNMENT = f"{GROUP}/providers/Microsoft.Authorization/policyAssignments/private-endpoints-only"
DEFINITION = (
    f"{GROUP.rpartition('/resourceGroups/')[0]}/providers/Microsoft.Authorization/policyDefinitions/"
    "endpoints-are-private"
)
ENDPOINTS = "Microsoft.MachineLearningServices/workspaces/onlineEndpoints"
PARAMETERS = {"parameters": {"effect": {"type": "String", "defaultValue": "Audit"}}}
BY_PARAMETER = PARAMETERS | {"policyRule": {"then": {"effect": "[parameters('effect')]"}}}


def policies(example: Path, *changes: tuple[str, dict[str, Any]], tags: dict[str, str] | None = None) -> list[str]:
    """The names of the assignments that refuse a public endpoint, after changes of the example's resources."""
    state = world.load(example)
    for resource, change in changes:
        state.put(merge(state.get(resource) or {"id": resource}, change))
    content = {"type": ENDPOINTS, "tags": tags or {}, "properties": {"publicNetworkAccess": "Enabled"}}
    asked = {"resourceDetails": {"resourceContent": content, "scope": WORKSPACE}}
    answer: Any = restrictions(state, GROUP, json.dumps(asked).encode()).body
    found = answer["contentEvaluationResult"]["policyEvaluations"]
    return [one["policyInfo"]["policyAssignmentId"].rpartition("/")[2] for one in found]


def test_a_policy_refuses_what_violates_it(world_path: Path) -> None:
    """The example's own."""
    assert policies(world_path) == ["private-endpoints-only"]


@pytest.mark.parametrize(
    ("resource", "change"),
    [
        (ASSIGNMENT, {"properties": {"enforcementMode": "DoNotEnforce"}}),
        (ASSIGNMENT, {"properties": {"notScopes": [WORKSPACE.upper()]}}),
        (ASSIGNMENT, {"properties": {"overrides": [{"kind": "policyEffect", "value": "Audit"}]}}),
        (DEFINITION, {"properties": BY_PARAMETER}),
        (
            f"{WORKSPACE}/providers/Microsoft.Authorization/policyExemptions/waived",
            {
                "type": "Microsoft.Authorization/policyExemptions",
                "properties": {"policyAssignmentId": ASSIGNMENT, "exemptionCategory": "Waiver"},
            },
        ),
    ],
)
def test_a_policy_that_is_not_in_force_refuses_nothing(world_path: Path, resource: str, change: dict[str, Any]) -> None:
    """Not enforced, not here, overridden, audited by default, or waived."""
    assert policies(world_path, (resource, change)) == []


def test_an_assignment_says_what_its_parameters_are(world_path: Path) -> None:
    """Its value counts, and not the definition's default."""
    denies = {"properties": {"parameters": {"effect": {"value": "Deny"}}}}

    assert policies(world_path, (DEFINITION, {"properties": BY_PARAMETER}), (ASSIGNMENT, denies)) == [
        "private-endpoints-only"
    ]


def test_a_set_of_policies_hands_its_parameters_on(world_path: Path) -> None:
    """The most common assignment of all: a set, at a management group, that wants a tag."""
    definition, members = DEFINITION.replace("endpoints-are-private", "tagged"), "/policySetDefinitions/tags"
    members = DEFINITION.rpartition("/policyDefinitions/")[0] + members
    wanted = {"field": "[concat('tags[', parameters('tag'), ']')]", "exists": "false"}
    rule = {"if": {"allOf": [{"field": "type", "equals": ENDPOINTS}, wanted]}, "then": {"effect": "deny"}}
    handed_on = {"policyDefinitionId": definition, "parameters": {"tag": {"value": "[parameters('name')]"}}}
    changes = (
        (definition, {"type": "Microsoft.Authorization/policyDefinitions", "properties": {"policyRule": rule}}),
        (
            members,
            {"type": "Microsoft.Authorization/policySetDefinitions", "properties": {"policyDefinitions": [handed_on]}},
        ),
        (
            "/providers/Microsoft.Management/managementGroups/m/providers/Microsoft.Authorization/policyAssignments/t",
            {
                "type": "Microsoft.Authorization/policyAssignments",
                "properties": {"policyDefinitionId": members, "parameters": {"name": {"value": "owner"}}},
            },
        ),
    )

    assert sorted(policies(world_path, *changes)) == ["private-endpoints-only", "t"]
    assert policies(world_path, *changes, tags={"owner": "ml"}) == ["private-endpoints-only"]
