"""The Kubernetes compute behind an endpoint, its cluster, and the extension there: as far as Azure knows them.

Each is None, or nothing, for a managed endpoint. A cluster is read once, however many endpoints, computes and
workspaces share it.
"""

from collections.abc import Mapping

import pytest

from pytest_amlpreflight.engine import Reading
from pytest_amlpreflight.facts.kubernetes.fit import Node
from pytest_amlpreflight.facts.kubernetes.health_report import HealthReport
from pytest_amlpreflight.facts.kubernetes.limits import LimitRange, ResourceQuota
from pytest_amlpreflight.facts.kubernetes.pod import Event, Namespace, Pod, Service, Workload
from pytest_amlpreflight.facts.resource_id import ResourceId
from pytest_amlpreflight.facts.resources.access import Access
from pytest_amlpreflight.facts.resources.cluster import Cluster, MachineSize, ManagedCluster, NodeSet, TrustedAccess
from pytest_amlpreflight.facts.resources.cluster_extension import Extension
from pytest_amlpreflight.facts.resources.cluster_network import ClusterNetwork
from pytest_amlpreflight.facts.resources.endpoint import Deployment, Endpoint
from pytest_amlpreflight.facts.resources.kubernetes_compute import Compute, InstanceType
from pytest_amlpreflight.facts.resources.registry import Registry
from pytest_amlpreflight.facts.resources.storage import StorageAccount
from pytest_amlpreflight.facts.resources.workspace import Workspace
from pytest_amlpreflight.facts.target import Target
from pytest_amlpreflight.facts.unread import FactAbsent, NotGiven
from pytest_amlpreflight.graph.fact import fact, unless_absent
from pytest_amlpreflight.graph.options import RunOptions
from pytest_amlpreflight.readers.connection.azure import Azure
from pytest_amlpreflight.readers.kubernetes.connection import Kube, connect
from pytest_amlpreflight.readers.kubernetes.objects import (
    read_events,
    read_health_report,
    read_instance_types,
    read_limit_ranges,
    read_namespace,
    read_nodes,
    read_online_endpoints,
    read_pod_log,
    read_pods,
    read_quotas,
    read_services,
    read_workloads,
)
from pytest_amlpreflight.readers.resources.access import read_access
from pytest_amlpreflight.readers.resources.cluster import (
    read_cluster,
    read_machine_sizes,
    read_node_sets,
    read_trusted_access,
)
from pytest_amlpreflight.readers.resources.cluster_extension import read_extensions
from pytest_amlpreflight.readers.resources.cluster_network import read_cluster_network
from pytest_amlpreflight.readers.resources.kubernetes_compute import read_compute
from pytest_amlpreflight.verdict import NotApplicable


@pytest.fixture(scope="session")
@fact(per=("workspace", "aml_endpoint.compute_name"))
def aml_compute(aml_target: Target, aml_endpoint: Endpoint, aml_azure: Azure) -> Compute | None:
    """The attached compute that the endpoint runs on; None for a managed endpoint."""
    if aml_endpoint.compute_name is None:
        return None
    named_by = f"endpoint {aml_endpoint.name}"
    return read_compute(aml_azure.arm, aml_target.workspace_id, aml_endpoint.compute_name, named_by=named_by)


@pytest.fixture(scope="session")
@fact()
def aml_compute_or_none(aml_compute: Reading[Compute | None]) -> Compute | None:
    """The attached compute, None also where it does not exist: for a test that answers for its absence."""
    return unless_absent(aml_compute)


@pytest.fixture(scope="session")
@fact()
def aml_cluster_id(aml_compute: Compute | None) -> ResourceId | None:
    """The AKS or Arc resource behind the compute; None without a Kubernetes compute, and where it names none."""
    return aml_compute.cluster_id if aml_compute and aml_compute.is_kubernetes else None


@pytest.fixture(scope="session")
@fact(per="aml_cluster_id")
def aml_cluster(aml_cluster_id: ResourceId | None, aml_azure: Azure) -> Cluster | None:
    """The cluster behind the compute, as Azure describes it: a `ManagedCluster` (AKS) or a `ConnectedCluster` (Arc)."""
    return read_cluster(aml_azure.arm, aml_cluster_id, named_by="the compute") if aml_cluster_id else None


@pytest.fixture(scope="session")
@fact()
def aml_cluster_or_none(aml_cluster: Reading[Cluster | None]) -> Cluster | None:
    """The cluster, None also where it does not exist: for a test that answers for its absence."""
    return unless_absent(aml_cluster)


@pytest.fixture(scope="session")
@fact(per="aml_cluster_id")
def aml_extensions(
    aml_cluster_id: ResourceId | None, aml_cluster: Reading[Cluster | None], aml_azure: Azure
) -> tuple[Extension, ...] | None:
    """The cluster's extensions of type Microsoft.AzureML.Kubernetes, by name; None without a cluster."""
    if aml_cluster_id is None:
        return None
    try:
        return read_extensions(aml_azure.arm, aml_cluster_id)
    except FactAbsent:
        aml_cluster.get()  # raises where that is what is absent
        raise


@pytest.fixture(scope="session")
@fact(per="aml_cluster_id")
def aml_trusted_access(aml_cluster_id: ResourceId | None, aml_azure: Azure) -> tuple[TrustedAccess, ...]:
    """Who may pass an AKS cluster's API server by; nobody in a cloud that knows no trusted access."""
    if aml_cluster_id is None or not aml_azure.cloud.trusted_access:
        return ()
    return read_trusted_access(aml_azure.arm, aml_cluster_id)


@pytest.fixture(scope="session")
@fact(per="run")
def aml_cloud_has_trusted_access(aml_azure: Azure) -> bool:
    """Whether this cloud lets Azure Machine Learning pass a closed API server by: the public one does."""
    return aml_azure.cloud.trusted_access


@pytest.fixture(scope="session")
@fact(per="aml_cluster_id")
def aml_node_sets(
    aml_cluster_id: ResourceId | None, aml_cluster: Cluster | None, aml_azure: Azure
) -> tuple[NodeSet, ...]:
    """The scale sets of an AKS cluster, and the identities their machines carry."""
    return read_node_sets(aml_azure.arm, aml_cluster) if aml_cluster_id and aml_cluster else ()


@pytest.fixture(scope="session")
@fact(per="aml_cluster_id")
def aml_machine_sizes(
    aml_cluster_id: ResourceId | None, aml_cluster: Cluster | None, aml_azure: Azure
) -> tuple[MachineSize, ...]:
    """The virtual machine sizes of an AKS cluster's region; none for an Arc cluster."""
    return read_machine_sizes(aml_azure.arm, aml_cluster) if aml_cluster_id and aml_cluster else ()


@pytest.fixture(scope="session")
@fact(per=("workspace", "aml_cluster_id"))
def aml_workspace_cluster_access(
    aml_cluster_id: ResourceId | None, aml_workspace: Workspace, aml_azure: Azure
) -> tuple[Access, ...]:
    """What the workspace may do on the cluster, where it acts as user-assigned identities; a system-assigned one is
    given what it needs.
    """
    workspace, arm = aml_workspace, aml_azure.arm
    if aml_cluster_id is None or (workspace.identity_principal_id and not workspace.primary_principal_id):
        return ()
    scope = aml_cluster_id.text
    return tuple(arm.together(lambda one: read_access(arm, one, scope), list(workspace.principal_ids)))


@pytest.fixture(scope="session")
@fact(per=("workspace", "aml_cluster_id"))
def aml_cluster_network(
    aml_cluster_id: ResourceId | None,
    aml_cluster: Cluster | None,
    aml_workspace: Workspace,
    aml_registry: Registry | None,
    aml_storage_account: StorageAccount,
    aml_azure: Azure,
) -> ClusterNetwork | None:
    """The networks of an AKS cluster's nodes, and the private ways from there to what is closed to the public; None for
    an Arc cluster, whose network Azure does not know.
    """
    if aml_cluster_id is None or not isinstance(aml_cluster, ManagedCluster):
        return None
    zone = aml_azure.cloud.private_link_zone
    return read_cluster_network(aml_azure.arm, aml_cluster, aml_workspace, aml_registry, aml_storage_account, zone)


@pytest.fixture(scope="session")
@fact(per="aml_cluster_id")
def aml_kube(
    aml_cluster_id: ResourceId | None, aml_cluster: Cluster | None, aml_run_options: RunOptions, aml_azure: Azure
) -> Kube:
    """The connection to the cluster's own API, with `--aml-kube-context`, or a context that leads to this cluster;
    skips the test where there is none. It only gets and lists, and never secrets.
    """
    if aml_cluster_id is None or aml_cluster is None:
        raise NotApplicable("the endpoint is managed: no cluster of your own is behind it")
    if not aml_cluster.running:
        raise NotGiven(f"cluster {aml_cluster.name}", f"not reached: cluster {aml_cluster.name} does not run")
    options = aml_run_options
    return connect(aml_cluster, options.kube_context, options.kubeconfig, aml_azure.settings.timeout)


@pytest.fixture(scope="session")
@fact()
def aml_kube_namespace(aml_kube: Kube, aml_compute: Compute | None) -> Namespace | None:
    """The compute's namespace in the cluster; None where there is none."""
    return read_namespace(aml_kube, _namespace(aml_compute))


@pytest.fixture(scope="session")
@fact()
def aml_kube_nodes(aml_kube: Kube) -> tuple[Node, ...]:
    """The cluster's nodes: what of each may be taken, its labels and taints."""
    return read_nodes(aml_kube)


@pytest.fixture(scope="session")
@fact()
def aml_kube_pods(aml_kube: Kube) -> tuple[Pod, ...]:
    """Every pod of the cluster, with what it takes of its node."""
    return read_pods(aml_kube)


@pytest.fixture(scope="session")
@fact()
def aml_kube_deployment_pods(
    aml_deployment: Deployment, aml_kube: Kube, aml_compute: Compute | None
) -> tuple[Pod, ...]:
    """The deployment's own pods in the compute's namespace."""
    pods = read_pods(aml_kube, _namespace(aml_compute))
    return tuple(pod for pod in pods if pod.belongs_to(aml_deployment.endpoint_name, aml_deployment.name))


@pytest.fixture(scope="session")
@fact()
def aml_kube_events(aml_kube: Kube, aml_compute: Compute | None) -> tuple[Event, ...]:
    """What happened in the compute's namespace lately; the cluster forgets it after an hour."""
    return read_events(aml_kube, _namespace(aml_compute))


@pytest.fixture(scope="session")
@fact()
def aml_kube_crash_logs(aml_kube: Kube, aml_kube_deployment_pods: tuple[Pod, ...]) -> Mapping[str, str]:
    """The last lines of each container of the deployment that crashed, of its last run, by `POD/CONTAINER`."""
    crashed = [(pod, one) for pod in aml_kube_deployment_pods for one in pod.containers if one.crashes]
    return {f"{pod.name}/{one.name}": read_pod_log(aml_kube, pod, one) for pod, one in crashed}


@pytest.fixture(scope="session")
@fact()
def aml_kube_workloads(aml_kube: Kube) -> tuple[Workload, ...]:
    """The extension's Deployments of Kubernetes', in namespace azureml: how many pods are wanted, how many ready."""
    return read_workloads(aml_kube)


@pytest.fixture(scope="session")
@fact()
def aml_kube_services(aml_kube: Kube) -> tuple[Service, ...]:
    """The extension's services, among them the router's, `azureml-fe`."""
    return read_services(aml_kube)


@pytest.fixture(scope="session")
@fact()
def aml_kube_health_report(aml_kube: Kube) -> HealthReport | None:
    """The extension's own health report, as old as its last installation or upgrade; None where it left none."""
    return read_health_report(aml_kube)


@pytest.fixture(scope="session")
@fact()
def aml_kube_instance_types(aml_kube: Reading[Kube]) -> tuple[InstanceType, ...] | None:
    """The instance types that the cluster itself has; None where the cluster is not looked into, or has no definition
    of them.
    """
    try:
        return read_instance_types(aml_kube.get())
    except (NotApplicable, NotGiven, FactAbsent):
        return None


@pytest.fixture(scope="session")
@fact()
def aml_kube_online_endpoints(aml_kube: Kube, aml_compute: Compute | None) -> frozenset[str] | None:
    """The names of the endpoints that the cluster has in the compute's namespace; None where the extension's
    definitions are absent.
    """
    try:
        return frozenset(read_online_endpoints(aml_kube, _namespace(aml_compute)))
    except FactAbsent:
        return None


@pytest.fixture(scope="session")
@fact()
def aml_kube_quotas(aml_kube: Kube, aml_compute: Compute | None) -> tuple[ResourceQuota, ...]:
    """The quotas of the compute's namespace."""
    return read_quotas(aml_kube, _namespace(aml_compute))


@pytest.fixture(scope="session")
@fact()
def aml_kube_limit_ranges(aml_kube: Kube, aml_compute: Compute | None) -> tuple[LimitRange, ...]:
    """What one container may ask for in the compute's namespace."""
    return read_limit_ranges(aml_kube, _namespace(aml_compute))


def _namespace(compute: Compute | None) -> str:
    return compute.namespace if compute else "default"
