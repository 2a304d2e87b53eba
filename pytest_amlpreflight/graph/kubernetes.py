"""What the cluster behind an endpoint says itself, with `--aml-kube-context` or a context that leads there.

Where the cluster is not looked into, a test that needs any of it is skipped; what ends in `_if_known` is None then.
"""

import os
from collections.abc import Mapping
from typing import TypeVar

import pytest

from pytest_amlpreflight.engine import Reading
from pytest_amlpreflight.facts.kubernetes.demand import Occupancy
from pytest_amlpreflight.facts.kubernetes.fit import Node
from pytest_amlpreflight.facts.kubernetes.health_report import HealthReport
from pytest_amlpreflight.facts.kubernetes.limits import LimitRange, ResourceQuota
from pytest_amlpreflight.facts.kubernetes.pod import Autoscaler, Event, KubeContext, Namespace, Pod, Service, Workload
from pytest_amlpreflight.facts.resource_id import ResourceId
from pytest_amlpreflight.facts.resources.cluster import Cluster
from pytest_amlpreflight.facts.resources.endpoint import Deployment, Endpoint
from pytest_amlpreflight.facts.resources.kubernetes_compute import Compute, InstanceType
from pytest_amlpreflight.facts.unread import FactAbsent, FactUnreadable, NotGiven
from pytest_amlpreflight.graph.fact import fact
from pytest_amlpreflight.graph.options import RunOptions
from pytest_amlpreflight.readers.connection.azure import Azure
from pytest_amlpreflight.readers.kubernetes.connection import Kube, connect
from pytest_amlpreflight.readers.kubernetes.kubeconfig import (
    Context,
    import_client,
    kubeconfig_files,
    own_account,
    read_contexts,
)
from pytest_amlpreflight.readers.kubernetes.objects import (
    INSTANCE_TYPES,
    read_autoscalers,
    read_backends,
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
from pytest_amlpreflight.verdict import NotApplicable

T = TypeVar("T")
MOST_LOGS = 8


@pytest.fixture(scope="session")
@fact()
def aml_kube_contexts(aml_endpoint: Endpoint, aml_run_options: RunOptions) -> Mapping[str, Context]:
    """The contexts of the kubeconfig, by name; none for a managed endpoint."""
    if aml_endpoint.compute_name is None:
        return {}
    import_client()  # while Azure is still being asked
    return read_contexts(kubeconfig_files(aml_run_options.kubeconfig, os.environ))


@pytest.fixture(scope="session")
@fact(per="aml_cluster_id")
def aml_kube(
    aml_cluster_id: ResourceId | None,
    aml_cluster: Cluster | None,
    aml_kube_contexts: Mapping[str, Context],
    aml_run_options: RunOptions,
    aml_azure: Azure,
) -> Kube:
    """The connection to the cluster's own API, with `--aml-kube-context`, or a context that leads to this cluster;
    skips the test where there is none. It only gets and lists, and never secrets.
    """
    if aml_cluster_id is None or aml_cluster is None:
        raise NotApplicable("the endpoint is managed: no cluster of your own is behind it")
    if not aml_cluster.running:
        raise NotGiven(f"cluster {aml_cluster.name}", f"not reached: cluster {aml_cluster.name} does not run")
    named, timeout = aml_run_options.kube_context, aml_azure.settings.timeout
    return connect(aml_cluster, aml_kube_contexts, named, timeout, own_account(os.environ), aml_azure.tap)


@pytest.fixture(scope="session")
@fact()
def aml_kube_context(aml_kube: Kube) -> KubeContext:
    """The context that leads to the compute's cluster; unreadable where it leads to another one."""
    context = aml_kube.context
    return KubeContext(context.name, context.host, context.verified)


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
    aml_deployment: Deployment,
    aml_compute: Compute | None,
    aml_kube: Kube,
    aml_kube_pods: Reading[tuple[Pod, ...]],
) -> tuple[Pod, ...]:
    """The deployment's own pods in the compute's namespace."""
    namespace = _namespace(aml_compute)
    try:
        pods = aml_kube_pods.get()
    except FactUnreadable as problem:
        if problem.status != 403:
            raise
        pods = read_pods(aml_kube, namespace)  # whoever may look into that namespace alone
    own = [pod for pod in pods if pod.namespace == namespace]
    return tuple(pod for pod in own if pod.belongs_to(aml_deployment.endpoint_name, aml_deployment.name))


@pytest.fixture(scope="session")
@fact()
def aml_kube_events(aml_kube: Kube, aml_compute: Compute | None) -> tuple[Event, ...]:
    """What happened in the compute's namespace lately; the cluster forgets it after an hour."""
    return read_events(aml_kube, _namespace(aml_compute))


@pytest.fixture(scope="session")
@fact()
def aml_kube_crash_logs(
    aml_kube: Kube, aml_kube_deployment_pods: tuple[Pod, ...], aml_azure: Azure
) -> Mapping[str, str]:
    """The last lines of containers of the deployment that crashed, of their last run, by `POD/CONTAINER`; of a few, as
    replicas mostly crash alike.
    """
    crashed = [(pod, one) for pod in aml_kube_deployment_pods for one in pod.containers if one.crashes][:MOST_LOGS]
    logs = aml_azure.arm.together(lambda found: read_pod_log(aml_kube, *found), crashed)
    return {f"{pod.name}/{one.name}": log for (pod, one), log in zip(crashed, logs, strict=True)}


@pytest.fixture(scope="session")
@fact()
def aml_kube_workloads(aml_kube: Kube) -> tuple[Workload, ...]:
    """The extension's Deployments of Kubernetes', in namespace azureml: how many pods are wanted, how many ready."""
    return read_workloads(aml_kube)


@pytest.fixture(scope="session")
@fact()
def aml_kube_backends(aml_kube: Kube) -> Mapping[str, int]:
    """How many ready endpoints each service of the extension has behind it, by the service's name."""
    return read_backends(aml_kube)


@pytest.fixture(scope="session")
@fact()
def aml_kube_services(aml_kube: Kube) -> tuple[Service, ...]:
    """The extension's services, among them the router's, `azureml-fe`."""
    return read_services(aml_kube)


@pytest.fixture(scope="session")
@fact()
def aml_kube_services_if_known(aml_kube_services: Reading[tuple[Service, ...]]) -> tuple[Service, ...] | None:
    """The extension's services; None where the cluster is not looked into."""
    return _if_looked_into(aml_kube_services)


@pytest.fixture(scope="session")
@fact()
def aml_kube_autoscalers(aml_kube: Kube, aml_compute: Compute | None) -> tuple[Autoscaler, ...]:
    """The HorizontalPodAutoscalers of the compute's namespace: there should be none for deployments."""
    return read_autoscalers(aml_kube, _namespace(aml_compute))


@pytest.fixture(scope="session")
@fact()
def aml_kube_health_report(aml_kube: Kube) -> HealthReport | None:
    """The extension's own health report, as old as its last installation or upgrade; None where it left none."""
    return read_health_report(aml_kube)


@pytest.fixture(scope="session")
@fact()
def aml_kube_instance_types(aml_kube: Reading[Kube]) -> tuple[InstanceType, ...] | None:
    """The instance types that the cluster itself has; None where the cluster is not looked into, cannot be reached, or
    has no definition of them: others answer for that.
    """
    try:
        return read_instance_types(aml_kube.get())
    except (NotApplicable, NotGiven, FactAbsent):
        return None
    except FactUnreadable as problem:
        if problem.resource == INSTANCE_TYPES:
            raise
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


@pytest.fixture(scope="session")
@fact()
def aml_kube_room(
    aml_kube_nodes: tuple[Node, ...],
    aml_kube_pods: tuple[Pod, ...],
    aml_kube_quotas: tuple[ResourceQuota, ...],
    aml_kube_limit_ranges: tuple[LimitRange, ...],
) -> Occupancy:
    """What of the cluster is taken, and what the compute's namespace allows."""
    return Occupancy(aml_kube_nodes, aml_kube_pods, aml_kube_quotas, aml_kube_limit_ranges)


@pytest.fixture(scope="session")
@fact()
def aml_kube_room_if_known(aml_kube_room: Reading[Occupancy]) -> Occupancy | None:
    """What of the cluster is taken, and what is allowed; None where the cluster is not looked into."""
    return _if_looked_into(aml_kube_room)


def _if_looked_into(reading: Reading[T]) -> T | None:
    """What the cluster says; None where nobody named a way into it. What it would not tell is raised."""
    try:
        return reading.get()
    except (NotApplicable, NotGiven):
        return None


def _namespace(compute: Compute | None) -> str:
    return compute.namespace if compute else "default"
