"""What a look into a cluster costs: each kind once, and nothing after anything else that could go beside it."""

from collections import Counter

import pytest
import yaml
from judging import EXAMPLE, emulated, judge

from pytest_amlpreflight.emulator.faults import Fault
from pytest_amlpreflight.graph import cluster, kubernetes
from pytest_amlpreflight.graph.fact import FACTS
from pytest_amlpreflight.readers.kubernetes.connection import Kube
from pytest_amlpreflight.reporting.role import CLUSTER_ROLE
from pytest_amlpreflight.verdict import PHASES

WORLD = "world-kubernetes.yml"


def kind_of(asked: str) -> str:
    """What a request asks for, as a ClusterRole names it: `pods`, `pods/log`."""
    path = asked.split(" ")[1].strip("/").split("/")
    parts = path[2:] if path[0] == "api" else path[3:]
    parts = parts[2:] if parts[0] == "namespaces" and len(parts) > 2 else parts
    return f"{parts[0]}/{parts[2]}" if len(parts) > 2 else parts[0]


def test_each_kind_is_read_once_per_cluster(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever number of checks needs it; by get and list alone, and no secrets. `--aml-role` prints a ClusterRole of
    just these.
    """
    read = set[str]()
    for phase in PHASES:
        with emulated(monkeypatch, EXAMPLE / WORLD, ["pod-crashes"]) as emulator:
            judge(emulator, phase, world=WORLD)
            asked = emulator.cluster_servers["inference-aks"].asked
        kinds = Counter(map(kind_of, asked))
        assert set(kinds.values()) == {1}, asked
        assert all(one.startswith("GET ") for one in asked)
        read |= set(kinds)

    rules = yaml.safe_load(CLUSTER_ROLE)["rules"]
    assert read == {resource for rule in rules for resource in rule["resources"]}
    assert {verb for rule in rules for verb in rule["verbs"]} == {"get", "list"}
    assert "secrets" not in read


def test_one_namespace_is_enough_for_the_deployment_s_pods(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever may not list the pods of all namespaces still sees those; room on the nodes cannot be told then."""
    with emulated(monkeypatch, EXAMPLE / WORLD) as emulator:
        emulator.world.faults.append(Fault("deny", "/kubernetes/inference-aks/api/v1/pods"))
        wanted = frozenset({"pods::pods_are_scheduled", "cluster::nodes_fit_the_deployment"})
        said = judge(emulator, "audit", wanted, world=WORLD)

    assert said.passes == {"pods::pods_are_scheduled"}
    assert said.errors == {"cluster::nodes_fit_the_deployment"}


def test_reads_of_a_cluster_wait_for_the_way_there_alone() -> None:
    """One step after the connection, all together; only the log of a container that crashed waits for its pod, and
    what is asked of one namespace for the denial of the whole.
    """
    into = {name: fact for name, fact in FACTS.items() if fact.function.__module__ == kubernetes.__name__}
    reading = {name: fact for name, fact in into.items() if Kube in fact.hints.values() and name != "aml_kube"}

    assert {name for name, fact in reading.items() if fact.behind & set(reading)} == {
        "aml_kube_crash_logs",
        "aml_kube_deployment_pods",
    }
    assert len(reading) > 8


def test_what_azure_tells_of_a_cluster_is_one_step_more() -> None:
    """After the compute comes its cluster, and after that one fact: none of them waits for another of these."""
    told = {name: fact for name, fact in FACTS.items() if fact.function.__module__ == cluster.__name__}
    after = {name for name, fact in told.items() if "aml_cluster" in {need.name for need in fact.needs}}

    assert after >= {"aml_node_sets", "aml_machine_sizes", "aml_cluster_network"}
    assert not any({need.name for need in FACTS[name].needs} & after for name in after)
