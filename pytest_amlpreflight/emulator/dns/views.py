"""What the two resolvers of a world know: all of it follows from the world's resources and its two sections of names.

- A private DNS zone that is linked to a network answers with the records that ARM has of it, and hides the public zone
  of its name, as Azure's does. One that is linked nowhere answers nobody.
- An endpoint's host leads to its workspace's private endpoint where there is one and the endpoint is private, else to
  Azure's front end. What was deleted has no name.
- `dns` holds every other name; with `azure_dns` it is the network's own server, which need not know linked zones.
"""

from urllib.parse import urlsplit

from .. import ids
from ..clouds import CLOUDS
from ..data_plane import hosts
from ..notation import merge
from ..world import ENDPOINTS, Document, World, Zones
from .zones import zone_of

FRONT_END = "20.62.133.17"
"""Where public scoring hosts lead. Any public address does: nobody connects to it."""

_ZONES = "Microsoft.Network/privateDnsZones"
_RECORDS = {"A": ("aRecords", "ipv4Address"), "AAAA": ("aaaaRecords", "ipv6Address"), "TXT": ("txtRecords", "value")}


def view(world: World, *, azure: bool) -> Zones:
    """The zones of Azure's own resolver, or of the network's: the same unless the world gives Azure other names."""
    linked, written = _linked(world), world.zones
    if world.azure_zones is None:
        known = {**written, **linked}
    elif azure:
        known = {**merge(written, world.azure_zones), **linked}
    else:
        known = {**linked, **written}
    return {**_public(world, known), **known}


def _public(world: World, known: Zones) -> Zones:
    """The hosts of endpoints, vaults, registries and accounts that no zone holds, each as a zone of its own."""
    scoring = {urlsplit(one["properties"].get("scoringUri") or "").hostname: one for one in world.of_type(ENDPOINTS)}
    found = {host: _of_endpoint(world, one) for host, one in scoring.items() if host}
    found |= {host: {"A": ["loopback"]} for host in hosts.names(world) if host not in found}
    return {host: {"@": records} for host, records in found.items() if zone_of(known, host) is None}


def _of_endpoint(world: World, endpoint: Document) -> Document:
    workspace = world.get(endpoint["id"].rpartition("/onlineEndpoints/")[0]) or {}
    properties = workspace.get("properties") or {}
    public = str(endpoint["properties"].get("publicNetworkAccess")).lower() == "enabled"
    if public or not properties.get("privateEndpointConnections"):
        return {"A": [FRONT_END]}
    zone = CLOUDS[world.cloud].private_link
    guid, region = properties.get("workspaceId"), str(workspace.get("location")).replace(" ", "").lower()
    return {"CNAME": f"{endpoint['name']}.{guid}.inference.{region}.{zone}"}


def _linked(world: World) -> Zones:
    zones = {ids.key(one["id"]): one for one in world.of_type(_ZONES)}
    links = [one for one in world.of_type(f"{_ZONES}/virtualNetworkLinks") if _is_complete(one)]
    owners = {ids.key(link["id"].rpartition("/virtualNetworkLinks/")[0]) for link in links}
    return {zone["name"].lower(): _records(world, zone) for key, zone in zones.items() if key in owners}


def _is_complete(link: Document) -> bool:
    return str(link["properties"].get("virtualNetworkLinkState", "Completed")).lower() == "completed"


def _records(world: World, zone: Document) -> dict[str, Document]:
    found: dict[str, Document] = {}
    for kind, (member, value) in _RECORDS.items():
        for record in world.of_type(f"{_ZONES}/{kind}", zone["id"]):
            rows = record["properties"].get(member) or []
            found.setdefault(record["name"], {})[kind] = [row[value] for row in rows]
    for record in world.of_type(f"{_ZONES}/CNAME", zone["id"]):
        found[record["name"]] = {"CNAME": record["properties"]["cnameRecord"]["cname"]}
    return found
