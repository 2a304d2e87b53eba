"""Whether a deployment's pods find room, by call: what Azure alone tells, and what the cluster does."""

from dataclasses import replace
from decimal import Decimal

import pytest

from pytest_amlpreflight.checks._room import scale
from pytest_amlpreflight.checks.cluster import check_context_is_the_computes_cluster, check_nodes_fit_the_deployment
from pytest_amlpreflight.facts.kubernetes.demand import Occupancy
from pytest_amlpreflight.facts.kubernetes.fit import Node, Taint
from pytest_amlpreflight.facts.kubernetes.limits import LimitRange, ResourceQuota
from pytest_amlpreflight.facts.kubernetes.pod import KubeContext
from pytest_amlpreflight.facts.kubernetes.requirements import GPU, Requirements
from pytest_amlpreflight.facts.project.position import Source
from pytest_amlpreflight.facts.resource_id import ResourceId, parse_resource_id
from pytest_amlpreflight.facts.resources.cluster import Cluster, ConnectedCluster, MachineSize, ManagedCluster, NodePool
from pytest_amlpreflight.facts.resources.endpoint import Deployment
from pytest_amlpreflight.facts.resources.kubernetes_compute import Compute, InstanceType
from pytest_amlpreflight.facts.resources.workspace import Workspace
from pytest_amlpreflight.verdict import Blocked, NotReached, PreflightAdvice

GIB = 2**30


def an_id(path: str) -> ResourceId:
    """The id of a resource of a group."""
    found = parse_resource_id(f"/subscriptions/5f1c2f0e-6c5b-4b1e-9a35-2f4f5d6f0a11/resourceGroups/g/providers/{path}")
    assert found
    return found


AKS = an_id("Microsoft.ContainerService/managedClusters/aks")
POOL = NodePool("system", 2, "Standard_D4s_v3", labels={"tier": "ml"})
CLUSTER = ManagedCluster(AKS, "aks", "eastus2", "Succeeded", pools=(POOL,))
ARC = ConnectedCluster(
    an_id("Microsoft.Kubernetes/connectedClusters/arc"), "arc", "eastus2", "Connected", nodes=2, cores=8
)
SIZES = (MachineSize("Standard_D4s_v3", 4, 16384),)
COMPUTE = Compute(an_id("Microsoft.X/workspaces/w/computes/k8s"), "k8s", "Kubernetes", "Succeeded", cluster_id=AKS)


def a_node(name: str, cpu: str, taints: tuple[Taint, ...] = ()) -> Node:
    """A node with so much CPU free."""
    return Node(name, True, {"cpu": Decimal(cpu), "memory": Decimal(32 * GIB), "pods": Decimal(30)}, taints=taints)


def judge(
    workspace: Workspace,
    cpu: str,
    room: Occupancy | None = None,
    cluster: Cluster = CLUSTER,
    compute: Compute = COMPUTE,
    **more: str,
) -> None:
    """Judge a deployment of two pods."""
    wanted = Requirements({"cpu": cpu, "memory": "1Gi", **more}, {"cpu": cpu, "memory": "1Gi", **more})
    instance_type = compute.instance_types[0].name if compute.instance_types else None
    source = Source("blue.yml")
    blue = Deployment("blue", "iris", source, instance_type, 2, managed=False, requirements=wanted)
    check_nodes_fit_the_deployment(workspace, compute, cluster, (), SIZES, blue, room)


def test_without_the_cluster_nothing_is_promised(workspace: Workspace) -> None:
    """Machines that could hold the pods may be full."""
    with pytest.raises(NotReached, match="no --aml-kube-context"):
        judge(workspace, "3")


@pytest.mark.parametrize(("cluster", "cpu"), [(CLUSTER, "4"), (ARC, "5")])
def test_pods_larger_than_any_machine_never_fit(workspace: Workspace, cluster: Cluster, cpu: str) -> None:
    """By the sizes of an AKS cluster's machines, by all the vCPUs of an Arc cluster."""
    with pytest.raises(Blocked, match="can never hold 2 pods of deployment blue"):
        judge(workspace, cpu, cluster=cluster)


def test_of_gpus_azure_says_nothing(workspace: Workspace) -> None:
    """And of labels that somebody set by hand: both may be there."""
    compute = replace(COMPUTE, instance_types=(InstanceType("gpu", Requirements(), {"accelerator": "a100"}),))

    with pytest.raises(NotReached):
        judge(workspace, "1", compute=compute, **{GPU: "1"})


def test_pools_that_let_nobody_in_are_told_so(workspace: Workspace) -> None:
    """By a taint, or by a label of another value: asking for less would not help."""
    tainted = replace(CLUSTER, pools=(replace(POOL, taints=("sku=gpu:NoSchedule",)),))
    compute = replace(COMPUTE, instance_types=(InstanceType("web", Requirements(), {"tier": "web"}),))

    with pytest.raises(Blocked, match=r"(?s)taint sku=gpu:NoSchedule.*take the taint off"):
        judge(workspace, "1", cluster=tainted)
    with pytest.raises(Blocked, match="no label tier=web"):
        judge(workspace, "1", compute=compute)


def test_an_unknown_size_rules_nothing_out(workspace: Workspace) -> None:
    """A new size of machine is not in the region's list yet."""
    new = replace(CLUSTER, pools=(replace(POOL, vm_size="Standard_D4s_v9"),))

    with pytest.raises(NotReached):
        judge(workspace, "64", cluster=new)


def test_what_is_free_decides_where_it_is_known(workspace: Workspace) -> None:
    """Two pods of 1.5 cores on nodes of 2 and 1; and what would fit."""
    short = Occupancy((a_node("a", "2"), a_node("b", "1")))

    judge(workspace, "1.5", Occupancy((a_node("a", "2"), a_node("b", "2"))))
    with pytest.raises(Blocked, match=r"(?s)room for 1 of 2 pods.*b: cpu 1 free.*one of cpu 1\.99"):
        judge(workspace, "1.5", short)


@pytest.mark.parametrize(("cpu", "helps"), [("3", True), ("8", False)])
def test_the_autoscaler_helps_pods_that_fit_its_machines(workspace: Workspace, cpu: str, helps: bool) -> None:
    """More machines that are all too small are no help."""
    growing = replace(CLUSTER, pools=(replace(POOL, autoscaling=True, least=1, most=5),))
    full = Occupancy((a_node("a", "1"),))

    if helps:
        with pytest.warns(PreflightAdvice, match="the autoscaler may add nodes to system"):
            judge(workspace, cpu, full, growing)
        return
    with pytest.raises(Blocked, match="room for 0 of 2 pods"):
        judge(workspace, cpu, full, growing)


def test_aks_may_add_machines_of_its_own_choice(workspace: Workspace) -> None:
    """Node auto-provisioning: what finds no room now has the machine built for it."""
    provisioning = replace(CLUSTER, provisions_nodes=True)

    with pytest.warns(PreflightAdvice, match="node auto-provisioning may add machines"):
        judge(workspace, "64", Occupancy((a_node("a", "1"),)), provisioning)
    with pytest.raises(NotReached, match="no --aml-kube-context"):
        judge(workspace, "64", cluster=provisioning)


def test_quotas_and_limit_ranges_come_first(workspace: Workspace) -> None:
    """They refuse pods that every node has room for."""
    nodes = (a_node("a", "16"),)
    quota = ResourceQuota("team", {"requests.cpu": Decimal(2)}, {"requests.cpu": Decimal(1)})
    least = LimitRange("small", most={"memory": Decimal(GIB // 2)})

    with pytest.raises(Blocked, match=r"(?s)does not allow 2 pods of blue.*quota team: requests.cpu"):
        judge(workspace, "1", Occupancy(nodes, quotas=(quota,)))
    with pytest.raises(Blocked, match="limit range small: memory above the most"):
        judge(workspace, "1", Occupancy(nodes, limit_ranges=(least,)))


def test_a_context_that_takes_any_certificate_is_advice() -> None:
    """It proves nothing of who answers."""
    check_context_is_the_computes_cluster(KubeContext("aks", "aks.hcp"), CLUSTER)
    with pytest.warns(PreflightAdvice, match="context aks takes any certificate"):
        check_context_is_the_computes_cluster(KubeContext("aks", "aks.hcp", verified=False), CLUSTER)


def test_nodes_are_added_to_those_that_are_there() -> None:
    """A pool of five is not scaled down to three; one that scales itself is given a higher bound."""
    five, scaling = replace(POOL, count=5), replace(POOL, autoscaling=True, least=1, most=4)

    assert str(scale(replace(CLUSTER, pools=(five,)))).endswith(f"--name {POOL.name} --node-count 6")
    assert str(scale(replace(CLUSTER, pools=(scaling,)))).endswith("--min-count 1 --max-count 5")
    assert str(scale(replace(CLUSTER, pools=()))) == "add a pool of Linux nodes to cluster aks"
