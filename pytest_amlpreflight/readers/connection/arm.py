"""Azure Resource Manager, read by id with explicit api-versions.

Older stable versions on purpose: the SDKs' newest defaults are not deployed in the sovereign clouds, and their
entities lose fields that decide checks (`v1LegacyMode`, `privateEndpointConnections`, `provisioningState` of a
workspace).
"""

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any, TypeVar
from urllib.parse import quote

from azure.core.exceptions import HttpResponseError
from azure.core.pipeline import Pipeline
from azure.core.rest import HttpRequest
from azure.mgmt.core import ARMPipelineClient

from pytest_amlpreflight.engine import Pool
from pytest_amlpreflight.readers.connection.budget import RESOURCE_GRAPH, bucket_of
from pytest_amlpreflight.readers.connection.document import Document
from pytest_amlpreflight.readers.connection.errors import reading
from pytest_amlpreflight.readers.connection.once import Once
from pytest_amlpreflight.readers.connection.polling import UNHURRIED, Operation, shortest_pause
from pytest_amlpreflight.readers.connection.read_only import require_read_only

OPERATIONS = 200
"""Answers to POSTs that are remembered: while a reader that waits for one has to ask another again."""

LONGEST_OPERATION = 60.0
"""Seconds after which an operation that Azure has not ended is given up."""

ERROR_ALONE = frozenset({"error", "correlation", "environment", "location", "time", "componentName", "statusCode"})
"""The members of an error that is nothing else. The status of an operation has an error too, and more."""

T = TypeVar("T")
A = TypeVar("A")
B = TypeVar("B")


class Arm:
    """Reads from one cloud's Resource Manager; no URL is asked for twice in a run.

    `version_of` says with which api-version a type is asked here, once it was asked: the pinned one, or another. Where
    it reads `for_many` workspaces, nobody waits for the operation of one of them.
    """

    def __init__(
        self,
        resource_manager: str,
        pipeline: Pipeline[Any, Any],
        pool: Pool,
        version_of: Callable[[str, str], str] = lambda _kind, pinned: pinned,
        *,
        for_many: bool = False,
    ) -> None:
        self._pool, self.version_of, self._for_many = pool, version_of, for_many
        self._client: ARMPipelineClient[HttpRequest, Any] = ARMPipelineClient(
            resource_manager,
            pipeline=pipeline,
            policies=[],  # the pipeline has its own
        )
        self._once, self._operations, self._followed_now = Once(), Once(OPERATIONS), set[str]()

    def together(self, function: Callable[[A], T], arguments: Sequence[A]) -> list[T]:
        """`[function(a) for a in arguments]`, side by side; the first error, in order, is raised."""
        return self._pool.together(function, arguments)

    def both(self, one: Callable[[], A], other: Callable[[], B]) -> tuple[A, B]:
        """`(one(), other())`, side by side."""
        return self._pool.both(one, other)

    def get(
        self,
        path: str,
        api_version: str,
        resource: str,
        *,
        named_by: str | None = None,
        permission: str | None = None,
        **query: str,
    ) -> Document:
        """One document. `resource` names it in words, for the errors `FactAbsent` and `FactUnreadable`."""
        url = self._address(path)
        request = HttpRequest("GET", url, params={"api-version": api_version, **_odata(query)})
        with reading(resource, named_by=named_by, permission=permission):
            return Document(resource, self._once.get(request.url, lambda: self._send(request)))

    def post(
        self,
        path: str,
        api_version: str,
        body: Mapping[str, object],
        resource: str,
        *,
        named_by: str | None = None,
        permission: str | None = None,
        longest: float = LONGEST_OPERATION,
        **query: str,
    ) -> Document:
        """The answer to one of the read-only POSTs. One that takes its time (202) is followed for `longest` seconds."""
        require_read_only(path)
        url = self._address(path)
        request = HttpRequest("POST", url, params={"api-version": api_version, **_odata(query)}, json=body)
        with reading(resource, named_by=named_by, permission=permission):
            return Document(resource, _answer(self._followed(request, longest)))

    def post_list(
        self, path: str, api_version: str, resource: str, *, permission: str | None = None, **query: str
    ) -> list[Document]:
        """Every row of a query that is asked by POST; each further page is asked the same way, at `@odata.nextLink`."""
        require_read_only(path)
        url, params = self._address(path), {"api-version": api_version, **_odata(query)}
        request, rows, links = HttpRequest("POST", url, params=params, json={}), list[Document](), set[str]()
        while True:
            with reading(resource, permission=permission):
                page = Document(resource, self._send(request))
            rows += page.need_children("value")
            link = page.text("@odata.nextLink")
            if link is None:
                return rows
            if link in links:
                raise page.refusal("@odata.nextLink leads back to a page that was read")
            links.add(link)
            request = HttpRequest("POST", link, json={})

    def list(
        self,
        path: str,
        api_version: str,
        resource: str,
        *,
        permission: str | None = None,
        never_empty: bool = False,
        **query: str,
    ) -> list[Document]:
        """Every row of a collection. `nextLink` is followed as Azure wrote it: absolute, or absent, null or empty on
        the last page. `never_empty` is for what Azure always has rows of: no row there is no answer.
        """
        page = self.get(path, api_version, resource, permission=permission, **query)
        rows, links = page.need_children("value"), set[str]()
        while link := page.text("nextLink"):
            if link in links:  # its page is at hand, so that the list would never end
                raise page.refusal("nextLink leads back to a page that was read")
            links.add(link)
            onward = partial(self._send, HttpRequest("GET", link))
            with reading(resource, permission=permission):
                page = Document(resource, self._once.get(link, onward))
            rows += page.need_children("value")
        if never_empty and not rows:
            raise page.refusal("value is empty, and Azure always has rows here")
        return rows

    def _address(self, path: str) -> str:
        """Where a path is. azure-core takes braces for blanks, and leaves out what it cannot fill."""
        return self._client.format_url(path.replace("{", "%7B").replace("}", "%7D"))

    def _followed(self, request: HttpRequest, longest: float) -> Any:
        """What a request, or the operation that it began, ends with. A reader that is left while it waits, and called
        again, goes on with the same operation. Rows of Resource Graph are too large to be kept.
        """
        key, send = f"{request.url} {request.content}", self._client.send_request
        if bucket_of(request.url) == RESOURCE_GRAPH:
            return Operation(send(request)).outcome(send, longest)
        self._followed_now.add(key)
        pause = UNHURRIED if self._for_many else shortest_pause(len(self._followed_now))
        try:
            answer = self._operations.get(key, lambda: Operation(send(request), shortest=pause)).outcome(send, longest)
        except Exception:  # `Later` is none: that one comes again
            self._followed_now.discard(key)
            raise
        self._followed_now.discard(key)
        return answer

    def _send(self, request: HttpRequest) -> object:
        return _answer(self._client.send_request(request))


def _answer(response: Any) -> object:
    if response.status_code != 200:
        raise HttpResponseError(response=response)
    body = response.json()
    if isinstance(body, Mapping) and body.keys() <= ERROR_ALONE and "error" in body:  # an error in a 200's clothes
        raise HttpResponseError(response=response)
    return body


def _odata(query: Mapping[str, str]) -> dict[str, str]:
    """`filter` is spelled `$filter` on the wire, and azure-core leaves the quoting of values to its caller."""
    return {f"${name}": quote(value, safe="") for name, value in query.items()}
