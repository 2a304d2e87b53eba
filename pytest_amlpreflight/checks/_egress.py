"""Closed egress outside a managed network: it leads to the workspace's own registry and storage account alone.

https://learn.microsoft.com/azure/machine-learning/concept-secure-online-endpoint#secure-outbound-access-with-legacy-network-isolation-method
"""

from pytest_amlpreflight.facts.project.spec import DeploymentSpec
from pytest_amlpreflight.facts.resources.endpoint import Deployment
from pytest_amlpreflight.facts.resources.workspace import Workspace


def leads_to_its_own_alone(deployment: Deployment, workspace: Workspace) -> bool:
    """Whether the deployment reaches what is the workspace's own, and nothing else."""
    return deployment.managed and deployment.egress_public_network_access is False and not workspace.managed_network


def closed_in(deployment: Deployment | DeploymentSpec) -> str:
    """The evidence: where the deployment's egress is closed."""
    return f"{deployment.where('egress_public_network_access')}: egress_public_network_access = 'disabled'"
