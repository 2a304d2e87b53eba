"""What is said of a cluster, or of a namespace, that has too little room."""

from collections.abc import Sequence
from dataclasses import replace
from decimal import Decimal

from pytest_amlpreflight.facts.kubernetes.capacity import empty_nodes
from pytest_amlpreflight.facts.kubernetes.demand import Occupancy, Wanted
from pytest_amlpreflight.facts.kubernetes.fit import Fit, Toleration, pod_request
from pytest_amlpreflight.facts.kubernetes.requirements import Requirements, listed
from pytest_amlpreflight.facts.resources.cluster import Cluster, ConnectedCluster, MachineSize, ManagedCluster
from pytest_amlpreflight.facts.resources.cluster_extension import Extension
from pytest_amlpreflight.facts.resources.endpoint import Deployment
from pytest_amlpreflight.facts.resources.kubernetes_compute import Compute
from pytest_amlpreflight.facts.resources.workspace import Workspace
from pytest_amlpreflight.fix import Command, Fixes, Option, az, kubectl
from pytest_amlpreflight.verdict import advise, blocked


def scale(cluster: Cluster) -> Command | str:
    """What adds nodes to a cluster."""
    if isinstance(cluster, ConnectedCluster):
        return f"add nodes to cluster {cluster.name}"
    pool = next((one for one in cluster.pools if one.os.lower() == "linux"), None)
    if pool is None:
        return f"add a pool of Linux nodes to cluster {cluster.name}"
    place: dict[str, Option] = {"cluster_name": cluster.name, "resource_group": cluster.id.resource_group}
    if not pool.autoscaling:
        return az("aks nodepool scale", **place, name=pool.name, node_count=max(3, (pool.count or 0) + 1))
    bounds: dict[str, Option] = {"min_count": pool.least or 1, "max_count": max(3, (pool.most or pool.count or 0) + 1)}
    return az("aks nodepool update", **place, name=pool.name, update_cluster_autoscaler=True, **bounds)


def wanted_of(
    workspace: Workspace, compute: Compute, extensions: tuple[Extension, ...] | None, deployment: Deployment
) -> Wanted:
    """By the deployment's spec, over its instance type, with the selectors of both type and extension."""
    found = compute.instance_type(deployment.instance_type)
    selector = {
        **(extensions[0].node_selector if extensions else {}),
        **(found.node_selector if found else {}),
    }
    group = workspace.id.resource_group or ""
    toleration = Toleration({"resource-group": group, "workspace": workspace.name, "compute": compute.name})
    requirements = deployment.requirements.over(found.requirements if found else Requirements())
    return Wanted(requirements, deployment.least_instances, selector, toleration)


def judge_machines(
    cluster: Cluster | None, sizes: Sequence[MachineSize], deployment: Deployment, wanted: Wanted
) -> None:
    """What Azure alone tells: pods that do not even fit on empty machines will never be placed."""
    machines = empty_nodes(cluster, sizes, wanted.selector) if cluster else ()
    fit = wanted.placed(machines, whole=True)
    if cluster is None or not machines or fit.fits:
        return
    blocked(
        f"cluster {cluster.name} can never hold {wanted.count} pods of deployment {deployment.name}",
        found=f"each asks for {listed(wanted.request)}\n{fit.shown}\n(whole machines, as if nothing else ran there)",
        expected=_expected(wanted, fit),
        fix=_mended(deployment, cluster, fit),
    )


def judge_room(
    cluster: Cluster | None,
    sizes: Sequence[MachineSize],
    deployment: Deployment,
    wanted: Wanted,
    room: Occupancy,
) -> None:
    """What is free now; machines that the autoscaler may still add, and that hold a pod, make it advice."""
    others = [pod for pod in room.pods if not pod.belongs_to(deployment.endpoint_name, deployment.name)]
    fit = wanted.placed(room.nodes, others)
    if fit.fits:
        return
    growing = _growing(cluster, sizes, wanted)
    found = f"each asks for {listed(wanted.request)}\n{fit.shown or 'the cluster has no nodes'}"
    judge = advise if growing else blocked
    judge(
        f"the nodes have room for {fit.placed} of {wanted.count} pods of deployment {deployment.name}",
        found=f"{found}\n{growing}" if growing else found,
        expected=_expected(wanted, fit),
        fix=_mended(deployment, cluster, fit),
    )


def _growing(cluster: Cluster | None, sizes: Sequence[MachineSize], wanted: Wanted) -> str:
    """What may add a machine that holds a pod; in doubt it does. Empty where nothing does."""
    if not isinstance(cluster, ManagedCluster):
        return ""
    if cluster.provisions_nodes:
        return "node auto-provisioning may add machines"
    alone = [(pool.name, replace(cluster, pools=(pool,))) for pool in cluster.linux_pools if pool.room_to_grow]
    machines = [(name, empty_nodes(one, sizes, wanted.selector)) for name, one in alone]
    one = replace(wanted, count=1)
    names = [name for name, nodes in machines if not nodes or one.placed(nodes, whole=True).fits]
    return f"the autoscaler may add nodes to {', '.join(names)}" if names else ""


def _expected(wanted: Wanted, fit: Fit) -> str:
    return f"room for {wanted.count} pods" + (f"; one of {listed(fit.largest)} would fit" if fit.largest else "")


def _mended(deployment: Deployment, cluster: Cluster | None, fit: Fit) -> Fixes:
    if fit.barred and fit.lacking:
        words = "take the taint off, uncordon the node, or correct the selectors of instance type and extension"
        return kubectl("describe nodes"), words
    return f"ask for less at {deployment.where('resources.requests')}", scale(cluster) if cluster else ""


def judge_allowances(compute: Compute, deployment: Deployment, requirements: Requirements, room: Occupancy) -> None:
    """Quotas over the namespace, for the pods that are not there yet, and ranges for one container."""
    limits = {name: amount for name in requirements.limits if (amount := requirements.limit(name)) is not None}
    there = sum(pod.belongs_to(deployment.endpoint_name, deployment.name) for pod in room.pods)
    more = max(deployment.least_instances - there, 0)
    asked = {f"requests.{name}": amount * more for name, amount in pod_request(requirements.asked).items()}
    asked |= {f"limits.{name}": amount * more for name, amount in limits.items()} | {"pods": Decimal(more)}
    over = [f"quota {quota.name}: {line}" for quota in room.quotas for line in quota.lacks(asked)]
    over += [
        f"limit range {one.name}: {line}"
        for one in room.limit_ranges
        for line in one.refuses(requirements.asked, limits)
    ]
    if over:
        blocked(
            f"namespace {compute.namespace} does not allow {deployment.least_instances} pods of {deployment.name}",
            found="\n".join(over),
            expected="quotas and limit ranges with room",
            fix=kubectl("describe resourcequotas,limitranges", namespace=compute.namespace),
        )
