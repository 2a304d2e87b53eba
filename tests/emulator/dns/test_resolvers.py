"""The DNS servers, asked by dnspython over real sockets."""

from collections.abc import Callable
from pathlib import Path

import dns.exception
import dns.resolver
import pytest

from pytest_amlpreflight.emulator import Emulator

ALIAS = "iris.2c7e5d84-8f31-4f0b-9b1d-6b0f4a93c7d2.inference.eastus2.privatelink.api.azureml.ms."
ZONES = """
dns:
  zones:
    corp.example:
      broken: {answer: SERVFAIL}
      closed: {answer: REFUSED}
      quiet: {answer: silence}
      here: {A: [loopback]}
      "*.apps": {A: [10.0.0.9]}
      deep.below: {A: [10.0.0.8]}
azure_dns:
  zones:
    corp.example:
      here: {A: [10.0.0.1]}
"""


def ask(server: str) -> dns.resolver.Resolver:
    """A resolver that asks only this server and does not wait long."""
    address, _, port = server.partition(":")
    resolver = dns.resolver.Resolver(configure=False)
    resolver.nameservers, resolver.port, resolver.lifetime = [address], int(port), 0.5
    return resolver


@pytest.fixture
def corp(serve: Callable[..., Emulator], write_world: Callable[..., Path]) -> Emulator:
    """A world with one zone that holds one name of every kind."""
    return serve(write_world(ZONES))


@pytest.mark.parametrize("tcp", [False, True])
def test_follows_aliases_across_zones(emulator: Emulator, tcp: bool) -> None:
    """The scoring host leads through its alias to the private endpoint's wildcard record, over UDP and TCP."""
    answer = ask(emulator.dns_server).resolve("iris.eastus2.inference.ml.azure.com", "A", tcp=tcp)

    assert [record.address for record in answer] == ["10.1.0.7"]
    assert answer.canonical_name.to_text() == ALIAS


def test_an_alias_alone_answers_a_question_for_the_alias(emulator: Emulator) -> None:
    """CNAME asked for is not followed."""
    answer = ask(emulator.dns_server).resolve("iris.eastus2.inference.ml.azure.com", "CNAME")

    assert [record.target.to_text() for record in answer] == [ALIAS]


@pytest.mark.parametrize(
    ("name", "error"),
    [
        ("absent.corp.example", dns.resolver.NXDOMAIN),
        ("elsewhere.example", dns.resolver.NXDOMAIN),
        ("below.corp.example", dns.resolver.NoAnswer),
        ("broken.corp.example", dns.resolver.NoNameservers),
        ("closed.corp.example", dns.resolver.NoNameservers),
        ("quiet.corp.example", dns.resolver.LifetimeTimeout),
    ],
)
def test_tells_its_failures_apart(corp: Emulator, name: str, error: type[dns.exception.DNSException]) -> None:
    """NXDOMAIN, an empty answer, SERVFAIL, REFUSED and silence each reach the client as themselves."""
    with pytest.raises(error, match=r"."):
        ask(corp.dns_server).resolve(name, "A")


def test_wildcards_and_loopback(corp: Emulator) -> None:
    """A wildcard answers for any depth below it; `loopback` is 127.0.0.1."""
    resolver = ask(corp.dns_server)

    found = [resolver.resolve(name, "A")[0].address for name in ("a.b.apps.corp.example", "here.corp.example")]

    assert found == ["10.0.0.9", "127.0.0.1"]


def test_azures_resolver_may_disagree(corp: Emulator) -> None:
    """`azure_dns` is laid over the zones for the server that plays 168.63.129.16; all else is the same there."""
    azure = ask(corp.azure_dns)

    found = [azure.resolve(name, "A")[0].address for name in ("here.corp.example", "x.apps.corp.example")]

    assert found == ["10.0.0.1", "10.0.0.9"]
