"""A scoring request and what came back: an answer with a status, or none and why."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median
from typing import Any

from pytest_amlpreflight.facts.address import parse_address
from pytest_amlpreflight.facts.unreached import Unreached

ANSWERED_BY = "azureml-model-deployment"
"""Sent, it chooses the deployment past the traffic rules; in an answer, it names the deployment that gave it."""

REQUEST_DELAY = "ms-azureml-bandwidth-request-delay-ms"
RESPONSE_DELAY = "ms-azureml-bandwidth-response-delay-ms"

UNAUTHORIZED = (401, 403)
TIMED_OUT = (408, 504)


@dataclass(frozen=True, slots=True)
class Sample:
    """The request that is sent: a file of the project, as its bytes."""

    path: Path
    body: bytes = field(repr=False)
    content_type: str = "application/json"


@dataclass(frozen=True, slots=True)
class SampleRequests:
    """Which file is sent to which endpoint. `given` holds endpoint and file; the endpoint "" stands for every one.

    `project` is the folder in which one is looked for where none was given. `named` are the endpoints that the operator
    named, None for all: one that was merely found in the workspace gets only what was given for it by name, since the
    data of one model are no business of another.
    """

    given: tuple[tuple[str, Path], ...] = ()
    project: Path | None = None
    named: frozenset[str] | None = None


@dataclass(frozen=True, slots=True)
class Response:
    """An answer of the scoring host.

    Names of headers and trailers are in lower case; `seconds` is from sending to the last byte.
    """

    status: int
    headers: Mapping[str, str] = field(default_factory=dict, hash=False)
    body: bytes = field(default=b"", repr=False)
    seconds: float = 0.0
    reason: str = ""
    trailers: Mapping[str, str] = field(default_factory=dict, hash=False)

    @property
    def ok(self) -> bool:
        """Whether the model answered."""
        return 200 <= self.status < 300

    @property
    def text(self) -> str:
        """The body as text."""
        return self.body.decode("utf-8", errors="replace")

    def json(self) -> Any:
        """The body as JSON; raises `ValueError` where it is none."""
        return json.loads(self.body)

    @property
    def deployment(self) -> str | None:
        """The deployment that answered, where the service said so."""
        return self.headers.get(ANSWERED_BY)

    @property
    def request_id(self) -> str | None:
        """The service's own id of the request, which Azure's support and its traffic log know."""
        return self.headers.get("x-request-id")

    @property
    def model_status(self) -> str | None:
        """With 424: the status with which the container answered."""
        return self.headers.get("ms-azureml-model-error-statuscode")

    @property
    def model_reason(self) -> str | None:
        """With 424: the reason the container gave."""
        return self.headers.get("ms-azureml-model-error-reason")

    @property
    def bandwidth_delay(self) -> float:
        """Seconds for which the endpoint's bandwidth limit held the request and the response back."""
        return (_number(self.trailers.get(REQUEST_DELAY)) + _number(self.trailers.get(RESPONSE_DELAY))) / 1000


@dataclass(frozen=True, slots=True)
class ScoringCall:
    """One request to a scoring host. Exactly one of `response` and `unreached` is there.

    `deployment` is the one asked for by header, None where the traffic rules chose. `credential` says in words what the
    request was authorised with, and `credential_flaw` what can be seen to be wrong with that. `known` are words for the
    remedies: `endpoint_id`, `audience`, `principal`, `sample`. `origin` is of the page that a browser asks for.
    """

    uri: str
    client_request_id: str
    response: Response | None = None
    unreached: Unreached | None = None
    detail: str = ""
    deployment: str | None = None
    credential: str = ""
    credential_flaw: str | None = None
    method: str = "POST"
    origin: str = ""
    known: Mapping[str, str] = field(default_factory=dict, hash=False)

    @property
    def host(self) -> str:
        """The host that was asked."""
        address = parse_address(self.uri)
        return address.host if address else self.uri

    @property
    def port(self) -> int:
        """The port that was asked."""
        address = parse_address(self.uri)
        return address.port if address else 443

    @property
    def timed_out(self) -> bool:
        """Whether the model took too long, in the service's eyes or in ours."""
        return self.unreached is Unreached.TIMEOUT or (self.response is not None and self.response.status in TIMED_OUT)

    @property
    def trace(self) -> str:
        """The ids under which the request is found in logs: ours, and the service's where it answered."""
        served = self.response.request_id if self.response else None
        return f"x-ms-client-request-id {self.client_request_id}" + (f", x-request-id {served}" if served else "")


@dataclass(frozen=True, slots=True)
class Timing:
    """The same request several times over, one after the other."""

    calls: tuple[ScoringCall, ...]

    @property
    def seconds(self) -> tuple[float, ...]:
        """How long each answer took. The first pays for the connection as well, so it counts only where it is alone."""
        answered = [call.response.seconds for call in self.calls if call.response and call.response.ok]
        return tuple(answered[1:] or answered)

    @property
    def median(self) -> float:
        """The median of the answers' seconds; 0 where none came."""
        return median(self.seconds or (0.0,))

    @property
    def timed_out(self) -> bool:
        """Whether any of them took too long."""
        return any(call.timed_out for call in self.calls)

    @property
    def bandwidth_delay(self) -> float:
        """The longest that the bandwidth limit held one of them back, in seconds."""
        return max((call.response.bandwidth_delay for call in self.calls if call.response), default=0.0)

    def __str__(self) -> str:
        late = next((call for call in self.calls if call.timed_out), None)
        if late is not None:
            return f"HTTP {late.response.status}" if late.response else f"no answer: {late.detail}"
        return f"{self.median * 1000:.0f} ms, the median of {len(self.seconds)}"


def _number(text: str | None) -> float:
    try:
        return float(text or 0)
    except ValueError:  # a trailer that is no number says nothing about a delay
        return 0.0
