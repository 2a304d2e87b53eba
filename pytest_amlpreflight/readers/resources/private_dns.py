"""Private DNS zones, wherever they are kept: often centrally, in another subscription than the workspace."""

from collections.abc import Iterable

from pytest_amlpreflight.facts.resource_id import ResourceId
from pytest_amlpreflight.facts.resources.private_dns import NetworkLink, PrivateDnsZone, ZoneInSight
from pytest_amlpreflight.facts.scope import covers
from pytest_amlpreflight.readers.connection.api_versions import PRIVATE_DNS
from pytest_amlpreflight.readers.connection.arm import Arm
from pytest_amlpreflight.readers.connection.document import Document
from pytest_amlpreflight.readers.connection.resource_graph import id_of, query

READ_ZONES = "Microsoft.Network/privateDnsZones/read"
"""Without it Resource Graph answers as if there were no zone; only the generated role needs the word."""
READ_RECORDS = "Microsoft.Network/privateDnsZones/A/read"
READ_LINKS = "Microsoft.Network/privateDnsZones/virtualNetworkLinks/read"
RECORDS_A_PAGE = "1000"
"""A central zone holds the records of hundreds of workspaces, and a page is 100 unless asked: Private DNS allows 500
reads in 5 minutes.
"""


def read_zones_in_sight(arm: Arm) -> tuple[ZoneInSight, ...]:
    """Every zone for private endpoints that Resource Graph shows, with the networks that it says are linked: two
    questions for however many zones. What it does not show may be there all the same.
    """
    of_zones = "type =~ 'microsoft.network/privatednszones' and name startswith 'privatelink.'"
    zones = query(arm, f"resources | where {of_zones} | project id | order by id asc", "the private DNS zones")
    of_links = "type =~ 'microsoft.network/privatednszones/virtualnetworklinks'"
    columns = "project id, network = tostring(properties.virtualNetwork.id)"
    links = query(arm, f"resources | where {of_links} | {columns} | order by id asc", "the links of private DNS zones")
    networks = dict[str, set[str]]()
    for row in links:
        networks.setdefault(_zone_of(row), set()).add((row.text("network") or "").lower())
    return tuple(ZoneInSight(zone, frozenset(networks.get(zone.text.lower(), ()))) for zone in map(id_of, zones))


def _zone_of(link: Document) -> str:
    return link.need("id").lower().rpartition("/virtualnetworklinks/")[0]


FEW = 20
"""Zones of one name that are looked into when none is linked: more are, most of them, other workspaces'."""


def read_zones_for(
    arm: Arm, name: str, in_sight: Iterable[ZoneInSight], networks: frozenset[ResourceId], near: ResourceId
) -> tuple[PrivateDnsZone, ...]:
    """The zones of a name that may answer in these networks: those linked to them, where there are some; else every
    zone, and of many those that are `near` a workspace.

    Resource Graph only says where to look: links and records are read from the zones themselves.
    """
    wanted = {network.text.lower() for network in networks}
    named = [one for one in in_sight if one.id.name.lower() == name.lower()]
    linked = [one.id for one in named if one.networks & wanted]
    zones = tuple(arm.together(lambda zone_id: _zone(arm, zone_id), linked))
    if any(zone.linked_to(networks) for zone in zones):
        return zones
    others = [one.id for one in named if one.id not in linked]
    if len(others) > FEW:
        others = _nearest(others, near)
    return (*zones, *arm.together(lambda zone_id: _zone(arm, zone_id), others))


def _nearest(zones: list[ResourceId], place: ResourceId) -> list[ResourceId]:
    """Those of the place's resource group, else of its subscription, else all."""
    subscription = f"/subscriptions/{place.subscription}"
    for scope in (f"{subscription}/resourceGroups/{place.resource_group}", subscription):
        if beneath := [zone for zone in zones if covers(scope, zone.text)]:
            return beneath
    return zones


def _zone(arm: Arm, zone_id: ResourceId) -> PrivateDnsZone:
    records, links = arm.together(lambda read: read(arm, zone_id), [_records, _links])
    return PrivateDnsZone(
        id=zone_id,
        records={row.need("name").lower(): _addresses(row) for row in records},
        links=tuple(_link(row) for row in links),
    )


def _records(arm: Arm, zone_id: ResourceId) -> list[Document]:
    resource = f"the records of private DNS zone {zone_id.name} in {zone_id.resource_group}"
    return arm.list(f"{zone_id}/A", PRIVATE_DNS, resource, permission=READ_RECORDS, top=RECORDS_A_PAGE)


def _links(arm: Arm, zone_id: ResourceId) -> list[Document]:
    resource = f"the network links of private DNS zone {zone_id.name} in {zone_id.resource_group}"
    return arm.list(f"{zone_id}/virtualNetworkLinks", PRIVATE_DNS, resource, permission=READ_LINKS)


def _addresses(row: Document) -> tuple[str, ...]:
    return tuple(record.need_ip("ipv4Address") for record in row.child("properties").children("aRecords"))


def _link(row: Document) -> NetworkLink:
    properties = row.need_child("properties")
    return NetworkLink(
        name=row.need("name"),
        network_id=properties.child("virtualNetwork").id("id"),
        state=properties.word("virtualNetworkLinkState") or "Unknown",
    )
