"""The connection to a cluster's API server: raw JSON, one session, nothing asked twice."""

import os
from collections.abc import Mapping
from functools import partial
from pathlib import Path
from typing import Any
from urllib.parse import urlencode, urlsplit

import requests
from requests.adapters import HTTPAdapter

from pytest_amlpreflight.facts.resource_id import ResourceId, parse_resource_id
from pytest_amlpreflight.facts.resources.cluster import Cluster, ManagedCluster
from pytest_amlpreflight.facts.rules.redaction import redact
from pytest_amlpreflight.facts.unread import FactAbsent, FactUnreadable, NotGiven
from pytest_amlpreflight.readers.connection.data_plane import unreached
from pytest_amlpreflight.readers.connection.document import Document
from pytest_amlpreflight.readers.connection.once import Once
from pytest_amlpreflight.readers.kubernetes.kubeconfig import Context, credentials, kubeconfig_files, read_contexts

ROWS_A_PAGE = "500"
NOBODY_SAID = "the cluster is not looked into: no --aml-kube-context"
CONNECT = 10.0


class Kube:
    """One cluster's API server, as one context of a kubeconfig leads to it. Only asks; asks nothing twice."""

    def __init__(self, context: Context, configuration: Any, timeout: float) -> None:
        self.context, self._timeout, self._once = context, timeout, Once()
        self._host = str(configuration.host).rstrip("/")
        self._session = requests.Session()
        self._session.trust_env = False
        self._session.mount("https://", _Named(context.server_name))
        self._session.verify = configuration.ssl_ca_cert or True
        if not configuration.verify_ssl:
            self._session.verify = False
        if configuration.cert_file:
            self._session.cert = (configuration.cert_file, configuration.key_file)
        # By the client's own settings: releases before and after 36 keep the token under different names.
        token = next((one["value"] for one in configuration.auth_settings().values() if one["in"] == "header"), None)
        self._headers = {"Accept": "application/json", **({"Authorization": token} if token else {})}
        if proxy := configuration.proxy:
            self._session.proxies = {"https": proxy}

    def get(self, path: str, resource: str, permission: str, **query: str) -> Document:
        """One object or a page of a list. `permission` is verb and resource, as a ClusterRole names them."""
        return Document(resource, self._answer(path, resource, permission, query).json())

    def text(self, path: str, resource: str, permission: str, **query: str) -> str:
        """What is no JSON: a container's log, without secrets."""
        return redact(self._answer(path, resource, permission, query).text)

    def list(self, path: str, resource: str, permission: str, **query: str) -> list[Document]:
        """Every object of a list, page by page."""
        rows: list[Document] = []
        onward: str | None = ""
        while onward is not None:
            more = {"continue": onward} if onward else {}
            page = self.get(path, resource, permission, limit=ROWS_A_PAGE, **query, **more)
            rows += page.children("items")
            onward = page.child("metadata").text("continue")
        return rows

    def _answer(self, path: str, resource: str, permission: str, query: Mapping[str, str]) -> requests.Response:
        url = f"{self._host}{path}" + (f"?{urlencode(query)}" if query else "")
        response = self._once.get(url, partial(self._send, url, f"the cluster at {self.context.host}"))
        if response.status_code == 200:
            return response
        status = _status(response)
        detail = redact(status.text("message") or "")
        if response.status_code == 404:
            raise FactAbsent(resource)
        whose = f"context {self.context.name}"
        if response.status_code == 401:
            whole = f"the cluster at {self.context.host}"
            raise FactUnreadable(whole, status=401, code=status.text("reason") or "Unauthorized", detail=whose)
        lacking = f"{permission} ({whose})" if response.status_code == 403 else None
        code = status.text("reason") or ""
        raise FactUnreadable(resource, status=response.status_code, code=code, detail=detail, permission=lacking)

    def _send(self, url: str, cluster: str) -> requests.Response:
        timeout = (min(CONNECT, self._timeout), self._timeout)
        try:
            response = self._session.get(url, headers=self._headers, timeout=timeout, allow_redirects=False)
        except requests.RequestException as error:
            problem = unreached(urlsplit(url).hostname or url, error)
        except OSError as error:  # a certificate file of the kubeconfig that is not there
            raise FactUnreadable(cluster, status=None, code="KubeconfigInvalid", detail=str(error)) from None
        else:
            return response
        raise FactUnreadable(cluster, status=None, code=problem.why.value, detail=str(problem))


class _Named(HTTPAdapter):
    """Connections whose certificate is for another name than the address: a tunnel's, a private cluster's."""

    def __init__(self, server_name: str | None) -> None:
        self._server_name = server_name
        super().__init__(pool_maxsize=8)

    def init_poolmanager(self, *arguments: Any, **named: Any) -> None:
        """With the name that TLS is to ask for and to find."""
        if self._server_name:
            named |= {"server_hostname": self._server_name, "assert_hostname": self._server_name}
        super().init_poolmanager(*arguments, **named)


def connect(cluster: Cluster, context_name: str | None, kubeconfig: Path | None, timeout: float) -> Kube:
    """The connection to the API server of exactly that cluster.

    Without a context only one whose server is the cluster's is taken; where there is none, `NotGiven`. One that leads
    to another cluster, or to one that cannot be told, is `FactUnreadable` before anything else is asked.
    """
    files = kubeconfig_files(kubeconfig, os.environ)
    contexts = read_contexts(files)
    context = _chosen(cluster, contexts, context_name)
    if context is None:
        raise NotGiven(f"cluster {cluster.name}", NOBODY_SAID)
    if isinstance(cluster, ManagedCluster) and context.host not in cluster.hosts:
        _refuse(cluster, context, f"its server is {context.host}, the compute's {' or '.join(sorted(cluster.hosts))}")
    kube = Kube(context, credentials(context, os.environ), timeout)
    if not isinstance(cluster, ManagedCluster):
        found = _connected_id(kube)
        if found != cluster.id:
            _refuse(cluster, context, f"ConfigMap azure-clusterconfig says {found or 'nothing'}")
    return kube


def _chosen(cluster: Cluster, contexts: Mapping[str, Context], name: str | None) -> Context | None:
    if name is not None:
        if name in contexts:
            return contexts[name]
        detail = f"no context {name} in the kubeconfig; there are {', '.join(sorted(contexts)) or 'none'}"
        raise FactUnreadable(f"cluster {cluster.name}", status=None, code="ContextUnknown", detail=detail)
    hosts = cluster.hosts if isinstance(cluster, ManagedCluster) else frozenset[str]()
    return next((context for context in contexts.values() if context.host in hosts), None)


def _refuse(cluster: Cluster, context: Context, detail: str) -> None:
    named = f"--name {cluster.name} --resource-group {cluster.id.resource_group}"
    get = f"az aks get-credentials {named}" if isinstance(cluster, ManagedCluster) else f"az connectedk8s proxy {named}"
    whole = f"context {context.name} does not lead to the compute's cluster: {detail}\n  {get}"
    raise FactUnreadable(f"cluster {cluster.name}", status=None, code="AnotherCluster", detail=whole)


def _connected_id(kube: Kube) -> ResourceId | None:
    """Which Arc resource this cluster says it is."""
    path, resource = "/api/v1/namespaces/azure-arc/configmaps/azure-clusterconfig", "ConfigMap azure-clusterconfig"
    try:
        data = kube.get(path, resource, "get configmaps in azure-arc").strings("data")
    except FactAbsent:
        return None
    parts = [data.get(f"AZURE_{name}") for name in ("SUBSCRIPTION_ID", "RESOURCE_GROUP", "RESOURCE_NAME")]
    subscription, group, name = parts
    text = (
        f"/subscriptions/{subscription}/resourceGroups/{group}/providers/Microsoft.Kubernetes/connectedClusters/{name}"
    )
    return parse_resource_id(text) if all(parts) else None


def _status(response: requests.Response) -> Document:
    try:
        return Document("the answer", response.json())
    except (ValueError, FactUnreadable):  # a proxy's page is an answer too
        return Document("the answer", {})
