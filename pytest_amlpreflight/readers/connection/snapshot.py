"""What Azure Resource Graph tells of many subscriptions at once, answered as if each resource had been asked itself.

Its rows lag behind, and it leaves out without a word what the caller may not read. So a row answers only for what is
present in it: what it lacks, and what has no row, is asked directly. What rests on a row is noted as `AsOf`, and
whoever would report a failure over it reads again without the snapshot.
https://learn.microsoft.com/azure/governance/resource-graph/choose-query-strategy
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import cached_property
from typing import Any, NamedTuple
from urllib.parse import parse_qs, unquote, urlsplit

from pytest_amlpreflight.data import load
from pytest_amlpreflight.engine import note
from pytest_amlpreflight.facts.as_of import AsOf
from pytest_amlpreflight.facts.resource_id import ResourceId, parse_resource_id
from pytest_amlpreflight.facts.unread import NotRead
from pytest_amlpreflight.readers.connection.arm import Arm
from pytest_amlpreflight.readers.connection.grants import Grants
from pytest_amlpreflight.readers.connection.once import Once
from pytest_amlpreflight.readers.connection.resource_graph import query
from pytest_amlpreflight.readers.connection.shared_lists import SharedLists

Row = dict[str, Any]

AT_ONCE = 25
"""Subscriptions in one question, so that a large fleet's rows come as its workspaces are reached."""

ROWS_A_PAGE = 500
"""Whole rows are kilobytes, and an answer has at most 16 MiB."""

COLUMNS = "id, name, type, location, kind, sku, tags, identity, properties"
MACHINE_LEARNING = "Microsoft.MachineLearningServices"
NETWORK_INTERFACES = "microsoft.network/networkinterfaces"


class Kind(NamedTuple):
    """A type of resource whose rows are read: see the table `resource-graph`."""

    type: str
    table: str
    members: tuple[str, ...]
    created: str | None
    where: str | None

    @property
    def provider(self) -> str:
        """Whose resources they are."""
        return self.type.partition("/")[0]

    @property
    def source(self) -> str:
        """Types of the same source are asked for together: the workspaces' own are wanted before all others."""
        return f"{self.table} {self.provider == MACHINE_LEARNING}"

    @property
    def condition(self) -> str:
        """Which rows are meant."""
        return " and ".join(filter(None, (f"type =~ '{self.type}'", self.where)))


@dataclass(slots=True)
class Rows:
    """The rows of one type, by id and by what holds the resource: as JSON, which is a tenth of its size in objects."""

    taken: datetime
    by_id: dict[str, bytes] = field(default_factory=dict)
    by_parent: dict[str, list[str]] = field(default_factory=dict)
    principals: set[str] = field(default_factory=set)
    """The identities that are named in rows."""


class Snapshot:
    """The rows of some subscriptions, read when they are first asked for; safe to use from any thread.

    `arm` asks directly. `subscriptions` are asked for once, when they are known.
    """

    def __init__(self, arm: Callable[[], Arm], subscriptions: Callable[[], Sequence[str]]) -> None:
        self._arm, self._subscriptions = arm, subscriptions
        self._once = Once(kept=None)
        self._kinds = {kind.type.lower(): kind for kind in map(_kind, load("resource-graph").rows)}
        self._lists = SharedLists(arm)
        self._grants = Grants(arm, self._principals)

    def answer(self, method: str, url: str) -> bytes | None:
        """The body with which Azure would answer, as far as the snapshot knows; None where it must be asked."""
        parts = urlsplit(url)
        path, asked = unquote(parts.path), parse_qs(parts.query)
        subscription = _subscription_of(path)
        if not subscription or subscription not in self._chunks:  # these are known before anything in them is read
            return None
        condition = "".join(asked.get("$filter", ()))
        if method != "GET":
            return self._lists.answer(path, condition, posted=True)
        if "/providers/microsoft.authorization/roleassignments" in path.lower():
            return self._grants.answer(path, condition)
        if found := self._lists.answer(path, condition):
            return found
        return None if condition else self._resource(path) or self._children(path)

    @cached_property
    def _chunks(self) -> Mapping[str, tuple[str, ...]]:
        """The subscriptions, each with those that are asked for together with it."""
        named = list(dict.fromkeys(one.lower() for one in self._subscriptions()))
        chunks = [tuple(named[at : at + AT_ONCE]) for at in range(0, len(named), AT_ONCE)]
        return {one: chunk for chunk in chunks for one in chunk}

    def _resource(self, path: str) -> bytes | None:
        found = parse_resource_id(path)
        rows = self._rows(found.kind, found.subscription) if found else None
        body = rows.by_id.get(path.lower()) if rows else None
        if found is None or rows is None or body is None or found.kind.lower() != "microsoft.network/privateendpoints":
            return _noted(body, rows)
        return _noted(self._with_addresses(json.loads(body), found), rows)

    def _children(self, path: str) -> bytes | None:
        """The members of a collection, if there are any: emptiness is asked directly."""
        parent, _, last = path.rstrip("/").rpartition("/")
        owner = parse_resource_id(parent)
        rows = self._rows(f"{owner.kind}/{last}", owner.subscription) if owner else None
        ids = rows.by_parent.get(parent.lower(), []) if rows else []
        if rows is None or not ids or any(one not in rows.by_id for one in ids):
            return None
        return _noted(b'{"value":[%s]}' % b",".join(rows.by_id[one] for one in ids), rows)

    def _with_addresses(self, endpoint: Row, found: ResourceId) -> bytes | None:
        """A private endpoint with its addresses. Where a group of DNS zones holds the names, those of its network
        interfaces tell them.
        """
        properties = endpoint["properties"]
        if not properties["customDnsConfigs"]:
            named = [str(one["id"]).lower() for one in properties.get("networkInterfaces") or ()]
            rows = self._rows(NETWORK_INTERFACES, found.subscription)
            cards = [body for one in named if rows and (body := rows.by_id.get(one))]
            properties["customDnsConfigs"] = [one for card in cards for one in _addresses(json.loads(card))]
        return json.dumps(endpoint).encode() if properties["customDnsConfigs"] else None

    def _rows(self, kind: str, subscription: str) -> Rows | None:
        """The rows of a type in a chunk of subscriptions; None where Resource Graph does not tell them."""
        known, chunk = self._kinds.get(kind.lower()), self._chunks.get(subscription.lower())
        if known is None or chunk is None:
            return None
        together = [one for one in self._kinds.values() if one.source == known.source]
        found = self._once.get(f"{known.source} {chunk[0]}", lambda: self._read(together, chunk))
        return found.get(kind.lower())

    def _read(self, kinds: Sequence[Kind], chunk: Sequence[str]) -> dict[str, Rows]:
        """The rows of types that are asked for together, by type; nothing where Resource Graph does not answer."""
        known = {kind.type.lower(): (kind, Rows(datetime.now(UTC))) for kind in kinds}
        wanted = " or ".join(f"({kind.condition})" for kind in kinds)
        text = f"{kinds[0].table} | where {wanted} | project {COLUMNS} | order by id asc"
        words = f"rows of {kinds[0].provider}"
        try:
            found = query(self._arm(), text, words, over={"subscriptions": chunk}, page=ROWS_A_PAGE)
        except NotRead:  # each resource is asked itself, and tells the reason
            return {}
        for row in found:
            if (of := known.get(row.need("type").lower())) is not None:
                _keep(of[1], of[0], dict(row.body))
        return {name: rows for name, (_, rows) in known.items()}

    def _principals(self, subscription: str) -> tuple[Sequence[str], Sequence[str]]:
        """The subscriptions that are asked together, and the identities that act for workspaces and endpoints there."""
        chunk = self._chunks[subscription.lower()]
        kinds = ("workspaces", "workspaces/onlineEndpoints")
        rows = (self._rows(f"{MACHINE_LEARNING}/{one}", subscription) for one in kinds)
        return chunk, sorted(set[str]().union(*(one.principals for one in rows if one)))


def _kind(row: Mapping[str, Any]) -> Kind:
    return Kind(row["type"], row["table"], tuple(row["members"]), row.get("created"), row.get("where"))


def _keep(rows: Rows, kind: Kind, row: Row) -> None:
    """Keep a row where it is whole and settled; of another only that it is there: what failed, or is on its way, tells
    itself why.
    """
    id_ = str(row.get("id") or "").lower()
    rows.by_parent.setdefault(id_.rsplit("/", 2)[0], []).append(id_)
    rows.principals.update(_principals_in(row.get("identity")))
    settled = _dig(row, "properties.provisioningState") in (None, "Succeeded")
    if settled and all(_dig(row, member) is not None for member in kind.members):
        if kind.created:
            row["systemData"] = {"createdAt": row["properties"][kind.created]}
        rows.by_id[id_] = json.dumps({name: value for name, value in row.items() if value is not None}).encode()


def _principals_in(identity: object) -> Iterable[str]:
    if not isinstance(identity, Mapping):
        return ()
    assigned = identity.get("userAssignedIdentities")
    members = [identity, *(assigned.values() if isinstance(assigned, Mapping) else ())]
    return {str(one["principalId"]).lower() for one in members if isinstance(one, Mapping) and one.get("principalId")}


def _dig(row: Any, path: str) -> Any:
    for part in path.split("."):
        row = row.get(part) if isinstance(row, Mapping) else None
    return row


def _addresses(card: Row) -> list[Row]:
    """What a private endpoint tells of itself as `customDnsConfigs`, from what its network interface tells.

    https://learn.microsoft.com/rest/api/virtualnetwork/network-interfaces/get
    """
    inner = [one.get("properties") or {} for one in card["properties"]["ipConfigurations"]]
    return [
        {"fqdn": name, "ipAddresses": [one["privateIPAddress"]]}
        for one in inner
        if one.get("privateIPAddress")
        for name in (one.get("privateLinkConnectionProperties") or {}).get("fqdns") or ()
    ]


def _noted(body: bytes | None, rows: Rows | None) -> bytes | None:
    if body is not None and rows is not None:
        note(AsOf(rows.taken))
    return body


def _subscription_of(path: str) -> str:
    parts = path.lower().split("/", 3)
    return parts[2] if len(parts) > 3 and parts[1] == "subscriptions" else ""
