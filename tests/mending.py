"""Fixes, carried out: on the emulated Azure as one more change of its world, on the user's files in place."""

import re
from collections.abc import Iterable, Iterator
from itertools import takewhile
from pathlib import Path
from typing import Any

import yaml

from pytest_amlpreflight.fix import (
    AddLine,
    Command,
    EditLine,
    Fix,
    GrantRole,
    InWords,
    SetProperty,
    blanks_of,
    has_blanks,
    is_shell,
)
from pytest_amlpreflight.verdict import Culprit

ROLE = "Microsoft.Authorization/roleDefinitions"
ROLES = {
    "Managed Identity Operator": (["Microsoft.ManagedIdentity/userAssignedIdentities/*/assign/action"], []),
    "AzureML Data Scientist": (["Microsoft.MachineLearningServices/workspaces/*"], []),
    "Azure Kubernetes Service Cluster Admin Role": (
        ["Microsoft.ContainerService/managedClusters/listClusterAdminCredential/action"],
        [],
    ),
    "Kubernetes Extension Contributor": (["Microsoft.KubernetesConfiguration/extensions/*"], []),
    "Reader": (["*/read"], []),
}
"""Actions and data actions of built-in roles that the example's world does not have."""


def values_of(culprit: Culprit) -> list[Fix]:
    """The fixes that can be carried out, as far as they come first: properties, roles, lines of files."""
    return list(takewhile(lambda fix: isinstance(fix, SetProperty | GrantRole | EditLine | AddLine), culprit.fixes))


def carried_out(culprits: Iterable[Culprit], project: Path, world: str) -> Path:
    """Carry out what each culprit has for it; the file with what that changes in the world."""
    fixes = [fix for one in culprits for fix in values_of(one)]
    for fix in fixes:
        if isinstance(fix, EditLine | AddLine):
            path = project / fix.where.path
            path.write_text(edited(path.read_text(encoding="utf-8"), fix), encoding="utf-8")
    changes = list(_changes(fixes, yaml.safe_load((project / world).read_text(encoding="utf-8"))))
    mended = project / "mended.yml"
    content = {"title": "mended", "guide": "", "phase": "pre", "change": changes}
    mended.write_text(yaml.safe_dump(content), encoding="utf-8")
    return mended


def _changes(fixes: Iterable[Fix], world: dict[str, Any]) -> Iterator[dict[str, Any]]:
    for number, fix in enumerate(fixes):
        if isinstance(fix, SetProperty):
            yield {"resource": fix.resource, "merge": _nested(fix.path.split("."), fix.value)}
        elif isinstance(fix, GrantRole):
            yield from _granted(fix, number, world)


def _nested(path: list[str], value: object) -> object:
    return {path[0]: _nested(path[1:], value)} if path else value


def _granted(fix: GrantRole, number: int, world: dict[str, Any]) -> Iterator[dict[str, Any]]:
    known = {one["properties"]["roleName"]: one["id"] for one in world["resources"] if one.get("type") == ROLE}
    role = known.get(fix.role)
    if role is None:
        actions, data_actions = ROLES[fix.role]
        role = f"/providers/{ROLE}/00000000-0000-4000-8000-{number:012}"
        held = {"actions": actions, "notActions": [], "dataActions": data_actions, "notDataActions": []}
        properties = {"roleName": fix.role, "type": "BuiltInRole", "assignableScopes": ["/"], "permissions": [held]}
        yield {"add": {"id": role, "name": role.rpartition("/")[2], "type": ROLE, "properties": properties}}
    name = f"00000000-0000-4000-9000-{number:012}"
    properties = {"roleDefinitionId": role, "principalId": fix.principal_id, "principalType": fix.kind}
    properties |= {"scope": fix.scope, "condition": None, "conditionVersion": None, "createdBy": None}
    assignment = "Microsoft.Authorization/roleAssignments"
    place = f"{fix.scope}/providers/{assignment}/{name}"
    yield {"add": {"id": place, "name": name, "type": assignment, "properties": properties}}


MENDED = {
    "aks-as-a-service-principal",
    "aks-with-pod-identity",
    "kubernetes-endpoint-identity-may-not-pull",
    "workspace-identity-may-not-use-the-cluster",
    "arc-cluster-with-an-internal-load-balancer",
    "instance-type-below-the-limits",
    "provider-cdn-not-registered",
    "provider-kubernetesconfiguration-not-registered",
    "provider-policyinsights-not-registered",
    "connection-role-missing",
    "deployer-is-a-reader",
    "deployer-may-not-assign-the-identity",
    "key-vault-role-missing",
    "key-vault-trusts-another-tenant",
    "key-vault-turns-trusted-services-away",
    "key-vault-without-public-access-bypasses-nobody",
    "registry-honours-repository-roles-only",
    "registry-pull-role-conditional",
    "registry-pull-role-missing",
    "registry-pull-role-on-another-registry",
    "registry-pull-role-still-spreading",
    "secret-vault-role-missing",
    "secret-vault-without-rbac",
    "storage-read-role-missing",
    "storage-refuses-the-workspace-keys",
    "storage-role-is-control-plane-only",
    "storage-turns-azure-machine-learning-away",
    "storage-write-role-missing-for-data-collector",
    "workspace-in-legacy-mode",
}
"""The failures that a property, a role or a line of the user's file mends."""

NOT_MENDED = {
    "build-compute-absent": "which cluster may build images is for a person to say",
    "build-compute-missing": "which cluster may build images is for a person to say",
    "image-in-a-registry-without-pull-role": "closed egress does not reach another registry, whatever role is granted",
    "deployer-has-no-role": "who has no role at all may not read either what the other checks look at",
}
"""Those whose first fix is one of these, and that are not whole with it: why.

The first fix of every other failure is a command that creates, deletes, starts, registers an asset or approves; one
that only shows what somebody has to decide about; or words.
"""


def edited(text: str, fix: EditLine | AddLine) -> str:
    """A file's text with the fix carried out. Raises `ValueError` where the fix names no line of it."""
    lines = text.splitlines()
    if isinstance(fix, AddLine) and fix.where.line is None:
        return "\n".join([*lines, fix.text]) + "\n"
    at = (fix.where.line or 0) - 1
    if not 0 <= at < len(lines):
        raise ValueError(f"{fix.where} is no line of the file")
    if isinstance(fix, EditLine):
        lines[at] = "".join(_start_of(lines[at])) + fix.text
    else:
        lines.insert(at + 1, _indent_below(lines, at) + fix.text)
    return "\n".join(lines) + "\n"


def _start_of(line: str) -> tuple[str, str]:
    """What indents a line, and the dash of a list."""
    stripped = line.lstrip()
    return line[: len(line) - len(stripped)], "- " if stripped.startswith("- ") else ""


def _indent_below(lines: list[str], at: int) -> str:
    """What indents the lines below one: as the next does where it stands deeper, else two blanks more."""
    (indent, dash), below = _start_of(lines[at]), _start_of(lines[at + 1])[0] if at + 1 < len(lines) else ""
    return below if len(below) > len(indent) else f"{indent}{'  ' * (1 + bool(dash))}"


def capitals(fix: Fix) -> list[str]:
    """The words of a command that look as if somebody had to fill them in, and are not known to."""
    words = fix.words if isinstance(fix, Command) else ()
    found = (word.rpartition("=")[2] for word in words if word != "POST")
    return [
        word for word in found if re.fullmatch(r"[A-Z]{2,}([-_][A-Z]+)*(\.\w+)?|.*<.*>.*", word) and not has_blanks(fix)
    ]


def unexplained(fixes: Iterable[Fix]) -> list[str]:
    """The words to be filled in of which no line beside them says what they stand for."""
    told = " ".join(fix.text for fix in fixes if isinstance(fix, InWords))
    blanks = [blank for fix in fixes if is_shell(fix) for blank in blanks_of(fix)]
    return [blank for blank in blanks if not re.search(rf"\b{re.escape(blank)}\b", told)]
