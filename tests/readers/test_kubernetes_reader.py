"""The way into a cluster: contexts, credentials, refusals; through the official client's kubeconfig handling."""

import os
import stat
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import yaml

from pytest_amlpreflight.emulator import Emulator
from pytest_amlpreflight.emulator.faults import Fault
from pytest_amlpreflight.facts.resource_id import parse_resource_id
from pytest_amlpreflight.facts.resources.cluster import ConnectedCluster, ManagedCluster
from pytest_amlpreflight.facts.unread import FactUnreadable, NotGiven
from pytest_amlpreflight.readers.kubernetes.connection import Kube, connect
from pytest_amlpreflight.readers.kubernetes.kubeconfig import kubeconfig_files, own_account, read_contexts
from pytest_amlpreflight.readers.kubernetes.objects import read_namespace, read_nodes, read_pods, read_services

pytest.importorskip("kubernetes")
WORLD = Path(__file__).parents[2] / "example_project" / "world-kubernetes.yml"
GROUP = "/subscriptions/5f1c2f0e-6c5b-4b1e-9a35-2f4f5d6f0a11/resourceGroups/ml-prod/providers"
ID = parse_resource_id(f"{GROUP}/Microsoft.ContainerService/managedClusters/inference-aks")
ARC = parse_resource_id(f"{GROUP}/Microsoft.Kubernetes/connectedClusters/arc")
assert ID
assert ARC
FQDN = "inference-aks-4f2b.hcp.eastus2.azmk8s.io"
CLUSTER = ManagedCluster(ID, "inference-aks", "eastus2", "Succeeded", fqdn=FQDN)


@pytest.fixture(scope="module")
def served() -> Iterator[Emulator]:
    """The example's Kubernetes world."""
    with Emulator(WORLD) as emulator:
        yield emulator


@pytest.fixture
def emulator(served: Emulator, monkeypatch: pytest.MonkeyPatch) -> Emulator:
    """The same, to which `KUBECONFIG` leads, and of which nothing was asked yet."""
    for name, value in served.environment.items():
        monkeypatch.setenv(name, value)
    served.cluster_servers["inference-aks"].asked.clear()
    return served


def connected(
    cluster: ManagedCluster | ConnectedCluster = CLUSTER, name: str | None = None, path: Path | None = None, **more: Any
) -> Kube:
    """The way to a cluster that the kubeconfig has."""
    contexts = read_contexts(kubeconfig_files(path, os.environ))
    return connect(cluster, contexts, name, 5, **more)


def edited(emulator: Emulator, tmp_path: Path, **user: object) -> Path:
    """The emulator's kubeconfig with another user."""
    content = yaml.safe_load(emulator.kubeconfig.read_text())
    content["users"][0]["user"] = user
    path = tmp_path / "config"
    path.write_text(yaml.safe_dump(content))
    return path


def plugin(tmp_path: Path, script: str) -> dict[str, object]:
    """A plugin that a kubeconfig runs."""
    path = tmp_path / "kubelogin"
    path.write_text(f"#!/bin/sh\n{script}\n")
    path.chmod(path.stat().st_mode | stat.S_IXUSR)
    return {"apiVersion": "client.authentication.k8s.io/v1beta1", "command": str(path)}


def test_a_context_whose_server_is_the_cluster_s_is_taken(emulator: Emulator) -> None:
    """Without any option; and no question is asked twice."""
    kube = connected()

    assert len(read_nodes(kube)) == 3
    assert {pod.namespace for pod in read_pods(kube)} == {"azureml", "kube-system", "models"}
    read_nodes(kube)
    asked = emulator.cluster_servers["inference-aks"].asked
    assert asked == ["GET /api/v1/nodes", "GET /api/v1/pods"]


def test_nothing_is_looked_into_without_a_context(emulator: Emulator, tmp_path: Path) -> None:
    """Another cluster's context is none; for Arc none can be told from its server."""
    another = ManagedCluster(CLUSTER.id, "other", "eastus2", "Succeeded", fqdn="other.hcp.eastus2.azmk8s.io")

    with pytest.raises(NotGiven, match="no --aml-kube-context"):
        connected(another)
    with pytest.raises(NotGiven, match="no --aml-kube-context"):
        connected(ConnectedCluster(ARC, "arc", "eastus2", "Connected"))


def test_another_cluster_is_refused_before_anything_is_asked(emulator: Emulator) -> None:
    """A kubeconfig's context may be any cluster."""
    another = ManagedCluster(CLUSTER.id, "other", "eastus2", "Succeeded", fqdn="other.hcp.eastus2.azmk8s.io")

    with pytest.raises(FactUnreadable, match=r"(?s)AnotherCluster.*az aks get-credentials --name other"):
        connected(another, "inference-aks")

    assert emulator.cluster_servers["inference-aks"].asked == []


def test_an_arc_cluster_must_say_which_one_it_is(emulator: Emulator) -> None:
    """Behind the proxy the server is 127.0.0.1: the cluster's own ConfigMap decides."""
    with pytest.raises(FactUnreadable, match=r"(?s)AnotherCluster.*azure-clusterconfig says nothing"):
        connected(ConnectedCluster(ARC, "arc", "eastus2", "Connected"), "inference-aks")


def test_an_unknown_context_names_those_there_are(emulator: Emulator) -> None:
    """A mistyped name."""
    with pytest.raises(FactUnreadable, match="no context inferense in the kubeconfig; there are inference-aks"):
        connected(name="inferense")


def test_a_plugin_s_token_is_taken(emulator: Emulator, tmp_path: Path) -> None:
    """As kubelogin prints it."""
    answer = '{"kind": "ExecCredential", "status": {"token": "emulated-cluster-user"}}'
    path = edited(emulator, tmp_path, exec=plugin(tmp_path, f"echo '{answer}'"))

    assert read_namespace(connected(path=path), "models")


@pytest.mark.parametrize(
    ("script", "words"),
    [("echo not logged in >&2; exit 1", "ended with 1: not logged in"), ("echo nonsense", "ended with 0")],
)
def test_a_plugin_that_fails_is_named(emulator: Emulator, tmp_path: Path, script: str, words: str) -> None:
    """The official client would go on without credentials."""
    path = edited(emulator, tmp_path, exec=plugin(tmp_path, script))

    with pytest.raises(FactUnreadable, match=rf"(?s)ExecPluginFailed.*{words}"):
        connected(path=path)


def test_a_plugin_that_is_missing_or_waits_is_named(
    emulator: Emulator, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A device code waits for a person."""
    missing = edited(emulator, tmp_path, exec={"command": "kubelogin-that-is-not-there"})
    with pytest.raises(FactUnreadable, match="ExecPluginMissing"):
        connected(path=missing)
    monkeypatch.setattr("pytest_amlpreflight.readers.kubernetes.kubeconfig.LONGEST_PLUGIN", 0.2)
    waiting = edited(emulator, tmp_path, exec=plugin(tmp_path, "exec sleep 5"))
    with pytest.raises(FactUnreadable, match=r"(?s)ExecPluginTimeout.*kubelogin convert-kubeconfig"):
        connected(path=waiting)


def test_a_refused_token_names_the_context(emulator: Emulator, tmp_path: Path) -> None:
    """401 is the whole cluster's."""
    kube: Kube = connected(path=edited(emulator, tmp_path, token="another"))

    with pytest.raises(FactUnreadable, match=r"(?s)HTTP 401 Unauthorized.*context inference-aks"):
        read_nodes(kube)


def pod(emulator: Emulator, folder: Path, token: str = "emulated-cluster-user") -> dict[str, str]:
    """What a pod of the cluster finds: its service account, and where the API server is."""
    server = yaml.safe_load(emulator.kubeconfig.read_text())["clusters"][0]["cluster"]["server"]
    (folder / "token").write_text(token)
    (folder / "ca.crt").write_bytes(emulator.ca_bundle.read_bytes())
    return {"KUBERNETES_SERVICE_HOST": "127.0.0.1", "KUBERNETES_SERVICE_PORT": server.rpartition(":")[2]}


def test_a_pod_of_the_cluster_looks_with_its_service_account(emulator: Emulator, tmp_path: Path) -> None:
    """The API server has an address there and no name: its certificate says that it is the compute's."""
    account = own_account(pod(emulator, tmp_path), tmp_path)

    kube = connect(CLUSTER, {}, None, 5, account)

    assert len(read_nodes(kube)) == 3


def test_a_pod_of_another_cluster_looks_nowhere(emulator: Emulator, tmp_path: Path) -> None:
    """Agents run in clusters of their own: nobody asked for that one, and nothing is read of it."""
    account = own_account(pod(emulator, tmp_path), tmp_path)

    with pytest.raises(NotGiven, match="no --aml-kube-context"):
        connect(replace(CLUSTER, fqdn="other.hcp.eastus2.azmk8s.io"), {}, None, 5, account)
    with pytest.raises(NotGiven, match="no --aml-kube-context"):
        connect(ConnectedCluster(ARC, "arc", "eastus2", "Connected"), {}, None, 5, account)
    assert own_account({}, tmp_path) is None

    assert emulator.cluster_servers["inference-aks"].asked == [
        "GET /api/v1/namespaces/azure-arc/configmaps/azure-clusterconfig"
    ]


def test_a_private_cluster_out_of_reach_names_the_ways_in(emulator: Emulator, tmp_path: Path) -> None:
    """The server is named, and so is what leads there."""
    content = yaml.safe_load(emulator.kubeconfig.read_text())
    content["clusters"][0]["cluster"]["server"] = "https://127.0.0.1:9"
    path = tmp_path / "config"
    path.write_text(yaml.safe_dump(content))

    with pytest.raises(FactUnreadable, match=rf"(?s)inference-aks is unreadable.*{FQDN}.*az aks command invoke"):
        read_nodes(connected(replace(CLUSTER, private=True), path=path))


def test_without_the_client_nobody_s_cluster_is_looked_into_unasked(
    emulator: Emulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A context that happens to lead there asks for nothing; one that was named does."""
    for name in ("kubernetes", "kubernetes.client", "kubernetes.config"):
        monkeypatch.setitem(sys.modules, name, None)

    with pytest.raises(NotGiven, match=r"pip install 'pytest-amlpreflight\[kubernetes\]'"):
        connected()
    with pytest.raises(FactUnreadable, match="ClientNotInstalled"):
        connected(name="inference-aks")


def test_a_client_certificate_is_taken(emulator: Emulator, tmp_path: Path) -> None:
    """As `az aks get-credentials --admin` writes it."""
    [admin] = emulator.world.admin_kubeconfigs.values()
    path = tmp_path / "config"
    path.write_text(yaml.safe_dump(admin))

    kube = connected(path=path)

    assert read_namespace(kube, "models")


def test_a_denial_names_verb_resource_and_namespace(emulator: Emulator) -> None:
    """Whatever words the cluster has for it: some have none of these."""
    emulator.world.faults.append(Fault("deny", "*/azureml/services", message="no access in Azure"))

    with pytest.raises(FactUnreadable, match=r"(?s)denied: list services of namespace azureml .*no access"):
        read_services(connected())

    emulator.world.faults.clear()


def test_no_proxy_is_kept(emulator: Emulator, monkeypatch: pytest.MonkeyPatch) -> None:
    """Some releases of the client take the proxy of the environment for every host."""
    for name in ("HTTPS_PROXY", "https_proxy", "HTTP_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")

    assert len(read_nodes(connected())) == 3
