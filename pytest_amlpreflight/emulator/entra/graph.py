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
    r"|(?P<member>appId|displayName|id) eq '(?P<value>[^']+)'"
)
_IDENTITIES = "Microsoft.ManagedIdentity/userAssignedIdentities"
_KINDS = {"group": "#microsoft.graph.group", "user": "#microsoft.graph.user"}


def answer(world: World, method: str, path: str, query: Mapping[str, str], body: bytes) -> Answer:
    """The Graph reads behind `az ad sp show` and `az role assignment list --assignee`."""
    known = _objects(world)
    parts = path.strip("/").split("/")[1:]
    if method == "POST" and parts == ["directoryObjects", "getByIds"]:
        wanted = _ids(body)
        if wanted is None:
            return _error(400, "Request_BadRequest", "Invalid value specified for property 'ids'.")
        return Answer({"value": [one for one in known if one["id"].lower() in wanted]})
    if method == "GET" and parts[0] in ("servicePrincipals", "users", "groups"):
        kind = {"servicePrincipals": "servicePrincipal", "users": "user", "groups": "group"}[parts[0]]
        found = [one for one in known if one["@odata.type"].endswith(f".{kind}")]
        return _one(found, parts[1]) if len(parts) == 2 else _list(found, query.get("$filter"))
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
    if match:
        known = [one for one in known if str(one.get(match["member"])).lower() == match["value"].lower()]
    return Answer({"value": known})


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
    for group in {above for groups in world.groups.values() for above in groups}:
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


def _ids(body: bytes) -> set[str] | None:
    try:
        found = json.loads(body or b"{}")
    except (ValueError, RecursionError):
        return None
    ids = found.get("ids") if isinstance(found, dict) else None
    return {str(one).lower() for one in ids} if isinstance(ids, list) else None


def _error(status: int, code: str, message: str, unknown: str | None = None) -> Answer:
    return Answer({"error": {"code": code, "message": message}}, status, unknown=unknown)
