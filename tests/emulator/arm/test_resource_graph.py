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

OWN_URL = "https://localhost:443"
ZONES = "resources | where type =~ 'microsoft.network/privatednszones'"


@pytest.fixture
def ask(world_path: Path) -> Callable[..., Answer]:
    """Ask the example world's Resource Graph."""
    world = worlds.load(world_path)

    def send(query: str, **more: object) -> Answer:
        return answer(world, "2021-03-01", json.dumps({"query": query, **more}).encode(), OWN_URL)

    return send


def test_a_query_gives_the_rows_it_asks_for(ask: Callable[..., Answer]) -> None:
    """Types in lower case, truncation as a text, no token on the last page."""
    body = ask(f"{ZONES} and name =~ 'PRIVATELINK.api.azureml.ms' | project id, type | order by id asc").body

    assert [row["type"] for row in body["data"]] == ["microsoft.network/privatednszones"]
    assert (body["totalRecords"], body["count"], body["resultTruncated"]) == (1, 1, "false")
    assert "$skipToken" not in body


def test_other_subscriptions_are_left_out(ask: Callable[..., Answer]) -> None:
    """The list of subscriptions limits the rows; where the caller sees none of them, it is refused."""
    other = "8c52f6a1-0f4f-4b86-b7ad-05a1d5d8a3b9"
    whole = ask(ZONES).body["data"]
    seen = whole[0]["subscriptionId"]

    refused = ask(ZONES, subscriptions=[other])

    assert ask(ZONES, subscriptions=[other, seen]).body["data"] == whole
    assert (refused.status, refused.body["error"]["details"][0]["code"]) == (403, "AccessDenied")


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
    ("query", "rows"),
    [
        ("where type == 'microsoft.keyvault/vaults' | project name", [{"name": "contoso-ml-kv"}]),
        ("where type == 'Microsoft.KeyVault/vaults' | project name", []),
        ("where name in ('contoso-ml-kv', 'x') | count", [{"Count": 1}]),
        ("where name !in~ ('CONTOSO-ML-KV') and type contains 'keyvault' | count", [{"Count": 0}]),
        (
            "where name startswith 'contoso' and not(type has 'network') | top 1 by name desc | project name",
            [{"name": "contosomlstore"}],
        ),
        (
            "where type has 'keyvault' | summarize n = count() by location, resourceGroup",
            [{"location": "eastus2", "resourceGroup": "ml-prod", "n": 1}],
        ),
        (
            "where type has 'keyvault' | extend open = properties.networkAcls.defaultAction =~ 'allow' | project open",
            [{"open": False}],
        ),
        (
            "where type has 'keyvault' | project tostring(properties.networkAcls['bypass'])",
            [{"properties_networkAcls_bypass": "AzureServices"}],
        ),
        (
            "where type endswith '/vaults' or type endswith 'components' | order by name asc | take 1 | project name",
            [{"name": "contoso-ml-ai"}],
        ),
        (
            "where properties.softDeleteRetentionInDays > 30 and not(properties.nothing > 1) | project name",
            [{"name": "contoso-ml-kv"}],
        ),
        (
            "where properties.publicNetworkAccess =~ 'disabled' | distinct type | order by type asc",
            [
                {"type": "microsoft.containerregistry/registries"},
                {"type": "microsoft.machinelearningservices/workspaces"},
                {"type": "microsoft.machinelearningservices/workspaces/onlineendpoints"},
            ],
        ),
        (
            "where type has 'keyvault' | join kind=leftouter (resourcecontainers | where type endswith 'subscriptions' "
            "| project subscriptionId, owner = name) on subscriptionId | project name, owner",
            [{"name": "contoso-ml-kv", "owner": "Contoso production"}],
        ),
        (
            "where type endswith '/workspaces' | extend v = split(tolower(properties.keyVault), '/') | join kind=inner "
            "(resources | extend v = split(tolower(id), '/')) on $left.v == $right.v | project name, name1",
            [{"name": "contoso-ml", "name1": "contoso-ml-kv"}],
        ),
    ],
)
def test_the_language_is_spoken_as_far_as_tools_ask(ask: Callable[..., Answer], query: str, rows: object) -> None:
    """Filters, columns, orders, counts and joins, with and without regard to case as each operator has it."""
    assert ask(f"resources | {query}").body["data"] == rows


def test_an_answer_may_be_a_table(ask: Callable[..., Answer]) -> None:
    """Columns with their types, and rows without names."""
    data = ask(f"{ZONES} | project name, properties", options={"resultFormat": "table"}).body["data"]

    assert data["columns"] == [{"name": "name", "type": "string"}, {"name": "properties", "type": "object"}]
    assert data["rows"][0][0] == "privatelink.api.azureml.ms"


def test_rows_are_those_that_the_caller_may_read(world_path: Path) -> None:
    """Nothing for a caller without a role: an empty answer, not a refusal."""
    world = worlds.load(world_path)
    for one in list(world.of_type("Microsoft.Authorization/roleAssignments")):
        world.remove(one["id"])

    assert answer(world, "2021-03-01", json.dumps({"query": "resources"}).encode(), OWN_URL).body["totalRecords"] == 0


@pytest.mark.parametrize(
    "query",
    [
        "securityresources",
        "resources | summarize stdev(a)",
        "resources | where a ** 1",
        "resources | join kind=fullouter (resources) on id",
        "resources | project",
        "resources | where (name == 'a'",
    ],
)
def test_what_is_not_spoken_is_refused_loudly(ask: Callable[..., Answer], query: str) -> None:
    """400 with the reason, and a line among what the emulator does not know."""
    refused = ask(query)

    assert (refused.status, [one["code"] for one in refused.body["error"]["details"]]) == (
        400,
        ["InvalidQuery", "ParserFailure"],
    )
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
