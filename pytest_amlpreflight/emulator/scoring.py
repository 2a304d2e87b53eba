"""The scoring side of an online endpoint: keys, and a model that answers with what it was asked."""

import hashlib
import uuid
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

from .answers import Answer
from .world import ENDPOINTS, Document, World


def keys(endpoint_id: str) -> dict[str, str]:
    """The endpoint's two keys: the same for the same endpoint, in every run."""
    first, second = (hashlib.sha256(f"{endpoint_id.lower()}#{n}".encode()).hexdigest()[:32] for n in (1, 2))
    return {"primaryKey": first, "secondaryKey": second}


def endpoint_behind(world: World, host: str) -> Document | None:
    """The endpoint that answers under this host name."""
    for endpoint in world.of_type(ENDPOINTS):
        if urlsplit(endpoint.get("properties", {}).get("scoringUri") or "").hostname == host.lower():
            return endpoint
    return None


def answer(endpoint: Document, method: str, path: str, headers: Mapping[str, str], body: bytes) -> Answer:
    """What the endpoint answers: 401 without one of its keys, else 200 with the request's own body."""
    trace = {"x-request-id": str(uuid.uuid4())}
    if client_id := headers.get("x-ms-client-request-id"):
        trace["x-ms-client-request-id"] = client_id[:40]
    _, _, bearer = headers.get("authorization", "").partition(" ")
    if bearer not in keys(endpoint["id"]).values():
        return Answer(_error("key_auth_bad_header_missing" if not bearer else "key_auth_access_denied"), 401, trace)
    deployment = headers.get("azureml-model-deployment") or _with_traffic(endpoint)
    if deployment is None:
        return Answer(_error("No valid deployments to route to"), 404, trace)
    trace["azureml-model-deployment"] = deployment
    if path != "/score" or method != "POST":
        return Answer(_error("Not Found"), 404, trace)
    return Answer({"echo": body.decode(errors="replace")}, 200, trace)


def _with_traffic(endpoint: Document) -> str | None:
    traffic: dict[str, Any] = endpoint["properties"].get("traffic") or {}
    return next((name for name, weight in traffic.items() if weight), None)


def _error(message: str) -> dict[str, Any]:
    return {"error": {"code": "", "message": message}}
