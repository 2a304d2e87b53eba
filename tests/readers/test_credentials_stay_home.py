"""No credential goes to a host that is not of the cloud it was issued for, whoever names that host."""

import json
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from wire import HOME, PUBLIC, Answer, Wire, arm_on

from pytest_amlpreflight.facts.resources.container_image import ContainerImage, parse_image
from pytest_amlpreflight.facts.resources.credential import ScoringCredential
from pytest_amlpreflight.facts.resources.endpoint import LIVE, Endpoint
from pytest_amlpreflight.facts.unreached import HostUnreached, Unreached
from pytest_amlpreflight.facts.unread import FactUnreadable
from pytest_amlpreflight.readers.connection.arm import Arm
from pytest_amlpreflight.readers.connection.azure import Azure, ConnectionSettings
from pytest_amlpreflight.readers.connection.cloud import CLOUDS, STORAGE_AUDIENCE, read_cloud
from pytest_amlpreflight.readers.connection.data_plane import DataPlane
from pytest_amlpreflight.readers.connection.home import stray
from pytest_amlpreflight.readers.connection.pipeline import http_session
from pytest_amlpreflight.readers.resources.image_manifest import read_image
from pytest_amlpreflight.readers.resources.scoring import Question, score

THIEF = "https://thief.example"
GROUP = "/subscriptions/s/resourceGroups/g"

POLICY_STATES = f"{GROUP}/providers/Microsoft.PolicyInsights/policyStates/latest/queryResults"


def listing(arm: Arm) -> object:
    """A list, page by page."""
    return arm.list(GROUP, "2021-04-01", "resource group g")


def query(arm: Arm) -> object:
    """A query, page by page."""
    return arm.post_list(POLICY_STATES, "2021-04-01", "resource group g")


def operation(arm: Arm) -> object:
    """A long-running operation."""
    return arm.post(POLICY_STATES, "2021-04-01", {}, "resource group g")


def document(arm: Arm) -> object:
    """One document."""
    return arm.get(GROUP, "2021-04-01", "resource group g")


FOREIGN = (
    THIEF,
    "http://management.azure.com",
    "https://management.azure.com.thief.example",
    "https://management.azure.com@thief.example",
    r"https://thief.example\.management.azure.com",
    "https://evilmanagement.azure.com",
)


def page(link: str) -> Callable[[str], Answer]:
    """An empty page whose member `link` says where the next one is."""
    return lambda place: (200, {}, json.dumps({"value": [], link: f"{place}/next"}))


def accepted(place: str) -> Answer:
    """An operation that takes its time."""
    return 202, {"Location": f"{place}/operation", "Retry-After": "0"}, ""


@pytest.mark.parametrize("place", FOREIGN)
@pytest.mark.parametrize(
    ("read", "answer"), [(listing, page("nextLink")), (query, page("@odata.nextLink")), (operation, accepted)]
)
def test_an_answer_of_resource_manager_does_not_lead_the_token_away(
    place: str, read: Callable[[Arm], object], answer: Callable[[str], Answer]
) -> None:
    """The next page and the operation are asked for at the cloud's own host, or not at all; the host is named."""
    wire = Wire({f"{HOME}{GROUP}": answer(place)})

    with pytest.raises(FactUnreadable, match=r"ForeignHost[\s\S]*no credential goes to \S+.*, only to https://manage"):
        read(arm_on(wire))

    assert {host for host, _ in wire.asked} == {"management.azure.com"}


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
@pytest.mark.parametrize("place", [*FOREIGN, HOME])
@pytest.mark.parametrize("read", [listing, query, operation, document])
def test_a_redirect_is_not_followed(read: Callable[[Arm], object], place: str, status: int) -> None:
    """Azure's own interfaces send none to a reader; whoever does is not Azure."""
    wire = Wire({f"{HOME}{GROUP}": (status, {"Location": f"{place}/elsewhere"}, "")})

    with pytest.raises(FactUnreadable, match=f"HTTP {status} Redirected"):
        read(arm_on(wire))

    assert len(wire.asked) == 1


@pytest.mark.parametrize("place", [HOME, "https://eastus.management.azure.com", "https://MANAGEMENT.azure.com:443"])
def test_resource_managers_own_hosts_are_followed(place: str) -> None:
    """The regional ones are the cloud's own."""
    wire = Wire({f"{HOME}{GROUP}": (200, {}, f'{{"value": [], "nextLink": "{place}/next"}}')})

    assert listing(arm_on(wire)) == []
    assert [token for _, token in wire.asked] == ["Bearer secret", "Bearer secret"]


def test_a_password_of_a_netrc_file_takes_no_tokens_place(tmp_path: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """Requests would send it instead of the token."""
    (tmp_path / "netrc").write_text("machine management.azure.com login me password private")
    monkeypatch.setenv("NETRC", str(tmp_path / "netrc"))
    wire = Wire({})

    listing(arm_on(wire))

    assert wire.asked == [("management.azure.com", "Bearer secret")]


HOSTS = {
    PUBLIC.key_vault_audience: "kv.vault.azure.net",
    PUBLIC.registry_audience: "acr.azurecr.io",
    PUBLIC.machine_learning_audience: "iris.eastus.inference.ml.azure.com",
    PUBLIC.audience: "eastus.api.azureml.ms",
    STORAGE_AUDIENCE: "store.blob.core.windows.net",
}


CYRILLIC_E = "\u0435"


def tricks(host: str) -> list[str]:
    """Addresses that look like that host, and are another's or in the clear."""
    return [
        f"http://{host}/",
        f"https://{host}.thief.example/",
        f"https://{host}@thief.example/",
        f"https://thief.example?.{host}/",
        f"https://thief.example#.{host}/",
        f"https://thief.example\\.{host}/",
        f"https://thief.example\t.{host}/",
        f"https://thief{host.replace('.', '-', host.count('.') - 1)}/",
        f"//{host}/",
        "https://[::1]/",
        "https://169.254.169.254/",
        f"https://{host.replace('e', CYRILLIC_E)}/",
        "",
    ]


@pytest.mark.parametrize("cloud", CLOUDS.values(), ids=CLOUDS)
def test_every_audience_has_a_home(cloud: Any) -> None:
    """A token whose home nobody knows would go nowhere."""
    audiences = (cloud.audience, cloud.machine_learning_audience, cloud.key_vault_audience, cloud.registry_audience)

    assert all(cloud.homes(audience) for audience in (*audiences, STORAGE_AUDIENCE))
    assert cloud.homes("https://unknown.example") == ()


@pytest.mark.parametrize(("audience", "host"), HOSTS.items())
def test_a_token_goes_home(audience: str, host: str) -> None:
    """With or without the port that https has anyway."""
    assert stray(f"https://{host}/path", PUBLIC.homes(audience)) is None
    assert stray(f"https://{host.upper()}:443?query", PUBLIC.homes(audience)) is None


@pytest.mark.parametrize(("audience", "url"), [(a, url) for a, host in HOSTS.items() for url in tricks(host)])
@pytest.mark.parametrize("kind", ["audience", "carries"])
def test_a_token_goes_nowhere_else(audience: str, url: str, kind: str) -> None:
    """Nor is it fetched for such an address, which may be of a pull request's author."""

    def token(_: str) -> str:
        raise AssertionError("a token was fetched")

    plane = DataPlane(token, PUBLIC.homes, lambda host: pytest.fail(f"{host} was looked up"), timeout=1)
    target: dict[str, Any] = {kind: audience}

    with pytest.raises(HostUnreached, match="ForeignHost") as caught:
        plane.send("GET", url, **target)

    assert caught.value.why is Unreached.FOREIGN


@pytest.mark.parametrize("name", ["thief.example?x.azurecr.io/iris:1", "thief.example#x.azurecr.io/iris:1"])
def test_an_image_of_a_pull_request_gets_no_token(name: str) -> None:
    """Its registry is read from the text, and only looks like one of Azure."""
    plane = DataPlane(lambda _: "secret", PUBLIC.homes, lambda host: pytest.fail(f"{host} was asked"), timeout=1)
    image = replace(_image(), host=name.partition("/")[0])

    with pytest.raises(FactUnreadable, match="ForeignHost"):
        read_image(plane, PUBLIC, image)


def _image() -> ContainerImage:
    found = parse_image("contosomlacr.azurecr.io/iris:1")
    assert isinstance(found, ContainerImage)
    return found


KEY = ScoringCredential("the primary key", "secret")
ENTRA = ScoringCredential("the Entra token", "secret", wanted_audience=PUBLIC.machine_learning_audience)


@pytest.mark.parametrize(
    ("uri", "compute", "credential"),
    [
        (f"{THIEF}/score", None, KEY),
        ("http://iris.eastus.inference.ml.azure.com/score", None, KEY),
        (f"{THIEF}/score", None, ENTRA),
        ("http://20.252.36.41/score", "/cluster", ENTRA),
        (f"{THIEF}/score", "/cluster", ENTRA),
    ],
)
def test_a_scoring_uri_elsewhere_gets_no_credential(uri: str, compute: str | None, credential: Any) -> None:
    """A managed endpoint is beneath its cloud's suffix; an Entra token leaves the cloud for no cluster."""
    azure = Azure(ConnectionSettings())
    endpoint = Endpoint("iris", LIVE, "Key", compute=compute, scoring_uri=uri)

    call = score(azure, endpoint, Question(b"{}", credential), timeout=1)

    assert call.unreached is Unreached.FOREIGN
    assert "no credential goes to" in call.detail


@pytest.mark.parametrize(
    ("answer", "match"),
    [
        ((302, {"Location": THIEF}, ""), "HTTP 302 MetadataUnavailable"),
        (
            (200, {}, '{"resourceManager": "http://arm", "authentication": {"loginEndpoint": "https://l"}}'),
            "not an https",
        ),
    ],
)
def test_cloud_metadata_sends_no_token_into_the_clear(answer: Answer, match: str) -> None:
    """They say where Resource Manager is, so a redirect is not taken, and an address without TLS is refused."""
    session = http_session()
    session.mount("https://", Wire({"https://metadata": answer}))

    with pytest.raises(FactUnreadable, match=match):
        read_cloud("https://metadata/endpoints", session, 1)
