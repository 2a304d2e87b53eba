"""Private endpoints through the real SDK stack."""

from typing import Any

import pytest

from pytest_amlpreflight.facts.resources.network import PrivateEndpoint
from pytest_amlpreflight.facts.unread import FactAbsent, FactUnreadable
from pytest_amlpreflight.readers.resources.private_endpoint import read_private_endpoint

ENDPOINT = "Microsoft.Network/privateEndpoints/contoso-ml-pe"
GUID = "2c7e5d84-8f31-4f0b-9b1d-6b0f4a93c7d2"


def read(world: Any) -> PrivateEndpoint:
    """The private endpoint of the world as it stands."""
    return read_private_endpoint(world.connect().arm, world.id(ENDPOINT), named_by="workspace contoso-ml")


def test_with_a_zone_group_the_addresses_are_in_its_record_sets(world: Any) -> None:
    """`customDnsConfigs` is empty then."""
    found = read(world)

    assert found.scoring_addresses == {"10.1.0.7"}
    assert found.all_addresses == {"10.1.0.5", "10.1.0.7"}
    assert found.addresses[f"*.{GUID}.inference.eastus2.privatelink.api.azureml.ms"] == ("10.1.0.7",)


def test_without_a_zone_group_the_addresses_are_its_own(world: Any) -> None:
    """And the group is not asked for."""
    world.properties("privateEndpoints/contoso-ml-pe")["customDnsConfigs"] = [
        {"fqdn": f"{GUID}.workspace.eastus2.api.azureml.ms", "ipAddresses": ["10.1.0.5"]},
        {"fqdn": f"*.{GUID}.inference.eastus2.api.azureml.ms", "ipAddresses": ["10.1.0.9", "10.1.0.10"]},
    ]

    found = read(world)

    assert found.scoring_addresses == {"10.1.0.9", "10.1.0.10"}
    assert world.asked("/privatednszonegroups") == 0


@pytest.mark.parametrize("sent", [None, []])
def test_without_names_or_groups_the_network_interface_tells_the_addresses(world: Any, sent: object) -> None:
    """It knows them from the beginning."""
    world.properties("privateEndpoints/contoso-ml-pe")["customDnsConfigs"] = sent
    world.sections["resources"].remove(world["privateDnsZoneGroups/default"])

    found = read(world)

    assert found.scoring_addresses == {"10.1.0.7"}
    assert found.all_addresses == {"10.1.0.5", "10.1.0.7"}


@pytest.mark.parametrize("sent", [{}, {"recordSets": None}, {"recordSets": []}])
def test_a_zone_group_that_has_written_no_records_leaves_the_network_interface(world: Any, sent: object) -> None:
    """Azure lists them only once it has; without the names of an interface its addresses count all the same."""
    world.properties("privateDnsZoneGroups/default")["privateDnsZoneConfigs"][0]["properties"] = sent
    del world.properties("networkInterfaces/contoso-ml-pe.nic.0a7d")["ipConfigurations"][0]["properties"][
        "privateLinkConnectionProperties"
    ]

    found = read(world)

    assert found.scoring_addresses == {"10.1.0.7"}
    assert found.addresses["privateEndpointIpConfig.1"] == ("10.1.0.5",)


def test_a_private_endpoint_without_names_groups_or_interfaces_has_no_addresses(world: Any) -> None:
    """That is a fact, and the check decides what it means."""
    world.properties("privateEndpoints/contoso-ml-pe")["networkInterfaces"] = None
    world.sections["resources"].remove(world["privateDnsZoneGroups/default"])

    assert read(world).all_addresses == frozenset()


def test_a_record_set_without_a_full_name_has_its_relative_one(world: Any) -> None:
    """Enough to tell scoring from the rest."""
    records = world.properties("privateDnsZoneGroups/default")["privateDnsZoneConfigs"][0]["properties"]["recordSets"]
    for record in records:
        del record["fqdn"]

    assert read(world).scoring_addresses == {"10.1.0.7"}


def test_its_network_is_that_of_its_subnet(world: Any) -> None:
    """DNS zones are linked to networks. Azure writes ids in any casing."""
    subnet = world["privateEndpoints/contoso-ml-pe"]["properties"]["subnet"]
    subnet["id"] = subnet["id"].replace("/subnets/", "/Subnets/")

    assert read(world).network_id == world.id("Microsoft.Network/virtualNetworks/contoso-vnet")


def test_a_private_endpoint_that_is_gone_names_who_misses_it(world: Any) -> None:
    """The workspace still does."""
    world.sections["resources"].remove(world["privateEndpoints/contoso-ml-pe"])

    with pytest.raises(FactAbsent, match="private endpoint contoso-ml-pe does not exist, but workspace contoso-ml"):
        read(world)


def test_groups_that_may_not_be_read_make_the_addresses_unknown(world: Any) -> None:
    """No addresses would be a wrong answer."""
    world.fault("deny", "*/privatednszonegroups")

    with pytest.raises(
        FactUnreadable, match="the DNS zone groups of private endpoint contoso-ml-pe are unreadable"
    ) as caught:
        read(world)

    assert caught.value.permission == "Microsoft.Network/privateEndpoints/privateDnsZoneGroups/read"
