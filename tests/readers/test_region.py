"""The endpoints of a region and private DNS zones, read through Resource Graph from an emulated Azure."""

import pytest

from pytest_amlpreflight.facts.resource_id import parse_resource_id
from pytest_amlpreflight.facts.resources.private_dns import PrivateDnsZone
from pytest_amlpreflight.facts.unread import FactUnreadable
from pytest_amlpreflight.readers.connection.arm import Arm
from pytest_amlpreflight.readers.connection.resource_graph import query
from pytest_amlpreflight.readers.resources.private_dns import read_zones_for, read_zones_in_sight
from pytest_amlpreflight.readers.resources.region import read_region

CALLER = "0c6a0c3b-5b1a-4b52-8f0e-6a8f3d1e7c21"
SUBSCRIPTION = "5f1c2f0e-6c5b-4b1e-9a35-2f4f5d6f0a11"
WORKSPACES = (
    f"/subscriptions/{SUBSCRIPTION}/resourceGroups/ml-prod/providers/Microsoft.MachineLearningServices/workspaces"
)
ENDPOINTS = "Microsoft.MachineLearningServices/workspaces/onlineEndpoints"


def endpoint(number: int, **more: object) -> dict[str, object]:
    """An endpoint of one of fifty workspaces."""
    id_ = f"{WORKSPACES}/team-{number % 50}/onlineEndpoints/e{number:04}"
    return {"id": id_, "name": f"e{number:04}", "location": "eastus2", "properties": {"compute": None}} | more


def test_three_thousand_endpoints_are_counted_by_one_query_in_pages(world) -> None:
    """Over fifty workspaces, in pages of a thousand, and not by a listing for each workspace."""
    for number in range(3000):
        world.add(endpoint(number))

    region = read_region(world.connect().arm, SUBSCRIPTION, "eastus2")

    assert len(region.endpoints) == 3001
    assert len({one.id for one in region.endpoints}) == 3001
    assert world.asked("/resources") == 4
    assert world.asked("/onlineendpoints") == 0


def test_only_the_region_and_its_kinds_are_counted(world) -> None:
    """Batch endpoints share the limit; another region's do not; an attached one tells its compute."""
    batch = f"{WORKSPACES}/contoso-ml/batchEndpoints/nightly"
    world.add({"id": batch, "name": "nightly", "location": "eastus2", "properties": {}})
    world.add(endpoint(1, location="westeurope"))
    world.add(endpoint(2, properties={"compute": "/W/computes/cluster"}))

    region = read_region(world.connect().arm, SUBSCRIPTION, "eastus2")

    assert {one.name: (one.batch, one.compute) for one in region.endpoints} == {
        "iris": (False, None),
        "nightly": (True, None),
        "e0002": (False, "/W/computes/cluster"),
    }
    assert [one.name for one in region.deployments] == ["blue"]


def test_an_answer_cut_short_without_a_token_is_unreadable(world) -> None:
    """Without the column `id` there is no `$skipToken`, and a count of the first page would be too low."""
    for number in range(1001):
        world.add(endpoint(number))
    arm = world.connect().arm

    with pytest.raises(FactUnreadable, match="ResultTruncated"):
        query(arm, f"resources | where type =~ '{ENDPOINTS}' | project name", "the endpoints")


def test_a_query_that_cannot_be_parsed_is_unreadable(world) -> None:
    """Resource Graph's 400, not an empty answer."""
    arm = world.connect().arm

    with pytest.raises(FactUnreadable, match="HTTP 400 InvalidQuery"):
        query(arm, "resources | wherever name", "the endpoints")


def test_a_denied_query_names_the_action_that_would_have_answered(world) -> None:
    """For the least-privilege role."""
    world.fault("deny", "Microsoft.ResourceGraph/resources")

    with pytest.raises(FactUnreadable) as caught:
        read_region(world.connect().arm, SUBSCRIPTION, "eastus2")

    assert (caught.value.status, caught.value.permission) == (403, "Microsoft.ResourceGraph/resources/read")


def zones_of_workspaces(arm: Arm) -> tuple[PrivateDnsZone, ...]:
    """Every zone for workspaces: none of their networks is asked about."""
    near = parse_resource_id(f"{WORKSPACES}/contoso-ml")
    assert near
    return read_zones_for(arm, "privatelink.api.azureml.ms", read_zones_in_sight(arm), frozenset(), near)


def test_a_zone_of_another_subscription_is_found_with_its_records_and_links(world) -> None:
    """Zones are often kept centrally; two of one name are two zones."""
    hub = "/subscriptions/8c52f6a1-0f4f-4b86-b7ad-05a1d5d8a3b9"
    world.add({"id": hub, "subscriptionId": hub.rpartition("/")[2], "state": "Enabled"})
    central = f"{hub}/resourceGroups/dns/providers/Microsoft.Network/privateDnsZones/privatelink.api.azureml.ms"
    owner = next(one for one in world.sections["resources"] if one.get("properties", {}).get("principalId") == CALLER)
    there = {"id": f"{hub}/providers/Microsoft.Authorization/roleAssignments/{owner['name']}"}
    world.add({**owner, **there, "properties": {**owner["properties"], "scope": hub}})
    world.add({"id": central, "name": "privatelink.api.azureml.ms", "location": "global", "properties": {}})

    zones = zones_of_workspaces(world.connect().arm)
    found = {zone.id.resource_group: zone for zone in zones}

    assert set(found) == {"dns", "ml-prod"}
    own = found["ml-prod"]
    assert own.inference_record("2C7E5D84-8f31-4f0b-9b1d-6b0f4a93c7d2", "iris") in own.records
    assert [(link.name, link.completed) for link in own.links] == [("contoso-vnet-link", True)]
    assert (found["dns"].records, found["dns"].links) == ({}, ())


def test_records_that_may_not_be_read_are_unreadable(world) -> None:
    """A zone in sight whose records are denied is no zone without records."""
    world.fault("deny", "Microsoft.Network/privateDnsZones/A")

    with pytest.raises(FactUnreadable, match="the records of private DNS zone") as caught:
        zones_of_workspaces(world.connect().arm)

    assert caught.value.permission == "Microsoft.Network/privateDnsZones/A/read"
