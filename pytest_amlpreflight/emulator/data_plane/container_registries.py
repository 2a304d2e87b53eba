"""A container registry's data plane: the exchange of tokens, and manifests by tag or digest."""

import base64
import hashlib
import json
import re
from collections.abc import Callable
from dataclasses import replace
from typing import Any
from urllib.parse import parse_qs

from ..answers import Answer
from ..clouds import CLOUDS
from ..entra import tokens
from .visit import Visit

_WRITTEN = {"createdTime": "2026-09-17T07:29:02.1234567Z", "lastUpdateTime": "2026-09-17T07:29:02.1234567Z"}
_CHANGEABLE = {
    "changeableAttributes": {"deleteEnabled": True, "writeEnabled": True, "readEnabled": True, "listEnabled": True}
}
_TYPE = "application/vnd.docker.distribution.manifest.v2+json"
_UNAUTHORIZED = "authentication required, visit https://aka.ms/acr/authorization for more information."


def answer(visit: Visit) -> Answer:
    """The three steps of a pull: an Entra token for a refresh token, that for an access token, that for the manifest.

    A registry that is none of the cloud's own, such as mcr.microsoft.com, is open to everybody.
    """
    if visit.holds.get("refuses") == "DENIED":
        address = visit.world.caller.get("address", "203.0.113.7")
        text = f"client with IP '{address}' is not allowed access. Refer https://aka.ms/acr/firewall to grant access."
        return _error(403, "DENIED", text)
    if visit.method == "POST" and visit.path == "/oauth2/exchange":
        return _exchange(visit)
    if visit.method == "POST" and visit.path == "/oauth2/token":
        return _token(visit)
    for pattern, scope, show in _ROUTES:
        if match := pattern.fullmatch(visit.path):
            wanted = scope.format(**match.groupdict())
            return show(visit, **match.groupdict()) if _is_admitted(visit, wanted) else _challenge(visit, wanted)
    return _error(404, "NOT_FOUND", "no such route", unknown="no such route")


def _exchange(visit: Visit) -> Answer:
    form = _form(visit)
    cloud = CLOUDS[visit.world.cloud]
    bearer = f"Bearer {form.get('access_token', '')}"
    allowed = {*(one.rstrip("/") for one in cloud.audiences), "https://containerregistry.azure.net"}
    right = (form.get("grant_type"), form.get("service")) == ("access_token", visit.host)
    if not right or tokens.audience_of(bearer) not in allowed:
        return _challenge(visit)
    return Answer({"refresh_token": _secret(visit, "refresh")})


def _token(visit: Visit) -> Answer:
    form = _form(visit)
    right = (form.get("grant_type"), form.get("service"), form.get("refresh_token"))
    if right != ("refresh_token", visit.host, _secret(visit, "refresh")) or visit.holds.get("refuses"):
        return _challenge(visit)
    return Answer({"access_token": _access(visit, form.get("scope", ""))})


def _manifest(visit: Visit, repository: str, reference: str) -> Answer:
    tags = _tags(visit, repository)
    if tags is None:
        return _unknown(repository)
    digest = reference if reference in tags.values() else tags.get(reference)
    if digest is None:
        text = f"manifest tagged by {json.dumps(reference)} is not found"
        return _error(404, "MANIFEST_UNKNOWN", text, detail={"Tag": reference})
    return Answer(
        {"schemaVersion": 2, "mediaType": _TYPE}, 200, {"Docker-Content-Digest": digest, "content-type": _TYPE}
    )


def _base(_visit: Visit) -> Answer:
    return Answer({}, 200, {"docker-distribution-api-version": "registry/2.0"})


def _catalog(visit: Visit) -> Answer:
    return Answer({"repositories": sorted(visit.holds.get("repositories") or {})})


def _tag_names(visit: Visit, repository: str) -> Answer:
    tags = _tags(visit, repository)
    return _unknown(repository) if tags is None else Answer({"name": repository, "tags": sorted(tags)})


def _repository(visit: Visit, repository: str) -> Answer:
    tags = _tags(visit, repository)
    if tags is None:
        return _unknown(repository)
    counts = {"manifestCount": len(set(tags.values())), "tagCount": len(tags)}
    return Answer({"registry": visit.host, "imageName": repository, **_WRITTEN, **counts, **_CHANGEABLE})


def _tag_rows(visit: Visit, repository: str) -> Answer:
    tags = _tags(visit, repository)
    if tags is None:
        return _unknown(repository)
    rows = [{"name": name, "digest": tags[name], **_WRITTEN, "signed": False, **_CHANGEABLE} for name in sorted(tags)]
    return Answer({"registry": visit.host, "imageName": repository, "tags": rows})


def _manifest_rows(visit: Visit, repository: str) -> Answer:
    tags = _tags(visit, repository)
    if tags is None:
        return _unknown(repository)
    about = {**_WRITTEN, "imageSize": 0, "architecture": "amd64", "os": "linux", "mediaType": _TYPE, **_CHANGEABLE}
    digests = sorted(set(tags.values()))
    rows = [{"digest": one, **about, "tags": sorted(name for name in tags if tags[name] == one)} for one in digests]
    return Answer({"registry": visit.host, "imageName": repository, "manifests": rows})


def _tags(visit: Visit, repository: str) -> dict[str, str] | None:
    """Digests by tag; None for a repository that is not there."""
    held = (visit.holds.get("repositories") or {}).get(repository)
    return None if held is None else held.get("tags") or {}


def _unknown(repository: str) -> Answer:
    return _error(404, "NAME_UNKNOWN", "repository name not known to registry", detail={"name": repository})


_ROUTES: tuple[tuple[re.Pattern[str], str, Callable[..., Answer]], ...] = (
    (re.compile(r"/v2/"), "", _base),
    (re.compile(r"(?:/v2|/acr/v1)/_catalog"), "registry:catalog:*", _catalog),
    (re.compile(r"/v2/(?P<repository>.+)/manifests/(?P<reference>[^/]+)"), "repository:{repository}:pull", _manifest),
    (re.compile(r"/v2/(?P<repository>.+)/tags/list"), "repository:{repository}:metadata_read", _tag_names),
    (re.compile(r"/acr/v1/(?P<repository>.+)/_tags"), "repository:{repository}:metadata_read", _tag_rows),
    (re.compile(r"/acr/v1/(?P<repository>.+)/_manifests"), "repository:{repository}:metadata_read", _manifest_rows),
    (re.compile(r"/acr/v1/(?P<repository>.+)"), "repository:{repository}:metadata_read", _repository),
)
"""What is asked for, the scope a token needs, and the answer; the first that matches counts."""


def _own(visit: Visit) -> bool:
    return visit.host.endswith(f".{CLOUDS[visit.world.cloud].registry}")


def _is_admitted(visit: Visit, scope: str) -> bool:
    """Whether the token is for the repository, whatever it may do there; `/v2/` takes any token of the registry."""
    kind, _, bearer = visit.headers.get("authorization", "").partition(" ")
    issued = bearer.rpartition(".")[0] if kind == "Bearer" else ""
    if not _own(visit):
        return True
    if not issued or bearer != _signed(visit, issued):
        return False
    return not scope or _place(scope) in _unpacked(issued)


def _challenge(visit: Visit, scope: str = "") -> Answer:
    """401, and what a token must be for; one that is there, and for something else, has too little of it."""
    wanted = f',scope="{scope}"' if scope else ""
    short = ',error="insufficient_scope"' if scope and visit.headers.get("authorization") else ""
    where = f'Bearer realm="https://{visit.host}/oauth2/token",service="{visit.host}"'
    detail = [dict(zip(("Type", "Name", "Action"), scope.split(":"), strict=True))] if scope else None
    answer = _error(401, "UNAUTHORIZED", _UNAUTHORIZED, detail=detail)
    return replace(answer, headers={"WWW-Authenticate": where + wanted + short})


def _error(status: int, code: str, message: str, *, detail: Any = None, unknown: str | None = None) -> Answer:
    return Answer({"errors": [{"code": code, "message": message, "detail": detail}]}, status, unknown=unknown)


def _form(visit: Visit) -> dict[str, str]:
    return {name: values[0] for name, values in parse_qs(visit.body.decode(errors="replace")).items()}


def _access(visit: Visit, scope: str) -> str:
    """A token that tells what it is for, so that no table of tokens is needed."""
    places = " ".join(_place(one) for one in scope.split())
    return _signed(visit, base64.urlsafe_b64encode(places.encode()).decode())


def _signed(visit: Visit, issued: str) -> str:
    return f"{issued}.{_secret(visit, issued)}"


def _unpacked(issued: str) -> list[str]:
    return base64.urlsafe_b64decode(issued).decode().split()


def _place(scope: str) -> str:
    """`repository:iris` of `repository:iris:pull`."""
    return scope.rpartition(":")[0]


def _secret(visit: Visit, purpose: str) -> str:
    return hashlib.sha256(f"{visit.host}#{purpose}".encode()).hexdigest()
