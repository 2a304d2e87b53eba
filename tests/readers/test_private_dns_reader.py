"""Which private DNS zones are looked into: what is linked, and of many that are not, the workspace's own."""

import json

from wire import HOME, Wire, arm_on

from pytest_amlpreflight.facts.resource_id import ResourceId, parse_resource_id
from pytest_amlpreflight.facts.resources.private_dns import ZoneInSight
from pytest_amlpreflight.readers.resources.private_dns import FEW, read_zones_for

NAME = "privatelink.api.azureml.ms"


def id_of(text: str) -> ResourceId:
    """An ARM id."""
    found = parse_resource_id(text)
    assert found is not None
    return found


def zone(subscription: str, group: str) -> ZoneInSight:
    """A zone that is linked to nothing."""
    place = f"/subscriptions/{subscription}/resourceGroups/{group}/providers/Microsoft.Network/privateDnsZones/{NAME}"
    return ZoneInSight(id_of(place), frozenset())


def looked_into(zones: list[ZoneInSight], group: str) -> set[str]:
    """The groups of the zones that are read for a workspace in subscription `s` and this group."""
    wire = Wire({HOME: (200, {}, json.dumps({"value": []}))})
    kind = "Microsoft.MachineLearningServices/workspaces"
    near = id_of(f"/subscriptions/S/resourceGroups/{group}/providers/{kind}/w")

    found = read_zones_for(arm_on(wire), NAME, zones, frozenset(), near)

    assert len(wire.asked) == 2 * len(found)
    return {str(one.id.resource_group) for one in found}


def test_of_a_few_zones_each_is_looked_into() -> None:
    """The one that ought to be linked may be anywhere: hubs keep them centrally."""
    zones = [zone("s", "mine"), zone("hub", "dns")]

    assert looked_into(zones, "Mine") == {"mine", "dns"}


def test_of_many_zones_the_workspace_s_own_are() -> None:
    """A thousand workspaces with a zone each would else be read for every one whose link is missing."""
    zones = [zone("s" if number % 2 else "t", f"g{number}") for number in range(FEW + 1)]

    assert looked_into(zones, "G7") == {"g7"}
    assert looked_into(zones, "another") == {f"g{number}" for number in range(1, FEW + 1, 2)}
