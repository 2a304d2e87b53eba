"""Private endpoints and the addresses behind them."""

from pytest_amlpreflight.facts.resource_id import ResourceId, parent_of
from pytest_amlpreflight.facts.resources.network import PrivateEndpoint
from pytest_amlpreflight.readers.connection.api_versions import NETWORK
from pytest_amlpreflight.readers.connection.arm import Arm
from pytest_amlpreflight.readers.connection.document import Document

READ = "Microsoft.Network/privateEndpoints/read"


def read_private_endpoint(arm: Arm, endpoint_id: ResourceId, *, named_by: str) -> PrivateEndpoint:
    """The private endpoint and its addresses by host name.

    `customDnsConfigs` is empty once a private DNS zone group is attached; the addresses are in the group's record sets
    then. A group that has written none yet, or whose zone is none of the resource's, has no record sets: the network
    interface knows its addresses and their names in any case
    (https://learn.microsoft.com/azure/machine-learning/how-to-custom-dns).
    """
    resource = f"private endpoint {endpoint_id.name}"
    document = arm.get(endpoint_id.text, NETWORK, resource, named_by=named_by, permission=READ)
    properties = document.child("properties")
    addresses = {row.need("fqdn"): row.ips("ipAddresses") for row in properties.children("customDnsConfigs")}
    subnet = properties.child("subnet").id("id")
    return PrivateEndpoint(
        id=endpoint_id,
        name=endpoint_id.name,
        addresses=addresses or _group_addresses(arm, endpoint_id) or _interface_addresses(arm, properties),
        network_id=parent_of(subnet.text, "subnets") if subnet else None,
    )


def _group_addresses(arm: Arm, endpoint_id: ResourceId) -> dict[str, tuple[str, ...]]:
    groups = arm.list(
        f"{endpoint_id}/privateDnsZoneGroups",
        NETWORK,
        f"the DNS zone groups of private endpoint {endpoint_id.name}",
        permission="Microsoft.Network/privateEndpoints/privateDnsZoneGroups/read",
    )
    configurations = [c for group in groups for c in group.child("properties").need_children("privateDnsZoneConfigs")]
    return {_name(record): record.ips("ipAddresses") for c in configurations for record in _records(c)}


def _records(configuration: Document) -> list[Document]:
    return configuration.child("properties").children("recordSets")


def _interface_addresses(arm: Arm, properties: Document) -> dict[str, tuple[str, ...]]:
    addresses = dict[str, tuple[str, ...]]()
    for interface in filter(None, (row.id("id") for row in properties.children("networkInterfaces"))):
        permission = "Microsoft.Network/networkInterfaces/read"
        document = arm.get(interface.text, NETWORK, f"network interface {interface.name}", permission=permission)
        for row in document.child("properties").children("ipConfigurations"):
            address = row.child("properties").need_ip("privateIPAddress")
            names = row.child("properties").child("privateLinkConnectionProperties").texts("fqdns")
            for name in names or (row.text("name") or interface.name,):
                addresses[name] = (*addresses.get(name, ()), address)
    return addresses


def _name(record: Document) -> str:
    return record.text("fqdn") or record.need("recordSetName")
