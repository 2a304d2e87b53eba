"""Whether a cluster runs, by what Azure says of it: AKS by power and pools, Arc by its heartbeat."""

from pytest_amlpreflight.checks._room import scale
from pytest_amlpreflight.facts.resources.cluster import ConnectedCluster, ManagedCluster
from pytest_amlpreflight.fix import az, kubectl, named
from pytest_amlpreflight.verdict import blocked


def judge_aks(cluster: ManagedCluster) -> None:
    """Stopped, failed, or without a Linux node: blocked."""
    found = f"powerState = {cluster.power_state!r}, provisioningState = {cluster.provisioning_state!r}"
    if cluster.power_state.lower() != "running":
        blocked(
            f"cluster {cluster.name} is stopped",
            found=found,
            expected="powerState = 'Running'",
            fix=(
                az("aks start", **named(cluster.id)),
                "(in a virtual network, make the cluster's private endpoints and the compute anew afterwards)",
            ),
        )
    if not cluster.running:
        blocked(
            f"cluster {cluster.name} is not sound",
            found=found,
            expected="provisioningState = 'Succeeded'",
            fix=(
                az("aks show", **named(cluster.id), query="errorDetail"),
                az("aks rotate-certs", **named(cluster.id)),
                "(where its certificate ran out: Azure sees the new one after some 5 hours)",
            ),
        )
    if not cluster.linux_pools and not cluster.provisions_nodes:
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
    lines = [
        f"connectivityStatus = {cluster.connectivity!r}, last heard of {cluster.last_connected or 'never'}",
        *([f"its certificate ran out at {cluster.certificate_expires}"] if expired else []),
        *cluster.agent_errors,
    ]
    blocked(
        f"Azure has lost contact with cluster {cluster.name}",
        found="\n".join(lines),
        expected="connectivityStatus = 'Connected'",
        fix=(
            (
                az("connectedk8s delete", **named(cluster.id)),
                az("connectedk8s connect", **named(cluster.id)),
                "(an identity certificate that ran out cannot be renewed)",
            )
            if expired
            else (kubectl("get pods", namespace="azure-arc"), "(the agents there need a way out to Azure on port 443)")
        ),
        final=expired,
    )
