"""What is tried again ends, also where a reader leaves its thread while it waits, and is called again."""

from collections.abc import Callable

import pytest
from wire import HOME, Wire, arm_on, plane_on

from pytest_amlpreflight.engine import Later
from pytest_amlpreflight.engine.notes import noting
from pytest_amlpreflight.facts.unread import FactUnreadable
from pytest_amlpreflight.readers.connection.tries import Tries

BUSY = 503, {"Retry-After": "30"}, '{"error": {"code": "ServerBusy", "message": "later"}}'
"""Longer than any thread sleeps."""


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


def test_what_was_answered_begins_anew() -> None:
    """Failures of an hour ago do not count against a question that was answered since."""
    tries = Tries(most=2)

    assert [tries.failed("a"), tries.failed("b")] == [1, 1]
    tries.over("a")
    assert [tries.failed("a"), tries.failed("a"), tries.failed("a")] == [1, 0, 1]
