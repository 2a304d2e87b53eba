"""The role assignments of many identities at once.

A grant that is in a row is one, whatever else there is. That no row grants anything says nothing: groups are not
expanded there. Then the subscription is asked, once, for all that reaches the identity.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, NamedTuple

from pytest_amlpreflight.engine import note
from pytest_amlpreflight.facts.as_of import AsOf
from pytest_amlpreflight.facts.scope import covers
from pytest_amlpreflight.facts.unread import NotRead
from pytest_amlpreflight.readers.connection.api_versions import ROLE_ASSIGNMENTS
from pytest_amlpreflight.readers.connection.arm import Arm
from pytest_amlpreflight.readers.connection.document import Document
from pytest_amlpreflight.readers.connection.once import Once
from pytest_amlpreflight.readers.connection.resource_graph import query

Row = Mapping[str, Any]

ASSIGNMENTS = "/providers/Microsoft.Authorization/roleAssignments"
AT_ONCE = 200
"""Identities in one question."""

Principals = Callable[[str], tuple[Sequence[str], Sequence[str]]]
"""From a subscription to those that are asked together with it, and to the identities that are asked about."""

_ASSIGNED = re.compile(r"atScope\(\) and assignedTo\('([^']+)'\)", re.IGNORECASE)


class Grants:
    """The assignments of identities in some subscriptions; `arm` asks directly."""

    def __init__(self, arm: Callable[[], Arm], principals: Principals) -> None:
        self._arm, self._principals = arm, principals
        self._once = Once(kept=None)

    def answer(self, path: str, condition: str) -> bytes | None:
        """What Azure would list at a scope for one identity; None for another list, and where it must be asked."""
        asked, scope = _ASSIGNED.fullmatch(condition), path[: -len(ASSIGNMENTS)]
        if asked is None or not path.lower().endswith(ASSIGNMENTS.lower()) or scope.count("/") < 2:
            return None
        principal, subscription = asked[1].lower(), scope.split("/")[2]
        rows = self._granted(principal, scope, subscription)
        if not rows:
            listed = self._once.get(f"{subscription} {principal}".lower(), lambda: self._read(subscription, principal))
            if listed is None:
                return None
            rows = [row for row in listed if covers(str(row["properties"]["scope"]), scope)]
        return json.dumps({"value": rows}).encode()

    def _granted(self, principal: str, scope: str, subscription: str) -> list[Row]:
        """The rows that grant something at a scope. Of a management group no row says what is beneath it."""
        chunk, _ = self._principals(subscription)
        found = self._once.get(f"rows {chunk[0]}", lambda: self._read_rows(subscription))
        rows = [row for row in found.of.get(principal, ()) if _is_above(str(row["properties"]["scope"]), scope)]
        if rows:
            note(AsOf(found.taken))
        return [_with_role_of(subscription, row) for row in rows]

    def _read_rows(self, subscription: str) -> _Found:
        chunk, principals = self._principals(subscription)
        found = _Found(datetime.now(UTC), {})
        for at in range(0, len(principals), AT_ONCE):
            named = ", ".join(f"'{one}'" for one in principals[at : at + AT_ONCE])
            text = (
                "authorizationresources | where type =~ 'microsoft.authorization/roleassignments'"
                f" and tostring(properties.principalId) in~ ({named})"
                " | project id, name, type, properties | order by id asc"
            )
            for row in self._rows(text, chunk):
                found.of.setdefault(str(row["properties"]["principalId"]).lower(), []).append(row)
        return found

    def _rows(self, text: str, chunk: Sequence[str]) -> list[Row]:
        """The rows that tell what counts: a grant of whose condition nothing is said may have one."""
        try:
            rows = query(self._arm(), text, "the role assignments", over={"subscriptions": chunk}, above=True)
        except NotRead:  # each subscription is asked itself, and tells the reason
            return []
        return [row.body for row in rows if _is_whole(row) and "condition" in row.child("properties").body]

    def _read(self, subscription: str, principal: str) -> list[Row] | None:
        """Everything that reaches an identity in a subscription, through groups as well; None where that cannot be
        had, and each scope is asked itself.
        """
        place, condition = f"/subscriptions/{subscription}{ASSIGNMENTS}", f"assignedTo('{principal}')"
        try:
            rows = self._arm().list(place, ROLE_ASSIGNMENTS, f"the role assignments of {principal}", filter=condition)
        except NotRead:
            return None
        return [row.body for row in rows if _is_whole(row)]


class _Found(NamedTuple):
    taken: datetime
    of: dict[str, list[Row]]


def _is_whole(row: Document) -> bool:
    properties = row.body.get("properties")
    needed = ("principalId", "roleDefinitionId", "scope")
    return isinstance(properties, Mapping) and all(isinstance(properties.get(one), str) for one in needed)


def _is_above(scope: str, place: str) -> bool:
    return (scope == "/" or scope.lower().startswith("/subscriptions/")) and covers(scope, place)


def _with_role_of(subscription: str, row: Row) -> Row:
    """Rows name roles at the tenant; a role is read where ARM's own answer names it."""
    role = str(row["properties"]["roleDefinitionId"]).rpartition("/")[2]
    named = f"/subscriptions/{subscription}/providers/Microsoft.Authorization/roleDefinitions/{role}"
    return {**row, "properties": {**row["properties"], "roleDefinitionId": named}}
