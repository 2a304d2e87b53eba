"""The fields after a chunked body (RFC 9112, 7.1.2), in which Azure reports how long its bandwidth limit held a request
back.

http.client reads and drops them, and urllib3 does so again when it reads chunk by chunk. So the connections of these
pools keep them, and whoever wants them reads the body in one piece, through http.client. Through a proxy they stay
unknown.
"""

import http.client
from typing import Any

import requests
from urllib3 import HTTPConnectionPool, HTTPSConnectionPool
from urllib3.connection import HTTPConnection, HTTPSConnection


class KeepsTrailers(http.client.HTTPResponse):
    """An answer of the standard library with the `trailers` that it throws away."""

    trailers: http.client.HTTPMessage | None = None

    def _read_and_discard_trailer(self) -> None:
        # The only seam there is. Where a later Python names it otherwise, there are no trailers, and a test says so.
        self.trailers = http.client.parse_headers(self.fp)


class _Connection(HTTPConnection):
    response_class = KeepsTrailers


class _TlsConnection(HTTPSConnection):
    response_class = KeepsTrailers


class _Pool(HTTPConnectionPool):
    ConnectionCls = _Connection


class _TlsPool(HTTPSConnectionPool):
    ConnectionCls = _TlsConnection


POOLS: dict[str, Any] = {"http": _Pool, "https": _TlsPool}
"""For `PoolManager.pool_classes_by_scheme`: pools whose answers keep their trailers."""


def whole(response: requests.Response) -> tuple[bytes, dict[str, str]]:
    """Body and trailers, names in lower case, of an answer that was asked for with `stream=True`."""
    body = response.raw.read(decode_content=True)
    kept = getattr(getattr(response.raw, "_original_response", None), "trailers", None)
    return body, {name.lower(): value for name, value in kept.items()} if kept else {}
