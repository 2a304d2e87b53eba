"""ARM's reads: a resource, a collection of them, a page of it."""

import re
from collections.abc import Mapping
from dataclasses import replace
from typing import Any
from urllib.parse import quote, urlencode, urlsplit, urlunsplit

from .. import ids
from ..answers import Answer, arm_error, front_end_not_found
from ..ids import ArmPath
from ..notation import filled
from ..world import ENDPOINTS, Document, World, type_of
from . import children, list_filters

_ZONES = "microsoft.network/privatednszones"
_LINKS = f"{_ZONES}/virtualnetworklinks"
"""They have a location of their own, so that ARM keeps account of them itself."""
_GUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.IGNORECASE)
_DEPLOYMENTS = "microsoft.resources/deployments"
_MANAGEMENT_POLICIES = "microsoft.storage/storageaccounts/managementpolicies"
_UNLISTED = ("microsoft.authorization/", "microsoft.insights/diagnosticsettings", _DEPLOYMENTS)
"""Types that ARM's own list of resources leaves out, by how they begin."""
_DELETED_VAULTS = "microsoft.keyvault/locations/deletedvaults"
_NO_RESOURCES = ("/locations", "/featureproviders")
"""Types of paths that lead somewhere and have no resources of their own."""
_ASSETS = re.compile(
    r"microsoft\.machinelearningservices/workspaces/(connections|computes|models|environments|data|codes)"
)


def resource(world: World, arm: ArmPath, own_url: str) -> Answer:
    """One resource by id, in the casing with which it is stored; ARM's or the provider's 404 when there is none."""
    document = world.get(arm.path) or _told_of(world, arm)
    if document is None:
        return not_found(world, arm)
    body = outward(children.with_children(world, document), own_url)
    return Answer(body, escape_slashes=arm.type.lower().startswith(_ZONES))


def collection(world: World, arm: ArmPath, query: Mapping[str, str], own_url: str) -> Answer:
    """Every member of a collection, a page at a time: children of a parent, or all of a type below a scope."""
    given = world.collections.get(ids.key(arm.path))
    if given is not None:
        return page(list(given["value"]), world.page_size, arm, query, own_url)
    missing = missing_parent(world, arm)
    if missing is not None:
        return missing
    found = _ordered(_members(world, arm), query)
    members = [outward(children.with_children(world, one), own_url) if "id" in one else one for one in found]
    return page(members, world.page_size, arm, query, own_url)


def resources(world: World, arm: ArmPath, query: Mapping[str, str], own_url: str) -> Answer:
    """`/subscriptions/S/resources`: what stands in resource groups, in brief."""
    wanted = query.get("$filter", "")
    held = [document for document in world.documents.values() if _listed(document, arm.parent)]
    try:
        found = list_filters.matching(held, wanted)
    except list_filters.UnsupportedFilter:
        return arm_error(400, "InvalidFilterInQueryString", f"Invalid $filter '{wanted}'.", unknown="unknown $filter")
    brief = [{name: one[name] for name in _BRIEF if name in one} | {"type": type_of(one)} for one in found]
    return page(brief, world.page_size, arm, query, own_url)


_BRIEF = ("id", "name", "type", "location", "kind", "sku", "identity", "tags")


def page(members: list[Any], size: int | None, arm: ArmPath, query: Mapping[str, str], own_url: str) -> Answer:
    """`value`, and a `nextLink` with the api-version while more is to come. Without one the key is missing."""
    top = query.get("$top", "")
    size = min(int(top), size or int(top)) if top.isdigit() and int(top) else size
    start = int(query.get("$skiptoken", "0")) if query.get("$skiptoken", "0").isdigit() else 0
    end = start + size if size else len(members)
    body: dict[str, Any] = {"value": members[start:end]}
    if end < len(members):
        onward = urlencode({**query, "$skiptoken": str(end)}, quote_via=quote)
        body["nextLink"] = f"{own_url}{quote(arm.path)}?{onward}"
    return Answer(body, escape_slashes=arm.type.lower().startswith(_ZONES))


def not_found(world: World, arm: ArmPath) -> Answer:
    """404 in the right dialect, for the outermost thing that is missing."""
    missing = missing_parent(world, arm)
    if missing is not None:
        return missing
    kind, group = arm.type, (arm.resource_group or "").rpartition("/")[2]
    if _ASSETS.match(kind.lower()):
        what = kind.rpartition("/")[2].rstrip("s").capitalize()
        workspace = world.get(ids.above(arm.path, "workspaces") or "") or {}
        return front_end_not_found(f"{what} {arm.name} can't be found in this workspace", workspace.get("location", ""))
    if kind.lower() == _DEPLOYMENTS:
        return arm_error(404, "DeploymentNotFound", f"Deployment '{arm.name}' could not be found.")
    if kind.lower() == _MANAGEMENT_POLICIES:
        account = arm.path.split("/")[-3]
        return arm_error(404, "ManagementPolicyNotFound", f"No ManagementPolicy found for account {account}")
    if kind.lower() == _DELETED_VAULTS:
        text = f"The specified deleted vault '{arm.name}' does not exist."
        return Answer({"error": {"code": "DeletedVaultNotFound", "message": text}}, 404)
    if kind.lower().startswith(_ZONES + "/") and kind.lower() != _LINKS:
        return _record_not_found(arm, group)
    text = (
        f"The Resource '{_relative(arm)}' under resource group '{group or '<null>'}' was not found. "
        "For more details please go to https://aka.ms/ARMResourceNotFoundFix"
    )
    return arm_error(404, "ResourceNotFound", text)


def _record_not_found(arm: ArmPath, group: str) -> Answer:
    """What private DNS answers itself: the error alone, without an envelope."""
    subscription = (arm.subscription or "").rpartition("/")[2]
    text = (
        f"The resource record '{arm.name}' does not exist in resource group '{group}' of subscription '{subscription}'."
    )
    return Answer({"code": "NotFound", "message": text}, 404)


def missing_subscription(world: World, arm: ArmPath) -> Answer | None:
    """The refusal for a subscription that is not there, or cannot be, which ARM says to everybody."""
    if arm.subscription is None or world.get(arm.subscription) is not None:
        return None
    name = arm.subscription.rpartition("/")[2]
    if not _GUID.fullmatch(name):
        text = f"The provided subscription identifier '{name}' is malformed or invalid."
        return arm_error(400, "InvalidSubscriptionId", text)
    return arm_error(404, "SubscriptionNotFound", f"The subscription '{name}' could not be found.")


def missing_parent(world: World, arm: ArmPath) -> Answer | None:
    """The 404 for a subscription, resource group or parent resource that is not there."""
    if absent := missing_subscription(world, arm):
        return absent
    group = arm.resource_group
    if group and not _has_group(world, group):
        text = f"Resource group '{group.rpartition('/')[2]}' could not be found."
        return arm_error(404, "ResourceGroupNotFound", text)
    parent = ids.parse(arm.parent) if arm.parent and not (arm.name and arm.type.lower() == _LINKS) else None
    if parent is not None and parent.type.lower() == _DEPLOYMENTS and world.get(parent.path) is None:
        return not_found(world, parent)
    if parent is None or parent.namespace == "Microsoft.Resources" or parent.type.lower().endswith(_NO_RESOURCES):
        return None
    known = world.get(parent.path) or _told_of(world, parent)
    if known is None and not any(ids.within(one, parent.path) for one in world.documents):
        text = (
            f"Failed to perform 'read' on resource(s) of type '{arm.type.partition('/')[2]}', because the parent "
            f"resource '{parent.path}' could not be found."
        )
        return arm_error(404, "ParentResourceNotFound", text)
    return None


def _has_group(world: World, group: str) -> bool:
    return world.get(group) is not None or any(ids.within(known, group) for known in world.documents)


def outward(document: Document, own_url: str) -> Document:
    """A document as it leaves: `{arm}` is this server, and scoring URIs lead to it; a subscription has its id twice."""
    shown = filled(document, "{arm}", own_url)
    kind = type_of(document).lower()
    if kind == "microsoft.resources/subscriptions":
        return {"subscriptionId": document["id"].rpartition("/")[2], **shown}
    if kind == ENDPOINTS.lower():
        shown["properties"] = _with_port(shown.get("properties") or {}, urlsplit(own_url).port)
    return dict(shown)


def _ordered(members: list[Document], query: Mapping[str, str]) -> list[Document]:
    """Versions of assets come as `$orderBy=createdtime desc` wishes, the first `$top` of them."""
    if query.get("$orderBy", "").lower() == "createdtime desc":
        members = sorted(members, key=lambda one: str((one.get("systemData") or {}).get("createdAt")), reverse=True)
    top = query.get("$top", "")
    return members[: int(top)] if top.isdigit() else members


def _members(world: World, arm: ArmPath) -> list[Document]:
    if arm.type.lower() == f"{_ZONES}/all":
        records = [one for one in world.documents.values() if ids.within(one["id"], arm.parent)]
        return [one for one in records if type_of(one).lower() not in (_ZONES, _LINKS)]
    stored = list(world.of_type(arm.type, arm.parent or "/"))
    known = {ids.key(one["id"]) for one in stored}
    return stored + [one for one in children.within_parent(world, arm) if ids.key(one.get("id", "")) not in known]


def _told_of(world: World, arm: ArmPath) -> Document | None:
    siblings = children.within_parent(world, replace(arm, parent=_owner(arm)))
    return next((one for one in siblings if ids.key(one["id"]) == ids.key(arm.path)), None)


def _owner(arm: ArmPath) -> str:
    """The resource whose child a path names: the collection in between is none."""
    return arm.path.rsplit("/", 2)[0]


def _listed(document: Document, subscription: str) -> bool:
    arm = ids.parse(document["id"])
    # Nested types (two slashes and more) are not in ARM's own list of resources.
    top_level = arm is not None and arm.type.count("/") == 1 and not arm.type.lower().startswith(_UNLISTED)
    return top_level and arm is not None and arm.resource_group is not None and ids.within(arm.path, subscription)


def _relative(arm: ArmPath) -> str:
    """`Microsoft.X/workspaces/W/onlineEndpoints/E`: type and name in turns, as ARM names what it does not find."""
    pairs = 2 * arm.type.count("/")
    return "/".join([arm.namespace, *arm.path.split("/")[-pairs:]])


def _with_port(properties: Document, port: int | None) -> Document:
    shown = dict(properties)
    for name in ("scoringUri", "swaggerUri"):
        parts = urlsplit(shown.get(name) or "")
        if parts.scheme == "https" and parts.port is None:
            shown[name] = urlunsplit(parts._replace(netloc=f"{parts.hostname}:{port}"))
    return shown
