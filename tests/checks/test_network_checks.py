"""The checks of the way to the endpoint, called with values."""

from dataclasses import replace

import pytest

from pytest_amlpreflight.checks.network import (
    check_scoring_host_resolves,
    check_scoring_host_resolves_to_the_private_endpoint,
)
from pytest_amlpreflight.facts.resources.endpoint import Endpoint
from pytest_amlpreflight.facts.resources.network import Broken, PrivateEndpoint, Resolution
from pytest_amlpreflight.facts.resources.public_access import PublicAccess
from pytest_amlpreflight.facts.resources.workspace import PrivateEndpointConnection, Workspace
from pytest_amlpreflight.verdict import Blocked, NotApplicable, NotReached


def broken(resolution: Resolution, why: Broken, detail: str = "", chain: tuple[str, ...] | None = None) -> Resolution:
    """The same host without an address."""
    way = resolution.chain if chain is None else chain
    return replace(resolution, addresses=(), broken=why, detail=detail, chain=way)


def test_a_host_with_an_address_passes(endpoint: Endpoint, resolution: Resolution) -> None:
    """Wherever it leads."""
    check_scoring_host_resolves(endpoint, resolution)


@pytest.mark.parametrize("why", list(Broken))
def test_a_host_without_an_address_is_blocked_with_the_way_and_the_reason(
    endpoint: Endpoint, resolution: Resolution, why: Broken
) -> None:
    """The chain shows where it broke, and who said so."""
    with pytest.raises(Blocked, match=f"host iris.eastus2.inference.ml.azure.com does not resolve: {why}") as caught:
        check_scoring_host_resolves(endpoint, broken(resolution, why, detail="what the resolver said"))

    way, asked, detail = caught.value.culprit.found.split("\n")
    assert way == f"{resolution.host} -> {resolution.chain[0]} -> {why}"
    assert asked == "asked of 10.1.0.4"
    assert detail == "what the resolver said"


@pytest.mark.parametrize("why", [Broken.NXDOMAIN, Broken.NO_ADDRESS])
def test_a_missing_private_record_leads_to_the_private_zone(
    endpoint: Endpoint, resolution: Resolution, why: Broken
) -> None:
    """The name got as far as the zone of private link: its records are the next thing to look at."""
    with pytest.raises(Blocked, match="does not resolve") as caught:
        check_scoring_host_resolves(endpoint, broken(resolution, why))

    assert "and name =~ 'privatelink.api.azureml.ms'" in caught.value.culprit.fix


@pytest.mark.parametrize("why", [Broken.TIMEOUT, Broken.UNREACHABLE])
def test_a_silent_server_is_told_from_a_missing_record(endpoint: Endpoint, resolution: Resolution, why: Broken) -> None:
    """Azure's own resolver decides whether the server or the zone is at fault."""
    with pytest.raises(Blocked, match="does not resolve") as caught:
        check_scoring_host_resolves(endpoint, broken(resolution, why, chain=()))

    assert caught.value.culprit.fix.startswith(f"dig @168.63.129.16 {resolution.host}\n(from the virtual network")


@pytest.mark.parametrize(("why", "chain"), [(Broken.NXDOMAIN, ()), (Broken.SERVFAIL, None), (Broken.REFUSED, ())])
def test_everything_else_is_compared_with_azures_own_resolver(
    endpoint: Endpoint, resolution: Resolution, why: Broken, chain: tuple[str, ...] | None
) -> None:
    """The guide's two questions, side by side."""
    with pytest.raises(Blocked, match="does not resolve") as caught:
        check_scoring_host_resolves(endpoint, broken(resolution, why, chain=chain))

    assert caught.value.culprit.fix.startswith(f"dig {resolution.host}\ndig @168.63.129.16 {resolution.host}\n")


def test_an_endpoint_that_is_yet_to_be_created_has_no_host(endpoint: Endpoint) -> None:
    """Its scoring URI is Azure's to give."""
    with pytest.raises(NotApplicable, match="the endpoint does not exist yet"):
        check_scoring_host_resolves(endpoint, None)


def test_the_private_endpoints_own_address_passes(
    endpoint: Endpoint, workspace: Workspace, resolution: Resolution, private_endpoint: PrivateEndpoint
) -> None:
    """The one it keeps for scoring."""
    check_scoring_host_resolves_to_the_private_endpoint(endpoint, workspace, resolution, (private_endpoint,), ())


@pytest.mark.parametrize("address", ["20.62.1.9", "10.9.9.9", "10.1.0.5"])
def test_any_other_address_is_blocked(
    endpoint: Endpoint,
    workspace: Workspace,
    resolution: Resolution,
    private_endpoint: PrivateEndpoint,
    address: str,
) -> None:
    """A public one, a private one of somebody else, and the one that the private endpoint keeps for the workspace."""
    astray = replace(resolution, addresses=(address,))

    with pytest.raises(Blocked, match="does not lead to the private endpoint") as caught:
        check_scoring_host_resolves_to_the_private_endpoint(endpoint, workspace, astray, (private_endpoint,), ())

    assert address in caught.value.culprit.found
    assert caught.value.culprit.expected == "one of 10.1.0.7 (contoso-ml-pe)"


def test_a_public_endpoint_of_a_private_workspace_resolves_publicly(
    endpoint: Endpoint, workspace: Workspace, resolution: Resolution, private_endpoint: PrivateEndpoint
) -> None:
    """Whether callers come in publicly is the endpoint's own setting, with or without a private endpoint."""
    public = replace(endpoint, public_network_access=True)
    outside = replace(resolution, chain=(), addresses=("20.62.1.9",))

    check_scoring_host_resolves_to_the_private_endpoint(public, workspace, outside, (private_endpoint,), ())
    check_scoring_host_resolves_to_the_private_endpoint(public, workspace, outside, (), ())


def test_a_public_endpoint_that_leads_to_a_foreign_private_address_is_blocked(
    endpoint: Endpoint, workspace: Workspace, resolution: Resolution, private_endpoint: PrivateEndpoint
) -> None:
    """A stale record of a private zone is wrong for every endpoint."""
    public, astray = replace(endpoint, public_network_access=True), replace(resolution, addresses=("10.9.9.9",))

    with pytest.raises(Blocked, match="does not lead to the private endpoint"):
        check_scoring_host_resolves_to_the_private_endpoint(public, workspace, astray, (private_endpoint,), ())


def test_one_foreign_address_among_several_is_blocked(
    endpoint: Endpoint, workspace: Workspace, resolution: Resolution, private_endpoint: PrivateEndpoint
) -> None:
    """Every other caller would get the wrong one."""
    mixed = replace(resolution, addresses=("10.1.0.7", "20.62.1.9"))

    with pytest.raises(Blocked, match="leads elsewhere beside the private endpoint"):
        check_scoring_host_resolves_to_the_private_endpoint(endpoint, workspace, mixed, (private_endpoint,), ())


def test_several_private_endpoints_are_all_the_workspaces_own(
    endpoint: Endpoint, workspace: Workspace, resolution: Resolution, private_endpoint: PrivateEndpoint
) -> None:
    """A hub network and its spokes have one each."""
    other = replace(private_endpoint, name="hub-pe", addresses={"*.x.inference.eastus2.api.azureml.ms": ("10.8.0.7",)})
    there = replace(resolution, addresses=("10.8.0.7",))

    check_scoring_host_resolves_to_the_private_endpoint(endpoint, workspace, there, (private_endpoint, other), ())


def test_a_private_endpoint_without_addresses_does_not_pass(
    endpoint: Endpoint, workspace: Workspace, resolution: Resolution, private_endpoint: PrivateEndpoint
) -> None:
    """An empty set contains nothing, whatever the host leads to."""
    unknown = replace(private_endpoint, addresses={})

    with pytest.raises(Blocked, match="does not lead to the private endpoint"):
        check_scoring_host_resolves_to_the_private_endpoint(endpoint, workspace, resolution, (unknown,), ())


def test_a_private_workspace_without_an_approved_private_endpoint_is_blocked(
    endpoint: Endpoint, workspace: Workspace, resolution: Resolution
) -> None:
    """Nobody can score there."""
    with pytest.raises(Blocked, match="workspace contoso-ml is private, and there is no approved private") as caught:
        check_scoring_host_resolves_to_the_private_endpoint(endpoint, workspace, resolution, (), ())

    assert caught.value.culprit.fix == f"az network private-endpoint-connection list --id {workspace.id}"


def test_a_connection_that_names_no_private_endpoint_is_not_taken_for_none(
    endpoint: Endpoint, workspace: Workspace, resolution: Resolution
) -> None:
    """It is approved: only where it leads is not told."""
    untold = PrivateEndpointConnection("c", "c", "Approved", None, None)
    reached = replace(workspace, private_endpoint_connections=(untold,))

    with pytest.raises(NotReached, match="which private endpoint is behind connection c"):
        check_scoring_host_resolves_to_the_private_endpoint(endpoint, reached, resolution, (), ())


def test_public_workspace_and_endpoint_need_no_private_address(
    endpoint: Endpoint, workspace: Workspace, resolution: Resolution
) -> None:
    """Any address will do."""
    open_endpoint = replace(endpoint, public_network_access=True)
    open_workspace = replace(workspace, public_network_access=PublicAccess.ENABLED)

    with pytest.raises(NotApplicable, match="endpoint and workspace are public"):
        check_scoring_host_resolves_to_the_private_endpoint(open_endpoint, open_workspace, resolution, (), ())


def test_a_kubernetes_endpoint_is_reached_through_its_cluster(
    endpoint: Endpoint, workspace: Workspace, resolution: Resolution
) -> None:
    """Its scoring URI is an address of the cluster."""
    attached = replace(endpoint, compute="/computes/cluster")

    with pytest.raises(NotApplicable, match="a Kubernetes endpoint is reached through its cluster"):
        check_scoring_host_resolves_to_the_private_endpoint(attached, workspace, resolution, (), ())


def test_a_host_that_does_not_resolve_leads_nowhere(
    endpoint: Endpoint, workspace: Workspace, resolution: Resolution, private_endpoint: PrivateEndpoint
) -> None:
    """That it does not resolve is the other check's verdict."""
    lost = broken(resolution, Broken.NXDOMAIN)

    with pytest.raises(NotApplicable, match=r"not reached: iris.* does not resolve"):
        check_scoring_host_resolves_to_the_private_endpoint(endpoint, workspace, lost, (private_endpoint,), ())


def test_an_endpoint_that_is_yet_to_be_created_leads_nowhere(
    endpoint: Endpoint, workspace: Workspace, private_endpoint: PrivateEndpoint
) -> None:
    """There is no host to ask for."""
    with pytest.raises(NotApplicable, match="the endpoint does not exist yet"):
        check_scoring_host_resolves_to_the_private_endpoint(endpoint, workspace, None, (private_endpoint,), ())


def test_of_a_cluster_the_record_is_the_user_s_own(endpoint: Endpoint, resolution: Resolution) -> None:
    """Nobody but the user makes one, with the router's address."""
    on_a_cluster = replace(endpoint, compute="k8s")

    with pytest.raises(Blocked, match=r"kubectl get service azureml-fe --namespace azureml"):
        check_scoring_host_resolves(on_a_cluster, broken(resolution, Broken.NXDOMAIN, chain=()))
