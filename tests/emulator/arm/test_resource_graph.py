"""Resource Graph as the emulator speaks it, and the changes to a world that its failures need."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from pytest_amlpreflight.emulator import world as worlds
from pytest_amlpreflight.emulator.answers import Answer
from pytest_amlpreflight.emulator.arm.resource_graph import answer
from pytest_amlpreflight.emulator.dns.views import view
from pytest_amlpreflight.emulator.dns.zones import lookup
from pytest_amlpreflight.emulator.failures.changes import make

ZONES = "resources | where type =~ 'microsoft.network/privatednszones'"


@pytest.fixture
def ask(world_path: Path) -> Callable[..., Answer]:
    """Ask the example world's Resource Graph."""
    world = worlds.load(world_path)

    def send(query: str, **more: object) -> Answer:
        return answer(world, json.dumps({"query": query, **more}).encode())

    return send


def test_a_query_gives_the_rows_it_asks_for(ask: Callable[..., Answer]) -> None:
    """Types in lower case, truncation as a text, no token on the last page."""
    body = ask(f"{ZONES} and name =~ 'PRIVATELINK.api.azureml.ms' | project id, type | order by id asc").body

    assert [row["type"] for row in body["data"]] == ["microsoft.network/privatednszones"]
    assert (body["totalRecords"], body["count"], body["resultTruncated"]) == (1, 1, "false")
    assert "$skipToken" not in body


def test_other_subscriptions_are_left_out(ask: Callable[..., Answer]) -> None:
    """The list of subscriptions limits the rows."""
    assert ask(ZONES, subscriptions=["8c52f6a1-0f4f-4b86-b7ad-05a1d5d8a3b9"]).body["data"] == []


def test_pages_follow_each_other(ask: Callable[..., Answer]) -> None:
    """Each token leads on, and together the pages are the whole."""
    whole = ask("resources | project id").body["data"]

    first = ask("resources | project id", options={"$top": 5}).body
    rest = ask("resources | project id", options={"$top": 1000, "$skipToken": first["$skipToken"]}).body

    assert first["data"] + rest["data"] == whole
    assert len(first["data"]) == 5


def test_without_ids_there_is_no_token(ask: Callable[..., Answer]) -> None:
    """What is left over cannot be had, and the answer says that it is cut short."""
    body = ask("resources | project name", options={"$top": 2}).body

    assert body["resultTruncated"] == "true"
    assert "$skipToken" not in body


@pytest.mark.parametrize(
    "query",
    ["policyresources", "resources | summarize count()", "resources | where a > 1", "resources | order by a desc"],
)
def test_what_is_not_spoken_is_refused_loudly(ask: Callable[..., Answer], query: str) -> None:
    """400 with the reason, and a line among what the emulator does not know."""
    refused = ask(query)

    assert (refused.status, refused.body["error"]["details"][0]["code"]) == (400, "InvalidQuery")
    assert refused.unknown


def test_one_resolver_can_be_changed_alone(world_path: Path) -> None:
    """The network's own resolver loses a name that Azure's keeps."""
    world = worlds.load(world_path)
    host = "iris.eastus2.inference.ml.azure.com"

    make(world, world_path, {"host": host, "resolver": "network", "records": None})

    assert lookup(view(world, azure=False), host) is None
    assert "CNAME" in (lookup(view(world, azure=True), host) or {})


def test_a_resource_can_be_added_many_times(world_path: Path) -> None:
    """Each with its number."""
    world = worlds.load(world_path)
    group = "/subscriptions/5f1c2f0e-6c5b-4b1e-9a35-2f4f5d6f0a11/resourceGroups/many-{n}"

    make(world, world_path, {"add": {"id": group, "name": "many-{n}"}, "times": 3})

    assert [one for one in world.documents if "many-" in one] == [
        group.lower().replace("{n}", str(n)) for n in (1, 2, 3)
    ]
