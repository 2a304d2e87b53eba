"""Scoring through the real stack: credentials by auth mode, what is sent, and what is kept of an answer."""

import re
import socket
import threading
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import pytest

from pytest_amlpreflight.facts.resources.credential import ScoringCredential
from pytest_amlpreflight.facts.resources.endpoint import LIVE, Endpoint
from pytest_amlpreflight.facts.resources.scoring import Response, Sample, ScoringCall
from pytest_amlpreflight.facts.unreached import Unreached
from pytest_amlpreflight.facts.unread import FactUnreadable
from pytest_amlpreflight.readers.connection.azure import Azure
from pytest_amlpreflight.readers.resources.endpoint import read_endpoint
from pytest_amlpreflight.readers.resources.scoring import (
    EMPTY,
    Question,
    decided,
    from_a_browser,
    read_scoring_credential,
    score,
    strangers,
    with_sample,
)

ENDPOINT = "onlineEndpoints/iris"
HOST = "iris.eastus2.inference.ml.azure.com"


@pytest.fixture
def connect(world: Any) -> Callable[[], Azure]:
    """Serve the world, canned, and connect to it and to the hosts of its data plane."""

    def connected() -> Azure:
        world.sections["data_plane"].pop(HOST)
        return served(world)

    return connected


def served(world: Any) -> Azure:
    """A connection that takes the world's resolver, and reaches every host of its data plane."""
    azure = world.connect()
    rules = tuple(world.emulator.connect_to.split())
    return Azure(replace(azure.settings, dns_server=world.emulator.dns_server, connect_to=rules))


def asked(azure: Azure, world: Any, **changes: Any) -> ScoringCall:
    """The sample, sent to the world's endpoint with its own credentials."""
    endpoint = read_endpoint(azure.arm, world.workspace_id, "iris")
    credential = read_scoring_credential(azure, world.workspace_id, endpoint)
    return score(azure, endpoint, replace(Question(b"[5.1]", credential), **changes), timeout=5)


@pytest.mark.parametrize(
    ("mode", "kind"),
    [("Key", "the primary key"), ("AMLToken", "the Azure ML token"), ("AADToken", "the Entra token")],
)
def test_credentials_come_by_the_endpoints_auth_mode(
    world: Any, connect: Callable[[], Azure], mode: str, kind: str
) -> None:
    """Whatever the mode, the endpoint accepts what was fetched for it."""
    world.properties(ENDPOINT)["authMode"] = mode

    call = asked(connect(), world)

    assert (call.credential, call.credential_flaw) == (kind, None)
    assert call.response is not None
    assert call.response.status == 200


def test_an_entra_token_is_for_this_clouds_machine_learning(world: Any, connect: Callable[[], Azure]) -> None:
    """azure-ai-ml asks for the public cloud's audience everywhere; elsewhere that token is refused."""
    world.sections["cloud"] = "AzureUSGovernment"
    world.properties(ENDPOINT)["authMode"] = "AADToken"
    azure = connect()

    credential = read_scoring_credential(
        azure, world.workspace_id, read_endpoint(azure.arm, world.workspace_id, "iris")
    )

    assert credential.audience == "https://ml.azure.us"
    assert credential.flaw(now=0) is None


def test_an_unknown_auth_mode_is_unreadable(world: Any, connect: Callable[[], Azure]) -> None:
    """A mode that Azure adds later is not taken for one that we know."""
    world.properties(ENDPOINT)["authMode"] = "Passkey"

    with pytest.raises(FactUnreadable, match="UnexpectedShape") as problem:
        asked(connect(), world)

    assert "'Passkey'" in problem.value.detail


def test_keys_that_may_not_be_listed_are_unreadable_and_name_the_permission(
    world: Any, connect: Callable[[], Azure]
) -> None:
    """The caller learns which action would have answered."""
    world.fault("deny", "*/listkeys")

    with pytest.raises(FactUnreadable, match="the keys of endpoint iris") as problem:
        asked(connect(), world)

    assert problem.value.permission == "Microsoft.MachineLearningServices/workspaces/onlineEndpoints/listKeys/action"


def test_a_request_is_traced_by_an_id_that_azure_keeps_whole(world: Any, connect: Callable[[], Azure]) -> None:
    """Letters, digits and dashes, at most 40: what is longer would be cut. The service's own id comes back too."""
    call = asked(connect(), world)

    assert re.fullmatch(r"amlpreflight-[A-Za-z0-9_-]{1,27}", call.client_request_id)
    assert call.response is not None
    assert call.response.headers["x-ms-client-request-id"] == call.client_request_id
    assert call.response.request_id in call.trace


def test_a_deployment_is_asked_past_the_traffic_rules(world: Any, connect: Callable[[], Azure]) -> None:
    """The router sends nothing to blue, and blue answers."""
    world.properties(ENDPOINT)["traffic"] = {}
    azure = connect()

    routed, chosen = asked(azure, world), asked(azure, world, deployment="blue")

    assert routed.response is not None
    assert chosen.response is not None
    assert (routed.response.status, chosen.response.status) == (404, 200)
    assert chosen.response.deployment == "blue"


def test_trailers_are_kept(world: Any, connect: Callable[[], Azure]) -> None:
    """http.client and urllib3 drop them; the bandwidth delay is nowhere else."""
    trailers = {"ms-azureml-bandwidth-request-delay-ms": "120", "ms-azureml-bandwidth-response-delay-ms": "80"}
    world.fault("add", "*/score", trailers=trailers)

    call = asked(connect(), world)

    assert call.response is not None
    assert call.response.trailers == trailers
    assert call.response.bandwidth_delay == pytest.approx(0.2)
    assert call.response.json() == {"echo": "[5.1]"}


def test_strangers_send_nothing_of_yours_and_are_refused(world: Any, connect: Callable[[], Azure]) -> None:
    """Without credentials, and with a key that is none."""
    azure = connect()
    endpoint = read_endpoint(azure.arm, world.workspace_id, "iris")

    calls = [decided(score(azure, endpoint, question, timeout=5)) for question in strangers()]

    assert [question.body for question in strangers()] == [EMPTY, EMPTY]
    assert [call.response.status for call in calls if call.response] == [401, 401]


@pytest.mark.parametrize("status", [404, 429, 500, 503])
def test_an_endpoint_that_is_down_has_not_decided_on_strangers(status: int) -> None:
    """Nothing that was not looked at passes."""
    call = ScoringCall(f"https://{HOST}/score", "amlpreflight-1", Response(status))

    with pytest.raises(FactUnreadable, match=f"how {HOST} meets strangers is unreadable: HTTP {status} NotDecided"):
        decided(call)


def test_a_host_that_is_silent_has_not_decided_on_strangers() -> None:
    """Nor has one that cannot be reached; one without a name is left to the check that answers for it."""
    unnamed = ScoringCall(f"https://{HOST}/score", "amlpreflight-1", unreached=Unreached.NAME)

    with pytest.raises(FactUnreadable, match="ConnectionRefused"):
        decided(replace(unnamed, unreached=Unreached.REFUSED))
    assert decided(unnamed) is unnamed


def test_a_browsers_preflight_has_no_answer_that_lets_it_go_on(world: Any, connect: Callable[[], Azure]) -> None:
    """Endpoints do not speak CORS. No credentials go along."""
    azure = connect()
    endpoint = read_endpoint(azure.arm, world.workspace_id, "iris")

    call = score(azure, endpoint, from_a_browser("https://app.contoso.com"), timeout=5)

    assert (call.method, call.credential) == ("OPTIONS", "no credentials")
    assert call.response is not None
    assert "access-control-allow-origin" not in call.response.headers


@pytest.mark.parametrize(
    ("certificate", "why"),
    [("another_name", Unreached.CERTIFICATE_NAME), ("untrusted", Unreached.CERTIFICATE_TRUST)],
)
def test_a_wrong_certificate_is_told_by_what_is_wrong_with_it(world: Any, certificate: str, why: Unreached) -> None:
    """Another name means another host; an unknown authority means a proxy in between."""
    world.sections["data_plane"][HOST] = {"certificate": certificate}

    call = asked(served(world), world)

    assert (call.response, call.unreached) == (None, why)


@pytest.mark.parametrize(("kind", "why"), [("reset", Unreached.RESET), ("truncate", Unreached.RESET)])
def test_a_connection_that_breaks_off_is_no_answer(
    world: Any, connect: Callable[[], Azure], kind: str, why: Unreached
) -> None:
    """Before the first byte or in the middle of the body."""
    world.fault(kind, "*/score")

    call = asked(connect(), world)

    assert (call.response, call.unreached) == (None, why)


def test_a_name_without_an_address_is_no_answer(world: Any, connect: Callable[[], Azure]) -> None:
    """The resolver's words are kept."""
    world.sections["dns"]["zones"]["eastus2.inference.ml.azure.com"] = {}

    call = asked(connect(), world)

    assert call.unreached is Unreached.NAME


def test_a_kubernetes_endpoint_is_asked_over_plain_http_by_its_address(
    world: Any, connect: Callable[[], Azure]
) -> None:
    """Its scoring URI holds an address and no TLS."""
    world.properties(ENDPOINT)["compute"] = f"{world.workspace_id}/computes/inference-cluster"
    world.properties(ENDPOINT)["scoringUri"] = "http://20.252.36.41/api/v1/endpoint/iris/score"

    call = asked(connect(), world)

    assert call.response is not None
    assert call.response.status == 200
    assert (call.host, call.port) == ("20.252.36.41", 80)


@pytest.fixture
def silent_port() -> Iterator[int]:
    """A port of this machine that accepts connections and says nothing."""
    listener = socket.create_server(("127.0.0.1", 0))
    stopped = threading.Event()

    def serve() -> None:
        held = []
        while not stopped.is_set():
            try:
                held.append(listener.accept()[0])
            except OSError:
                break
        for one in held:
            one.close()

    thread = threading.Thread(target=serve, daemon=True)
    thread.start()
    yield listener.getsockname()[1]
    stopped.set()
    listener.close()


def test_a_model_that_says_nothing_is_a_timeout(silent_port: int, world: Any, connect: Callable[[], Azure]) -> None:
    """Ours, and told apart from a connection that is not accepted."""
    endpoint = Endpoint("iris", LIVE, "Key", scoring_uri=f"http://127.0.0.1:{silent_port}/score")
    azure = Azure(replace(connect().settings, connect_to=()))

    call = score(azure, endpoint, Question(EMPTY), timeout=0.2)

    assert call.unreached is Unreached.TIMEOUT
    assert call.timed_out


def test_a_port_that_nobody_listens_on_refuses(world: Any, connect: Callable[[], Azure]) -> None:
    """An address that belongs to something else, or nothing behind it."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    endpoint = Endpoint("iris", LIVE, "Key", scoring_uri=f"http://127.0.0.1:{port}/score")
    azure = Azure(replace(connect().settings, connect_to=()))

    call = score(azure, endpoint, Question(EMPTY), timeout=1)

    assert call.unreached is Unreached.REFUSED


def test_secrets_and_samples_are_shown_nowhere(tmp_path: Any) -> None:
    """What is printed by accident holds neither the key nor the data."""
    credential = ScoringCredential("the primary key", "s3cret")
    sample = Sample(tmp_path / "sample-request.json", b"private")

    shown = repr((credential, sample, with_sample(sample, credential)))

    assert "s3cret" not in shown
    assert "private" not in shown


@pytest.mark.parametrize(
    ("credential", "flaw"),
    [
        (ScoringCredential("k", "abc"), None),
        (ScoringCredential("k", "abc", expires_on=999), "it has expired"),
        (ScoringCredential("k", "abc", expires_on=1001), None),
        (ScoringCredential("k", "a b"), "it is malformed"),
        (ScoringCredential("k", ""), "it is malformed"),
        (
            ScoringCredential("k", "abc", audience="https://a/", wanted_audience="https://b"),
            "it is for https://a/, not for https://b",
        ),
        (ScoringCredential("k", "abc", audience="https://a/", wanted_audience="https://a"), None),
    ],
)
def test_what_is_wrong_with_credentials_can_be_seen(credential: ScoringCredential, flaw: str | None) -> None:
    """Before anybody refuses them."""
    assert credential.flaw(now=1000) == flaw
