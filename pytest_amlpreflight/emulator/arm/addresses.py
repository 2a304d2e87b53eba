"""Which addresses of a virtual network are free: Azure keeps five of every subnet, and interfaces have theirs."""

from collections.abc import Iterator
from ipaddress import IPv4Address, IPv4Network, ip_address, ip_network
from itertools import islice

from ..answers import Answer, arm_error
from ..notation import dig
from ..world import Document, World

_MOST = 5
"""Free addresses that are named at once."""


def availability(world: World, network: Document, asked: str) -> Answer:
    """What `CheckIPAddressAvailability` answers, with the next free addresses of the same subnet."""
    address = _parsed(asked)
    subnet = None if address is None else next((one for one in _subnets(network) if address in one), None)
    if subnet is None:
        text = f"IP address {asked} is not part of any subnet of virtual network {network['name']}."
        return arm_error(400, "PrivateIPAddressNotInAnySubnet", text)
    used, own = set(_used(world)), _own(subnet)
    told = {"available": address in own and address not in used, "isPlatformReserved": address not in own}
    free = (str(one) for one in own if one not in used)
    return Answer({**told, "availableIPAddresses": list(islice(free, _MOST))})


def _parsed(text: str) -> IPv4Address | None:
    try:
        found = ip_address(text)
    except ValueError:
        return None
    return found if isinstance(found, IPv4Address) else None


def _subnets(network: Document) -> Iterator[IPv4Network]:
    for subnet in (network.get("properties") or {}).get("subnets") or []:
        held = subnet.get("properties") or {}
        for prefix in held.get("addressPrefixes") or [held.get("addressPrefix") or "0.0.0.0/32"]:
            found = ip_network(prefix, strict=False)
            if isinstance(found, IPv4Network):
                yield found


def _own(subnet: IPv4Network) -> list[IPv4Address]:
    """The addresses of a subnet without the first four and the last."""
    return [subnet[at] for at in range(4, min(subnet.num_addresses - 1, 4096))]


def _used(world: World) -> Iterator[IPv4Address]:
    for interface in world.of_type("Microsoft.Network/networkInterfaces"):
        for one in (interface.get("properties") or {}).get("ipConfigurations") or []:
            if (found := _parsed(str(dig(one, "properties.privateIPAddress")))) is not None:
                yield found
