"""A storage account's data plane: its containers, the list of a container's blobs, and the properties of one."""

import hashlib
import re
from collections.abc import Mapping
from urllib.parse import quote
from xml.sax.saxutils import escape

from ..answers import Answer
from ..entra import tokens
from .visit import Visit

_AUDIENCE = "https://storage.azure.com"
_PAGE = 5000
_RANGE = re.compile(r"bytes=(\d+)-(\d*)")
_NO_XML = re.compile(r"[\ufffe\uffff]")
_TIME = "Thu, 17 Sep 2026 07:29:02 GMT"
"""When everything was written last: a world does not say, and a run must be repeatable."""


_REQUEST = "00000000-0000-0000-0000-000000000000"
_REFUSED = "This request is not authorized to perform this operation"
_WHY = {"AuthorizationPermissionMismatch": " using this permission"}


def answer(visit: Visit) -> Answer:
    """Lists come in pages, in the order of the names; a HEAD has no body and says its error in a header."""
    audience = tokens.audience_of(visit.headers.get("authorization"))
    if audience not in (_AUDIENCE, f"https://{visit.host}") or not visit.headers.get("x-ms-version"):
        return _error(401, "NoAuthenticationInformation", "Server failed to authenticate the request.")
    if refusal := visit.holds.get("refuses"):
        return _error(403, str(refusal), f"{_REFUSED}{_WHY.get(str(refusal), '')}.")
    container, _, name = visit.path.strip("/").partition("/")
    if visit.method not in ("GET", "HEAD"):
        return _error(400, "UnsupportedHttpVerb", "The emulated account tells of blobs only.", unknown="no such route")
    if not container:
        return _containers(visit)
    blobs = (visit.holds.get("containers") or {}).get(container)
    if blobs is None:
        return _error(404, "ContainerNotFound", "The specified container does not exist.")
    if name:
        return _blob(visit, f"{container}/{name}", blobs.get(name))
    return (
        _list(visit, container, blobs) if visit.query.get("comp") == "list" else Answer(None, 200, _stamps(container))
    )


def _blob(visit: Visit, path: str, held: int | str | None) -> Answer:
    """Its properties, and what the world says is in it: where it says only how large it is, nothing can be read."""
    if held is None:
        return _error(404, "BlobNotFound", "The specified blob does not exist.")
    if visit.method == "GET":
        return _content(visit, path, held)
    size = _size(held)
    headers = {"content-length": str(size), "content-type": "application/octet-stream", "x-ms-blob-type": "BlockBlob"}
    return Answer(None, 200, {**headers, **_stamps(path), "accept-ranges": "bytes"})


def _content(visit: Visit, path: str, held: int | str) -> Answer:
    if isinstance(held, int):
        return _error(400, "UnsupportedHttpVerb", "The world says nothing of what is in it.", unknown="no content")
    content, wanted = held.encode(), visit.headers.get("x-ms-range") or visit.headers.get("range") or ""
    headers = {"content-type": "application/octet-stream", "x-ms-blob-type": "BlockBlob", **_stamps(path)}
    if (asked := _RANGE.fullmatch(wanted)) is None:
        return Answer(content, 200, headers)
    first = int(asked[1])
    if first >= len(content):
        return _error(416, "InvalidRange", "The range specified is invalid for the current size of the resource.")
    end = min(int(asked[2] or len(content)), len(content) - 1)
    part = {"content-range": f"bytes {first}-{end}/{len(content)}"}
    return Answer(content[first : end + 1], 206, headers | part)


def _size(held: int | str) -> int:
    return held if isinstance(held, int) else len(held.encode())


def _containers(visit: Visit) -> Answer:
    prefix = visit.query.get("prefix", "")
    names = sorted(name for name in visit.holds.get("containers") or {} if name.startswith(prefix))
    rows = "".join(f"<Container><Name>{escape(one)}</Name>{_properties(one)}</Container>" for one in names)
    return _enumeration(f'ServiceEndpoint="https://{visit.host}/"', prefix, f"<Containers>{rows}</Containers>", "")


def _list(visit: Visit, container: str, blobs: dict[str, int | str]) -> Answer:
    prefix, marker = visit.query.get("prefix", ""), visit.query.get("marker", "")
    given = visit.query.get("maxresults", str(_PAGE))
    if not given.isdecimal() or int(given) == 0:
        text = "Value for one of the query parameters specified in the request URI is invalid."
        return _error(400, "InvalidQueryParameterValue", text)
    size = int(given)
    entries = _with_folders(blobs) if visit.holds.get("folders") else blobs
    told = "metadata" in visit.query.get("include", "").split(",")
    names = sorted(name for name in entries if name.startswith(prefix) and name >= marker)
    rows = "".join(_row(container, name, entries[name], told=told) for name in names[:size])
    following = names[size] if len(names) > size else ""
    about = f'ServiceEndpoint="https://{visit.host}/" ContainerName="{escape(container)}"'
    return _enumeration(about, prefix, f"<Blobs>{rows}</Blobs>", following)


def _with_folders(blobs: Mapping[str, int | str]) -> dict[str, int | str | None]:
    """What an account with a hierarchical namespace lists: every folder beside the blobs, None each."""
    parts = [name.split("/")[:-1] for name in blobs]
    folders = {"/".join(part[: depth + 1]) for part in parts for depth in range(len(part))}
    return dict.fromkeys(folders) | {name: held for name, held in blobs.items() if not name.endswith("/")}


def _row(container: str, name: str, held: int | str | None, *, told: bool) -> str:
    """A blob or a folder: one of a hierarchical namespace, or the empty blob that tools keep in a folder's place; a
    world names it with a slash at its end.
    """
    kind = "<ResourceType>directory</ResourceType>" if held is None else ""
    more = (
        f"{kind}<Content-Length>{_size(held or 0)}</Content-Length>"
        "<Content-Type>application/octet-stream</Content-Type><BlobType>BlockBlob</BlobType><AccessTier>Hot</AccessTier>"
    )
    folder = held is None or name.endswith("/")
    metadata = "<Metadata><hdi_isfolder>true</hdi_isfolder></Metadata>" if folder else "<Metadata />"
    shown = f"{_properties(f'{container}/{name}', more)}{metadata if told else ''}"
    return f"<Blob>{_named(name.rstrip('/'))}{shown}</Blob>"


def _named(name: str) -> str:
    """A name that XML cannot hold is percent-encoded, and says so."""
    return f'<Name Encoded="true">{quote(name)}</Name>' if _NO_XML.search(name) else f"<Name>{escape(name)}</Name>"


def _properties(path: str, more: str = "") -> str:
    stamps = f"<Last-Modified>{_TIME}</Last-Modified><Etag>{_tag(path)}</Etag>{more}"
    return f"<Properties>{stamps}<LeaseStatus>unlocked</LeaseStatus><LeaseState>available</LeaseState></Properties>"


def _enumeration(about: str, prefix: str, rows: str, following: str) -> Answer:
    asked = f"<Prefix>{escape(prefix)}</Prefix>" if prefix else ""
    text = (
        f'\ufeff<?xml version="1.0" encoding="utf-8"?><EnumerationResults {about}>{asked}{rows}'
        f"<NextMarker>{escape(following)}</NextMarker></EnumerationResults>"
    )
    return Answer(text.encode(), 200, {"content-type": "application/xml"})


def _stamps(path: str) -> dict[str, str]:
    lease = {"x-ms-lease-status": "unlocked", "x-ms-lease-state": "available"}
    return {"last-modified": _TIME, "etag": f'"{_tag(path)}"', **lease}


def _tag(path: str) -> str:
    return f"0x8D{hashlib.sha256(path.encode()).hexdigest()[:13].upper()}"


def _error(status: int, code: str, message: str, unknown: str | None = None) -> Answer:
    told = f"{message}\nRequestId:{_REQUEST}\nTime:2026-09-17T07:29:02.0000000Z"
    text = f'\ufeff<?xml version="1.0" encoding="utf-8"?><Error><Code>{code}</Code><Message>{told}</Message></Error>'
    headers = {"content-type": "application/xml", "x-ms-error-code": code, "x-ms-request-id": _REQUEST}
    return Answer(text.encode(), status, headers, unknown)
