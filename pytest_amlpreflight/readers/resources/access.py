"""Role assignments, the roles behind them, and deny assignments."""

import re
from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from uuid import UUID

from pytest_amlpreflight.facts.resource_id import parse_resource_id
from pytest_amlpreflight.facts.resources.access import (
    Access,
    DenyAssignment,
    PermissionBlock,
    Principal,
    RoleAssignment,
    RoleDefinition,
)
from pytest_amlpreflight.facts.resources.role_condition import CONTAINER
from pytest_amlpreflight.facts.scope import describe_scope
from pytest_amlpreflight.facts.unread import FactAbsent
from pytest_amlpreflight.readers.connection.api_versions import ROLE_ASSIGNMENTS, ROLE_DEFINITIONS
from pytest_amlpreflight.readers.connection.arm import Arm
from pytest_amlpreflight.readers.connection.document import Document

TELLS_CONDITIONS = "2022-05-01-preview"
"""The first version of roles and permissions that tells the conditions in them; no stable one does."""

ROLES = "Microsoft.Authorization/roleDefinitions"

_WITHOUT_DASHES = re.compile(r"[0-9A-Fa-f]{32}")

UNTOLD = "that this cloud's api-version does not tell"


def read_access(arm: Arm, principal_id: str, scope: str) -> Access:
    """What decides the effective permissions of a principal at a scope.

    `assignedTo()` makes Azure expand groups, transitively; `atScope()` leaves out what lies beneath.
    """
    assignments, denials = arm.both(
        lambda: read_assignments(arm, principal_id, scope), lambda: read_denials(arm, scope)
    )
    return Access(principal_id=principal_id, scope=scope, assignments=assignments, denials=denials)


def with_parts(arm: Arm, access: Access, parts: Sequence[str]) -> Access:
    """The same, with what the principal may do at parts of the scope; conditions may name a container."""
    read = arm.together(partial(read_access, arm, access.principal_id), parts)
    named = [replace(one, attributes=_container(one.scope)) for one in read]
    return replace(access, parts=tuple(named))


def _container(scope: str) -> dict[str, str]:
    found = parse_resource_id(scope)
    return {CONTAINER: found.name} if found and f"{found.kind}:name".lower() == CONTAINER else {}


def read_assignments(arm: Arm, principal_id: str, scope: str) -> tuple[tuple[RoleAssignment, RoleDefinition], ...]:
    """The assignments that reach the principal at the scope, each with its role. Roles that PIM merely offers are not
    among them; one that was deleted, which Azure refuses while it is assigned but for what moved to another tenant,
    grants nothing.
    """
    rows = arm.list(
        f"{scope}/providers/Microsoft.Authorization/roleAssignments",
        ROLE_ASSIGNMENTS,
        f"the role assignments of {describe_scope(scope)}",
        permission="Microsoft.Authorization/roleAssignments/read",
        filter=f"atScope() and assignedTo('{principal_id}')",
    )
    assignments = [_assignment(row) for row in rows]
    roles = arm.together(partial(_role_or_empty, arm), [given.role_definition_id for given in assignments])
    return tuple(zip(assignments, roles, strict=True))


def read_role(arm: Arm, role_definition_id: str) -> RoleDefinition:
    """The role with that id."""
    document = arm.get(
        role_definition_id,
        ROLE_DEFINITIONS,
        f"role definition {role_definition_id.rsplit('/', 1)[-1]}",
        permission="Microsoft.Authorization/roleDefinitions/read",
    )
    properties = document.need_child("properties")
    properties.need_children("permissions")
    return RoleDefinition(
        id=role_definition_id,
        name=properties.need("roleName"),
        custom=(properties.text("type") or "").lower() == "customrole",
        permissions=permission_blocks(properties, arm.version_of(ROLES, ROLE_DEFINITIONS)),
    )


def _role_or_empty(arm: Arm, role_definition_id: str) -> RoleDefinition:
    try:
        return read_role(arm, role_definition_id)
    except FactAbsent:
        name = f"role definition {role_definition_id.rsplit('/', 1)[-1]} does not exist"
        return RoleDefinition(role_definition_id, name, custom=True, permissions=())


def read_denials(arm: Arm, scope: str) -> tuple[DenyAssignment, ...]:
    """The deny assignments at the scope and above."""
    rows = arm.list(
        f"{scope}/providers/Microsoft.Authorization/denyAssignments",
        ROLE_ASSIGNMENTS,
        f"the deny assignments of {describe_scope(scope)}",
        permission="Microsoft.Authorization/denyAssignments/read",
        filter="atScope()",
    )
    return tuple(_denial(row) for row in rows)


def permission_blocks(properties: Document, version: str = TELLS_CONDITIONS) -> tuple[PermissionBlock, ...]:
    """The `permissions` of a role, a deny assignment or an answer about the caller.

    A `version` that tells no conditions leaves unknown those that there may be: in roles they are Microsoft's own, and
    limit which role assignments a role may make
    (https://learn.microsoft.com/azure/role-based-access-control/role-definitions). A block that names these actions has
    an unknown condition then; no other block has one.
    """
    untold = version < TELLS_CONDITIONS
    return tuple(
        PermissionBlock(
            actions=block.actions("actions"),
            not_actions=block.actions("notActions"),
            data_actions=block.actions("dataActions"),
            not_data_actions=block.actions("notDataActions"),
            condition=block.text("condition") or (UNTOLD if untold and _makes_assignments(block) else None),
        )
        for block in properties.children("permissions")
    )


def _makes_assignments(block: Document) -> bool:
    return any("/roleassignments/" in action.lower() for action in block.actions("actions"))


def _assignment(document: Document) -> RoleAssignment:
    properties = document.child("properties")
    return RoleAssignment(
        id=document.need("id"),
        role_definition_id=properties.need_path("roleDefinitionId"),
        principal_id=properties.need_guid("principalId"),
        principal_type=properties.need_word("principalType"),
        scope=properties.need_path("scope"),
        condition=properties.text("condition"),
    )


def _denial(document: Document) -> DenyAssignment:
    properties = document.child("properties")
    return DenyAssignment(
        id=document.need("id"),
        name=properties.text("denyAssignmentName") or document.text("name") or document.need("id"),
        permissions=permission_blocks(properties),
        scope=properties.path("scope"),
        principals=_principals(properties, "principals"),
        exclude_principals=_principals(properties, "excludePrincipals"),
        do_not_apply_to_child_scopes=properties.flag("doNotApplyToChildScopes") or False,
    )


def _principals(properties: Document, key: str) -> tuple[Principal, ...]:
    return tuple(Principal(id=_principal_id(one), type=one.text("type") or "") for one in properties.children(key))


def _principal_id(document: Document) -> str:
    """Deny assignments were seen with ids without dashes, unlike every other answer of Azure's."""
    id_ = document.need("id")
    return str(UUID(id_)) if _WITHOUT_DASHES.fullmatch(id_) else id_
