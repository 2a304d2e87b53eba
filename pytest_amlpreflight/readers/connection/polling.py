"""Azure's long-running operations: asked after until they are done, with short pauses and a wait that ends."""

import time
from collections.abc import Callable, Iterator
from typing import Any

from azure.core.exceptions import HttpResponseError, ServiceResponseTimeoutError
from azure.core.rest import HttpRequest

SHORTEST_PAUSE, LONGEST_PAUSE, GROWTH = 0.1, 2.0, 1.5
"""Seconds. Azure names no pause for its diagnosis, and the SDK would then wait 30 s before it asks once."""


def outcome(send: Callable[[HttpRequest], Any], started: Any, longest: float) -> Any:
    """The answer that the operation ends with, whatever its status.

    Follows the `Location` of each 202. Raises the SDK's own timeout once `longest` seconds are over, and the SDK's own
    error for a 202 that does not say where to ask.
    """
    response, deadline = started, time.monotonic() + longest
    for pause in _pauses():
        if response.status_code != 202:
            return response
        if "Location" not in response.headers:
            raise HttpResponseError(response=response)
        seconds = _asked_for(response) or pause
        if time.monotonic() + seconds > deadline:
            break
        time.sleep(seconds)
        response = send(HttpRequest("GET", response.headers["Location"]))
    raise ServiceResponseTimeoutError(f"the operation was still running after {longest:.0f} s")


def _pauses() -> Iterator[float]:
    pause = SHORTEST_PAUSE
    while True:
        yield pause
        pause = min(pause * GROWTH, LONGEST_PAUSE)


def _asked_for(response: Any) -> float | None:
    header = response.headers.get("Retry-After") or ""
    return min(float(header), LONGEST_PAUSE) if header.isdigit() else None
