"""Firewalls of vaults, registries and storage accounts, as a caller at an address outside meets them."""

from collections.abc import Iterator
from contextlib import suppress
from ipaddress import IPv4Network, IPv6Network, ip_address, ip_network
from typing import Any

from ..world import Document, World, type_of

_RULES = {
    "microsoft.keyvault/vaults": "networkAcls",
    "microsoft.containerregistry/registries": "networkRuleSet",
    "microsoft.storage/storageaccounts": "networkAcls",
}
"""Where a type keeps its rules."""

_WORDS = {
    "microsoft.keyvault/vaults": ("ForbiddenByConnection", "ForbiddenByFirewall"),
    "microsoft.containerregistry/registries": ("DENIED", "DENIED"),
    "microsoft.storage/storageaccounts": ("AuthorizationFailure", "AuthorizationFailure"),
}
"""How a service refuses: one without public access, and one whose rules do not name the address."""


def refusal(world: World, resource: Document) -> str | None:
    """The word with which a resource turns the caller's address away; None where it lets the caller in.

    A caller without an `address` is inside the networks of the world.
    """
    address = world.caller.get("address")
    if address is None:
        return None
    kind, properties = type_of(resource).lower(), resource.get("properties") or {}
    closed, ruled = _WORDS[kind]
    if str(properties.get("publicNetworkAccess")).lower() == "disabled":
        return closed
    rules = properties.get(_RULES[kind]) or {}
    denies = str(rules.get("defaultAction")).lower() == "deny"
    return ruled if denies and not any(ip_address(address) in one for one in _named(rules)) else None


def _named(rules: dict[str, Any]) -> Iterator[IPv4Network | IPv6Network]:
    for one in rules.get("ipRules") or []:
        with suppress(ValueError):  # what is no range names nobody
            yield ip_network(one["value"], strict=False)
