"""The JSON bodies of POSTs, and what ARM says of one that is none or has another shape."""

import json
from typing import Any, TypeVar

from ..answers import Answer, arm_error

T = TypeVar("T")
_WORDS = {dict: "an object", list: "an array", str: "a string", int: "an integer"}


class Malformed(Exception):  # reads as what it is
    """The body is no JSON object, or a member of it is of another kind than it should be."""


def content(body: bytes) -> dict[str, Any]:
    """The object that a body holds; an empty body holds an empty one. Raises `Malformed`."""
    try:
        found = json.loads(body or b"{}")
    except (ValueError, RecursionError) as error:  # no JSON, no text at all, or deeper than anybody means
        raise Malformed(f"the body is no JSON: {error}") from None
    if not isinstance(found, dict):
        raise Malformed("the body is no object")
    return found


def need(found: dict[str, Any], member: str, kind: type[T]) -> T:
    """A member that must be there, of that kind. Raises `Malformed`."""
    value = found.get(member)
    if not isinstance(value, kind) or isinstance(value, bool):
        raise Malformed(f"{member} is not {_WORDS[kind]}")
    return value


def maybe(found: dict[str, Any], member: str, kind: type[T]) -> T | None:
    """A member of that kind, None where it is absent or null. Raises `Malformed`."""
    return None if found.get(member) is None else need(found, member, kind)


def refusal(problem: Malformed) -> Answer:
    """ARM's 400."""
    text = f"The request content was invalid and could not be deserialized: '{problem}'."
    return arm_error(400, "InvalidRequestContent", text)
