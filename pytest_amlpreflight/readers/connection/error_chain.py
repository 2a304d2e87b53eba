"""What an error says at its innermost. Azure nests errors in six ways, and some services put JSON inside strings."""

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any

from pytest_amlpreflight.facts.errors.azure_error import AzureError, ErrorLink
from pytest_amlpreflight.facts.rules.redaction import redact

DEEPEST = 12
"""Levels after which a nesting is taken for a loop."""

MOST_BRACES = 500
"""Braces that open no JSON object after which a text is taken to hold none."""

_IN_QUOTES = re.compile(r'(?:[^"\\]|\\.)*', re.DOTALL)


def read_error(body: object) -> AzureError | None:
    """The error in a decoded JSON answer, with or without its `error` envelope; None where it holds none.

    Children are `innerError` (Azure Machine Learning), `innererror` (Key Vault), `details[]` (ARM), `additionalInfo[]`
    of type `InnerError` (Azure Machine Learning since 2026), and JSON inside the message (Kubernetes). The deepest
    branch counts; of several as deep, the first, and the others of `details[]` stand beside it.
    """
    levels = tuple(map(_redacted, _deepest(body, DEEPEST)))
    listed = dict.fromkeys(map(_redacted, _listed(body, DEEPEST)))
    return AzureError(levels, tuple(one for one in listed if one.code and one not in levels)) if levels else None


def errors_in(text: str) -> list[AzureError]:
    """Every error that a text holds as JSON: a raw answer, or what a command line tool printed around one."""
    found = (read_error(value) for value in json_in(text))
    return [error for error in found if error is not None and error.code]


def json_in(text: str) -> Iterator[dict[str, object]]:
    """The outermost JSON objects in a text, those with escaped quotes included."""
    decoder, at, wrong = json.JSONDecoder(strict=False), text.find("{"), 0
    while at >= 0 and wrong < MOST_BRACES:
        value, end = _decode(decoder, text, at)
        if isinstance(value, dict):
            yield value
        else:
            wrong += 1
        at = text.find("{", end)


def _decode(decoder: json.JSONDecoder, text: str, at: int) -> tuple[object, int]:
    try:
        return decoder.raw_decode(text, at)
    except (ValueError, RecursionError):
        pass
    if text.startswith('\\"', at + 1):  # a JSON string that was pasted without being decoded
        literal = _IN_QUOTES.match(text, at)
        try:
            return decoder.raw_decode(json.loads(f'"{literal[0]}"', strict=False))[0], literal.end()  # type: ignore[index, union-attr]  # it matches anything
        except (ValueError, RecursionError):
            pass
    return None, at + 1


def _deepest(body: object, left: int) -> list[ErrorLink]:
    if not isinstance(body, Mapping) or not left:
        return []
    error = body.get("error", body)
    if isinstance(error, str):
        return _deepest_in_text(error, left - 1) or [ErrorLink(None, error)]
    if not isinstance(error, Mapping):
        return []
    own = _own(error)
    branches = [_deepest(child, left - 1) for child in _children(error)]
    branches.append(_deepest_in_text(own.message, left - 1))
    best = max(branches, key=len, default=[])
    return ([own] if own.code or own.message else []) + best


def _redacted(link: ErrorLink) -> ErrorLink:
    return ErrorLink(link.code, redact(link.message))


def _listed(body: object, left: int) -> Iterator[ErrorLink]:
    """Every error in `details[]`, at any level."""
    error = body.get("error", body) if isinstance(body, Mapping) and left else None
    for detail in _details(error) if isinstance(error, Mapping) else ():
        if isinstance(detail, Mapping):
            yield _own(detail)
            yield from _listed(detail, left - 1)


def _details(error: Mapping[object, object]) -> list[object]:
    details = error.get("details") or error.get("Details")
    return details if isinstance(details, list) else []


def _own(error: Mapping[object, object]) -> ErrorLink:
    code, message = error.get("code") or error.get("Code"), error.get("message") or error.get("Message")
    told = code and str(code).strip().lower() not in ("null", "none")
    return ErrorLink(str(code) if told else None, str(message or "").strip())


def _children(error: Mapping[object, object]) -> Iterator[object]:
    yield from (error[key] for key in ("innerError", "innererror", "InnerError") if error.get(key))
    yield from _details(error)
    yield from additional_info(error, "InnerError")


def additional_info(error: Mapping[Any, object], kind: str) -> Iterator[object]:
    """What the rows of that type in `additionalInfo[]` hold; some wrap it in `value`."""
    rows = error.get("additionalInfo")
    for row in rows if isinstance(rows, list) else ():
        if isinstance(row, Mapping) and str(row.get("type")).lower() == kind.lower():
            info = row.get("info")
            yield info["value"] if isinstance(info, Mapping) and info.get("value") else info


def _deepest_in_text(text: str, left: int) -> list[ErrorLink]:
    if "{" not in text or not left:
        return []
    branches = [_deepest(value, left) for value in json_in(text)]
    return max((branch for branch in branches if any(level.code for level in branch)), key=len, default=[])
