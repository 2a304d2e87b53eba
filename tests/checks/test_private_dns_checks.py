"""The checks of private DNS, by call with values."""

from dataclasses import replace

import pytest
from building import a_workspace

from pytest_amlpreflight.checks.network import (
    check_custom_dns_agrees_with_azure_dns,
    check_private_dns_zone_holds_the_inference_record,
    check_private_dns_zone_is_linked,
)
from pytest_amlpreflight.facts.project.position import Source
from pytest_amlpreflight.facts.resource_id import ResourceId, parse_resource_id
from pytest_amlpreflight.facts.resources.endpoint import Endpoint
from pytest_amlpreflight.facts.resources.network import Broken, PrivateEndpoint, Resolution
from pytest_amlpreflight.facts.resources.private_dns import NetworkLink, PrivateDnsZone, TwoResolutions
from pytest_amlpreflight.verdict import Blocked, NotApplicable, NotReached, PreflightAdvice


def arm_id(kind: str, name: str, group: str = "G") -> ResourceId:
    """An id in a resource group."""
    found = parse_resource_id(f"/subscriptions/S/resourceGroups/{group}/providers/{kind}/{name}")
    assert found is not None
    return found


WORKSPACE = a_workspace(arm_id("Microsoft.MachineLearningServices/workspaces", "ws"), name="ws", guid="2C7E")
IRIS = Endpoint("iris", Source("endpoint.yml"), "key")
OWN, HUB = (arm_id("Microsoft.Network/virtualNetworks", name) for name in ("own", "hub"))
WILDCARD, OF_IRIS = "*.2c7e.inference.eastus2", "iris.2c7e.inference.eastus2"
PE = PrivateEndpoint(
    arm_id("Microsoft.Network/privateEndpoints", "pe"), "pe", {f"{WILDCARD}.zone": ("10.1.0.7",)}, network_id=OWN
)
HOST = "iris.eastus2.inference.ml.azure.com"


def zone(
    records: dict[str, tuple[str, ...]], *networks: ResourceId, state: str = "Completed", group: str = "G"
) -> PrivateDnsZone:
    """A zone with these records, linked to these networks."""
    links = tuple(NetworkLink(network.name, network, state) for network in networks)
    return PrivateDnsZone(
        arm_id("Microsoft.Network/privateDnsZones", "privatelink.api.azureml.ms", group), records, links
    )


def answer(*addresses: str, broken: Broken | None = None, resolver: str = "10.0.0.53") -> Resolution:
    """What a resolver said of the host."""
    return Resolution(HOST, resolver, (), addresses, broken)


@pytest.mark.parametrize("name", [WILDCARD, OF_IRIS])
def test_the_workspaces_or_the_endpoints_own_record_will_do(name: str) -> None:
    """Either answers for the endpoint."""
    check_private_dns_zone_holds_the_inference_record(IRIS, WORKSPACE, (PE,), (zone({name: ("10.1.0.7",)}, OWN),), ())


@pytest.mark.parametrize("name", ["*.other.inference.eastus2", "2c7e.workspace.eastus2", "rose.2c7e.inference.eastus2"])
def test_records_of_others_do_not_answer_for_the_endpoint(name: str) -> None:
    """Another workspace's wildcard, the workspace's own name, another endpoint's record."""
    with pytest.raises(Blocked, match="has no record for endpoint iris"):
        check_private_dns_zone_holds_the_inference_record(
            IRIS, WORKSPACE, (PE,), (zone({name: ("10.1.0.7",)}, OWN),), ()
        )


def test_without_the_workspaces_id_no_record_can_be_looked_for() -> None:
    """What Azure does not tell is no record that lacks."""
    with pytest.raises(NotReached, match="does not tell workspaceId"):
        check_private_dns_zone_holds_the_inference_record(
            IRIS, replace(WORKSPACE, guid=""), (PE,), (zone({WILDCARD: ("10.1.0.7",)}, OWN),), ()
        )


def test_a_record_with_an_address_of_something_else_is_blocked() -> None:
    """Left behind by a private endpoint of before; the endpoint's own record counts before the wildcard."""
    records = {WILDCARD: ("10.1.0.7",), OF_IRIS: ("10.1.0.99",)}

    with pytest.raises(Blocked, match="leads elsewhere for endpoint iris") as verdict:
        check_private_dns_zone_holds_the_inference_record(IRIS, WORKSPACE, (PE,), (zone(records, OWN),), ())

    assert "10.1.0.99" in verdict.value.culprit.found
    assert "10.1.0.7 (pe)" in verdict.value.culprit.expected


def test_of_several_zones_the_linked_one_counts() -> None:
    """Another hub's zone of the same name may hold other records, or none."""
    zones = (zone({}, HUB, group="hub"), zone({WILDCARD: ("10.1.0.7",)}, OWN))

    check_private_dns_zone_holds_the_inference_record(IRIS, WORKSPACE, (PE,), zones, ())

    with pytest.raises(Blocked, match="has no record"):
        check_private_dns_zone_holds_the_inference_record(IRIS, WORKSPACE, (PE,), zones[:1], ())


def test_a_zone_that_is_not_in_sight_is_unknown() -> None:
    """Never called absent: it may be in a subscription that the caller cannot read."""
    with pytest.raises(NotApplicable, match="cannot read"):
        check_private_dns_zone_holds_the_inference_record(IRIS, WORKSPACE, (PE,), (), ())
    with pytest.raises(NotApplicable, match="cannot read"):
        check_private_dns_zone_is_linked((PE,), (), ())


def test_without_a_private_endpoint_or_on_kubernetes_no_zone_matters() -> None:
    """The questions do not arise."""
    with pytest.raises(NotApplicable, match="no approved private endpoint"):
        check_private_dns_zone_is_linked((), (), ())
    with pytest.raises(NotApplicable, match="through its cluster"):
        check_private_dns_zone_holds_the_inference_record(replace(IRIS, compute="cluster"), WORKSPACE, (PE,), (), ())


def test_a_completed_link_to_the_private_endpoints_network_passes() -> None:
    """Beside any others."""
    check_private_dns_zone_is_linked((PE,), (zone({}, HUB, OWN),), ())


@pytest.mark.parametrize("unlinked", [zone({}), zone({}, OWN, state="InProgress")])
def test_a_zone_that_nobody_resolves_from_is_blocked(unlinked: PrivateDnsZone) -> None:
    """No link at all, or none that is completed."""
    with pytest.raises(Blocked, match="is not linked to the private endpoint's network") as verdict:
        check_private_dns_zone_is_linked((PE,), (unlinked,), ())

    assert str(OWN) in verdict.value.culprit.expected


def test_a_link_to_another_network_is_advice() -> None:
    """A DNS server in the hub may answer for all."""
    with pytest.warns(PreflightAdvice, match="unless a DNS server in a linked network answers"):
        check_private_dns_zone_is_linked((PE,), (zone({}, HUB),), ())


def test_resolvers_that_agree_pass() -> None:
    """Whatever the address is: another check looks at that."""
    check_custom_dns_agrees_with_azure_dns(TwoResolutions(answer("20.1.1.1"), answer("20.1.1.1")), (PE,), ())


@pytest.mark.parametrize("callers", [answer("20.1.1.1"), answer(broken=Broken.NXDOMAIN)])
def test_a_resolver_that_does_not_forward_is_shown_beside_azures(callers: Resolution) -> None:
    """Both ways to the address, or to where they break."""
    both = TwoResolutions(callers, answer("10.1.0.7", resolver="168.63.129.16"))

    with pytest.raises(Blocked, match="resolves otherwise than in Azure DNS") as verdict:
        check_custom_dns_agrees_with_azure_dns(both, (PE,), ())

    assert [line.split("asked of ")[1] for line in verdict.value.culprit.found.split("\n")] == [
        "10.0.0.53)",
        "168.63.129.16)",
    ]
    assert "eastus2.inference.ml.azure.com" in verdict.value.culprit.fix


def test_callers_who_reach_the_private_endpoint_are_right() -> None:
    """Azure DNS answers publicly in a network that is not linked, which is no fault of theirs."""
    check_custom_dns_agrees_with_azure_dns(TwoResolutions(answer("10.1.0.7"), answer("20.1.1.1")), (PE,), ())


def test_azure_dns_that_does_not_answer_is_no_measure() -> None:
    """It answers inside a virtual network only."""
    silent = TwoResolutions(answer("20.1.1.1"), answer(broken=Broken.TIMEOUT))

    with pytest.raises(NotApplicable, match="no answer"):
        check_custom_dns_agrees_with_azure_dns(silent, (PE,), ())
    with pytest.raises(NotApplicable, match="no private endpoint"):
        check_custom_dns_agrees_with_azure_dns(None, (), ())


def test_a_link_that_is_in_the_making_is_not_made_twice() -> None:
    """A network takes one link to a zone: what is under way is shown, and waited for."""
    with pytest.raises(Blocked) as verdict:
        check_private_dns_zone_is_linked((PE,), (zone({}, OWN, state="InProgress"),), ())

    assert "link vnet show" in verdict.value.culprit.fix
    assert "link vnet create" not in verdict.value.culprit.fix


def test_a_link_whose_state_is_not_told_is_advice() -> None:
    """It may well answer: nobody said that it does not."""
    with pytest.warns(PreflightAdvice, match="is not linked to the private endpoint's network"):
        check_private_dns_zone_is_linked((PE,), (zone({}, OWN, state="Unknown"),), ())
