"""Data-plane requests: to the address of the one resolver, with the host's own name, and with a reason where none
answers.
"""

import errno
import gc
import socket
import ssl
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest
import requests
from requests.adapters import DEFAULT_POOLSIZE
from urllib3.util import connection

from pytest_amlpreflight.emulator import Emulator
from pytest_amlpreflight.facts.resources.network import Broken, Resolution
from pytest_amlpreflight.facts.unreached import HostUnreached, Unreached
from pytest_amlpreflight.facts.unread import FactAbsent, FactUnreadable
from pytest_amlpreflight.readers.connection.cloud import CLOUDS
from pytest_amlpreflight.readers.connection.data_plane import DataPlane, unreached
from pytest_amlpreflight.readers.connection.routing import Route, parse_connect_to

WORLD = Path(__file__).parents[2] / "example_project" / "world.yml"
HOST = "contoso-ml-kv.vault.azure.net"


def at(address: str) -> Callable[[str], Resolution]:
    """A resolver that knows one address for everything."""
    return lambda host: Resolution(host, "10.0.0.4", (), (address,), None)


def nowhere(host: str) -> Resolution:
    """A resolver that knows no name."""
    return Resolution(host, "10.0.0.4", ("alias.example.org",), (), Broken.NXDOMAIN)


def errors(response: requests.Response) -> tuple[str, str]:
    """Code and message of a Key Vault answer."""
    error = response.json()["error"]
    return error["code"], error["message"]


def plane(resolve: Callable[[str], Resolution], *rules: str, timeout: float = 5) -> DataPlane:
    """A data plane without retries' pauses."""
    parsed = [parse_connect_to(rule) for rule in rules]
    return DataPlane(
        lambda audience: f"token for {audience}",
        CLOUDS["AzureCloud"].homes,
        resolve,
        parsed,
        timeout=timeout,
        backoff=0,
    )


@pytest.fixture
def emulator(monkeypatch: pytest.MonkeyPatch) -> Iterator[Emulator]:
    """The example project's world, served, and its authority trusted."""
    with Emulator(WORLD) as started:
        for name, value in started.environment.items():
            monkeypatch.setenv(name, value)
        yield started


@pytest.fixture
def port() -> Iterator[int]:
    """A port of this machine that resets every connection it accepts."""
    listener = socket.create_server(("127.0.0.1", 0))

    def serve() -> None:
        while True:
            try:
                connection, _ = listener.accept()
            except OSError:
                return
            connection.recv(1)
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
            connection.close()

    threading.Thread(target=serve, daemon=True).start()
    yield listener.getsockname()[1]
    listener.shutdown(socket.SHUT_RDWR)
    listener.close()


@pytest.mark.parametrize(
    ("rule", "place"),
    [
        ("kv.example.org:443:127.0.0.1:8443", ("127.0.0.1", 8443)),
        ("KV.example.org::127.0.0.1:", ("127.0.0.1", 443)),
        (":443::8443", ("10.1.0.5", 8443)),
        ("::127.0.0.1:8443", ("127.0.0.1", 8443)),
        ("other.example.org:443:127.0.0.1:8443", ("10.1.0.5", 443)),
        (":80:127.0.0.1:8080", ("10.1.0.5", 443)),
        ("kv.example.org:443:[::1]:8443", ("::1", 8443)),
    ],
)
def test_a_rule_says_where_a_connection_goes(rule: str, place: tuple[str, int]) -> None:
    """Empty parts match everything or leave it as it was, as curl's own option has it."""
    route = Route(at("10.1.0.5"), [parse_connect_to(rule)])

    found = route("kv.example.org", 443)

    assert found == place


def test_a_rule_that_names_a_host_needs_no_look_up() -> None:
    """Through a tunnel a name need not resolve here."""
    route = Route(nowhere, [parse_connect_to("kv.example.org:443:127.0.0.1:8443")])

    assert route("kv.example.org", 443) == ("127.0.0.1", 8443)


def test_a_rule_for_every_host_hides_no_broken_name() -> None:
    """A name that cannot be resolved is still noticed, with the way it took."""
    route = Route(nowhere, [parse_connect_to("::127.0.0.1:8443")])

    with pytest.raises(HostUnreached, match="NameNotResolved") as raised:
        route("kv.example.org", 443)

    assert raised.value.path == "kv.example.org -> alias.example.org -> NXDOMAIN"


def test_an_address_is_not_looked_up() -> None:
    """A Kubernetes endpoint's URI may hold an IP address."""
    assert Route(nowhere)("10.9.8.7", 80) == ("10.9.8.7", 80)


def test_a_request_shows_the_host_to_the_address(emulator: Emulator) -> None:
    """SNI, certificate and Host are those of the name, though the connection knows an address only."""
    response = plane(at("127.0.0.1"), f":443::{emulator.port}").send("GET", f"https://{HOST}/secrets/a/versions")

    assert response.status_code == 401
    assert "vault.azure.net" in response.headers["WWW-Authenticate"]
    assert emulator.requests[-1].host == HOST


def test_hosts_at_one_address_do_not_share_a_connection(emulator: Emulator) -> None:
    """Two names behind one address each get a connection of their own, with their own certificate check."""
    hosts = (HOST, "contosomlacr.azurecr.io")
    both = plane(at("127.0.0.1"), f":443::{emulator.port}")

    statuses = [both.send("GET", f"https://{host}/v2/").status_code for host in hosts]

    assert statuses == [401, 401]
    assert [request.host for request in emulator.requests] == list(hosts)


def test_answers_that_are_remembered_hold_no_connection(monkeypatch: pytest.MonkeyPatch) -> None:
    """A fleet has more hosts than a process may have files open: those of the hosts asked last are kept, no others."""
    with Emulator(WORLD, fleet=30) as emulator:
        monkeypatch.setenv("REQUESTS_CA_BUNDLE", emulator.environment["REQUESTS_CA_BUNDLE"])
        of_many = plane(at("127.0.0.1"), f":443::{emulator.port}")

        for number in range(30):
            url = f"https://contoso-ml-kv{number:05}.vault.azure.net/secrets/a/versions"
            of_many.read("GET", url, "a vault", errors=errors, expected=(401,))
        gc.collect()

        there = ("127.0.0.1", emulator.port)
        mine = [one for one in psutil.Process().net_connections() if one.raddr == there and one.status == "ESTABLISHED"]
        assert len(mine) <= DEFAULT_POOLSIZE


def test_a_certificate_for_another_name_is_told_apart(emulator: Emulator) -> None:
    """A middlebox or a wrong record: the certificate is good, but for someone else."""
    with pytest.raises(HostUnreached, match="CertificateForAnotherName"):
        plane(at("127.0.0.1"), f":443::{emulator.port}").send("GET", "https://elsewhere.example.org/")


def test_a_certificate_that_has_run_out_is_told_apart() -> None:
    """Whom this machine trusts has nothing to do with it."""
    said = "certificate verify failed: certificate has expired (_ssl.c:1006)"

    assert unreached("h", requests.exceptions.SSLError(said)).why is Unreached.CERTIFICATE_EXPIRED


def test_an_unknown_authority_is_told_apart(emulator: Emulator, monkeypatch: pytest.MonkeyPatch) -> None:
    """A proxy that opens TLS, whose authority this machine does not trust."""
    monkeypatch.delenv("REQUESTS_CA_BUNDLE")
    monkeypatch.delenv("CURL_CA_BUNDLE")

    with pytest.raises(HostUnreached, match="CertificateNotTrusted"):
        plane(at("127.0.0.1"), f":443::{emulator.port}").send("GET", f"https://{HOST}/")


@pytest.mark.parametrize(
    ("owner", "name"), [(ssl.SSLContext, "load_verify_locations"), (connection, "create_connection")]
)
def test_what_this_machine_lacks_is_no_word_about_the_host(
    owner: Any, name: str, emulator: Emulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without another file to open, authorities cannot be read and sockets not be had: nothing of it is a verdict."""

    def exhausted(*_: Any, **__: Any) -> None:
        raise OSError(errno.EMFILE, "Too many open files")

    monkeypatch.setattr(owner, name, exhausted)

    with pytest.raises(FactUnreadable, match="EMFILE"):
        plane(at("127.0.0.1"), f":443::{emulator.port}").send("GET", f"https://{HOST}/")


def test_a_closed_port_is_refused() -> None:
    """Nobody listens: the connection is refused at once."""
    with socket.create_server(("127.0.0.1", 0)) as closed:
        port = closed.getsockname()[1]

    with pytest.raises(HostUnreached, match="ConnectionRefused"):
        plane(at("127.0.0.1")).send("GET", f"http://kv.example.org:{port}/")


def test_a_broken_connection_is_reset(port: int) -> None:
    """A firewall that answers with RST."""
    with pytest.raises(HostUnreached, match="ConnectionReset"):
        plane(at("127.0.0.1")).send("GET", f"http://kv.example.org:{port}/")


def test_silence_is_a_timeout() -> None:
    """A firewall that drops: nothing comes back."""
    with socket.create_server(("127.0.0.1", 0)) as silent:
        port = silent.getsockname()[1]

        with pytest.raises(HostUnreached, match="Timeout"):
            plane(at("127.0.0.1"), timeout=0.2).send("GET", f"http://kv.example.org:{port}/")


def test_a_proxy_gets_the_name() -> None:
    """Behind a proxy the name is the proxy's to resolve, and a dead proxy is said so."""
    with socket.create_server(("127.0.0.1", 0)) as closed:
        port = closed.getsockname()[1]
    behind = plane(nowhere)
    behind._session.proxies = {"https": f"http://127.0.0.1:{port}"}

    with pytest.raises(HostUnreached) as raised:
        behind.send("GET", f"https://{HOST}/")

    assert raised.value.why is Unreached.PROXY


def test_a_read_that_is_refused_is_unreadable(emulator: Emulator) -> None:
    """The service's own code and status, and the permission that would have answered."""
    read = plane(at("127.0.0.1"), f":443::{emulator.port}").read

    with pytest.raises(FactUnreadable, match="the secret is unreadable: HTTP 401 Unauthorized") as raised:
        read("GET", f"https://{HOST}/secrets/a/versions", "the secret", errors=errors, permission="a/read")

    assert raised.value.permission == "a/read"


@pytest.mark.parametrize(
    ("code", "message", "lacking"),
    [
        ("ForbiddenByFirewall", "Client address is not authorized and caller is not a trusted service.", None),
        ("ForbiddenByConnection", "Public network access is disabled.", None),
        ("AuthorizationFailure", "", None),
        ("DENIED", "client with IP '10.0.0.4' is not allowed access.", None),
        ("DENIED", "requested access to the resource is denied", "a/read"),
        ("ForbiddenByRbac", "Caller is not authorized to perform action on resource.", "a/read"),
        ("ForbiddenByPolicy", "... does not have secrets list permission on key vault 'kv'.", None),
        ("AuthorizationPermissionMismatch", "", "a/read"),
    ],
)
def test_no_permission_opens_a_firewall(code: str, message: str, lacking: str | None, emulator: Emulator) -> None:
    """An address that is turned away lacks none: nobody is sent to ask for one."""
    read = plane(at("127.0.0.1"), f":443::{emulator.port}").read

    with pytest.raises(FactUnreadable) as raised:
        read("GET", f"https://{HOST}/secrets", "the secret", errors=lambda _: (code, message), permission="a/read")

    assert (raised.value.code, raised.value.permission) == (code, lacking)


def test_a_read_of_nothing_is_absent(emulator: Emulator) -> None:
    """404 is an answer: there is no such thing."""
    read = plane(at("127.0.0.1"), f":443::{emulator.port}").read

    with pytest.raises(FactAbsent, match="the manifest does not exist, but deployment blue names it"):
        read(
            "GET",
            "https://contosomlacr.azurecr.io/nothing",
            "the manifest",
            errors=lambda _: ("NAME_UNKNOWN", ""),
            named_by="deployment blue",
        )


def test_a_read_without_an_answer_is_unreadable() -> None:
    """What stood in the way is the code."""
    with pytest.raises(FactUnreadable, match="the secret is unreadable: NameNotResolved"):
        plane(nowhere).read("GET", f"https://{HOST}/", "the secret", errors=errors)


def test_a_connection_that_breaks_is_tried_again() -> None:
    """Hosts close what was idle for a while, at times just when it is used again; one that always breaks is named."""
    listener = socket.create_server(("127.0.0.1", 0))
    answer = b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n{}"

    def serve() -> None:
        for reply in (b"", answer, b"", b"", b""):
            connection, _ = listener.accept()
            connection.recv(65536)
            connection.sendall(reply)
            connection.close()

    threading.Thread(target=serve, daemon=True).start()
    plane = DataPlane(lambda _: "", lambda _: (), at("127.0.0.1"), timeout=5)
    url = f"http://localhost:{listener.getsockname()[1]}"

    assert plane.read("GET", f"{url}/once", "it", errors=errors).status_code == 200
    with pytest.raises(FactUnreadable, match="it is unreadable: ConnectionReset"):
        plane.read("GET", f"{url}/always", "it", errors=errors)
    listener.close()
