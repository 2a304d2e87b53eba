"""Following a long-running operation: how long it waits, where it asks, when it gives up."""

from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import pytest
from azure.core.exceptions import HttpResponseError, ServiceResponseTimeoutError

from pytest_amlpreflight.engine import Later
from pytest_amlpreflight.readers.connection.polling import LONGEST_PAUSE, Operation, shortest_pause


def answer(status: int, **headers: str) -> Any:
    """A response with this status and these headers."""
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return SimpleNamespace(status_code=status, headers=named, reason="", request=None, content_type="")


class Clock:
    """A clock that goes on when somebody waits, and keeps how long."""

    def __init__(self) -> None:
        self.now, self.waited = 0.0, list[float]()

    def __call__(self) -> float:
        """Now."""
        return self.now

    def wait(self, seconds: float) -> None:
        """Later."""
        self.waited.append(seconds)
        self.now += seconds


def follow(started: Any, answers: Callable[[Any], Any], longest: float = 60) -> tuple[Any, list[float]]:
    """How an operation ends, and the pauses in between."""
    clock = Clock()
    return Operation(started, clock).outcome(answers, longest, clock.wait), clock.waited


def test_answer_at_once_is_the_outcome() -> None:
    """Azure may be done before it answers, and then there is nothing to ask."""
    done = answer(200)

    assert follow(done, lambda request: pytest.fail("asked again")) == (done, [])


def test_each_202_says_where_to_ask_next() -> None:
    """The latest `Location` counts; pauses begin with a tenth of a second and grow with what it has taken."""
    places = {f"https://a/{number}": answer(202, Location=f"https://a/{number + 1}") for number in range(1, 6)}
    last = places["https://a/6"] = answer(200)

    found, waited = follow(answer(202, Location="https://a/1"), lambda request: places[request.url])

    assert found is last
    assert waited == pytest.approx([0.1, 0.1, 0.1, 0.15, 0.225, 0.3375])


def test_one_of_many_is_asked_after_less_often() -> None:
    """Ten seconds cost five questions, where one alone is asked twelve times."""
    clock = Clock()
    answers = lambda _: answer(200 if clock.now >= 10 else 202, Location="https://a")  # noqa: E731
    operation = Operation(answer(202, Location="https://a"), clock, shortest=shortest_pause(50))

    operation.outcome(answers, 60, clock.wait)

    assert clock.waited == [2.0, 2.0, 2.0, 3.0, 4.5]


def test_pause_that_azure_asks_for_is_honoured_up_to_a_cap() -> None:
    """`Retry-After: 30` would be most of the time there is."""
    answers = iter([answer(202, Location="https://a", Retry_After="1"), answer(200)])

    _, waited = follow(answer(202, Location="https://a", Retry_After="30"), lambda _: next(answers))

    assert waited == [LONGEST_PAUSE, 1.0]


def test_what_was_left_is_followed_on_from_where_it_was() -> None:
    """Whoever cannot wait comes again when it is time, and nothing is begun twice."""
    clock, asked = Clock(), list[str]()
    operation = Operation(answer(202, Location="https://a", Retry_After="3"), clock)

    def send(request: Any) -> Any:
        asked.append(request.url)
        return answer(200)

    def leave(seconds: float) -> None:
        if seconds:
            raise Later(seconds)

    with pytest.raises(Later, match="3"):
        operation.outcome(send, 60, leave)
    clock.now += 3

    assert operation.outcome(send, 60, leave).status_code == 200
    assert asked == ["https://a"]


def test_operation_that_does_not_end_is_given_up() -> None:
    """The wait is bounded, whatever Azure says."""
    with pytest.raises(ServiceResponseTimeoutError, match=r"still running after 0 s"):
        follow(answer(202, Location="https://a"), lambda _: answer(202, Location="https://a"), 0.0)


def test_time_in_a_queue_is_not_the_operation_s() -> None:
    """Where Azure grants a question every half minute, three of them are no operation that does not end."""
    clock, answers = Clock(), iter([answer(202, Location="https://a"), answer(202, Location="https://a"), answer(200)])

    def send(request: Any) -> Any:
        clock.now += 30
        return next(answers)

    assert Operation(answer(202, Location="https://a"), clock).outcome(send, 60, clock.wait).status_code == 200


def test_operation_without_an_address_is_an_error() -> None:
    """A 202 that does not say where to ask cannot be followed."""
    with pytest.raises(HttpResponseError):
        follow(answer(202), lambda request: pytest.fail("asked"))
