"""One world made into many: everything a member holds is its own, and nothing but names has changed."""

import asyncio
import cProfile
import json
import re
import time
from pathlib import Path
from typing import Any

import pytest

from pytest_amlpreflight.emulator import Emulator, world
from pytest_amlpreflight.emulator.application import Application
from pytest_amlpreflight.emulator.dns.views import view
from pytest_amlpreflight.emulator.dns.zones import lookup
from pytest_amlpreflight.emulator.entra import tokens
from pytest_amlpreflight.emulator.failures import apply, load
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


def test_a_failure_of_one_member_has_the_member_s_names() -> None:
    """Whatever it names: a host with its secrets, a record of DNS, an operation."""
    broken = []
    for name in ("secret-absent", "custom-dns-answers-publicly", "deployment-failed-image-build"):
        broken.append(world.load(EXAMPLE / "world.yml"))
        apply(broken[-1], load(name))

    fleet = Fleet(world.load(EXAMPLE / "world.yml"), size=4, broken=tuple(broken))

    members = [fleet.member(number) for number in range(4)]
    secrets = [member.held_by(f"contoso-ml-kv{at:05}.vault.azure.net")["secrets"] for at, member in enumerate(members)]
    assert [list(held) for held in secrets] == [[], *[["greenhouse-key"]] * 3]
    hosts = [f"iris{at:05}.eastus2.inference.ml.azure.com" for at in range(4)]
    records = [lookup(view(member, azure=False), host) for member, host in zip(members, hosts, strict=True)]
    assert [list(record) for record in records] == [["CNAME"], ["A"], ["CNAME"], ["CNAME"]]
    operations = "Microsoft.MachineLearningServices/locations/mfeOperationsStatus"
    assert [len([*member.of_type(operations)]) for member in members] == [0, 0, 1, 0]


ASKED = {
    "the state of a diagnosis": "{provider}/locations/eastus2/workspaceOperationsStatus/{operation}"
    "?api-version=2024-10-01&type=location",
    "what a principal is assigned": "{subscription}/providers/Microsoft.Authorization/roleAssignments"
    "?api-version=2022-04-01&$filter=assignedTo('{principal}')",
    "the resource providers": "{subscription}/providers?api-version=2021-04-01",
}


@pytest.mark.parametrize("asked", ASKED.values(), ids=ASKED)
def test_an_answer_costs_no_more_in_a_large_subscription(asked: str) -> None:
    """Of 20 workspaces or of 200: the same number of calls, once the first question has put things in order."""
    assert _calls(size=200, asked=asked) < 1.1 * _calls(size=20, asked=asked)


def _calls(size: int, asked: str) -> int:
    """How many functions an answer calls in a subscription of so many workspaces."""
    fleet = Fleet(world.load(EXAMPLE / "world.yml"), size=size)
    (workspace,) = fleet.member(3).of_type("Microsoft.MachineLearningServices/workspaces")
    subscription = "/".join(workspace["id"].split("/")[:3])
    diagnosis = f"{workspace['id']}/diagnose?api-version=2024-10-01"
    application = Application(fleet.world_of, latency=0, own_url=lambda: "http://localhost:443")
    started = asyncio.run(_ask(application, "POST", diagnosis))
    question = asked.format(
        subscription=subscription,
        provider=f"{subscription}/providers/Microsoft.MachineLearningServices",
        operation=started["location"].partition("?")[0].rpartition("/")[2],
        principal=workspace["identity"]["principalId"],
    )
    asyncio.run(_ask(application, "GET", question))
    profile = cProfile.Profile()
    profile.runcall(asyncio.run, _ask(application, "GET", question))
    return sum(entry.callcount for entry in profile.getstats())


async def _ask(application: Application, method: str, url: str) -> dict[str, str]:
    """Ask as the server does; the headers of the answer."""
    path, _, query = url.partition("?")
    token = tokens.issue(
        application.world_of("localhost", None), "https://management.azure.com", int(time.time()) + 600
    )
    scope = {
        "type": "http",
        "client": ("127.0.0.1", 0),
        "method": method,
        "path": path,
        "raw_path": path.encode(),
        "query_string": query.encode(),
        "headers": [(b"host", b"localhost"), (b"authorization", f"Bearer {token}".encode())],
    }
    sent = list[dict[str, Any]]()

    async def receive() -> dict[str, Any]:
        return {"type": "http.request", "body": b"", "more_body": False}

    async def send(message: dict[str, Any]) -> None:
        sent.append(message)

    await application(scope, receive, send)
    assert sent[0]["status"] in (200, 202), sent
    return {name.decode(): value.decode() for name, value in sent[0]["headers"]}
