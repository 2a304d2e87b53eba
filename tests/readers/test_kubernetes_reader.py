"""The way into a cluster: contexts, credentials, refusals; through the official client's kubeconfig handling."""

import stat
from pathlib import Path
from typing import Any

import pytest
import yaml

from pytest_amlpreflight.emulator import Emulator
from pytest_amlpreflight.facts.resource_id import parse_resource_id
from pytest_amlpreflight.facts.resources.cluster import ConnectedCluster, ManagedCluster
from pytest_amlpreflight.facts.unread import FactUnreadable, NotGiven
from pytest_amlpreflight.readers.kubernetes.connection import Kube, connect
from pytest_amlpreflight.readers.kubernetes.objects import read_namespace, read_nodes, read_pods

pytest.importorskip("kubernetes")
WORLD = Path(__file__).parents[2] / "example_project" / "world-kubernetes.yml"
GROUP = "/subscriptions/5f1c2f0e-6c5b-4b1e-9a35-2f4f5d6f0a11/resourceGroups/ml-prod/providers"
ID = parse_resource_id(f"{GROUP}/Microsoft.ContainerService/managedClusters/inference-aks")
ARC = parse_resource_id(f"{GROUP}/Microsoft.Kubernetes/connectedClusters/arc")
assert ID
assert ARC
FQDN = "inference-aks-4f2b.hcp.eastus2.azmk8s.io"
CLUSTER = ManagedCluster(ID, "inference-aks", "eastus2", "Succeeded", fqdn=FQDN)


@pytest.fixture
def emulator(monkeypatch: pytest.MonkeyPatch) -> Any:
    """The example's Kubernetes world, served; `KUBECONFIG` leads there."""
    with Emulator(WORLD) as served:
        for name, value in served.environment.items():
            monkeypatch.setenv(name, value)
        yield served


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
    kube = connect(CLUSTER, None, None, 5)

    assert len(read_nodes(kube)) == 3
    assert {pod.namespace for pod in read_pods(kube)} == {"azureml", "kube-system", "models"}
    read_nodes(kube)
    asked = emulator.cluster_servers["inference-aks"].asked
    assert asked == ["GET /api/v1/nodes", "GET /api/v1/pods"]


def test_nothing_is_looked_into_without_a_context(emulator: Emulator, tmp_path: Path) -> None:
    """Another cluster's context is none; for Arc none can be told from its server."""
    another = ManagedCluster(CLUSTER.id, "other", "eastus2", "Succeeded", fqdn="other.hcp.eastus2.azmk8s.io")

    with pytest.raises(NotGiven, match="no --aml-kube-context"):
        connect(another, None, None, 5)
    with pytest.raises(NotGiven, match="no --aml-kube-context"):
        connect(ConnectedCluster(ARC, "arc", "eastus2", "Connected"), None, None, 5)


def test_another_cluster_is_refused_before_anything_is_asked(emulator: Emulator) -> None:
    """A kubeconfig's context may be any cluster."""
    another = ManagedCluster(CLUSTER.id, "other", "eastus2", "Succeeded", fqdn="other.hcp.eastus2.azmk8s.io")

    with pytest.raises(FactUnreadable, match=r"(?s)AnotherCluster.*az aks get-credentials --name other"):
        connect(another, "inference-aks", None, 5)

    assert emulator.cluster_servers["inference-aks"].asked == []


def test_an_arc_cluster_must_say_which_one_it_is(emulator: Emulator) -> None:
    """Behind the proxy the server is 127.0.0.1: the cluster's own ConfigMap decides."""
    with pytest.raises(FactUnreadable, match=r"(?s)AnotherCluster.*azure-clusterconfig says nothing"):
        connect(ConnectedCluster(ARC, "arc", "eastus2", "Connected"), "inference-aks", None, 5)


def test_an_unknown_context_names_those_there_are(emulator: Emulator) -> None:
    """A mistyped name."""
    with pytest.raises(FactUnreadable, match="no context inferense in the kubeconfig; there are inference-aks"):
        connect(CLUSTER, "inferense", None, 5)


def test_a_plugin_s_token_is_taken(emulator: Emulator, tmp_path: Path) -> None:
    """As kubelogin prints it."""
    answer = '{"kind": "ExecCredential", "status": {"token": "emulated-cluster-user"}}'
    path = edited(emulator, tmp_path, exec=plugin(tmp_path, f"echo '{answer}'"))

    assert read_namespace(connect(CLUSTER, None, path, 5), "models")


@pytest.mark.parametrize(
    ("script", "words"),
    [("echo not logged in >&2; exit 1", "ended with 1: not logged in"), ("echo nonsense", "ended with 0")],
)
def test_a_plugin_that_fails_is_named(emulator: Emulator, tmp_path: Path, script: str, words: str) -> None:
    """The official client would go on without credentials."""
    path = edited(emulator, tmp_path, exec=plugin(tmp_path, script))

    with pytest.raises(FactUnreadable, match=rf"(?s)ExecPluginFailed.*{words}"):
        connect(CLUSTER, None, path, 5)


def test_a_plugin_that_is_missing_or_waits_is_named(
    emulator: Emulator, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A device code waits for a person."""
    missing = edited(emulator, tmp_path, exec={"command": "kubelogin-that-is-not-there"})
    with pytest.raises(FactUnreadable, match="ExecPluginMissing"):
        connect(CLUSTER, None, missing, 5)
    monkeypatch.setattr("pytest_amlpreflight.readers.kubernetes.kubeconfig.LONGEST_PLUGIN", 0.2)
    waiting = edited(emulator, tmp_path, exec=plugin(tmp_path, "exec sleep 5"))
    with pytest.raises(FactUnreadable, match=r"(?s)ExecPluginTimeout.*kubelogin convert-kubeconfig"):
        connect(CLUSTER, None, waiting, 5)


def test_a_refused_token_names_the_context(emulator: Emulator, tmp_path: Path) -> None:
    """401 is the whole cluster's."""
    kube: Kube = connect(CLUSTER, None, edited(emulator, tmp_path, token="another"), 5)

    with pytest.raises(FactUnreadable, match=r"(?s)HTTP 401 Unauthorized.*context inference-aks"):
        read_nodes(kube)
