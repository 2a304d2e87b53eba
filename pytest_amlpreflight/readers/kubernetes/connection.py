"""The connection to a cluster's API server: raw JSON, one session, nothing asked twice."""

import os
import socket
import ssl
from collections.abc import Mapping
from dataclasses import replace
from functools import partial
from typing import Any
from urllib.parse import urlencode

import requests
from requests.utils import get_environ_proxies

from pytest_amlpreflight.facts.address import parse_address
from pytest_amlpreflight.facts.resource_id import ResourceId, parse_resource_id
from pytest_amlpreflight.facts.resources.cluster import Cluster, ConnectedCluster, ManagedCluster
from pytest_amlpreflight.facts.rules.redaction import redact
from pytest_amlpreflight.facts.unreached import Unbounded, Unreached
from pytest_amlpreflight.facts.unread import FactAbsent, FactUnreadable, NotGiven
from pytest_amlpreflight.readers.connection.bounded import BoundedAdapter
from pytest_amlpreflight.readers.connection.data_plane import unreached
from pytest_amlpreflight.readers.connection.decoding import NotDecoded, json_of
from pytest_amlpreflight.readers.connection.document import Document
from pytest_amlpreflight.readers.connection.exchange import Exchange, Led, Tap, untapped
from pytest_amlpreflight.readers.connection.once import Once
from pytest_amlpreflight.readers.connection.read_only import NotReadOnly, require_listed
from pytest_amlpreflight.readers.environment import undisturbed
from pytest_amlpreflight.readers.kubernetes.kubeconfig import Context, client_is_installed, credentials, unreadable

ROWS_A_PAGE = "500"
NOT_LOOKED_INTO = "the cluster is not looked into"
NOBODY_SAID = f"{NOT_LOOKED_INTO}: no --aml-kube-context"
NOT_INSTALLED = f"{NOT_LOOKED_INTO}: pip install 'pytest-amlpreflight[kubernetes]'"
CONNECT = 10.0
WAYS_IN = (
    "its API server is private: look from its virtual network, a peered one, or over VPN or ExpressRoute; by hand "
    "`az aks command invoke` reaches it, by starting a pod"
)


class Kube:
    """One cluster's API server, as one context of a kubeconfig leads to it. Only asks; asks nothing twice."""

    def __init__(self, cluster: Cluster, context: Context, configuration: Any, timeout: float, tap: Tap) -> None:
        self.cluster, self.context, self._timeout, self._once = cluster, context, timeout, Once()
        self._tap = tap
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
        # As kubectl does it: releases of the client differ, and forget NO_PROXY.
        own = context.cluster.get("proxy-url")
        self._session.proxies = {"https": str(own)} if own else undisturbed(lambda: get_environ_proxies(self._host))

    def get(self, path: str, resource: str, permission: str, **query: str) -> Document:
        """One object or a page of a list. `permission` is verb and resource, as a ClusterRole names them."""
        response = self._answer(path, resource, permission, query)
        try:
            return Document(resource, json_of(response))
        except NotDecoded as error:
            problem = FactUnreadable(resource, status=None, code="MalformedAnswer", detail=str(error))
        raise problem

    def text(self, path: str, resource: str, permission: str, **query: str) -> str:
        """What is no JSON: a container's log, without secrets."""
        return redact(self._answer(path, resource, permission, query).text)

    def list(self, path: str, resource: str, permission: str, **query: str) -> list[Document]:
        """Every object of a list, page by page."""
        rows, passed = list[Document](), set[str]()
        onward: str | None = ""
        while onward is not None:
            more = {"continue": onward} if onward else {}
            page = self.get(path, resource, permission, limit=ROWS_A_PAGE, **query, **more)
            rows += page.need_children("items")
            onward = page.child("metadata").text("continue")
            if onward in passed:
                raise page.refusal("continue leads back to a page that was read")
            passed.add(onward or "")
        return rows

    def _answer(self, path: str, resource: str, permission: str, query: Mapping[str, str]) -> requests.Response:
        try:
            require_listed(path)
        except NotReadOnly as refusal:  # what another program calls its namespace, or its pod, is no name
            raise FactUnreadable(resource, status=None, code="NotAsked", detail=str(refusal)) from None
        url = f"{self._host}{path}" + (f"?{urlencode(query)}" if query else "")
        response = self._once.get(url, partial(self._send, url))
        if response.status_code == 200:
            return response
        status = _status(response)
        detail = redact(status.text("message") or "")
        if response.status_code == 404 and status.text("reason") == "NotFound":  # without it a proxy answered
            raise FactAbsent(resource)
        if response.status_code == 401:
            raise self._unreadable(401, status.text("reason") or "Unauthorized", detail)
        lacking = f"{permission} (context {self.context.name})" if response.status_code == 403 else None
        detail = f"denied: {lacking}\n  {detail}" if lacking else detail
        code = status.text("reason") or ""
        raise FactUnreadable(resource, status=response.status_code, code=code, detail=detail, permission=lacking)

    def _send(self, url: str) -> requests.Response:
        timeout = (min(CONNECT, self._timeout), self._timeout)
        try:
            response = self._session.get(url, headers=self._headers, timeout=timeout, allow_redirects=False)
        except requests.RequestException as error:
            problem = unreached(self.context.host, error)
            self._tap(Exchange("GET", url, broken=problem.why.value, cluster=self.cluster.id))
        except Unbounded as error:
            raise self._unreadable(None, Unreached.UNBOUNDED, str(error)) from None
        except OSError as error:  # a certificate file of the kubeconfig that is not there
            raise self._unreadable(None, "KubeconfigInvalid", str(error)) from None
        else:
            heard = response.status_code, dict(response.headers), response.content
            self._tap(Exchange("GET", url, b"", {}, *heard, cluster=self.cluster.id))
            return response
        private = isinstance(self.cluster, ManagedCluster) and self.cluster.private
        raise self._unreadable(None, problem.why.value, f"{problem}\n  {WAYS_IN}" if private else str(problem))

    def _unreadable(self, status: int | None, code: str, detail: str) -> FactUnreadable:
        """The whole cluster is out of reach, whatever was asked for."""
        return unreadable(self.cluster.name, self.context, code, detail, status=status)


class _Named(BoundedAdapter):
    """Connections whose certificate is for another name than the address: a tunnel's, a private cluster's."""

    def __init__(self, server_name: str | None) -> None:
        named = {"server_hostname": server_name, "assert_hostname": server_name}
        self._named: dict[str, Any] = named if server_name else {}
        super().__init__(pool_maxsize=16)

    def init_poolmanager(self, *arguments: Any, **named: Any) -> None:
        """With the name that TLS is to ask for and to find."""
        super().init_poolmanager(*arguments, **named | self._named)

    def proxy_manager_for(self, proxy: Any, **named: Any) -> Any:
        """The same behind a proxy."""
        return super().proxy_manager_for(proxy, **named | self._named)


def connect(
    cluster: Cluster,
    contexts: Mapping[str, Context],
    context_name: str | None,
    timeout: float,
    own_account: Context | None = None,
    tap: Tap = untapped,
) -> Kube:
    """The connection to the API server of exactly that cluster.

    Without the name of a context only one whose server is the cluster's is taken, or the pod's `own_account` where this
    runs in that very cluster; where there is none, `NotGiven`. One that leads to another cluster, or to one that cannot
    be told, is `FactUnreadable` before anything else is asked.
    """
    leads = contexts.get(context_name) if context_name else _leading(cluster, contexts, own_account)
    if leads and (context_name or client_is_installed()):
        tap(_led(cluster, leads))
    found = _named(cluster, contexts, context_name) if context_name else leads
    if found is None:
        raise NotGiven(f"cluster {cluster.name}", NOBODY_SAID)
    if not context_name and not client_is_installed():
        raise NotGiven(f"cluster {cluster.name}", NOT_INSTALLED)
    kube = Kube(cluster, found, credentials(cluster.name, found, os.environ), timeout, tap)
    if isinstance(cluster, ManagedCluster):
        return kube
    said = _connected_id(kube)
    if said != cluster.id and not context_name:
        raise NotGiven(f"cluster {cluster.name}", NOBODY_SAID)
    if said != cluster.id:
        _refuse(cluster, found, f"ConfigMap azure-clusterconfig says {said or 'nothing'}")
    return kube


def _led(cluster: Cluster, context: Context) -> Led:
    """What is kept of a context, without its credentials."""
    elsewhere = isinstance(cluster, ManagedCluster) and context.host not in cluster.hosts
    plugin = (context.user.get("exec") or {}).get("command")
    host = context.host if elsewhere else None
    return Led(cluster.id, context.name, context.verified, host, str(plugin) if plugin else None)


def _named(cluster: Cluster, contexts: Mapping[str, Context], name: str) -> Context:
    """The context that the operator named, which must lead to the cluster."""
    if name not in contexts:
        detail = f"no context {name} in the kubeconfig; there are {', '.join(sorted(contexts)) or 'none'}"
        raise FactUnreadable(f"cluster {cluster.name}", status=None, code="ContextUnknown", detail=detail)
    context = contexts[name]
    if isinstance(cluster, ManagedCluster) and context.host not in cluster.hosts:
        _refuse(cluster, context, f"its server is {context.host}, the compute's {' or '.join(sorted(cluster.hosts))}")
    return context


def _leading(cluster: Cluster, contexts: Mapping[str, Context], own_account: Context | None) -> Context | None:
    """The first context that leads to the cluster by its server's name. A pod sees its API server by an address alone:
    there the certificate decides, for Arc the cluster's own ConfigMap afterwards.
    """
    hosts = cluster.hosts if isinstance(cluster, ManagedCluster) else frozenset[str]()
    found = next((context for context in contexts.values() if context.host in hosts), None)
    if found or own_account is None or isinstance(cluster, ConnectedCluster):
        return found or own_account
    named = (replace(own_account, server_name=host) for host in sorted(hosts))
    return next((context for context in named if _shows_its_name(context)), None)


def _shows_its_name(context: Context) -> bool:
    """Whether the server's certificate is for the name that the context expects."""
    server = parse_address(context.server)
    if server is None:
        return False
    try:
        settings = ssl.create_default_context(cafile=context.cluster.get("certificate-authority"))
        with socket.create_connection((server.host, server.port), CONNECT) as plain:
            settings.wrap_socket(plain, server_hostname=context.server_name).close()
    except OSError:  # another cluster, or nobody there: nobody asked for it by name
        return False
    return True


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
        return Document("the answer", json_of(response))
    except (NotDecoded, FactUnreadable):  # a proxy's page is an answer too
        return Document("the answer", {})
