"""The scoring side of an online endpoint: credentials, traffic rules, and a model that answers.

What stands behind a scoring host is a section of the world, as for every data-plane host:

    data_plane:
      iris.eastus2.inference.ml.azure.com:
        script: src/score.py      # served by the real azmlinfsrv, where that is installed; else answers are canned
        model: .                  # AZUREML_MODEL_DIR
        certificate: another_name # or `untrusted`, `expired`, `expires_soon`: what its TLS shows
        origins: [https://app.contoso.com]   # a service in front answers the CORS preflights of these pages

A fault on `*/score` is met by requests that the endpoint has admitted. Its `resource` can name the deployment to
answer: `*/deployments/green/score`. Kinds: `status` (with `status`, `message`, `headers`), `admit` (asks nobody for
credentials), `add` (`headers` and `trailers` of an answer), and those of any request.
"""

import hashlib
import time
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import Any
from urllib.parse import urlsplit

from ..answers import Answer
from ..arm import authorization
from ..clouds import CLOUDS
from ..entra import tokens
from ..faults import Fault
from ..world import ENDPOINTS, Document, World

CANNED = {"x-ms-server-version": "canned"}
"""What no model has answered says so."""

_SCORE = "Microsoft.MachineLearningServices/workspaces/onlineEndpoints/score/action"
_LIVE = ("Succeeded", "Updating", "Scaling")
_TOKEN_SECONDS = 3600
_REASONS = {
    401: "Unauthorized",
    404: "No valid deployments to route to",
    408: "Request Timeout",
    409: "Conflict",
    413: "Payload Too Large",
    424: "Failed Dependency",
    429: "Too Many Requests",
    502: "Bad Gateway",
    503: "Service Unavailable",
    504: "Gateway Timeout",
}


@dataclass(frozen=True, slots=True)
class Admitted:
    """A request that passed the door: the endpoint and the deployment that is to answer."""

    endpoint: Document
    deployment: str
    trace: dict[str, str]


def keys(endpoint_id: str) -> dict[str, str]:
    """The endpoint's two keys: the same for the same endpoint, in every run."""
    first, second = (hashlib.sha256(f"{endpoint_id.lower()}#{n}".encode()).hexdigest()[:32] for n in (1, 2))
    return {"primaryKey": first, "secondaryKey": second}


def token(endpoint_id: str) -> dict[str, Any]:
    """A token of the endpoint's own, for auth mode AMLToken; times are in seconds since the epoch."""
    now = int(time.time())
    return {
        "accessToken": _own_token(endpoint_id),
        "expiryTimeUtc": now + _TOKEN_SECONDS,
        "refreshAfterTimeUtc": now + _TOKEN_SECONDS // 2,
        "tokenType": "Bearer",
    }


def endpoint_behind(world: World, host: str) -> Document | None:
    """The endpoint that answers under this host name."""
    return world.remembered("endpoints by host", lambda: _endpoints(world)).get(host.lower())


def _endpoints(world: World) -> dict[str | None, Document]:
    uris = ((one.get("properties", {}).get("scoringUri"), one) for one in world.of_type(ENDPOINTS))
    return {urlsplit(uri).hostname: endpoint for uri, endpoint in uris if uri}


def selector(world: World, endpoint: Document, path: str, headers: Mapping[str, str]) -> str:
    """The path by which faults select a scoring request: that of the deployment which would answer it."""
    deployment = headers.get("azureml-model-deployment") or _with_traffic(world, endpoint)
    return f"{endpoint['id']}/deployments/{deployment}/{path.rpartition('/')[2]}"


def admit(
    world: World, endpoint: Document, method: str, path: str, headers: Mapping[str, str], fault: Fault | None
) -> Answer | Admitted:
    """The endpoint's door: the refusal, or the deployment that is to answer."""
    trace = {"x-request-id": str(uuid.uuid4())}
    if client_id := headers.get("x-ms-client-request-id"):
        trace["x-ms-client-request-id"] = client_id[:40]
    if method == "OPTIONS":
        return _to_a_browser(world, endpoint, headers.get("origin"), trace)
    refused = None if fault and fault.kind == "admit" else _refusal(world, endpoint, headers)
    if refused is not None:
        return Answer(_error(refused), 401, trace)
    if fault and fault.kind == "status":
        return _broken(fault, trace)
    chosen = headers.get("azureml-model-deployment")
    deployment = chosen if _is_live(world, endpoint, chosen) else None if chosen else _with_traffic(world, endpoint)
    if deployment is None:
        return Answer(_error(_REASONS[404]), 404, trace)
    if path not in _paths(endpoint) or (method != "POST" and not path.endswith("/swagger.json")):
        return Answer(_error("Not Found"), 404, trace)
    return Admitted(endpoint, deployment, {**trace, "azureml-model-deployment": deployment})


def canned(admitted: Admitted, path: str, body: bytes) -> Answer:
    """The answer where no model is served: the request's own body, and the word `canned`."""
    if path.endswith("/swagger.json"):
        return Answer({"swagger": "2.0", "info": {"title": admitted.endpoint["name"], "version": "1.0"}}, 200, CANNED)
    return Answer({"echo": body.decode(errors="replace")}, 200, {**admitted.trace, **CANNED})


def from_model(admitted: Admitted, status: int, headers: Mapping[str, str], body: bytes) -> Answer:
    """What a model's answer becomes on its way out: all but 200 is 424 on a managed endpoint, 502 on Kubernetes."""
    passed = {name: value for name, value in headers.items() if name.startswith("x-ms-") or name == "content-type"}
    if status == 200:
        return Answer(body, 200, {**passed, **admitted.trace})
    if admitted.endpoint["properties"].get("compute"):
        return Answer(body, 502, {**passed, **admitted.trace})
    model = {"ms-azureml-model-error-statuscode": str(status), "ms-azureml-model-error-reason": "model_error"}
    return Answer(body, 424, {**passed, **admitted.trace, **model})


def _to_a_browser(world: World, endpoint: Document, origin: str | None, trace: dict[str, str]) -> Answer:
    """CORS: endpoints do not speak it, so only a service in front answers, and only for its origins."""
    host = urlsplit(endpoint["properties"]["scoringUri"]).hostname or ""
    if origin and origin in world.held_by(host).get("origins", ()):
        admitted = {
            "access-control-allow-headers": "authorization, content-type",
            "access-control-allow-methods": "POST",
        }
        return Answer(None, 204, {**trace, "access-control-allow-origin": origin, **admitted})
    return Answer(_error("Method Not Allowed"), 405, trace)


def _broken(fault: Fault, trace: Mapping[str, str]) -> Answer:
    """A status on demand, in the gateway's form."""
    text = fault.message or _REASONS.get(fault.status, "Internal Server Error")
    return Answer(_error(text), fault.status, {**trace, **fault.headers})


def _refusal(world: World, endpoint: Document, headers: Mapping[str, str]) -> str | None:
    """Why these credentials will not do; None where they will."""
    kind, _, bearer = headers.get("authorization", "").partition(" ")
    if kind.lower() != "bearer" or not bearer:
        return "key_auth_bad_header_missing"
    mode = str(endpoint["properties"].get("authMode")).lower()
    if mode == "amltoken":
        return None if bearer == _own_token(endpoint["id"]) else "token_auth_access_denied"
    if mode == "aadtoken":
        return _entra_refusal(world, endpoint, headers["authorization"])
    return None if bearer in keys(endpoint["id"]).values() else "key_auth_access_denied"


def _entra_refusal(world: World, endpoint: Document, authorization_header: str) -> str | None:
    """Entra tokens must be for this cloud's Azure Machine Learning, and their owner must be allowed to score."""
    audience = tokens.audience_of(authorization_header)
    if audience is None:
        return "The token is malformed or has expired."
    if audience != CLOUDS[world.cloud].machine_learning:
        return f"The token has the wrong audience '{audience}'."
    return None if _may_score(world, endpoint["id"]) else "PermissionDenied: the caller lacks score/action."


def _may_score(world: World, scope: str) -> bool:
    return any(
        _covers(block.get("actions"), _SCORE) and not _covers(block.get("notActions"), _SCORE)
        for block in authorization.permissions(world, scope)
    )


def _covers(patterns: Any, action: str) -> bool:
    return any(fnmatchcase(action.lower(), str(pattern).lower()) for pattern in patterns or [])


def _own_token(endpoint_id: str) -> str:
    return hashlib.sha256(f"{endpoint_id.lower()}#token".encode()).hexdigest()


def _with_traffic(world: World, endpoint: Document) -> str | None:
    """The live deployment with the most weight: the same one every time, so that a run can be repeated."""
    traffic: dict[str, Any] = endpoint["properties"].get("traffic") or {}
    weighted = sorted((name for name, weight in traffic.items() if weight), key=lambda name: -int(traffic[name]))
    return next((name for name in weighted if _is_live(world, endpoint, name)), None)


def _is_live(world: World, endpoint: Document, name: str | None) -> bool:
    found = world.get(f"{endpoint['id']}/deployments/{name}")
    return found is not None and str(found["properties"].get("provisioningState")).capitalize() in _LIVE


def _paths(endpoint: Document) -> set[str]:
    uris = (endpoint["properties"].get(name) for name in ("scoringUri", "swaggerUri"))
    return {urlsplit(uri).path for uri in uris if uri}


def _error(message: str) -> dict[str, Any]:
    return {"error": {"code": "", "message": message}}
