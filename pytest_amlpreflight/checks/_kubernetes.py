"""What the checks of Kubernetes endpoints share: when they have nothing to ask, and the commands of their fixes."""

from pytest_amlpreflight.facts.resources.cluster import ManagedCluster
from pytest_amlpreflight.facts.resources.cluster_extension import Extension
from pytest_amlpreflight.facts.resources.kubernetes_compute import Compute
from pytest_amlpreflight.facts.resources.workspace import Workspace
from pytest_amlpreflight.verdict import not_applicable, not_reached


def the_compute(compute: Compute | None) -> Compute:
    """The Kubernetes compute behind the endpoint; ends the check for any other endpoint."""
    if compute is None:
        not_applicable("the endpoint is managed: no cluster of your own is behind it")
    if not compute.is_kubernetes:
        not_reached(f"compute {compute.name} is no Kubernetes compute")
    return compute


def the_aks(cluster: object) -> ManagedCluster:
    """The AKS cluster behind the endpoint; ends the check for every other endpoint."""
    if cluster is None:
        not_applicable("the endpoint is managed: no cluster of your own is behind it")
    if not isinstance(cluster, ManagedCluster):
        not_applicable("the cluster is connected through Azure Arc")
    return cluster


def the_extension(extensions: tuple[Extension, ...] | None) -> Extension:
    """The cluster's extension; ends the check where there is none: another check answers for its absence."""
    if extensions is None:
        not_applicable("the endpoint is managed: no cluster of your own is behind it")
    if not extensions:
        not_reached("the cluster has no Azure Machine Learning extension")
    return extensions[0]


def attach(workspace: Workspace, compute: Compute) -> str:
    """The command that attaches the compute's cluster again, under its name and in its namespace."""
    where = f"--workspace-name {workspace.name} --resource-group {workspace.id.resource_group}"
    return (
        f"az ml compute attach --type Kubernetes --name {compute.name} {where} "
        f"--resource-id {compute.cluster_id or 'CLUSTER-ID'} --namespace {compute.namespace}"
    )


def attach_again(workspace: Workspace, compute: Compute) -> str:
    """The two commands that detach and attach a compute."""
    where = f"--workspace-name {workspace.name} --resource-group {workspace.id.resource_group}"
    return f"az ml compute detach --name {compute.name} {where} --yes\n{attach(workspace, compute)}"
