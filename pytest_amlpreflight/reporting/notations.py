"""A fix in the notations of infrastructure as code, filled in with the names found."""

import json
from collections.abc import Mapping
from typing import Any

from pytest_amlpreflight.data import load
from pytest_amlpreflight.facts.resource_id import ResourceId, parse_resource_id
from pytest_amlpreflight.fix import Fix, GrantRole, SetProperty

UNDONE = "where this resource is code, change it there: the next deployment undoes what is changed by hand"


def notations(fix: Fix) -> dict[str, str]:
    """`Bicep` and `Terraform`, each with the decisive line marked; nothing for what is no configuration."""
    if isinstance(fix, GrantRole):
        return _of_role(fix)
    if isinstance(fix, SetProperty) and fix.path == "registrationState":
        return _of_provider(fix.resource.rpartition("/")[2])
    found = parse_resource_id(fix.resource) if isinstance(fix, SetProperty) else None
    if found is None or not isinstance(fix, SetProperty):
        return {}
    return {"Bicep": _bicep(fix, found), "Terraform": _terraform(fix, found)}


def _bicep(fix: SetProperty, resource: ResourceId) -> str:
    row = _row(fix, resource) or {}
    given = row.get("bicep_value", fix.value)
    value = f"'{given}'" if isinstance(given, str) else json.dumps(given)
    *parents, last = row.get("bicep_path", fix.path).split(".")
    lines = [f"resource {_symbol(resource)} '{_published(resource.kind)}@...' = {{", f"  name: '{resource.name}'"]
    lines += [f"{'  ' * depth}{parent}: {{" for depth, parent in enumerate(parents, 1)]
    lines.append(f"{'  ' * (len(parents) + 1)}{last}: {value} // this line")
    lines += ["  " * depth + "}" for depth in range(len(parents), -1, -1)]
    return "\n".join(lines)


def _terraform(fix: SetProperty, resource: ResourceId) -> str:
    row = _row(fix, resource)
    if row is None:
        return _azapi(fix, resource)
    inner = [
        f"{row['argument']} = {row.get('value', json.dumps(fix.value))} # this line",
        *filter(None, [row.get("with")]),
    ]
    if "block" in row:
        inner = [f"{row['block']} {{", *(f"  {line}" for line in inner), "}"]
    head = f'resource "{row["resource"]}" "{_symbol(resource)}" {{ # {resource.name}'
    warning = [f"# {row['warning']}"] if "warning" in row else []
    return "\n".join([*warning, head, *(f"  {line}" for line in inner), "}"])


def _azapi(fix: SetProperty, resource: ResourceId) -> str:
    *parents, last = fix.path.split(".")
    depth = len(parents) + 1
    return "\n".join(
        [
            f'resource "azapi_update_resource" "{_symbol(resource)}" {{',
            f'  type        = "{_published(resource.kind)}@..."',
            f'  resource_id = "{resource}"',
            "  body = {",
            *(f"{'  ' * at}{parent} = {{" for at, parent in enumerate(parents, 2)),
            f"{'  ' * (depth + 1)}{last} = {json.dumps(fix.value)} # this line",
            *("  " * at + "}" for at in range(depth, -1, -1)),
        ]
    )


def _of_provider(namespace: str) -> dict[str, str]:
    """Bicep deploys no registration."""
    lines = [
        "# not for one that the azurerm provider registers by itself",
        f'resource "azurerm_resource_provider_registration" "{namespace.rpartition(".")[2]}" {{',
        f'  name = "{namespace}" # this line',
        "}",
    ]
    return {"Terraform": "\n".join(lines)}


def _of_role(fix: GrantRole) -> dict[str, str]:
    terraform = [
        'resource "azurerm_role_assignment" "grant" {',
        f'  scope                = "{fix.scope}"',
        f'  role_definition_name = "{fix.role}" # this line',
        f'  principal_id         = "{fix.principal_id}"',
        f'  principal_type       = "{fix.kind}"',
        "}",
    ]
    bicep = [
        "resource grant 'Microsoft.Authorization/roleAssignments@2022-04-01' = {",
        f"  name: guid(theResource.id, '{fix.principal_id}', '{fix.role}')",
        f"  scope: theResource // {fix.scope}",
        "  properties: {",
        f"    roleDefinitionId: roleDefinitions('{fix.role}').id // this line",
        f"    principalId: '{fix.principal_id}'",
        f"    principalType: '{fix.kind}'",
        "  }",
        "}",
    ]
    return {"Bicep": "\n".join(bicep), "Terraform": "\n".join(terraform)}


def _row(fix: SetProperty, resource: ResourceId) -> Mapping[str, Any] | None:
    wanted = (resource.kind.lower(), fix.path.lower())
    rows = load("infrastructure-code").rows
    return next((row for row in rows if (row["type"].lower(), row["path"].lower()) == wanted), None)


def _published(kind: str) -> str:
    """The type as its provider publishes it: Azure's ids have it in any casing."""
    return next((row["type"] for row in load("infrastructure-code").rows if row["type"].lower() == kind.lower()), kind)


def _symbol(resource: ResourceId) -> str:
    name = "".join(character if character.isalnum() else "_" for character in resource.name)
    return name if name[:1].isalpha() else f"r{name}"
