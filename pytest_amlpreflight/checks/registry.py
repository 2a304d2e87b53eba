"""The workspace's container registry, from which every deployment pulls its image."""

from pytest_amlpreflight.facts.endpoint import Deployment
from pytest_amlpreflight.facts.registry import EGRESS_CONNECTION, Registry
from pytest_amlpreflight.facts.workspace import PrivateEndpointConnection, Workspace
from pytest_amlpreflight.verdict import blocked, check, not_applicable


@check("registry", explains=("BadArgument", "ERR_1200", "ImagePullLoopBackOff"))
def check_egress_private_endpoint_is_approved(
    aml_deployment: Deployment,
    aml_live_deployment: Deployment | None,
    aml_workspace: Workspace,
    aml_registry: Registry | None,
) -> None:
    """With egress closed, the deployment's own private endpoint to the registry is approved.

    A deployment with `egress_public_network_access: disabled` pulls its image through a private endpoint connection that
    Azure Machine Learning requests from the registry. While nobody has approved it, the image cannot be downloaded.
    """
    if aml_workspace.managed_network:
        not_applicable("the workspace has a managed network, which has private endpoints of its own")
    if aml_deployment.egress_public_network_access is not False:
        not_applicable("the deployment's egress is open: its image comes over the registry's public address")
    if aml_registry is None:
        not_applicable("the workspace has no registry before its first image build")
    connections = aml_registry.egress_connections
    if any(connection.approved for connection in connections):
        return
    if not connections and aml_live_deployment is None:
        not_applicable("the first deployment requests its private endpoint connection itself")
    _blocked_by(aml_registry, connections[0] if connections else None)


def _blocked_by(registry: Registry, connection: PrivateEndpointConnection | None) -> None:
    described = f"description '{EGRESS_CONNECTION}'"
    if connection is None:
        blocked(
            f"registry {registry.name} has no private endpoint connection for deployments",
            found=f"no connection with {described}",
            expected="one with status = 'Approved'",
            fix="delete the deployment and create it again: its creation requests the connection",
        )
    approve = f"az acr private-endpoint-connection approve --registry-name {registry.name} --name {connection.name}"
    again = "(a rejected connection cannot be approved later: delete the deployment and create it again)"
    blocked(
        f"registry {registry.name} has not approved its private endpoint connection",
        found=f"{connection.name}: status = {connection.status!r}",
        expected="status = 'Approved'",
        fix=approve if connection.status.lower() == "pending" else again.strip("()"),
    )
