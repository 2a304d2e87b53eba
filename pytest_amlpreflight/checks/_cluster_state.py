"""Whether a cluster runs, by what Azure says of it: AKS by power and pools, Arc by its heartbeat."""

from pytest_amlpreflight.checks._room import scale
from pytest_amlpreflight.facts.resources.cluster import ConnectedCluster, ManagedCluster
from pytest_amlpreflight.verdict import blocked


def judge_aks(cluster: ManagedCluster) -> None:
    """Stopped, failed, or without a Linux node: blocked."""
    named = f"--name {cluster.name} --resource-group {cluster.id.resource_group}"
    found = f"powerState = {cluster.power_state!r}, provisioningState = {cluster.provisioning_state!r}"
    if cluster.power_state.lower() != "running":
        blocked(
            f"cluster {cluster.name} is stopped",
            found=found,
            expected="powerState = 'Running'",
            fix=f"az aks start {named}\n"
            "(in a virtual network, make the cluster's private endpoints and the compute anew afterwards)",
        )
    if not cluster.running:
        blocked(
            f"cluster {cluster.name} is not sound",
            found=found,
            expected="provisioningState = 'Succeeded'",
            fix=f"az aks show {named} --query errorDetail\n"
            f"az aks rotate-certs {named}  (where its certificate ran out: Azure sees the new one after some 5 hours)",
        )
    if not cluster.linux_pools:
        pools = ", ".join(f"{pool.name}: {pool.count} {pool.os} nodes" for pool in cluster.pools)
        blocked(
            f"cluster {cluster.name} has no Linux node",
            found=pools or "no node pool",
            expected="a Linux node pool with nodes",
            fix=scale(cluster),
        )


def judge_arc(cluster: ConnectedCluster) -> None:
    """Out of contact: blocked."""
    if cluster.running:
        return
    expired = cluster.connectivity.lower() == "expired"
    named = f"--name {cluster.name} --resource-group {cluster.id.resource_group}"
    lines = [
        f"connectivityStatus = {cluster.connectivity!r}, last heard of {cluster.last_connected or 'never'}",
        *([f"its certificate ran out at {cluster.certificate_expires}"] if expired else []),
        *cluster.agent_errors,
    ]
    blocked(
        f"Azure has lost contact with cluster {cluster.name}",
        found="\n".join(lines),
        expected="connectivityStatus = 'Connected'",
        fix=f"az connectedk8s delete {named}\naz connectedk8s connect {named}\n"
        "(an identity certificate that ran out cannot be renewed)"
        if expired
        else "kubectl get pods --namespace azure-arc\n(the agents there need a way out to Azure on port 443)",
        final=expired,
    )
