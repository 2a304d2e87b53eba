"""Following a long-running operation: how long it waits, where it asks, when it gives up."""

from types import SimpleNamespace
from typing import Any

import pytest
from azure.core.exceptions import HttpResponseError, ServiceResponseTimeoutError

from pytest_amlpreflight.readers.connection import polling


def answer(status: int, **headers: str) -> Any:
    """A response with this status and these headers."""
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return SimpleNamespace(status_code=status, headers=named, reason="", request=None, content_type="")


@pytest.fixture
def slept(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """The pauses that were made, none of them waited for."""
    pauses: list[float] = []
    monkeypatch.setattr(polling.time, "sleep", pauses.append)
    return pauses


def test_answer_at_once_is_the_outcome(slept: list[float]) -> None:
    """Azure may be done before it answers, and then there is nothing to ask."""
    done = answer(200)

    found = polling.outcome(lambda request: pytest.fail("asked again"), done, 60)

    assert found is done
    assert not slept


def test_each_202_says_where_to_ask_next(slept: list[float]) -> None:
    """The latest `Location` counts, and pauses grow from a tenth of a second."""
    answers = {"https://a/1": answer(202, Location="https://a/2"), "https://a/2": answer(200)}

    found = polling.outcome(lambda request: answers[request.url], answer(202, Location="https://a/1"), 60)

    assert found is answers["https://a/2"]
    assert slept == pytest.approx([0.1, 0.15])


def test_pause_that_azure_asks_for_is_honoured_up_to_a_cap(slept: list[float]) -> None:
    """`Retry-After: 30` would be most of the time there is."""
    answers = iter([answer(202, Location="https://a", Retry_After="1"), answer(200)])

    polling.outcome(lambda request: next(answers), answer(202, Location="https://a", Retry_After="30"), 60)

    assert slept == [polling.LONGEST_PAUSE, 1.0]


def test_operation_that_does_not_end_is_given_up(slept: list[float]) -> None:
    """The wait is bounded, whatever Azure says."""
    with pytest.raises(ServiceResponseTimeoutError, match=r"still running after 0 s"):
        polling.outcome(lambda request: answer(202, Location="https://a"), answer(202, Location="https://a"), 0.0)


def test_operation_without_an_address_is_an_error(slept: list[float]) -> None:
    """A 202 that does not say where to ask cannot be followed."""
    with pytest.raises(HttpResponseError):
        polling.outcome(lambda request: pytest.fail("asked"), answer(202), 60)
