"""A storage account's data plane: the list of a container's blobs."""

from typing import TYPE_CHECKING
from xml.sax.saxutils import escape

from ..answers import Answer
from ..entra import tokens

if TYPE_CHECKING:
    from .hosts import Visit

_AUDIENCE = "https://storage.azure.com"
_PAGE = 5000


def answer(visit: "Visit") -> Answer:
    """`GET /{container}?restype=container&comp=list&prefix=...`, in pages, in the order of the names."""
    if tokens.audience_of(visit.headers.get("authorization")) != _AUDIENCE or not visit.headers.get("x-ms-version"):
        return _error(401, "NoAuthenticationInformation", "Server failed to authenticate the request.")
    if refusal := visit.holds.get("refuses"):
        return _error(403, str(refusal), "This request is not authorized to perform this operation.")
    container = visit.path.strip("/")
    if visit.method != "GET" or "/" in container or visit.query.get("comp") != "list":
        return _error(400, "UnsupportedHttpVerb", "The emulated account lists blobs only.", unknown="no such route")
    blobs = (visit.holds.get("containers") or {}).get(container)
    if blobs is None:
        return _error(404, "ContainerNotFound", "The specified container does not exist.")
    return _list(visit, blobs)


def _list(visit: "Visit", blobs: dict[str, int]) -> Answer:
    prefix, marker = visit.query.get("prefix", ""), visit.query.get("marker", "")
    size = int(visit.query.get("maxresults", _PAGE))
    names = sorted(name for name in blobs if name.startswith(prefix) and name >= marker)
    rows = "".join(
        f"<Blob><Name>{escape(name)}</Name><Properties><Content-Length>{blobs[name]}</Content-Length></Properties></Blob>"
        for name in names[:size]
    )
    following = escape(names[size]) if len(names) > size else ""
    text = (
        f'\ufeff<?xml version="1.0" encoding="utf-8"?><EnumerationResults><Prefix>{escape(prefix)}</Prefix>'
        f"<Blobs>{rows}</Blobs><NextMarker>{following}</NextMarker></EnumerationResults>"
    )
    return Answer(text.encode(), 200, {"content-type": "application/xml"})


def _error(status: int, code: str, message: str, unknown: str | None = None) -> Answer:
    text = f'\ufeff<?xml version="1.0" encoding="utf-8"?><Error><Code>{code}</Code><Message>{message}</Message></Error>'
    headers = {"content-type": "application/xml", "x-ms-error-code": code}
    return Answer(text.encode(), status, headers, unknown)
