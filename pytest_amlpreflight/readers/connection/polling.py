"""Azure's long-running operations: asked after until they are done, with short pauses and a wait that ends."""

import time
from collections.abc import Callable
from typing import Any

from azure.core.exceptions import HttpResponseError, ServiceResponseTimeoutError
from azure.core.rest import HttpRequest

from pytest_amlpreflight.engine import pause
from pytest_amlpreflight.readers.connection.budget import retry_after

SHORTEST_PAUSE, LONGEST_PAUSE, GROWTH = 0.1, 5.0, 1.5
"""Seconds, and how much older an operation is from one question to the next. Azure names no pause for its
diagnosis, and the SDK would then wait 30 s before it asks once.
"""

UNHURRIED = 2.0
"""Seconds to which the shortest pause grows with the operations that are followed side by side: nobody waits for one of
many, and each question is taken from what Azure grants.
"""


def shortest_pause(followed: int) -> float:
    """Seconds between two questions, at least, while so many operations are followed."""
    return min(SHORTEST_PAUSE * max(followed, 1), UNHURRIED)


class Operation:
    """What a request began. It may be left while it is waited for, and followed on from where it was."""

    def __init__(
        self, started: Any, clock: Callable[[], float] = time.monotonic, shortest: float = SHORTEST_PAUSE
    ) -> None:
        self._clock, self._shortest, self._waited = clock, shortest, 0.0
        self._take(started)

    def outcome(
        self, send: Callable[[HttpRequest], Any], longest: float, wait: Callable[[float], object] = pause
    ) -> Any:
        """The answer that the operation ends with, whatever its status.

        Follows the `Location` of each 202. Raises the SDK's own timeout once it was waited for `longest` seconds, those
        for a turn to ask not counted, and the SDK's own error for a 202 that does not say where to ask.
        """
        while self._response.status_code == 202:
            if "Location" not in self._response.headers:
                raise HttpResponseError(response=self._response)
            if self._waited > longest:
                raise ServiceResponseTimeoutError(f"the operation was still running after {longest:.0f} s")
            wait(max(0.0, self._due - self._clock()))
            self._take(send(HttpRequest("GET", self._response.headers["Location"])))
        return self._response

    def _take(self, response: Any) -> None:
        """Keep what was answered, and when to ask again: after a part of the time that it was waited for so far."""
        part = min(max(self._shortest, self._waited * (GROWTH - 1)), LONGEST_PAUSE)
        seconds = min(retry_after(response.headers) or part, LONGEST_PAUSE)
        self._response, self._due, self._waited = response, self._clock() + seconds, self._waited + seconds
