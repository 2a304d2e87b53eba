"""The Kubernetes compute behind an endpoint, its cluster, and the extension there: as far as Azure knows them.

Each is None, or nothing, for a managed endpoint. A cluster is read once, however many endpoints, computes and
workspaces share it.
"""

from typing import TypeVar

import pytest

from pytest_amlpreflight.engine import Reading
from pytest_amlpreflight.facts.resource_id import ResourceId
from pytest_amlpreflight.facts.resources.access import Access
from pytest_amlpreflight.facts.resources.cluster import Cluster, MachineSize, ManagedCluster, NodeSet, TrustedAccess
from pytest_amlpreflight.facts.resources.cluster_extension import Extension
from pytest_amlpreflight.facts.resources.cluster_network import ClusterNetwork
from pytest_amlpreflight.facts.resources.endpoint import Endpoint
from pytest_amlpreflight.facts.resources.kubernetes_compute import Compute
from pytest_amlpreflight.facts.resources.private_dns import ZoneInSight
from pytest_amlpreflight.facts.resources.registry import Registry
from pytest_amlpreflight.facts.resources.storage import StorageAccount
from pytest_amlpreflight.facts.resources.workspace import Workspace
from pytest_amlpreflight.facts.target import Target
from pytest_amlpreflight.facts.unread import FactAbsent
from pytest_amlpreflight.graph.fact import fact, unless_absent
from pytest_amlpreflight.readers.connection.azure import Azure
from pytest_amlpreflight.readers.resources.access import read_access
from pytest_amlpreflight.readers.resources.cluster import (
    read_cluster,
    read_machine_sizes,
    read_node_sets,
    read_trusted_access,
)
from pytest_amlpreflight.readers.resources.cluster_extension import read_extensions
from pytest_amlpreflight.readers.resources.cluster_network import closed_ways, read_cluster_network
from pytest_amlpreflight.readers.resources.kubernetes_compute import read_compute

T = TypeVar("T")


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
    aml_private_dns_zones_in_sight: Reading[tuple[ZoneInSight, ...]],
    aml_azure: Azure,
) -> ClusterNetwork | None:
    """The networks of an AKS cluster's nodes, and the private ways from there to what is closed to the public; None for
    an Arc cluster, whose network Azure does not know.
    """
    if aml_cluster_id is None or not isinstance(aml_cluster, ManagedCluster):
        return None
    zone = aml_azure.cloud.private_link_zone
    closed = closed_ways(aml_workspace, aml_registry, aml_storage_account, zone)
    if not closed:
        return ClusterNetwork(frozenset())
    zones = aml_private_dns_zones_in_sight.get()
    return read_cluster_network(aml_azure.arm, aml_cluster, closed, zones, near=aml_workspace.id)
