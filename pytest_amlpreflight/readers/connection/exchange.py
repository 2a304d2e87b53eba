"""What was asked and what was answered, noted at the connection: where recording listens."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from azure.core.exceptions import AzureError, HttpResponseError
from azure.core.pipeline import PipelineRequest, PipelineResponse
from azure.core.pipeline.policies import HTTPPolicy

from pytest_amlpreflight.facts.resource_id import ResourceId
from pytest_amlpreflight.facts.resources.certificate import Certificate
from pytest_amlpreflight.facts.resources.network import Resolution


@dataclass(frozen=True, slots=True)
class Exchange:
    """One question over HTTP and its final answer, retries behind it; secrets are in it still.

    `asked` and `body` are what was sent and received. Where no answer came, `status` is 0 and `broken` says why, with a
    word of `Unreached` or the SDK's own name for it. `cluster` is the id of the cluster whose API server was asked;
    `seconds` are from sending to the last byte.
    """

    method: str
    url: str
    asked: bytes = field(default=b"", repr=False)
    sent: Mapping[str, str] = field(default_factory=dict, repr=False)
    status: int = 0
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    body: bytes = field(default=b"", repr=False)
    trailers: Mapping[str, str] = field(default_factory=dict)
    broken: str = ""
    seconds: float = 0.0
    cluster: ResourceId | None = None


@dataclass(frozen=True, slots=True)
class Lookup:
    """What a resolver said; `azure` where it was Azure's own."""

    resolution: Resolution
    azure: bool


@dataclass(frozen=True, slots=True)
class Shown:
    """The certificate that a host showed, None where it could not be had."""

    host: str
    certificate: Certificate | None


@dataclass(frozen=True, slots=True)
class Led:
    """How the user's kubeconfig leads to a cluster: by the context of that name; `elsewhere` is the host where that is
    another's, `plugin` the program that is to fetch a token.
    """

    cluster: ResourceId
    context: str
    verified: bool
    elsewhere: str | None
    plugin: str | None


Heard = Exchange | Lookup | Shown | Led
Tap = Callable[[Heard], None]
"""Who is told of everything that is read."""


def untapped(_: Heard) -> None:
    """Nobody listens."""


class Tapped(HTTPPolicy[Any, Any]):
    """The first policy of the pipeline: it hears the question as it was asked, and the answer that was made of it."""

    def __init__(self, tap: Tap) -> None:
        super().__init__()
        self._tap = tap

    def send(self, request: PipelineRequest[Any]) -> PipelineResponse[Any, Any]:
        """Send on, and tell of it."""
        asked = request.http_request
        method, url, content = asked.method, asked.url, _content(asked)
        try:
            response = self.next.send(request)
        except HttpResponseError as error:
            self._tap(_exchange(method, url, content, error.response, type(error).__name__))
            raise
        except AzureError as error:
            self._tap(Exchange(method, url, content, broken=type(error).__name__))
            raise
        self._tap(_exchange(method, url, content, response.http_response, ""))
        return response


def _exchange(method: str, url: str, asked: bytes, response: Any, broken: str) -> Exchange:
    if response is None:
        return Exchange(method, url, asked, broken=broken)
    body = response.content if hasattr(response, "content") else response.body()
    return Exchange(method, url, asked, {}, response.status_code, dict(response.headers), body)


def _content(request: Any) -> bytes:
    """The body of a request of azure-core's, new or old."""
    content = getattr(request, "content", None) or getattr(request, "data", None) or b""
    return content if isinstance(content, bytes) else str(content).encode()
