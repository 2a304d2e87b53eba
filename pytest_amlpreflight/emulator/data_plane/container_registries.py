"""A container registry's data plane: the exchange of tokens, and manifests by tag or digest."""

import hashlib
import json
import re
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs

from ..answers import Answer
from ..clouds import CLOUDS
from ..entra import tokens

if TYPE_CHECKING:
    from .hosts import Visit

_MANIFEST = re.compile(r"/v2/(?P<repository>.+)/manifests/(?P<reference>[^/]+)")
_TYPE = "application/vnd.docker.distribution.manifest.v2+json"
_UNAUTHORIZED = "authentication required, visit https://aka.ms/acr/authorization for more information."


def answer(visit: "Visit") -> Answer:
    """The three steps of a pull: an Entra token for a refresh token, that for an access token, that for the manifest.

    A registry that is none of the cloud's own, such as mcr.microsoft.com, is open to everybody.
    """
    if visit.holds.get("refuses") == "DENIED":
        text = "client with IP '203.0.113.7' is not allowed access. Refer https://aka.ms/acr/firewall to grant access."
        return _error(403, "DENIED", text)
    if visit.method == "POST" and visit.path == "/oauth2/exchange":
        return _exchange(visit)
    if visit.method == "POST" and visit.path == "/oauth2/token":
        return _token(visit)
    match = _MANIFEST.fullmatch(visit.path)
    if match is None:
        return _error(404, "NOT_FOUND", "no such route", unknown="no such route")
    if _own(visit) and visit.headers.get("authorization") != f"Bearer {_access(visit, match['repository'])}":
        return _challenge(visit)
    return _manifest(visit, match["repository"], match["reference"])


def _exchange(visit: "Visit") -> Answer:
    form = _form(visit)
    cloud = CLOUDS[visit.world.cloud]
    bearer = f"Bearer {form.get('access_token', '')}"
    allowed = {*(one.rstrip("/") for one in cloud.audiences), "https://containerregistry.azure.net"}
    right = (form.get("grant_type"), form.get("service")) == ("access_token", visit.host)
    if not right or tokens.audience_of(bearer) not in allowed:
        return _challenge(visit)
    return Answer({"refresh_token": _secret(visit, "refresh")})


def _token(visit: "Visit") -> Answer:
    form = _form(visit)
    right = (form.get("grant_type"), form.get("service"), form.get("refresh_token"))
    if right != ("refresh_token", visit.host, _secret(visit, "refresh")) or visit.holds.get("refuses"):
        return _challenge(visit)
    repository = form.get("scope", "").removeprefix("repository:").rpartition(":")[0]
    return Answer({"access_token": _access(visit, repository)})


def _manifest(visit: "Visit", repository: str, reference: str) -> Answer:
    held = (visit.holds.get("repositories") or {}).get(repository)
    if held is None:
        return _error(404, "NAME_UNKNOWN", "repository name not known to registry", detail={"name": repository})
    tags: dict[str, str] = held.get("tags") or {}
    digest = reference if reference in tags.values() else tags.get(reference)
    if digest is None:
        text = f"manifest tagged by {json.dumps(reference)} is not found"
        return _error(404, "MANIFEST_UNKNOWN", text, detail={"Tag": reference})
    return Answer(
        {"schemaVersion": 2, "mediaType": _TYPE}, 200, {"Docker-Content-Digest": digest, "content-type": _TYPE}
    )


def _own(visit: "Visit") -> bool:
    return visit.host.endswith(f".{CLOUDS[visit.world.cloud].registry}")


def _challenge(visit: "Visit") -> Answer:
    header = {"WWW-Authenticate": f'Bearer realm="https://{visit.host}/oauth2/token",service="{visit.host}"'}
    return Answer({"errors": [{"code": "UNAUTHORIZED", "message": _UNAUTHORIZED, "detail": None}]}, 401, header)


def _error(status: int, code: str, message: str, *, detail: Any = None, unknown: str | None = None) -> Answer:
    return Answer({"errors": [{"code": code, "message": message, "detail": detail}]}, status, unknown=unknown)


def _form(visit: "Visit") -> dict[str, str]:
    return {name: values[0] for name, values in parse_qs(visit.body.decode()).items()}


def _access(visit: "Visit", repository: str) -> str:
    return _secret(visit, f"repository:{repository}")


def _secret(visit: "Visit", purpose: str) -> str:
    return hashlib.sha256(f"{visit.host}#{purpose}".encode()).hexdigest()
