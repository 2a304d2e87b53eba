"""What is tried again ends, also where a reader leaves its thread while it waits, and is called again."""

from collections.abc import Callable
from typing import Any

import pytest
import requests
from urllib3.exceptions import ProtocolError
from wire import HOME, Wire, arm_on, plane_on

from pytest_amlpreflight.engine import Later
from pytest_amlpreflight.engine.notes import noting
from pytest_amlpreflight.facts.unread import FactUnreadable
from pytest_amlpreflight.readers.connection.arm import Arm
from pytest_amlpreflight.readers.connection.tries import Tries

BUSY = 503, {"Retry-After": "30"}, '{"error": {"code": "ServerBusy", "message": "later"}}'
"""Longer than any thread sleeps."""

WORKSPACE = "/subscriptions/s/resourceGroups/g/providers/Microsoft.MachineLearningServices/workspaces/w"


def called_again(read: Callable[[], object]) -> object:
    """What a reader ends with, in an engine for which no time passes."""
    for _ in range(20):
        try:
            with noting(set()):
                return read()
        except Later:
            continue
    raise AssertionError("it never ends")


def test_a_vault_that_is_always_busy_is_given_up() -> None:
    """Three tries, as without the waits."""
    wire = Wire({"https://kv.vault.azure.net": BUSY})
    plane = plane_on(wire)
    told = lambda response: (response.json()["error"]["code"], "")  # noqa: E731

    with pytest.raises(FactUnreadable, match="the secret is unreadable: HTTP 503 ServerBusy"):
        called_again(lambda: plane.read("GET", "https://kv.vault.azure.net/secrets/a", "the secret", errors=told))

    assert len(wire.asked) == 3


def test_a_provider_that_is_always_busy_is_given_up() -> None:
    """Resource Manager's 503 as well; how long a 429 may last is a matter of the budget."""
    wire = Wire({HOME: BUSY})
    arm = arm_on(wire)

    with pytest.raises(FactUnreadable, match="it is unreadable: HTTP 503 ServerBusy"):
        called_again(lambda: arm.get("/subscriptions/s", "2022-12-01", "it"))

    assert len(wire.asked) == 3


class BreaksOff(Wire):
    """Its first connection breaks off, as one does that was kept for too long."""

    def send(self, request: requests.PreparedRequest, *_: Any, **__: Any) -> requests.Response:
        """Nothing, and then an answer."""
        answer = super().send(request)
        if len(self.asked) == 1:
            raise requests.ConnectionError(ProtocolError("Connection aborted.", ConnectionResetError(104, "reset")))
        return answer


@pytest.mark.parametrize(
    "read",
    [
        pytest.param(lambda arm: arm.get("/subscriptions/s", "2022-12-01", "it"), id="GET"),
        pytest.param(lambda arm: arm.post(f"{WORKSPACE}/diagnose", "2024-10-01", {}, "it"), id="POST"),
    ],
)
def test_a_connection_that_breaks_off_is_tried_once_more(read: Callable[[Arm], object]) -> None:
    """The POSTs that are sent are reads too."""
    wire = BreaksOff({})

    read(arm_on(wire))

    assert len(wire.asked) == 2


def test_what_was_answered_begins_anew() -> None:
    """Failures of an hour ago do not count against a question that was answered since."""
    tries = Tries(most=2)

    assert [tries.failed("a"), tries.failed("b")] == [1, 1]
    tries.over("a")
    assert [tries.failed("a"), tries.failed("a"), tries.failed("a")] == [1, 0, 1]
