"""The activity log, which follows from what resources say of their last change."""

import re
from datetime import UTC, datetime
from uuid import NAMESPACE_URL, uuid5

from .. import ids
from ..notation import dig
from ..world import Document, World, type_of
from .list_filters import UnsupportedFilter

_PART = re.compile(r"(?P<member>\w+) (?P<word>eq|ge|le) '?(?P<value>[^']*)'?", re.IGNORECASE)
_OUTCOMES = {"Succeeded": "OK", "Failed": "Conflict"}
_CATEGORIES = (
    "Administrative",
    "Security",
    "ServiceHealth",
    "Alert",
    "Recommendation",
    "Policy",
    "Autoscale",
    "ResourceHealth",
)


def activities(world: World, subscription: str, text: str, shown: str = "") -> list[Document]:
    """The events of a subscription that a `$filter` keeps, newest first, with the members of a `$select`.

    Raises `UnsupportedFilter`.
    """
    events = [
        _event(world, one) for one in world.documents.values() if ids.within(one["id"], subscription) and _changed(one)
    ]
    for part in re.split(r"\s+and\s+", text.strip()) if text else []:
        events = [one for one in events if _holds(one, part)]
    newest = sorted(events, key=lambda one: str(one["eventTimestamp"]), reverse=True)
    wanted = {one.strip().lower() for one in shown.split(",") if one.strip()}
    return [{name: held for name, held in one.items() if not wanted or name.lower() in wanted} for one in newest]


def categories() -> list[Document]:
    """What events are of."""
    return [localized(name) for name in _CATEGORIES]


def _changed(document: Document) -> str | None:
    told = document.get("systemData") or {}
    found = told.get("lastModifiedAt") or told.get("createdAt")
    return str(found) if found else None


def _event(world: World, document: Document) -> Document:
    place, kind, moment = document["id"], type_of(document), _changed(document)
    made, number = document.get("systemData") or {}, str(uuid5(NAMESPACE_URL, f"{place} {moment}"))
    state = dig(document, "properties.provisioningState")
    status = state if state in ("Failed", "Canceled") else "Succeeded" if state in (None, "Succeeded") else "Started"
    group, subscription = (ids.above(place, one) or "" for one in ("resourcegroups", "subscriptions"))
    caller = made.get("lastModifiedBy") or made.get("createdBy") or world.caller["objectId"]
    told = {"statusCode": _OUTCOMES.get(status, "Accepted"), "eventCategory": "Administrative", "entity": place}
    return {
        "authorization": {"action": f"{kind}/write", "scope": place},
        "caller": caller,
        "channels": "Operation",
        "claims": {},
        "correlationId": number,
        "description": "",
        "eventDataId": number,
        "eventName": localized("EndRequest" if status != "Started" else "BeginRequest"),
        "category": localized("Administrative"),
        "eventTimestamp": moment,
        "id": f"{place}/events/{number}",
        "level": "Error" if status == "Failed" else "Informational",
        "operationId": number,
        "operationName": localized(f"{kind}/write"),
        "resourceGroupName": group.rpartition("/")[2],
        "resourceProviderName": localized(kind.partition("/")[0]),
        "resourceType": localized(kind),
        "resourceId": place,
        "status": localized(status),
        "subStatus": localized(_OUTCOMES.get(status, "Accepted")),
        "submissionTimestamp": moment,
        "subscriptionId": subscription.rpartition("/")[2],
        "tenantId": world.tenant,
        "properties": {**told, "message": f"{kind}/write", "hierarchy": subscription.rpartition("/")[2]},
    }


def _holds(event: Document, part: str) -> bool:
    match = _PART.fullmatch(part.strip())
    member = match["member"].lower() if match else ""
    if match is None or (match["word"].lower() != "eq") != (member == "eventtimestamp"):
        raise UnsupportedFilter(part)
    if member == "eventtimestamp":
        told, wanted = moment_of(event["eventTimestamp"]), moment_of(match["value"])
        if told is None or wanted is None:
            raise UnsupportedFilter(part)
        return told >= wanted if match["word"].lower() == "ge" else told <= wanted
    if member not in _MEMBERS:
        raise UnsupportedFilter(part)
    return str(dig(event, _MEMBERS[member])).lower() == match["value"].lower()


_MEMBERS = {
    "caller": "caller",
    "correlationid": "correlationId",
    "resourcegroupname": "resourceGroupName",
    "resourceid": "resourceId",
    "resourceprovider": "resourceProviderName.value",
    "resourcetype": "resourceType.value",
    "resourceuri": "resourceId",
    "status": "status.value",
}
"""What a `$filter` may compare, in lower case, and where an event has it."""


def moment_of(text: str) -> datetime | None:
    """A time stamp, in UTC where it does not say; Azure's have seven digits after the second."""
    shortened = re.sub(r"(\.\d{6})\d+", r"\1", text.strip().replace(" ", "+"))
    try:
        found = datetime.fromisoformat(re.sub(r"[zZ]$", "+00:00", shortened))
    except ValueError:
        return None
    return found if found.tzinfo else found.replace(tzinfo=UTC)


def localized(name: str) -> Document:
    """A word as Azure Monitor writes words."""
    return {"value": name, "localizedValue": name}
