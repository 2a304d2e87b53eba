"""One world made into many: the same resources under other names, each workspace with an Azure of its own around it.

A member is a world by itself, so that its answers cost what those of a single one cost; it is made when it is first
asked for. Its number stands in every name and GUID of it, which is how a request finds it. What is asked of a whole
subscription, and of Resource Graph, is answered by a world that holds all of its members. One that is broken is a copy
of a world that was broken before: whatever names a failure has are renamed with it.
"""

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass, fields, replace
from functools import cache, cached_property
from typing import Any, NamedTuple

from . import ids
from .faults import Fault
from .ids import ArmPath
from .progress import Progress
from .world import Document, Documents, World, Zones, type_of

DIGITS = 5
_GUID = r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}"
_NUMBERED = re.compile(rf"(\d{{{DIGITS}}})$")
_SUBSCRIPTION = "microsoft.resources/subscriptions"
_ENDPOINTS = "microsoft.machinelearningservices/workspaces/onlineendpoints"
_FIXED_NAMES = ("microsoft.network/privatednszones", "microsoft.authorization/")
_COPIED = ("documents", "collections", "data_plane", "groups", "logs", "stale")
_ZONES = ("zones", "azure_zones")


class Piece(NamedTuple):
    """A part of a text: what stands `before` a `word` that is renamed."""

    before: str
    word: str
    is_guid: bool


@dataclass(frozen=True)
class Fleet:
    """`size` copies of a world, one workspace each, in turn over `subscriptions`. Member `i` is a copy of `broken[i]`,
    where there is one.
    """

    base: World
    size: int
    subscriptions: int = 1
    broken: tuple[World, ...] = ()

    def __post_init__(self) -> None:
        object.__setattr__(self, "_members", dict[int, World]())
        object.__setattr__(self, "_together", dict[int | None, World]())
        object.__setattr__(self, "_cut", dict[int, list[Piece]]())

    def world_of(self, host: str, arm: ArmPath | None) -> World:
        """The world that answers a request, by the number in its resource group or its host."""
        number = self.number_in((arm.resource_group if arm else None) or host)
        if number is not None:
            return self.member(number)
        if arm is None or arm.subscription is None:
            about_all = arm is not None and arm.type.lower() in (_SUBSCRIPTION, "microsoft.resourcegraph/resources")
            return self.together(None) if about_all else self.base
        return self.together(self._numbers.get(arm.subscription.rpartition("/")[2].lower()))

    def number_in(self, name: str) -> int | None:
        """The number of the member that a group's name or a host's belongs to."""
        found = _NUMBERED.search(name.partition(".")[0])
        return int(found[1]) if found and int(found[1]) < self.size else None

    def member(self, number: int) -> World:
        """The world of one workspace."""
        members: dict[int, World] = vars(self)["_members"]
        if number not in members:
            members[number] = self._copy(number)
        return members[number]

    def together(self, subscription: int | None) -> World:
        """Every member of a subscription, by its number, or of all; where members tell differently of what they
        share, one that is broken is right.
        """
        made: dict[int | None, World] = vars(self)["_together"]
        if subscription not in made:
            of = range(self.size) if subscription is None else range(subscription, self.size, self.subscriptions)
            merged = _merged(self.base, [self.member(number) for number in reversed(of)])
            broken = [self.member(number) for number in of if number < len(self.broken)]
            merged.faults = [*merged.faults, *(fault for one in broken for fault in one.faults)]
            merged.progress = [*merged.progress, *(step for one in broken for step in one.progress)]
            made[subscription] = merged
        return made[subscription]

    @cached_property
    def _numbers(self) -> dict[str, int]:
        return {self._subscription(number): number for number in range(self.subscriptions)}

    @cached_property
    def _own_subscription(self) -> str:
        return str(next(self.base.of_type(_SUBSCRIPTION))["id"]).rpartition("/")[2].lower()

    def _subscription(self, number: int) -> str:
        return _numbered_guid(self._own_subscription, 10**DIGITS - 1 - number)

    @cached_property
    def _kept(self) -> set[str]:
        """GUIDs that mean the same everywhere: the tenant, the caller, roles."""
        roles = {one["name"].lower() for one in self.base.of_type("Microsoft.Authorization/roleDefinitions")}
        caller = {str(value).lower() for value in self.base.caller.values()}
        return roles | caller | {self.base.tenant.lower(), "00000000-0000-0000-0000-000000000000"}

    def _pieces(self, world: World) -> list[Piece]:
        """A world's text, cut before and after what is renamed."""
        cut: dict[int, list[Piece]] = vars(self)["_cut"]
        if id(world) not in cut:
            text, at, pieces = _text(world), 0, list[Piece]()
            for match in filter(_stands_for_it, _names(self.base, world).finditer(text)):
                pieces.append(Piece(text[at : match.start()], match[0], bool(match["guid"])))
                at = match.end()
            cut[id(world)] = [*pieces, Piece(text[at:], "", False)]
        return cut[id(world)]

    def _copy(self, number: int) -> World:
        subscription = number % self.subscriptions

        @cache
        def renamed(word: str, is_guid: bool) -> str:  # a piece of the text
            if not is_guid:
                return f"{word}{number:0{DIGITS}d}" if word else ""
            guid = word.lower()
            if guid == self._own_subscription:
                return self._subscription(subscription)
            return word if guid in self._kept else _numbered_guid(guid, number)

        world = self.broken[number] if number < len(self.broken) else self.base
        pieces = self._pieces(world)
        text = "".join([part for before, word, is_guid in pieces for part in (before, renamed(word, is_guid))])
        copied: dict[str, Any] = json.loads(text)
        copied["faults"] = [Fault(**one) for one in copied["faults"]]
        copied["progress"] = [Progress(**one) for one in copied["progress"]]
        for name in _ZONES:
            copied[name] = copied[name] and {zone: dict(names) for zone, names in copied[name]}
        for document in copied["documents"].values():
            if type_of(document).lower() == _SUBSCRIPTION:
                document["displayName"] = f"{document.get('displayName')} {subscription + 1}"
        for held in copied["data_plane"].values():
            held.pop("script", None)  # a model of its own for each would be a process for each
        return replace(world, operations=self.base.operations, asked=self.base.asked, **copied)


def _text(world: World) -> str:
    """What is copied of a world."""
    misbehaviour = {name: [_given(one) for one in getattr(world, name)] for name in ("faults", "progress")}
    zones = {name: _pairs(getattr(world, name)) for name in _ZONES}  # their members are names, which are renamed
    return json.dumps({name: getattr(world, name) for name in _COPIED} | misbehaviour | zones, default=str)


def _pairs(zones: Zones | None) -> list[Any] | None:
    return None if zones is None else [[zone, list(names.items())] for zone, names in zones.items()]


def _given(one: Any) -> Document:
    """What a fault, or a progress, was made of."""
    return {member.name: getattr(one, member.name) for member in fields(one) if member.init}


def _names(*worlds: World) -> re.Pattern[str]:
    """What is renamed: GUIDs, and the names of groups, of what stands in them, and of endpoints."""
    documents = (one for world in worlds for one in world.documents.values())
    names = {one["id"].rpartition("/")[2].lower() for one in documents if _is_renamed(one)}
    longest_first = "|".join(re.escape(name) for name in sorted(names, key=len, reverse=True))
    return re.compile(rf"(?P<guid>{_GUID})|(?<![A-Za-z0-9-])(?:{longest_first})(?![A-Za-z0-9-]|://)", re.IGNORECASE)


def wildcards(hosts: Sequence[str]) -> list[str]:
    """For the certificate: every host beside each of these, whose first label members change."""
    return sorted({f"*.{host.partition('.')[2]}" for host in hosts if host.count(".") > 1})


def _merged(base: World, worlds: Sequence[World]) -> World:
    """All that these worlds hold; the last one wins where they have the same resource."""
    documents, groups, stale = dict[str, Document](), dict[str, list[str]](), dict[str, Document | None]()
    answers, rows = dict[str, Document](), dict[str, dict[str, Document]]()
    for world in worlds:
        documents |= world.documents
        stale |= world.stale
        groups |= world.groups
        answers |= world.collections
        for place, answer in world.collections.items():
            rows.setdefault(place, {}).update({_row_key(row): row for row in answer["value"]})
    collections = {place: {**answer, "value": list(rows[place].values())} for place, answer in answers.items()}
    return replace(
        base, documents=Documents(documents), groups=groups, collections=collections, stale=stale, unchanging={}
    )


def _row_key(row: Document) -> str:
    """What tells a row of a collection from the others: its id, which several rows of quota share, and its name."""
    return f"{row.get('id')} {row.get('type')} {row.get('name')}"


def _stands_for_it(match: re.Match[str]) -> bool:
    """Whether a name, which may be any word, means the resource here: neither a later label of a host (a workspace
    called `ml`), nor what stands right after a host (an endpoint called `score`), nor a member of the document.
    """
    if match["guid"]:
        return True
    before, after = (
        match.string[max(match.start() - 300, 0) : match.start()],
        match.string[match.end() : match.end() + 2],
    )
    _, slash, follows = before.removesuffix("/").rpartition("/")
    after_a_host = before.endswith("/") and bool(slash) and "." in follows
    return not (before.endswith(".") or after_a_host or (before.endswith('"') and after == '":'))


def _is_renamed(document: Document) -> bool:
    arm, kind = ids.parse(document["id"]), type_of(document).lower()
    if arm is None or arm.resource_group is None or kind.startswith(_FIXED_NAMES):
        return False
    if document["id"].lower().count("/providers/") > 1:  # it stands at something that is renamed
        return False
    return kind.count("/") == 1 or kind in (_ENDPOINTS, "microsoft.resources/subscriptions/resourcegroups")


def _numbered_guid(guid: str, number: int) -> str:
    return f"{guid[:-DIGITS]}{number:0{DIGITS}d}"
