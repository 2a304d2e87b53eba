"""The checks of the cluster and its extension, by call."""

from dataclasses import replace

import pytest

from pytest_amlpreflight.checks.cluster import (
    check_azure_may_reach_the_api_server,
    check_cluster_carries_the_extension,
    check_cluster_is_running,
    check_cluster_network_holds_the_private_endpoints,
    check_cluster_suits_azure_machine_learning,
)
from pytest_amlpreflight.checks.extension import (
    check_extension_identity_is_assigned,
    check_extension_is_installed,
    check_extension_pods_are_running,
    check_extension_serves_inference,
    check_extension_version_is_recent,
    check_health_report_is_clean,
    check_router_settings_agree,
)
from pytest_amlpreflight.facts.kubernetes.health_report import HealthFinding, HealthReport
from pytest_amlpreflight.facts.kubernetes.pod import Workload
from pytest_amlpreflight.facts.resource_id import ResourceId, parse_resource_id
from pytest_amlpreflight.facts.resources.cluster import (
    Cluster,
    ConnectedCluster,
    MachineSize,
    ManagedCluster,
    NodePool,
    NodeSet,
    TrustedAccess,
)
from pytest_amlpreflight.facts.resources.cluster_extension import Extension, ExtensionStatus
from pytest_amlpreflight.facts.resources.cluster_network import ClusterNetwork, Way
from pytest_amlpreflight.facts.resources.kubernetes_compute import Compute
from pytest_amlpreflight.facts.resources.network import PrivateEndpoint
from pytest_amlpreflight.facts.resources.public_access import PublicAccess
from pytest_amlpreflight.facts.resources.workspace import Workspace
from pytest_amlpreflight.verdict import Blocked, NotApplicable, NotReached, PreflightAdvice

SUBSCRIPTION = "/subscriptions/5f1c2f0e-6c5b-4b1e-9a35-2f4f5d6f0a11"
GROUP = f"{SUBSCRIPTION}/resourceGroups/ml-prod/providers"


def arm_id(path: str) -> ResourceId:
    """The id of a resource of the group."""
    found = parse_resource_id(f"{GROUP}/{path}")
    assert found
    return found


AKS = arm_id("Microsoft.ContainerService/managedClusters/aks")
POOL = NodePool("system", 3, "Standard_D4s_v3")
CLUSTER = ManagedCluster(AKS, "aks", "eastus2", "Succeeded", pools=(POOL,))
ARC = ConnectedCluster(arm_id("Microsoft.Kubernetes/connectedClusters/arc"), "arc", "eastus2", "Connected", nodes=3)
SIZES = (MachineSize("Standard_D4s_v3", 4, 16384), MachineSize("Standard_B2s", 2, 4096))
COMPUTE = Compute(arm_id("Microsoft.X/workspaces/w/computes/k8s"), "k8s", "Kubernetes", "Succeeded", cluster_id=AKS)
EXTENSION = Extension(
    arm_id("Microsoft.KubernetesConfiguration/extensions/azureml"),
    "azureml",
    AKS,
    "Succeeded",
    "1.1.71",
    settings={"enableInference": "True", "inferenceRouterServiceType": "LoadBalancer", "inferenceRouterHA": "false"},
    principal_id="p",
)


def with_settings(**settings: str) -> tuple[Extension, ...]:
    """The extension with more settings."""
    return (replace(EXTENSION, settings={**EXTENSION.settings, **settings}),)


@pytest.mark.parametrize(
    ("cluster", "words"),
    [
        (None, "aks of compute k8s does not exist"),
        (replace(CLUSTER, power_state="Stopped"), "is stopped"),
        (replace(CLUSTER, provisioning_state="Failed"), "is not sound"),
        (replace(CLUSTER, pools=(replace(POOL, os="Windows"),)), "has no Linux node"),
        (replace(CLUSTER, pools=(replace(POOL, count=0),)), "has no Linux node"),
        (replace(ARC, connectivity="Offline"), "lost contact with cluster arc"),
        (replace(ARC, connectivity="Expired", certificate_expires="2026-09-01"), "its certificate ran out at 2026-09"),
    ],
)
def test_a_cluster_that_does_not_run_is_blocked(cluster: Cluster | None, words: str) -> None:
    """Gone, stopped, failed, empty, out of contact: each with its own words."""
    with pytest.raises(Blocked, match=words):
        check_cluster_is_running(COMPUTE, cluster)


@pytest.mark.parametrize(
    "cluster",
    [
        CLUSTER,
        replace(CLUSTER, provisioning_state="Updating"),
        replace(CLUSTER, pools=(replace(POOL, count=0, autoscaling=True, least=0, most=3),)),
        replace(CLUSTER, pools=(replace(POOL, count=None, vm_size=""),)),
        replace(CLUSTER, pools=(), provisions_nodes=True),
        ARC,
    ],
)
def test_a_cluster_that_runs_passes(cluster: Cluster) -> None:
    """Also while it is updated, and where the autoscaler has let all nodes go."""
    check_cluster_is_running(COMPUTE, cluster)


@pytest.mark.parametrize(
    ("cluster", "words"),
    [
        (replace(CLUSTER, service_principal="app"), "acts as a service principal"),
        (replace(CLUSTER, pod_identity=True), "has pod identity"),
        (replace(CLUSTER, location="westeurope"), "in another region than its private workspace"),
        (
            replace(CLUSTER, id=parse_resource_id(AKS.text.replace("5f1c", "6f1c")) or AKS),
            "in another subscription",
        ),
    ],
)
def test_an_unsupported_cluster_is_blocked(workspace: Workspace, cluster: Cluster, words: str) -> None:
    """What the documentation says does not work."""
    with pytest.raises(Blocked, match=words):
        check_cluster_suits_azure_machine_learning(workspace, cluster)


def test_a_public_workspace_may_be_elsewhere(workspace: Workspace) -> None:
    """Only private ones must be in the cluster's region."""
    public = replace(workspace, public_network_access=PublicAccess.ENABLED)

    check_cluster_suits_azure_machine_learning(public, replace(CLUSTER, location="westeurope"))


CLOSED = [
    replace(CLUSTER, local_accounts=False),
    replace(CLUSTER, authorized_ranges=("10.0.0.0/8",)),
    replace(CLUSTER, private=True, public_fqdn=True),
]


@pytest.mark.parametrize("cluster", CLOSED)
def test_a_closed_api_server_needs_trusted_access(workspace: Workspace, cluster: Cluster) -> None:
    """For this very workspace, and only where the cloud knows it."""
    role = ("Microsoft.MachineLearningServices/workspaces/mlworkload",)
    binding = TrustedAccess(workspace.id, role, "Succeeded")
    another = TrustedAccess(arm_id("Microsoft.MachineLearningServices/workspaces/other"), role, "Succeeded")

    check_azure_may_reach_the_api_server(workspace, COMPUTE, cluster, (binding,), True)
    with pytest.raises(Blocked, match=r"(?s)turns Azure Machine Learning away.*az ml compute detach"):
        check_azure_may_reach_the_api_server(workspace, COMPUTE, cluster, (another,), True)
    with pytest.raises(Blocked, match="this cloud has no trusted access"):
        check_azure_may_reach_the_api_server(workspace, COMPUTE, cluster, (binding,), False)


def test_an_open_or_wholly_private_cluster_is_reached(workspace: Workspace) -> None:
    """Neither needs trusted access."""
    check_azure_may_reach_the_api_server(workspace, COMPUTE, CLUSTER, (), True)
    private = replace(CLUSTER, private=True, public_fqdn=False)
    check_azure_may_reach_the_api_server(workspace, COMPUTE, private, (), True)


def test_three_routers_need_three_nodes() -> None:
    """Of the pools that hold the extension's own node selector."""
    pools = (replace(POOL, count=2, labels={"w": "ml"}), replace(POOL, name="other", labels={"w": "web"}))
    extensions = with_settings(**{"inferenceRouterHA": "True", "nodeSelector.w": "ml"})

    with pytest.raises(Blocked, match=r"(?s)too few nodes for three routers.*2 Linux nodes that hold"):
        check_cluster_carries_the_extension(replace(CLUSTER, pools=pools), extensions, SIZES)


@pytest.mark.parametrize(("count", "size", "blocks"), [(1, "Standard_B2s", True), (1, "Standard_D4s_v3", False)])
def test_a_cluster_below_the_minimum_is_blocked(count: int, size: str, blocks: bool) -> None:
    """4 vCPUs and 8 GB."""
    cluster = replace(CLUSTER, pools=(replace(POOL, count=count, vm_size=size),))

    if not blocks:
        check_cluster_carries_the_extension(cluster, (EXTENSION,), SIZES)
        return
    with pytest.raises(Blocked, match=r"2 vCPUs, 4\.3 GB"):
        check_cluster_carries_the_extension(cluster, (EXTENSION,), SIZES)


def test_a_small_cluster_is_advised_against() -> None:
    """Between 8 and 14 GB."""
    cluster = replace(CLUSTER, pools=(replace(POOL, count=2, vm_size="Standard_B2s"),))
    sizes = (MachineSize("Standard_B2s", 2, 4096),)

    with pytest.warns(PreflightAdvice, match="small for production"):
        check_cluster_carries_the_extension(cluster, (EXTENSION,), sizes)


NODES = arm_id("Microsoft.Network/virtualNetworks/nodes")
HUB = arm_id("Microsoft.Network/virtualNetworks/hub")


def way(network: ResourceId | None, *, closed: bool) -> Way:
    """The way to a registry whose private endpoint stands in a network."""
    registry = arm_id("Microsoft.ContainerRegistry/registries/acr")
    ends = (PrivateEndpoint(registry, "pe", {}, network_id=network),) if network else ()
    return Way("registry", registry, "registry", "privatelink.azurecr.io", closed, guarded=True, endpoints=ends)


def test_a_closed_registry_needs_a_private_way() -> None:
    """In the nodes' network or a peered one; behind a mere firewall it is advice."""
    there = ClusterNetwork(frozenset({NODES}), ways=(way(HUB, closed=True),))

    with pytest.raises(Blocked, match=r"(?s)no private way to registry acr.*stand in hub; the nodes in nodes"):
        check_cluster_network_holds_the_private_endpoints(CLUSTER, there)
    guarded = replace(there, ways=(way(None, closed=False),))
    with pytest.warns(PreflightAdvice, match="no private way"):
        check_cluster_network_holds_the_private_endpoints(CLUSTER, guarded)
    with pytest.warns(PreflightAdvice, match="no private DNS zone"):
        check_cluster_network_holds_the_private_endpoints(CLUSTER, replace(there, peered=frozenset({HUB})))
    with pytest.raises(NotApplicable, match="Azure Arc"):
        check_cluster_network_holds_the_private_endpoints(ARC, None)


def test_an_absent_or_failed_extension_is_blocked() -> None:
    """Its own statuses are shown."""
    with pytest.raises(Blocked, match=r"(?s)has no Azure Machine Learning extension.*--cluster-type managedClusters"):
        check_extension_is_installed(COMPUTE, ())
    status = ExtensionStatus("InstallationFailed", "Error", "pod healthcheck failed")
    with pytest.raises(Blocked, match="InstallationFailed: pod healthcheck failed"):
        check_extension_is_installed(COMPUTE, (replace(EXTENSION, statuses=(status,)),))
    with pytest.raises(NotReached, match="no Azure Machine Learning extension"):
        check_extension_serves_inference(())


FULL = tuple(
    Workload(name, 1, 1)
    for name in (
        *("inference-operator-controller-manager", "amlarc-identity-controller", "amlarc-identity-proxy", "gateway"),
        *("azureml-ingress-nginx-controller", "relayserver"),
    )
)


def test_every_part_that_inference_needs_must_run() -> None:
    """On AKS the ingress is Azure's way in, on Arc the relay; metrics and training are nobody's need."""
    without = {name: tuple(one for one in FULL if one.name != name) for name in ("relayserver", "gateway")}

    check_extension_pods_are_running(CLUSTER, (EXTENSION,), without["relayserver"], {})
    with pytest.raises(Blocked, match="relayserver: absent"):
        check_extension_pods_are_running(ARC, (EXTENSION,), without["relayserver"], {})
    with pytest.raises(Blocked, match="gateway: absent, without which Azure does not see"):
        check_extension_pods_are_running(CLUSTER, (EXTENSION,), without["gateway"], {})
    with pytest.raises(Blocked, match="gateway: 0 of 1 ready"):
        check_extension_pods_are_running(CLUSTER, (EXTENSION,), (*without["gateway"], Workload("gateway", 1, 0)), {})


def test_a_webhook_that_nobody_stands_behind_is_blocked() -> None:
    """One of which the cluster says nothing is no fault."""
    with pytest.raises(Blocked, match="amlarc-identity-webhook-service: no endpoint is ready"):
        check_extension_pods_are_running(CLUSTER, (EXTENSION,), FULL, {"amlarc-identity-webhook-service": 0})
    check_extension_pods_are_running(CLUSTER, (EXTENSION,), FULL, {"amlarc-identity-webhook-service": 1, "other": 0})


@pytest.mark.parametrize(("state", "code", "blocks"), [("Failed", "E40002", True), ("Failed", "E45001", False)])
def test_a_health_report_explains_an_extension_that_failed(state: str, code: str, blocks: bool) -> None:
    """By its codes, with their advice; those that only describe are advice."""
    report = HealthReport("2026-03-07", (HealthFinding("router", code, "words"), HealthFinding("x", "E45003", "")))
    extensions = (replace(EXTENSION, provisioning_state=state),)

    if blocks:
        with pytest.raises(Blocked, match="E40002: the cluster has too few nodes") as raised:
            check_health_report_is_clean(extensions, report)
        assert len(raised.value.culprits) == 1
        assert "Three nodes" in raised.value.culprit.fix
        return
    with pytest.warns(PreflightAdvice, match="E4500") as said:
        check_health_report_is_clean(extensions, report)
    assert ["E45001: parts" in str(said[0].message), "E45003: the ext" in str(said[1].message)] == [True, True]


def test_an_old_health_report_beside_a_sound_extension_is_advice() -> None:
    """It is as old as the last installation."""
    report = HealthReport("2025-03-07", (HealthFinding("router", "E40002", "words"),))

    with pytest.warns(PreflightAdvice, match="report of 2025-03-07"):
        check_health_report_is_clean((EXTENSION,), report)
    check_health_report_is_clean((EXTENSION,), HealthReport("2025-03-07"))


@pytest.mark.parametrize("value", ["False", "", "no"])
def test_an_extension_without_inference_is_blocked(value: str) -> None:
    """Whatever is not true, in any casing."""
    with pytest.raises(Blocked, match="does not serve inference"):
        check_extension_serves_inference(with_settings(enableInference=value))
    check_extension_serves_inference(with_settings(enableInference="TRUE"))


@pytest.mark.parametrize(
    ("version", "blocks"), [("1.1.25", True), ("1.1.9", True), ("1.1.26", False), ("1.2.0", False)]
)
def test_versions_compare_as_numbers(version: str, blocks: bool) -> None:
    """1.1.9 is older than 1.1.26."""
    extensions = (replace(EXTENSION, version=version),)

    if not blocks:
        check_extension_version_is_recent(extensions)
        return
    with pytest.raises(Blocked, match="is too old"):
        check_extension_version_is_recent(extensions)


def test_an_unknown_version_is_advice() -> None:
    """Azure does not always tell it."""
    with pytest.warns(PreflightAdvice, match="is unknown"):
        check_extension_version_is_recent((replace(EXTENSION, version=None),))


def test_every_scale_set_carries_the_extension_s_identity() -> None:
    """Ids have no case; the pool without it is named."""
    sound, bare = NodeSet("vmss1", "system", frozenset({"P"})), NodeSet("vmss2", "gpu", frozenset({"q"}))

    check_extension_identity_is_assigned(CLUSTER, (EXTENSION,), (sound,))
    with pytest.raises(Blocked, match=r"gpu \(vmss2\)"):
        check_extension_identity_is_assigned(CLUSTER, (EXTENSION,), (sound, bare))
    with pytest.raises(NotApplicable, match="Azure Arc"):
        check_extension_identity_is_assigned(ARC, (EXTENSION,), ())


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({}, "insists on TLS and has no sslCname and no sslSecret"),
        ({"sslCname": "a.b", "sslSecret": "s"}, "does not get its certificate"),
        ({"allowInsecureConnections": "true", "inferenceRouterServiceType": ""}, "does not say how its router"),
    ],
)
def test_router_settings_that_disagree_are_blocked(settings: dict[str, str], words: str) -> None:
    """TLS without a certificate, a secret that nobody derived, no type of service."""
    with pytest.raises(Blocked, match=words):
        check_router_settings_agree(CLUSTER, with_settings(**settings))


def test_of_two_spellings_the_chart_s_own_counts() -> None:
    """The CLI adds its own beside the user's."""
    [extension] = with_settings(InferenceRouterHA="False", inferenceRouterHA="true")

    assert extension.highly_available


def test_router_settings_that_agree_pass() -> None:
    """With the secret, or with a certificate of its own."""
    check_router_settings_agree(
        CLUSTER, with_settings(**{"sslCname": "a.b", "sslSecret": "s", "scoringFe.sslSecret": "s"})
    )
    certificate = replace(EXTENSION, secret_settings=frozenset({"scoringFe.sslCert"}))
    own = replace(certificate, settings={**EXTENSION.settings, "sslCname": "a.b"})
    check_router_settings_agree(CLUSTER, (own,))
    internal = with_settings(allowInsecureConnections="true", internalLoadBalancerProvider="azure")
    with pytest.raises(Blocked, match="outside AKS"):
        check_router_settings_agree(ARC, internal)
