"""The cluster behind a Kubernetes endpoint: whether it runs, suits, carries the extension and reaches what it must."""

from pytest_amlpreflight.checks._cluster_state import judge_aks, judge_arc
from pytest_amlpreflight.checks._cluster_ways import link_zone, report_way
from pytest_amlpreflight.checks._kubernetes import attach_again, the_aks, the_compute, update_extension
from pytest_amlpreflight.checks._room import judge_allowances, judge_machines, judge_room, scale, wanted_of
from pytest_amlpreflight.facts.kubernetes.capacity import capacity, nodes_holding
from pytest_amlpreflight.facts.kubernetes.demand import Occupancy
from pytest_amlpreflight.facts.kubernetes.pod import KubeContext, Namespace
from pytest_amlpreflight.facts.resources.cluster import (
    Cluster,
    ConnectedCluster,
    MachineSize,
    ManagedCluster,
    TrustedAccess,
)
from pytest_amlpreflight.facts.resources.cluster_extension import Extension
from pytest_amlpreflight.facts.resources.cluster_network import ClusterNetwork
from pytest_amlpreflight.facts.resources.endpoint import Deployment, Endpoint
from pytest_amlpreflight.facts.resources.kubernetes_compute import Compute
from pytest_amlpreflight.facts.resources.workspace import Workspace
from pytest_amlpreflight.fix import SetProperty, az, kubectl, named
from pytest_amlpreflight.verdict import advise, blocked, check, not_applicable, not_reached

LEAST_CPUS = 4
LEAST_MEMORY, ADVISED_MEMORY = 8 * 10**9, 14 * 10**9
"""In bytes: below the first nothing runs, below the second nothing should in production.

https://learn.microsoft.com/azure/machine-learning/how-to-troubleshoot-online-endpoints and
https://learn.microsoft.com/azure/machine-learning/how-to-deploy-kubernetes-extension
"""
NODES_FOR_THREE_ROUTERS = 3


@check(
    "cluster",
    explains=(
        "KubernetesUnaccessible",
        "GenericClusterError",
        "ClusterNotReachable",
        "ClusterNotFound",
        "InferencingClientCallFailed",
    ),
    settles=True,
)
def check_cluster_is_running(aml_compute: Compute | None, aml_cluster_or_none: Cluster | None) -> None:
    """The cluster behind the compute exists and runs, and Azure has contact with it.

    Azure keeps a compute whose cluster was stopped or deleted, and creates endpoints on it that never become ready.
    """
    compute, cluster = the_compute(aml_compute), aml_cluster_or_none
    if compute.cluster_id is None:
        not_applicable(f"compute {compute.name} does not say which cluster is behind it")
    if cluster is None:
        blocked(
            f"cluster {compute.cluster_id.name} of compute {compute.name} does not exist",
            found=f"404 for {compute.cluster_id}",
            expected="the cluster that the compute was attached to",
            fix=(
                az("ml compute detach", **named(compute.id)),
                "(then attach the cluster that took its place, under the same name)",
            ),
            final=True,
        )
    if isinstance(cluster, ManagedCluster):
        judge_aks(cluster)
    else:
        judge_arc(cluster)


@check(
    "cluster",
    explains=("TokenRefreshFailed", "DeploymentIdentityError", "GenericClusterError", "GetAADTokenFailed"),
    phases=("pre", "audit"),
)
def check_cluster_suits_azure_machine_learning(aml_workspace: Workspace, aml_cluster: Cluster | None) -> None:
    """The AKS cluster is of a kind that Azure Machine Learning supports.

    With a service principal of its own, with pod identity, in another subscription, or beside a private workspace in
    another region, the extension installs and its identity then fails on the nodes.
    """
    cluster = the_aks(aml_cluster)
    if cluster.service_principal:
        blocked(
            f"cluster {cluster.name} acts as a service principal",
            found=f"servicePrincipalProfile.clientId = {cluster.service_principal!r}",
            expected="a managed identity ('msi'), and node pools made after the change",
            fix=SetProperty(
                cluster.id.text,
                "properties.servicePrincipalProfile.clientId",
                "msi",
                az=az("aks update", **named(cluster.id), enable_managed_identity=True),
            ),
        )
    if cluster.pod_identity:
        blocked(
            f"cluster {cluster.name} has pod identity, which disturbs the extension's identity",
            found="podIdentityProfile.enabled = true",
            expected="podIdentityProfile.enabled = false",
            fix=SetProperty(
                cluster.id.text,
                "properties.podIdentityProfile.enabled",
                False,
                az=az("aks update", **named(cluster.id), disable_pod_identity=True),
            ),
        )
    if cluster.id.subscription.lower() != aml_workspace.id.subscription.lower():
        blocked(
            f"cluster {cluster.name} is in another subscription than its workspace",
            found=f"subscription {cluster.id.subscription}",
            expected=f"subscription {aml_workspace.id.subscription}, or the cluster connected through Azure Arc",
            fix=az("connectedk8s connect", **named(cluster.id)),
        )
    if aml_workspace.private and cluster.location != aml_workspace.location:
        blocked(
            f"cluster {cluster.name} is in another region than its private workspace",
            found=f"location = {cluster.location!r}",
            expected=f"location = {aml_workspace.location!r}",
            fix=(
                az(
                    "aks create",
                    name=f"{cluster.name}-{aml_workspace.location}",
                    resource_group=cluster.id.resource_group,
                    location=aml_workspace.location,
                ),
                "(with the network and nodes that it needs; then attach it)",
            ),
        )


@check(
    "cluster",
    explains=("ClusterUnauthorized", "KubernetesUnaccessible", "ComputeNotAccessible"),
    phases=("pre", "audit"),
)
def check_azure_may_reach_the_api_server(
    aml_workspace: Workspace,
    aml_compute: Compute | None,
    aml_cluster: Cluster | None,
    aml_trusted_access: tuple[TrustedAccess, ...],
    aml_cloud_has_trusted_access: bool,
) -> None:
    """Azure Machine Learning gets to the AKS cluster's API server.

    Without local accounts, with authorised address ranges, or with a public name on a private cluster, it gets there by
    trusted access alone: a role binding that attaching makes. Computes attached before the cluster was closed have
    none. Clouds other than the public one know no trusted access.
    """
    compute, cluster = the_compute(aml_compute), the_aks(aml_cluster)
    closed = cluster.closed_to_azure
    if closed is None or (
        aml_cloud_has_trusted_access and any(one.admits(aml_workspace.id) for one in aml_trusted_access)
    ):
        return
    listing = az(
        "aks trustedaccess rolebinding list", cluster_name=cluster.name, resource_group=cluster.id.resource_group
    )
    public = aml_cloud_has_trusted_access
    blocked(
        f"cluster {cluster.name} turns Azure Machine Learning away from its API server",
        found=f"{closed}; no trusted access for workspace {aml_workspace.name}",
        expected="a trustedAccessRoleBinding with role Microsoft.MachineLearningServices/workspaces/mlworkload"
        if public
        else "an API server that is open to Azure: this cloud has no trusted access",
        fix=(
            (*attach_again(aml_workspace, compute), listing)
            if public
            else az("aks update", **named(cluster.id), enable_local_accounts=True, api_server_authorized_ip_ranges="")
        ),
    )


@check("cluster", explains=("PodUnschedulable", "OutOfQuota", "ScoringFeUnhealthy"), phases=("pre", "audit"))
def check_cluster_carries_the_extension(
    aml_cluster: Cluster | None,
    aml_extensions: tuple[Extension, ...] | None,
    aml_machine_sizes: tuple[MachineSize, ...],
) -> None:
    """The cluster has the nodes that the extension and a first deployment need.

    The documented minimum is 4 vCPUs with 8 GB, and three nodes for three routers (`inferenceRouterHA`, the default).
    Below it the extension's own pods stay pending. What other workloads take is not counted here.
    """
    if aml_cluster is None or aml_extensions is None:
        not_applicable("the endpoint is managed: no cluster of your own is behind it")
    extension = aml_extensions[0] if aml_extensions else None
    wanted = extension.node_selector if extension else {}
    nodes = nodes_holding(aml_cluster, wanted)
    if extension and extension.highly_available and nodes is not None and nodes < NODES_FOR_THREE_ROUTERS:
        selector = f" that hold nodeSelector {wanted}" if wanted else ""
        blocked(
            f"cluster {aml_cluster.name} has too few nodes for three routers",
            found=f"{nodes} Linux nodes{selector}; inferenceRouterHA = true",
            expected=f"{NODES_FOR_THREE_ROUTERS} nodes or more, or inferenceRouterHA = false",
            fix=(
                scale(aml_cluster),
                f"or {update_extension(extension, 'inferenceRouterHA=False')}",
            ),
        )
    there = capacity(aml_cluster, aml_machine_sizes)
    if there.below(LEAST_CPUS, LEAST_MEMORY):
        blocked(
            f"cluster {aml_cluster.name} is too small for the extension",
            found=f"{there} on all its Linux nodes",
            expected=f"at least {LEAST_CPUS} vCPUs and {LEAST_MEMORY / 1e9:.0f} GB",
            fix=scale(aml_cluster),
        )
    if there.below(LEAST_CPUS, ADVISED_MEMORY):
        advise(
            f"cluster {aml_cluster.name} is small for production",
            found=f"{there} on all its Linux nodes",
            expected=f"at least {ADVISED_MEMORY / 1e9:.0f} GB",
            fix=scale(aml_cluster),
        )


@check(
    "cluster",
    explains=("ACRSecretError", "GetAADTokenFailed", "ACRAuthenticationChallengeFailed", "ImagePullLoopBackOff"),
    phases=("pre", "audit"),
)
def check_cluster_network_holds_the_private_endpoints(
    aml_cluster: Cluster | None, aml_cluster_network: ClusterNetwork | None
) -> None:
    """Registry, storage account and workspace have private endpoints that the cluster's nodes reach, where they answer
    nobody else.

    Pods fetch image, model and tokens from the nodes' own network. A private endpoint in a network that is neither
    theirs nor peered with it does not help them. What a firewall lets through cannot be told from here, nor can a DNS
    server of your own: both are advice.
    """
    if aml_cluster is None:
        not_applicable("the endpoint is managed: no cluster of your own is behind it")
    if isinstance(aml_cluster, ConnectedCluster) or aml_cluster_network is None:
        not_applicable("Azure does not know the network of a cluster that is connected through Azure Arc")
    network = aml_cluster_network
    for way in network.ways:
        if not way.reaches(network.all):
            report_way(aml_cluster, network, way)
        elif not any(zone.linked_to(network.all) for zone in way.zones):
            advise(
                f"no private DNS zone for {way.word} {way.id.name} answers on cluster {aml_cluster.name}",
                found=f"{way.zone}: no zone with a link to {network.shown}",
                expected="a linked zone, or a DNS server of your own that forwards the name",
                fix=link_zone(aml_cluster, network, way),
            )


@check("cluster", explains=("KubernetesUnaccessible", "ClusterUnauthorized"))
def check_context_is_the_computes_cluster(aml_kube_context: KubeContext, aml_cluster: Cluster | None) -> None:
    """The context of the kubeconfig leads to the compute's own cluster, and TLS proves it.

    A kubeconfig's context may lead anywhere, and what another cluster says of nodes and pods would be believed. So the
    server's name is compared before anything is read: another cluster is an error here, and everything that would be
    asked of it is left out. A context that takes any certificate proves nothing: advice.
    """
    context = aml_kube_context
    if context.verified:
        return
    advise(
        f"context {context.name} takes any certificate",
        found=f"insecure-skip-tls-verify = true for {context.host}",
        expected="the cluster's certificate-authority-data, by which its API server proves its name",
        fix=(
            kubectl("config unset", f"clusters.{context.name}"),
            *([az("aks get-credentials", **named(aml_cluster.id))] if isinstance(aml_cluster, ManagedCluster) else []),
        ),
    )


@check("cluster", explains=("NamespaceNotFound",))
def check_namespace_exists(aml_compute: Compute | None, aml_kube_namespace: Namespace | None) -> None:
    """The compute's namespace is in the cluster, and is not being deleted.

    Attaching neither makes nor looks for it: everything that is deployed then fails, and Azure keeps no word of it.
    """
    compute, found = the_compute(aml_compute), aml_kube_namespace
    if found and found.phase == "Active":
        return
    state, first = ("being deleted", "once it is gone; ") if found else ("not in the cluster", "")
    blocked(
        f"namespace {compute.namespace} of compute {compute.name} is {state}",
        found=f"status.phase = {found.phase!r}" if found else f"404 for namespace {compute.namespace}",
        expected="status.phase = 'Active'",
        fix=(
            kubectl("create namespace", compute.namespace),
            f"({first}or detach the compute and attach it with a namespace that is there)",
        ),
    )


@check("cluster", explains=("PodUnschedulable", "OutOfQuota", "InternalServerError"), phases=("pre", "audit"))
def check_nodes_fit_the_deployment(
    aml_workspace: Workspace,
    aml_compute: Compute | None,
    aml_cluster: Cluster | None,
    aml_extensions: tuple[Extension, ...] | None,
    aml_machine_sizes: tuple[MachineSize, ...],
    aml_deployment: Deployment,
    aml_kube_room_if_known: Occupancy | None,
) -> None:
    """The nodes have room for every pod that the deployment starts with, and the namespace's quotas allow them.

    Counted as Kubernetes' scheduler does: what may be taken of each node, less what its pods ask for; taints, selectors
    and cordons keep pods off. The deployment's own pods of today are not counted, as they make way. What the
    autoscaler or node auto-provisioning may add turns a lack of room into advice. Where the cluster is not looked into,
    Azure's own description of its machines decides what can never fit, and nothing more.
    """
    compute, room = the_compute(aml_compute), aml_kube_room_if_known
    wanted = wanted_of(aml_workspace, compute, aml_extensions, aml_deployment)
    if room is None:
        judge_machines(aml_cluster, aml_machine_sizes, aml_deployment, wanted)
        not_reached("no machine is too small; what is free is not looked into: no --aml-kube-context")
    judge_allowances(compute, aml_deployment, wanted.requirements, room)
    judge_room(aml_cluster, aml_machine_sizes, aml_deployment, wanted, room)


@check(
    "cluster",
    explains=("EndpointNotFound", "EndpointAlreadyExists", "InferencingClientCallFailed"),
    phases=("pre", "post"),
)
def check_endpoint_and_cluster_agree(
    aml_endpoint: Endpoint,
    aml_live_endpoint: Endpoint | None,
    aml_compute: Compute | None,
    aml_kube_online_endpoints: frozenset[str] | None,
) -> None:
    """The cluster has the endpoint where Azure has it, and has none of its name where it is to be created.

    Several workspaces may share a namespace of a cluster, and their names meet there. An endpoint that was removed from
    the cluster by hand stays in Azure, and its deployments fail.
    """
    compute, name = the_compute(aml_compute), aml_endpoint.name
    if aml_kube_online_endpoints is None:
        blocked(
            "the cluster does not know what an online endpoint is",
            found="404 for amlarc.azureml.com/v1alpha1",
            expected="the definitions that the extension brings",
            fix=(kubectl("api-resources", api_group="amlarc.azureml.com"), "(then install the extension again)"),
        )
    if aml_live_endpoint is None and name in aml_kube_online_endpoints:
        blocked(
            f"the cluster has an endpoint {name} already, which this workspace does not",
            found=f"onlineendpoints.amlarc.azureml.com {name} in namespace {compute.namespace}",
            expected="a name that is free in the namespace",
            fix=f"write another name at {aml_endpoint.where('name')}",
        )
    if aml_live_endpoint is not None and name not in aml_kube_online_endpoints:
        blocked(
            f"endpoint {name} is not in its cluster",
            found=f"onlineendpoints.amlarc.azureml.com in namespace {compute.namespace}: "
            f"{', '.join(sorted(aml_kube_online_endpoints)) or 'none'}",
            expected=f"one called {name}",
            fix=(az("ml online-endpoint delete", name=name, yes=True), "(then create it again)"),
        )
