"""Names to addresses through a real DNS server."""

import errno
import socket
import threading
from typing import Any

import dns.message
import dns.query
import dns.rrset
import pytest

from pytest_amlpreflight.facts.resources.network import Broken, Resolution
from pytest_amlpreflight.facts.unread import FactUnreadable
from pytest_amlpreflight.readers.connection.azure import Azure, ConnectionSettings
from pytest_amlpreflight.readers.connection.dns import read_resolution

HOST = "iris.eastus2.inference.ml.azure.com"
PRIVATE = "iris.2c7e5d84-8f31-4f0b-9b1d-6b0f4a93c7d2.inference.eastus2.privatelink.api.azureml.ms"
WILDCARD = "*.2c7e5d84-8f31-4f0b-9b1d-6b0f4a93c7d2.inference.eastus2"


def resolve(world: Any, host: str = HOST, timeout: float = 2.0) -> Resolution:
    """What the world's resolver says."""
    world.connect()
    return read_resolution(host, world.emulator.dns_server, timeout)


def zone(world: Any, name: str) -> dict[str, Any]:
    """The records that the world writes for a zone, to be changed in place; none, where names follow from resources."""
    found: dict[str, Any] = world.sections["dns"]["zones"].setdefault(name, {})
    return found


def test_the_way_to_the_address_is_told(world: Any) -> None:
    """The public name leads through the zone of private link."""
    found = resolve(world)

    assert (found.host, found.broken) == (HOST, None)
    assert found.chain == (PRIVATE,)
    assert found.addresses == ("10.1.0.7",)
    assert found.path == f"{HOST} -> {PRIVATE} -> 10.1.0.7"
    assert found.resolver == world.emulator.dns_server


def test_a_record_that_is_missing_is_told_with_the_way_there(world: Any) -> None:
    """The chain ends where nobody knows the name."""
    world.sections["resources"].remove(world[f"A/{WILDCARD}"])

    found = resolve(world)

    assert (found.broken, found.addresses) == (Broken.NXDOMAIN, ())
    assert found.chain == (PRIVATE,)
    assert found.path == f"{HOST} -> {PRIVATE} -> NXDOMAIN"


def test_a_name_nobody_knows_has_no_way(world: Any) -> None:
    """Not even its first step."""
    found = resolve(world, "rose.eastus2.inference.ml.azure.com")

    assert (found.broken, found.chain) == (Broken.NXDOMAIN, ())


@pytest.mark.parametrize(
    ("answer", "why"), [("SERVFAIL", Broken.SERVFAIL), ("REFUSED", Broken.REFUSED), ("timeout", Broken.TIMEOUT)]
)
def test_a_server_that_does_not_answer_says_how(world: Any, answer: str, why: Broken) -> None:
    """A broken forwarder, one that does not serve this client, and silence are three things."""
    zone(world, "eastus2.inference.ml.azure.com")["iris"] = {"answer": answer}

    found = resolve(world, timeout=0.3)

    assert (found.broken, found.addresses) == (why, ())


def test_a_name_without_an_address_is_told_from_one_that_does_not_exist(world: Any) -> None:
    """It has other records."""
    zone(world, "eastus2.inference.ml.azure.com")["iris"] = {"TXT": ["nothing here"]}

    found = resolve(world)

    assert found.broken is Broken.NO_ADDRESS


def test_an_address_of_version_6_will_do(world: Any) -> None:
    """Where there is none of version 4."""
    zone(world, "eastus2.inference.ml.azure.com")["iris"] = {"AAAA": ["fd00::7"]}

    found = resolve(world)

    assert (found.addresses, found.broken) == (("fd00::7",), None)


def test_several_addresses_come_in_a_fixed_order(world: Any) -> None:
    """A server may rotate them."""
    zone(world, "eastus2.inference.ml.azure.com")["iris"] = {"A": ["10.0.0.9", "10.0.0.10"]}

    assert set(resolve(world).addresses) == {"10.0.0.9", "10.0.0.10"}


def test_names_that_lead_in_a_circle_have_no_address(world: Any) -> None:
    """And the reader comes back."""
    zone(world, "eastus2.inference.ml.azure.com")["iris"] = {"CNAME": "rose.eastus2.inference.ml.azure.com"}
    zone(world, "eastus2.inference.ml.azure.com")["rose"] = {"CNAME": HOST}

    found = resolve(world, timeout=0.5)

    assert found.broken is not None
    assert found.addresses == ()


def test_a_server_that_is_not_there_does_not_pass() -> None:
    """Refused by the machine or silent: there is no address either way."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as free:
        free.bind(("127.0.0.1", 0))
        nowhere = f"127.0.0.1:{free.getsockname()[1]}"

    found = read_resolution(HOST, nowhere, 0.3)

    assert found.broken in (Broken.TIMEOUT, Broken.UNREACHABLE)
    assert found.addresses == ()
    assert found.resolver == nowhere


def test_without_a_server_the_systems_own_look_up_decides(monkeypatch: pytest.MonkeyPatch, world: Any) -> None:
    """It honours a hosts file, which no DNS server knows."""
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: [(2, 1, 6, "", ("10.1.0.7", 443))] * 2)
    monkeypatch.setattr(
        "pytest_amlpreflight.readers.connection.dns.ask", lambda *_: Resolution(HOST, "", (), (), Broken.TIMEOUT)
    )

    found = read_resolution(HOST, None, 0.2)

    assert (found.addresses, found.broken) == (("10.1.0.7",), None)


def test_without_a_server_an_unknown_name_is_told_by_the_question(monkeypatch: pytest.MonkeyPatch) -> None:
    """The system says only that there is none; DNS says why."""

    def unknown(*_: object, **__: object) -> None:
        raise socket.gaierror(-2, "Name or service not known")

    monkeypatch.setattr(socket, "getaddrinfo", unknown)
    monkeypatch.setattr(
        "pytest_amlpreflight.readers.connection.dns.ask", lambda *_: Resolution(HOST, "", (), (), Broken.NXDOMAIN)
    )

    assert read_resolution(HOST, None, 0.2).broken is Broken.NXDOMAIN


def test_a_silent_resolver_says_nothing_of_a_host() -> None:
    """One that answers nobody, overloaded or away, is no reason to call a host's name broken."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as nobody:
        nobody.bind(("127.0.0.1", 0))
        server = f"127.0.0.1:{nobody.getsockname()[1]}"
        azure = Azure(ConnectionSettings(timeout=0.2, dns_server=server))

        with pytest.raises(FactUnreadable, match=f"the address of {HOST} is unreadable: ResolverSilent"):
            azure.resolve(HOST)


def test_a_host_that_alone_is_silent_has_no_address(world: Any) -> None:
    """The same resolver answers for another name."""
    zone(world, "inference.ml.azure.com")["iris.eastus2"] = {"answer": "silence"}

    cloud = world.connect().settings.cloud
    azure = Azure(ConnectionSettings(cloud=cloud, timeout=0.3, dns_server=world.emulator.dns_server))

    found = azure.resolve(HOST)

    assert found.broken is Broken.TIMEOUT


def test_a_question_that_was_lost_is_asked_again() -> None:
    """The first answer that comes counts."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as server:
        server.bind(("127.0.0.1", 0))

        def answer_the_second() -> None:
            server.recvfrom(512)
            wire, client = server.recvfrom(512)
            response = dns.message.make_response(dns.message.from_wire(wire))
            response.answer.append(dns.rrset.from_text(f"{HOST}.", 30, "IN", "A", "10.1.0.7"))
            server.sendto(response.to_wire(), client)

        threading.Thread(target=answer_the_second, daemon=True).start()
        azure = Azure(ConnectionSettings(timeout=0.3, dns_server=f"127.0.0.1:{server.getsockname()[1]}"))

        assert azure.resolve(HOST).addresses == ("10.1.0.7",)


def test_a_machine_without_a_socket_left_has_asked_nobody(monkeypatch: pytest.MonkeyPatch) -> None:
    """Which is no answer about the name, nor about its server."""

    def exhausted(*_: Any) -> None:
        raise OSError(errno.EMFILE, "Too many open files")

    monkeypatch.setattr(dns.query, "socket_factory", exhausted)

    with pytest.raises(FactUnreadable, match="EMFILE"):
        read_resolution("contoso.example.org", "127.0.0.1:53", 2)
