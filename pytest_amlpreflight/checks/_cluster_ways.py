"""What is said of a thing that the cluster's nodes have no private way to."""

from pytest_amlpreflight.facts.resources.cluster import ManagedCluster
from pytest_amlpreflight.facts.resources.cluster_network import ClusterNetwork, Way
from pytest_amlpreflight.fix import Command, Option, az
from pytest_amlpreflight.verdict import advise, blocked


def report_way(cluster: ManagedCluster, network: ClusterNetwork, way: Way) -> None:
    """Blocked where it answers nobody in public, advice where a firewall decides."""
    elsewhere = sorted({one.network_id.name for one in way.endpoints if one.network_id})
    found = f"its private endpoints stand in {', '.join(elsewhere) or 'no network'}; the nodes in {network.shown}" + (
        f", peered with {', '.join(sorted(one.name for one in network.peered))}" if network.peered else ""
    )
    headline = f"cluster {cluster.name} has no private way to {way.word} {way.id.name}"
    expected = "an approved private endpoint in the nodes' network, or in one that is peered with it"
    fix = (
        az(
            "network private-endpoint create",
            name=f"{way.id.name}-pe",
            resource_group=cluster.id.resource_group,
            vnet_name=one_of(network).rpartition("/")[2],
            subnet="SUBNET",
            connection_name=way.id.name,
            group_id=way.part,
            private_connection_resource_id=way.id,
        ),
        f"(SUBNET is a subnet of {one_of(network).rpartition('/')[2]} with a free address)",
    )
    if way.closed:
        blocked(headline, found=f"publicNetworkAccess = 'Disabled'; {found}", expected=expected, fix=fix)
    else:
        advise(headline, found=f"its firewall denies by default; {found}", expected=expected, fix=fix)


def link_zone(cluster: ManagedCluster, network: ClusterNetwork, way: Way) -> tuple[Command, ...]:
    """What links a private DNS zone to the nodes' network: one that is there, else one that is made first."""
    zone = next(iter(way.zones), None)
    group: dict[str, Option] = {"resource_group": zone.id.resource_group if zone else cluster.id.resource_group}
    link = az(
        "network private-dns link vnet create",
        zone_name=way.zone,
        name=one_of(network).rpartition("/")[2],
        **group,
        registration_enabled="false",
        virtual_network=one_of(network),
    )
    return (link,) if zone else (az("network private-dns zone create", name=way.zone, **group), link)


def one_of(network: ClusterNetwork) -> str:
    """The id of one of the nodes' own networks."""
    return min(map(str, network.own), default="VNET")
