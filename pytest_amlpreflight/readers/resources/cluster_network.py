"""The virtual networks of an AKS cluster's nodes and the private ways from there."""

from collections.abc import Sequence
from dataclasses import replace
from typing import NamedTuple

from pytest_amlpreflight.facts.address import parse_address
from pytest_amlpreflight.facts.resource_id import ResourceId, parent_of
from pytest_amlpreflight.facts.resources.cluster import ManagedCluster
from pytest_amlpreflight.facts.resources.cluster_network import ClusterNetwork, Way
from pytest_amlpreflight.facts.resources.network import PrivateEndpoint
from pytest_amlpreflight.facts.resources.private_dns import ZoneInSight
from pytest_amlpreflight.facts.resources.public_access import PublicAccess
from pytest_amlpreflight.facts.resources.registry import EGRESS_CONNECTION, Registry
from pytest_amlpreflight.facts.resources.storage import StorageAccount
from pytest_amlpreflight.facts.resources.workspace import PrivateEndpointConnection, Workspace
from pytest_amlpreflight.facts.unread import FactAbsent
from pytest_amlpreflight.readers.connection.api_versions import NETWORK
from pytest_amlpreflight.readers.connection.arm import Arm
from pytest_amlpreflight.readers.connection.document import Document
from pytest_amlpreflight.readers.resources.private_dns import read_zones_for
from pytest_amlpreflight.readers.resources.private_endpoint import read_private_endpoint

READ = "Microsoft.Network/virtualNetworks/read"


class ClosedWay(NamedTuple):
    """What does not answer everybody, and what is connected to it."""

    way: Way
    connections: Sequence[PrivateEndpointConnection]


def read_cluster_network(
    arm: Arm, cluster: ManagedCluster, closed: Sequence[ClosedWay], in_sight: Sequence[ZoneInSight], near: ResourceId
) -> ClusterNetwork:
    """The cluster's networks; and, for each way that is closed to the public, its private endpoints and the private DNS
    zones that may answer for it there, of those `in_sight` (see `read_zones_for`).
    """
    networks, endpoints = arm.both(
        lambda: _networks(arm, cluster), lambda: arm.together(lambda one: _endpoints(arm, one), closed)
    )
    own, peered = frozenset(networks), frozenset[ResourceId]().union(*networks.values())
    zones = arm.together(lambda one: read_zones_for(arm, one.way.zone, in_sight, own, near), closed)
    ends = zip(closed, endpoints, zones, strict=True)
    return ClusterNetwork(own, peered, tuple(replace(one.way, endpoints=these, zones=of) for one, these, of in ends))


def closed_ways(
    workspace: Workspace, registry: Registry | None, account: StorageAccount, zone: str
) -> tuple[ClosedWay, ...]:
    """Which of registry, storage account and workspace does not answer everybody. `zone` is the cloud's name of that of
    workspaces.
    """
    ways = (ClosedWay(*one) for one in _ways(workspace, registry, account, zone))
    return tuple(one for one in ways if one.way.closed or one.way.guarded)


def _ways(
    workspace: Workspace, registry: Registry | None, account: StorageAccount, zone: str
) -> list[tuple[Way, Sequence[PrivateEndpointConnection]]]:
    ways: list[tuple[Way, Sequence[PrivateEndpointConnection]]] = [
        (
            Way("workspace", workspace.id, "amlworkspace", zone, closed=workspace.private),
            workspace.private_endpoint_connections,
        )
    ]
    address = parse_address(account.blob_endpoint or "")
    host = address.host if address else ""
    ways.append(
        (
            Way(
                "storage account",
                account.id,
                "blob",
                f"privatelink.{host.partition('.')[2]}",
                closed=account.public_network_access is PublicAccess.DISABLED,
                guarded=not account.open and not account.public_network_access.by_perimeter,
            ),
            account.private_endpoint_connections,
        )
    )
    if registry is not None:
        own = [one for one in registry.private_endpoint_connections if one.description != EGRESS_CONNECTION]
        suffix = f"privatelink.{registry.login_server.partition('.')[2]}"
        closed = registry.public_network_access is PublicAccess.DISABLED
        ways.append((Way("registry", registry.id, "registry", suffix, closed=closed, guarded=registry.private), own))
    return ways


def _endpoints(arm: Arm, closed: ClosedWay) -> tuple[PrivateEndpoint, ...]:
    ids = [one.private_endpoint_id for one in closed.connections if one.approved and one.private_endpoint_id]
    named_by = f"{closed.way.word} {closed.way.id.name}"
    return tuple(one for one in arm.together(lambda one: _endpoint(arm, one, named_by), ids) if one)


def _endpoint(arm: Arm, endpoint_id: ResourceId, named_by: str) -> PrivateEndpoint | None:
    """A private endpoint that was deleted stays behind as a connection."""
    try:
        return read_private_endpoint(arm, endpoint_id, named_by=named_by)
    except FactAbsent:
        return None


def _networks(arm: Arm, cluster: ManagedCluster) -> dict[ResourceId, frozenset[ResourceId]]:
    """The pools' own networks, each with those that are peered with it; in AKS' own network, that of the node resource
    group.
    """
    subnets = [pool.subnet_id for pool in cluster.pools if pool.subnet_id]
    found = [parent_of(subnet.text, "subnets") for subnet in subnets]
    own = sorted({one for one in found if one}, key=str)
    if subnets:
        return dict(zip(own, arm.together(lambda network: _peered(_network(arm, network)), own), strict=True))
    if cluster.node_resource_group is None:
        return {}
    group = f"/subscriptions/{cluster.id.subscription}/resourceGroups/{cluster.node_resource_group}"
    path, resource = f"{group}/providers/Microsoft.Network/virtualNetworks", f"the networks of cluster {cluster.name}"
    rows = arm.list(path, NETWORK, resource, permission=READ)
    return {row.need_id("id"): _peered(row) for row in rows}


def _network(arm: Arm, network: ResourceId) -> Document:
    return arm.get(network.text, NETWORK, f"virtual network {network.name}", permission=READ)


def _peered(network: Document) -> frozenset[ResourceId]:
    rows = [row.child("properties") for row in network.child("properties").children("virtualNetworkPeerings")]
    connected = [row for row in rows if (row.word("peeringState") or "").lower() == "connected"]
    ids = [row.child("remoteVirtualNetwork").id("id") for row in connected]
    return frozenset(one for one in ids if one)
