"""The kubeconfigs that lead to a world's clusters."""

from base64 import b64encode
from collections.abc import Mapping
from typing import Any

import yaml

from ..notation import merge
from .cluster import Cluster

Document = dict[str, Any]


def entry(cluster: Cluster, port: int, server_name: str | None, authority: bytes) -> Document:
    """A kubeconfig of one cluster, as `az aks get-credentials` merges it: the context is called like the cluster, where
    the world does not say otherwise.
    """
    name, user = cluster.name, f"clusterUser_{cluster.name}"
    leads = {
        "server": f"https://127.0.0.1:{port}",
        "certificate-authority-data": b64encode(authority).decode(),
        **({"tls-server-name": server_name} if server_name else {}),
    }
    changed = cluster.kubeconfig
    return {
        "apiVersion": "v1",
        "kind": "Config",
        "clusters": [{"name": name, "cluster": merge(leads, changed.get("cluster", {}))}],
        "users": [{"name": user, "user": merge({"token": cluster.token}, changed.get("user", {}))}],
        "contexts": [{"name": changed.get("context", name), "context": {"cluster": name, "user": user}}],
        "current-context": changed.get("context", name),
        "preferences": {},
    }


def together(entries: list[Document]) -> str:
    """All of them in one file."""
    lists = ("clusters", "users", "contexts")
    merged: Document = {name: [row for one in entries for row in one[name]] for name in lists}
    return yaml.safe_dump({"apiVersion": "v1", "kind": "Config", **merged, "preferences": {}}, sort_keys=False)


def as_admin(found: Document, certificate: bytes, key: bytes) -> Document:
    """The same for the cluster's own admin, who shows a certificate instead of a token; `az aks get-credentials` adds
    `-admin` to the context's name.
    """
    [cluster] = found["clusters"]
    name, user = cluster["name"], f"clusterAdmin_{cluster['name']}"
    shown = {"client-certificate-data": certificate, "client-key-data": key}
    return {
        **found,
        "users": [{"name": user, "user": {part: b64encode(pem).decode() for part, pem in shown.items()}}],
        "contexts": [{"name": name, "context": {"cluster": name, "user": user}}],
    }


def credential_result(name: str, found: Mapping[str, Any]) -> Document:
    """What `listClusterUserCredential` and its sibling for the admin answer."""
    value = b64encode(yaml.safe_dump(dict(found), sort_keys=False).encode()).decode()
    return {"kubeconfigs": [{"name": name, "value": value}]}
