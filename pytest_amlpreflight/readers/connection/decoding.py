"""From the bytes of an answer to JSON, or to a sentence that says why it is none."""

import json
import re
from typing import Any, NoReturn

import requests
from azure.core.exceptions import DecodeError
from azure.core.pipeline import PipelineRequest, PipelineResponse
from azure.core.pipeline.policies import SansIOHTTPPolicy

_CHARSET = re.compile(r"""charset\s*=\s*["']?([^"';\s]*)""", re.IGNORECASE)
_UTF_8 = frozenset({"utf-8", "utf8", "us-ascii", "ascii"})


class NotDecoded(ValueError):
    """A body that is no JSON. The message says why, without the body."""


def decoded(body: bytes, content_type: str | None) -> Any:
    """The JSON of a body; raises `NotDecoded`.

    JSON that is exchanged is UTF-8 (RFC 8259, 8.1), so that a body which is said to be anything else was changed on its
    way.
    """
    try:
        return json.loads(text_of(body, content_type), parse_constant=_no_number)
    except RecursionError:
        reason = "it nests deeper than any answer of Azure's"
    except NotDecoded:
        raise
    except ValueError as error:  # no JSON, or a number of more digits than Python takes
        reason = str(error)
    raise NotDecoded(reason)


def text_of(body: bytes, content_type: str | None) -> str:
    """The text of a body, with or without a byte order mark; raises `NotDecoded`."""
    charset = _CHARSET.search(content_type or "")
    if charset and charset[1].lower() not in _UTF_8:
        raise NotDecoded(f"its charset is {charset[1][:40]!r}, not utf-8")
    try:
        return body.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        reason = f"it is no utf-8: {error.reason} at byte {error.start}"
    raise NotDecoded(reason)


def json_of(response: requests.Response) -> Any:
    """The JSON of an answer of requests; raises `NotDecoded`."""
    return decoded(response.content, response.headers.get("Content-Type"))


class Legible(SansIOHTTPPolicy[Any, Any]):
    """Refuses a success that is no JSON before a client makes an entity of it, each with errors of its own."""

    def on_response(self, _: PipelineRequest[Any], response: PipelineResponse[Any, Any]) -> None:
        """Raise azure-core's `DecodeError` for a 200 that cannot be read."""
        answer = response.http_response
        if answer.status_code != 200:
            return
        try:
            decoded(answer.content, answer.headers.get("Content-Type"))
        except NotDecoded as error:
            reason = str(error)
        else:
            return
        raise DecodeError(reason)


def _no_number(word: str) -> NoReturn:
    raise NotDecoded(f"{word} is no JSON")
