"""Where a data-plane connection goes: to the address that the one resolver gave, whatever the operating system
thinks.
"""

import re
from collections.abc import Callable, Sequence
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Any

import requests
from requests.utils import select_proxy

from pytest_amlpreflight.facts.resources.network import Resolution
from pytest_amlpreflight.facts.unreached import HostUnreached, Unreached
from pytest_amlpreflight.readers.connection.bounded import BoundedAdapter

Resolve = Callable[[str], Resolution]

_RULE = re.compile(r"(?P<host>[^:]*):(?P<port>\d*):(?P<address>[^\[:]*|\[[^\]]*\]):(?P<to>\d*)")
_ADDRESS = re.compile(r"\d{1,3}(\.\d{1,3}){3}|\[?[0-9A-Fa-f]*:[0-9A-Fa-f:.]*\]?")


@dataclass(frozen=True, slots=True)
class ConnectTo:
    """One rule of `--aml-connect-to`, with curl's meaning: an empty part matches everything, or leaves it as it was."""

    host: str
    port: int | None
    address: str
    to_port: int | None

    def matches(self, host: str, port: int) -> bool:
        """Whether a connection to `host:port` is meant."""
        return self.host.lower() in ("", host.lower()) and self.port in (None, port)

    @property
    def replaces_lookup(self) -> bool:
        """Whether the host need not be looked up: the rule names it, and says where to go.

        A rule for every host does not: its names stay subject to the resolver, so that one that cannot be resolved is
        still noticed.
        """
        return bool(self.host and self.address)


def parse_connect_to(text: str) -> ConnectTo:
    """The rule that `HOST:PORT:ADDRESS:PORT` writes; raises `ValueError`."""
    match = _RULE.fullmatch(text)
    if match is None:
        raise ValueError(f"{text!r} is not HOST:PORT:ADDRESS:PORT")
    port, to_port = (int(match[name]) if match[name] else None for name in ("port", "to"))
    return ConnectTo(match["host"], port, match["address"].strip("[]"), to_port)


class Route:
    """From a host and port to the address and port to connect to."""

    def __init__(self, resolve: Resolve, rules: Sequence[ConnectTo] = ()) -> None:
        self._resolve, self._rules = resolve, rules

    def __call__(self, host: str, port: int) -> tuple[str, int]:
        """The first rule that matches counts. Raises `HostUnreached` for a name without an address."""
        rule = next((rule for rule in self._rules if rule.matches(host, port)), ConnectTo("", None, "", None))
        address = rule.address if rule.replaces_lookup else self._address(host)
        return rule.address or address, rule.to_port or port

    def _address(self, host: str) -> str:
        if host == "localhost" or _ADDRESS.fullmatch(host):
            return host.strip("[]")
        found = self._resolve(host)
        if not found.addresses:
            raise HostUnreached(host, Unreached.NAME, f"{found.resolver}: {found.broken}", found.path)
        return found.addresses[0]


class RoutedAdapter(BoundedAdapter):
    """Connects where the route says, and shows the host's own name in SNI, in the certificate check and in `Host`.

    Behind a proxy the name is left to the proxy, which alone can look it up.
    """

    def __init__(self, route: Route, **kwargs: Any) -> None:
        self._route = route
        self._proxied: ContextVar[bool] = ContextVar("proxied", default=False)
        super().__init__(**kwargs)

    def send(self, request: requests.PreparedRequest, *args: Any, **kwargs: Any) -> requests.Response:
        """Send, with `Host` as the URL has it: the connection knows an address only."""
        proxies = kwargs.get("proxies") or (args[4] if len(args) > 4 else None)
        self._proxied.set(bool(select_proxy(str(request.url), proxies)))
        request.headers.setdefault("Host", str(request.url).split("/", 3)[2])
        return super().send(request, *args, **kwargs)

    def build_connection_pool_key_attributes(self, *args: Any, **kwargs: Any) -> tuple[Any, Any]:
        """What a pooled connection is kept by: address and port, and over TLS the name it was opened for."""
        place, options = super().build_connection_pool_key_attributes(*args, **kwargs)
        if self._proxied.get():
            return place, options
        host = place["host"].strip("[]")
        port = place["port"] or (443 if place["scheme"] == "https" else 80)
        address, to_port = self._route(host, port)
        there: dict[str, Any] = {**place, "host": address, "port": to_port}
        if place["scheme"] != "https":
            return there, options
        named: dict[str, Any] = dict(options)
        return there, named | {"server_hostname": host, "assert_hostname": host}
