"""One world made into many: everything a member holds is its own, and nothing but names has changed."""

import json
import re
from pathlib import Path
from typing import Any

import pytest

from pytest_amlpreflight.emulator import Emulator, world
from pytest_amlpreflight.emulator.fleet import Fleet

EXAMPLE = Path(__file__).parents[2] / "example_project"
WORLDS = ["world.yml", "world-kubernetes.yml"]
SCHEME = re.compile(r"\b([a-z]\w*)://")


def text_of(world: Any) -> str:
    """All that a world holds."""
    return json.dumps([world.documents, world.collections, world.data_plane], default=str)


@pytest.mark.parametrize("name", WORLDS)
def test_a_member_has_the_resources_of_the_world_under_names_of_its_own(name: str) -> None:
    """No id of one is another's, but what a subscription or the tenant shares."""
    base = world.load(EXAMPLE / name)
    one, other = (Fleet(base, size=3, subscriptions=3).member(number) for number in (1, 2))

    assert len(one.documents) == len(base.documents)
    shared = set(one.documents) & set(other.documents)
    assert all("/resourcegroups/" not in key for key in shared)


@pytest.mark.parametrize("name", WORLDS)
def test_addresses_keep_their_schemes_and_what_stands_at_a_resource_its_name(name: str) -> None:
    """A cluster's extension is called `azureml`, and so begins the address of every asset."""
    base = world.load(EXAMPLE / name)
    member = Fleet(base, size=2).member(1)

    assert set(SCHEME.findall(text_of(member))) == set(SCHEME.findall(text_of(base)))
    names = lambda of: {one["name"] for one in of.of_type("Microsoft.KubernetesConfiguration/extensions")}  # noqa: E731  # a name
    assert names(member) == names(base)


def test_a_fleet_has_no_cluster_that_could_be_looked_into() -> None:
    """The pods of one cluster belong to no member: Resource Manager alone tells of clusters."""
    with Emulator(EXAMPLE / "world-kubernetes.yml", fleet=2) as emulator:
        contexts = Path(emulator.environment["KUBECONFIG"]).read_text(encoding="utf-8")

    assert emulator.cluster_servers == {}
    assert "current-context" not in contexts
    assert "cluster:" not in contexts


def test_names_may_be_words_that_stand_elsewhere_too(tmp_path: Path) -> None:
    """A workspace `ml` and an endpoint `score`: the cloud's hosts, and the path of every scoring URI, stay."""
    text = (EXAMPLE / "world.yml").read_text(encoding="utf-8")
    for name, word in (("contoso-ml", "ml"), ("iris", "score")):
        text = re.sub(rf"(?<![A-Za-z0-9-]){name}(?![A-Za-z0-9-])", word, text)
    path = tmp_path / "world.yml"
    path.write_text(text, encoding="utf-8")

    member = Fleet(world.load(path), size=2).member(1)

    (endpoint,) = member.of_type("Microsoft.MachineLearningServices/workspaces/onlineEndpoints")
    assert endpoint["id"].endswith("/workspaces/ml00001/onlineEndpoints/score00001")
    assert endpoint["properties"]["scoringUri"] == "https://score00001.eastus2.inference.ml.azure.com/score"
