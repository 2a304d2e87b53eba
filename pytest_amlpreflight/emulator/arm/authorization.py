"""Role assignments, role definitions, deny assignments and permissions, filtered as Azure filters them."""

import re
from collections.abc import Iterable, Iterator
from operator import itemgetter
from typing import Any
from uuid import UUID

from .. import ids
from ..answers import Answer, arm_error
from ..world import Document, World
from .list_filters import UnsupportedFilter
from .placed import is_of_a_group

_ROLE_ASSIGNMENTS = "Microsoft.Authorization/roleAssignments"
_DENY_ASSIGNMENTS = "Microsoft.Authorization/denyAssignments"
_ROLE_DEFINITIONS = "Microsoft.Authorization/roleDefinitions"

EVERYONE = "00000000-0000-0000-0000-000000000000"
"""The principal that a deny assignment for everybody names."""

_FILTERS = {
    "at_scope": re.compile(r"atScope\(\)", re.IGNORECASE),
    "assigned_to": re.compile(r"assignedTo\('(?P<value>[^']+)'\)", re.IGNORECASE),
    "principal": re.compile(r"(?:gdprExportPrincipalId|principalId) eq '?(?P<value>[^']+?)'?", re.IGNORECASE),
    "deny_name": re.compile(r"denyAssignmentName eq '(?P<value>[^']+)'", re.IGNORECASE),
    "role_type": re.compile(r"type eq '(?P<value>[^']+)'", re.IGNORECASE),
    "role_name": re.compile(r"roleName eq '(?P<value>[^']+)'", re.IGNORECASE),
    "at_and_below": re.compile(r"atScopeAndBelow\(\)", re.IGNORECASE),
}


def conditions(text: str | None) -> dict[str, str]:
    """The parts of a `$filter`, by name: `{"at_scope": "", "assigned_to": oid}`. Raises `UnsupportedFilter`."""
    found: dict[str, str] = {}
    for part in re.split(r"\s+and\s+", text.strip(), flags=re.IGNORECASE) if text else []:
        for name, pattern in _FILTERS.items():
            if match := pattern.fullmatch(part.strip()):
                found[name] = match.groupdict().get("value") or ""
                break
        else:
            raise UnsupportedFilter(part)
    return found


def unsupported_filter(text: str) -> Answer:
    """What Azure answers to a filter it does not evaluate."""
    message = (
        f"The filter '{text}' is not supported. Supported filters are 'atScope()', 'assignedTo()' and 'principalId eq'."
    )
    return arm_error(400, "UnsupportedQuery", message, unknown=f"unknown $filter {text}")


def role_assignments(world: World, scope: str, text: str | None) -> list[Document]:
    """The role assignments Azure lists at `scope`.

    Without a filter: those at the scope, above it and below it. `atScope()` leaves out those below. `assignedTo(oid)`
    keeps the principal's own and its groups', through any number of groups; `principalId eq` its own only.
    """
    wanted = conditions(text)
    if "assigned_to" in wanted:
        found = _held_by(world, world.members_of(wanted["assigned_to"]))
    else:
        found = list(world.of_type(_ROLE_ASSIGNMENTS))
    if "principal" in wanted:
        found = [one for one in found if _principal(one) == wanted["principal"].lower()]
    return _at(found, scope, wanted)


def deny_assignments(world: World, scope: str, text: str | None) -> list[Document]:
    """The deny assignments Azure lists at `scope`; the filters are those of role assignments, and the name."""
    found = _at(world.of_type(_DENY_ASSIGNMENTS), scope, wanted := conditions(text))
    if "principal" in wanted:
        found = [one for one in found if wanted["principal"].lower() in _denied(one)]
    if "assigned_to" in wanted:
        members = world.members_of(wanted["assigned_to"])
        found = [one for one in found if members & _denied(one)]
    if "deny_name" in wanted:
        found = [one for one in found if one["properties"].get("denyAssignmentName") == wanted["deny_name"]]
    return found


def role_definition(world: World, guid: str) -> Document | None:
    """A role definition by its GUID: built-in ones answer at every scope."""
    by_name = world.remembered(
        "role definitions by name", lambda: {one["name"].lower(): one for one in world.of_type(_ROLE_DEFINITIONS)}
    )
    return by_name.get(guid.lower())


def role_definitions(world: World, text: str | None) -> list[Document]:
    """Every role definition, or those of one type or name."""
    wanted, found = conditions(text), list(world.of_type(_ROLE_DEFINITIONS))
    for name, member in (("role_type", "type"), ("role_name", "roleName")):
        if name in wanted:
            found = [one for one in found if str(one["properties"].get(member)).lower() == wanted[name].lower()]
    return found


def permissions(world: World, scope: str) -> list[Document]:
    """What the caller may do at `scope`: one block for each permission of each assignment in effect there."""
    held = own_permissions(world)
    return [block for where in ids.scopes(scope) for block in held.get(where, ())]


def denied_permissions(world: World, scope: str) -> list[Document]:
    """What deny assignments take from the caller at `scope`."""
    members = world.members_of(world.caller["objectId"])
    there = [one for one in _at(world.of_type(_DENY_ASSIGNMENTS), scope, {"at_scope": ""}) if _reaches(one, scope)]
    found = [one["properties"] for one in there]
    met = [one for one in found if _names(one, "principals") & {*members, EVERYONE}]
    return [
        block for one in met if not _names(one, "excludePrincipals") & members for block in one.get("permissions") or []
    ]


def is_assigned(world: World, scope: str) -> bool:
    """Whether the caller has a role at the scope, above it or below it."""
    above = ids.scopes(scope)
    return any(where in above or ids.within(where, scope) for where in own_permissions(world))


def own_permissions(world: World) -> dict[str, list[Document]]:
    """What the caller's assignments permit, by the scope where they are; management groups stand above everything."""
    return world.remembered("own permissions", lambda: _own_permissions(world))


def _own_permissions(world: World) -> dict[str, list[Document]]:
    held = dict[str, list[Document]]()
    for one in _held_by(world, world.members_of(world.caller["objectId"])):
        where = "/" if is_of_a_group(_scope(one)) else ids.key(_scope(one))
        held.setdefault(where, []).extend(_blocks(world, one))
    return held


def _held_by(world: World, principals: set[str]) -> list[Document]:
    """The role assignments of these principals, wherever they are, in the order of the file."""
    by_principal = world.remembered("role assignments by principal", lambda: _by_principal(world))
    found = [row for principal in principals for row in by_principal.get(principal, ())]
    return [one for _, one in sorted(found, key=itemgetter(0))]


def _by_principal(world: World) -> dict[str, list[tuple[int, Document]]]:
    found = dict[str, list[tuple[int, Document]]]()
    for at, one in enumerate(world.of_type(_ROLE_ASSIGNMENTS)):
        found.setdefault(_principal(one), []).append((at, one))
    return found


def _blocks(world: World, assignment: Document) -> Iterator[Document]:
    guid = assignment["properties"]["roleDefinitionId"].rpartition("/")[2]
    definition = role_definition(world, guid)
    yield from definition["properties"]["permissions"] if definition else []


def _at(assignments: Iterable[Document], scope: str, wanted: dict[str, str]) -> list[Document]:
    below = "at_scope" not in wanted
    found = []
    for document in assignments:
        where = _scope(document)
        if _inherited(where, scope) or (below and ids.within(where, scope)):
            found.append(document)
    return found


def _inherited(where: str, scope: str) -> bool:
    """Management groups stand above every subscription of a world."""
    return is_of_a_group(where) or ids.within(scope, where)


def _reaches(denial: Document, scope: str) -> bool:
    """Whether it holds at a scope: one need not apply to what is beneath its own."""
    alone = denial["properties"].get("doNotApplyToChildScopes")
    return not alone or ids.key(_scope(denial)) == ids.key(scope)


def _scope(document: Document) -> str:
    scope = document.get("properties", {}).get("scope")
    return str(
        scope or re.split(r"/providers/Microsoft\.Authorization/", document["id"], flags=re.IGNORECASE)[0] or "/"
    )


def _principal(document: Document) -> str:
    return str(document["properties"].get("principalId")).lower()


def _denied(document: Document) -> set[str]:
    return _names(document["properties"], "principals")


def _names(properties: Document, member: str) -> set[str]:
    principals: list[dict[str, Any]] = properties.get(member) or []
    return {_dashed(str(one.get("id")).lower()) for one in principals}


def _dashed(guid: str) -> str:
    """Azure writes the principals of deny assignments without dashes, too."""
    return str(UUID(guid)) if len(guid) == 32 and guid.isalnum() else guid
