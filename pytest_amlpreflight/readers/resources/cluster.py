"""The cluster behind a Kubernetes compute, as ARM sends it: AKS, or one that Azure Arc connects."""

from collections.abc import Mapping
from dataclasses import replace

from pytest_amlpreflight.facts.resource_id import ResourceId
from pytest_amlpreflight.facts.resources.cluster import (
    AKS,
    ARC,
    Cluster,
    ConnectedCluster,
    MachineSize,
    ManagedCluster,
    NodePool,
    NodeSet,
    TrustedAccess,
)
from pytest_amlpreflight.facts.unread import FactUnreadable
from pytest_amlpreflight.readers.connection.api_versions import (
    CONNECTED_CLUSTERS,
    MANAGED_CLUSTERS,
    SCALE_SETS,
    VM_SIZES,
)
from pytest_amlpreflight.readers.connection.arm import Arm
from pytest_amlpreflight.readers.connection.document import Document

READ_SIZES = "Microsoft.Compute/locations/vmSizes/read"
READ_SCALE_SETS = "Microsoft.Compute/virtualMachineScaleSets/read"


def read_cluster(arm: Arm, cluster_id: ResourceId, *, named_by: str) -> Cluster:
    """The cluster with that id. A compute may name one that was deleted: `FactAbsent`."""
    kind, resource, permission = cluster_id.kind.lower(), f"cluster {cluster_id.name}", f"{cluster_id.kind}/read"
    version = {AKS.lower(): MANAGED_CLUSTERS, ARC.lower(): CONNECTED_CLUSTERS}.get(kind)
    if version is None:
        raise FactUnreadable(resource, status=None, code="UnexpectedShape", detail=f"it is a {cluster_id.kind}")
    document = arm.get(cluster_id.text, version, resource, named_by=named_by, permission=permission)
    return _aks(cluster_id, document) if kind == AKS.lower() else _arc(cluster_id, document)


def read_trusted_access(arm: Arm, cluster_id: ResourceId) -> tuple[TrustedAccess, ...]:
    """Who may pass an AKS cluster's API server by; of an Arc cluster nobody is asked."""
    if cluster_id.kind.lower() != AKS.lower():
        return ()
    rows = arm.list(
        f"{cluster_id}/trustedAccessRoleBindings",
        MANAGED_CLUSTERS,
        f"the trusted access of cluster {cluster_id.name}",
        permission=f"{AKS}/trustedAccessRoleBindings/read",
    )
    return tuple(_trusted_access(row.child("properties")) for row in rows)


def read_node_sets(arm: Arm, cluster: Cluster) -> tuple[NodeSet, ...]:
    """The scale sets of an AKS cluster. Pools of single machines have none."""
    if not isinstance(cluster, ManagedCluster) or cluster.node_resource_group is None:
        return ()
    group = f"/subscriptions/{cluster.id.subscription}/resourceGroups/{cluster.node_resource_group}"
    rows = arm.list(
        f"{group}/providers/Microsoft.Compute/virtualMachineScaleSets",
        SCALE_SETS,
        f"the scale sets of cluster {cluster.name}",
        permission=READ_SCALE_SETS,
    )
    return tuple(_node_set(row) for row in rows)


def read_machine_sizes(arm: Arm, cluster: Cluster) -> tuple[MachineSize, ...]:
    """Every size of virtual machine in an AKS cluster's region; none for an Arc cluster."""
    if not isinstance(cluster, ManagedCluster):
        return ()
    path = f"/subscriptions/{cluster.id.subscription}/providers/Microsoft.Compute/locations/{cluster.location}/vmSizes"
    resource = f"the virtual machine sizes of {cluster.location}"
    rows = arm.list(path, VM_SIZES, resource, permission=READ_SIZES)
    return tuple(
        MachineSize(row.need("name"), int(row.need_number("numberOfCores")), int(row.need_number("memoryInMB")))
        for row in rows
    )


def _aks(cluster_id: ResourceId, document: Document) -> ManagedCluster:
    properties = document.child("properties")
    access = properties.child("apiServerAccessProfile")
    principal = properties.child("servicePrincipalProfile").text("clientId")
    public_fqdn = access.flag("enablePrivateClusterPublicFQDN")
    return ManagedCluster(
        id=cluster_id,
        name=document.text("name") or cluster_id.name,
        location=document.need_region("location"),
        provisioning_state=properties.state("provisioningState") or "Unknown",
        power_state=properties.child("powerState").text("code") or "Running",
        version=properties.text("kubernetesVersion"),
        fqdn=properties.text("fqdn"),
        private_fqdn=properties.text("privateFQDN"),
        node_resource_group=properties.text("nodeResourceGroup"),
        service_principal=None if (principal or "msi").lower() == "msi" else principal,
        pod_identity=properties.child("podIdentityProfile").flag("enabled") or False,
        local_accounts=not properties.flag("disableLocalAccounts"),
        private=access.flag("enablePrivateCluster") or False,
        public_fqdn=bool(properties.text("fqdn")) if public_fqdn is None else public_fqdn,
        authorized_ranges=access.texts("authorizedIPRanges"),
        public_network_access=(properties.word("publicNetworkAccess") or "Enabled").lower() == "enabled",
        pools=tuple(pool for row in properties.children("agentPoolProfiles") for pool in _pools(row)),
        provisions_nodes=(properties.child("nodeProvisioningProfile").word("mode") or "").lower() == "auto",
    )


def _pools(row: Document) -> list[NodePool]:
    """A pool of single machines has neither a number nor a size itself: it is split by the sizes of its machines."""
    pool, scale = _pool(row), row.child("virtualMachinesProfile").child("scale")
    told = row.children("virtualMachineNodesStatus") or scale.children("manual")
    counts = {one.text("size") or "": _whole(one, "count") for one in told}
    growth = scale.child("autoscale")
    growing = growth.text("size")
    if growing is not None:
        counts.setdefault(growing, None)
    pools = [replace(pool, vm_size=size, count=count) for size, count in counts.items()] or [pool]
    least, most = _whole(growth, "minCount"), _whole(growth, "maxCount")
    return [replace(one, autoscaling=True, least=least, most=most) if one.vm_size == growing else one for one in pools]


def _pool(row: Document) -> NodePool:
    return NodePool(
        name=row.need("name"),
        count=_whole(row, "count"),
        vm_size=row.text("vmSize") or "",
        autoscaling=row.flag("enableAutoScaling") or False,
        least=_whole(row, "minCount"),
        most=_whole(row, "maxCount"),
        mode=row.text("mode") or "User",
        kind=row.text("type") or "VirtualMachineScaleSets",
        os=row.text("osType") or "Linux",
        running=(row.child("powerState").text("code") or "Running").lower() == "running",
        max_pods=_whole(row, "maxPods"),
        labels=row.strings("nodeLabels"),
        taints=row.texts("nodeTaints"),
        subnet_id=row.id("vnetSubnetID"),
    )


def _arc(cluster_id: ResourceId, document: Document) -> ConnectedCluster:
    properties = document.child("properties")
    return ConnectedCluster(
        id=cluster_id,
        name=document.text("name") or cluster_id.name,
        location=document.need_region("location"),
        connectivity=properties.word("connectivityStatus") or "Unknown",
        last_connected=properties.moment("lastConnectivityTime"),
        certificate_expires=properties.moment("managedIdentityCertificateExpirationTime"),
        agent_version=properties.text("agentVersion"),
        version=properties.text("kubernetesVersion"),
        nodes=_whole(properties, "totalNodeCount"),
        cores=_whole(properties, "totalCoreCount"),
        distribution=properties.text("distribution"),
        agent_errors=tuple(_agent_errors(properties)),
    )


def _agent_errors(properties: Document) -> list[str]:
    rows = properties.child("arcAgentProfile").children("agentErrors")
    return [row.text("message") or row.text("component") or "an error without a message" for row in rows]


def _trusted_access(properties: Document) -> TrustedAccess:
    return TrustedAccess(
        source_id=properties.id("sourceResourceId"),
        roles=properties.texts("roles"),
        provisioning_state=properties.state("provisioningState") or "Unknown",
    )


def _node_set(row: Document) -> NodeSet:
    tags: Mapping[str, str] = row.strings("tags")
    identities = row.child("identity").items("userAssignedIdentities")
    principals = (identity.guid("principalId") for _, identity in identities)
    pool = tags.get("aks-managed-poolName") or tags.get("poolName") or row.need("name")
    return NodeSet(row.need("name"), pool, frozenset(filter(None, principals)))


def _whole(row: Document, key: str) -> int | None:
    number = row.number(key)
    return None if number is None else int(number)
