"""ARM templates read for the key vaults they would write."""

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pytest_amlpreflight.facts.project.template import AccessPolicies, Template
from pytest_amlpreflight.readers.project.template_expression import Scope, UndecidableError, evaluate
from pytest_amlpreflight.readers.project.template_file import read_template, read_templates

SCHEMA = "https://schema.management.azure.com/schemas/2019-04-01/deploymentTemplate.json#"


def template(root: Path, resources: object, **rest: Any) -> Template:
    """The template with these resources."""
    content = {"$schema": SCHEMA, "resources": resources} | rest
    (root / "azuredeploy.json").write_text(json.dumps(content, indent=2), encoding="utf-8")
    found = read_template(root / "azuredeploy.json", root)
    assert found is not None
    return found


def vault(policies: object = (), **rest: Any) -> dict[str, Any]:
    """A vault resource with the access policies."""
    properties = {"accessPolicies": list(policies) if isinstance(policies, tuple) else policies}
    return {"type": "Microsoft.KeyVault/vaults", "name": "kv-prod", "properties": properties} | rest


def test_vault_with_an_empty_list_is_found(tmp_path: Path) -> None:
    """A vault's line and policies are read, and whether a workspace stands beside it."""
    workspace = {"type": "Microsoft.MachineLearningServices/workspaces", "name": "ml"}

    found = template(tmp_path, [workspace, vault()])

    assert found.has_workspace
    assert [(each.name, each.access_policies) for each in found.vaults] == [("kv-prod", AccessPolicies.EMPTY)]
    assert str(found.vaults[0].position) == "azuredeploy.json:9"


@pytest.mark.parametrize(
    ("properties", "policies"),
    [
        ({}, AccessPolicies.EMPTY),
        ({"accessPolicies": [{"objectId": "1"}]}, AccessPolicies.WRITTEN),
        ({"accessPolicies": "[parameters('none')]"}, AccessPolicies.EMPTY),
        ({"accessPolicies": "[parameters('unknown')]"}, AccessPolicies.UNDECIDABLE),
        ({"accessPolicies": "[reference('x').accessPolicies]"}, AccessPolicies.UNDECIDABLE),
        ({"enableRbacAuthorization": True, "accessPolicies": []}, AccessPolicies.UNUSED),
        ({"enableRbacAuthorization": "[parameters('rbac')]"}, AccessPolicies.UNUSED),
    ],
)
def test_policies_are_decided_from_parameters(
    tmp_path: Path, properties: dict[str, Any], policies: AccessPolicies
) -> None:
    """Defaults of parameters count; what only the deployment knows is said to be undecidable."""
    parameters = {"none": {"defaultValue": []}, "unknown": {"type": "array"}, "rbac": {"defaultValue": True}}

    found = template(tmp_path, [vault() | {"properties": properties}], parameters=parameters)

    assert found.vaults[0].access_policies is policies


@pytest.mark.parametrize(
    ("condition", "deployed"),
    [
        (True, True),
        ("[equals(parameters('option'), 'new')]", True),
        ("[not(equals(parameters('option'), 'NEW'))]", False),
        ("[variables('wanted')]", True),
        ("[parameters('vaultExists')]", None),
        ("[greater(1, 2)]", None),
    ],
)
def test_conditions_are_decided_where_they_can_be(tmp_path: Path, condition: object, deployed: bool | None) -> None:
    """A switch with a default is understood, one without is not guessed at."""
    found = template(
        tmp_path,
        [vault(condition=condition)],
        parameters={"option": {"defaultValue": "new"}, "vaultExists": {"type": "bool"}},
        variables={"wanted": "[equals(parameters('option'), 'new')]"},
    )

    assert found.vaults[0].is_deployed is deployed


def test_nested_templates_are_followed(tmp_path: Path) -> None:
    """Compiled Bicep modules are templates in templates, with parameters handed down."""
    inner = {"parameters": {"policies": {"type": "array"}}, "resources": {"kv": vault("[parameters('policies')]")}}
    nested = {
        "type": "Microsoft.Resources/deployments",
        "properties": {"template": inner, "parameters": {"policies": {"value": []}}},
    }

    found = template(tmp_path, {"module": nested})

    assert [each.access_policies for each in found.vaults] == [AccessPolicies.EMPTY]


def test_comments_are_allowed(tmp_path: Path) -> None:
    """Templates may hold comments, and addresses are none."""
    text = f'{{"$schema": "{SCHEMA}", // first\n /* second */ "resources": []}}'
    (tmp_path / "a.json").write_text(text, encoding="utf-8")

    found = read_template(tmp_path / "a.json", tmp_path)

    assert found is not None
    assert found.problem is None


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ('{"deploymentTemplate.json":', "a.json:1: is not JSON: expecting value"),
        ('"deploymentTemplate.json' + "[" * 100_000, "a.json:1: is not JSON"),
    ],
)
def test_broken_templates_say_where(tmp_path: Path, text: str, problem: str) -> None:
    """A template that cannot be read is a fact with a problem."""
    (tmp_path / "a.json").write_text(text, encoding="utf-8")

    found = read_template(tmp_path / "a.json", tmp_path)

    assert found is not None
    assert str(found.problem).startswith(problem)


def test_other_json_is_no_template(tmp_path: Path) -> None:
    """A sample request is not mistaken for a template."""
    (tmp_path / "a.json").write_text('{"data": [1, 2]}', encoding="utf-8")

    found = read_template(tmp_path / "a.json", tmp_path)

    assert found is None


def test_templates_are_found_by_pattern(tmp_path: Path) -> None:
    """Patterns name files anywhere below the root, and only templates among them count."""
    (tmp_path / "infrastructure/modules").mkdir(parents=True)
    for name in ("infrastructure/b.json", "infrastructure/modules/a.json"):
        (tmp_path / name).write_text(json.dumps({"$schema": SCHEMA, "resources": []}), encoding="utf-8")
    (tmp_path / "infrastructure/parameters.json").write_text("{}", encoding="utf-8")

    found = read_templates(["infrastructure/**/*.json", "infrastructure/b.json"], tmp_path)

    assert [each.shown for each in found] == ["infrastructure/b.json", "infrastructure/modules/a.json"]


@pytest.mark.parametrize(
    ("expression", "value"),
    [
        ("plain", "plain"),
        ("[[not an expression]", "[not an expression]"),
        ("[concat('kv-', parameters('team'), '''s')]", "kv-blue's"),
        ("[if(empty(createArray()), 1, 2)]", 1),
    ],
)
def test_expressions_are_evaluated(expression: str, value: object) -> None:
    """The functions that switches are made of are understood."""
    found = evaluate(expression, Scope({"team": "blue"}))

    assert found == value


def test_variables_in_a_circle_are_undecidable() -> None:
    """An expression that leads to itself comes to an end."""
    scope = Scope(variables={"a": "[variables('a')]"})

    with pytest.raises(UndecidableError, match="a"):
        evaluate("[variables('a')]", scope)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(text=st.text(alphabet="[]()',.abcdefnoqrt1 ", max_size=40))
def test_any_expression_is_decided_or_not(text: str) -> None:
    """Whatever stands in brackets, the answer is a value or `UndecidableError`."""
    try:
        evaluate(f"[{text}]", Scope({"a": "x"}))
    except UndecidableError as error:
        text = str(error)

    assert isinstance(text, str)
