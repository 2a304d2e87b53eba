"""Where workspaces are looked for, and which of those found are meant."""

from __future__ import annotations

from base64 import b32encode
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import Enum
from fnmatch import fnmatchcase
from hashlib import sha256

from pytest_amlpreflight.facts.resource_id import ResourceId, parse_resource_id

MANAGEMENT_GROUP = "/providers/microsoft.management/managementgroups/"
TENANT = "tenant"


class Reach(Enum):
    """What kind of place a scope is."""

    TENANT = "tenant"
    MANAGEMENT_GROUP = "management group"
    SUBSCRIPTION = "subscription"
    RESOURCE_GROUP = "resource group"


@dataclass(frozen=True, slots=True)
class Scope:
    """A place as the operator wrote it. `name` is the management group's, the subscription's id or name, or the
    resource group's; `subscription` is the resource group's.
    """

    reach: Reach
    name: str
    text: str
    subscription: str | None = None

    def __str__(self) -> str:
        return self.text


def parse_scope(text: str) -> Scope | None:
    """`tenant`, the ARM id of a management group, a subscription or a resource group, else a subscription's id or
    name; None for an ARM id of anything else.
    """
    if text.lower() == TENANT:
        return Scope(Reach.TENANT, TENANT, text)
    if text.lower().startswith(MANAGEMENT_GROUP):
        name = text[len(MANAGEMENT_GROUP) :].strip("/")
        return Scope(Reach.MANAGEMENT_GROUP, name, text) if name and "/" not in name else None
    if not text.startswith("/"):
        return Scope(Reach.SUBSCRIPTION, text, text)
    found = parse_resource_id(text)
    if found is None or "/providers/" in text.lower():
        return None
    if found.resource_group is not None:
        return Scope(Reach.RESOURCE_GROUP, found.resource_group, text, found.subscription)
    return Scope(Reach.SUBSCRIPTION, found.subscription, text)


@dataclass(frozen=True, slots=True)
class FoundWorkspace:
    """A workspace that Resource Graph knows, with its tags."""

    id: ResourceId
    tags: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Selection:
    """Which workspaces are meant. `names` and `excluded` are globs over names (over whole ids where they begin with
    `/`), `tags` are pairs of a tag's name and a glob over its value, which must all match.

    Names and ids have no case, nor have tags' names; tags' values do.
    https://learn.microsoft.com/azure/azure-resource-manager/management/tag-resources
    """

    names: tuple[str, ...] = ()
    tags: tuple[tuple[str, str], ...] = ()
    excluded: tuple[str, ...] = ()

    def takes(self, workspace: FoundWorkspace) -> bool:
        """Whether the workspace is meant."""
        named = not self.names or any(matches(workspace.id, pattern) for pattern in self.names)
        excluded = any(matches(workspace.id, pattern) for pattern in self.excluded)
        return named and not excluded and self._tagged(workspace)

    def _tagged(self, workspace: FoundWorkspace) -> bool:
        tags = {name.lower(): value for name, value in workspace.tags.items()}
        return all(name.lower() in tags and fnmatchcase(tags[name.lower()], value) for name, value in self.tags)


def matches(workspace: ResourceId, pattern: str) -> bool:
    """Whether a glob means the workspace."""
    text = workspace.text if pattern.startswith("/") else workspace.name
    return fnmatchcase(text.lower(), pattern.lower())


@dataclass(frozen=True, slots=True)
class Shard:
    """Part `number` of `of` of a fleet."""

    number: int
    of: int

    def holds(self, workspace: ResourceId) -> bool:
        """Whether the workspace is in this part: its id alone decides, so that it stays there whatever else comes."""
        return int.from_bytes(_digest(workspace)[-8:], "big") % self.of == self.number - 1

    def __str__(self) -> str:
        return f"{self.number}/{self.of}"


def fleet_alias(workspace: ResourceId) -> str:
    """What a workspace is called among many: its name and six characters that follow from its ARM id.

    Nothing but its own id goes into it: a namesake that appears, disappears, or is left out by a filter changes
    nothing. A point separates them, which no workspace's name has and `-k` takes.
    """
    return f"{workspace.name}.{b32encode(_digest(workspace))[:6].decode().lower()}"


def named_aliases(workspaces: Iterable[ResourceId]) -> dict[ResourceId, str]:
    """What workspaces are called that were named one by one: by their names; a further one of the same name as in a
    fleet, so that what was named before it keeps its id.
    """
    taken, aliases = set[str](), dict[ResourceId, str]()
    for workspace in workspaces:
        if workspace not in aliases:
            aliases[workspace] = fleet_alias(workspace) if workspace.name.lower() in taken else workspace.name
            taken.add(workspace.name.lower())
    return aliases


def _digest(workspace: ResourceId) -> bytes:
    return sha256(workspace.text.lower().encode()).digest()
