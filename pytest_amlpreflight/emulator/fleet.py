"""One world made into many: the same resources under other names, each workspace with an Azure of its own around it.

A member is a world by itself, so that its answers cost what those of a single one cost; it is made when it is first
asked for. Its number stands in every name and GUID of it, which is how a request finds it. What is asked of a whole
subscription, and of Resource Graph, is answered by a world that holds all of its members.
"""

import json
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import cache, cached_property
from typing import Any

from . import ids
from .ids import ArmPath
from .world import Document, Documents, World, type_of

DIGITS = 5
_GUID = r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}"
_NUMBERED = re.compile(rf"(\d{{{DIGITS}}})$")
_SUBSCRIPTION = "microsoft.resources/subscriptions"
_ENDPOINTS = "microsoft.machinelearningservices/workspaces/onlineendpoints"
_FIXED_NAMES = ("microsoft.network/privatednszones", "microsoft.authorization/")
_COPIED = ("documents", "collections", "data_plane", "zones", "azure_zones", "groups", "logs", "stale")

Break = Callable[[World], None]


@dataclass(frozen=True)
class Fleet:
    """`size` copies of a world, one workspace each, in turn over `subscriptions`. `broken[i]` is done to member `i`
    before it is first asked.
    """

    base: World
    size: int
    subscriptions: int = 1
    broken: tuple[Break, ...] = ()

    def __post_init__(self) -> None:
        object.__setattr__(self, "_members", dict[int, World]())
        object.__setattr__(self, "_together", dict[int | None, World]())

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
            made = members[number] = self._copy(number)
            if number < len(self.broken):
                self.broken[number](made)
        return members[number]

    def together(self, subscription: int | None) -> World:
        """Every member of a subscription, by its number, or of all; where members tell differently of what they
        share, one that is broken is right.
        """
        made: dict[int | None, World] = vars(self)["_together"]
        if subscription not in made:
            of = range(self.size) if subscription is None else range(subscription, self.size, self.subscriptions)
            made[subscription] = _merged(self.base, [self.member(number) for number in reversed(of)])
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
    def _text(self) -> str:
        return json.dumps({name: getattr(self.base, name) for name in _COPIED}, default=str)

    @cached_property
    def _names(self) -> re.Pattern[str]:
        """What is renamed: GUIDs, and the names of groups, of what stands in them, and of endpoints."""
        names = {one["id"].rpartition("/")[2].lower() for one in self.base.documents.values() if _is_renamed(one)}
        longest_first = "|".join(re.escape(name) for name in sorted(names, key=len, reverse=True))
        return re.compile(rf"(?P<guid>{_GUID})|(?<![A-Za-z0-9-])(?:{longest_first})(?![A-Za-z0-9-]|://)", re.IGNORECASE)

    @cached_property
    def _kept(self) -> set[str]:
        """GUIDs that mean the same everywhere: the tenant, the caller, roles."""
        roles = {one["name"].lower() for one in self.base.of_type("Microsoft.Authorization/roleDefinitions")}
        caller = {str(value).lower() for value in self.base.caller.values()}
        return roles | caller | {self.base.tenant.lower(), "00000000-0000-0000-0000-000000000000"}

    @cached_property
    def _pieces(self) -> list[tuple[str, str, bool]]:
        """The text cut before and after what is renamed: what stands before it, itself, and whether it is a GUID."""
        pieces, at = list[tuple[str, str, bool]](), 0
        for match in filter(_stands_for_it, self._names.finditer(self._text)):
            pieces.append((self._text[at : match.start()], match[0], bool(match["guid"])))
            at = match.end()
        return [*pieces, (self._text[at:], "", False)]

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

        text = "".join([part for before, word, is_guid in self._pieces for part in (before, renamed(word, is_guid))])
        copied: dict[str, Any] = json.loads(text)
        for document in copied["documents"].values():
            if type_of(document).lower() == _SUBSCRIPTION:
                document["displayName"] = f"{document.get('displayName')} {subscription + 1}"
        for held in copied["data_plane"].values():
            held.pop("script", None)  # a model of its own for each would be a process for each
        return replace(self.base, **copied)


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
