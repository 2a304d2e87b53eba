"""Names to addresses: the one place that resolves, so that a DNS check and a scoring probe see the same network."""

import ipaddress
import socket

import dns.exception
import dns.message
import dns.rcode
import dns.rdatatype
import dns.resolver

from pytest_amlpreflight.facts.resources.network import Broken, Resolution
from pytest_amlpreflight.readers.connection.own_limits import require_own_means

SYSTEM = "the system's resolver"


def read_resolution(host: str, server: str | None, timeout: float) -> Resolution:
    """What `server` (`ADDRESS[:PORT]`, None for the system's resolver) says of `host`. A name without an address is an
    answer, not an error.

    The system's own look-up decides the addresses where no server is given, since it also honours a hosts file; the DNS
    question beside it tells the way there.
    """
    if _is_address(host):  # the scoring URI of an endpoint on Kubernetes often holds one
        return Resolution(host, "no resolver", (), (host,), broken=None)
    asked = ask(host, server, timeout)
    if server is not None:
        return asked
    try:
        found = socket.getaddrinfo(host, 443, type=socket.SOCK_STREAM)
    except OSError:
        return asked
    addresses = tuple(dict.fromkeys(str(entry[4][0]) for entry in found))
    return Resolution(host, SYSTEM, asked.chain, addresses, broken=None)


def _is_address(host: str) -> bool:
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return False
    return True


def ask(host: str, server: str | None, timeout: float) -> Resolution:
    """One recursive question for addresses: A, and AAAA where there is no A."""
    name = server or SYSTEM
    try:
        resolver = _resolver(server, timeout)
        return _answered(host, name, resolver.resolve(host, dns.rdatatype.A, search=False))
    except dns.resolver.NXDOMAIN as error:
        responses = error.responses()  # type: ignore[no-untyped-call]  # dnspython's exceptions are not annotated
        return _broken(host, name, Broken.NXDOMAIN, list(responses.values()))
    except dns.resolver.NoAnswer as error:
        response = error.response()  # type: ignore[no-untyped-call]  # dnspython's own gap
        return _version_6(host, name, resolver) or _broken(host, name, Broken.NO_ADDRESS, [response])
    except dns.resolver.NoNameservers as error:
        require_own_means(f"the address of {host}", [entry[3] for entry in error.kwargs.get("errors", [])])
        return _refused(host, name, error)
    except dns.exception.Timeout:
        return Resolution(host, name, (), (), Broken.TIMEOUT, f"{name} did not answer within {timeout:g} s")
    except (OSError, dns.resolver.NoResolverConfiguration) as error:
        require_own_means(f"the address of {host}", [error])
        return Resolution(host, name, (), (), Broken.UNREACHABLE, str(error))


def answers(resolution: Resolution) -> bool:
    """Whether there was an answer, be it a refusal."""
    return resolution.broken not in (Broken.TIMEOUT, Broken.UNREACHABLE)


def _resolver(server: str | None, timeout: float) -> dns.resolver.Resolver:
    resolver = dns.resolver.Resolver(configure=server is None)
    if server is not None:
        address, _, port = server.rpartition(":") if server.count(":") == 1 else (server, "", "")
        resolver.nameservers = [address]
        resolver.port = int(port or 53)
    resolver.lifetime = timeout
    return resolver


def _answered(host: str, server: str, answer: dns.resolver.Answer) -> Resolution:
    addresses = tuple(sorted(record.to_text() for record in answer))
    return Resolution(host, server, _chain(answer.response), addresses, broken=None)


def _version_6(host: str, server: str, resolver: dns.resolver.Resolver) -> Resolution | None:
    try:
        return _answered(host, server, resolver.resolve(host, dns.rdatatype.AAAA, search=False))
    except dns.exception.DNSException:  # the answer for A, which was "no such record", stands
        return None


def _broken(host: str, server: str, why: Broken, responses: list[dns.message.Message]) -> Resolution:
    chain = next((_chain(response) for response in responses), ())
    return Resolution(host, server, chain, (), why)


def _refused(host: str, server: str, error: dns.resolver.NoNameservers) -> Resolution:
    """Dnspython gives up when no server is left: the last one's own words are among the errors it collected."""
    answers = [entry[4] for entry in error.kwargs.get("errors", []) if entry[4] is not None]
    if not answers:
        return Resolution(host, server, (), (), Broken.UNREACHABLE, str(error))
    why = Broken.REFUSED if answers[-1].rcode() == dns.rcode.REFUSED else Broken.SERVFAIL
    return _broken(host, server, why, answers)


def _chain(response: dns.message.Message) -> tuple[str, ...]:
    """The canonical names in the order in which they follow each other."""
    targets = {
        rrset.name: rrset[0].target for rrset in response.answer if rrset.rdtype == dns.rdatatype.CNAME and rrset
    }
    chain: list[str] = []
    name = response.question[0].name if response.question else None
    while name in targets and len(chain) < 16:
        name = targets[name]
        chain.append(name.to_text(omit_final_dot=True))
    return tuple(chain)
