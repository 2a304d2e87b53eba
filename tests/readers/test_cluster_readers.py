"""What Azure alone tells of a compute, its cluster and the extension: answers as documented and as recorded."""

import json
from typing import Any

import pytest
from wire import HOME, Wire, arm_on

from pytest_amlpreflight.facts.kubernetes.capacity import Capacity, capacity, empty_nodes, nodes_holding
from pytest_amlpreflight.facts.resource_id import ResourceId, parse_resource_id
from pytest_amlpreflight.facts.resources.cluster import ConnectedCluster, MachineSize, ManagedCluster
from pytest_amlpreflight.facts.unread import FactAbsent, FactUnreadable
from pytest_amlpreflight.readers.connection.arm import Arm
from pytest_amlpreflight.readers.resources.cluster import (
    read_cluster,
    read_machine_sizes,
    read_node_sets,
    read_trusted_access,
)
from pytest_amlpreflight.readers.resources.cluster_extension import read_extensions
from pytest_amlpreflight.readers.resources.kubernetes_compute import read_compute

GROUP = "/subscriptions/5f1c2f0e-6c5b-4b1e-9a35-2f4f5d6f0a11/resourceGroups/ml"
PRINCIPAL = "cc75c3a4-3b3c-4b6e-9f1a-2d4e6f8a0b1c"


def an_id(path: str) -> ResourceId:
    """The id of a resource of the group."""
    found = parse_resource_id(f"{GROUP}/providers/{path}")
    assert found
    return found


AKS = an_id("Microsoft.ContainerService/managedClusters/aks")
ARC = an_id("Microsoft.Kubernetes/connectedClusters/arc")
WORKSPACE = an_id("Microsoft.MachineLearningServices/workspaces/ws")
COMPUTE = {
    "id": f"{WORKSPACE}/computes/k8s-compute",
    "name": "k8s-compute",
    "location": "eastus",
    "properties": {
        "computeType": "Kubernetes",
        "provisioningState": "Succeeded",
        "provisioningErrors": None,
        "isAttachedCompute": True,
        "resourceId": str(AKS).replace("resourceGroups", "resourcegroups"),
        "properties": {
            "namespace": "default",
            "defaultInstanceType": "defaultInstanceType",
            "relayConnectionString": "Endpoint=sb://secret",
            "instanceTypes": {
                "defaultinstancetype": {
                    "nodeSelector": None,
                    "resources": {
                        "requests": {"cpu": "100m", "memory": "2Gi"},
                        "limits": {"cpu": "2", "memory": "2Gi", "nvidia.com/gpu": None},
                    },
                }
            },
        },
    },
}
"""The specification's example, with a secret in it."""
EXTENSION = {
    "id": f"{AKS}/providers/Microsoft.KubernetesConfiguration/extensions/my-extension",
    "name": "my-extension",
    "identity": None,
    "properties": {
        "extensionType": "microsoft.azureml.kubernetes",
        "provisioningState": "Succeeded",
        "releaseTrain": "stable",
        "version": None,
        "currentVersion": "1.1.61",
        "autoUpgradeMinorVersion": True,
        "statuses": [],
        "errorInfo": None,
        "scope": {"cluster": {"releaseNamespace": "azureml"}},
        "aksAssignedIdentity": {"principalId": PRINCIPAL, "tenantId": None, "type": None},
        "configurationProtectedSettings": {"scoringFe.sslKey": ""},
        "configurationSettings": {
            "InferenceRouterHA": "False",
            "inferenceRouterHA": "true",
            "allowInsecureConnections": "True",
            "enableInference": "True",
            "inferenceRouterServiceType": "LoadBalancer",
            "nodeSelector.workload": "ml",
        },
    },
}
"""As a public listing of a real cluster has it."""


def telling(path: str, body: object, status: int = 200) -> Arm:
    """Resource Manager with one answer."""
    return arm_on(Wire({f"{HOME}{path}": (status, {}, json.dumps(body))}))


def refused(code: str) -> dict[str, Any]:
    """Azure's error envelope."""
    return {"error": {"code": code, "message": "no"}}


def test_a_compute_is_read_without_its_secrets() -> None:
    """Its cluster by an id in any casing, its default type in the casing of either side."""
    found = read_compute(telling(COMPUTE["id"], COMPUTE), WORKSPACE, "k8s-compute", named_by="endpoint iris")  # type: ignore[arg-type]

    assert found.cluster_id == AKS
    assert found.is_kubernetes
    default = found.instance_type(None)
    assert default
    assert default.requirements.limit("memory") == 2 * 2**30
    assert default.requirements.limit("nvidia.com/gpu") is None
    assert "secret" not in repr(found)


def test_a_compute_keeps_every_provisioning_error() -> None:
    """With code and words, in Azure's order."""
    errors = [{"error": {"code": code, "message": "m", "details": []}} for code in ("GenericClusterError", "Other")]
    body = {
        **COMPUTE,
        "properties": {"computeType": "AKS", "provisioningState": "Failed", "provisioningErrors": errors},
    }

    found = read_compute(telling(COMPUTE["id"], body), WORKSPACE, "k8s-compute", named_by="endpoint iris")  # type: ignore[arg-type]

    assert [error.code for error in found.errors] == ["GenericClusterError", "Other"]
    assert (found.kind, found.ready, found.cluster_id, found.namespace) == ("AKS", False, None, "default")


@pytest.mark.parametrize(
    ("status", "code", "raised"), [(404, "ResourceNotFound", FactAbsent), (403, "AuthorizationFailed", FactUnreadable)]
)
def test_absence_and_denial_are_two_things(status: int, code: str, raised: type[Exception]) -> None:
    """A compute that was detached, and one that may not be read; the same of a cluster."""
    with pytest.raises(raised, match="k8s-compute"):
        read_compute(telling(f"{WORKSPACE}", refused(code), status), WORKSPACE, "k8s-compute", named_by="x")
    with pytest.raises(raised, match="cluster aks"):
        read_cluster(telling(str(AKS), refused(code), status), AKS, named_by="x")


def test_an_aks_cluster_of_few_words_has_aks_defaults() -> None:
    """No access profile, no subnet, no power state: public, in AKS' own network, running; `msi` is no principal."""
    pool = {"name": "nodepool1", "count": 3, "vmSize": "Standard_DS2_v2", "osType": "Linux", "mode": "System"}
    properties = {
        "provisioningState": "Succeeded",
        "fqdn": "AKS-1.hcp.eastus.azmk8s.io",
        "servicePrincipalProfile": {"clientId": "msi"},
        "agentPoolProfiles": [pool],
    }
    body = {"name": "aks", "location": "East US", "properties": properties}

    found = read_cluster(telling(str(AKS), body), AKS, named_by="x")

    assert isinstance(found, ManagedCluster)
    assert (found.location, found.running, found.service_principal) == ("eastus", True, None)
    assert found.hosts == {"aks-1.hcp.eastus.azmk8s.io"}
    assert found.closed_to_azure is None
    assert (found.private, found.pools[0].serves, found.pools[0].subnet_id) == (False, True, None)


def test_an_aks_cluster_that_is_closed_says_by_what() -> None:
    """Local accounts, address ranges, a private API server."""
    access = {
        "enablePrivateCluster": True,
        "enablePrivateClusterPublicFQDN": False,
        "authorizedIPRanges": ["1.2.3.4/32"],
    }
    subnet = f"{GROUP}/providers/Microsoft.Network/virtualNetworks/v/subnets/nodes"
    pool = {"name": "p", "count": 0, "vmSize": "X", "enableAutoScaling": True, "minCount": 0, "maxCount": 5}
    properties = {
        "disableLocalAccounts": True,
        "apiServerAccessProfile": access,
        "podIdentityProfile": {"enabled": True},
        "powerState": {"code": "Stopped"},
        "privateFQDN": "aks.private",
        "agentPoolProfiles": [{**pool, "nodeTaints": ["sku=gpu:NoSchedule"], "vnetSubnetID": subnet}],
    }

    found = read_cluster(telling(str(AKS), {"location": "eastus", "properties": properties}), AKS, named_by="x")

    assert isinstance(found, ManagedCluster)
    assert (found.private, found.public_fqdn, found.local_accounts, found.pod_identity) == (True, False, False, True)
    assert found.authorized_ranges == ("1.2.3.4/32",)
    assert not found.running
    assert (found.pools[0].room_to_grow, found.pools[0].taints) == (5, ("sku=gpu:NoSchedule",))
    assert str(found.pools[0].subnet_id) == subnet


def test_a_pool_of_single_machines_stands_there_once_for_each_size() -> None:
    """Such a pool has neither a number nor a size of its own."""
    own: dict[str, object] = {"name": "p", "count": None, "vmSize": "", "type": "VirtualMachines"}
    grows = {"scale": {"autoscale": {"size": "B", "minCount": 1, "maxCount": 4}}}
    fixed = {"scale": {"manual": [{"size": "A", "count": 2}]}}
    now = [{"size": "A", "count": 1}, {"size": "B", "count": 3}]

    assert _sizes({**own, "virtualMachinesProfile": fixed, "virtualMachineNodesStatus": None}) == [("A", 2, 2)]
    assert _sizes({**own, "virtualMachinesProfile": grows, "virtualMachineNodesStatus": now}) == [
        ("A", 1, 1),
        ("B", 3, 4),
    ]
    assert _sizes({**own, "virtualMachinesProfile": grows}) == [("B", None, None)]
    assert _sizes(own) == [("", None, None)]


def test_what_nobody_tells_of_a_cluster_s_nodes_is_unknown() -> None:
    """A pool without a number runs; and where AKS adds machines as it likes, no number is the last."""
    alone = {"name": "p", "count": None, "vmSize": "X"}
    told = {"name": "p", "count": 1, "vmSize": "X"}
    sizes = [MachineSize("X", 2, 4096)]

    for properties in (
        {"agentPoolProfiles": [told, alone]},
        {"agentPoolProfiles": [told], "nodeProvisioningProfile": {"mode": "Auto", "defaultNodePools": "Auto"}},
    ):
        found = read_cluster(telling(str(AKS), {"location": "eastus", "properties": properties}), AKS, named_by="x")

        assert isinstance(found, ManagedCluster)
        assert all(pool.serves for pool in found.pools)
        assert nodes_holding(found, {}) is None
        assert capacity(found, sizes) == Capacity(None, None)
        assert not empty_nodes(found, sizes, {})


def _sizes(pool: dict[str, object]) -> list[tuple[str, int | None, int | None]]:
    properties = {"agentPoolProfiles": [pool]}
    found = read_cluster(telling(str(AKS), {"location": "eastus", "properties": properties}), AKS, named_by="x")
    assert isinstance(found, ManagedCluster)
    return [(one.vm_size, one.count, one.reachable_count) for one in found.pools]


def test_an_arc_cluster_tells_its_contact_and_its_size() -> None:
    """Not its memory."""
    properties = {
        "connectivityStatus": "Offline",
        "lastConnectivityTime": "2026-09-17T07:28:00Z",
        "totalNodeCount": 3,
        "totalCoreCount": 12,
        "arcAgentProfile": {"agentErrors": [{"component": "clusterconnect", "message": "no way out", "severity": "x"}]},
    }

    found = read_cluster(telling(str(ARC), {"location": "westeurope", "properties": properties}), ARC, named_by="x")

    assert isinstance(found, ConnectedCluster)
    assert (found.running, found.nodes, found.cores, found.agent_errors) == (False, 3, 12, ("no way out",))


def test_a_compute_of_something_else_is_unreadable() -> None:
    """Nothing is guessed of it."""
    other = an_id("Microsoft.HybridContainerService/provisionedClusters/hci")

    with pytest.raises(FactUnreadable, match="UnexpectedShape"):
        read_cluster(telling("/", {}), other, named_by="x")


def test_an_extension_is_found_by_its_type_and_keeps_no_secret() -> None:
    """In any casing; others are not ours. Of two spellings of a setting the chart's own counts."""
    flux = {"id": f"{AKS}/x", "name": "flux", "properties": {"extensionType": "microsoft.flux"}}

    [found] = read_extensions(telling(f"{AKS}/providers", {"value": [flux, EXTENSION]}), AKS)

    assert (found.name, found.version, found.principal_id, found.ready) == ("my-extension", "1.1.61", PRINCIPAL, True)
    assert found.highly_available
    assert found.enabled("ENABLEINFERENCE")
    assert found.secret_settings == {"scoringFe.sslKey"}
    assert found.node_selector == {"workload": "ml"}


def test_an_extension_that_is_being_made_has_no_identity_yet() -> None:
    """It is listed at once."""
    changed = {"provisioningState": "Creating", "aksAssignedIdentity": None, "currentVersion": None, "version": "1.1.9"}
    body = {**EXTENSION, "properties": {**EXTENSION["properties"], **changed}}  # type: ignore[dict-item]

    [found] = read_extensions(telling(f"{AKS}/providers", {"value": [body]}), AKS)

    assert (found.ready, found.principal_id, found.version) == (False, None, "1.1.9")


def test_trusted_access_is_asked_of_aks_alone() -> None:
    """Who may pass, with which roles."""
    role = "Microsoft.MachineLearningServices/workspaces/mlworkload"
    properties = {"sourceResourceId": str(WORKSPACE), "roles": [role], "provisioningState": "Succeeded"}
    arm = telling(f"{AKS}/trustedAccessRoleBindings", {"value": [{"properties": properties}]})

    [found] = read_trusted_access(arm, AKS)

    assert found.admits(WORKSPACE)
    assert read_trusted_access(arm, ARC) == ()


def test_scale_sets_tell_whose_identities_they_carry() -> None:
    """By the pool's name that AKS tags them with; identities have ids in any casing."""
    row = {
        "name": "aks-nodepool1-1-vmss",
        "tags": {"aks-managed-poolName": "nodepool1"},
        "identity": {"userAssignedIdentities": {f"{GROUP}/providers/x/ext": {"principalId": PRINCIPAL}}},
    }
    cluster = ManagedCluster(AKS, "aks", "eastus", "Succeeded", node_resource_group="MC_ml")
    path = f"{GROUP.rpartition('/')[0]}/MC_ml/providers/Microsoft.Compute/virtualMachineScaleSets"

    [found] = read_node_sets(telling(path, {"value": [row]}), cluster)

    assert (found.pool, found.principal_ids) == ("nodepool1", {PRINCIPAL})


def test_machine_sizes_are_those_of_the_cluster_s_region() -> None:
    """In vCPUs and MiB."""
    sizes = {"value": [{"name": "Standard_D4s_v3", "numberOfCores": 4, "memoryInMB": 16384, "maxDataDiskCount": 8}]}
    path = f"/subscriptions/{AKS.subscription}/providers/Microsoft.Compute/locations/eastus/vmSizes"

    [found] = read_machine_sizes(telling(path, sizes), ManagedCluster(AKS, "aks", "eastus", "Succeeded"))

    assert (found.name, found.vcpus, found.memory_mib) == ("Standard_D4s_v3", 4, 16384)
