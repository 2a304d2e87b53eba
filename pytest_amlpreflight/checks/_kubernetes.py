"""What the checks of Kubernetes endpoints share: when they have nothing to ask, and the commands of their fixes."""

from pytest_amlpreflight.facts.resource_id import ResourceId
from pytest_amlpreflight.facts.resources.cluster import AKS, ManagedCluster
from pytest_amlpreflight.facts.resources.cluster_extension import Extension
from pytest_amlpreflight.facts.resources.kubernetes_compute import Compute
from pytest_amlpreflight.facts.resources.workspace import Workspace
from pytest_amlpreflight.fix import Command, Option, SetProperty, az
from pytest_amlpreflight.verdict import not_applicable, not_reached

EXTENSIONS = "/providers/Microsoft.KubernetesConfiguration/extensions/"


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


def attach(
    workspace: Workspace, name: str, cluster: ResourceId | None = None, namespace: str | None = None
) -> tuple[Command | str, ...]:
    """What attaches a cluster as the compute of that name; with words for what is not known of it."""
    place: dict[str, Option] = {"resource_id": str(cluster or "CLUSTER-ID"), "namespace": namespace or "NAMESPACE"}
    unknown = {"CLUSTER-ID is the cluster's ARM id": cluster, "NAMESPACE one of its namespaces": namespace}
    words = ", ".join(each for each, known in unknown.items() if not known)
    return (
        az("ml compute attach", type="Kubernetes", name=name, **_in(workspace), **place),
        *([f"({words})"] if words else []),
    )


def attach_again(workspace: Workspace, compute: Compute) -> tuple[Command | str, ...]:
    """The two commands that detach and attach a compute."""
    detach = az("ml compute detach", name=compute.name, **_in(workspace), yes=True)
    return detach, *attach(workspace, compute.name, compute.cluster_id, compute.namespace)


def extension_named(name: str, cluster_id: ResourceId) -> dict[str, Option]:
    """The options by which `az k8s-extension` takes an extension."""
    kind = "managedClusters" if cluster_id.kind.lower() == AKS.lower() else "connectedClusters"
    return {
        "name": name,
        "cluster_type": kind,
        "cluster_name": cluster_id.name,
        "resource_group": cluster_id.resource_group,
    }


def update_extension(extension: Extension, *settings: str, **options: Option) -> Command:
    """The command that changes settings of an extension."""
    named = extension_named(extension.name, extension.cluster_id)
    return az("k8s-extension update", **named, **options, config=settings or None)


def set_extension(extension: Extension, setting: str, value: str) -> SetProperty:
    """One setting of an extension."""
    path, command = f"properties.configurationSettings.{setting}", update_extension(extension, f"{setting}={value}")
    return SetProperty(f"{extension.cluster_id}{EXTENSIONS}{extension.name}", path, value, az=command)


def _in(workspace: Workspace) -> dict[str, Option]:
    return {"workspace_name": workspace.name, "resource_group": workspace.id.resource_group}
