"""Microsoft Graph, as far as the Azure CLI asks it who somebody is: service principals and objects by id.

Who there is follows from the world: its caller, the identities of its resources, its groups, and whoever holds a role.
"""

import json
import re
from collections.abc import Mapping
from typing import Any

from ..answers import Answer
from ..world import World

_FILTER = re.compile(
    r"servicePrincipalNames/any\(\w+:\w+ eq '(?P<name>[^']+)'\)"
    r"|startswith\(displayName,\s*'(?P<start>[^']+)'\)"
    r"|(?P<member>appId|displayName|id) eq '(?P<value>[^']+)'"
)
_IDENTITIES = "Microsoft.ManagedIdentity/userAssignedIdentities"
_COLLECTIONS = {"servicePrincipals": "servicePrincipal", "users": "user", "groups": "group"}
_LINKS = ("members", "memberOf", "transitiveMemberOf")
_KINDS = {"group": "#microsoft.graph.group", "user": "#microsoft.graph.user"}


def answer(world: World, method: str, path: str, query: Mapping[str, str], body: bytes) -> Answer:
    """The Graph reads behind `az ad sp show`, `az ad group member check` and `az role assignment list --assignee`."""
    known = _objects(world)
    parts = path.strip("/").split("/")[1:]
    if method == "POST":
        return _asked(world, known, parts, body)
    if method == "GET" and parts[0] == "me":
        return _error(400, "BadRequest", "/me request is only valid with delegated authentication flow.")
    if method == "GET" and parts[0] in _COLLECTIONS:
        found = [one for one in known if one["@odata.type"].endswith(f".{_COLLECTIONS[parts[0]]}")]
        if len(parts) == 3 and parts[2] in _LINKS:
            return _linked(world, known, parts[1].lower(), parts[2])
        if len(parts) <= 2:
            return _one(found, parts[1]) if len(parts) == 2 else _list(found, query.get("$filter"))
    return _unknown()


def _asked(world: World, known: list[dict[str, Any]], parts: list[str], body: bytes) -> Answer:
    """Which objects there are of some, and which groups one is in."""
    name = parts[-1] if parts else ""
    if parts == ["directoryObjects", "getByIds"]:
        wanted = _texts(body, "ids")
        if wanted is None:
            return _error(400, "Request_BadRequest", "Invalid value specified for property 'ids'.")
        return Answer({"value": [one for one in known if one["id"].lower() in wanted]})
    if len(parts) != 3 or name not in ("checkMemberGroups", "getMemberGroups"):
        return _unknown()
    groups = world.members_of(parts[1]) - {parts[1].lower()}
    wanted = _texts(body, "groupIds")
    return Answer({"value": sorted(groups if name == "getMemberGroups" else groups & (wanted or set()))})


def _linked(world: World, known: list[dict[str, Any]], object_id: str, link: str) -> Answer:
    """The members of a group, or the groups of an object: its own, or through others too."""
    above = {member.lower(): {group.lower() for group in groups} for member, groups in world.groups.items()}
    if link == "members":
        found = {member for member, groups in above.items() if object_id in groups}
    else:
        found = above.get(object_id, set()) if link == "memberOf" else world.members_of(object_id) - {object_id}
    return Answer({"value": [one for one in known if one["id"].lower() in found]})


def _unknown() -> Answer:
    return _error(404, "ResourceNotFound", "no such route", unknown="no such route")


def _one(known: list[dict[str, Any]], object_id: str) -> Answer:
    found = next((one for one in known if one["id"].lower() == object_id.lower()), None)
    if found is None:
        text = (
            f"Resource '{object_id}' does not exist or one of its queried reference-property objects are not present."
        )
        return _error(404, "Request_ResourceNotFound", text)
    return Answer(found)


def _list(known: list[dict[str, Any]], text: str | None) -> Answer:
    match = _FILTER.fullmatch(text.strip()) if text else None
    if text and match is None:
        return _error(400, "Request_UnsupportedQuery", f"Unsupported filter {text}.", unknown="unknown $filter")
    if match and match["name"]:
        return Answer({"value": [one for one in known if match["name"].lower() in _names(one)]})
    if match and match["start"]:
        return Answer({"value": [one for one in known if _begins(one, match["start"])]})
    if match:
        known = [one for one in known if str(one.get(match["member"])).lower() == match["value"].lower()]
    return Answer({"value": known})


def _begins(one: dict[str, Any], start: str) -> bool:
    return str(one["displayName"]).lower().startswith(start.lower())


def _names(one: dict[str, Any]) -> list[str]:
    return [name.lower() for name in one.get("servicePrincipalNames", [])]


def _objects(world: World) -> list[dict[str, Any]]:
    """Every object of the directory that the world tells of, each once."""
    found = {world.caller["objectId"]: _principal(world.caller["objectId"], world.caller.get("appId"), "caller")}
    for one in world.documents.values():
        identity = one.get("identity") or {}
        if identity.get("principalId") and "SystemAssigned" in str(identity.get("type")):
            found.setdefault(identity["principalId"], _principal(identity["principalId"], None, one["name"]))
    for one in world.of_type(_IDENTITIES):
        held = one["properties"]
        found.setdefault(held["principalId"], _principal(held["principalId"], held.get("clientId"), one["name"]))
    for group in sorted({above for groups in world.groups.values() for above in groups}):
        found[group] = {"@odata.type": _KINDS["group"], "id": group, "displayName": group}
    for one in world.of_type("Microsoft.Authorization/roleAssignments"):
        held = one["properties"]
        kind = _KINDS.get(str(held.get("principalType")).lower())
        other = {"@odata.type": kind, "id": held["principalId"], "displayName": held["principalId"]}
        found.setdefault(
            held["principalId"], other if kind else _principal(held["principalId"], None, held["principalId"])
        )
    return list(found.values())


def _principal(object_id: str, app_id: str | None, name: str) -> dict[str, Any]:
    return {
        "@odata.type": "#microsoft.graph.servicePrincipal",
        "id": object_id,
        "appId": app_id or object_id,
        "displayName": name,
        "servicePrincipalType": "Application" if name == "caller" else "ManagedIdentity",
        "servicePrincipalNames": [app_id or object_id],
        "accountEnabled": True,
    }


def _texts(body: bytes, member: str) -> set[str] | None:
    try:
        found = json.loads(body or b"{}")
    except (ValueError, RecursionError):
        return None
    held = found.get(member) if isinstance(found, dict) else None
    return {str(one).lower() for one in held} if isinstance(held, list) else None


def _error(status: int, code: str, message: str, unknown: str | None = None) -> Answer:
    return Answer({"error": {"code": code, "message": message}}, status, unknown=unknown)
