"""The checks of the workspace's registry, called with values."""

from collections.abc import Callable
from dataclasses import replace

import pytest

from pytest_amlpreflight.checks.registry import check_egress_private_endpoint_is_approved
from pytest_amlpreflight.facts.endpoint import Deployment
from pytest_amlpreflight.facts.registry import Registry
from pytest_amlpreflight.facts.workspace import ManagedNetwork, PrivateEndpointConnection, Workspace
from pytest_amlpreflight.verdict import Blocked

Connect = Callable[[str], PrivateEndpointConnection]


def test_an_approved_egress_connection_passes(deployment: Deployment, workspace: Workspace, registry: Registry) -> None:
    """The image comes through the private endpoint that Azure Machine Learning requested."""
    check_egress_private_endpoint_is_approved(deployment, deployment, workspace, registry)


def test_one_approved_connection_among_others_passes(
    deployment: Deployment, workspace: Workspace, registry: Registry, connection: Connect
) -> None:
    """Connections of deployments that were deleted stay behind, rejected or disconnected."""
    connections = (connection("Disconnected"), connection("approved"))

    check_egress_private_endpoint_is_approved(
        deployment, deployment, workspace, replace(registry, private_endpoint_connections=connections)
    )


def test_a_pending_connection_is_blocked_until_somebody_approves_it(
    deployment: Deployment, workspace: Workspace, registry: Registry, connection: Connect
) -> None:
    """The fix is the approval itself."""
    waiting = replace(registry, private_endpoint_connections=(connection("Pending"),))

    with pytest.raises(
        Blocked, match="registry contosomlacr has not approved its private endpoint connection"
    ) as caught:
        check_egress_private_endpoint_is_approved(deployment, deployment, workspace, waiting)

    assert caught.value.found == "contosomlacr.5d0b: status = 'Pending'"
    assert caught.value.fix == (
        "az acr private-endpoint-connection approve --registry-name contosomlacr --name contosomlacr.5d0b"
    )


@pytest.mark.parametrize("status", ["Rejected", "Disconnected", "Timeout", "Unknown"])
def test_a_connection_that_cannot_be_approved_any_more_needs_a_new_deployment(
    deployment: Deployment, workspace: Workspace, registry: Registry, connection: Connect, status: str
) -> None:
    """Approval is no way out of a rejection."""
    rejected = replace(registry, private_endpoint_connections=(connection(status),))

    with pytest.raises(Blocked, match="has not approved its private endpoint connection") as caught:
        check_egress_private_endpoint_is_approved(deployment, deployment, workspace, rejected)

    assert "approve --registry-name" not in caught.value.fix
    assert "delete the deployment and create it again" in caught.value.fix


def test_a_live_deployment_without_its_connection_is_blocked(
    deployment: Deployment, workspace: Workspace, registry: Registry, connection: Connect
) -> None:
    """Connections with another description belong to somebody else and do not help."""
    foreign = replace(connection("Approved"), description="please approve, for the data team")
    without = replace(registry, private_endpoint_connections=(foreign,))

    with pytest.raises(
        Blocked, match="registry contosomlacr has no private endpoint connection for deployments"
    ) as caught:
        check_egress_private_endpoint_is_approved(deployment, deployment, workspace, without)

    assert "Egress for Microsoft.MachineLearningServices/workspaces/onlineEndpoints" in caught.value.found


def test_a_first_deployment_requests_its_connection_itself(
    deployment: Deployment, workspace: Workspace, registry: Registry
) -> None:
    """Before it exists there is nothing to approve."""
    without = replace(registry, private_endpoint_connections=())

    with pytest.raises(pytest.skip.Exception, match="first deployment requests its private endpoint connection"):
        check_egress_private_endpoint_is_approved(deployment, None, workspace, without)


def test_a_managed_network_has_private_endpoints_of_its_own(
    deployment: Deployment, workspace: Workspace, registry: Registry
) -> None:
    """The egress setting does nothing there."""
    managed = replace(workspace, managed_network=ManagedNetwork("AllowOnlyApprovedOutbound", "Active"))

    with pytest.raises(pytest.skip.Exception, match="the workspace has a managed network"):
        check_egress_private_endpoint_is_approved(deployment, deployment, managed, registry)


@pytest.mark.parametrize("egress", [True, None])
def test_open_egress_needs_no_connection(
    deployment: Deployment, workspace: Workspace, registry: Registry, egress: bool | None
) -> None:
    """Open is also what a deployment gets that does not say."""
    opened = replace(deployment, egress_public_network_access=egress)

    with pytest.raises(pytest.skip.Exception, match="the deployment's egress is open"):
        check_egress_private_endpoint_is_approved(opened, opened, workspace, registry)


def test_a_workspace_without_a_registry_has_none_to_ask(deployment: Deployment, workspace: Workspace) -> None:
    """The first image build creates it."""
    with pytest.raises(pytest.skip.Exception, match="no registry before its first image build"):
        check_egress_private_endpoint_is_approved(deployment, None, workspace, None)
