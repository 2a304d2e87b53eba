"""The connection to one Azure, which every reader is handed: one cloud, one token, one HTTP session, one resolver."""

from collections.abc import Callable, Sequence
from contextlib import suppress
from copy import copy
from dataclasses import dataclass, replace
from threading import BoundedSemaphore
from typing import TYPE_CHECKING, Any, TypeVar
from urllib.parse import urlsplit

from azure.core.exceptions import ClientAuthenticationError

from pytest_amlpreflight.engine import Pool
from pytest_amlpreflight.facts.resources.network import Broken, Resolution
from pytest_amlpreflight.facts.rules.redaction import Redactor
from pytest_amlpreflight.facts.unread import FactUnreadable, NotRead
from pytest_amlpreflight.readers.connection.api_version import NegotiateApiVersion
from pytest_amlpreflight.readers.connection.arm import Arm
from pytest_amlpreflight.readers.connection.budget import Budget
from pytest_amlpreflight.readers.connection.cloud import STORAGE_AUDIENCE, Cloud, read_cloud
from pytest_amlpreflight.readers.connection.data_plane import DataPlane
from pytest_amlpreflight.readers.connection.dns import answers, ask, read_resolution
from pytest_amlpreflight.readers.connection.errors import reading
from pytest_amlpreflight.readers.connection.exchange import Lookup, Tap, untapped
from pytest_amlpreflight.readers.connection.once import Once
from pytest_amlpreflight.readers.connection.pipeline import OneToken, build_pipeline, http_session
from pytest_amlpreflight.readers.connection.routing import Route, parse_connect_to
from pytest_amlpreflight.readers.connection.sign_in import default_credential
from pytest_amlpreflight.readers.connection.snapshot import Snapshot

if TYPE_CHECKING:
    from azure.core.credentials import SupportsTokenInfo
    from azure.core.pipeline import Pipeline

T = TypeVar("T")

LONGEST_LOOKUP = 5.0
"""Seconds a DNS question may take: what a stub resolver waits before it gives up."""

LOOKUPS = 16
"""Questions to a resolver at once: small ones drop what they cannot answer in time."""

AZURE_DNS_PATIENCE = 2.0
"""Seconds for Azure's own DNS, which is near wherever it answers and silent everywhere else: a laptop must not wait
longer.
"""


@dataclass(frozen=True, slots=True)
class ConnectionSettings:
    """Which Azure, and how patiently: `timeout` is in seconds per request, `dns_server` is `ADDRESS[:PORT]` or None.

    `connect_to` are rules `HOST:PORT:ADDRESS:PORT` for data-plane connections, as curl's option of that name takes
    them. Nothing is waited for that Azure grants only after `deadline` seconds.
    """

    cloud: str = "AzureCloud"
    timeout: float = 30.0
    dns_server: str | None = None
    azure_dns: str = "168.63.129.16"
    backoff: float = 0.8
    connect_to: tuple[str, ...] = ()
    deadline: float | None = None


class Azure:
    """One connection for a whole run; its parts are made when first needed, and safe to use from any thread."""

    def __init__(
        self,
        settings: ConnectionSettings,
        credential: "Callable[[Cloud], SupportsTokenInfo] | None" = None,
        pool: Pool | None = None,
        tap: Tap = untapped,
    ) -> None:
        self.settings, self.pool, self.tap = settings, pool or Pool(), tap
        self.redactor = Redactor()
        self._credential = credential or (lambda cloud: default_credential(cloud.authority))
        self._once, self._identity, self._lookups = Once(), Once(), BoundedSemaphore(LOOKUPS)
        self._snapshot: Snapshot | None = None
        self.session = http_session()
        self.versions = NegotiateApiVersion()
        self.budget = Budget(settings.deadline)

    def anew(self) -> "Azure":
        """The same connection, with its token and its session, that has read nothing yet: for states that settle."""
        other = copy(self)
        other._once = self._once.only("pipeline")
        return other

    def in_bulk(self, subscriptions: Callable[[], Sequence[str]]) -> "Azure":
        """The same connection, which takes from Resource Graph what that may tell of these subscriptions, and asks this
        one for the rest. They are named when they are known: before the first read about one of them.
        """
        other = copy(self)
        other._once, other._snapshot = Once(), Snapshot(lambda: self.arm, subscriptions)
        return other

    @property
    def cloud(self) -> Cloud:
        """The cloud; the first caller waits for its metadata where it is given by address."""
        return self._identity.get("cloud", lambda: read_cloud(self.settings.cloud, self.session, self.settings.timeout))

    @property
    def token(self) -> OneToken:
        """The credential behind every request."""
        return self._identity.get("token", lambda: OneToken(self._credential(self.cloud)))

    @property
    def arm(self) -> Arm:
        """Azure Resource Manager."""
        return self._once.get(
            "arm",
            lambda: Arm(
                self.cloud.resource_manager,
                self._pipeline,
                self.pool,
                self.versions.used,
                for_many=self._snapshot is not None,
            ),
        )

    @property
    def data_plane(self) -> DataPlane:
        """The hosts behind the resources: vaults, registries, storage accounts, scoring."""
        return self._once.get("data plane", self._data_plane)

    def _data_plane(self) -> DataPlane:
        rules = [parse_connect_to(rule) for rule in self.settings.connect_to]
        settings = self.settings
        return DataPlane(
            self._bearer,
            self.cloud.homes,
            self.resolve,
            rules,
            timeout=settings.timeout,
            backoff=settings.backoff,
            tap=self.tap,
        )

    @property
    def route(self) -> Route:
        """Where connections to data-plane hosts go."""
        return Route(self.resolve, [parse_connect_to(rule) for rule in self.settings.connect_to])

    def sign_in(self) -> None:
        """Get the token that every other read starts with; raises `NotSignedIn`."""
        with reading("the sign-in"):
            self.token.get_token_info(f"{self.cloud.audience}/.default")

    def tokens(self) -> list[tuple[list[str], str, int]]:
        """The tokens that the workers of a run will need, each asked for once: of Resource Manager, vaults, storage.

        They are handed over in memory. What cannot be had here, a worker asks for itself and tells why not.
        """
        token: OneToken | None = None
        with suppress(NotRead, ClientAuthenticationError):
            token = self.token
            for audience in (self.cloud.audience, self.cloud.key_vault_audience, STORAGE_AUDIENCE):
                token.get_token_info(f"{audience}/.default")
        return token.known() if token else []

    def _bearer(self, audience: str) -> str:
        self.sign_in()
        try:
            return self.token.get_token_info(f"{audience}/.default").token
        except ClientAuthenticationError as error:  # signed in, and still no token for this service
            refusal = error.message
        raise FactUnreadable(f"the token for {audience}", status=None, code="TokenUnavailable", detail=refusal)

    def management_client(self, client: Callable[..., T], subscription: str, api_version: str) -> T:
        """One of Azure's own management clients, over this connection: `KeyVaultManagementClient` and its siblings."""
        return client(
            self.token,
            subscription,
            base_url=self.cloud.resource_manager,
            api_version=api_version,
            pipeline=self._pipeline,
        )

    def resolve(self, host: str) -> Resolution:
        """What the configured resolver says of a host.

        One that is silent is asked again, and then for another name: silence says something of a host only where the
        resolver answers at all. Else raises `FactUnreadable`.
        """
        return self._once.get(f"dns {host}", lambda: self._resolve(host))

    def _resolve(self, host: str) -> Resolution:
        server, lifetime = self.settings.dns_server, min(self.settings.timeout, LONGEST_LOOKUP)
        with self._lookups:
            found = read_resolution(host, server, lifetime)
            if found.broken is Broken.TIMEOUT:
                found = read_resolution(host, server, lifetime)
            self.tap(Lookup(found, azure=False))
            if found.broken is not Broken.TIMEOUT or answers(ask(self._control, server, lifetime)):
                return found
        raise FactUnreadable(f"the address of {host}", status=None, code="ResolverSilent", detail=found.detail)

    def ask_azure_dns(self, host: str) -> Resolution:
        """What Azure's own DNS says of a host; it is silent outside virtual networks, which is found out once."""
        server = self.settings.azure_dns
        control = self._once.get("azure dns", lambda: ask(self._control, server, AZURE_DNS_PATIENCE))
        if not answers(control):
            found = replace(control, host=host)
        else:
            with self._lookups:
                found = ask(host, server, AZURE_DNS_PATIENCE)
        self.tap(Lookup(found, azure=True))
        return found

    @property
    def _control(self) -> str:
        """A name that every resolver can say something of, be it that there is none."""
        return urlsplit(self.cloud.resource_manager).hostname or "localhost"

    @property
    def _pipeline(self) -> "Pipeline[Any, Any]":
        return self._once.get(
            "pipeline",
            lambda: build_pipeline(
                self.session,
                self.token,
                self.cloud.audience,
                self.cloud.resource_manager,
                self.versions,
                budget=self.budget,
                snapshot=self._snapshot,
                timeout=self.settings.timeout,
                backoff=self.settings.backoff,
                tap=self.tap,
            ),
        )
