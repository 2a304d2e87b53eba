"""Resources that Azure shows in two places: inside their parent's answer, and on their own."""

from typing import Any

from .. import ids
from ..ids import ArmPath
from ..notation import merge
from ..world import Document, World, type_of
from . import derived

_LISTS = {
    "privateendpointconnections": "privateEndpointConnections",
    "subnets": "subnets",
    "virtualnetworkpeerings": "virtualNetworkPeerings",
}
_RULES = "outboundrules"
_CONTAINERS = ("codes", "components", "data", "environments", "models")
_OF_WORKSPACES = "microsoft.machinelearningservices/workspaces/"


def within_parent(world: World, arm: ArmPath) -> list[Document]:
    """The members of a collection that no resource of the world is, for their parent or their children tell of them."""
    kind, parent = arm.type.lower().rpartition("/")[2], world.get(arm.parent)
    if (rows := derived.rows(world, arm)) is not None:
        return rows
    if kind in _CONTAINERS and arm.type.lower().startswith(_OF_WORKSPACES):
        return _containers(world, arm)
    if parent is None:
        return []
    properties = parent.get("properties") or {}
    if kind == _RULES:
        rules: dict[str, Any] = (properties.get("managedNetwork") or {}).get("outboundRules") or {}
        place = f"{parent['id']}/outboundRules"
        return [
            {"id": f"{place}/{name}", "name": name, "type": arm.type, "properties": one} for name, one in rules.items()
        ]
    rows = properties.get(_LISTS.get(kind, "")) or []
    # Inside they may lack name and type; on their own they have both.
    return [{"name": one["id"].rpartition("/")[2], "type": arm.type, **one} for one in rows]


def with_children(world: World, parent: Document) -> Document:
    """A resource, with those of its children inside that the world has as resources of their own."""
    found: dict[str, Any] = {}
    for kind, member in _LISTS.items():
        if own := list(world.of_type(f"{type_of(parent)}/{kind}", parent["id"])):
            known = {ids.key(one["id"]) for one in own}
            others = (parent.get("properties") or {}).get(member) or []
            found[member] = own + [one for one in others if ids.key(one["id"]) not in known]
    if rules := list(world.of_type(f"{type_of(parent)}/{_RULES}", parent["id"])):
        found["managedNetwork"] = {"outboundRules": {one["name"]: one["properties"] for one in rules}}
    return dict(merge(parent, {"properties": found})) if found else parent


def _containers(world: World, arm: ArmPath) -> list[Document]:
    """Assets by name: each holds the versions that the world has, and Azure counts on from the newest."""
    versions: dict[str, list[Document]] = {}
    for one in world.of_type(f"{arm.type}/versions", arm.parent):
        versions.setdefault(one["id"].rpartition("/versions/")[0], []).append(one)
    return [_container(place, arm.type, found) for place, found in versions.items()]


def _container(place: str, kind: str, versions: list[Document]) -> Document:
    latest = max(versions, key=lambda one: str((one.get("systemData") or {}).get("createdAt")))
    number = str(latest["name"])
    properties: Document = {
        "description": None,
        "tags": {},
        "properties": {},
        "isArchived": False,
        "latestVersion": number,
        "nextVersion": str(int(number) + 1) if number.isdigit() else None,
        "provisioningState": "Succeeded",
    }
    known = {"id": place, "name": place.rpartition("/")[2], "type": kind, "properties": properties}
    return known | ({"systemData": latest["systemData"]} if "systemData" in latest else {})
