"""The embedded Azure as one object: start it, point clients at its environment, stop it."""

import asyncio
import os
import socket
import ssl
import threading
from collections.abc import Callable, Sequence
from copy import deepcopy
from functools import cache
from pathlib import Path
from types import TracebackType
from typing import Any

import trustme
import uvicorn
from uvicorn.protocols.http.h11_impl import H11Protocol
from uvicorn.server import ServerState

from . import certificates, world
from .application import Application, Request
from .arm import metadata
from .data_plane import hosts
from .data_plane.local_model import LocalModel
from .dns.server import DnsServer
from .dns.views import view
from .entra import tokens
from .failures import apply, load
from .fleet import Fleet, wildcards
from .folder import Folder
from .ids import ArmPath
from .kubernetes import kubeconfig
from .kubernetes import server as api_server
from .kubernetes.server import ClusterApplication
from .proxy import Proxy
from .world import World, Zones

_START_LIMIT = 10.0


class Emulator:
    """Serves a world file as Azure would, on 127.0.0.1 only, over TLS with an authority that lives as long as it does.

    `failures` are names of `failure_names()`, applied to the world in order. `latency` is seconds before each answer.
    `port` is that of ARM; 0 takes a free one. `fleet` makes that many workspaces of the world's one, in turn over
    `subscriptions`; `breaks` are pairs of a failure and the number of workspaces that it happens to, one after the
    other. Raises `WorldError` for a world, or a failure, that cannot be used,
    `UnknownFailure` for a name that is none, and `OSError` from `start` when the port is taken.
    """

    def __init__(
        self,
        world_path: Path,
        failures: Sequence[str] = (),
        latency: float = 0.0,
        port: int = 0,
        *,
        fleet: int = 0,
        subscriptions: int = 1,
        breaks: Sequence[tuple[str, int]] = (),
    ) -> None:
        self._world = world.load(Path(world_path).resolve())
        for name in failures:
            apply(self._world, load(name))
        self._wanted_port, self._port, self._identity_port = port, 0, 0
        broken = tuple(one for name, count in breaks for one in [_broken(self._world, name)] * count)
        self._fleet = Fleet(self._world, fleet, subscriptions, broken) if fleet else None
        self._application = Application(self._world_of, latency, lambda: self.url)
        self._resolvers = [DnsServer(self._zones_of(azure=azure)) for azure in (False, True)]
        self._proxy = Proxy(self._names(), lambda: self._port)
        self.cluster_servers: dict[str, ClusterApplication] = {}
        self._stop_soon: Callable[[], object] = lambda: None
        self._thread: threading.Thread | None = None
        self._ready = threading.Event()
        self._failed: BaseException | None = None

    @property
    def world(self) -> World:
        """Its state, which may be changed while it serves."""
        return self._world

    @property
    def url(self) -> str:
        """ARM's base URL, `https://localhost:PORT`."""
        return f"https://localhost:{self._port}"

    @property
    def port(self) -> int:
        """The TLS port that ARM, cloud metadata and the scoring hosts share."""
        return self._port

    @property
    def metadata_url(self) -> str:
        """Where the cloud describes itself, as `--aml-cloud` and `ARM_CLOUD_METADATA_URL` take it.

        The version whose answer is a list: the Azure CLI fails on the single object of 2022-09-01 in this variable.
        """
        return f"{self.url}/metadata/endpoints?api-version=2019-05-01"

    @property
    def cloud_name(self) -> str:
        """The cloud's name for `MLClient(..., cloud=...)`, one that azure-ai-ml does not know by heart."""
        return f"{metadata.PREFIX}{self._world.cloud}"

    @property
    def ca_bundle(self) -> Path:
        """The PEM file with the one authority that vouches for the emulator."""
        return self._folder.path / "authority.pem"

    @property
    def kubeconfig(self) -> Path:
        """A kubeconfig with a context for each of the world's clusters, called like the cluster."""
        return self._folder.path / "kubeconfig.yml"

    @property
    def client_certificate(self) -> tuple[bytes, bytes]:
        """A certificate and its key (PEM) with which the API servers of the world's clusters admit their admin."""
        made = self._authority.issue_cert(common_name="clusterAdmin", organization_name="system:masters")
        return made.cert_chain_pems[0].bytes(), made.private_key_pem.bytes()

    @property
    def dns_server(self) -> str:
        """`127.0.0.1:PORT` of the resolver that plays the network's own."""
        return f"127.0.0.1:{self._resolvers[0].port}"

    @property
    def azure_dns(self) -> str:
        """`127.0.0.1:PORT` of the resolver that plays 168.63.129.16."""
        return f"127.0.0.1:{self._resolvers[1].port}"

    @property
    def connect_to(self) -> str:
        """Rules in the manner of curl's `--connect-to`: whatever address a data-plane host has in the world, it is
        here.
        """
        return f":80:127.0.0.1:{self._identity_port} ::127.0.0.1:{self._port}"

    @property
    def proxy(self) -> str:
        """The HTTPS proxy that leads the world's hosts here, `http://127.0.0.1:PORT`, for clients that know no other
        way.
        """
        return f"http://127.0.0.1:{self._proxy.port}"

    @property
    def canned(self) -> bool:
        """Whether scoring hosts answer without a model: no script in the world, or no inference server to run it."""
        hosts = [] if self._world.recording else self._world.scoring_hosts
        return any(LocalModel.of(self._world.held_by(host), self._world.path.parent) is None for host in hosts)

    @property
    def requests(self) -> list[Request]:
        """Every request answered so far, in the order of the answers."""
        return self._application.requests

    @property
    def asked(self) -> list[str]:
        """The action of Azure's that each request to ARM needed, in its order."""
        return self._world.asked

    @property
    def unanswered(self) -> list[str]:
        """What was asked and the emulator does not know: routes, types, api-versions, filters."""
        return self._application.unanswered

    @property
    def environment(self) -> dict[str, str]:
        """The variables that point any SDK, the Azure CLI, curl and requests here.

        `IDENTITY_ENDPOINT` and `IDENTITY_HEADER`: where `DefaultAzureCredential` and `az login --identity` get tokens.
        `ARM_CLOUD_METADATA_URL`: where azure-ai-ml and the Azure CLI learn where ARM is. `AZUREML_CURRENT_CLOUD`: the
        name under which azure-ai-ml looks it up; it knows `AzureCloud` by heart and would go to the real one.
        `REQUESTS_CA_BUNDLE`, `SSL_CERT_FILE`, `CURL_CA_BUNDLE`: the authority, for requests, OpenSSL and curl.
        `KUBECONFIG`: the contexts of the world's clusters, for kubectl and every other client of Kubernetes.
        `NO_PROXY`, `no_proxy`: keeps a corporate proxy out of loopback connections.
        """
        bundle = str(self.ca_bundle)
        return {
            "IDENTITY_ENDPOINT": f"http://127.0.0.1:{self._identity_port}/msi/token",
            "IDENTITY_HEADER": tokens.HEADER,
            "ARM_CLOUD_METADATA_URL": self.metadata_url,
            "AZUREML_CURRENT_CLOUD": self.cloud_name,
            "REQUESTS_CA_BUNDLE": bundle,
            "SSL_CERT_FILE": bundle,
            "CURL_CA_BUNDLE": bundle,
            "KUBECONFIG": str(self.kubeconfig),
            "NO_PROXY": "localhost,127.0.0.1",
            "no_proxy": "localhost,127.0.0.1",
        }

    @property
    def routing(self) -> dict[str, str]:
        """The variables with which this plugin finds the world's names and hosts here."""
        return {
            "AML_DNS_SERVER": self.dns_server,
            "AML_AZURE_DNS": self.azure_dns,
            "AML_CONNECT_TO": self.connect_to,
        }

    def warm(self) -> None:
        """Make every member of the fleet now; each is made when it is first asked for otherwise."""
        if self._fleet:
            self._fleet.together(None)

    def start(self) -> None:
        """Listen. Returns once every port answers; raises `OSError` when the wanted port is taken."""
        listeners = [_listen(self._wanted_port), _listen(0)]
        self._port, self._identity_port = (listener.getsockname()[1] for listener in listeners)
        self._folder = Folder()
        authority = self._authority = trustme.CA()
        context = self._certify(authority)
        served: list[Served] = [
            (self._application, listener, tls) for listener, tls in zip(listeners, (context, None), strict=True)
        ]
        served += self._clusters(authority)
        thread = threading.Thread(target=self._run, args=(served,), name="aml-emulator", daemon=True)
        try:
            thread.start()
        except RuntimeError as error:
            for _, listener, _ in served:
                listener.close()
            self._folder.remove()
            raise OSError(f"the system gives the emulator no thread: {error}") from None
        self._thread = thread
        if not self._ready.wait(_START_LIMIT):
            raise OSError(f"the emulator did not listen within {_START_LIMIT:.0f} s")
        if self._failed is not None:
            raise self._failed

    def stop(self) -> None:
        """Close every port and wait until the thread has ended."""
        if self._thread is not None:
            self._stop_soon()
            self._thread.join(_START_LIMIT)
            self._thread = None
            for model in filter(None, self._application.models.values()):
                model.stop()
            self._folder.remove()

    def __enter__(self) -> "Emulator":
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def _world_of(self, host: str, arm: ArmPath | None) -> World:
        return self._fleet.world_of(host, arm) if self._fleet else self._world

    def _zones_of(self, *, azure: bool) -> Callable[[str], Zones]:
        made = cache(lambda number: view(self._world if number is None else self._fleet.member(number), azure=azure))  # type: ignore[union-attr]  # numbers are a fleet's
        return lambda host: made(self._fleet.number_in(host) if self._fleet else None)

    def _clusters(self, authority: trustme.CA) -> list["Served"]:
        """An API server for each of the world's clusters, and the kubeconfig that leads to all of them. Those of a
        fleet are told by Resource Manager alone: what runs in one is no other member's.
        """
        served: list[Served] = []
        for key, cluster in self._world.clusters.items() if self._fleet is None else ():
            properties = (self._world.get(cluster.id) or {}).get("properties", {})
            name = properties.get("fqdn") or properties.get("privateFQDN")
            application = ClusterApplication(self._world, cluster, self._application.latency, self.unanswered.append)
            listener = _listen(0)
            entry = kubeconfig.entry(cluster, listener.getsockname()[1], name, authority.cert_pem.bytes())
            self._world.kubeconfigs[key] = entry
            self._world.admin_kubeconfigs[key] = kubeconfig.as_admin(entry, *self.client_certificate)
            self.cluster_servers[cluster.name] = application
            tls = api_server.context(authority, (name,) if name else (), cluster.certificate)
            served.append((application, listener, tls))
        together = kubeconfig.together(list(self._world.kubeconfigs.values()))
        self._folder.write(self.kubeconfig, together.encode())
        return served

    def _certify(self, authority: trustme.CA) -> ssl.SSLContext:
        self._folder.write(self.ca_bundle, authority.cert_pem.bytes())
        return certificates.context(authority, self._names(), self._world)

    def _names(self) -> tuple[str, ...]:
        known = (*self._world.scoring_hosts, *hosts.names(self._world))
        return ("localhost", "127.0.0.1", *known, *(wildcards(known) if self._fleet else ()))

    def _run(self, served: list["Served"]) -> None:
        try:
            asyncio.run(self._serve(served))
        except Exception as error:
            self._failed = error
        finally:
            self._ready.set()

    async def _serve(self, served: list["Served"]) -> None:
        """Own every socket on one event loop. uvicorn's server is left out: it polls for its end, which takes 0.2 s."""
        loop, self._stopping = asyncio.get_running_loop(), asyncio.Event()
        self._stop_soon = lambda: loop.call_soon_threadsafe(self._stopping.set)
        sides: list[DnsServer | Proxy] = [*self._resolvers, self._proxy]
        for side in sides:
            await side.start()
        servers = [
            await loop.create_server(_protocol(application), sock=listener, ssl=tls)
            for application, listener, tls in served
        ]
        self._ready.set()
        await self._stopping.wait()
        for server in servers:
            server.close()
        for side in sides:
            side.close()
        for application, _, _ in served:
            for transport in list(application.transports.values()):
                transport.abort()


Served = tuple[Application | ClusterApplication, socket.socket, ssl.SSLContext | None]
"""What answers, where, and with which certificate."""


def _protocol(application: Application | ClusterApplication) -> Callable[[], H11Protocol]:
    """HTTP whose connections are within a fault's reach: ASGI itself cannot break one."""
    config = uvicorn.Config(
        application,
        lifespan="off",
        log_config=None,
        access_log=False,
        ws="none",
        timeout_keep_alive=60,
    )
    config.load()
    state, transports = ServerState(), application.transports

    class Breakable(H11Protocol):
        def connection_made(self, transport: Any) -> None:
            super().connection_made(transport)
            if self.client is not None:
                transports[self.client] = transport

        def connection_lost(self, exc: Exception | None) -> None:
            if self.client is not None:
                transports.pop(self.client, None)
            super().connection_lost(exc)

    return lambda: Breakable(config=config, server_state=state, app_state={})


def _broken(healthy: World, name: str) -> World:
    """The world after this failure."""
    changed = deepcopy(healthy)
    apply(changed, load(name))
    return changed


def _listen(port: int) -> socket.socket:
    # By its protocol asyncio knows TCP and turns Nagle off; else every answer on a kept connection is 40 ms late.
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    if os.name == "posix":  # elsewhere the option would let two servers share a port
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind(("127.0.0.1", port))
        listener.listen(128)
    except OSError as error:
        listener.close()
        raise OSError(error.errno, f"the emulator cannot listen on 127.0.0.1:{port}: {error.strerror}") from None
    return listener
