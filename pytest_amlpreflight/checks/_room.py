"""What is said of a cluster, or of a namespace, that has too little room."""

from decimal import Decimal

from pytest_amlpreflight.facts.kubernetes.fit import Toleration, pod_request
from pytest_amlpreflight.facts.kubernetes.limits import LimitRange, ResourceQuota
from pytest_amlpreflight.facts.kubernetes.pod import Pod
from pytest_amlpreflight.facts.kubernetes.requirements import Requirements
from pytest_amlpreflight.facts.resources.cluster import Cluster, ConnectedCluster
from pytest_amlpreflight.facts.resources.endpoint import Deployment
from pytest_amlpreflight.facts.resources.kubernetes_compute import Compute
from pytest_amlpreflight.facts.resources.workspace import Workspace
from pytest_amlpreflight.fix import Command, az, kubectl
from pytest_amlpreflight.verdict import blocked


def scale(cluster: Cluster) -> Command | str:
    """What adds nodes to a cluster."""
    if isinstance(cluster, ConnectedCluster):
        return f"add nodes to cluster {cluster.name}"
    pool = next((one.name for one in cluster.pools if one.os.lower() == "linux"), "POOL")
    group = cluster.id.resource_group
    return az("aks nodepool scale", cluster_name=cluster.name, resource_group=group, name=pool, node_count=3)


def toleration_of(workspace: Workspace, compute: Compute) -> Toleration:
    """The taints that pods of this compute and workspace tolerate."""
    group = workspace.id.resource_group or ""
    return Toleration({"resource-group": group, "workspace": workspace.name, "compute": compute.name})


def judge_allowances(
    compute: Compute,
    deployment: Deployment,
    wanted: Requirements,
    quotas: tuple[ResourceQuota, ...],
    ranges: tuple[LimitRange, ...],
    pods: tuple[Pod, ...],
) -> None:
    """Quotas over the namespace, for the pods that are not there yet, and ranges for one container."""
    limits = {name: amount for name in wanted.limits if (amount := wanted.limit(name)) is not None}
    there = sum(pod.belongs_to(deployment.endpoint_name, deployment.name) for pod in pods)
    more = max(deployment.least_instances - there, 0)
    asked = {f"requests.{name}": amount * more for name, amount in pod_request(wanted.asked).items()}
    asked |= {f"limits.{name}": amount * more for name, amount in limits.items()} | {"pods": Decimal(more)}
    over = [f"quota {quota.name}: {line}" for quota in quotas for line in quota.lacks(asked)]
    over += [f"limit range {one.name}: {line}" for one in ranges for line in one.refuses(wanted.asked, limits)]
    if over:
        blocked(
            f"namespace {compute.namespace} does not allow {deployment.least_instances} pods of {deployment.name}",
            found="\n".join(over),
            expected="quotas and limit ranges with room",
            fix=kubectl("describe resourcequotas,limitranges", namespace=compute.namespace),
        )
