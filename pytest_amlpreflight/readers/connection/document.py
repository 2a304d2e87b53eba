"""A JSON object as Azure sent it, read field by field, so that an odd answer becomes a sentence and not a traceback."""

from collections.abc import Iterator, Mapping
from math import isfinite
from typing import TypeVar, cast

from pytest_amlpreflight.facts.unread import FactUnreadable

T = TypeVar("T")


class Document:
    """One JSON object and the resource it describes.

    A field that is absent, `null` or an empty string is None: Azure uses all three for "not set". A field of another
    type than expected raises `FactUnreadable` with code `UnexpectedShape`, since nothing that was not understood may
    pass.
    """

    def __init__(self, resource: str, body: object, key: str = "the answer") -> None:
        self.resource = resource
        if not isinstance(body, Mapping):
            raise self._unexpected(key, body, "an object")
        self.body = cast(Mapping[str, object], body)

    def text(self, key: str) -> str | None:
        """A string, or None where it is not set."""
        return self._typed(key, str, "a string") or None

    def need(self, key: str) -> str:
        """A string without which the document makes no sense."""
        value = self.text(key)
        if value is None:
            raise self._unexpected(key, self.body.get(key), "a string")
        return value

    def flag(self, key: str) -> bool | None:
        """A boolean, or None where it is not set."""
        return self._typed(key, bool, "a boolean")

    def number(self, key: str) -> float | None:
        """A number, or None where it is not set; Azure writes some numbers as strings."""
        value = self.body.get(key)
        if isinstance(value, str):
            try:
                number = float(value)
            except ValueError:
                raise self._unexpected(key, value, "a number") from None
            if not isfinite(number):  # `nan` and `inf` are numbers to Python alone
                raise self._unexpected(key, value, "a number")
            return number
        if isinstance(value, bool):
            raise self._unexpected(key, value, "a number")
        return self._typed(key, (int, float), "a number")

    def need_number(self, key: str) -> float:
        """A number without which the document makes no sense."""
        value = self.number(key)
        if value is None:
            raise self._unexpected(key, value, "a number")
        return value

    def child(self, key: str) -> "Document":
        """An object; an empty one where it is not set."""
        value = self.body.get(key)
        return Document(self.resource, {} if value is None else value, key)

    def need_child(self, key: str) -> "Document":
        """An object without which the document makes no sense."""
        if self.body.get(key) is None:
            raise self._unexpected(key, None, "an object")
        return self.child(key)

    def maybe(self, key: str) -> "Document | None":
        """An object, or None where it is not set: for objects whose absence means something."""
        return None if self.body.get(key) is None else self.child(key)

    def children(self, key: str) -> list["Document"]:
        """A list of objects; empty where it is not set."""
        return [Document(self.resource, item, f"an item of {key}") for item in self._typed(key, list, "a list") or []]

    def need_children(self, key: str) -> list["Document"]:
        """A list of objects without which the document makes no sense: an answer of another kind is no empty list."""
        if self.body.get(key) is None:
            raise self._unexpected(key, None, "a list")
        return self.children(key)

    def texts(self, key: str) -> tuple[str, ...]:
        """A list of strings; empty where it is not set."""
        items = self._typed(key, list, "a list") or []
        if not all(isinstance(item, str) for item in items):
            raise self._unexpected(key, items, "a list of strings")
        return tuple(items)

    def items(self, key: str) -> Iterator[tuple[str, "Document"]]:
        """The members of an object that is a map of objects; `null` members are empty objects."""
        for name, value in self.child(key).body.items():
            yield name, Document(self.resource, {} if value is None else value, name)

    def strings(self, key: str) -> dict[str, str]:
        """A map of scalars as texts; a `null` member is not set."""
        return {name: str(value) for name, value in self.child(key).body.items() if value is not None}

    def _typed(self, key: str, kind: type[T] | tuple[type[T], ...], called: str) -> T | None:
        value = self.body.get(key)
        if value is not None and not isinstance(value, kind):
            raise self._unexpected(key, value, called)
        return value

    def refusal(self, detail: str) -> FactUnreadable:
        """What to raise for a document that was not understood."""
        return FactUnreadable(self.resource, status=None, code="UnexpectedShape", detail=detail)

    def _unexpected(self, key: str, value: object, called: str) -> FactUnreadable:
        return self.refusal(f"{key} is {type(value).__name__}, not {called}")


def document_of(resource: str, entity: object) -> Document:
    """What an entity of the SDK was made of. The SDK makes none of JSON that is no object, and hands it on as it is."""
    return Document(resource, entity.as_dict() if hasattr(entity, "as_dict") else entity)
