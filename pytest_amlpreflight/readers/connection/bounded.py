"""No answer is taken without an end: each has a size and a time in which it must be whole.

Time-outs of requests are between two bytes, so that one byte a second would keep a read for days; and what is packed
may be a thousand times as long as what came.
"""

import http.client
import io
import time
from collections.abc import Iterator
from functools import partial
from typing import Any

import requests
from requests.adapters import HTTPAdapter
from urllib3 import HTTPConnectionPool, HTTPSConnectionPool
from urllib3.connection import HTTPConnection, HTTPSConnection

from pytest_amlpreflight.facts.unreached import Unbounded

LARGEST_ANSWER = 16 * 1024**2
"""Bytes, unpacked: several times the largest page of Resource Graph or of a registry's manifests."""

LONGEST_ANSWER = 60.0
"""Seconds from an answer's first byte to its last. How long the first may take is the read's own time-out."""

PIECE = 2**16


class _Timed(io.RawIOBase):
    """What comes from a connection, as long as it is time."""

    def __init__(self, source: io.RawIOBase) -> None:
        self._source, self._until = source, float("inf")

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int | None:
        count = self._source.readinto(buffer)
        self._until = min(self._until, time.monotonic() + LONGEST_ANSWER)
        if time.monotonic() > self._until:
            raise Unbounded(f"the answer was not whole {LONGEST_ANSWER:g} s after it began")
        return count

    def close(self) -> None:
        self._source.close()
        super().close()


class BoundedResponse(http.client.HTTPResponse):
    """An answer of the standard library that ends in time, with the `trailers` that it throws away.

    Azure reports in these fields after a chunked body (RFC 9112, 7.1.2) how long its bandwidth limit held a request
    back. urllib3 does without them where it reads chunk by chunk; `whole` reads through here. Through a proxy they stay
    unknown.
    """

    trailers: http.client.HTTPMessage | None = None

    def __init__(self, *arguments: Any, **named: Any) -> None:
        super().__init__(*arguments, **named)
        self.fp = io.BufferedReader(_Timed(self.fp.detach()))

    def _read_and_discard_trailer(self) -> None:
        # The only seam there is. Where a later Python names it otherwise, there are no trailers, and a test says so.
        self.trailers = http.client.parse_headers(self.fp)


class _Connection(HTTPConnection):
    response_class = BoundedResponse


class _TlsConnection(HTTPSConnection):
    response_class = BoundedResponse


class _Pool(HTTPConnectionPool):
    ConnectionCls = _Connection


class _TlsPool(HTTPSConnectionPool):
    ConnectionCls = _TlsConnection


class _Sized:
    """An answer of urllib3 that is let go once it is larger than any of Azure's."""

    def __init__(self, raw: Any) -> None:
        self._raw = raw

    def __getattr__(self, name: str) -> Any:
        return getattr(self._raw, name)

    def stream(self, amt: int = PIECE, decode_content: bool | None = None) -> Iterator[bytes]:
        """The body in pieces."""
        return _counted(self._raw, self._raw.stream(amt, decode_content=decode_content))


class BoundedAdapter(HTTPAdapter):
    """Connections whose answers are bounded. Raises `Unbounded` where one is not, as does reading its body."""

    def init_poolmanager(self, *args: Any, **kwargs: Any) -> None:
        """Make the pools, of connections that read in time."""
        super().init_poolmanager(*args, **kwargs)
        self.poolmanager.pool_classes_by_scheme = {"http": _Pool, "https": _TlsPool}

    def build_response(self, req: requests.PreparedRequest, resp: Any) -> requests.Response:
        """The answer, whose body is counted."""
        response = super().build_response(req, resp)
        response.raw = _Sized(resp)
        return response


def whole(response: requests.Response) -> tuple[bytes, dict[str, str]]:
    """Body and trailers, names in lower case, of an answer that was asked for with `stream=True`, and unpacked."""
    raw = response.raw
    body = b"".join(_counted(raw, iter(partial(raw.read, PIECE, decode_content=False), b"")))
    raw.release_conn()
    kept = getattr(getattr(raw, "_original_response", None), "trailers", None)
    return body, {name.lower(): value for name, value in kept.items()} if kept else {}


def _counted(raw: Any, pieces: Iterator[bytes]) -> Iterator[bytes]:
    size = 0
    for piece in pieces:
        size += len(piece)
        if size > LARGEST_ANSWER:
            raw.close()
            raw.release_conn()  # or its place among the connections would never be free again
            raise Unbounded(f"the answer is larger than {LARGEST_ANSWER // 1024**2} MiB")
        yield piece
