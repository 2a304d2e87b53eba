"""What an API server answers: discovery, objects and lists, tables, logs, and `Status` for what it will not."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from ..notation import dig
from .cluster import Cluster
from .protobuf import MAGIC, access_review
from .resources import RESOURCES, Resource

Document = dict[str, Any]
VERSION = {"major": "1", "minor": "31", "gitVersion": "v1.31.8", "platform": "linux/amd64"}


@dataclass(frozen=True, slots=True)
class Answer:
    """A response before it is sent."""

    body: Any
    status: int = 200
    kind: str = "application/json"
    unknown: str | None = None

    def encoded(self) -> bytes:
        """The body as sent."""
        return self.body.encode() if isinstance(self.body, str) else json.dumps(self.body).encode()


@dataclass(frozen=True, slots=True)
class Request:
    """What a handler gets to see."""

    method: str
    path: str
    query: Mapping[str, str] = field(default_factory=dict)
    accept: str = ""
    body: bytes = b""


def refusal(code: int, reason: str, message: str, *, unknown: str | None = None) -> Answer:
    """A `Status` object that says no."""
    status = {"kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Failure"}
    return Answer({**status, "message": message, "reason": reason, "details": {}, "code": code}, code, unknown=unknown)


def forbidden(path: str, words: str | None = None) -> Answer:
    """What an API server says to whom a role is missing: verb, resource, group and namespace."""
    parts = path.strip("/").split("/")
    group, rest = ("", parts[2:]) if parts[0] == "api" else (parts[1] if len(parts) > 1 else "", parts[3:])
    where = "at the cluster scope"
    if rest[:1] == ["namespaces"] and len(rest) > 2:
        where, rest = f'in the namespace "{rest[1]}"', rest[2:]
    plural, verb = rest[0] if rest else "", "get" if len(rest) > 1 else "list"
    what = f"{plural}{'.' + group if group else ''}" + (f' "{rest[1]}"' if len(rest) > 1 else "")
    said = f'{what} is forbidden: User "clusterUser" cannot {verb} resource "{plural}" in API group "{group}" {where}'
    return refusal(403, "Forbidden", words or said)


def answer(cluster: Cluster, request: Request) -> Answer:
    """Answer an authenticated request; whatever would change something is refused."""
    parts = request.path.strip("/").split("/")
    if parts == ["apis", "authorization.k8s.io", "v1", "selfsubjectaccessreviews"] and request.method == "POST":
        return _review(request)
    if request.method != "GET":
        return refusal(405, "MethodNotAllowed", "the server does not allow this method on the requested resource")
    found = _discovery(cluster, parts)
    if found is not None:
        return Answer(found)
    if parts[0] not in ("api", "apis") or len(parts) < 3:
        return _nowhere(request)
    group, (version, *rest) = ("", parts[1:]) if parts[0] == "api" else (parts[1], parts[2:])
    if not rest:
        return _nowhere(request)
    namespace = None
    if rest[0] == "namespaces" and len(rest) > 2:
        namespace, rest = rest[1], rest[2:]
    resource = next(
        (one for one in _known(cluster) if (one.group, one.version, one.plural) == (group, version, rest[0])), None
    )
    if resource is None:
        return _nowhere(request)
    return _of(cluster, resource, namespace, rest[1:], request)


def _of(cluster: Cluster, resource: Resource, namespace: str | None, rest: list[str], request: Request) -> Answer:
    if not rest:
        found = [one for one in cluster.of(resource, namespace) if _selected(one, request.query)]
        return Answer(_table(resource, found) if "as=Table" in request.accept else _list(resource, found))
    one = cluster.find(resource, namespace if resource.namespaced else None, rest[0])
    if one is None:
        where = f"{resource.plural}{'.' + resource.group if resource.group else ''}"
        return refusal(404, "NotFound", f'{where} "{rest[0]}" not found')
    if rest[1:] == ["log"] and resource.kind == "Pod":
        return _log(cluster, one, request.query)
    if rest[1:]:
        return _nowhere(request)
    return Answer(_table(resource, [one]) if "as=Table" in request.accept else one)


def _discovery(cluster: Cluster, parts: list[str]) -> Document | None:
    known = _known(cluster)
    if parts == ["version"]:
        return VERSION
    if parts == ["api"]:
        return {"kind": "APIVersions", "versions": ["v1"], "serverAddressByClientCIDRs": []}
    if parts == ["apis"]:
        groups = dict.fromkeys((one.group, one.version) for one in known if one.group)
        groups[("authorization.k8s.io", "v1")] = None
        return {"kind": "APIGroupList", "apiVersion": "v1", "groups": [_group(*one) for one in groups]}
    named: dict[tuple[str, ...], str] = {("api", "v1"): "v1"}
    named |= {("apis", one.group, one.version): one.api_version for one in known if one.group}
    named[("apis", "authorization.k8s.io", "v1")] = "authorization.k8s.io/v1"
    if tuple(parts) in named:
        version = named[tuple(parts)]
        found = [one.described for one in known if one.api_version == version]
        return {"kind": "APIResourceList", "apiVersion": "v1", "groupVersion": version, "resources": found}
    return None


def _group(group: str, version: str) -> Document:
    one = {"groupVersion": f"{group}/{version}", "version": version}
    return {"name": group, "versions": [one], "preferredVersion": one}


def _known(cluster: Cluster) -> list[Resource]:
    return [one for one in RESOURCES if cluster.definitions or one.group != "amlarc.azureml.com"]


def _list(resource: Resource, found: list[Document]) -> Document:
    metadata = {"resourceVersion": "1"}
    return {"kind": f"{resource.kind}List", "apiVersion": resource.api_version, "metadata": metadata, "items": found}


def _table(resource: Resource, found: list[Document]) -> Document:
    names = ["Name", *(name for name, _ in resource.columns), "Age"]
    rows = [
        {
            "cells": [one["metadata"]["name"], *(show(one) for _, show in resource.columns), "1d"],
            "object": {
                "kind": "PartialObjectMetadata",
                "apiVersion": "meta.k8s.io/v1",
                "metadata": one["metadata"],
            },
        }
        for one in found
    ]
    columns = [
        {"name": name, "type": "string", "format": "name" if name == "Name" else "", "description": "", "priority": 0}
        for name in names
    ]
    table = {"kind": "Table", "apiVersion": "meta.k8s.io/v1", "metadata": {"resourceVersion": "1"}}
    return {**table, "columnDefinitions": columns, "rows": rows}


def _selected(one: Document, query: Mapping[str, str]) -> bool:
    labels = one["metadata"].get("labels") or {}
    for term in filter(None, query.get("labelSelector", "").split(",")):
        name, sign, value = term.replace("==", "=").partition("=")
        if name.endswith("!"):
            if labels.get(name[:-1]) == value:
                return False
        elif name not in labels or (sign and labels[name] != value):
            return False
    terms = [term.partition("=") for term in filter(None, query.get("fieldSelector", "").split(","))]
    return all(str(dig(one, name)) == value.lstrip("=") for name, _, value in terms)


def _log(cluster: Cluster, pod: Document, query: Mapping[str, str]) -> Answer:
    containers = [one["name"] for one in (pod.get("spec") or {}).get("containers") or []]
    name = query.get("container") or next(iter(containers), "")
    place = f"{pod['metadata'].get('namespace', 'default')}/{pod['metadata']['name']}/{name}"
    text = cluster.logs.get(f"{place}/previous" if query.get("previous") == "true" else place)
    if text is None and query.get("previous") == "true":
        words = f'previous terminated container "{name}" in pod "{pod["metadata"]["name"]}" not found'
        return refusal(400, "BadRequest", words)
    lines = (text or "").splitlines(keepends=True)
    last = int(query["tailLines"]) if query.get("tailLines", "").isdecimal() else len(lines)
    return Answer("".join(lines[len(lines) - min(last, len(lines)) :]), kind="text/plain")


def _review(request: Request) -> Answer:
    """`kubectl auth can-i`: whoever was admitted may get and list everything but secrets."""
    body = request.body
    asked = access_review(body) if body.startswith(MAGIC) else json.loads(body or b"{}")
    wanted = (asked.get("spec") or {}).get("resourceAttributes") or {}
    allowed = wanted.get("verb") in ("get", "list") and wanted.get("resource") != "secrets"
    return Answer({**asked, "status": {"allowed": allowed}}, 201)


def _nowhere(request: Request) -> Answer:
    expected = ("/openapi", "/apis/amlarc.azureml.com", "/apis/metrics.k8s.io", "/healthz", "/livez")
    unknown = None if request.path.startswith(expected) else "no such route of a cluster"
    return refusal(404, "NotFound", "the server could not find the requested resource", unknown=unknown)
