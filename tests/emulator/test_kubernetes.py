"""What an emulated cluster answers: what kubectl and the official clients ask for, and nothing else."""

import asyncio
import json
from fnmatch import fnmatch
from pathlib import Path
from typing import Any

import pytest

from pytest_amlpreflight.emulator.kubernetes.api import Answer, Request, answer, forbidden
from pytest_amlpreflight.emulator.kubernetes.cluster import Cluster, change, read_cluster
from pytest_amlpreflight.emulator.kubernetes.kubeconfig import as_admin, entry
from pytest_amlpreflight.emulator.kubernetes.server import ClusterApplication
from pytest_amlpreflight.emulator.notation import WorldError
from pytest_amlpreflight.emulator.recorded import Recording
from pytest_amlpreflight.emulator.world import World

ID = "/subscriptions/s/resourceGroups/g/providers/Microsoft.ContainerService/managedClusters/aks"
TABLE = "application/json;as=Table;v=v1;g=meta.k8s.io,application/json"


def pod(name: str, namespace: str = "models", **labels: str) -> dict[str, Any]:
    """A pod as kubectl prints it."""
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": name, "namespace": namespace, "labels": labels},
        "spec": {"containers": [{"name": "inference-server"}]},
        "status": {"phase": "Running", "containerStatuses": [{"name": "inference-server", "ready": True}]},
    }


@pytest.fixture
def cluster() -> Cluster:
    """Two pods and a log."""
    objects = [pod("a", app="x"), {"kind": "List", "items": [pod("b", namespace="other", app="y")]}]
    return read_cluster("world.yml:1", ID, {"objects": objects, "logs": {"models/a/inference-server": "1\n2\n3\n"}})


def get(cluster: Cluster, path: str, accept: str = "", **query: str) -> Answer:
    """Ask for a path."""
    return answer(cluster, Request("GET", path, query, accept))


def names(found: Answer) -> list[str]:
    """The names of a list's objects."""
    return [one["metadata"]["name"] for one in found.body["items"]]


def test_objects_are_listed_by_namespace_label_and_field(cluster: Cluster) -> None:
    """As selectors ask for them."""
    assert names(get(cluster, "/api/v1/pods")) == ["a", "b"]
    assert names(get(cluster, "/api/v1/namespaces/models/pods")) == ["a"]
    assert names(get(cluster, "/api/v1/pods", labelSelector="app=y")) == ["b"]
    assert names(get(cluster, "/api/v1/pods", labelSelector="app!=y")) == ["a"]
    assert names(get(cluster, "/api/v1/pods", fieldSelector="metadata.name=a")) == ["a"]


def test_kubectl_get_gets_a_table(cluster: Cluster) -> None:
    """With READY, STATUS and RESTARTS; without asking for one, the plain list."""
    found = get(cluster, "/api/v1/namespaces/models/pods", TABLE).body

    assert [column["name"] for column in found["columnDefinitions"]] == ["Name", "Ready", "Status", "Restarts", "Age"]
    assert found["rows"][0]["cells"][:4] == ["a", "1/1", "Running", "0"]
    assert get(cluster, "/api/v1/namespaces/models/pods").body["kind"] == "PodList"


def test_a_log_has_its_last_lines_and_no_earlier_run(cluster: Cluster) -> None:
    """Of a container that has not been started again there is no previous one."""
    path = "/api/v1/namespaces/models/pods/a/log"

    assert get(cluster, path, tailLines="2").body == "2\n3\n"
    assert get(cluster, path, previous="true").status == 400


def test_what_is_not_there_is_a_status(cluster: Cluster) -> None:
    """With code, reason and the words of Kubernetes."""
    absent = get(cluster, "/api/v1/namespaces/models/pods/c")

    assert (absent.status, absent.body["reason"]) == (404, "NotFound")
    assert absent.body["message"] == 'pods "c" not found'
    assert get(cluster, "/api/v1/namespaces/models/pods/a/exec").unknown
    assert answer(cluster, Request("DELETE", "/api/v1/namespaces/models/pods/a")).status == 405


@pytest.mark.parametrize(
    ("path", "words"),
    [
        ("/api/v1/nodes", 'nodes is forbidden: * cannot list resource "nodes" in API group "" at the cluster scope'),
        (
            "/apis/apps/v1/namespaces/azureml/deployments",
            'deployments.apps is forbidden: * cannot list * in API group "apps" in the namespace "azureml"',
        ),
        ("/api/v1/namespaces/n/configmaps/c", 'configmaps "c" is forbidden: * cannot get resource "configmaps" *'),
    ],
)
def test_a_denial_says_verb_resource_and_namespace(path: str, words: str) -> None:
    """In the words of Kubernetes' own authorizer."""
    found = forbidden(path)

    assert (found.status, found.body["reason"]) == (403, "Forbidden")
    assert fnmatch(found.body["message"], words)


def test_definitions_come_with_the_extension(cluster: Cluster) -> None:
    """Discovery does not list a group that nobody defined."""
    groups = [one["name"] for one in get(cluster, "/apis").body["groups"]]
    change(cluster, "failure.yml:1", {"definitions": False})

    assert "amlarc.azureml.com" in groups
    assert "amlarc.azureml.com" not in [one["name"] for one in get(cluster, "/apis").body["groups"]]
    assert get(cluster, "/apis/amlarc.azureml.com/v1alpha1/instancetypes").status == 404


def field(number: int, value: bytes) -> bytes:
    """A field of Protocol Buffers."""
    return bytes([number << 3 | 2, len(value)]) + value


def in_protobuf(verb: bytes, resource: bytes) -> bytes:
    """The question of `kubectl auth can-i` since 1.32."""
    kind = field(1, b"authorization.k8s.io/v1") + field(2, b"SelfSubjectAccessReview")
    attributes = field(1, b"models") + field(2, verb) + field(4, b"v1") + field(5, resource)
    return b"k8s\x00" + field(1, kind) + field(2, field(1, b"") + field(2, field(1, attributes)))


@pytest.mark.parametrize(
    ("verb", "resource", "allowed"), [("list", "pods", True), ("list", "secrets", False), ("delete", "pods", False)]
)
def test_what_one_may_do_is_told_in_json_and_to_protocol_buffers(
    cluster: Cluster, verb: str, resource: str, allowed: bool
) -> None:
    """Get and list, and never secrets."""
    path = "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews"
    plain = json.dumps({"spec": {"resourceAttributes": {"verb": verb, "resource": resource}}}).encode()

    for body in (plain, in_protobuf(verb.encode(), resource.encode())):
        found = answer(cluster, Request("POST", path, body=body))
        assert found.status == 201
        assert found.body["status"] == {"allowed": allowed}
        assert found.body["spec"]["resourceAttributes"]["verb"] == verb


def test_a_world_says_where_a_cluster_is_wrong() -> None:
    """What no API server would print, and what nobody could select."""
    with pytest.raises(WorldError, match="Teapot t is no object"):
        read_cluster(
            "world.yml:3", ID, {"objects": [{"apiVersion": "v1", "kind": "Teapot", "metadata": {"name": "t"}}]}
        )
    with pytest.raises(WorldError, match="a cluster holds objects, logs"):
        read_cluster("world.yml:3", ID, {"pods": []})
    with pytest.raises(WorldError, match="cluster aks has no Pod/z"):
        change(Cluster(ID), "failure.yml:9", {"object": "Pod/z", "remove": True})


def test_the_admin_shows_a_certificate(cluster: Cluster) -> None:
    """And has the same name as the user's context: the Azure CLI tells the two apart."""
    found = entry(cluster, 443, "aks.hcp", b"authority")
    admin = as_admin(found, b"certificate", b"key")

    assert set(admin["users"][0]["user"]) == {"client-certificate-data", "client-key-data"}
    assert admin["clusters"] == found["clusters"]
    assert admin["current-context"] == found["current-context"] == "aks"


def test_a_cluster_that_was_silent_is_silent_again() -> None:
    """A recorded world does not break the connection instead: that is another error to whoever asks."""
    silent = {"ask": "GET /version", "cluster": ID, "broken": "silence"}
    world = World(Path("w.yml"), "", {}, recording=Recording([silent]))
    application = ClusterApplication(world, Cluster(ID), 0.0, print)
    scope = {"type": "http", "method": "GET", "path": "/version", "query_string": b"", "headers": [], "client": ("", 0)}

    async def asked() -> bool:
        task = asyncio.create_task(application(scope, None, None))
        done, _ = await asyncio.wait([task], timeout=0.05)
        task.cancel()
        return bool(done)

    assert not asyncio.run(asked())
    assert application.asked == ["GET /version"]
