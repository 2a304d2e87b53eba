"""Names, addresses and private endpoints."""

from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from ipaddress import ip_address, ip_network

from pytest_amlpreflight.facts.resource_id import ResourceId

DOCUMENTATION = ip_network("198.51.100.0/24")
"""Addresses of nobody (RFC 5737): where a recording's names were changed, they stand for public ones."""


class Broken(StrEnum):
    """Why a name has no address."""

    NXDOMAIN = "NXDOMAIN"
    SERVFAIL = "SERVFAIL"
    REFUSED = "REFUSED"
    NO_ADDRESS = "no address record"
    TIMEOUT = "no answer"
    UNREACHABLE = "the DNS server cannot be reached"


@dataclass(frozen=True, slots=True)
class Resolution:
    """What a resolver said of a host: the CNAMEs it went through, and addresses or the reason why there are none."""

    host: str
    resolver: str
    chain: tuple[str, ...]
    addresses: tuple[str, ...]
    broken: Broken | None
    detail: str = ""

    @property
    def unknown(self) -> bool:
        """Whether there is no such name at all, as opposed to one that leads on to a missing record."""
        return self.broken is Broken.NXDOMAIN and not self.chain

    @property
    def public(self) -> bool:
        """Whether every address is one of the internet's, or stands for one of them in a recording without names."""
        return all(ip_address(one).is_global or ip_address(one) in DOCUMENTATION for one in self.addresses)

    @property
    def path(self) -> str:
        """The way from the host to its addresses, or to where it broke, on one line."""
        end = ", ".join(self.addresses) if self.addresses else f"{self.broken}"
        return " -> ".join([self.host, *self.chain, end])


SERVES_ENDPOINTS_SINCE = date(2022, 5, 24)
"""A workspace's private endpoint made earlier has no way to managed online endpoints and must be made anew.

https://learn.microsoft.com/azure/machine-learning/concept-secure-online-endpoint#limitations
"""


def predates_endpoints(created_at: str | None) -> bool | None:
    """Whether a time of creation lies before `SERVES_ENDPOINTS_SINCE`; None where Azure gave no time."""
    return None if created_at is None else date.fromisoformat(created_at[:10]) < SERVES_ENDPOINTS_SINCE


@dataclass(frozen=True, slots=True)
class PrivateEndpoint:
    """A private endpoint of the workspace and its addresses by host name (a name may be a wildcard)."""

    id: ResourceId
    name: str
    addresses: dict[str, tuple[str, ...]]
    network_id: ResourceId | None = None

    @property
    def all_addresses(self) -> frozenset[str]:
        """Every address it answers on."""
        return frozenset(address for addresses in self.addresses.values() for address in addresses)

    @property
    def scoring_addresses(self) -> frozenset[str]:
        """Those for scoring, or every one where Azure did not say which is for what."""
        named = {address for fqdn, found in self.addresses.items() if ".inference." in fqdn for address in found}
        return frozenset(named) or self.all_addresses
