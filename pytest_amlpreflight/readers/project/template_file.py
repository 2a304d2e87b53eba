"""ARM templates (and compiled Bicep): JSON in, the key vaults they describe out."""

import glob
import json
import os
import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from pytest_amlpreflight.facts.project.position import Position
from pytest_amlpreflight.facts.project.script import Problem
from pytest_amlpreflight.facts.project.template import AccessPolicies, Template, VaultResource
from pytest_amlpreflight.readers.project.template_expression import Scope, UndecidableError, evaluate
from pytest_amlpreflight.readers.project.text_file import SpecError, read_text, shown_path

MAX_BYTES = 8_000_000  # Azure takes 4 MB
VAULT = "microsoft.keyvault/vaults"
WORKSPACE = "microsoft.machinelearningservices/workspaces"
NESTED = "microsoft.resources/deployments"
COMMENTS = re.compile(r'("(?:[^"\\]|\\.)*")|//[^\n]*|/\*.*?\*/', re.DOTALL)


def read_templates(patterns: Sequence[str], root: Path) -> tuple[Template, ...]:
    """Every ARM template among the files that the patterns name from `root`, in the order of their paths."""
    paths = {found for pattern in patterns for found in glob.glob(str(root / pattern), recursive=True)}
    found = (read_template(Path(path), root) for path in sorted(paths) if os.path.isfile(path))
    return tuple(each for each in found if each is not None)


def read_template(path: Path, root: Path) -> Template | None:
    """The template at `path`, nested templates included; None when the file is no ARM template.

    A file that is one and cannot be read says so in `problem`.
    """
    shown = shown_path(path, root)
    try:
        text = read_text(path, shown, MAX_BYTES)
    except SpecError as error:
        return Template(path, shown, problem=Problem(error.message, Position(error.path, error.line)))
    if "deploymentTemplate.json" not in text:
        return None
    try:
        content = json.loads(COMMENTS.sub(lambda found: found.group(1) or "", text), strict=False)
    except json.JSONDecodeError as error:
        return Template(
            path, shown, problem=Problem(f"is not JSON: {error.msg.lower()}", Position(shown, error.lineno))
        )
    except RecursionError:
        return Template(path, shown, problem=Problem("nests too deeply to be a template", Position(shown)))
    resources = list(_resources(content)) if isinstance(content, dict) else []
    lines = iter(_vault_lines(text))
    vaults = [
        _vault(each, scope, Position(shown, next(lines, None))) for kind, each, scope in resources if kind == VAULT
    ]
    return Template(path, shown, tuple(vaults), any(kind == WORKSPACE for kind, _, _ in resources))


Resource = Mapping[str, Any]


def _resources(template: Resource, outer: Scope | None = None, depth: int = 0) -> Iterator[tuple[str, Resource, Scope]]:
    """Every resource of the template, with its type in lower case and the values its expressions may name."""
    scope = outer or _scope(template)
    listed = template.get("resources", [])
    for each in listed.values() if isinstance(listed, dict) else listed if isinstance(listed, list) else ():
        if not isinstance(each, dict) or each.get("existing") is True:
            continue
        kind = str(each.get("type", "")).lower()
        yield kind, each, scope
        properties = each.get("properties")
        nested = properties.get("template") if kind == NESTED and isinstance(properties, dict) else None
        if isinstance(nested, dict) and depth < 20:
            given = _passed(properties.get("parameters"), scope) if isinstance(properties, dict) else {}
            yield from _resources(nested, _scope(nested, given), depth + 1)
        elif "resources" in each and depth < 20:
            yield from _resources(each, scope, depth + 1)


def _scope(template: Resource, given: Mapping[str, Any] | None = None) -> Scope:
    declared = template.get("parameters")
    defaults = {
        name: each["defaultValue"]
        for name, each in (declared.items() if isinstance(declared, dict) else ())
        if isinstance(each, dict) and "defaultValue" in each
    }
    variables = template.get("variables")
    return Scope({**defaults, **(given or {})}, variables if isinstance(variables, dict) else {})


def _passed(parameters: object, scope: Scope) -> dict[str, Any]:
    """The parameters handed to a nested template, where their values can be decided."""
    found: dict[str, Any] = {}
    for name, each in parameters.items() if isinstance(parameters, dict) else ():
        if isinstance(each, dict) and "value" in each:
            try:
                found[name] = evaluate(each["value"], scope)
            except UndecidableError:
                found[name] = "[undecidable()]"
    return found


def _vault(resource: Resource, scope: Scope, position: Position) -> VaultResource:
    condition = resource.get("condition", True)
    properties = resource.get("properties")
    return VaultResource(
        name=_shown(resource.get("name"), scope),
        position=position,
        access_policies=_policies(properties if isinstance(properties, dict) else {}, scope),
        is_deployed=_decided(condition, scope),
        condition=condition if isinstance(condition, str) else None,
    )


def _policies(properties: Resource, scope: Scope) -> AccessPolicies:
    if _decided(properties.get("enableRbacAuthorization", False), scope):
        return AccessPolicies.UNUSED
    try:
        policies = evaluate(properties.get("accessPolicies", []), scope)
    except UndecidableError:
        return AccessPolicies.UNDECIDABLE
    if properties.get("copy") is not None:  # a property copied per element is built by the deployment
        return AccessPolicies.UNDECIDABLE
    return AccessPolicies.WRITTEN if policies else AccessPolicies.EMPTY


def _decided(value: object, scope: Scope) -> bool | None:
    try:
        found = evaluate(value, scope)
    except UndecidableError:
        return None
    return found.lower() == "true" if isinstance(found, str) else bool(found)


def _shown(name: object, scope: Scope) -> str:
    try:
        return str(evaluate(name, scope))
    except UndecidableError:
        return str(name)


def _vault_lines(text: str) -> list[int]:
    found = re.finditer(r'"type"\s*:\s*"Microsoft\.KeyVault/vaults"', text, re.IGNORECASE)
    return [text.count("\n", 0, each.start()) + 1 for each in found]
