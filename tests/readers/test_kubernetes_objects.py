"""A cluster's objects from the JSON of its API server: what kubectl prints with `--output json`."""

from decimal import Decimal
from typing import Any, cast

import pytest

from pytest_amlpreflight.facts.unread import FactUnreadable
from pytest_amlpreflight.readers.connection.document import Document
from pytest_amlpreflight.readers.kubernetes.connection import Kube
from pytest_amlpreflight.readers.kubernetes.objects import (
    read_autoscalers,
    read_backends,
    read_events,
    read_limit_ranges,
    read_nodes,
    read_pods,
    read_quotas,
    read_services,
    read_workloads,
)


class Told:
    """An API server that lists these objects, whatever is asked for."""

    def __init__(self, *objects: dict[str, Any]) -> None:
        self.objects = objects

    def list(self, *_: str) -> list[Document]:
        """All of them."""
        return [Document("an object", one) for one in self.objects]


def told(*objects: dict[str, Any]) -> Kube:
    """A connection to that server."""
    return cast(Kube, Told(*objects))


def container(cpu: str, **more: object) -> dict[str, Any]:
    """A container that asks for so much CPU."""
    return {"name": "c", "resources": {"requests": {"cpu": cpu}}, **more}


@pytest.mark.parametrize(
    ("spec", "cpu"),
    [
        ({"containers": [container("1"), container("500m")]}, "1.5"),
        ({"containers": [container("1")], "initContainers": [container("2")]}, "2"),
        ({"containers": [container("1")], "initContainers": [container("250m", restartPolicy="Always")]}, "1.25"),
        ({"containers": [container("1")], "overhead": {"cpu": "100m"}}, "1.1"),
        ({"containers": [{"name": "c", "resources": {"limits": {"cpu": "3"}}}]}, "3"),
        ({"containers": [{"name": "c"}]}, "0"),
    ],
)
def test_a_pod_takes_what_the_scheduler_counts(spec: dict[str, Any], cpu: str) -> None:
    """All containers together or the largest of those before them; sidecars count with the former."""
    [pod] = read_pods(told({"metadata": {"name": "p"}, "spec": spec, "status": {}}))

    assert pod.requests.get("cpu", Decimal(0)) == Decimal(cpu)


def test_a_pod_tells_why_it_waits_and_how_it_ended() -> None:
    """The last run of a container counts where it waits for the next."""
    server = {"name": "inference-server", "ready": False, "restartCount": 4, "state": {"waiting": {"reason": "Crash"}}}
    server["lastState"] = {"terminated": {"exitCode": 137, "reason": "OOMKilled"}}
    conditions = [{"type": "PodScheduled", "status": "False", "message": "0/3 nodes are available"}]
    status = {"phase": "Pending", "conditions": conditions, "containerStatuses": [server]}

    [pod] = read_pods(told({"metadata": {"name": "p", "namespace": "n"}, "spec": {}, "status": status}))

    assert (pod.namespace, pod.phase, pod.unscheduled, pod.ready) == ("n", "Pending", "0/3 nodes are available", False)
    [found] = pod.containers
    assert (found.waiting, found.exit_code, found.out_of_memory, found.restarts) == ("Crash", 137, True, 4)


def test_a_node_of_few_words_is_read() -> None:
    """The official client's models refuse one without an architecture; taints may have no value."""
    taints = [{"key": "node.kubernetes.io/unschedulable", "effect": "NoSchedule"}]
    spec = {"unschedulable": True, "taints": taints}
    status = {"allocatable": {"cpu": "3860m", "memory": "1Gi", "pods": "110"}, "conditions": []}

    [node] = read_nodes(told({"metadata": {"name": "n"}, "spec": spec, "status": status}))

    assert (node.ready, node.unschedulable, node.allocatable["cpu"]) == (False, True, Decimal("3.86"))
    assert str(node.taints[0]) == "node.kubernetes.io/unschedulable=:NoSchedule"


def test_an_object_without_a_name_is_no_object() -> None:
    """Nothing is guessed of it."""
    with pytest.raises(FactUnreadable):
        read_nodes(told({"metadata": {}}))


def test_services_have_addresses_of_either_kind() -> None:
    """A host name on some clouds; none yet is none."""
    balancer = {"ingress": [{"ip": "20.1.2.3"}, {"hostname": "elb.example.com"}, {}]}
    spec = {"type": "LoadBalancer", "clusterIP": "10.0.0.7"}

    found, pending = read_services(
        told(
            {"metadata": {"name": "azureml-fe"}, "spec": spec, "status": {"loadBalancer": balancer}},
            {"metadata": {"name": "new"}, "spec": spec, "status": {"loadBalancer": {}}},
        )
    )

    assert found.addresses == ("20.1.2.3", "elb.example.com")
    assert pending.addresses == ()


def test_workloads_count_their_ready_pods() -> None:
    """Nothing said of replicas is one, nothing said of ready ones none."""
    one, scaled = read_workloads(
        told({"metadata": {"name": "a"}}, {"metadata": {"name": "b"}, "spec": {"replicas": 0}, "status": {}})
    )

    assert ((one.wanted, one.ready), (scaled.wanted, scaled.ready)) == ((1, 0), (0, 0))


def test_backends_are_counted_over_all_slices_of_a_service() -> None:
    """Nothing said of readiness means ready."""
    labels = {"kubernetes.io/service-name": "webhook"}
    slices = [
        {"metadata": {"labels": labels}, "endpoints": [{"conditions": {"ready": False}}]},
        {"metadata": {"labels": labels}, "endpoints": [{"conditions": {}}, {"conditions": {"ready": True}}]},
        {"metadata": {"labels": {"kubernetes.io/service-name": "empty"}}, "endpoints": None},
    ]

    assert read_backends(told(*slices)) == {"webhook": 2, "empty": 0}


def test_quotas_ranges_and_autoscalers_are_read() -> None:
    """A quota that nobody counted yet has the limits of its spec; of limit ranges those for containers count."""
    limits = [{"type": "Pod", "max": {"cpu": "1"}}, {"type": "Container", "max": {"memory": "1Gi"}}]

    [quota] = read_quotas(told({"metadata": {"name": "q"}, "spec": {"hard": {"pods": "3"}}, "status": {}}), "n")
    [found] = read_limit_ranges(told({"metadata": {"name": "r"}, "spec": {"limits": limits}}), "n")
    target = {"scaleTargetRef": {"kind": "Deployment", "name": "blue-iris"}}
    [scaler] = read_autoscalers(told({"metadata": {"name": "h"}, "spec": target}), "n")

    assert (quota.hard, quota.used) == ({"pods": Decimal(3)}, {})
    assert found.most == {"memory": Decimal(2**30)}
    assert scaler.target == "blue-iris"


def test_an_event_s_words_keep_no_secret() -> None:
    """Some messages hold the credential with which something was tried."""
    message = "failed: https://acr.azurecr.io/?sig=abcdefghijklmnopqrstuvwxyz0123456789%3D"
    about = {"kind": "Pod", "name": "p"}

    [event] = read_events(told({"involvedObject": about, "reason": "Failed", "message": message, "count": None}), "n")

    assert (event.kind, event.name, event.count) == ("Pod", "p", 1)
    assert "abcdefghijklmnop" not in event.message
