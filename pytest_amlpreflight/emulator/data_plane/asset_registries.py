"""Azure Machine Learning's registries: where one is, and the assets it holds, which every tenant may read."""

import re
from typing import Any

from .. import ids
from ..answers import Answer, machine_learning_error, machine_learning_not_found
from ..arm import resources
from ..clouds import CLOUDS
from ..entra import tokens
from .visit import Visit

_DISCOVERY = re.compile(r"/registrymanagement/v1\.0/registries/(?P<name>[^/]+)/discovery")
_FRONT = "/mferp/managementfrontend"


def answer(visit: Visit) -> Answer:
    """The discovery of a registry by name, and its assets behind the address that the discovery gave."""
    allowed = {audience.rstrip("/") for audience in CLOUDS[visit.world.cloud].audiences}
    if tokens.audience_of(visit.headers.get("authorization")) not in allowed:
        return Answer({"error": {"code": "UserError", "message": "Authorization required"}}, 401)
    if match := _DISCOVERY.fullmatch(visit.path):
        return _discovered(visit, match["name"])
    if visit.path.startswith(_FRONT):
        return _asset(visit, visit.path.removeprefix(_FRONT))
    return Answer({"error": {"code": "UserError", "message": "no such route"}}, 404, unknown="no such route")


def _discovered(visit: Visit, name: str) -> Answer:
    """Where a registry is. One that nobody has is refused like one that is not for the caller."""
    registries: dict[str, Any] = visit.holds.get("registries") or {}
    found = next((held for known, held in registries.items() if known.lower() == name.lower()), None)
    place = ids.parse(str(found)) if found else None
    if place is None:
        text = f"User/tenant/subscription is not allowed to access registry {name}"
        return machine_learning_error(403, text, "Auth", "Authorization", "UnAuthorizedRegistryAccess")
    region = visit.host.partition(".")[0]
    parts = {"subscriptionId": place.subscription, "resourceGroup": place.resource_group}
    body = {key: str(part).rpartition("/")[2] for key, part in parts.items()}
    address = f"https://{visit.host}/"
    named = {"registryName": name, "primaryRegion": region, "regions": [region], "workspaceName": None}
    return Answer({**named, **body, "primaryRegionResourceProviderUri": address})


def _asset(visit: Visit, path: str) -> Answer:
    found = ids.parse(path)
    if found is None:
        return machine_learning_not_found("The asset was not found.")
    if found.name:
        return resources.resource(visit.world, found, visit.own_url)
    return resources.collection(visit.world, found, visit.query, visit.own_url)
