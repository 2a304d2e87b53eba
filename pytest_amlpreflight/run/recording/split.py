"""What was heard of many workspaces, in parts: to each workspace what it leads to, and what is everybody's."""

import json
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

from pytest_amlpreflight.facts.resource_id import ResourceId
from pytest_amlpreflight.run.recording.entries import Entry
from pytest_amlpreflight.run.recording.world import Heard

_RESOURCE = re.compile(
    r"/subscriptions/[^/\s\"']+/resourcegroups/[^/\s\"']+/providers/[^/\s\"']+/[^/\s\"']+/[^/\s\"'?,)\]]+"
)
_WORD = re.compile(r"[\w-]+(?:\.[\w-]+)*")


@dataclass
class _Place:
    """What was heard of one resource or host."""

    entries: list[Entry] = field(default_factory=list)
    lookups: list[dict[str, Any]] = field(default_factory=list)


class Parts:
    """An index over what was heard, by resource, host and scope."""

    def __init__(self, heard: Heard, workspaces: Iterable[ResourceId]) -> None:
        self._about = heard.about
        self._workspaces = {one.text.lower() for one in workspaces}
        self._places: dict[str, _Place] = {}
        for entry in heard.entries:
            self._place(_key(entry)).entries.append(entry)
        for lookup in heard.lookups:
            self._place(lookup["host"]).lookups.append(lookup)
        self._hosts: dict[str, list[str]] = {}
        for name in self._places:
            if name and not name.startswith("/"):
                self._hosts.setdefault(name.partition(".")[0], []).append(name)

    def of(self, workspace: ResourceId) -> Heard:
        """All that a run over this workspace alone reads, as far as it was read."""
        own = workspace.text.lower()
        others = self._workspaces - {own} - set(_RESOURCE.findall(self._document(own)))  # the hub of a project stays
        kept, waiting = dict[str, _Place](), [own]
        while waiting:
            name = waiting.pop()
            if name not in kept and name not in others and name in self._places:
                kept[name] = self._places[name]
                waiting += self._named_in(self._places[name])
        found = Heard(about=self._about)
        for scope in ("", *_scopes(kept)):
            found.entries += [_without(entry, others) for entry in self._place(scope).entries]
        for place in kept.values():
            found.entries += place.entries
            found.lookups += place.lookups
        return found

    def _place(self, name: str) -> _Place:
        return self._places.setdefault(name, _Place())

    def _document(self, own: str) -> str:
        entries = self._places[own].entries if own in self._places else []
        return next((_text(one) for one in entries if one["ask"].lower().partition("?")[0] == f"get {own}"), "")

    def _named_in(self, place: _Place) -> Iterator[str]:
        """The resources and hosts that are read of because of this one; a host is often named by its first word."""
        for text in map(_text, place.entries):
            yield from _RESOURCE.findall(text)
            for word in set(_WORD.findall(text)):
                yield from self._hosts.get(word, ())
                yield word


def _key(entry: Entry) -> str:
    """The resource of a resource group, or the host, that an entry is about; else its scope."""
    if "host" in entry:
        return str(entry["host"]).lower()
    path = str(entry.get("cluster") or entry["ask"].partition(" ")[2].partition("?")[0]).lower()
    resource = _RESOURCE.match(path)
    if resource and "/microsoft.policyinsights/" not in path:  # whose lists are no resources
        return resource[0]
    scope = re.match(r"/subscriptions/[^/]+(?:/resourcegroups/[^/]+)?", path)
    return scope[0] if scope else ""


def _scopes(kept: Iterable[str]) -> list[str]:
    """The subscriptions and groups that the resources are in."""
    found = dict[str, None]()
    for name in kept:
        parts = name.split("/")
        found |= dict.fromkeys(["/".join(parts[:3]), "/".join(parts[:5])] if len(parts) > 5 else [])
    return list(found)


def _without(entry: Entry, others: set[str]) -> Entry:
    """An answer without the rows that are about other workspaces."""
    body = entry.get("body")
    for name in ("value", "data"):
        if others and isinstance(body, dict) and isinstance(rows := body.get(name), list):
            entry = {**entry, "body": {**body, name: [row for row in rows if not _mentions(row, others)]}}
    return entry


def _mentions(row: Any, others: set[str]) -> bool:
    return not others.isdisjoint(_RESOURCE.findall(_text(row)))


def _text(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False).lower()
