"""A JSON object as Azure sent it, read field by field, so that an odd answer becomes a sentence and not a traceback."""

import re
from collections.abc import Callable, Iterator, Mapping
from datetime import date
from typing import TypeVar, cast

from pytest_amlpreflight.facts.address import is_host_name, is_ip_address, parse_address
from pytest_amlpreflight.facts.resource_id import ResourceId, parse_resource_id
from pytest_amlpreflight.facts.unread import FactUnreadable

T = TypeVar("T")

LARGEST = 2**63

STATES = ("Succeeded", "Failed", "Canceled", "Creating", "Updating", "Scaling", "Deleting", "SoftDeleted", "Unknown")

_WORDS = re.compile(r"[A-Za-z][A-Za-z0-9_-]{0,63}(?:, ?[A-Za-z][A-Za-z0-9_-]{0,63}){0,9}")
_GUID = re.compile(r"[0-9A-Fa-f]{8}(?:-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}")
_PATH = re.compile(r"/(?:[^\s/?#\x00-\x1f]+(?:/[^\s/?#\x00-\x1f]+)*)?")
_REGION = re.compile(r"[A-Za-z][A-Za-z0-9 ()]{0,63}")
_ACTION = re.compile(r"\*|[A-Za-z0-9._*-]+(?:/[A-Za-z0-9._*-]+)+")


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
        return self._needed(key, self.text(key), "a string")

    def word(self, key: str) -> str | None:
        """A word of Azure's own, or several with commas between them; None where it is not set.

        Azure adds to its words over the years, so that one that nobody knows is a word all the same.
        """
        return self._like(key, _WORDS.fullmatch, "a word")

    def state(self, key: str) -> str | None:
        """How far an operation is, in Azure's spelling: providers need not keep to it
        (https://github.com/cloud-and-ai-microsoft/resource-provider-contract, "case-insensitive").
        """
        word = self.word(key)
        return next((one for one in STATES if word and one.lower() == word.lower()), word)

    def need_state(self, key: str) -> str:
        """A state without which the document makes no sense."""
        return self._needed(key, self.state(key), "a word")

    def need_word(self, key: str) -> str:
        """A word without which the document makes no sense."""
        return self._needed(key, self.word(key), "a word")

    def guid(self, key: str) -> str | None:
        """The id of a principal, a tenant or an application, or None where it is not set."""
        return self._like(key, _GUID.fullmatch, "a GUID")

    def need_guid(self, key: str) -> str:
        """Such an id, without which the document makes no sense."""
        return self._needed(key, self.guid(key), "a GUID")

    def region(self, key: str) -> str | None:
        """A region's name, in either of Azure's spellings (`eastus2`, `East US 2`); None where it is not set."""
        return self._like(key, _REGION.fullmatch, "a region")

    def need_region(self, key: str) -> str:
        """A region, `eastus2`, without which the document makes no sense."""
        return self._needed(key, self.region(key), "a region").replace(" ", "").lower()

    def path(self, key: str) -> str | None:
        """A path in Azure Resource Manager, of a resource or of what has no subscription; None where it is not set."""
        return self._like(key, _PATH.fullmatch, "a path")

    def need_path(self, key: str) -> str:
        """A path without which the document makes no sense."""
        return self._needed(key, self.path(key), "a path")

    def id(self, key: str) -> ResourceId | None:
        """The id of a resource, or None where it is not set."""
        path = self.path(key)
        return None if path is None else self._needed(key, parse_resource_id(path), "the id of a resource")

    def need_id(self, key: str) -> ResourceId:
        """An id without which the document makes no sense."""
        return self._needed(key, self.id(key), "the id of a resource")

    def address(self, key: str) -> str | None:
        """An http or https address that a request can go to, or None where it is not set."""
        return self._like(key, parse_address, "an address")

    def need_host(self, key: str) -> str:
        """The name of a host, without which the document makes no sense."""
        return self._needed(key, self._like(key, is_host_name, "the name of a host"), "the name of a host")

    def moment(self, key: str) -> str | None:
        """A point in time, as Azure writes it: its date first. None where it is not set."""
        text = self.text(key)
        try:
            date.fromisoformat((text or "2000-01-01")[:10])
        except ValueError:
            raise self._unexpected(key, text, "a date") from None
        return text

    def need_ip(self, key: str) -> str:
        """An IP address without which the document makes no sense."""
        return self._needed(key, self._like(key, is_ip_address, "an IP address"), "an IP address")

    def ips(self, key: str) -> tuple[str, ...]:
        """A list of IP addresses; empty where it is not set."""
        return self._each_like(key, is_ip_address, "a list of IP addresses")

    def actions(self, key: str) -> tuple[str, ...]:
        """A list of permissions, `*` and patterns among them; empty where it is not set."""
        return self._each_like(key, _ACTION.fullmatch, "a list of permissions")

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
            return self._bounded(key, number)
        if isinstance(value, bool):
            raise self._unexpected(key, value, "a number")
        found = self._typed(key, (int, float), "a number")
        return None if found is None else self._bounded(key, found)

    def _bounded(self, key: str, number: float) -> float:
        """`nan` and `inf` are numbers to Python alone; Azure's integers have 64 bits."""
        if not abs(number) < LARGEST:
            raise self._unexpected(key, self.body[key], "a number")
        return number

    def need_number(self, key: str) -> float:
        """A number without which the document makes no sense."""
        return self._needed(key, self.number(key), "a number")

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
        members = self.child(key)
        for name, value in members.body.items():
            if isinstance(value, (list, Mapping)):
                raise members._unexpected(name, value, "a text")
        return {name: str(value) for name, value in members.body.items() if value is not None}

    def _like(self, key: str, fits: Callable[[str], object], called: str) -> str | None:
        text = self.text(key)
        if text is not None and not fits(text):
            raise self.refusal(f"{key} is {text[:100]!r}, not {called}")
        return text

    def _each_like(self, key: str, fits: Callable[[str], object], called: str) -> tuple[str, ...]:
        found = self.texts(key)
        if not all(map(fits, found)):
            raise self._unexpected(key, found, called)
        return found

    def _needed(self, key: str, value: T | None, called: str) -> T:
        if value is None:
            raise self._unexpected(key, self.body.get(key), called)
        return value

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
