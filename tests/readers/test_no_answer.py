"""A 200 that is not the answer is not an answer: every reader refuses a body that says nothing of what was asked."""

import json
from collections.abc import Callable

import pytest
from wire import PUBLIC, Wire, arm_on, plane_on

from pytest_amlpreflight.facts.resource_id import parse_resource_id
from pytest_amlpreflight.facts.resources.container_image import parse_image
from pytest_amlpreflight.facts.resources.container_log import Container
from pytest_amlpreflight.facts.resources.scoring import Response, ScoringCall
from pytest_amlpreflight.facts.unread import FactUnreadable
from pytest_amlpreflight.readers.connection.resource_graph import query
from pytest_amlpreflight.readers.resources.access import read_role
from pytest_amlpreflight.readers.resources.asset import asset_reference, read_environment, read_model, workspace_store
from pytest_amlpreflight.readers.resources.container_log import read_container_log
from pytest_amlpreflight.readers.resources.diagnosis import read_diagnosis
from pytest_amlpreflight.readers.resources.image_manifest import read_image
from pytest_amlpreflight.readers.resources.policy import read_denied_states
from pytest_amlpreflight.readers.resources.quota import read_usages, read_vm_sizes
from pytest_amlpreflight.readers.resources.scoring import decided, of_another
from pytest_amlpreflight.readers.resources.subscription import read_locks, read_providers

WORKSPACE = parse_resource_id(
    "/subscriptions/s/resourceGroups/g/providers/Microsoft.MachineLearningServices/workspaces/w"
)
assert WORKSPACE is not None

Read = Callable[[Wire], object]

READS: dict[str, Read] = {
    "usages": lambda wire: read_usages(arm_on(wire), "s", "eastus"),
    "machine sizes": lambda wire: read_vm_sizes(arm_on(wire), "s", "eastus"),
    "providers": lambda wire: read_providers(arm_on(wire), "s"),
    "locks": lambda wire: read_locks(arm_on(wire), "s"),
    "role definition": lambda wire: read_role(arm_on(wire), f"{WORKSPACE}/roleDefinitions/r"),
    "policy states": lambda wire: read_denied_states(arm_on(wire), WORKSPACE),
    "diagnosis": lambda wire: read_diagnosis(arm_on(wire), WORKSPACE),
    "logs": lambda wire: read_container_log(arm_on(wire), WORKSPACE, "e", "d", Container.INFERENCE_SERVER),
    "Resource Graph": lambda wire: query(arm_on(wire), "resources", "the resources"),
    "model": lambda wire: _asset(wire, "models", read_model, "azureml:m:1"),
    "latest model": lambda wire: _asset(wire, "models", read_model, "azureml:m@latest"),
    "environment": lambda wire: _asset(wire, "environments", read_environment, "azureml:m:1"),
    "manifest": lambda wire: read_image(plane_on(wire), PUBLIC, parse_image("mcr.microsoft.com/azureml/base:1")),
}
"""Readers that pass a check on what is *not* in an answer."""

ROWS = ("usages", "machine sizes", "providers")
"""Those of which Azure always has some."""

NO_ANSWER = {
    "an error": json.dumps({"error": {"code": "InternalServerError", "message": "Not now."}}),
    "an empty object": "{}",
    "another object": json.dumps({"status": "ok"}),
    "a list": "[]",
    "null": "null",
    "a number": "17",
    "a text": '"ok"',
    "a page": "<html>Please sign in</html>",
    "nothing": "",
}


def _asset(wire: Wire, kind: str, read: Callable[..., object], text: str) -> object:
    reference = asset_reference(text)
    assert reference is not None
    return read(workspace_store(arm_on(wire), WORKSPACE, kind), reference, named_by="the spec")


@pytest.mark.parametrize("body", NO_ANSWER)
@pytest.mark.parametrize("read", READS)
def test_a_success_without_the_answer_is_unreadable(read: str, body: str) -> None:
    """Neither a pass nor an absence: what came says nothing of what was asked."""
    wire = Wire({"https://": (200, {}, NO_ANSWER[body])})

    with pytest.raises(FactUnreadable):
        READS[read](wire)


@pytest.mark.parametrize("read", ROWS)
def test_what_azure_always_has_rows_of_is_never_empty(read: str) -> None:
    """An empty list would read as nothing used, nothing offered, nothing registered."""
    wire = Wire({"https://": (200, {}, '{"value": []}')})

    with pytest.raises(FactUnreadable, match="value is empty, and Azure always has rows here"):
        READS[read](wire)


@pytest.mark.parametrize("status", [202, 204, 206, 226])
@pytest.mark.parametrize("read", READS)
def test_another_success_is_no_answer(read: str, status: int) -> None:
    """Half of a document is none; nor is a promise without a place to ask at."""
    wire = Wire({"https://": (status, {}, '{"value": [], "schemaVersion": 2}')})

    with pytest.raises(FactUnreadable):
        READS[read](wire)


@pytest.mark.parametrize("status", [404, 418])
@pytest.mark.parametrize("body", NO_ANSWER)
@pytest.mark.parametrize("read", READS)
def test_a_refusal_that_says_nothing_makes_nothing_absent(read: str, body: str, status: int) -> None:
    """Azure's own 404 has a code; without one a proxy or a wrong address answered."""
    if body == "an error":
        return
    wire = Wire({"https://": (status, {}, NO_ANSWER[body])})

    with pytest.raises(FactUnreadable, match=f"HTTP {status}|MalformedAnswer"):
        READS[read](wire)


def test_an_image_that_is_missing_is_said_by_its_registry() -> None:
    """With one of the registry's own codes."""
    missing = json.dumps({"errors": [{"code": "MANIFEST_UNKNOWN", "message": "manifest unknown"}]})

    found = read_image(
        plane_on(Wire({"https://": (404, {}, missing)})), PUBLIC, parse_image("mcr.microsoft.com/azureml/base:1")
    )

    assert found.missing == "MANIFEST_UNKNOWN"


def call(status: int, **headers: str) -> ScoringCall:
    """A stranger's call with that answer."""
    given = {name.replace("_", "-"): value for name, value in headers.items()}
    return ScoringCall("https://e/score", "id", response=Response(status, given, b"", 0.1))


@pytest.mark.parametrize("status", [302, 400, 404, 405, 408, 409, 413, 418, 429, 500, 502, 503, 504])
def test_what_a_gateway_answers_by_itself_decides_nothing_about_strangers(status: int) -> None:
    """Nobody looked at the credentials yet, so that nobody was let in."""
    with pytest.raises(FactUnreadable, match=f"HTTP {status} NotDecided"):
        decided(call(status))


@pytest.mark.parametrize(
    "answer", [call(200), call(401), call(403), call(424), call(400, azureml_model_deployment="b")]
)
def test_a_refusal_and_the_models_own_answer_decide(answer: ScoringCall) -> None:
    """The deployment's name in the headers says that the request got to it."""
    assert decided(answer) is answer


def test_a_page_to_sign_in_at_is_not_the_models_answer() -> None:
    """A proxy answers 200 in the endpoint's place."""
    page = Response(200, {"content-type": "text/html; charset=utf-8"}, b"<html>", 0.1)
    served = Response(200, {"content-type": "text/html", "x-request-id": "1"}, b"<html>", 0.1)

    assert of_another(page, managed=False) == "HTTP 200 with text/html; charset=utf-8, and no header of the service"
    assert of_another(served, managed=True) is None


def test_an_answer_that_did_not_come_through_the_front_door_is_not_the_models() -> None:
    """Whatever its shape; a container on a cluster may answer without a header of Azure's."""
    own = Response(200, {"content-type": "application/json"}, b"[1]", 0.1)

    assert of_another(own, managed=True) == "HTTP 200 with application/json, and no header of the service"
    assert of_another(own, managed=False) is None
