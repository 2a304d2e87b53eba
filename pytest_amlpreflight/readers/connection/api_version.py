"""Api-versions that a cloud does not know: another one is negotiated, once per resource type.

The versions pinned in the readers are years old and stable, yet a sovereign or disconnected cloud may lag behind them.
Here and not in one reader, since the SDK's own clients leave through the same pipeline.
"""

from collections.abc import Sequence
from threading import Lock
from typing import Any, NamedTuple
from urllib.parse import parse_qsl, quote, urlencode, urlsplit, urlunsplit

from azure.core.exceptions import AzureError
from azure.core.pipeline import PipelineContext, PipelineRequest, PipelineResponse
from azure.core.pipeline.policies import HTTPPolicy
from azure.core.rest import HttpRequest

from pytest_amlpreflight.facts.unread import FactUnreadable
from pytest_amlpreflight.readers.connection.api_versions import RESOURCES
from pytest_amlpreflight.readers.connection.document import Document
from pytest_amlpreflight.readers.connection.errors import body_of, innermost_error

REFUSALS = frozenset(
    {"NoRegisteredProviderFound", "InvalidResourceType", "InvalidApiVersionParameter", "UnsupportedApiVersion"}
)
"""The codes with which ARM refuses an api-version; the last is a provider's own."""


class Negotiated(NamedTuple):
    """One resource type for which another api-version is used than the pinned one."""

    type: str
    pinned: str
    used: str


class NegotiateApiVersion(HTTPPolicy[Any, Any]):
    """Asks again with an api-version that the provider lists, where the pinned one is refused; from then on with that
    one at once.
    """

    def __init__(self) -> None:
        super().__init__()
        self._lock = Lock()
        self._by_type: dict[tuple[str, str], Negotiated | None] = {}

    @property
    def negotiated(self) -> tuple[Negotiated, ...]:
        """What was negotiated so far, by type."""
        return tuple(sorted(found for found in self._by_type.values() if found))

    def used(self, kind: str, pinned: str) -> str:
        """The api-version with which a type is asked here: the pinned one, or what was negotiated for it."""
        found = self._by_type.get((kind.lower(), pinned))
        return found.used if found else pinned

    def send(self, request: PipelineRequest[Any]) -> PipelineResponse[Any, Any]:
        """Send, and once more with another api-version if that is what was wrong."""
        kind, pinned = resource_type(request.http_request.url), _version(request.http_request.url)
        known = self._by_type.get((kind.lower(), pinned))
        if known:
            request.http_request.url = _with_version(request.http_request.url, known.used)
        response = self.next.send(request)
        if known or not kind or not _refused(response):
            return response
        found = self._negotiate(kind, pinned, request)
        if found is None:
            return response
        request.http_request.url = _with_version(request.http_request.url, found.used)
        return self.next.send(request)

    def _negotiate(self, kind: str, pinned: str, request: PipelineRequest[Any]) -> Negotiated | None:
        """What to use instead; whoever is refused first asks, the others wait."""
        key = kind.lower(), pinned
        with self._lock:
            if key not in self._by_type:
                used = nearest(self._listed(kind, request), pinned)
                self._by_type[key] = Negotiated(kind, pinned, used) if used and used != pinned else None
            return self._by_type[key]

    def _listed(self, kind: str, request: PipelineRequest[Any]) -> Sequence[str]:
        """The api-versions that the provider lists; none where it cannot be asked, and the refusal stands."""
        namespace, _, name = kind.partition("/")
        url = urlsplit(request.http_request.url)
        parts = url.path.strip("/").split("/")
        scope = f"/subscriptions/{parts[1]}" if parts[0].lower() == "subscriptions" else ""
        path = f"{scope}/providers/{namespace}"
        asked = HttpRequest("GET", urlunsplit((url.scheme, url.netloc, path, f"api-version={RESOURCES}", "")))
        try:
            response = self.next.send(PipelineRequest(asked, PipelineContext(request.context.transport)))
        except AzureError:
            return ()
        try:
            types = Document(f"provider {namespace}", body_of(response.http_response)).children("resourceTypes")
            by_name = {one.need("resourceType").lower(): one.texts("apiVersions") for one in types}
        except FactUnreadable:
            return ()
        return by_name.get(name.lower(), ())


def resource_type(url: str) -> str:
    """`Microsoft.KeyVault/vaults` for the URL of a vault, of its listing, or of an action on it; empty where there is
    none.
    """
    parts = urlsplit(url).path.strip("/").split("/")
    places = [at for at, part in enumerate(parts) if part.lower() == "providers"]
    if not places or len(parts) < places[-1] + 3:
        return ""
    namespace, *rest = parts[places[-1] + 1 :]
    return "/".join([namespace, *rest[0::2]])


def nearest(listed: Sequence[str], pinned: str) -> str | None:
    """The newest stable version not after the pinned one, else the oldest stable after it, else the newest preview;
    None without any.

    The nearest one before, since fields are added over the years and seldom taken away.
    """
    stable = sorted(version for version in listed if version[10:] == "")
    before = [version for version in stable if version <= pinned]
    return next(iter([*before[::-1], *stable, *sorted(listed, reverse=True)]), None)


def _refused(response: PipelineResponse[Any, Any]) -> bool:
    if response.http_response.status_code not in (400, 404):
        return False
    return innermost_error(body_of(response.http_response))[0] in REFUSALS


def _version(url: str) -> str:
    return dict(parse_qsl(urlsplit(url).query)).get("api-version", "")


def _with_version(url: str, version: str) -> str:
    parts = urlsplit(url)
    query = urlencode({**dict(parse_qsl(parts.query)), "api-version": version}, quote_via=quote)
    return urlunsplit(parts._replace(query=query))
